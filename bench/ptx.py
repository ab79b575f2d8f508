"""What a kernel's PTX does in its innermost loop, and what ptxas makes of it. As a program: a table for PTX files."""

import argparse
import collections
import dataclasses
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOOLKIT = "/usr/local/cuda/bin"


class Unusable(Exception):
    """A tool is missing or a file cannot be read; the text says which and what was expected."""


@functools.cache
def ptxas():
    """The assembler's path."""
    found = shutil.which("ptxas") or shutil.which("ptxas", path=TOOLKIT)
    if not found:
        raise Unusable(f"expected ptxas of the CUDA toolkit on PATH or in {TOOLKIT}, found none")
    return found


@dataclasses.dataclass(frozen=True)
class Resources:
    """What ptxas says of one kernel for one architecture. Bytes per thread."""

    registers: int
    stack: int
    spills: int
    barriers: bool


def assemble(file, architecture):
    """Resources by the kernel's name, for "sm_90"."""
    run = subprocess.run([ptxas(), "-v", f"-arch={architecture}", str(file), "-o", os.devnull], capture_output=True, text=True)
    if run.returncode:
        raise Unusable(f"{file}: ptxas for {architecture}: {run.stderr.strip()}")
    resources = {}
    for name, text in re.findall(r"Compiling entry function '(\S+)'(.*?)(?=Compiling entry|\Z)", run.stderr, re.S):
        stack, stores, loads = map(int, re.search(
            r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", text).groups())
        used = re.search(r"Used (\d+) registers(?:, used (\d+) barriers)?", text)
        resources[name] = Resources(int(used[1]), stack, stores + loads, int(used[2] or 0) > 0)
    return resources


KINDS = (("fma", r"fma\.rn\.f32"), ("shared", r"ld\.shared"), ("shared_store", r"st\.shared"), ("global", r"ld\.global"),
         ("store", r"st\.global"), ("local", r"(ld|st)\.local"), ("barrier", r"bar(rier)?\.(sync|cta\.sync)"))


def kind_of(line):
    """What an instruction is, and how many words it moves; None for anything that is no instruction."""
    match = re.match(r"(?:@!?%p\d+\s+)?([a-z][\w.:]*)", line)
    if not match or line.startswith((".", "//", "$")):
        return None
    opcode = match[1]
    width = re.search(r"\.v(\d)", opcode)
    words = 4 if ".b128" in opcode else int(width[1]) if width else 1
    return next((kind for kind, pattern in KINDS if re.match(pattern, opcode)), "other"), words


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel's PTX, line by line."""

    name: str
    lines: list

    def count(self, first=0, last=None):
        """Instructions by kind, and words that loads and stores move as kind + "_words"."""
        counts = collections.Counter()
        for line in self.lines[first:last]:
            if found := kind_of(line):
                counts[found[0]] += 1
                counts[found[0] + "_words"] += found[1]
        return counts

    def loops(self):
        """(first, last) lines of what backward jumps close."""
        labels = {match[1]: i for i, line in enumerate(self.lines) if (match := re.match(r"(\$L\w+):", line))}
        ends = {}
        for i, line in enumerate(self.lines):
            match = re.search(r"\bbra(?:\.uni)?\s+(\$L\w+);", line)
            if match and labels.get(match[1], i) < i:
                ends[labels[match[1]]] = max(i, ends.get(labels[match[1]], 0))
        return list(ends.items())

    def innermost_loops(self):
        """Those that hold no other."""
        loops = self.loops()
        return [(s, e) for s, e in loops if not any(s <= s2 and e2 <= e and (s, e) != (s2, e2) for s2, e2 in loops)]

    def unguarded_exchanges(self):
        """Accesses to shared memory that may meet another thread's, because no barrier lies between a store and the next
        load, or between a load and the next store; the end of a loop is followed by its beginning."""
        kinds = [(i, found[0]) for i, line in enumerate(self.lines) if (found := kind_of(line))]
        accesses = [(i, kind) for i, kind in kinds if kind in ("shared", "shared_store", "barrier")]
        sequences = [accesses] + [[access for access in accesses if s <= access[0] <= e] * 2 for s, e in self.loops()]
        unguarded = set()
        for sequence in sequences:
            for (_, before), (i, after) in zip(sequence, sequence[1:]):
                if {before, after} == {"shared", "shared_store"}:
                    unguarded.add(f"{self.lines[i]} (line {i}) follows a {before}")
        return sorted(unguarded)

    def hot_loop(self):
        """Counts of the innermost loop with the most multiply-adds; of everything if no loop has any."""
        counts = [self.count(s, e + 1) for s, e in self.innermost_loops()]
        best = max(counts, key=lambda c: c["fma"], default=collections.Counter())
        return best if best["fma"] else self.count()


def read_kernels(file):
    """The kernels of a PTX file, in its order."""
    text = pathlib.Path(file).read_bytes().rstrip(b"\0").decode(errors="replace")
    kernels = []
    for part in re.split(r"\.visible \.entry ", text)[1:]:
        kernels.append(Kernel(re.match(r"[\w$]+", part)[0], [line.strip() for line in part.split("\n")]))
    if not kernels:
        raise Unusable(f"{file}: expected PTX with kernels, found none")
    return kernels


def heading():
    return f"{'kernel':44} {'regs':>4} {'stack':>6} {'spill':>5} {'FFMA':>5} {'LDS w':>6} {'LDG w':>6} {'other':>6}  per word"


def row(name, resources, kernel):
    """One line of the table: the hot loop's multiply-adds, words from shared and global memory, FFMA per word."""
    loop = kernel.hot_loop()
    words = loop["shared_words"] + loop["global_words"]
    return (f"{name:44} {resources.registers:4} {resources.stack:6} {resources.spills:5} {loop['fma']:5} "
            f"{loop['shared_words']:6} {loop['global_words']:6} {loop['other']:6}  {loop['fma'] / max(words, 1):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="sm_90", help="for which ptxas assembles")
    parser.add_argument("files", nargs="+", help="PTX")
    arguments = parser.parse_args()
    print(heading())
    for file in arguments.files:
        resources = assemble(file, arguments.arch)
        for kernel in read_kernels(file):
            print(row(pathlib.Path(file).stem.removeprefix("polyphase_code_")[-44:], resources[kernel.name], kernel))


if __name__ == "__main__":
    try:
        main()
    except Unusable as error:
        sys.exit(str(error))
