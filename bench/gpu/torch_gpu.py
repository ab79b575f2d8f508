#!/usr/bin/env python3
"""Measures PyTorch, and through it cuDNN, beside our CUDA kernels: in one process, on PyTorch's streams and memory.

Both get the same tensors and are timed alike: runs on several sets of tensors in turn, together larger than the L2
cache, captured in a CUDA graph, between CUDA events. TF32 is off, cuDNN's benchmark mode on. Prints a line of JSON per
layer and layout:
  us_ours, us_torch   one run, median; PyTorch's with bias and activation, as ours
  us_bare             PyTorch's convolution without bias and activation, which is little but cuDNN
  error               largest difference of the two results over the largest value
or `left_out`, and why.
"""

import argparse
import ctypes
import json
import math
import pathlib
import re
import statistics
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "peers"))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from layer import CannotRun, Layer  # noqa: E402
from torch_peer import ACTIVATIONS, operation  # noqa: E402

# PyTorch computes where an output of a resampling lies in f32: 1000 pixels from the border that is 6e-5 of a pixel off.
TOLERANCE, RESIZE_TOLERANCE = 1e-4, 1e-3
MOST_SETS = 64
REPETITIONS = 9
FORMATS = {
    ("nchw", 1): torch.contiguous_format,
    ("nchw", 2): torch.contiguous_format,
    ("nchw", 3): torch.contiguous_format,
    ("nhwc", 2): torch.channels_last,
    ("nhwc", 3): torch.channels_last_3d,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", type=pathlib.Path, help="directory of layers.json, shapes.json and the libraries")
    parser.add_argument("--rows", default="", help="only layers whose name matches this regular expression")
    parser.add_argument("--skip", type=int, default=0, help="not the first so many of them")
    parser.add_argument("--seconds", type=float, default=1e9, help="begin no other after this time")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print(json.dumps({"left_out_all": "PyTorch sees no CUDA device"}))
        return 77
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    show({"torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "cuda": torch.version.cuda})

    start = time.monotonic()
    shapes = json.loads((arguments.kernels / "shapes.json").read_text())
    rows = [row for row in json.loads((arguments.kernels / "layers.json").read_text())
            if re.search(arguments.rows, row["name"])]
    for row in rows[arguments.skip:]:
        line = {"name": row["name"], "layout": row["layout"], "op": row["op"]}
        if time.monotonic() - start > arguments.seconds:
            show(line | {"not_run": "its time was up"})
            continue
        try:
            show(line | measure(Layer(row, shapes[row["name"]]), arguments.kernels))
        except CannotRun as reason:
            show(line | {"left_out": str(reason)})
        except RuntimeError as error:
            show(line | {"left_out": str(error).splitlines()[0]})
        torch.cuda.empty_cache()
    return 0


def show(line):
    print(json.dumps(line), flush=True)


@torch.inference_mode()
def measure(layer, kernels):
    layout = layer.row["layout"]
    layer.require((layout, layer.rank) in FORMATS, "PyTorch has no channels-last format of one spatial axis")

    def tensor(array):
        return torch.from_numpy(array).contiguous(memory_format=FORMATS[layout, layer.rank]).cuda()

    ours = OurKernel(kernels, layer, tensor)
    size = 4 * (layer.x.size + torch.Size(layer.output_shape).numel()) + ours.packed_size
    l2 = torch.cuda.get_device_properties(0).L2_cache_size
    sets = min(max(3 * l2 // size + 1, 2), MOST_SETS)
    inputs = [tensor(layer.x) for _ in range(sets)]
    activation = ACTIVATIONS[layer.activation]
    functions = [operation(layer, tensor, "cuda") for _ in range(sets)]
    expected = activation(functions[0](inputs[0]))

    packed = [ours.pack() for _ in range(sets)]
    outputs = [tensor(np.full(layer.output_shape, np.nan, np.float32)) for _ in range(sets)]
    ours.run(inputs[0], packed[0], outputs[0])
    torch.cuda.synchronize()
    largest = expected.abs().max().item()
    error = (outputs[0] - expected).abs().max().item() / max(largest, 1e-30)
    tolerance = RESIZE_TOLERANCE if layer.op == "resize" else TOLERANCE
    result = {"sets": sets, "error": error if math.isfinite(error) else str(error), "agrees": error <= tolerance}

    result["us_ours"] = time_runs([lambda i=i: ours.run(inputs[i], packed[i], outputs[i]) for i in range(sets)])
    result["us_torch"] = time_runs([lambda i=i: activation(functions[i](inputs[i])) for i in range(sets)])
    if layer.op in ("conv_transpose", "conv"):
        layer.bias = None
        bare = [operation(layer, tensor, "cuda") for _ in range(sets)]
        result["us_bare"] = time_runs([lambda i=i: bare[i](inputs[i]) for i in range(sets)])
    return result


def time_runs(runs):
    """Microseconds of one of them, in a captured graph of all."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for run in runs[:2]:  # cuDNN looks for its best algorithm
            run()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kept = [run() for run in runs]  # every run has an output of its own
    graph.replay()
    times = []
    for _ in range(REPETITIONS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(1e3 * begin.elapsed_time(end) / len(runs))
    del kept
    return statistics.median(times)


class OurKernel:
    """libNAME.so, called with PyTorch's memory on PyTorch's current stream."""

    def __init__(self, kernels, layer, tensor):
        self._name = layer.name
        self._library = ctypes.CDLL(str(kernels.resolve() / f"lib{layer.name}.so"))
        for suffix in ("packed_size_cuda", "workspace_size_cuda"):
            self._function(suffix).restype = ctypes.c_size_t
        self._function("last_error").restype = ctypes.c_char_p
        self.packed_size = self._function("packed_size_cuda")()
        self._workspace = torch.empty(self._function("workspace_size_cuda")() + 1, dtype=torch.uint8, device="cuda")
        self._weights = None if layer.weights is None else torch.from_numpy(layer.weights).cuda()
        self._bias = None if layer.bias is None else torch.from_numpy(layer.bias).cuda()
        self._indices = None if layer.indices is None else tensor(layer.indices)

    def pack(self):
        if self._weights is None:
            self._call("load_cuda")
            return None
        packed = torch.empty(self.packed_size, dtype=torch.uint8, device="cuda")
        self._call("pack_cuda", self._weights, self._bias, packed, stream_handle())
        return packed

    def run(self, x, packed, output):
        if self._indices is not None:
            self._call("run_indexed_cuda", x, self._indices, output, self._workspace, stream_handle())
        else:
            self._call("run_cuda", x, packed, output, self._workspace, stream_handle())

    def _function(self, suffix):
        return getattr(self._library, f"{self._name}_{suffix}")

    def _call(self, suffix, *arguments):
        pointers = [argument.data_ptr() if isinstance(argument, torch.Tensor) else argument for argument in arguments]
        if self._function(suffix)(*map(ctypes.c_void_p, pointers)) != 0:
            raise RuntimeError(self._function("last_error")().decode())


def stream_handle():
    return torch.cuda.current_stream().cuda_stream


if __name__ == "__main__":
    sys.exit(main())
