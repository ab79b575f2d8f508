"""PyTorch as a peer: eager functions in inference mode; each call allocates its output, as PyTorch's functions do."""

import torch
import torch.nn.functional as F
from layer import aligned

VERSION = torch.__version__.split("+")[0]
LAYOUTS = ["nchw", "nhwc"]

MODES = {
    ("nearest", 1): "nearest",
    ("nearest", 2): "nearest",
    ("nearest", 3): "nearest",
    ("linear", 1): "linear",
    ("linear", 2): "bilinear",
    ("linear", 3): "trilinear",
    ("cubic", 2): "bicubic",
}
CONV_TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}
ACTIVATIONS = {"none": lambda y: y, "relu": torch.relu_, "tanh": torch.tanh_, "sigmoid": torch.sigmoid_}


def prepare(layer, layout, threads):
    """What runs the layer once, and a function for the array [N, C, spatial...] that the last run gave."""
    torch.set_num_threads(threads)
    formats = {("nchw", rank): torch.contiguous_format for rank in (1, 2, 3)}
    formats |= {("nhwc", 2): torch.channels_last, ("nhwc", 3): torch.channels_last_3d}
    layer.require((layout, layer.rank) in formats, "PyTorch has no channels-last format of one spatial axis")

    def tensor(array):
        return torch.from_numpy(array).contiguous(memory_format=formats[layout, layer.rank])

    function = operation(layer, tensor)
    activation = ACTIVATIONS[layer.activation]
    x = tensor(layer.x)
    result = None

    def run():
        nonlocal result
        with torch.inference_mode():
            result = None  # its memory is used again
            result = activation(function(x))

    return run, lambda: result.numpy()


def operation(layer, tensor, device="cpu"):
    """The layer without its activation, as a function of its input. `tensor` makes a tensor of an array, on the device."""
    row = layer.row
    if layer.op in ("conv_transpose", "resize_conv", "conv"):
        layer.require(
            all(begin == end for begin, end in layer.pads), "PyTorch's convolutions take the same pad at begin and end"
        )
        weights = tensor(layer.weights)
        bias = None if layer.bias is None else torch.from_numpy(layer.bias).to(device)
        pads = [begin for begin, _ in layer.pads]
    if layer.op == "conv_transpose":
        return lambda x: CONV_TRANSPOSE[layer.rank](
            x, weights, bias, layer.stride, pads, layer.output_padding, layer.groups, layer.dilation
        )
    if layer.op == "conv":
        return lambda x: CONV[layer.rank](x, weights, bias, 1, pads, layer.dilation, layer.groups)
    if layer.op == "resize_conv":
        scale = layer.resize_scale()
        resample = interpolation(layer, [extent * s for extent, s in zip(row["input"][2:], scale)])
        return lambda x: CONV[layer.rank](resample(x), weights, bias, 1, pads, layer.dilation, layer.groups)
    if layer.op == "resize":
        return interpolation(layer, layer.spatial)
    if layer.op == "max_unpool":
        indices = tensor(aligned(layer.indices, layer.indices.dtype))
        pads = [begin for begin, _ in layer.pads]
        return lambda x: UNPOOL[layer.rank](x, indices, layer.kernel, layer.stride, pads, layer.spatial)
    layer.require(
        layer.op == "depth_to_space" and row["order"] == "crd" and layer.rank == 2 and isinstance(row["block"], int),
        f"PyTorch has no function for this {layer.op}",
    )
    return lambda x: F.pixel_shuffle(x, row["block"])


def interpolation(layer, extents):
    mode, coordinates = layer.row["mode"], layer.row.get("coordinates", "half_pixel")
    layer.require((mode, layer.rank) in MODES, f"PyTorch has no {mode} resampling of {layer.rank} axes")
    if mode == "nearest":
        # Where both are the same: its "nearest" takes floor(o * input / output).
        layer.require(
            all(o % i == 0 for i, o in zip(layer.row["input"][2:], extents)), "PyTorch's nearest is another one here"
        )
        return lambda x: F.interpolate(x, extents, mode="nearest")
    layer.require(
        coordinates in ("half_pixel", "pytorch_half_pixel", "align_corners"),
        f"PyTorch has no {coordinates} coordinates",
    )
    return lambda x: F.interpolate(
        x, extents, mode=MODES[mode, layer.rank], align_corners=coordinates == "align_corners"
    )
