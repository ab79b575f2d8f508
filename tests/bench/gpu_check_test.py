#!/usr/bin/env python3
"""scripts/gpu-check without a GPU, and with a driver that executes nothing: it ends well, says what was not run and notices
results that are wrong."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GPU_CHECK = ROOT / "scripts" / "gpu-check"
BIN, FAKE_DRIVER = pathlib.Path(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
TARGETS = ["x86-64-linux-avx2-f16c-fma", "x86-64-linux-cuda-cuda_capability_80"]
LAYER = {"name": "fpn_nchw", "op": "resize", "input": [1, 2, 3, 3], "output": [6, 6], "mode": "nearest", "layout": "nchw"}
UNPOOL = {"name": "seg_nhwc", "op": "max_unpool", "input": [1, 4, 3, 3], "kernel": [2, 2], "stride": [2, 2], "layout": "nhwc"}


def has_driver():
    return subprocess.run([BIN / "polyphase_gpu", "device"], capture_output=True, check=False).returncode != 77


class GpuCheck(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A bundle of two layers and one random problem."""
        cls.directory = tempfile.TemporaryDirectory()
        cls.bundle = pathlib.Path(cls.directory.name) / "bundle"
        cls.bundle.mkdir()
        built = pathlib.Path(cls.directory.name) / "built"
        (built / "layers").mkdir(parents=True)
        (built / "layers" / "layers.json").write_text(json.dumps([LAYER, UNPOOL]))
        (built / "layers" / "shapes.json").write_text(json.dumps({"fpn_nchw": [1, 2, 6, 6], "seg_nhwc": [1, 4, 6, 6]}))
        compile_kernels(built / "layers" / "layers.json", built / "layers", TARGETS)
        random = built / "random.json"
        subprocess.run([BIN / "polyphase_shipped", "write", "--seed", "21", "--cases", "1", "--op", "zero_insert", random], check=True,
                       capture_output=True)
        compile_kernels(random, built / "random", TARGETS[1:])
        for program in ("polyphase_gpu", "polyphase_shipped"):
            shutil.copy(BIN / program, cls.bundle / program)
        with tarfile.open(cls.bundle / "kernels.tar.xz", "w:xz") as tar:
            for file in built.glob("*/*"):
                tar.add(file, arcname=str(file.relative_to(built)))
        (cls.bundle / "manifest.json").write_text(json.dumps({
            "commit": "0123abc", "target": TARGETS[1], "seed": 21, "cases": 1, "rows": "", "operators": ["zero_insert"],
            "kernels": {"random": 1, "layers": 2, "onnx": 0}, "missing": {"ceilings": "of a test", "onnx": "of a test"}}))

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def check(self, *arguments, **environment):
        out = tempfile.mkdtemp(dir=self.directory.name)
        result = subprocess.run([sys.executable, GPU_CHECK, "--bundle", self.bundle, *arguments], capture_output=True, text=True,
                                check=False, env=os.environ | {"OUT": out} | environment)
        return result, pathlib.Path(out)

    def test_without_a_gpu_it_is_skipped(self):
        if has_driver():
            self.skipTest("this machine has a CUDA driver")
        result, out = self.check()
        self.assertEqual(result.returncode, 77, result.stderr)
        self.assertIn("no GPU: not run: layers against the processor's code", result.stdout)
        self.assertIn("no CUDA driver: libcuda.so.1", result.stdout)
        self.assertEqual(list(out.glob("*")), [])
        result, _ = self.check(LD_LIBRARY_PATH=str(FAKE_DRIVER), FAKE_CUDA_NO_GPU="1")
        self.assertEqual(result.returncode, 77, result.stderr)
        self.assertIn("no GPU that the driver can use: CUDA_ERROR_NO_DEVICE", result.stdout)

    def test_results_that_nobody_computed_are_wrong(self):
        result, out = self.check(LD_LIBRARY_PATH=str(FAKE_DRIVER), PATH=os.path.dirname(sys.executable))
        self.assertEqual(result.returncode, 1, result.stderr)
        results = json.loads((out / "gpu.json").read_text())
        self.assertEqual(results["suites"]["random"], {"run": 1, "wrong": 1})
        self.assertEqual([row["name"] for row in results["layers"]], ["fpn_nchw", "seg_nhwc"])
        for row in results["layers"]:
            self.assertFalse(row["ok"])
            self.assertEqual(row["wrong"], "the result differs from the processor's")
            self.assertEqual(row["largest_error"], "nan")
            self.assertGreaterEqual(row["sets"], 2)
        not_run = {entry["what"]: entry["why"] for entry in results["not_run"]}
        self.assertEqual(not_run["sanitizers"], "there is no compute-sanitizer")
        self.assertEqual(not_run["ceilings"], "of a test")
        page = (out / "gpu.md").read_text()
        for words in ("a fake device", "| fpn | nchw |", "WRONG: layer seg_nhwc", "commit 0123abc"):
            self.assertIn(words, page)
        self.assertIn("layers: 0 of 2 right", result.stdout)

    def test_a_process_that_ends_early_is_followed_by_another(self):
        broken = self.bundle / "polyphase_gpu"
        shutil.move(broken, self.bundle / "real")
        try:
            # Crashes at the first layer; the others are measured.
            broken.write_text(f'#!/bin/sh\ncase "$*" in *"--skip 0"*) kill -SEGV $$;; esac\nexec {self.bundle}/real "$@"\n')
            broken.chmod(0o755)
            result, out = self.check(LD_LIBRARY_PATH=str(FAKE_DRIVER))
        finally:
            shutil.move(self.bundle / "real", broken)
        rows = json.loads((out / "gpu.json").read_text())["layers"]
        self.assertEqual([row["name"] for row in rows], ["fpn_nchw", "seg_nhwc"], result.stdout)
        self.assertIn("ended the process with status -11", rows[0]["wrong"])
        self.assertIn("us", rows[1])

    def test_a_program_that_hangs_is_ended(self):
        real, hanging = self.bundle / "real", self.bundle / "polyphase_shipped"
        shutil.move(hanging, real)
        try:
            hanging.write_text("#!/bin/sh\nsleep 10000 & wait\n")
            hanging.chmod(0o755)
            result, out = self.check("--minutes", "0.2", LD_LIBRARY_PATH=str(FAKE_DRIVER))
        finally:
            shutil.move(real, hanging)
        results = json.loads((out / "gpu.json").read_text())
        self.assertIn({"what": "random zero_insert 0", "why": "its time was up"}, results["not_run"], result.stdout)

    def test_its_time_is_kept(self):
        result, out = self.check("--minutes", "0.1", LD_LIBRARY_PATH=str(FAKE_DRIVER))
        results = json.loads((out / "gpu.json").read_text())
        self.assertIn({"what": "suites", "why": "the whole time was up"}, results["not_run"], result.stdout)


