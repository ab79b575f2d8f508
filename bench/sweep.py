#!/usr/bin/env python3
"""Writes docs/benchmarks/sweep.md: random transposed convolutions, as shares of their ceilings and beside oneDNN.

    scripts/setup --bench && cmake --preset default && cmake --build build --target polyphase_sweep polyphase_bench
    .deps/bin/python3 bench/sweep.py

polyphase_sweep makes the problems from a seed and times them beside the machine's ceilings, polyphase_bench times each
beside both builds of oneDNN, in the problem's own layout, on one thread. Some fifteen minutes an instruction set; what
has been measured is kept in build/bench/sweep for as long as kernels and options are the same."""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "bench" / "report"))

from page import table  # noqa: E402
from results import ISAS  # noqa: E402

PAGE = ROOT / "docs/benchmarks/sweep.md"
WORK = ROOT / "build/bench/sweep"
TARGETS = {"avx512": "x86-64-linux-avx512_skylake", "avx2": "x86-64-linux-avx2-f16c-fma"}
ONEDNN_BUILDS = ["newest", "openmp"]
BEHIND = 0.9  # of oneDNN's speed: a cliff
PERCENTILES = [0, 10, 25, 50, 75, 90]
LOWEST = 20  # problems listed


def percentile(values, percent):
    """The value of that rank, as polyphase_sweep counts."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def ratio(record):
    """oneDNN's time over ours in the same process, the better build; None where it has none."""
    found = [other["onednn"] / other["polyphase"] for other in record["beside"].values() if "onednn" in other]
    return min(found, default=None)


def section(isa, records):
    """One instruction set: `records` as polyphase_sweep --json prints them, each with `beside`, seconds by library for
    each build of oneDNN."""
    yield f"## {ISAS[isa]}\n"
    shares = [record["ceiling_percent"] for record in records]
    ratios = {record["name"]: found for record in records if (found := ratio(record)) is not None}
    header = ["", "least", *(f"{percent}th percentile" for percent in PERCENTILES[1:]), "geometric mean"]
    rows = [["% of the ceiling", *(f"{percentile(shares, percent):.0f}" for percent in PERCENTILES),
             f"{statistics.geometric_mean(shares):.0f}"]]
    if ratios:
        values = list(ratios.values())
        rows.append(["oneDNN's time / ours", *(f"{percentile(values, percent):.2f}" for percent in PERCENTILES),
                     f"{statistics.geometric_mean(values):.2f}"])
    yield table(header, rows)
    slower = sorted((found, record["name"]) for record in records if (found := ratios.get(record["name"], 1)) < 1)
    behind = sum(found < BEHIND for found, _ in slower)
    yield (f"oneDNN computes {len(ratios)} of the {len(records)} problems; it is faster in {len(slower)}, by more than a tenth in "
           f"{behind}.\n")
    by_name = {record["name"]: record for record in records}

    def row(record):
        beside = ratios.get(record["name"])
        return [record["text"], f"{record['ceiling_percent']:.0f}",
                "FMA" if record["fma_percent"] >= record["copy_percent"] else "copy", f"{1e3 * record['seconds']:.3f}",
                "" if beside is None else f"{beside:.2f}", record["schedule"]["family"]]

    header = ["problem", "% of the ceiling", "which", "ms", "oneDNN / ours", "family"]
    if slower:
        yield "Where oneDNN is faster:\n"
        yield table(header, [row(by_name[name]) for _, name in slower])
    yield "Furthest from the ceiling:\n"
    yield table(header, [row(record) for record in sorted(records, key=lambda r: r["ceiling_percent"])[:LOWEST]])


def page(document):
    """The whole page. `document`: machine, date, commit, command, seed, and records by instruction set."""
    first = next(iter(document["isas"].values()))
    yield "# Random shapes\n"
    yield (f"Written by `bench/sweep.py`; do not edit. {document['machine']}, one thread; {document['date']}; commit {document['commit']}; oneDNN "
           f"{' and '.join(document['onednn'])}:\n")
    yield f"```sh\n{document['command']}\n```\n"
    yield f"""\
{len(first)} transposed convolutions, made from seed {document["seed"]} to look like real ones: 1 to 512 channels, extents from 4 to 256 (one axis:
4096, three: 64), kernels from 1 to 16, strides from 1 to 8, one to three axes, channels first or last, some depthwise or in groups; 2 to 1500 MFLOP, or at
least a megabyte. A problem's name: channels, input, kernel, stride, output, layout. Its ceiling is the nearer one of direct FLOPs at the FMA peak and
of reading and writing every tensor once at the rate of a copy of that size. Ratios to oneDNN are of times in one process and layout, the better of its
two builds; above 1 we are faster.
"""
    for isa, records in document["isas"].items():
        yield from section(isa, records)


