#!/usr/bin/env python3
"""Reads what the test suite of the Redis project wrote, and holds docs/compatibility.md to it.

Needs nothing but Python's standard library. `compare` exits with 1 where the page and the run differ.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PASSED = re.compile(r"^\[ok\]: (?P<name>.*) \(\d+ ms\)$")
FAILED = re.compile(r"^\[err\]: (?P<name>.*) in tests/[\w/-]+\.tcl$")
# What went wrong outside of a test has no name; the suite then leaves the rest of its block out.
ASTRAY = re.compile(r"^\[(?:err|exception)\]: (?P<words>.*)$")
SKIPPED = re.compile(r"^\[(?:skip|ignore)\]: (?P<name>.*)$")
HANGING = re.compile(r"^\S+ => \(IN PROGRESS\) (?P<name>.*)$")
START = re.compile(r"^\[[\w/]+\]: |^\*\*\* |^={3,} |^Testing |^\S+ => |^ +The End$")
DETAIL_LINES = 12

BETWEEN = "(between tests)"
WHOLE = "(whole file)"
FAILS, LEFT_OUT = "fails", "left out"
OUTCOMES = {FAILS, LEFT_OUT}

COUNTS_BEGIN = "<!-- counts of Redis {}: written by scripts/redis-suite.sh -->"
COUNTS_END = "<!-- end of counts -->"
EXPECTATION = re.compile(
    r"^\| `(?P<file>unit/[\w/-]+)` \| (?P<name>.+?) \| (?P<redis>all|\d+\.\d+) \| (?P<outcome>[a-z ]+) \| (?P<why>.+) \|$"
)


def parse_log(text):
    """Names that passed, failed (with the first lines of why) and were skipped, in the order of the log."""
    passed, failed, skipped, hanging, detail = [], {}, [], [], None
    for line in COLOUR.sub("", text).splitlines():
        if START.match(line):
            detail = None
        if match := PASSED.match(line):
            passed.append(match["name"])
        elif match := FAILED.match(line):
            detail = failed.setdefault(match["name"], [])
        elif match := ASTRAY.match(line):
            detail = failed.setdefault(BETWEEN, [])
            detail.append(match["words"])
        elif match := SKIPPED.match(line):
            skipped.append(match["name"])
        elif match := HANGING.match(line):
            hanging.append(match["name"])
        elif detail is not None and len(detail) < DETAIL_LINES:
            detail.append(line)
    for name in hanging:
        failed.setdefault(name, []).append("did not end in time")
    return passed, {name: "\n".join(lines) for name, lines in failed.items()}, skipped


def collect(text, file, exit_code, node):
    """What one file gave. Several tests of one name are one test, which fails where one of them does."""
    passed, failed, skipped = parse_log(text)
    if exit_code >= 124:
        failed[WHOLE] = "did not end in time"
    elif node != "running":
        failed[WHOLE] = "the node is gone"
    elif not passed and not failed and not skipped:
        failed[WHOLE] = f"no test ran: {text.strip()[-500:]}"
    passed = list(dict.fromkeys(name for name in passed if name not in failed))
    return {"file": file, "passed": passed, "failed": failed, "skipped": skipped}


SETTING = "        r config set $param $val\n\n"
SETTING_OR_SKIP = """        if {[catch {r config set $param $val} refusal]} {
            send_data_packet $::test_server_fd ignore "a block of tests: $refusal"
            dict unset saved_config $param
            dict for {param val} $saved_config {r config set $param $val}
            [dict get [lindex $::servers end] "client"] close
            set ::servers [lrange $::servers 0 end-1]
            return
        }

"""


def patched(source):
    """The suite's support for servers that run already, so that it skips a block whose settings the server refuses."""
    if source.count(SETTING) != 1:
        raise SystemExit("error: the suite does not set a block's parameters where it is expected to")
    return source.replace(SETTING, SETTING_OR_SKIP)


def series(version):
    return ".".join(version.split(".")[:2])


def cell(text):
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")


