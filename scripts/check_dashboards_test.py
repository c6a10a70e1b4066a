"""Tests of the dashboard checker, and of what Grafana asks of the dashboard files. Run: python3 scripts/check_dashboards_test.py"""

import json
import pathlib
import unittest

import check_dashboards

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "grafana" / "dashboards"
SOURCES = {"prometheus": "prometheus", "tempo": "tempo", "elasticsearch": "elasticsearch"}


class Substitution(unittest.TestCase):
    def test_intervals_and_variables_become_what_grafana_sends(self):
        filled = check_dashboards.substitute(
            'sum(rate(x_total{node=~"$node",store=~"${store}"}[$__rate_interval])) + increase(y[$__range])',
            {"node": ["node-1", "node-2"], "store": ["a.b"]},
            180,
        )
        self.assertEqual(
            filled, 'sum(rate(x_total{node=~"(node\\\\-1|node\\\\-2)",store=~"(a\\\\.b)"}[30s])) + increase(y[180s])'
        )

    def test_a_longer_name_is_another_variable(self):
        self.assertEqual(check_dashboards.substitute('{node="$nodes"}', {"node": ["a"]}, 1), '{node="$nodes"}')


class MetricNames(unittest.TestCase):
    def test_names_are_found_and_labels_functions_and_strings_are_not(self):
        names = check_dashboards.metric_names(
            'sum by (process_id) (rate(hypercache_x_total{a="hypercache_no"}[1m])) / up{job="up"} or node:hypercache_y:ratio > 0'
        )
        self.assertLessEqual({"hypercache_x_total", "up", "node:hypercache_y:ratio"}, names)
        self.assertNotIn("hypercache_no", names)


class Queries(unittest.TestCase):
    def test_panels_in_collapsed_rows_count_and_hidden_and_foreign_queries_do_not(self):
        prometheus, tempo = {"type": "prometheus", "uid": "p"}, {"type": "tempo", "uid": "t"}
        board = {
            "panels": [
                {"type": "row", "panels": [{"title": "in", "datasource": prometheus, "targets": [{"refId": "A", "expr": "a"}]}]},
                {"title": "out", "targets": [{"refId": "A", "expr": "b", "datasource": prometheus, "hide": True}]},
                {"title": "traces", "datasource": tempo, "targets": [{"refId": "A", "query": "{}"}]},
            ]
        }
        self.assertEqual(list(check_dashboards.queries_of(board)), [("in", "A", "a")])


class DashboardFiles(unittest.TestCase):
    def boards(self):
        files = sorted(FOLDER.glob("*.json"))
        self.assertTrue(files)
        for path in files:
            with self.subTest(path.name):
                yield json.loads(path.read_text(encoding="utf-8"))

    def test_they_are_classic_with_a_fixed_uid_and_provisioned_data_sources(self):
        for board in self.boards():
            self.assertRegex(board["uid"], r"^hc-[a-z]+$")
            self.assertIn(board["schemaVersion"], range(39, 42))
            for panel in check_dashboards.panels_of(board["panels"]):
                for source in [panel["datasource"]] + [target["datasource"] for target in panel.get("targets", [])]:
                    self.assertEqual(SOURCES.get(source["type"]), source["uid"], panel["title"])

    def test_panel_ids_are_unique_and_panels_do_not_overlap(self):
        for board in self.boards():
            ids, cells = [], set()
            for panel in board["panels"]:
                ids.append(panel["id"])
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
                for x in range(place["x"], place["x"] + place["w"]):
                    for y in range(place["y"], place["y"] + place["h"]):
                        self.assertNotIn((x, y), cells, panel["title"])
                        cells.add((x, y))
            self.assertEqual(len(ids), len(set(ids)))


if __name__ == "__main__":
    unittest.main()
