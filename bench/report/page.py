"""The pages of a benchmark run, in Markdown: README.md with summary, plots and losses, layers.md with every layer."""

import collections
import json
import statistics

from results import CLASSES, ISAS, LAYOUTS, LIBRARIES, OURS

PEERS = [library for library in LIBRARIES if library != OURS]
LAYERS = "layers"

RETRIES = """
Beside XNNPACK and the newest oneDNN a layer is measured again, a few times at most, if the FMA peak fell far below the best
of the run: the processors of a virtual machine may share a core for some seconds.
"""


def write(results, directory):
    reasons_file = directory / "losses.json"
    reasons = json.loads(reasons_file.read_text()) if reasons_file.exists() else {}
    (directory / "README.md").write_text(overview(results, reasons))
    (directory / "layers.md").write_text(every_layer(results))


def table(header, rows):
    lines = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in [header, *rows]]
    lines.insert(1, "|---" * len(header) + "|")
    return "\n".join(lines) + "\n"


def overview(results, reasons):
    document = results.document
    machine = document["machine"]
    sections = [
        "# Benchmarks",
        f"""\
Written by `scripts/bench`; do not edit.
{machine["cpu"]}, {machine["cores"]} cores; {machine["date"]}; commit {document["commit"]}:

```sh
{document["command"]}
```
"""
        + ("\nA quick run: few repetitions, so single figures are rough.\n" if document["quick"] else "")
        + """
Ratios are a peer's time divided by ours, both in the same process, layout, instruction set and number of threads:
above 1 we are faster. Our schedules are chosen for this processor (`"machine": "host"`), as the peers' kernels are.
A ceiling is the time that this machine needs at best, measured beside each layer: direct FLOPs
at the FMA peak, or reading and writing every tensor once at the rate of the better of plain and streaming copies
(depthwise: of filling the output), whichever is longer. Fast algorithms need fewer FLOPs than the direct ones that are
counted, so they may exceed 100 %. [Every layer](layers.md); raw results in `results.json`; `bench/peers/README.md` says
how frameworks are measured.
"""
        + (RETRIES if document.get("retries") else ""),
        "## Summary",
        summary(results, LAYERS),
        "## Every layer against every peer",
        "![Ratios](ratios.png)",
    ]
    if document["ceilings"]:
        sections += [
            "## How close to the machine",
            "![Share of the ceiling](ceilings.png)\n\n![Share of the FMA peak against size](efficiency.png)",
        ]
    for name in sorted({row[0] for row in results.rows} - {LAYERS}):
        sections += [f"## The layers of `bench/{name}.json`", summary(results, name)]
    sections += [
        "## Losses",
        losses(results, reasons),
        "## Not run",
        not_run(results),
        "## Versions",
        versions(results),
    ]
    return "\n".join(section.rstrip("\n") + "\n" for section in sections)


def summary(results, problem_set):
    rows = {row: fields for row, fields in results.rows.items() if row[0] == problem_set}
    parts = []
    for isa, isa_name in ISAS.items():
        for threads in results.thread_counts():
            lines = []
            for name, belongs in {**CLASSES, "all": lambda row: True}.items():
                members = [row for row, fields in rows.items() if belongs(fields)]
                if threads > 1:
                    members = [row for row in members if takes_a_millisecond(results, row, isa)]
                line = summary_line(results, members, isa, threads)
                if line:
                    lines.append([name, *line])
            if lines:
                scope = "one thread" if threads == 1 else f"{threads} threads, layers that take more than 1 ms with one"
                header = [
                    "Layers",
                    "Count",
                    "Of the ceiling: median",
                    "least",
                    "Ratio to the best peer: geometric mean",
                    "least",
                ]
                if threads > 1:
                    header += ["Speed-up over one thread: median", "least"]
                parts.append(f"{isa_name}, {scope}:\n\n" + table(header, lines))
    return "\n".join(parts) or "Nothing was measured.\n"


def takes_a_millisecond(results, row, isa):
    times = [record["median_ms"] for layout in LAYOUTS if (record := results.ours(row, layout, isa, 1))]
    return bool(times) and max(times) > 1


def summary_line(results, members, isa, threads):
    """Cells, or None if nothing of it was measured."""
    shares, ratios, speedups, measured = [], [], [], set()
    for row in members:
        for layout in LAYOUTS:
            where = f"{row[1]} {layout}"
            if results.ours(row, layout, isa, threads):
                measured.add(row)
            if (share := results.share(row, layout, isa, threads)) is not None:
                shares.append((share, where))
            if (best := results.best_peer(row, layout, isa, threads)) is not None:
                ratios.append((best[1], f"{where}, {LIBRARIES[best[0]]}"))
            one, many = (results.time(row, OURS, layout, isa, count) for count in (1, threads))
            if one and many:
                speedups.append((one["median_ms"] / many["median_ms"], where))
    if not shares and not ratios:
        return None
    cells = [len(measured)]
    cells += (
        [
            percent(statistics.median(share for share, _ in shares)),
            "{} ({})".format(percent(min(shares)[0]), min(shares)[1]),
        ]
        if shares
        else ["", ""]
    )
    cells += (
        [f"{statistics.geometric_mean(ratio for ratio, _ in ratios):.2f}", "{:.2f} ({})".format(*min(ratios))]
        if ratios
        else ["", ""]
    )
    if threads > 1:
        cells += (
            [f"{statistics.median(s for s, _ in speedups):.2f}", "{:.2f} ({})".format(*min(speedups))]
            if speedups
            else ["", ""]
        )
    return cells


