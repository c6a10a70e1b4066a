#!/usr/bin/env python3
"""Asks a real Prometheus every query of the Grafana dashboards and every rule, and lists the panels without data.

Needs nothing but Python's standard library. Exits with 1 if a query fails or a panel would be empty.
"""

import argparse
import json
import math
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

METRIC_NAME = re.compile(r"(?<![\w:\"])((?:hypercache|http_server|process|loadgen|traces|node:hypercache)_[\w:]*|up)(?![\w:(\"])")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
# Counters of things that go wrong: that nothing did is no reason to fail.
FAULT_METRIC = re.compile(r"_(errors|slow_commands|refused|dropped|rejected|evicted)_|_refused_total$|_slow_commands_total$")
LABEL_VALUES = re.compile(r"^label_values\((?:(?P<selector>.+),\s*)?(?P<label>\w+)\)$", re.S)


class Prometheus:
    """The few calls of Prometheus's HTTP API that the checks need."""

    def __init__(self, url, window_seconds):
        self.url = url.rstrip("/")
        self.window_seconds = window_seconds

    def _call(self, path, **parameters):
        query = urllib.parse.urlencode(parameters, doseq=True)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            try:
                reason = json.load(error).get("error", error.reason)
            except ValueError:
                reason = error.reason
            raise QueryError(reason) from error
        except (urllib.error.URLError, TimeoutError) as error:
            raise Unreachable(f"{self.url} does not answer: {error}") from error

    def has_data(self, expression):
        """Whether the expression has at least one number in the window that ends now."""
        now = time.time()
        series = self._call("query_range", query=expression, start=now - self.window_seconds, end=now, step=5)["result"]
        return any(not math.isnan(float(value)) for one in series for _, value in one["values"])

    def label_values(self, selector, label):
        now = time.time()
        parameters = {"start": now - self.window_seconds, "end": now}
        if selector:
            parameters["match[]"] = selector
        return self._call(f"label/{label}/values", **parameters)

    def rule_groups(self):
        return self._call("rules")["groups"]


class QueryError(Exception):
    """Prometheus refused the query."""


class Unreachable(Exception):
    """There is no Prometheus at the address."""


def panels_of(panels):
    """All panels, those inside collapsed rows too."""
    for panel in panels:
        yield from panels_of(panel.get("panels", []))
        if panel.get("type") != "row":
            yield panel


def queries_of(dashboard):
    """(panel title, query letter, expression) of every visible Prometheus query."""
    for panel in panels_of(dashboard.get("panels", [])):
        for target in panel.get("targets", []):
            source = target.get("datasource") or panel.get("datasource") or {}
            if source.get("type") == "prometheus" and not target.get("hide"):
                yield panel.get("title", f"panel {panel.get('id')}"), target.get("refId", "?"), target["expr"]


def substitute(expression, variables, window_seconds):
    """The expression as Grafana would send it: built-in intervals and the dashboard's variables filled in."""
    seconds = {"__rate_interval": 30, "__interval": 5, "__range": window_seconds}
    for name, value in seconds.items():
        expression = re.sub(rf"\$(?:{name}\b|{{{name}}})", f"{value}s", expression)
    expression = re.sub(r"\$(?:__range_s\b|{__range_s})", str(window_seconds), expression)
    for name, values in variables.items():
        alternatives = "(" + "|".join(re.escape(value).replace("\\", "\\\\") for value in values) + ")"
        expression = re.sub(rf"\$(?:{name}\b|{{{name}(?::\w+)?}})", lambda _, text=alternatives: text, expression)
    return expression


def metric_names(expression):
    """The metric names of ours in an expression."""
    return set(METRIC_NAME.findall(QUOTED.sub('""', expression)))


