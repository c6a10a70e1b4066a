"""Tests of what reads the suite's output and holds the page to it. Run: python3 scripts/redis_suite_report_test.py"""

import pathlib
import unittest

import redis_suite_report as suite

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "compatibility.md"

LOG = """Starting test server at port 21079
[ready]: 4711
Testing unit/x
[\x1b[0;32;49mok\x1b[0m]: a test (with words) (12 ms)
[ok]: the same (1 ms)
[err]: the same in tests/unit/type/x.tcl
Expected '1' to be equal to '2'
[ignore]: left aside: Not supported on external server
[ignore]: Tag: needs:repl denied
[skip]: not wanted
[err]: known option
ERR Unknown option
    while executing
[1/1 done]: unit/x (3 seconds)

                   The End

!!! WARNING The following tests failed:

*** [err]: the same in tests/unit/type/x.tcl
Expected '1' to be equal to '2'
"""

ROW = "| `unit/x` | {} | {} | {} | reasons |"


def page(*rows):
    return "\n".join(["# Page", "", "| File | Test | Redis | Outcome | Why |", "| --- | --- | --- | --- | --- |", *rows, ""])


def report(passed=(), failed=(), skipped=(), version="7.2.6"):
    result = {"file": "unit/x", "passed": list(passed), "failed": {name: "why" for name in failed}, "skipped": list(skipped)}
    return {"version": version, "files": [result]}


class Log(unittest.TestCase):
    def test_what_passed_failed_and_was_skipped_is_told_apart(self):
        result = suite.collect(LOG, "unit/x", 1, "running")
        self.assertEqual(result["passed"], ["a test (with words)"])
        self.assertEqual(result["failed"]["the same"], "Expected '1' to be equal to '2'")
        self.assertTrue(result["failed"][suite.BETWEEN].startswith("known option\nERR Unknown option"))
        self.assertEqual(len(result["failed"]), 2)
        self.assertEqual(len(result["skipped"]), 3)

    def test_a_file_that_hangs_a_node_that_dies_and_a_suite_that_does_not_run_are_failures(self):
        self.assertIn(suite.WHOLE, suite.collect(LOG, "unit/x", 124, "running")["failed"])
        self.assertIn(suite.WHOLE, suite.collect(LOG, "unit/x", 1, "gone")["failed"])
        self.assertIn(suite.WHOLE, suite.collect("no such file", "unit/x", 1, "running")["failed"])

    def test_the_test_under_way_is_named_where_time_runs_out(self):
        log = "[TIMEOUT]: clients state report follows.\nsock55 => (IN PROGRESS) waits for ever\n"
        self.assertEqual(suite.collect(log, "unit/x", 1, "running")["failed"], {"waits for ever": "did not end in time"})


class Comparison(unittest.TestCase):
    def differences(self, text, **ran):
        return list(suite.differences(report(**ran), text))

    def test_a_page_that_names_what_fails_agrees(self):
        text = page(ROW.format("bad", "all", "fails"), ROW.format("hangs", "7.2", "left out"))
        self.assertEqual(self.differences(text, passed=["good"], failed=["bad"], skipped=["hangs"]), [])

    def test_an_unnamed_failure_is_a_difference(self):
        self.assertIn("the page does not say so", self.differences(page(), failed=["bad"])[0])

    def test_a_named_test_that_passes_does_not_run_or_is_not_there_is_a_difference(self):
        text = page(ROW.format("bad", "all", "fails"))
        self.assertIn("passes", self.differences(text, passed=["bad"])[0])
        self.assertIn("did not run", self.differences(text)[0])
        self.assertIn("no such test", self.differences(page(ROW.format("bad", "all", "left out")))[0])

    def test_rows_of_another_version_and_of_files_that_did_not_run_say_nothing(self):
        text = page(ROW.format("bad", "7.0", "fails"), "| `unit/y` | other | all | fails | reasons |")
        self.assertEqual(self.differences(text, passed=["bad"]), [])
        self.assertEqual(len(self.differences(text, passed=["bad"], version="7.0.15")), 1)

    def test_names_with_bars_and_spaces_are_found_again(self):
        text = page(ROW.format("a \\| b c", "all", "left out"))
        self.assertEqual(suite.left_out(text, "7.2.6", "unit/x"), ["a | b c"])
        self.assertEqual(self.differences(page(ROW.format("a \\| b c", "all", "fails")), failed=["a |  b c"]), [])

    def test_a_page_that_cannot_be_read_is_no_page_without_rows(self):
        for row in [ROW.format("bad", "all", "fail"), ROW.format("bad", "now", "fails")]:
            with self.assertRaises(SystemExit):
                suite.expectations(page(row), "7.2.6")
        with self.assertRaises(SystemExit):
            suite.expectations(page(*[ROW.format("bad", "all", "fails")] * 2), "7.2.6")


class Page(unittest.TestCase):
    def test_the_page_has_reasons_and_a_place_for_counts(self):
        text = PAGE.read_text(encoding="utf-8")
        self.assertTrue(suite.expectations(text, "7.2.6"))
        written = suite.with_counts(text, report(passed=["a", "b"], failed=["c"]))
        self.assertIn("| `unit/x` | 2 | 1 | 0 |", written)
        self.assertIn("| all | 2 | 1 | 0 |", written)
        self.assertEqual(suite.with_counts(written, report(passed=["a", "b"], failed=["c"])), written)


class Patch(unittest.TestCase):
    def test_a_block_whose_settings_are_refused_is_skipped(self):
        source = f"proc run_external_server_test {{code overrides}} {{\n{suite.SETTING}    }}\n"
        self.assertIn("ignore", suite.patched(source))
        with self.assertRaises(SystemExit):
            suite.patched("something else")


if __name__ == "__main__":
    unittest.main()
