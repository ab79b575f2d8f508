"""Checks the hot loops of the kernels for bench/layers.json: no vector register is spilled, and multiply-adds are dense; on
ARM, where no processor is at hand, llvm-mca's models allow them most of the FMA peak.

Prints every loop with what llvm-mca allows it. exceptions.txt lists the loops that break a rule today."""

import argparse
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import hot_loop  # noqa: E402
import mca  # noqa: E402

HERE = pathlib.Path(__file__).parent
LAYERS = HERE.parents[1] / "bench/layers.json"

# Multiply-adds per instruction. The least that a whole tile of registers has is 0.44 with AVX-512 (four sums, on an image
# of one pixel) and 0.40 with AVX2; with one load for every multiply-add and the loop's own instructions it is 0.3 or less.
LEAST_DENSITY = {"avx512_skylake": 0.42, "avx2-f16c-fma": 0.38, "neon": 0.44}

# Of the FMA peak, by llvm-mca; the same kernels run on in-order cores, which are not asked here.
LEAST_SHARE = {"neoverse-n1": 0.85, "neoverse-v2": 0.85}


def broken_rules(kernel):
    """The rules that a kernel's hot loop breaks, as sentences by the rule's name."""
    if not kernel.loop:
        return {"no loop": "expected a loop with vector multiply-adds, found none"}
    broken = {}
    if spills := kernel.loop.spills:
        lines = "".join(f"\n    {spill.address:x}: {spill.mnemonic} {spill.operands}" for spill in spills)
        broken["spills"] = f"expected no vector on the stack, found {len(spills)} instructions:{lines}"
    least = LEAST_DENSITY[kernel.instruction_set]
    if kernel.loop.density < least:
        broken["density"] = f"expected {least} multiply-adds per instruction or more, found {kernel.loop.density:.2f}"
    for cpu, least in LEAST_SHARE.items():
        if kernel.bounds.get(cpu, 1) < least:
            broken[cpu] = f"expected {100 * least:.0f} % of the FMA peak or more, found {100 * kernel.bounds[cpu]:.0f} %"
    return broken


def read_exceptions(file):
    """(kernel, instruction set, rule) of each line."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    exceptions = {match.groups() for line in lines if (match := re.match(r"(\S+) (\S+) (\S+)", line))}
    if len(exceptions) != len(lines):
        raise SystemExit(f"{file}: expected lines of kernel, instruction set and rule, each once")
    return exceptions


def problems_of_both_layouts():
    for problem in mca.read_problems(LAYERS, None):
        for layout in ("nchw", "nhwc"):
            yield problem | {"name": f"{problem['name']}_{layout}", "layout": layout}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--polyphase", required=True, help="the command")
    arguments = parser.parse_args()

    kernels, failed = mca.compile_kernels(arguments.polyphase, list(problems_of_both_layouts()), list(mca.MODELS))
    exceptions = read_exceptions(HERE / "exceptions.txt")
    found = {}
    print(mca.heading())
    for kernel in kernels:
        print(mca.row(kernel))
        found |= {(kernel.name, kernel.instruction_set, rule): text for rule, text in broken_rules(kernel).items()}
    failures = [f"{name}: {error}" for name, error in failed.items()]
    failures += [f"{' '.join(key)}: {text}" for key, text in found.items() if key not in exceptions]
    failures += [f"{' '.join(key)}: listed in exceptions.txt, but the rule holds: take the line out"
                 for key in sorted(exceptions - found.keys())]
    print(f"{len(kernels)} kernels, {len(exceptions)} exceptions, {len(failures)} failures")
    print("\n".join(failures))
    return bool(failures)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except hot_loop.Unusable as error:
        sys.exit(str(error))