class Check:
    """Collects what was asked and what was wrong with it."""

    def __init__(self, prometheus, verbose):
        self.prometheus = prometheus
        self.verbose = verbose
        self.passed = 0
        self.failures = []
        self.quiet = set()
        self.known = set(prometheus.label_values(None, "__name__"))

    def _record(self, what, problem):
        if problem:
            self.failures.append(f"{what}: {problem}")
        else:
            self.passed += 1
            if self.verbose:
                print(f"ok    {what}")

    def _unknown_metrics(self, expression):
        missing = metric_names(expression) - self.known
        self.quiet |= {name for name in missing if FAULT_METRIC.search(name)}
        return sorted(name for name in missing if not FAULT_METRIC.search(name))

    def _problem(self, expression, needs_data):
        missing = self._unknown_metrics(expression)
        if missing:
            return f"no such metric: {', '.join(missing)}"
        try:
            if not self.prometheus.has_data(expression) and needs_data:
                return f"no data: {expression}"
        except QueryError as error:
            return f"{error}: {expression}"
        return None

    def variables(self, where, dashboard):
        """The values of the dashboard's variables; a variable without values is a failure."""
        values = {}
        for variable in dashboard.get("templating", {}).get("list", []):
            if variable.get("type") != "query" or (variable.get("datasource") or {}).get("type") != "prometheus":
                continue
            query = variable["query"]["query"] if isinstance(variable["query"], dict) else variable["query"]
            call = LABEL_VALUES.match(substitute(query, values, self.prometheus.window_seconds).strip())
            if not call:
                self._record(f"{where} / ${variable['name']}", f"not a label_values query: {query}")
                continue
            found = self.prometheus.label_values(call["selector"], call["label"])
            values[variable["name"]] = found or ["none"]
            self._record(f"{where} / ${variable['name']}", None if found else f"no values: {query}")
        return values

    def dashboard(self, path):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        where = dashboard.get("title", path.name)
        values = self.variables(where, dashboard)
        for title, letter, raw in queries_of(dashboard):
            expression = substitute(raw, values, self.prometheus.window_seconds)
            self._record(f"{where} / {title} ({letter})", self._problem(expression, needs_data=True))
        for annotation in dashboard.get("annotations", {}).get("list", []):
            if (annotation.get("datasource") or {}).get("type") == "prometheus":
                expression = substitute(annotation["expr"], values, self.prometheus.window_seconds)
                self._record(f"{where} / annotation {annotation['name']}", self._problem(expression, needs_data=False))

    def rules(self):
        """Every loaded rule evaluates, and the metrics it reads exist. A silent alert has no data, and should not."""
        groups = self.prometheus.rule_groups()
        if not groups:
            self._record("rules", "none are loaded")
        # What a rule records can be without data, and is a name that other rules may use all the same.
        self.known |= {rule["name"] for group in groups for rule in group["rules"] if rule["type"] == "recording"}
        for group in groups:
            for rule in group["rules"]:
                problem = None if rule["health"] == "ok" else f"health {rule['health']} {rule.get('lastError', '')}".rstrip()
                self._record(f"rule {rule['name']}", problem or self._problem(rule["query"], needs_data=False))


def run(prometheus, folder, with_rules, verbose):
    check = Check(prometheus, verbose)
    for path in sorted(folder.glob("*.json")):
        check.dashboard(path)
    if with_rules:
        check.rules()
    return check


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("prometheus", metavar="PROMETHEUS_URL", help="for example http://localhost:9090")
    default = pathlib.Path(__file__).resolve().parent.parent / "grafana" / "dashboards"
    parser.add_argument("--dashboards", type=pathlib.Path, default=default, help="folder of dashboard files (default: %(default)s)")
    parser.add_argument("--window", type=int, default=180, metavar="SECONDS", help="how far back data counts (default: %(default)s)")
    parser.add_argument("--wait", type=int, default=0, metavar="SECONDS", help="try again until everything has data, at most so long")
    parser.add_argument("--no-rules", action="store_true", help="leave the recording and alert rules out")
    parser.add_argument("--verbose", action="store_true", help="list what passed, too")
    return parser.parse_args()


def main():
    options = arguments()
    if not any(options.dashboards.glob("*.json")):
        sys.exit(f"check_dashboards: no dashboards in {options.dashboards}")
    deadline = time.monotonic() + options.wait
    prometheus = Prometheus(options.prometheus, options.window)
    try:
        while True:
            check = run(prometheus, options.dashboards, not options.no_rules, options.verbose and options.wait == 0)
            if not check.failures or time.monotonic() >= deadline:
                break
            time.sleep(5)
    except (Unreachable, QueryError) as error:
        sys.exit(f"check_dashboards: {error}")
    for failure in check.failures:
        print(f"FAIL  {failure}")
    if check.quiet:
        print(f"not counted yet, because nothing went wrong: {', '.join(sorted(check.quiet))}")
    print(f"{check.passed} passed, {len(check.failures)} failed")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