def expectations(page, version):
    """What the page says about this version: (file, test) to (outcome, why)."""
    found = {}
    for line in page.splitlines():
        match = EXPECTATION.match(line)
        if line.startswith("| `unit/") and not match and line.count(" | ") > 3:
            raise SystemExit(f"error: cannot read this line of the page: {line}")
        if not match or match["redis"] not in ("all", series(version)):
            continue
        if match["outcome"] not in OUTCOMES:
            raise SystemExit(f"error: {match['outcome']!r} is no outcome: {line}")
        key = match["file"], match["name"]
        if key in found:
            raise SystemExit(f"error: the page names this test twice: {key[0]}: {key[1]}")
        found[key] = match["outcome"], match["why"]
    return found


def differences(report, page):
    """Sentences on what the page and the run do not agree on."""
    expected = expectations(page, report["version"])
    for result in report["files"]:
        file = result["file"]
        failed = {cell(name): words for name, words in result["failed"].items()}
        passed = {cell(name) for name in result["passed"]}
        for name, words in failed.items():
            if expected.get((file, name), ("",))[0] != FAILS:
                yield f"{file}: {name}: fails, and the page does not say so\n{indented(words)}"
        for (of, name), (outcome, _) in expected.items():
            if of != file:
                continue
            if name in passed:
                yield f"{file}: {name}: passes, and the page says: {outcome}"
            elif outcome == FAILS and name not in failed:
                yield f"{file}: {name}: did not run, and the page says that it fails"
            elif outcome == LEFT_OUT and name not in {cell(skipped) for skipped in result["skipped"]}:
                yield f"{file}: {name}: there is no such test to leave out"


def indented(words):
    return "\n".join(f"    {line}" for line in words.splitlines())


def left_out(page, version, file):
    """Names of the file's tests that are not to be run."""
    chosen = expectations(page, version).items()
    return [name.replace("\\|", "|") for (of, name), (outcome, _) in chosen if of == file and outcome == LEFT_OUT]


def totals(result):
    return len(result["passed"]), len(result["failed"]), len(result["skipped"])


def counts_table(report):
    rows = ["| File | Passed | Failed | Skipped |", "| --- | ---: | ---: | ---: |"]
    rows += ["| `{}` | {} | {} | {} |".format(result["file"], *totals(result)) for result in report["files"]]
    sums = [sum(column) for column in zip(*map(totals, report["files"]))]
    return "\n".join(rows + ["| all | {} | {} | {} |".format(*sums)])


def with_counts(page, report):
    """The page with the counts of this run in place of those it had for the version."""
    begin = COUNTS_BEGIN.format(series(report["version"]))
    before, found, rest = page.partition(begin)
    _, end, after = rest.partition(COUNTS_END)
    if not found or not end:
        raise SystemExit(f"error: the page has no place for counts: {begin}")
    return f"{before}{begin}\n\n{counts_table(report)}\n\n{end}{after}"


def merge(paths, version):
    results = [json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in paths]
    return {"version": version, "files": sorted(results, key=lambda result: result["file"])}


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    named = collections.defaultdict(dict)
    named["exit-code"]["type"] = int
    for command, options in {
        "left-out": ["page", "version", "file"],
        "collect": ["log", "file", "exit-code", "node"],
        "patch": [],
        "line": [],
        "merge": ["version"],
        "compare": ["report", "page"],
        "update": ["report", "page"],
    }.items():
        one = commands.add_parser(command)
        for option in options:
            one.add_argument(f"--{option}", required=True, **named[option])
        if command in ("patch", "line", "merge"):
            one.add_argument("paths", nargs="+")
    return parser.parse_args()


def main():
    told = arguments()
    if told.command == "left-out":
        print("\n".join(left_out(read(told.page), told.version, told.file)))
    elif told.command == "collect":
        print(json.dumps(collect(read(told.log), told.file, told.exit_code, told.node), indent=1))
    elif told.command == "patch":
        for path in told.paths:
            pathlib.Path(path).write_text(patched(read(path)), encoding="utf-8")
    elif told.command == "line":
        for path in told.paths:
            result = json.loads(read(path))
            print("{}: {} passed, {} failed, {} skipped".format(result["file"], *totals(result)), flush=True)
    elif told.command == "merge":
        print(json.dumps(merge(told.paths, told.version), indent=1))
    elif told.command == "update":
        page = with_counts(read(told.page), json.loads(read(told.report)))
        pathlib.Path(told.page).write_text(page, encoding="utf-8")
    else:
        found = list(differences(json.loads(read(told.report)), read(told.page)))
        print("\n".join(found + [f"{len(found)} differences from {pathlib.Path(told.page).name}"]))
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
