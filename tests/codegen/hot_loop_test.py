"""Tests of bench/hot_loop.py on hand-written machine code: each rule can be broken."""

import pathlib
import shutil
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import hot_loop  # noqa: E402


def function(*lines):
    """A function with one instruction every 16 bytes."""
    text = "0000000000000000 <run>:\n" + "".join(f"{16 * i:8x}:      \t{line}\n" for i, line in enumerate(lines))
    return hot_loop.parse(text)


def spills(*body, prologue="nop"):
    """The mnemonics and operands of what counts as a spill in a loop of `body`."""
    loop = hot_loop.hot_loop(function(prologue, *body, "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x10 <run+0x10>"))
    return [f"{i.mnemonic} {i.operands}" for i in loop.spills]


class Parse(unittest.TestCase):
    def test_functions_and_instructions(self):
        functions = hot_loop.parse("\nDisassembly of section .text.a:\n\n0000000000000000 <a>:\n"
                                   "       0:      \tvzeroupper\n       3:      \tret\n\n0000000000000010 <b>:\n"
                                   "      10:      \tvfmadd231ps\tzmm1, zmm2, zmm3 # zmm1 = (zmm2 * zmm3) + zmm1\n")
        self.assertEqual([f.name for f in functions], ["a", "b"])
        self.assertEqual([(i.address, i.mnemonic, i.operands) for f in functions for i in f.instructions],
                         [(0, "vzeroupper", ""), (3, "ret", ""), (16, "vfmadd231ps", "zmm1, zmm2, zmm3")])

    def test_only_vector_multiply_adds_count(self):
        mnemonics = ["vfmadd231ps", "vfnmadd213ps", "vfmsub132pd", "vfmadd231ss", "vmulps", "vaddps"]
        found = [hot_loop.X86Instruction(0, mnemonic, "").is_fma for mnemonic in mnemonics]
        self.assertEqual(found, [True, True, True, False, False, False])


class HotLoop(unittest.TestCase):
    def test_none_without_a_loop(self):
        self.assertIsNone(hot_loop.hot_loop(function("vfmadd231ps\tymm0, ymm1, ymm2", "ret")))

    def test_none_without_multiply_adds(self):
        self.assertIsNone(hot_loop.hot_loop(function("vaddps\tymm0, ymm1, ymm2", "jne\t0x0 <run>")))

    def test_forward_jumps_are_no_loops(self):
        self.assertIsNone(hot_loop.hot_loop(function("jne\t0x20 <run+0x20>", "vfmadd231ps\tymm0, ymm1, ymm2", "ret")))

    def test_innermost(self):
        loop = hot_loop.hot_loop(function(
            "vfmadd231ps\tymm0, ymm1, ymm2",
            "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x10 <run+0x10>",  # one, the inner loop
            "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x0 <run>"))       # three in the outer one
        self.assertEqual((loop.fmas, len(loop.instructions)), (1, 2))

    def test_most_multiply_adds(self):
        loop = hot_loop.hot_loop(function(
            "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x0 <run>",
            "vfmadd231ps\tymm0, ymm1, ymm2", "vfmadd231ps\tymm3, ymm1, ymm2", "jne\t0x20 <run+0x20>"))
        self.assertEqual(loop.fmas, 2)

    def test_of_equals_the_longest(self):
        loop = hot_loop.hot_loop(function(
            "vfmadd231ps\tymm0, ymm1, ymm2", "nop", "jne\t0x0 <run>", "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x30 <run+0x30>"))
        self.assertEqual(len(loop.instructions), 3)

    def test_two_jumps_to_one_head_are_one_loop(self):
        loop = hot_loop.hot_loop(function(
            "vfmadd231ps\tymm0, ymm1, ymm2", "jb\t0x0 <run>", "vfmadd231ps\tymm0, ymm1, ymm2", "jne\t0x0 <run>"))
        self.assertEqual((loop.fmas, len(loop.instructions)), (2, 4))

    def test_density(self):
        loop = hot_loop.hot_loop(function(
            "vbroadcastss\tymm1, dword ptr [rax]", "vfmadd231ps\tymm0, ymm1, ymm2", "add\trax, 0x4", "jne\t0x0 <run>"))
        self.assertEqual(loop.density, 0.25)


