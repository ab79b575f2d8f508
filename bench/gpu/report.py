"""The page about a run of scripts/gpu-check, from its results."""

import math

CLASSES = [
    ("convolutions of at least 1 GFLOP", lambda row: is_convolution(row) and row["flops"] >= 1e9),
    ("smaller convolutions", lambda row: is_convolution(row) and row["flops"] < 1e9),
    ("resampling, unpooling, depth to space", lambda row: not is_convolution(row)),
]


def is_convolution(row):
    return row["op"] in ("conv_transpose", "conv", "resize_conv")


def summary(results):
    """Some lines for a terminal."""
    lines = []
    if "application" in results:
        lines.append(f"an application of the CUDA runtime's: {results['application']}")
    for suite, counts in results.get("suites", {}).items():
        lines.append(f"{suite}: {counts['run']} run, {counts['wrong']} wrong")
    measured = timed(results)
    if results.get("layers"):
        lines.append(f"layers: {sum(row.get('ok', False) for row in results['layers'])} of {len(results['layers'])} right")
    ceilings = results.get("ceilings")
    if ceilings:
        lines.append(f"ceilings: {ceilings['fma_tflops']:.1f} TFLOP/s, copy {ceilings['copy_tbs']:.2f} TB/s")
    for name, members in grouped(measured):
        parts = [f"{len(members)} timed"]
        shares = [share(row, ceilings) for row in members] if ceilings else []
        if shares:
            parts.append(f"of the ceiling: median {percent(median(shares))}, least {percent(min(shares))}")
        ratios = [row["us_torch"] / row["us_ours"] for row in peers(results, members)]
        if ratios:
            parts.append(f"PyTorch's time / ours: geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}")
        lines.append(f"{name}: " + "; ".join(parts))
    for name, text in results.get("sanitizers", {}).items():
        lines.append(f"{name}: {text}")
    lines += [f"not run: {entry['what']}: {entry['why']}" for entry in results["not_run"]]
    lines.append(f"{len(results['wrong'])} wrong")
    lines += [f"WRONG: {what}" for what in results["wrong"][:20]]
    return lines


def page(results):
    device = results["device"]
    ceilings = results.get("ceilings")
    text = ["# CUDA benchmarks", "", "Written by `scripts/gpu-check`; do not edit.",
            f"{device['device']}, capability {device['capability'] / 10:.1f}, driver CUDA {device['driver'] / 1000:.1f}; "
            f"{results['host']}; {results['date']}; commit {results['commit']}.", ""]
    text += ["One run of each layer, in a captured graph of runs on several sets of tensors in turn that together exceed the L2",
             "cache; medians. The ceiling is the longer of direct FLOPs at the FMA peak and every tensor once at the rate of a",
             "copy kernel, both measured in this run. PyTorch does the same with TF32 off and cuDNN's benchmark mode on; \"cuDNN\" is",
             "its convolution without bias and activation. Ratios are their time divided by ours. \"Compiled in\" is what the driver",
             "takes for the first load, beside seven other processes.", ""]
    text += ["## Summary", ""] + [f"- {line}" for line in summary(results)] + [""]
    if ceilings:
        text += ["## Ceilings", "", "| | |", "|---|---|", f"| FMA, f32 | {ceilings['fma_tflops']:.1f} TFLOP/s |",
                 f"| copy kernel, read + written | {ceilings['copy_tbs']:.2f} TB/s |",
                 f"| driver's copy | {ceilings['memcpy_tbs']:.2f} TB/s |", f"| fill | {ceilings['fill_tbs']:.2f} TB/s |",
                 f"| copy within the L2 cache | {ceilings['l2_copy_tbs']:.2f} TB/s |", ""]
    rows = timed(results)
    if rows:
        peer = {row["name"]: row for row in results.get("torch", [])}
        text += ["## Layers", "", "| Layer | Layout | µs | TFLOP/s | TB/s | Of the ceiling | PyTorch µs | ratio | cuDNN ratio | Schedule | Compiled in, ms |",
                 "|---|---|---|---|---|---|---|---|---|---|---|"]
        text += [layer_line(row, peer.get(row["name"], {}), ceilings) for row in rows] + [""]
    left_out = [row for row in results.get("torch", []) if "left_out" in row]
    if left_out:
        text += ["## What PyTorch did not run", ""] + [f"- {row['name']}: {row['left_out']}" for row in left_out] + [""]
    return "\n".join(text)


def layer_line(row, peer, ceilings):
    name = row["name"].rsplit("_", 1)[0]
    cells = [name, row["layout"], number(row["us"]), f"{row['flops'] / row['us'] / 1e6:.2f}", f"{row['bytes'] / row['us'] / 1e6:.2f}",
             percent(share(row, ceilings)) if ceilings else "", number(peer["us_torch"]) if "us_torch" in peer else "",
             ratio(peer, "us_torch"), ratio(peer, "us_bare"), schedule(row),
             f"{row.get('compile_ms') or row['load_ms']:.0f}"]
    return "| " + " | ".join(cells) + " |"


def schedule(row):
    chosen = row.get("schedule") or {}
    return " ".join([chosen.get("family", ""), *(f"{name}={value}" for name, value in chosen.get("params", {}).items())])


def ratio(peer, which):
    return f"{peer[which] / peer['us_ours']:.2f}" if which in peer else ""


def timed(results):
    return [row for row in results.get("layers", []) if "us" in row]


def grouped(rows):
    for name, belongs in CLASSES:
        members = [row for row in rows if belongs(row)]
        if members:
            yield name, members


def peers(results, rows):
    names = {row["name"] for row in rows}
    return [row for row in results.get("torch", []) if row["name"] in names and "us_torch" in row]


def share(row, ceilings):
    """Of what the nearer of the two ceilings allows."""
    return max(row["flops"] / (ceilings["fma_tflops"] * 1e6), row["bytes"] / (ceilings["copy_tbs"] * 1e6)) / row["us"]


def number(us):
    return f"{us:.1f}" if us < 100 else f"{us:.0f}"


def percent(value):
    return f"{100 * value:.0f} %"


def median(values):
    return sorted(values)[len(values) // 2]


def geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))
