#!/usr/bin/env python3
"""The pages of scripts/bench on results.json: made-up layers, one lost to XNNPACK, one without peers or times."""

import json
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "bench" / "report"))

import page  # noqa: E402
import results as report_results  # noqa: E402

WIDE, THIN, PHOTO = ("layers", "wide"), ("layers", "thin"), ("layers", "photo")
ONE = ("avx512", 1)


class Arithmetic(unittest.TestCase):
    def setUp(self):
        self.results = report_results.Results(json.loads((HERE / "results.json").read_text()))

    def test_times_of_one_process_are_compared(self):
        ratios = self.results.ratios(WIDE, "nhwc", *ONE)
        self.assertEqual(set(ratios), {"xnnpack", "torch"})
        self.assertAlmostEqual(ratios["xnnpack"], 0.9 / 1.2)
        self.assertAlmostEqual(ratios["torch"], 2.0 / 1.0)
        self.assertAlmostEqual(self.results.ratios(WIDE, "nchw", *ONE)["torch"], 3.0 / 1.0)

    def test_blocked_is_beside_our_nhwc(self):
        self.assertEqual(self.results.ratios(WIDE, "blocked", *ONE), {"onednn": 1.8 / 1.2})

    def test_the_better_build_of_onednn_counts(self):
        records = self.results.document["records"]
        ours, theirs = dict(records[1]), dict(records[3], layout="nhwc")  # 1.2 and 1.8 ms
        for beside, median in ((report_results.CPP, 1.8), (report_results.CPP_OPENMP, 1.5)):
            records += [{**ours, "beside": beside}, {**theirs, "beside": beside, "median_ms": median}]
        results = report_results.Results(self.results.document)
        self.assertAlmostEqual(results.ratios(WIDE, "nhwc", *ONE)["onednn"], 1.5 / 1.2)
        self.assertAlmostEqual(results.fma_share(WIDE, "nhwc", *ONE, "onednn"), 0.6 / 1.5)

    def test_best_peer(self):
        self.assertEqual(self.results.best_peer(WIDE, "nhwc", *ONE), ("xnnpack", 0.9 / 1.2))
        self.assertIsNone(self.results.best_peer(THIN, "nchw", *ONE))
        self.assertIsNone(self.results.best_peer(WIDE, "nhwc", "avx2", 1))

    def test_the_slower_ceiling_binds(self):
        milliseconds, kind = self.results.ceiling(WIDE, *ONE)
        self.assertEqual(kind, "fma")
        self.assertAlmostEqual(milliseconds, 60e6 / 100e9 * 1e3)  # bytes: 400000 / 40 GB/s = 0.01 ms
        self.assertAlmostEqual(self.results.share(WIDE, "nchw", *ONE), 0.6 / 0.8)
        self.assertAlmostEqual(self.results.fma_share(WIDE, "nhwc", *ONE), 0.6 / 1.2)

    def test_depthwise_is_held_against_filling_the_output(self):
        milliseconds, kind = self.results.ceiling(THIN, *ONE)
        self.assertEqual(kind, "bytes")
        self.assertAlmostEqual(milliseconds, 4 * 8192 / 8.192e9 * 1e3)

    def test_bytes_are_copied_with_the_better_stores(self):
        milliseconds, kind = self.results.ceiling(PHOTO, *ONE)
        self.assertEqual(kind, "bytes")
        self.assertAlmostEqual(milliseconds, 4e6 / 40e9 * 1e3)

    def test_without_a_ceiling_or_a_time_there_is_no_share(self):
        self.assertIsNone(self.results.ceiling(WIDE, "avx2", 1))
        self.assertIsNone(self.results.share(WIDE, "nchw", "avx2", 1))
        self.assertIsNone(self.results.share(PHOTO, "nchw", *ONE))

    def test_losses(self):
        self.assertEqual(self.results.losses(), [(WIDE, "nhwc", "avx512", 1, "xnnpack", 0.9 / 1.2)])

    def test_classes(self):
        found = {
            row: [name for name, belongs in report_results.CLASSES.items() if belongs(fields)]
            for row, fields in self.results.rows.items()
        }
        self.assertEqual(
            found,
            {
                WIDE: ["transposed convolution, at least 50 MFLOP", "k4 s2, nearest + 3x3, 1-D k = 2s"],
                THIN: ["depthwise"],
                PHOTO: ["bicubic and other tap tables"],
            },
        )


