#!/usr/bin/env python3
"""bench/sweep.py: its page on made-up times."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import sweep  # noqa: E402


def record(name, percent, newest, openmp=None):
    beside = {"newest": {"polyphase": 1.0} | ({"onednn": newest} if newest else {})}
    beside["openmp"] = {"polyphase": 2.0} | ({"onednn": openmp} if openmp else {})
    return {"name": name, "text": f"{name} nchw", "ceiling_percent": percent, "fma_percent": percent, "copy_percent": 1.0,
            "seconds": 0.002, "schedule": {"family": "flat"}, "beside": beside}


class Page(unittest.TestCase):
    def setUp(self):
        self.records = [record("a", 90.0, 4.0, 3.0), record("b", 10.0, 0.8), record("c", 50.0, None), record("d", 70.0, 0.95)]
        self.lines = "\n".join(sweep.section("avx512", self.records)).splitlines()

    def test_the_better_build_counts(self):
        self.assertEqual([sweep.ratio(r) for r in self.records], [1.5, 0.8, None, 0.95])

    def test_counts_what_is_slower(self):
        self.assertIn("oneDNN computes 3 of the 4 problems; it is faster in 2, by more than a tenth in 1.", self.lines)
        start = self.lines.index("Where oneDNN is faster:")
        self.assertEqual([line.split(" | ")[0] for line in self.lines[start + 4:start + 6]], ["| b nchw", "| d nchw"])

    def test_lists_the_furthest_first(self):
        start = self.lines.index("Furthest from the ceiling:")
        names = [line.split(" | ")[0] for line in self.lines[start + 4:] if line]
        self.assertEqual(names, ["| b nchw", "| c nchw", "| d nchw", "| a nchw"])

    def test_ranks_are_those_of_polyphase_sweep(self):
        self.assertEqual([sweep.percentile([4, 1, 3, 2], percent) for percent in (0, 10, 50, 90)], [1, 1, 3, 4])

    def test_a_page_without_onednn(self):
        alone = [r | {"beside": {}} for r in self.records]
        self.assertIn("oneDNN computes 0 of the 4 problems; it is faster in 0, by more than a tenth in 0.",
                      "\n".join(sweep.section("avx2", alone)))


if __name__ == "__main__":
    unittest.main()