def run(command, statuses=(0,)):
    result = subprocess.run(command, cwd=ROOT, check=False, text=True, capture_output=True, errors="replace")
    if result.returncode not in statuses:
        sys.exit(f"sweep: {shlex.join(map(str, command))} failed: {result.stderr.strip()}")
    return result.stdout


def keep_only_matching(arguments):
    """Throws old measurements away unless they are of the same programs and options."""
    digest = hashlib.sha256(json.dumps([arguments.seed, arguments.cases]).encode())
    for program in ("polyphase", "polyphase_sweep", "polyphase_bench"):
        digest.update((ROOT / "build/bin" / program).read_bytes())
    stamp = WORK / "stamp"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        stamp.write_text(digest.hexdigest())


def measure_ceilings(arguments, isa):
    file = WORK / f"{isa}.json"
    if not file.exists():
        print(f"sweep: {ISAS[isa]}, beside the ceilings", flush=True)
        file.write_text(run([ROOT / "build/bin/polyphase_sweep", f"--seed={arguments.seed}", f"--cases={arguments.cases}",
                             "--seconds=0.05", f"--target={TARGETS[isa]}", "--json"]))
    return json.loads(file.read_text())


def measure_beside(problem, isa, build, problems):
    """Seconds by library, medians; the versions that took part."""
    layout = problem["text"].split()[-1]
    directory = WORK / f"{isa}-{build}"
    directory.mkdir(exist_ok=True)
    file = directory / f"{problem['name']}.json"
    if not file.exists():
        partial = file.with_suffix(".partial")
        # Ends with 1 where oneDNN's numbers differ from ours; then its times are missing.
        partial.unlink(missing_ok=True)
        run([ROOT / "build/bin/polyphase_bench", problems, f"--isa={isa}", f"--onednn={build}", f"--cache={WORK / 'kernels'}",
             f"--benchmark_filter=^{problem['name']}/library:(polyphase|onednn)/layout:{layout}/.*threads:1",
             f"--benchmark_out={partial}", "--benchmark_repetitions=3", "--benchmark_min_time=0.03"], statuses=(0, 1))  # fmt: skip
        if not partial.exists():
            sys.exit(f"sweep: polyphase_bench wrote nothing about {problem['name']} ({problem['text']})")
        partial.rename(file)
    document = json.loads(file.read_text())
    seconds = {}
    for entry in document["benchmarks"]:
        if entry.get("aggregate_name") == "median":
            seconds[entry["name"].split("library:")[1].split("/")[0]] = 1e-9 * entry["real_time"]
    return seconds, document["context"]["onednn"]


def measure(arguments):
    keep_only_matching(arguments)
    problems = WORK / "problems.json"
    run([ROOT / "build/bin/polyphase_sweep", f"--seed={arguments.seed}", f"--cases={arguments.cases}", f"--emit={problems}"])
    isas, versions = {}, []
    for isa in arguments.isa:
        records = measure_ceilings(arguments, isa)
        for build in ONEDNN_BUILDS:
            print(f"sweep: {ISAS[isa]}, beside oneDNN ({build})", flush=True)
            for record in records:
                seconds, version = measure_beside(record, isa, build, problems)
                record.setdefault("beside", {})[build] = seconds
                if version not in versions:
                    versions.append(version)
        isas[isa] = records
    return isas, versions


def main():
    parser = argparse.ArgumentParser(prog="bench/sweep.py", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the problems (default: 1)")
    parser.add_argument("--cases", type=int, default=300, help="how many problems (default: 300)")
    parser.add_argument("--isa", action="append", choices=list(TARGETS), help="instruction set (repeatable; default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=PAGE, metavar="FILE", help="default: docs/benchmarks/sweep.md")
    arguments = parser.parse_args()
    arguments.isa = arguments.isa or list(TARGETS)
    # oneDNN's threads would share the cores with whatever is timed next.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    isas, versions = measure(arguments)
    cpu = next(line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    arguments.out.write_text("\n".join(page({
        "machine": cpu,
        "date": datetime.date.today().isoformat(),
        "commit": run(["git", "rev-parse", "--short", "HEAD"]).strip(),
        "command": shlex.join([".deps/bin/python3", "bench/sweep.py", *sys.argv[1:]]),
        "onednn": versions,
        "seed": arguments.seed,
        "isas": isas,
    })))
    print(f"sweep: {arguments.out}")


if __name__ == "__main__":
    main()