def percent(share):
    return f"{100 * share:.0f} %"


def every_layer(results):
    sections = [
        "# Every layer",
        """\
Written by `scripts/bench`; do not edit. For ours: milliseconds, median (10th to 90th percentile), and the share of the
[ceiling](README.md) with what binds. For peers: their time divided by ours in the same process; **bold** where ours is
slower. Empty: not run.
""",
    ]
    for problem_set in sorted({row[0] for row in results.rows}, key=lambda name: (name != LAYERS, name)):
        sections.append(f"## `bench/{problem_set}.json`")
        for isa, isa_name in ISAS.items():
            for threads in results.thread_counts():
                for layout in LAYOUTS:
                    text = layer_table(results, problem_set, layout, isa, threads)
                    if text:
                        sections.append(
                            f"### {layout}, {isa_name}, {threads} thread{'s' if threads > 1 else ''}\n\n{text}"
                        )
    return "\n".join(sections)


def layer_table(results, problem_set, layout, isa, threads):
    """None if nothing of it was measured."""
    rows = [row for row in results.rows if row[0] == problem_set]
    ratios = {row: results.ratios(row, layout, isa, threads) for row in rows}
    peers = [peer for peer in PEERS if any(peer in found for found in ratios.values())]
    blocked = {row: results.ratios(row, "blocked", isa, threads) for row in rows} if layout == "nhwc" else {}
    lines = []
    for row in rows:
        ours = results.ours(row, layout, isa, threads)
        if not ours:
            continue
        ceiling, share = results.ceiling(row, isa, threads), results.share(row, layout, isa, threads)
        fields = results.rows[row]
        line = [
            row[1],
            f"{fields['flop'] / 1e6:.0f}",
            f"{fields['bytes'] / 1e6:.1f}",
            f"{ours['median_ms']:.3g} ({ours['p10_ms']:.3g} to {ours['p90_ms']:.3g})",
            "" if share is None else f"{percent(share)} {'FMA' if ceiling[1] == 'fma' else 'bytes'}",
        ]
        line += [ratio_cell(ratios[row].get(peer)) for peer in peers]
        if any(blocked.values()):
            line.append(ratio_cell(blocked[row].get("onednn")))
        lines.append(line)
    if not lines:
        return None
    header = ["Layer", "MFLOP", "MB", "Polyphase, ms", "Of the ceiling", *(LIBRARIES[peer] for peer in peers)]
    return table(header + (["oneDNN blocked"] if any(blocked.values()) else []), lines)


def ratio_cell(ratio):
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"


def losses(results, reasons):
    found = results.losses()
    if not found:
        return "None.\n"
    lines = []
    for row, layout, isa, threads, library, ratio in found:
        _, ours, theirs = results.comparisons(row, layout, isa, threads)[library]
        times = [f"{record['median_ms']:.3g}" for record in (ours, theirs)]
        reason = reasons.get(row[1], "")
        lines.append([row[1], layout, ISAS[isa], threads, LIBRARIES[library], f"{ratio:.2f}", *times, reason])
    header = ["Layer", "Layout", "Instruction set", "Threads", "Faster", "Ratio", "Ours, ms", "Theirs, ms", "Why"]
    return (
        f"{len(found)} of {comparisons(results)} comparisons. Reasons are kept in [losses.json](losses.json).\n\n"
        + table(header, lines)
    )


def comparisons(results):
    return sum(
        len(results.ratios(row, layout, isa, threads))
        for row in results.rows
        for layout in LAYOUTS
        for isa in ISAS
        for threads in results.thread_counts()
    )


def not_run(results):
    """One line per library and reason, with all its layers."""
    groups = collections.defaultdict(list)
    for entry in results.document["not_run"]:
        where = " ".join(part for part in (entry.get("layout"), ISAS.get(entry.get("isa"))) if part)
        groups[entry["library"], entry["reason"]].append((entry["row"] or "all", where))
    lines = []
    for (library, reason), places in sorted(groups.items(), key=lambda group: [*PEERS, OURS, None].index(group[0][0])):
        names = list(dict.fromkeys(name for name, _ in places))
        wheres = list(dict.fromkeys(where for _, where in places if where))
        lines.append([LIBRARIES.get(library, "all"), ", ".join(names), ", ".join(wheres), reason.replace("|", "\\|")])
    return table(["Library", "Layers", "Where", "Why"], lines) if lines else "Everything was run.\n"


def versions(results):
    known = results.document["versions"]
    return table(["Library", "Version"], [[LIBRARIES.get(name, name), text] for name, text in known.items()])
