"""One row of a problem file with tensors to run it on, for Polyphase and every peer alike."""

import math

import numpy as np

ALIGNMENT = 64


class CannotRun(Exception):
    """Why a peer is not measured on a layer: a sentence for the report."""


class Layer:
    """The row's fields, and its tensors in PyTorch's and ONNX's layouts: x [N, C, spatial...], weights
    [Cin, Cout/groups, k...] of a transposed convolution and [Cout, Cin/groups, k...] of a convolution, bias [Cout],
    indices (max unpooling) per (n, c) plane."""

    def __init__(self, row, output_shape):
        random = np.random.default_rng(1)
        self.row = row
        self.name, self.op = row["name"], row["op"]
        self.rank = len(row["input"]) - 2
        self.output_shape = tuple(output_shape)
        self.spatial = list(output_shape[2:])
        self.kernel = self._per_axis("kernel", 1)
        self.stride = self._per_axis("stride", 1)
        self.dilation = self._per_axis("dilation", 1)
        self.output_padding = self._per_axis("output_padding", 0)
        self.pads = [list(pad) if isinstance(pad, list) else [pad, pad] for pad in self._per_axis("pads", 0)]
        self.groups = row.get("groups", 1)
        self.activation = row.get("activation", "none")
        self.x = aligned(random.uniform(-1, 1, row["input"]))
        self.weights = self.bias = self.indices = None
        if self.op in ("conv_transpose", "resize_conv", "conv"):
            cin, cout = row["input"][1], row["out_channels"]
            outer, inner = (cin, cout) if self.op == "conv_transpose" else (cout, cin)
            terms = cin // self.groups * math.prod(self.kernel)
            self.weights = aligned(
                random.uniform(-1, 1, [outer, inner // self.groups, *self.kernel]) / math.sqrt(terms)
            )
            self.bias = aligned(random.uniform(-1, 1, [cout])) if row.get("bias", False) else None
        if self.op == "max_unpool":
            self.indices = self._unpool_indices(random)

    def resize_scale(self):
        """Outputs per input, of a resize_conv's resampling."""
        return [int(scale) for scale in self._per_axis("scale", 1)]

    def effective_pads(self):
        """Begin and end pad per axis with the output padding in them: O = (I-1)s + (k-1)d + 1 - begin - end."""
        whole = [
            (i - 1) * s + (k - 1) * d + 1
            for i, s, k, d in zip(self.row["input"][2:], self.stride, self.kernel, self.dilation)
        ]
        return [[pad[0], f - o - pad[0]] for pad, f, o in zip(self.pads, whole, self.spatial)]

    def require(self, condition, reason):
        if not condition:
            raise CannotRun(reason)

    def _per_axis(self, field, default):
        value = self.row.get(field, default)
        return list(value) if isinstance(value, list) else [value] * self.rank

    def _unpool_indices(self, random):
        """A random place in each input's window."""
        index = np.zeros(self.row["input"], np.int64)
        for axis, extent in enumerate(self.spatial):
            shape = [1] * (self.rank + 2)
            shape[axis + 2] = -1
            start = np.arange(self.row["input"][axis + 2]).reshape(shape) * self.stride[axis] - self.pads[axis][0]
            place = start + random.integers(0, self.kernel[axis], self.row["input"])
            index = index * extent + np.clip(place, 0, extent - 1)
        return index


def channels_last(array):
    """[N, C, spatial...] as [N, spatial..., C], dense."""
    return aligned(np.moveaxis(array, 1, -1), array.dtype)


def channels_first(array):
    return np.moveaxis(array, -1, 1)


def aligned(values, dtype=np.float32):
    """A dense copy that starts on a cache line."""
    result = aligned_empty(np.shape(values), dtype)
    result[...] = values
    return result


def aligned_empty(shape, dtype=np.float32):
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    memory.fill(0)  # no page is touched for the first time while someone is timed
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)
