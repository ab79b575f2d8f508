"""A layer as an ONNX model, for the peers that read one."""

import math

import numpy as np
import onnx
from layer import aligned, aligned_empty
from onnx import TensorProto, helper

OPSET = 19


def build(layer):
    """The model: input "x" (and "indices"), output "y", weights as initializers."""
    constants, nodes = {}, []
    last = "x"

    def add(op, *inputs, **attributes):
        nonlocal last
        result = f"t{len(nodes)}"
        nodes.append(helper.make_node(op, [last, *inputs], [result], **attributes))
        last = result

    def resize(extents):
        row = layer.row
        constants["sizes"] = np.array([*row["input"][:2], *extents], np.int64)
        attributes = {"mode": row["mode"], "coordinate_transformation_mode": row.get("coordinates", "half_pixel")}
        if row["mode"] == "nearest":
            attributes["nearest_mode"] = row.get("nearest_rounding", "round_prefer_floor")
        add("Resize", "", "", "sizes", **attributes)

    def convolution(op, **attributes):
        constants["w"] = layer.weights
        if layer.bias is not None:
            constants["b"] = layer.bias
        pads = [begin for begin, _ in layer.pads] + [end for _, end in layer.pads]
        add(
            op,
            "w",
            *(["b"] if layer.bias is not None else []),
            kernel_shape=layer.kernel,
            pads=pads,
            dilations=layer.dilation,
            group=layer.groups,
            **attributes,
        )

    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, layer.row["input"])]
    if layer.op == "conv_transpose":
        convolution("ConvTranspose", strides=layer.stride, output_padding=layer.output_padding)
    elif layer.op == "conv":
        convolution("Conv")
    elif layer.op == "resize_conv":
        resize([extent * scale for extent, scale in zip(layer.row["input"][2:], layer.resize_scale())])
        convolution("Conv")
    elif layer.op == "resize":
        layer.require(
            layer.row["mode"] in ("nearest", "linear", "cubic"), f"ONNX has no {layer.row['mode']} resampling"
        )
        resize(layer.spatial)
    elif layer.op == "max_unpool":
        inputs.append(helper.make_tensor_value_info("indices", TensorProto.INT64, layer.row["input"]))
        constants["shape"] = np.array(layer.output_shape, np.int64)
        add(
            "MaxUnpool",
            "indices",
            "shape",
            kernel_shape=layer.kernel,
            strides=layer.stride,
            pads=[begin for begin, _ in layer.pads] + [end for _, end in layer.pads],
        )
    elif layer.op == "depth_to_space":
        block = layer.row["block"]
        layer.require(layer.rank == 2 and isinstance(block, int), "ONNX has DepthToSpace for square blocks of images")
        add("DepthToSpace", blocksize=block, mode=layer.row["order"].upper())
    else:
        layer.require(False, f"the harness builds no ONNX model of {layer.op}")
    if layer.activation != "none":
        names = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
        layer.require(
            layer.activation in names, f"the harness builds no ONNX model with the activation {layer.activation}"
        )
        add(names[layer.activation])
    nodes[-1].output[0] = "y"

    graph = helper.make_graph(
        nodes,
        layer.name,
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, layer.output_shape)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9).SerializeToString()


def whole_tensor_indices(layer):
    """The layer's indices as ONNX counts them: over the whole output, not per plane."""
    planes = np.arange(math.prod(layer.row["input"][:2])).reshape([*layer.row["input"][:2], *[1] * layer.rank])
    return layer.indices + planes * math.prod(layer.spatial)


def tensors(layer):
    """What a model of `layer` is fed, by name, and memory for its output."""
    inputs = {"x": layer.x}
    if layer.indices is not None:
        inputs["indices"] = aligned(whole_tensor_indices(layer), layer.indices.dtype)
    return inputs, aligned_empty(layer.output_shape)
