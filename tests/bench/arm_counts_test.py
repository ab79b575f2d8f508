#!/usr/bin/env python3
"""bench/arm_counts.py: its section of the page on made-up counts, and its plugin on a program whose instructions are known."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench"))

import arm_counts  # noqa: E402
import hot_loop  # noqa: E402

DOCUMENT = {
    "command": "count", "machine": "neoverse-n1", "qemu": "7.2", "xnnpack": "2022",
    "layers": [
        {"layer": "wide", "flops": 8_000_000, "difference": 0.0, "polyphase": {"instructions": 2_000_000, "fmas": 1_000_000},
         "xnnpack": {"instructions": 4_000_000, "fmas": 1_500_000}},
        {"layer": "flat", "flops": 80_000_000, "difference": 0.0, "polyphase": {"instructions": 20_000_000, "fmas": 10_000_000},
         "xnnpack": {"instructions": 10_000_000, "fmas": 9_000_000}},
    ],
    "left_out": [{"layer": "deep", "reason": "too deep"}, {"layer": "tanh", "reason": "no tanh"}, {"layer": "deeper", "reason": "too deep"}],
}  # fmt: skip


class Section(unittest.TestCase):
    def setUp(self):
        self.lines = list(arm_counts.section(DOCUMENT))

    def test_a_row_has_both_counts_and_what_they_are_for_each_useful_fma(self):
        self.assertIn("| wide | 8.0 | 2.00 | 4.00 | 2.00 | 2.00 | 4.00 | 1.00 | 1.50 |", self.lines)
        self.assertIn("| flat | 80.0 | 20.00 | 10.00 | 0.50 | 2.00 | 1.00 | 1.00 | 0.90 |", self.lines)

    def test_the_mean_is_geometric_and_losses_are_named(self):
        text = "\n".join(self.lines)
        self.assertIn("2 layers: geometric mean **1.00**, median 1.25, least 0.50, greatest 2.00. We execute more in: flat 0.500.", text)

    def test_what_is_left_out_has_its_reason(self):
        self.assertIn("Left out: deep, deeper: too deep; tanh: no tanh.", self.lines)

    def test_a_table_without_layers_is_a_table(self):
        lines = list(arm_counts.section(DOCUMENT | {"layers": [], "left_out": []}))
        self.assertEqual(sum(line.startswith("|") for line in lines), 2)


class Counts(unittest.TestCase):
    def test_differences_of_marks_by_library(self):
        text = "executed 10 1\nwarning\nexecuted 110 41\nexecuted 200 50\nexecuted 500 250\n"
        self.assertEqual(arm_counts.parse_counts(text), {"polyphase": {"instructions": 100, "fmas": 40},
                                                         "xnnpack": {"instructions": 300, "fmas": 200}})  # fmt: skip

    def test_a_missing_mark_is_an_error(self):
        with self.assertRaisesRegex(hot_loop.Unusable, "expected 4 lines of counts, found 1"):
            arm_counts.parse_counts("executed 10 1\n")


MARK = "mov x8, #173; mov x0, #0x6c79; movk x0, #0x706f, lsl 16; svc #0"
PROGRAM = f"""
.global _start
_start:
    {MARK}
    mov x1, #1000
repeat:
    fmla v0.4s, v1.4s, v2.4s
    fmla v0.4s, v1.4s, v2.s[3]
    fmla v0.2s, v1.2s, v2.2s
    fmls v0.4s, v1.4s, v2.s[0]
    fmul v0.4s, v1.4s, v2.4s
    fmul v0.4s, v1.4s, v2.s[3]
    fmadd s0, s1, s2, s3
    mla v0.4s, v1.4s, v2.4s
    ldr q1, [sp]
    subs x1, x1, #1
    b.ne repeat
    {MARK}
    mov x8, #172
    mov x0, #0x6c79
    movk x0, #0x706f, lsl 16
    svc #0
    mov x8, #93
    mov x0, #0
    svc #0
"""


class Plugin(unittest.TestCase):
    def test_every_instruction_and_every_vector_multiply_add_between_two_marks(self):
        with tempfile.TemporaryDirectory() as temporary:
            directory = pathlib.Path(temporary)
            (directory / "program.s").write_text(PROGRAM)
            arm_counts.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", directory / "program.s", "-o", directory / "program"])
            plugin = arm_counts.build_plugin(directory)
            _, counts = arm_counts.run(["qemu-aarch64", "-plugin", plugin, directory / "program"])
        marks = [[int(number) for number in line.split()[1:]] for line in counts.splitlines()]
        self.assertEqual(len(marks), 2, counts)  # another system call with the same argument is no mark
        (instructions, fmas), (later_instructions, later_fmas) = marks
        self.assertEqual(later_instructions - instructions, 1 + 11 * 1000 + 4)  # the mark itself is four
        self.assertEqual(later_fmas - fmas, 4 * 1000)


def qemu_takes_plugins():
    help_text = subprocess.run(["qemu-aarch64", "-help"], capture_output=True, text=True, check=False).stdout
    return "-plugin" in help_text


if __name__ == "__main__":
    if "Plugin" in sys.argv and not all(map(shutil.which, ["aarch64-linux-gnu-gcc", "qemu-aarch64"])):
        print("skipped: no cross compiler or no qemu for 64-bit ARM; scripts/setup installs them")
        sys.exit(77)
    if "Plugin" in sys.argv and not qemu_takes_plugins():
        print("skipped: this qemu takes no plugins")
        sys.exit(77)
    unittest.main()