class Arm(unittest.TestCase):
    """The same on 64-bit ARM."""

    @staticmethod
    def loop(*body, prologue="nop"):
        lines = [prologue, *body, "fmla\tv0.4s, v1.4s, v2.s[3]", "b.ne\t0x10 <run+0x10>"]
        text = "0000000000000000 <run>:\n" + "".join(f"{16 * i:8x}:      \t{line}\n" for i, line in enumerate(lines))
        return hot_loop.hot_loop(hot_loop.parse(text, hot_loop.ArmInstruction))

    def test_only_vector_multiply_adds_count(self):
        texts = ["fmla v0.4s, v1.4s, v2.s[3]", "fmls v0.4s, v1.4s, v2.4s", "fmla s0, s1, v2.s[0]", "fmul v0.4s, v1.4s, v2.4s"]
        found = [hot_loop.ArmInstruction(0, *text.split(" ", 1)).is_fma for text in texts]
        self.assertEqual(found, [True, True, False, False])

    def test_comments_are_no_operands(self):
        loop = self.loop("mov\tw18, #0x80              // =128")
        self.assertEqual(loop.instructions[0].operands, "w18, #0x80")

    def test_branches_that_test_a_register(self):
        i = hot_loop.ArmInstruction(0x40, "tbz", "w15, #0x0, 0x10 <run+0x10>")
        self.assertEqual((i.target, i.towards("loop")), (0x10, "tbz w15, #0x0, loop"))

    def test_spills(self):
        body = ["str\tq26, [sp, #0x60]", "ldp\tq30, q8, [x29, #-0x20]", "ldr\tq1, [x3]", "ldr\tx8, [sp]"]
        loop = self.loop(*body, prologue="mov\tx29, sp")
        self.assertEqual([i.mnemonic for i in loop.spills], ["str", "ldp"])

    def test_a_buffer_that_is_walked_along_is_no_spill(self):
        loop = self.loop("ldp\tq30, q8, [x19, #-0x20]", "add\tx19, x19, #0x40", prologue="mov\tx19, sp")
        self.assertEqual(loop.spills, [])

    def test_the_peak_is_what_the_guide_says(self):
        if shutil.which(f"llvm-mca-{hot_loop.LLVM}") is None:
            self.skipTest(f"no llvm-mca-{hot_loop.LLVM}")
        self.assertEqual([round(hot_loop.peak(self.loop("nop"), cpu)) for cpu in ("cortex-a55", "neoverse-n1", "neoverse-v2")],
                         [1, 2, 4])


class Spills(unittest.TestCase):
    def test_store_and_reload(self):
        store, load = "vmovups ymmword ptr [rsp - 0x20], ymm7", "vmovaps zmm7, zmmword ptr [rsp + 0x40]"
        self.assertEqual(spills(store.replace(" ", "\t", 1), load.replace(" ", "\t", 1)), [store, load])

    def test_at_the_stack_pointer_itself(self):
        self.assertEqual(len(spills("vmovups\tymmword ptr [rsp], ymm7")), 1)

    def test_folded_into_a_multiply_add(self):
        self.assertEqual(len(spills("vfmadd231ps\tymm0, ymm1, ymmword ptr [rsp + 0x20]")), 1)

    def test_relative_to_a_frame_pointer(self):
        body = "vmovups\tymmword ptr [rbp - 0x30], ymm7"
        self.assertEqual(len(spills(body, prologue="mov\trbp, rsp")), 1)
        self.assertEqual(spills(body), [])  # there rbp is a register like any other

    def test_a_buffer_on_the_stack_is_none(self):
        self.assertEqual(spills("vmovups\tymm7, ymmword ptr [rsp + rax + 0x20]",
                                "vmovups\tymmword ptr [rsp + 4*rax + 0x20], ymm7",
                                "vmovups\tymm7, ymmword ptr [rax - 0x40]"), [])

    def test_scalars_are_none(self):
        self.assertEqual(spills("mov\trax, qword ptr [rsp + 0x8]", "vbroadcastss\tymm7, dword ptr [rsp + 0x8]"), [])

    def test_outside_the_loop_is_none(self):
        self.assertEqual(spills("nop", prologue="vmovups\tymmword ptr [rsp], ymm7"), [])


class Bounds(unittest.TestCase):
    """Of llvm-mca: numbers that follow from a processor's pipes."""

    @staticmethod
    def share(*body):
        return hot_loop.share_of_peak(hot_loop.hot_loop(function(*body, "jne\t0x0 <run>")), "skylake")

    def test_independent_sums_reach_the_peak(self):
        sums = [f"vfmadd231ps\tymm{i}, ymm14, ymm15" for i in range(12)]
        self.assertAlmostEqual(self.share(*sums), 1, delta=0.05)

    def test_one_sum_waits_for_itself(self):
        # Four cycles of latency, two pipes.
        self.assertAlmostEqual(self.share("vfmadd231ps\tymm0, ymm14, ymm15"), 1 / 8, delta=0.01)

    def test_two_loads_for_a_multiply_add_halve_it(self):
        body = []
        for i in range(12):
            body += [f"vmovups\tymm13, ymmword ptr [rax + 0x{32 * i:x}]",
                     f"vfmadd231ps\tymm{i}, ymm13, ymmword ptr [rbx + 0x{32 * i:x}]"]
        self.assertAlmostEqual(self.share(*body), 0.5, delta=0.05)


class Errors(unittest.TestCase):
    def test_missing_archive(self):
        with self.assertRaisesRegex(hot_loop.Unusable, "no_such_file"):
            hot_loop.disassemble("no_such_file.a", "member.o")


if __name__ == "__main__":
    unittest.main()
