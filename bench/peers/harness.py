#!/usr/bin/env python3
"""Measures one framework beside Polyphase, layer by layer, in one process: one instruction set, one number of threads.

Both run the same layer on the same numbers. Their results are compared first; a mismatch is reported and not timed.
Then they take turns in blocks; the first run of a block is not timed and, with several threads, a pause goes before it,
so that threads of the other that still spin do not take its processor. One thread runs on one processor (--cpu).

Appends a line of JSON per record to the output file, and goes on after the layers that are there already.
"""

import argparse
import ctypes
import gc
import importlib
import json
import os
import pathlib
import re
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "conformance"))

from isa import ISA_ENVIRONMENT, ISA_REASONS  # noqa: E402
from kernels import Kernel  # noqa: E402
from layer import CannotRun, Layer, aligned_empty, channels_first, channels_last  # noqa: E402

PEERS = ["onnxruntime", "openvino", "litert", "torch"]

TOLERANCE = 1e-4  # of the largest output
BLOCKS = 5
LONG_RUN = 0.25  # seconds; such a run needs no warming up, and three are enough
PAUSE = 0.02  # seconds; longer than OpenMP, ONNX Runtime and pthreadpool spin by default


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("problems", type=pathlib.Path, help="problem file")
    parser.add_argument(
        "--kernels",
        required=True,
        type=pathlib.Path,
        help="directory with ISA-LAYOUT/libNAME.so of every problem, from polyphase compile --shared, and with "
        "inspect.json, what polyphase inspect --json says about the problems in nchw",
    )
    parser.add_argument("--out", required=True, type=pathlib.Path, help="file of JSON lines to add to")
    parser.add_argument("--isa", choices=["avx512", "avx2"], default="avx512")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rows", default="", help="only layers whose name matches this regular expression")
    parser.add_argument(
        "--seconds", type=float, default=0.25, help="time for each library and layer (default: %(default)s)"
    )
    parser.add_argument("--cpu", type=int, default=0, help="processor for one thread (default: %(default)s)")
    arguments = parser.parse_args()

    if (arguments.peer, arguments.isa) in ISA_REASONS:
        sys.exit(f"harness: {ISA_REASONS[arguments.peer, arguments.isa]}")
    if arguments.threads == 1:
        os.sched_setaffinity(0, {arguments.cpu})
    os.environ.update(ISA_ENVIRONMENT.get((arguments.peer, arguments.isa), {}))
    keep_memory()
    sys.path.append(str(ROOT / ".deps" / "peers" / arguments.peer))
    peer = importlib.import_module(f"{arguments.peer}_peer")

    shapes = {
        entry["name"]: entry["output"]["shape"]
        for entry in json.loads((arguments.kernels / "inspect.json").read_text())
    }
    rows = [row for row in json.loads(arguments.problems.read_text()) if re.search(arguments.rows, row["name"])]
    done = finished_rows(arguments.out)
    with arguments.out.open("a") as out:
        for number, row in enumerate(rows, 1):
            if row["name"] not in done:
                records = measure_row(peer, Layer(row, shapes[row["name"]]), arguments)
                out.writelines(json.dumps(record) + "\n" for record in records)
                out.flush()
                print(f"[{number}/{len(rows)}] {row['name']}: {summary(records)}", flush=True)


def keep_memory():
    """Makes malloc keep what is freed: frameworks that allocate in every run do not pay for fresh pages each time."""
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(m_mmap_max, 0)
    mallopt(m_trim_threshold, 2**31 - 1)
    mallopt(m_top_pad, 64 * 2**20)


def finished_rows(path):
    return {json.loads(line)["row"] for line in path.read_text().splitlines()} if path.exists() else set()


def measure_row(peer, layer, arguments):
    """The records of a layer: two per layout, or one with the reason why there are none."""
    records = []
    for layout in peer.LAYOUTS:
        key = {"row": layer.name, "layout": layout, "isa": arguments.isa, "threads": arguments.threads}
        try:
            ours, theirs = contenders(peer, layer, layout, arguments)
        except CannotRun as reason:
            records.append({**key, "library": arguments.peer, "not_run": str(reason), "version": peer.VERSION})
            continue
        times = take_turns([ours, theirs], arguments.seconds, PAUSE if arguments.threads > 1 else 0)
        for library, version, samples in zip(["polyphase", arguments.peer], [None, peer.VERSION], times):
            p10, median, p90 = np.percentile(np.array(samples) * 1e-6, [10, 50, 90])
            records.append(
                {
                    **key,
                    "library": library,
                    "beside": arguments.peer,
                    "median_ms": round(median, 6),
                    "p10_ms": round(p10, 6),
                    "p90_ms": round(p90, 6),
                    "runs": len(samples),
                    **({"version": version} if version else {}),
                }
            )
    return records


def contenders(peer, layer, layout, arguments):
    """What runs the layer in Polyphase and in the peer, whose results have been compared."""
    their_run, their_result = peer.prepare(layer, layout, arguments.threads)
    in_memory = channels_last if layout == "nhwc" else lambda array: array
    output = in_memory(aligned_empty(layer.output_shape))
    kernel = Kernel(arguments.kernels / f"{arguments.isa}-{layout}", layer.name, output.shape, arguments.threads)
    if layer.weights is not None:
        kernel.pack(layer.weights, layer.bias)
    our_run = kernel.bind(in_memory(layer.x), output, None if layer.indices is None else in_memory(layer.indices))

    our_run()
    their_run()
    expected = channels_first(output) if layout == "nhwc" else output
    found = their_result()
    if found.shape != expected.shape:
        raise CannotRun(f"mismatch: Polyphase gives {expected.shape}, {arguments.peer} {found.shape}")
    error, largest = np.abs(found - expected).max(), np.abs(expected).max()
    if not error <= TOLERANCE * largest:
        message = f"mismatch: results differ by {error:.3g} of {largest:.3g}"
        print(
            f"harness: {layer.name}, {layout}, {arguments.isa}, {arguments.threads} thread(s): {message}",
            file=sys.stderr,
            flush=True,
        )
        raise CannotRun(message)
    return our_run, their_run


def take_turns(runs, seconds, pause):
    """The times of each, in nanoseconds."""
    clock = time.perf_counter_ns
    times = [[] for _ in runs]
    gc.collect()
    gc.disable()
    for block in range(BLOCKS):
        for run, samples in zip(runs, times):
            long = samples and samples[0] > LONG_RUN * 1e9
            if long and block > 2:
                continue
            time.sleep(pause)
            if not long:
                run()
            end = clock() + seconds * 1e9 / BLOCKS
            while True:
                start = clock()
                run()
                stop = clock()
                samples.append(stop - start)
                if stop >= end:
                    break
    gc.enable()
    return times


def summary(records):
    parts = []
    for record in records:
        text = record.get("not_run", "")
        parts.append(
            f"{record['library']} {record['layout']} " + (text[:60] if text else f"{record['median_ms']:.3f} ms")
        )
    return ", ".join(parts)


if __name__ == "__main__":
    main()
