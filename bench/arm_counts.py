#!/usr/bin/env python3
"""Counts the instructions that our aarch64 kernels and XNNPACK's execute, layer by layer, under qemu; writes
docs/benchmarks/arm_counts.json, from which bench/arm.py makes a section of its page.

    scripts/setup --peer xnnpack-arm64
    cmake --preset aarch64 && cmake --build build-aarch64
    .deps/bin/python3 bench/arm_counts.py

One program (bench/arm_counts/program.cpp) computes a layer by both; a plugin of qemu (bench/arm_counts/plugin.c) counts.
Counts do not depend on what else the machine does. All layers take some twelve minutes of one core."""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import hot_loop
import mca

LAYERS = mca.ROOT / "bench/layers.json"
COUNTS = mca.ROOT / "docs/benchmarks/arm_counts.json"
SOURCES = mca.ROOT / "bench/arm_counts"
PEER = mca.ROOT / ".deps/peers/xnnpack-arm64"
PACKAGES = mca.ROOT / "scripts/requirements-peer-xnnpack-arm64.txt"
CROSS_ROOT = pathlib.Path("/usr/aarch64-linux-gnu")
LIBRARIES = ["polyphase", "xnnpack"]  # in the order in which the program runs them
TOLERANCE = 1e-4  # of the largest output
LANES = 4  # floats in a vector of NEON

MACHINE = "neoverse-n1"
# What XNNPACK chooses its kernels by; qemu has programs read the build machine's.
CPUINFO = """processor\t: 0
Features\t: fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: 0xd0c
CPU revision\t: 1

"""


def run(command, **options):
    """What a command prints on its two outputs; Unusable with its own words if it fails."""
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    except FileNotFoundError as error:
        raise hot_loop.Unusable(f"expected {command[0]}, found none: run scripts/setup") from error
    if result.returncode != 0:
        raise hot_loop.Unusable(f"{command[0]} ended with status {result.returncode}: {(result.stderr or result.stdout).strip()}")
    return result.stdout, result.stderr


def build_plugin(directory):
    library = directory / "libplugin.so"
    run(["cc", "-std=c11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", SOURCES / "plugin.c", "-o", library])
    return library


def build_program(directory, cross_build):
    """The program of both libraries, linked with what a cross build has compiled."""
    program, libraries = directory / "program", PEER / "usr/lib/aarch64-linux-gnu"
    compare = mca.ROOT / "bench/compare"
    # Headers alone, as nlohmann-json's, are the build machine's.
    run(["aarch64-linux-gnu-g++", "-std=c++20", "-O2", "-Wno-psabi", f"-I{mca.ROOT}", f"-I{mca.ROOT}/runtime/include", f"-I{PEER}/usr/include", "-idirafter", "/usr/include",
         f'-DPOLYPHASE_XNNPACK_VERSION="{xnnpack_version()}"', SOURCES / "program.cpp", compare / "contender.cpp", compare / "polyphase.cpp",
         compare / "xnnpack.cpp", mca.ROOT / "bench/data.cpp", mca.ROOT / "tools/process.cpp",
         cross_build / "problem/libpolyphase_problem.a", libraries / "libXNNPACK.so", libraries / "libpthreadpool.so",
         "-Wl,--disable-new-dtags", f"-Wl,-rpath,{libraries}", "-o", program])  # an RPATH, which is searched for XNNPACK's needs too
    return program


def make_prefix(directory):
    """A directory that qemu puts before absolute paths of the program: the C library, and the processor to be."""
    prefix = directory / "prefix"
    (prefix / "proc").mkdir(parents=True)
    (prefix / "lib").symlink_to(CROSS_ROOT / "lib")
    (prefix / "proc/cpuinfo").write_text(CPUINFO)
    return prefix


def xnnpack_version():
    return re.search(r"^libxnnpack0:arm64=(\S+)", PACKAGES.read_text(), re.MULTILINE)[1]


def qemu_version():
    return run(["qemu-aarch64", "--version"])[0].splitlines()[0].removeprefix("qemu-aarch64 version ")


def compile_kernels(polyphase, problems, directory, cross_build):
    """Writes libNAME.so and NAME.json of every problem."""
    file = directory / "problems.json"
    file.write_text(json.dumps(problems))
    run([polyphase, "compile", file, "--out", directory, "--shared", "--system", "arm-64-linux", *mca.CROSS_COMPILER["neon"],
         "--runtime", cross_build / "runtime/libpolyphase_runtime.a"])


def parse_counts(text):
    """What the plugin printed: for each library the instructions and vector multiply-adds between its two marks."""
    totals = [(int(instructions), int(fmas)) for instructions, fmas in re.findall(r"^executed (\d+) (\d+)$", text, re.MULTILINE)]
    if len(totals) != 2 * len(LIBRARIES):
        raise hot_loop.Unusable(f"expected {2 * len(LIBRARIES)} lines of counts, found {len(totals)}: {text.strip()}")
    return {library: {"instructions": totals[2 * i + 1][0] - totals[2 * i][0], "fmas": totals[2 * i + 1][1] - totals[2 * i][1]}
            for i, library in enumerate(LIBRARIES)}


