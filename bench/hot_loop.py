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
    """One instruction, as llvm-objdump prints it; each instruction set has a class of its own."""

    address: int
    mnemonic: str
    operands: str

    @property
    def is_fma(self):
        """A multiply-add of vectors; scalar ones do no work worth counting."""
        return re.fullmatch(self.FMA, f"{self.mnemonic} {self.operands}") is not None

    @property
    def target(self):
        """Where a jump goes; None for anything else."""
        match = re.search(r"(?:^|, )0x([0-9a-f]+)(?: <.*>)?$", self.operands)
        return int(match[1], 16) if match and re.fullmatch(self.JUMP, self.mnemonic) else None

    def towards(self, label):
        """Its text, a jump's with `label` for where it goes."""
        return f"{self.mnemonic} " + (self.operands if self.target is None
                                      else re.sub(r"0x[0-9a-f]+(?: <.*>)?$", label, self.operands))


class X86Instruction(Instruction):
    """In Intel syntax."""

    TRIPLE = "x86_64-linux-gnu"
    SYNTAX = [".intel_syntax noprefix"]
    FMA = r"vfn?m(?:add|sub)\w*p[sd] .*"
    JUMP = r"j\w+"
    STACK = "rsp"
    DOCUMENTED_PEAK = {}

    def copy_of_stack(self):
        """The register that this makes address the stack frame, if it does."""
        match = re.fullmatch(r"(rbp|rbx), rsp", self.operands) if self.mnemonic == "mov" else None
        return match and match[1]

    def vector_slot(self, frame):
        """"store" or "load" if this writes or reads a vector at a fixed distance from a register of `frame`, else None.

        A place on the stack that is the same in every iteration is a register's stack slot. A staged buffer on the
        stack is walked along, so its addresses have another register."""
        match = re.search(r"[xyz]mmword ptr \[(\w+)(?: [+-] 0x[0-9a-f]+)?\]", self.operands)
        if not match or match[1] not in frame:
            return None
        return "store" if match.start() == 0 else "load"

    @staticmethod
    def independent_fmas(loop):
        """Multiply-adds that wait for nothing, on registers as wide as the loop's, and how many there are."""
        register = "zmm" if any("zmm" in i.operands for i in loop.instructions if i.is_fma) else "ymm"
        return [f"vfmadd231ps {register}{i}, {register}14, {register}15" for i in range(12)]


class ArmInstruction(Instruction):
    """Of 64-bit ARM."""

    TRIPLE = "aarch64-linux-gnu"
    SYNTAX = []
    FMA = r"fml[as] v\d+\.\d[sd],.*"
    JUMP = r"b|b\.\w+|[ct]bn?z"
    STACK = "sp"
    # Arm's software optimization guide; LLVM's model allows two.
    DOCUMENTED_PEAK = {"cortex-a55": 1}

    def copy_of_stack(self):
        """The register that this makes address the stack frame, if it does."""
        match = re.fullmatch(r"(x29|x19), sp(?:, #0x[0-9a-f]+)?", self.operands) if self.mnemonic in ("mov", "add") else None
        return match and match[1]

    def vector_slot(self, frame):
        """As for x86."""
        match = re.fullmatch(r"q\d+(?:, q\d+)?, \[(\w+)(?:, #-?0x[0-9a-f]+)?\]", self.operands)
        if not match or match[1] not in frame or not re.fullmatch(r"(st|ld)u?[rp]", self.mnemonic.replace("ur", "r")):
            return None
        return "store" if self.mnemonic.startswith("st") else "load"

    @staticmethod
    def independent_fmas(_loop):
        """As for x86."""
        return [f"fmla v{i}.4s, v30.4s, v31.4s" for i in range(24)]


FORMATS = {"elf64-x86-64": X86Instruction, "elf64-littleaarch64": ArmInstruction}


@dataclasses.dataclass(frozen=True)
class Function:
    """A function's instructions in the order of addresses."""

    name: str
    instructions: list

    @property
    def frame(self):
        """Registers that address its stack frame: the stack pointer, and those that the prologue copies it to."""
        return {i.STACK for i in self.instructions} | {copy for i in self.instructions if (copy := i.copy_of_stack())}

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
        frame = {register for register in self.function.frame if not self.advances(register)}
        return [i for i in self.instructions if i.vector_slot(frame)]

    def advances(self, register):
        """Whether a general register is written here, as the address of a buffer is that the loop walks along."""
        written = re.compile(rf"{register}\b|.*\[{register}\], #|.*\[{register}, .*\]!")
        return any(written.match(i.operands) for i in self.instructions)


def parse(disassembly, instruction=X86Instruction):
    """The functions in llvm-objdump's text."""
    functions = []
    for line in disassembly.splitlines():
        if match := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            functions.append(Function(match[1], []))
        elif match := re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line):
            operands = re.split(r"#\s|//", match[3])[0].strip()
            functions[-1].instructions.append(instruction(int(match[1], 16), match[2], operands))
    return functions


def hot_loop(functions):
    """The innermost loop with the most multiply-adds, of several the longest; None if no loop has any."""
    loops = [loop for function in functions for loop in function.innermost_loops() if loop.fmas]
    return max(loops, key=lambda loop: (loop.fmas, len(loop.instructions)), default=None)


def disassemble(archive, member):
    """The functions of the object `member` of a static library."""
    text = _run([_tool("llvm-objdump"), "--disassemble", "--no-show-raw-insn", "--x86-asm-syntax=intel", str(archive)])
    # One heading for each object: "libup1.a(up1.o):  file format elf64-x86-64".
    parts = re.split(r"^.*\((\S+)\):\s+file format (\S+)$", text, flags=re.MULTILINE)
    objects = {name: (form, body) for name, form, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)}
    if member not in objects:
        raise Unusable(f"{archive}: expected an object {member}, found {', '.join(objects) or 'none'}")
    form, body = objects[member]
    return parse(body, FORMATS[form])


def cycles(loop, cpu):
    """Cycles that an iteration takes on `cpu`, a name that llvm-mca knows, if every load hits the first-level cache."""
    return _mca(type(loop.instructions[0]), ("loop:", *[i.towards("loop") for i in loop.instructions]), cpu, 100)


def peak(loop, cpu):
    """Multiply-adds a cycle that `cpu` allows on registers as wide as the loop's."""
    kind = type(loop.instructions[0])
    fmas = tuple(kind.independent_fmas(loop))
    return min(len(fmas) / _mca(kind, fmas, cpu, 1000), kind.DOCUMENTED_PEAK.get(cpu, len(fmas)))


def share_of_peak(loop, cpu):
    """The loop's multiply-adds a cycle over `peak`."""
    most = peak(loop, cpu)
    return loop.fmas / max(cycles(loop, cpu), loop.fmas / most) / most


@functools.cache
def _mca(kind, assembly, cpu, iterations):
    text = _run([_tool("llvm-mca"), f"-mtriple={kind.TRIPLE}", f"-mcpu={cpu}", f"-iterations={iterations}", "--json"],
                "\n".join([*kind.SYNTAX, *assembly, ""]))
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
