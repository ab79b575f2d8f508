"""The innermost loop in which a kernel does its multiply-adds, read from its object file with LLVM's tools."""

import dataclasses
import functools
import json
import re
import shutil
import subprocess

LLVM = "19"  # the version that scripts/setup installs


class Unusable(Exception):
    """A tool is missing or an object cannot be read; the text says which and what was expected."""


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One instruction in Intel syntax, as llvm-objdump prints it."""

    address: int
    mnemonic: str
    operands: str

    @property
    def is_fma(self):
        """A multiply-add of vectors; scalar ones do no work worth counting."""
        return re.fullmatch(r"vfn?m(add|sub)\w*p[sd]", self.mnemonic) is not None

    @property
    def target(self):
        """Where a jump goes; None for anything else."""
        match = re.match(r"0x([0-9a-f]+)", self.operands) if self.mnemonic.startswith("j") else None
        return int(match[1], 16) if match else None

    def vector_slot(self, frame):
        """"store" or "load" if this writes or reads a vector at a fixed distance from a register of `frame`, else None.

        A place on the stack that is the same in every iteration is a register's stack slot. A staged buffer on the
        stack is walked along, so its addresses have another register."""
        match = re.search(r"[xyz]mmword ptr \[(\w+)(?: [+-] 0x[0-9a-f]+)?\]", self.operands)
        if not match or match[1] not in frame:
            return None
        return "store" if match.start() == 0 else "load"


@dataclasses.dataclass(frozen=True)
class Function:
    """A function's instructions in the order of addresses."""

    name: str
    instructions: list

    @property
    def frame(self):
        """Registers that address its stack frame: rsp, and those that the prologue copies it to."""
        copies = {match[1] for i in self.instructions if i.mnemonic == "mov"
                  for match in [re.fullmatch(r"(rbp|rbx), rsp", i.operands)] if match}
        return {"rsp"} | copies

    def innermost_loops(self):
        """Ranges that a backward jump closes and that hold no other such range."""
        ends = {}
        for i in self.instructions:
            if i.target is not None and i.target <= i.address:
                ends[i.target] = max(i.address, ends.get(i.target, 0))
        for start, end in ends.items():
            if not any(start <= s and e <= end and (s, e) != (start, end) for s, e in ends.items()):
                yield Loop(self, [i for i in self.instructions if start <= i.address <= end])


@dataclasses.dataclass(frozen=True)
class Loop:
    """An innermost loop of a function."""

    function: Function
    instructions: list

    @functools.cached_property
    def fmas(self):
        return sum(i.is_fma for i in self.instructions)

    @property
    def density(self):
        """Multiply-adds per instruction."""
        return self.fmas / len(self.instructions)

    @functools.cached_property
    def spills(self):
        """Instructions that put a vector register into its stack slot or take it back."""
        return [i for i in self.instructions if i.vector_slot(self.function.frame)]


def parse(disassembly):
    """The functions in llvm-objdump's text."""
    functions = []
    for line in disassembly.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            functions.append(Function(match[1], []))
        elif match := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line):
            operands = match[3].split("#")[0].strip()
            functions[-1].instructions.append(Instruction(int(match[1], 16), match[2], operands))
    return functions


def hot_loop(functions):
    """The innermost loop with the most multiply-adds, of several the longest; None if no loop has any."""
    loops = [loop for function in functions for loop in function.innermost_loops() if loop.fmas]
    return max(loops, key=lambda loop: (loop.fmas, len(loop.instructions)), default=None)


def disassemble(archive, member):
    """The functions of the object `member` of a static library."""
    text = _run([_tool("llvm-objdump"), "--disassemble", "--no-show-raw-insn", "--x86-asm-syntax=intel", str(archive)])
    # One heading for each object: "libup1.a(up1.o):  file format elf64-x86-64".
    parts = re.split(r"^.*\((\S+)\):\s+file format \S+$", text, flags=re.MULTILINE)
    objects = dict(zip(parts[1::2], parts[2::2], strict=True))
    if member not in objects:
        raise Unusable(f"{archive}: expected an object {member}, found {', '.join(objects) or 'none'}")
    return parse(objects[member])


def cycles(loop, cpu):
    """Cycles that an iteration takes on `cpu`, a name that llvm-mca knows, if every load hits the first-level cache."""
    body = [f"{i.mnemonic} {i.operands if i.target is None else 'loop'}" for i in loop.instructions]
    return _mca(["loop:", *body], cpu, iterations=100)


@functools.cache
def peak(cpu, register):
    """Multiply-adds a cycle that the same model allows on registers called `register` ("ymm" or "zmm")."""
    sums = 12  # independent, and more than the latency times the pipes
    fmas = [f"vfmadd231ps {register}{i}, {register}14, {register}15" for i in range(sums)]
    return sums / _mca(fmas, cpu, iterations=1000)


def share_of_peak(loop, cpu):
    """The loop's multiply-adds a cycle over `peak`."""
    widest = "zmm" if any("zmm" in i.operands for i in loop.instructions if i.is_fma) else "ymm"
    return loop.fmas / cycles(loop, cpu) / peak(cpu, widest)


def _mca(assembly, cpu, iterations):
    text = _run([_tool("llvm-mca"), "-mtriple=x86_64-linux-gnu", f"-mcpu={cpu}", f"-iterations={iterations}", "--json"],
                "\n".join([".intel_syntax noprefix", *assembly, ""]))
    return json.loads(text)["CodeRegions"][0]["SummaryView"]["TotalCycles"] / iterations


@functools.cache
def _tool(name):
    path = shutil.which(f"{name}-{LLVM}")
    if not path:
        raise Unusable(f"expected {name}-{LLVM}, found none: run scripts/setup")
    return path


def _run(command, stdin=""):
    result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise Unusable(f"{command[0]} ended with status {result.returncode}: {result.stderr.strip()}")
    return result.stdout
