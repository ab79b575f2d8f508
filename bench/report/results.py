"""Results of a benchmark run: how they are put together, and the ratios that every table and plot shows.

    {"machine": {"cpu", "cores", "date"}, "commit", "command", "quick", "versions": {library: text},
     "retries": whether disturbed rows were measured again; absent: false,
     "rows":     [{"set", "flop", "bytes", "output_elements", and the fields of the problem file}],
     "ceilings": [{"set", "row", "kind": "fma", "copy", "streaming" or "fill", "isa" (fma), "threads", "value"}],
     "records":  [{"set", "row", "library", "layout", "isa", "threads", "median_ms", "p10_ms", "p90_ms", "runs",
                   "beside"}],
     "not_run":  [{"set", "row", "library", "layout", "isa", "threads", "reason"}]: null row or library stands for all}

A set is the name of a problem file. A ceiling's value is GFLOP/s or GB/s. `beside` names the process that a record
comes from: only times of one process are compared.
"""

import collections
import json
import math
import statistics

LIBRARIES = {
    "polyphase": "Polyphase",
    "onednn": "oneDNN",
    "onednn_with_reorders": "oneDNN with reorders",
    "xnnpack": "XNNPACK",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "litert": "LiteRT",
    "torch": "PyTorch",
}
OURS = "polyphase"
CPP = "polyphase_bench"
CPP_OPENMP = "polyphase_bench --onednn openmp"
ISAS = {"avx512": "AVX-512", "avx2": "AVX2"}
LAYOUTS = ["nchw", "nhwc"]


def fma_peaks(document):
    """GFLOP/s of every time that a file of polyphase_bench has the FMA peak."""
    return [ceiling["value"] for ceiling in google_benchmark_records(document, None)[1] if ceiling["kind"] == "fma"]


def google_benchmark_records(document, isa, beside=CPP):
    """Records, ceilings (without their set) and not_run of a file of polyphase_bench."""
    times, ceilings, counters = collections.defaultdict(list), [], {}
    for entry in document["benchmarks"]:
        if entry["run_type"] != "iteration" or entry.get("error_occurred"):
            continue
        parts = entry["run_name"].split("/")
        fields = dict(part.split(":", 1) for part in parts if ":" in part)
        threads = int(fields["threads"])
        if "ceiling" in parts:
            kind = parts[parts.index("ceiling") + 1]
            ceilings.append(
                {
                    "kind": kind,
                    "threads": threads,
                    **({"isa": fields["isa"]} if kind == "fma" else {}),
                    "value": entry["gflops" if kind == "fma" else "gbytes_per_s"],
                }
            )
        else:
            key = (parts[0], fields["library"], fields["layout"], threads)
            times[key].append(entry["real_time"] * {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}[entry["time_unit"]])
            counters[key] = {name: entry[name] for name in ("creation_ms", "pack_ms", "first_run_ms") if name in entry}
    records = []
    for (row, library, layout, threads), samples in times.items():
        samples.sort()
        records.append(
            {
                "row": row,
                "library": library,
                "layout": layout,
                "isa": isa,
                "threads": threads,
                "median_ms": statistics.median(samples),
                "p10_ms": quantile(samples, 0.1),
                "p90_ms": quantile(samples, 0.9),
                "runs": len(samples),
                "beside": beside,
                **counters[row, library, layout, threads],
            }
        )
    left_out = json.loads(document["context"].get("left_out", "[]"))
    return records, ceilings, [{**entry, "isa": isa, "threads": None} for entry in left_out]


