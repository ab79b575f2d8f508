"""Tests of bench/ptx.py on hand-written PTX: each rule can be broken."""

import pathlib
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import ptx  # noqa: E402

LOOP = ["$L__BB0_1:", "ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%rd1];", "ld.global.nc.b32 %r5, [%rd2+4];",
        "fma.rn.f32 %r6, %r1, %r5, %r6;", "fma.rn.f32 %r7, %r2, %r5, %r7;", "@%p1 bra $L__BB0_1;"]


def kernel(*lines):
    return ptx.Kernel("k", list(lines))


class Loops(unittest.TestCase):
    def test_counts_words(self):
        loop = kernel("mov.u32 %r1, %tid.x;", "fma.rn.f32 %r1, %r1, %r1, %r1;", *LOOP, "ret;").hot_loop()
        self.assertEqual((loop["fma"], loop["shared_words"], loop["global_words"], loop["other"]), (2, 4, 1, 1))

    def test_the_innermost_with_most_multiply_adds(self):
        nested = kernel("$L__BB0_0:", "fma.rn.f32 %r1, %r1, %r1, %r1;", *LOOP, "@%p2 bra $L__BB0_0;")
        self.assertEqual(nested.hot_loop()["fma"], 2)

    def test_forward_jumps_are_no_loops(self):
        self.assertEqual(kernel("bra.uni $L__BB0_2;", "ret;", "$L__BB0_2:").loops(), [])

    def test_predicates_and_comments(self):
        self.assertEqual(ptx.kind_of("@%p1 st.global.b32 [%rd1], %r1;"), ("store", 1))
        self.assertIsNone(ptx.kind_of("// ld.shared.b32 %r1, [%rd1];"))
        self.assertEqual(ptx.kind_of("ld.local.v2.b32 {%r1, %r2}, [%rd1];"), ("local", 2))


class Barriers(unittest.TestCase):
    STORE, LOAD, BARRIER = "st.shared.b32 [%rd1], %r1;", "ld.shared.b32 %r1, [%rd1];", "bar.sync 0;"

    def test_between_store_and_load(self):
        self.assertEqual(kernel(self.STORE, self.BARRIER, self.LOAD).unguarded_exchanges(), [])
        self.assertEqual(len(kernel(self.STORE, self.LOAD).unguarded_exchanges()), 1)

    def test_from_a_loop_s_end_to_its_beginning(self):
        once = ["$L__BB0_1:", self.STORE, self.BARRIER, self.LOAD, "@%p1 bra $L__BB0_1;"]
        self.assertEqual(len(kernel(*once).unguarded_exchanges()), 1)
        both = once[:-1] + [self.BARRIER] + once[-1:]
        self.assertEqual(kernel(*both).unguarded_exchanges(), [])


class Errors(unittest.TestCase):
    def test_no_ptx(self):
        with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
            file.write("nothing")
            file.flush()
            with self.assertRaisesRegex(ptx.Unusable, "expected PTX with kernels"):
                ptx.read_kernels(file.name)


if __name__ == "__main__":
    unittest.main()
