#!/usr/bin/env python3
"""Prints what LLVM's model of a processor says about the hot loops of a problem file's kernels, beside measured speeds.

    .deps/bin/python3 bench/mca.py bench/layers.json --layout nhwc
    build/bin/polyphase_layers bench/layers.json --layout nhwc --target x86-64-linux-avx2-f16c-fma --json > measured.json
    .deps/bin/python3 bench/mca.py bench/layers.json --layout nhwc --measured measured.json

A kernel's hot loop is the innermost loop with the most multiply-adds (FMAs). The model knows no caches, so what a kernel
loses beneath the bound it loses to memory, to its borders and between its loops."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import hot_loop

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Processors to ask for each instruction set. LLVM's model of the Cortex-A76 is left out: it allows one multiply-add a
# cycle where the processor does two.
MODELS = {"avx512_skylake": ["icelake-server", "sapphirerapids"], "avx2-f16c-fma": ["haswell", "skylake", "znver3"],
          "neon": ["cortex-a55", "neoverse-n1", "neoverse-v2"]}
TARGETS = {"neon": "arm-64-linux"}  # others are x86-64-linux with their own name
CROSS_COMPILER = {"neon": ["--cc", "aarch64-linux-gnu-gcc"]}


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A problem compiled for one instruction set, and its hot loop (None if it has none)."""

    name: str
    instruction_set: str
    loop: hot_loop.Loop | None
    bounds: dict  # share of the FMA peak that each of MODELS allows the hot loop
    schedule: dict  # family and params


def compile_kernels(command, problems, instruction_sets):
    """Compiles the problems: a list of Kernels, problem by problem, and what is wrong with those that fail, by name."""
    kernels, failed = {problem["name"]: [] for problem in problems}, {}
    for isa in instruction_sets:
        with tempfile.TemporaryDirectory() as temporary:
            directory = pathlib.Path(temporary)
            file = directory / "problems.json"
            file.write_text(json.dumps(problems))
            target = TARGETS.get(isa, f"x86-64-linux-{isa}")
            result = subprocess.run([command, "compile", file, "--out", directory, "--json", "--target", target,
                                     *CROSS_COMPILER.get(isa, [])], check=False, capture_output=True, text=True)
            if result.returncode not in (0, 1):
                raise hot_loop.Unusable(result.stderr.strip())
            entries = json.loads(result.stdout)
            failed |= {entry["name"]: entry["error"] for entry in entries if entry["status"] == "failed"}
            compiled = [entry["name"] for entry in entries if entry["status"] != "failed"]
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                for kernel in pool.map(lambda name: read_kernel(directory, name), compiled):
                    kernels[kernel.name].append(kernel)
    return [kernel for of_problem in kernels.values() for kernel in of_problem], failed


def read_kernel(directory, name):
    """The kernel of a problem that `polyphase compile` has compiled into `directory`, for one instruction set."""
    variant = json.loads((directory / f"{name}.json").read_text())["variants"][0]
    instruction_set = variant["instruction_set"]
    member = f"polyphase_code_{name}_{instruction_set}_run.o".replace("-", "_")
    loop = hot_loop.hot_loop(hot_loop.disassemble(directory / f"lib{name}.a", member))
    bounds = {cpu: hot_loop.share_of_peak(loop, cpu) for cpu in MODELS[instruction_set]} if loop else {}
    return Kernel(name, instruction_set, loop, bounds, variant["schedule"])


def heading(measured=False):
    return (f"{'problem':22} {'instructions':14} {'FMAs':>5} {'instr.':>6} {'FMA/in.':>7} {'spills':>6} "
            + (f"{'measured':>9} " if measured else "") + " % of the FMA peak that the loop allows")


def row(kernel, measured=None):
    """A line of the table under `heading`; `measured` in % of the FMA peak."""
    name = f"{kernel.name:22} {kernel.instruction_set:14} "
    if not kernel.loop:
        return name + "no loop with vector multiply-adds"
    loop = kernel.loop
    bounds = ", ".join(f"{cpu} {100 * share:.0f}" for cpu, share in kernel.bounds.items())
    return (name + f"{loop.fmas:5} {len(loop.instructions):6} {loop.density:7.2f} {len(loop.spills):6} "
            + (f"{measured:9.1f} " if measured is not None else "") + f" {bounds}")


def read_problems(file, layout):
    """The convolutions of a problem file, all in `layout` unless that is None."""
    problems = json.loads(pathlib.Path(file).read_text())
    problems = problems if isinstance(problems, list) else [problems]
    kept = [problem for problem in problems if problem["op"] in ("conv_transpose", "conv", "resize_conv")]
    return [problem | ({"layout": layout} if layout else {}) for problem in kept]


def read_measured(file):
    """% of the FMA peak by (problem, instruction set)."""
    rows = json.loads(pathlib.Path(file).read_text())
    return {(entry["name"], entry["target"].removeprefix("x86-64-linux-")): entry["fma_percent"] for entry in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="problem file; operators without multiply-adds are left out")
    parser.add_argument("--polyphase", default=ROOT / "build/bin/polyphase", help="the command (default: build/bin/polyphase)")
    parser.add_argument("--layout", choices=["nchw", "nhwc"], help="instead of the file's")
    parser.add_argument("--only", default="", help="only problems whose name contains this")
    parser.add_argument("--instructions", choices=MODELS, action="append", help="instruction set (default: all of them)")
    parser.add_argument("--measured", help="what polyphase_layers printed with --json and an explicit --target")
    arguments = parser.parse_args()

    problems = [problem for problem in read_problems(arguments.file, arguments.layout) if arguments.only in problem["name"]]
    measured = read_measured(arguments.measured) if arguments.measured else {}
    print(heading(bool(measured)))
    try:
        kernels, failed = compile_kernels(arguments.polyphase, problems, arguments.instructions or list(MODELS))
    except hot_loop.Unusable as error:
        sys.exit(f"mca: {error}")
    for kernel in kernels:
        speed = measured.get((kernel.name, kernel.instruction_set))
        if not measured or speed is not None:
            print(row(kernel, speed))
    if failed:
        sys.exit("\n".join(f"mca: {name}: {error}" for name, error in failed.items()))


if __name__ == "__main__":
    main()