def quantile(ordered, share):
    """Linear between the samples, as numpy.percentile."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def dump(results, path):
    """JSON with a line per entry of each list: compact, and readable as a difference."""
    parts = []
    for key, value in results.items():
        if isinstance(value, list):
            text = "[" + ",".join("\n" + json.dumps(rounded(entry)) for entry in value) + "\n]"
        else:
            text = json.dumps(value)
        parts.append(f"{json.dumps(key)}: {text}")
    path.write_text("{" + ",\n".join(parts) + "}\n")


def rounded(entry):
    """Numbers with five significant digits."""
    return {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in entry.items()}


class Results:
    """Looks up what the report shows."""

    def __init__(self, document):
        self.document = document
        self.rows = {(row["set"], row["name"]): row for row in document["rows"]}
        self._times = {}
        for record in document["records"]:
            key = (record["set"], record["row"], record["library"], record["layout"], record["isa"], record["threads"])
            self._times[(*key, record["beside"])] = record
        self._ceilings = collections.defaultdict(list)
        for ceiling in document["ceilings"]:
            key = (ceiling["set"], ceiling["row"], ceiling["kind"], ceiling.get("isa"), ceiling["threads"])
            self._ceilings[key].append(ceiling["value"])

    def time(self, row, library, layout, isa, threads, beside=CPP):
        """The record, or None."""
        return self._times.get((*row, library, layout, isa, threads, beside))

    def ours(self, row, layout, isa, threads):
        """Our record: that of polyphase_bench, where the ceilings are, or else one beside any peer, or None."""
        for beside in [CPP, CPP_OPENMP, *LIBRARIES]:
            if record := self.time(row, OURS, layout, isa, threads, beside):
                return record
        return None

    def comparisons(self, row, layout, isa, threads):
        """(ratio, our record, theirs) of each peer in `layout`, by library: its time divided by ours in the same
        process. Above 1 we are faster. Of the two builds of oneDNN the better counts. "blocked" is oneDNN without
        reorders beside our nhwc."""
        found = {}
        for library in LIBRARIES:
            for beside in (CPP, CPP_OPENMP, library):
                theirs = self.time(row, library, layout, isa, threads, beside)
                ours = self.time(row, OURS, "nhwc" if layout == "blocked" else layout, isa, threads, beside)
                if library != OURS and theirs and ours:
                    ratio = theirs["median_ms"] / ours["median_ms"]
                    if library not in found or ratio < found[library][0]:
                        found[library] = (ratio, ours, theirs)
        return found

    def ratios(self, row, layout, isa, threads):
        """The ratios of comparisons(), by library."""
        return {library: found[0] for library, found in self.comparisons(row, layout, isa, threads).items()}

    def best_peer(self, row, layout, isa, threads):
        """(library, ratio) of the fastest peer, or None."""
        found = self.ratios(row, layout, isa, threads)
        return min(found.items(), key=lambda item: item[1]) if found else None

    def ceiling(self, row, isa, threads):
        """(milliseconds that the machine needs at best, "fma" or "bytes", whichever binds), or None. Bytes are copied
        with the better of plain and streaming stores; a depthwise layer is held against filling its output instead."""

        def rate(kind):
            values = self._ceilings.get((*row, kind, None, threads))
            return statistics.median(values) if values else None

        fields = self.rows[row]
        fma = self._fma_peak(row, isa, threads)
        copies = [value for value in (rate("copy"), rate("streaming")) if value]
        if not fma or not copies:
            return None
        arithmetic = fields["flop"] / fma * 1e-6
        moving = fields["bytes"] / max(copies) * 1e-6
        if is_depthwise(fields) and rate("fill"):
            moving = 4 * fields["output_elements"] / rate("fill") * 1e-6
        return (moving, "bytes") if moving > arithmetic else (arithmetic, "fma")

    def share(self, row, layout, isa, threads):
        """Ceiling / our time, or None."""
        ceiling, ours = self.ceiling(row, isa, threads), self.time(row, OURS, layout, isa, threads)
        return ceiling[0] / ours["median_ms"] if ceiling and ours else None

    def fma_share(self, row, layout, isa, threads, library=OURS):
        """Direct FLOPs per second of `library` as a share of the FMA peak, or None."""
        builds = [CPP] if library == OURS else [CPP, CPP_OPENMP]
        records = [record for build in builds if (record := self.time(row, library, layout, isa, threads, build))]
        peak = self._fma_peak(row, isa, threads)
        if not records or not peak or not self.rows[row]["flop"]:
            return None
        fastest = min(record["median_ms"] for record in records)
        return self.rows[row]["flop"] / fastest * 1e-6 / peak

    def _fma_peak(self, row, isa, threads):
        """GFLOP/s, or None: of several cores, as many times one core's, which is what they do at best."""
        values = self._ceilings.get((*row, "fma", isa, 1))
        return threads * statistics.median(values) if values else None

    def losses(self):
        """(row, layout, isa, threads, library, ratio) of every peer that is faster in the same layout, worst first."""
        found = []
        for row in self.rows:
            for isa in ISAS:
                for threads in self.thread_counts():
                    for layout in LAYOUTS:
                        found += [
                            (row, layout, isa, threads, library, ratio)
                            for library, ratio in self.ratios(row, layout, isa, threads).items()
                            if ratio < 1
                        ]
        return sorted(found, key=lambda loss: loss[-1])

    def thread_counts(self):
        return sorted({record["threads"] for record in self.document["records"]})


def is_depthwise(row):
    return row["op"] == "conv_transpose" and row.get("groups", 1) == row["input"][1] == row["out_channels"] > 1


def _convolution(row):
    return row["op"] == "conv_transpose" and not is_depthwise(row)


def _k4s2(row):
    if row["op"] == "resize_conv":
        return row["mode"] == "nearest" and set(row["kernel"]) == {3}
    return (
        _convolution(row)
        and set(row.get("dilation", [1])) == {1}
        and (
            (set(row["kernel"]), set(row["stride"])) == ({4}, {2})
            or (len(row["kernel"]) == 1 and row["stride"][0] > 1 and row["kernel"][0] == 2 * row["stride"][0])
        )
    )


CLASSES = {
    "transposed convolution, at least 50 MFLOP": lambda row: _convolution(row) and row["flop"] >= 50e6,
    "k4 s2, nearest + 3x3, 1-D k = 2s": _k4s2,
    "k = s": lambda row: _convolution(row) and row["kernel"] == row["stride"],
    "1 to 3 output channels": lambda row: _convolution(row) and row["out_channels"] <= 3,
    "few odd output channels, stride 4 and more": lambda row: _convolution(row)
    and 3 < row["out_channels"] < 64
    and row["out_channels"] % 2 == 1
    and min(row["stride"]) >= 4,
    "depthwise": is_depthwise,
    "nearest, linear, unpooling, depth to space": lambda row: row["op"]
    in ("max_unpool", "depth_to_space", "zero_insert")
    or (row["op"] == "resize" and row["mode"] in ("nearest", "linear")),
    "bicubic and other tap tables": lambda row: row["op"] == "resize" and row["mode"] not in ("nearest", "linear"),
}
