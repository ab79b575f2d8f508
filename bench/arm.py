#!/usr/bin/env python3
"""Writes docs/benchmarks/arm.md: what LLVM's models of ARM processors say about the hot loops of the layers' kernels.

    .deps/bin/python3 bench/arm.py

Every convolution of bench/layers.json is compiled in both layouts for each processor by name (field "machine"), and its hot
loop is run through llvm-mca's model of that processor. What bench/arm_counts.py has counted becomes a section."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import arm_counts
import hot_loop
import mca

LAYERS = mca.ROOT / "bench/layers.json"
PAGE = mca.ROOT / "docs/benchmarks/arm.md"
LAYOUTS = ["nchw", "nhwc"]
GOAL, LEAST = 0.92, 0.85

# Why loops stay under LEAST.
REASONS = {
    "`dcgan_0`": "one pixel: every weight is loaded for a single multiply-add, and loads are fewer than multiply-adds a cycle",
    "`pix2pix_0`": "one pixel, as dcgan_0",
    "`encodec_2` nchw": "24 sums of phases for 45 instructions, of which the Neoverse N1 decodes four a cycle: 84.6 %",
    "Other rows of the Cortex-A55": "it runs in order and waits for every load that comes late; loops of few output channels load more "
                                    "vectors for each multiply-add, and where four does not divide the input channels (fcn) the last are loaded one by one",
}

HEAD = """# 64-bit ARM, by LLVM's models

No ARM processor was at hand, so these are no times. Every convolution of `bench/layers.json` was compiled for each processor (the
problem's field `machine`), the innermost loop with most multiply-adds (FMAs) was cut out of the object file, and llvm-mca ran it through its model
of that processor. A figure is the share of the FMA pipes' time that the loop fills with vector FMAs: the upper bound of what the
kernel can reach.

What the method cannot see: caches and memory (every load is taken to hit the first-level cache), borders, packing, what happens between two
loops, outputs that are computed twice where tiles do not divide an image. LLVM's model of the Cortex-A55 allows two FMAs of four floats a cycle; Arm's
guide says one, which is what figures refer to. Its model of the Cortex-A76 allows one where the guide says two, so the A76 is left
out; its schedules are those of the Neoverse N1, the same core, with smaller caches. Correctness is another matter: the tests run kernels of every operator as aarch64 programs under
qemu.

The tiles: 32 registers hold 16 to 24 sums. Scalars are loaded four at a time and multiplied by lane (`fmla v0.4s, v1.4s, v2.s[3]`), so a step of four input channels with
8 pixels x 2 vectors is 64 FMAs for 16 loads. Where vectors lie along space, weights are the lanes. SVE is not used: for vectors of 128 bits
Halide's SVE2 code is the same NEON multiply-adds, and wider ones have no schedules here.
"""


def compile_all(command):
    """(problem, layout) -> {processor: Kernel}."""
    table = {}
    for layout in LAYOUTS:
        for cpu in mca.MODELS["neon"]:
            problems = [problem | {"machine": cpu} for problem in mca.read_problems(LAYERS, layout)]
            kernels, failed = mca.compile_kernels(command, problems, ["neon"])
            if failed:
                raise SystemExit("\n".join(f"arm: {name}: {error}" for name, error in failed.items()))
            for kernel in kernels:
                table.setdefault((kernel.name, layout), {})[cpu] = kernel
    return table


def summary(table):
    yield f"| Layout | Processor | median | least | rows under {100 * LEAST:.0f} % |"
    yield "|---|---|---|---|---|"
    for layout in LAYOUTS:
        for cpu in mca.MODELS["neon"]:
            shares = {name: kernels[cpu].bounds[cpu] for (name, of), kernels in table.items() if of == layout}
            low = sorted((share, name) for name, share in shares.items() if share < LEAST)
            yield (f"| {layout} | {cpu} | {100 * statistics.median(shares.values()):.0f} % | {100 * min(shares.values()):.0f} % | "
                   + (", ".join(f"{name} {100 * share:.0f}" for share, name in low) or "none") + " |")


def tile(kernel):
    """The schedule's family and register tile, in words."""
    params = kernel.schedule["params"]
    vectors, family = params.get("vectors", 1), kernel.schedule["family"]
    if family == "channels":
        return f"channels {params['tile_x']}x{params['tile_y']} x {vectors}"
    if family == "space":
        return f"space {vectors} x {params['tile_y']}, {params['channels']} ch"
    if family == "phases":
        return f"phases {vectors}, {params['channels']} ch x {params['tile_x']}"
    return family


def rows(table, layout):
    cpus = mca.MODELS["neon"]
    yield "| Layer | " + " | ".join(f"{cpu} | tile" for cpu in cpus) + " |"
    yield "|---" * (1 + 2 * len(cpus)) + "|"
    for (name, of), kernels in table.items():
        if of == layout:
            cells = [f"{100 * kernels[cpu].bounds[cpu]:.0f} % | {tile(kernels[cpu])}" for cpu in cpus]
            yield f"| {name} | " + " | ".join(cells) + " |"


def page(table):
    version = subprocess.run([f"llvm-mca-{hot_loop.LLVM}", "--version"], capture_output=True, text=True, check=True).stdout
    llvm = next(line.strip() for line in version.splitlines() if "LLVM version" in line)
    lines = [HEAD, "## Summary", "", *summary(table), ""]
    lines += [f"{name}: {reason}." for name, reason in REASONS.items()]
    if arm_counts.COUNTS.exists():
        lines += ["", *arm_counts.section(json.loads(arm_counts.COUNTS.read_text()))]
    for layout in LAYOUTS:
        lines += ["", f"## {layout}", "", *rows(table, layout)]
    lines += ["", f"Made by `.deps/bin/python3 bench/arm.py` with {llvm}.", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polyphase", default=mca.ROOT / "build/bin/polyphase", help="the command (default: build/bin/polyphase)")
    parser.add_argument("--out", type=pathlib.Path, default=PAGE, help="the page (default: docs/benchmarks/arm.md)")
    arguments = parser.parse_args()
    try:
        text = page(compile_all(arguments.polyphase))
    except hot_loop.Unusable as error:
        sys.exit(f"arm: {error}")
    arguments.out.write_text(text)
    print(arguments.out)


if __name__ == "__main__":
    main()