class Pages(unittest.TestCase):
    def setUp(self):
        self.results = report_results.Results(json.loads((HERE / "results.json").read_text()))
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            (directory / "losses.json").write_text('{"wide": "a reason from losses.json"}')
            page.write(self.results, directory)
            self.overview = (directory / "README.md").read_text()
            self.layers = (directory / "layers.md").read_text()

    def test_losses_are_listed_with_their_reasons(self):
        self.assertIn("1 of 3 comparisons", self.overview)
        self.assertIn(
            "| wide | nhwc | AVX-512 | 1 | XNNPACK | 0.75 | 1.2 | 0.9 | a reason from losses.json |", self.overview
        )

    def test_summary(self):
        # Shares 75 % (nchw) and 50 % (nhwc); best ratios 3 (nchw) and 0.75 (nhwc).
        self.assertIn(
            "| k4 s2, nearest + 3x3, 1-D k = 2s | 1 | 62 % | 50 % (wide nhwc) | 1.50 | 0.75 (wide nhwc, XNNPACK) |",
            self.overview,
        )
        self.assertIn("| depthwise | 1 | 80 % | 80 % (thin nchw) |  |  |", self.overview)

    def test_what_was_not_run_says_why(self):
        self.assertIn("| PyTorch | thin | nchw AVX-512 | mismatch: results differ by 1 of 2 |", self.overview)
        self.assertIn("| LiteRT | all | AVX2 | has no setting for it |", self.overview)

    def test_where_from(self):
        for text in ("Made-up processor", "2000-01-01", "0000000", "scripts/bench --made-up"):
            self.assertIn(text, self.overview)

    def test_every_layer(self):
        self.assertIn(
            "| Layer | MFLOP | MB | Polyphase, ms | Of the ceiling | XNNPACK | PyTorch | oneDNN blocked |", self.layers
        )
        self.assertIn("| wide | 60 | 0.4 | 1.2 (1.1 to 1.3) | 50 % FMA | **0.75** | 2.00 | 1.50 |", self.layers)
        self.assertIn("| thin | 0 | 0.1 | 0.005 (0.005 to 0.005) | 80 % bytes |  |", self.layers)
        self.assertNotIn("photo", self.layers)


class Files(unittest.TestCase):
    def test_google_benchmark(self):
        def run(name, time, **counters):
            return {"run_name": name, "run_type": "iteration", "real_time": time, "time_unit": "us", **counters}

        name = "up/library:xnnpack/layout:nhwc/isa:avx2/threads:2"
        document = {
            "context": {"left_out": '[{"row": "up", "library": "onednn", "layout": "nchw", "reason": "why"}]'},
            "benchmarks": [
                run(name, 3000, creation_ms=7),
                run(name, 1000, creation_ms=7),
                run(name, 2000, creation_ms=7),
                {**run(name, 9000), "run_type": "aggregate"},
                run("ceiling/fma/isa:avx2/threads:1", 1, gflops=90),
                run("up/ceiling/fill/threads:2", 1, gbytes_per_s=40),
            ],
        }
        records, ceilings, not_run = report_results.google_benchmark_records(document, "avx2")
        self.assertEqual(
            [
                {key: round(value, 9) if isinstance(value, float) else value for key, value in record.items()}
                for record in records
            ],
            [
                {
                    "row": "up",
                    "library": "xnnpack",
                    "layout": "nhwc",
                    "isa": "avx2",
                    "threads": 2,
                    "median_ms": 2.0,
                    "p10_ms": 1.2,
                    "p90_ms": 2.8,
                    "runs": 3,
                    "beside": "polyphase_bench",
                    "creation_ms": 7,
                }
            ],
        )
        self.assertEqual(
            ceilings,
            [{"kind": "fma", "threads": 1, "isa": "avx2", "value": 90}, {"kind": "fill", "threads": 2, "value": 40}],
        )
        self.assertEqual(report_results.fma_peaks(document), [90])
        self.assertEqual(
            not_run,
            [{"row": "up", "library": "onednn", "layout": "nchw", "reason": "why", "isa": "avx2", "threads": None}],
        )

    def test_results_survive_writing(self):
        document = json.loads((HERE / "results.json").read_text())
        with tempfile.TemporaryDirectory() as name:
            file = pathlib.Path(name) / "results.json"
            report_results.dump(document, file)
            self.assertEqual(json.loads(file.read_text()), document)


if __name__ == "__main__":
    unittest.main()