def count(problem, directory, command):
    """The layer's record, or why it is left out."""
    file = directory / f"{problem['name']}.problem.json"
    file.write_text(json.dumps(problem))
    # One symbol looked up in the first run, another in the second, would be a difference.
    printed, counts = run([*command, file, directory / f"lib{problem['name']}.so"], env=os.environ | {"LD_BIND_NOW": "1"})
    found = json.loads(printed)
    if "left_out" in found:
        return found
    if not found["difference"] <= TOLERANCE:
        raise hot_loop.Unusable(f"{problem['name']}: the outputs differ by {found['difference']} of the largest value")
    return found | parse_counts(counts)


def measure(arguments):
    layers, left_out = [], []
    problems = [problem | {"machine": MACHINE} for problem in mca.read_problems(LAYERS, "nhwc")
                if problem["op"] == "conv_transpose" and re.search(arguments.rows, problem["name"])]
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        command = ["qemu-aarch64", "-L", make_prefix(directory), "-plugin", build_plugin(directory),
                   build_program(directory, arguments.cross_build)]
        compile_kernels(arguments.polyphase, problems, directory, arguments.cross_build)
        for problem in problems:
            name = problem["name"]
            found = count(problem, directory, command)
            if "left_out" in found:
                left_out.append({"layer": name, "reason": found["left_out"]})
            else:
                flops = json.loads((directory / f"{name}.json").read_text())["flops"]
                layers.append({"layer": name, "flops": flops, **found})
            print(f"{name}: {json.dumps(found)}", flush=True)
    return {"command": ".deps/bin/python3 bench/arm_counts.py", "machine": MACHINE, "qemu": qemu_version(),
            "xnnpack": xnnpack_version(), "layers": layers, "left_out": left_out}


INTRODUCTION = """## Executed instructions, beside XNNPACK

Our kernels for the {machine}, channels last, one thread, beside XNNPACK (Debian's `libxnnpack0` {xnnpack}), which is told that it runs
on that processor. Both computed the same numbers in one aarch64 program under qemu, their outputs were compared, and a plugin of qemu counted the
instructions of a second run.

What a count means: everything that a run executes, which the innermost loop's model leaves out. Borders, outputs that are computed twice or thrown
away where tiles do not divide an image, channels added to fill a vector, padding, addresses, the loops around. Packing weights is not in it, nor is what
XNNPACK does once for a shape, its table of pointers to input pixels. What it does not mean: time. A load that misses the caches counts like
one that hits, and two instructions count two whether or not a cycle takes both, so ratios near 1 say nothing about who is faster.

A useful FMA is a vector of four multiply-adds that the definition asks for: FLOPs / 8. Columns: instructions in millions and their ratio; instructions for
each useful FMA; FMAs executed (`fmla` of vectors) for each useful one.
"""


def section(document):
    """Lines of Markdown."""
    layers = document["layers"]
    ratios = [layer["xnnpack"]["instructions"] / layer["polyphase"]["instructions"] for layer in layers]
    more = [f"{layer['layer']} {ratio:.3f}" for layer, ratio in zip(layers, ratios) if ratio < 1]
    yield from INTRODUCTION.format(**document).split("\n")
    if layers:
        yield (f"XNNPACK's instructions divided by ours, {len(layers)} layers: geometric mean **{statistics.geometric_mean(ratios):.2f}**, median "
               f"{statistics.median(ratios):.2f}, least {min(ratios):.2f}, greatest {max(ratios):.2f}. We execute more in: {', '.join(more) or 'none'}.")
        yield ""
    yield "| Layer | MFLOP | ours | XNNPACK | XNNPACK / ours | per useful FMA: ours | XNNPACK | FMAs: ours | XNNPACK |"
    yield "|---" * 9 + "|"
    for layer, ratio in zip(layers, ratios):
        useful = layer["flops"] / 2 / LANES
        ours, theirs = (layer[library] for library in LIBRARIES)
        yield (f"| {layer['layer']} | {layer['flops'] / 1e6:.1f} | {ours['instructions'] / 1e6:.2f} | {theirs['instructions'] / 1e6:.2f} | {ratio:.2f} | "
               f"{ours['instructions'] / useful:.2f} | {theirs['instructions'] / useful:.2f} | {ours['fmas'] / useful:.2f} | {theirs['fmas'] / useful:.2f} |")
    yield ""
    reasons = {}
    for entry in document["left_out"]:
        reasons.setdefault(entry["reason"], []).append(entry["layer"])
    if reasons:
        yield "Left out: " + "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items()) + "."
        yield ""
    yield f"Counted by `{document['command']}` with qemu {document['qemu']}."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--polyphase", type=pathlib.Path, default=mca.ROOT / "build/bin/polyphase", help="the command (default: build/bin/polyphase)")
    parser.add_argument("--cross-build", type=pathlib.Path, default=mca.ROOT / "build-aarch64", help="where runtime and problem were built for arm64 (default: build-aarch64)")
    parser.add_argument("--rows", default="", metavar="REGEX", help="only these layers; written to --out alone")
    parser.add_argument("--out", type=pathlib.Path, help="the results (default: docs/benchmarks/arm_counts.json)")
    arguments = parser.parse_args()
    if arguments.rows and not arguments.out:
        parser.error("--rows: expected --out, so that the results of all layers stay")
    if not PEER.exists():
        sys.exit(f"arm_counts: expected {PEER}, found none: run scripts/setup --peer xnnpack-arm64")
    try:
        document = measure(arguments)
    except hot_loop.Unusable as error:
        sys.exit(f"arm_counts: {error}")
    out = arguments.out or COUNTS
    out.write_text(json.dumps(document, indent=1) + "\n")
    print(out)


if __name__ == "__main__":
    main()
