#!/usr/bin/env python3
"""scripts/bench answers on the command line without anything fetched, built or measured."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench"


def run(*arguments):
    return subprocess.run([sys.executable, BENCH, *arguments], capture_output=True, text=True, check=False)


class Command(unittest.TestCase):
    def test_help(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0, result.stderr)
        for option in ("--quick", "--rows", "--only", "--report", "--isa", "--threads"):
            self.assertIn(option, result.stdout)

    def test_wrong_options(self):
        for arguments, words in (
            (["--rows", "("], "expected a regular expression"),
            (["--isa", "sse9"], "sse9"),
            (["--frobnicate"], "--frobnicate"),
        ):
            result = run(*arguments)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn(words, result.stderr)

    def test_report_without_results(self):
        with tempfile.TemporaryDirectory() as name:
            result = run("--report", "--out", name)
            self.assertEqual(result.returncode, 1)
            self.assertIn("results.json, found none", result.stderr)


if __name__ == "__main__":
    unittest.main()