class Report(unittest.TestCase):
    def test_shares_and_ratios(self):
        sys.path.append(str(ROOT / "bench" / "gpu"))
        import report

        results = {
            "date": "2026-01-02", "commit": "0123abc", "host": "x86_64, 16 processors", "wrong": [],
            "not_run": [{"what": "sanitizers", "why": "there is no compute-sanitizer"}],
            "device": {"device": "H", "capability": 90, "driver": 13000},
            "suites": {"random": {"run": 108, "wrong": 0}},
            "ceilings": {"fma_tflops": 50.0, "copy_tbs": 2.0, "memcpy_tbs": 2.0, "fill_tbs": 2.0, "l2_copy_tbs": 4.0},
            # 2 GFLOP take 40 us at best, 1 MB takes 0.5 us.
            "layers": [{"name": "a_nchw", "layout": "nchw", "op": "conv_transpose", "flops": 2e9, "bytes": 1e6, "ok": True, "us": 50.0,
                        "load_ms": 1.0, "compile_ms": 321.0, "schedule": {"family": "tiles", "params": {"x": 4}}},
                       {"name": "b_nhwc", "layout": "nhwc", "op": "resize", "flops": 0, "bytes": 4e6, "ok": True, "us": 4.0,
                        "load_ms": 1.0},
                       {"name": "c_nhwc", "layout": "nhwc", "op": "resize", "not_run": "its time was up"}],
            "torch": [{"name": "a_nchw", "layout": "nchw", "us_ours": 50.0, "us_torch": 100.0, "us_bare": 75.0},
                      {"name": "b_nhwc", "layout": "nhwc", "left_out": "PyTorch has no such thing"}],
        }
        page = report.page(results)
        for words in ("| a | nchw | 50.0 | 40.00 | 0.02 | 80 % | 100 | 2.00 | 1.50 | tiles x=4 | 321 |",
                      "| b | nhwc | 4.0 | 0.00 | 1.00 | 50 % |  |  |  |  | 1 |",
                      "- convolutions of at least 1 GFLOP: 1 timed; of the ceiling: median 80 %, least 80 %; "
                      "PyTorch's time / ours: geometric mean 2.00, least 2.00",
                      "- layers: 2 of 3 right", "- not run: sanitizers: there is no compute-sanitizer", "- 0 wrong",
                      "- b_nhwc: PyTorch has no such thing", "H, capability 9.0, driver CUDA 13.0"):
            self.assertIn(words, page)


def compile_kernels(problems, directory, targets):
    command = [BIN / "polyphase", "compile", problems, "--out", directory, "--shared"]
    for target in targets:
        command += ["--target", target]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    if "avx2" not in pathlib.Path("/proc/cpuinfo").read_text():
        print("skipped: this processor lacks AVX2")
        sys.exit(77)
    unittest.main()
