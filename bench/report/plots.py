"""The pictures of a benchmark run: bench/layers.json with one thread and AVX-512 (or AVX2, if that is all there is)."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

from results import ISAS, LAYOUTS, LIBRARIES, OURS  # noqa: E402

SET, THREADS = "layers", 1
WIN, LOSS, FMA, BYTES, INK = "#3a923a", "#c03d3e", "#3274a1", "#e1812c", "#333333"
MARKERS = {
    "onednn": ("o", "#3274a1"),
    "onednn_with_reorders": ("s", "#7fb2d4"),
    "xnnpack": ("^", "#9372b2"),
    "onnxruntime": ("D", "#845b53"),
    "openvino": ("p", "#d684bd"),
    "litert": ("v", "#e1812c"),
    "torch": ("h", "#7f7f7f"),
}

plt.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "axes.axisbelow": True,
        "figure.facecolor": "white",
        "savefig.dpi": 110,
        "savefig.bbox": "tight",
    }
)


def write(results, directory):
    isa = next((isa for isa in ISAS if any(record["isa"] == isa for record in results.document["records"])), "avx512")
    rows = [row for row in results.rows if row[0] == SET]
    pictures = {"ratios": ratios}
    if results.document["ceilings"]:
        pictures |= {"ceilings": ceilings, "efficiency": efficiency}
    for name, draw in pictures.items():
        figure = draw(results, rows, isa)
        figure.savefig(directory / f"{name}.png", metadata={"Software": None})
        plt.close(figure)


def title(results, text, isa):
    return f"{text}\n{ISAS[isa]}, one thread; {results.document['machine']['cpu']}"


def by_layer(count, columns, width):
    """Axes with a line per layer, the first on top."""
    figure, axes = plt.subplots(
        1, columns, figsize=(width, 2 + 0.2 * count), sharey=True, squeeze=False, layout="constrained"
    )
    axes[0][0].set_ylim(count - 0.4, -0.6)
    return figure, axes[0]


def name_layers(axis, rows):
    axis.set_yticks(range(len(rows)), [row[1] for row in rows])
    axis.tick_params(axis="y", length=0)
    axis.grid(False, axis="y")


def ratios(results, rows, isa):
    rows = [row for row in rows if any(results.ratios(row, layout, isa, THREADS) for layout in LAYOUTS)]
    figure, axes = by_layer(max(1, len(rows)), 2, 12)
    figure.suptitle(title(results, "Time of each library / time of Polyphase", isa))
    seen = {}
    for axis, layout in zip(axes, LAYOUTS):
        for place, row in enumerate(rows):
            found = results.ratios(row, layout, isa, THREADS)
            if not found:
                continue
            best = min(found.values())
            axis.barh(place, best - 1, left=1, height=0.62, color=WIN if best >= 1 else LOSS, alpha=0.75, linewidth=0)
            for library, ratio in found.items():
                marker, colour = MARKERS[library]
                seen[library] = axis.scatter(
                    ratio, place, marker=marker, s=26, color=colour, edgecolors="white", linewidths=0.4, zorder=3
                )
        axis.axvline(1, color=INK, linewidth=1)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel(f"{layout}: times as long as Polyphase (right of 1: Polyphase is faster)")
    name_layers(axes[0], rows)
    handles = {LIBRARIES[library]: seen[library] for library in MARKERS if library in seen}
    handles["best of them slower than Polyphase"] = plt.Rectangle((0, 0), 1, 1, color=WIN, alpha=0.75)
    handles["best of them faster"] = plt.Rectangle((0, 0), 1, 1, color=LOSS, alpha=0.75)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False)
    return figure


def ceilings(results, rows, isa):
    rows = [row for row in rows if any(results.share(row, layout, isa, THREADS) for layout in LAYOUTS)]
    figure, axes = by_layer(max(1, len(rows)), 2, 11)
    figure.suptitle(title(results, "Share of the ceiling measured beside each layer", isa))
    for axis, layout in zip(axes, LAYOUTS):
        for place, row in enumerate(rows):
            share = results.share(row, layout, isa, THREADS)
            if share is not None:
                axis.barh(
                    place,
                    100 * share,
                    height=0.7,
                    linewidth=0,
                    color=FMA if results.ceiling(row, isa, THREADS)[1] == "fma" else BYTES,
                )
        axis.axvline(100, color=INK, linewidth=1)
        axis.set_xlabel(f"{layout}: % of the ceiling")
    name_layers(axes[0], rows)
    figure.legend(
        [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in (FMA, BYTES)],
        ["bound by arithmetic: direct FLOPs at the FMA peak", "bound by memory: every tensor read or written once"],
        loc="outside lower center",
        ncols=2,
        frameon=False,
    )
    return figure


def efficiency(results, rows, isa):
    figure, axis = plt.subplots(figsize=(9, 5), layout="constrained")
    convolutions = [row for row in rows if "kernel" in results.rows[row] and results.rows[row]["flop"]]
    for layout, marker, colour in zip(LAYOUTS, "os", (FMA, BYTES)):
        points = [
            (results.rows[row]["flop"] / 1e6, 100 * share)
            for row in convolutions
            if (share := results.fma_share(row, layout, isa, THREADS)) is not None
        ]
        peers = [
            (results.rows[row]["flop"] / 1e6, 100 * max(shares))
            for row in convolutions
            if (
                shares := [
                    share
                    for library in LIBRARIES
                    if library != OURS and (share := results.fma_share(row, layout, isa, THREADS, library)) is not None
                ]
            )
        ]
        axis.scatter(
            *(zip(*peers) if peers else ([], [])),
            marker=marker,
            s=20,
            facecolors="none",
            edgecolors=colour,
            linewidths=0.8,
            label=f"best of oneDNN and XNNPACK, {layout}",
        )
        axis.scatter(
            *(zip(*points) if points else ([], [])),
            marker=marker,
            s=28,
            color=colour,
            edgecolors="white",
            linewidths=0.4,
            label=f"Polyphase, {layout}",
        )
    axis.axhline(100, color=INK, linewidth=1)
    axis.set_xscale("log")
    axis.set_ylim(0)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value < 1e4 else f"{value / 1e3:g}k"))
    axis.set_xlabel("MFLOP of the layer, direct")
    axis.set_ylabel("% of the FMA peak")
    axis.set_title(title(results, "Convolutions: share of the FMA peak against size", isa), fontsize="medium")
    figure.legend(loc="outside lower center", frameon=False, ncols=2)
    return figure
