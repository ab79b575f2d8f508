"""LiteRT as a peer, with its default delegate XNNPACK (and LiteRT's own kernels for what that does not take, as nearest
resampling): models of one operator, or two for resize_conv and tanh. One spatial axis becomes an image of height 1."""

import importlib.metadata

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from layer import CannotRun, channels_first, channels_last

VERSION = importlib.metadata.version("ai-edge-litert")
LAYOUTS = ["nhwc"]

PADDING = schema.Padding
FUSED = {
    "none": schema.ActivationFunctionType.NONE,
    "relu": schema.ActivationFunctionType.RELU,
    "relu6": schema.ActivationFunctionType.RELU6,
}
UNFUSED = {"tanh": schema.BuiltinOperator.TANH, "sigmoid": schema.BuiltinOperator.LOGISTIC}


class Model:
    """Builds a .tflite file of operators in a row."""

    def __init__(self, input_shape):
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.operatorCodes, self._model.buffers = [], [schema.BufferT()]
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]
        self.last = self._tensor(input_shape, schema.TensorType.FLOAT32)
        self._graph.inputs = [self.last]

    def constant(self, array):
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self._model.buffers.append(buffer)
        kinds = {"float32": schema.TensorType.FLOAT32, "int32": schema.TensorType.INT32}
        return self._tensor(array.shape, kinds[array.dtype.name], len(self._model.buffers) - 1)

    def add(self, builtin, version, inputs, output_shape, options=None):
        """An operator; its input number None is the result of the one before."""
        code = schema.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, min(builtin, 127), version
        self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs = [self.last if tensor is None else tensor for tensor in inputs]
        self.last = self._tensor(output_shape, schema.TensorType.FLOAT32)
        operator.outputs = [self.last]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._graph.operators.append(operator)

    def finish(self):
        self._graph.outputs = [self.last]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _tensor(self, shape, kind, buffer=0):
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer, tensor.name = (
            list(shape),
            kind,
            buffer,
            f"t{len(self._graph.tensors)}",
        )
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1


def prepare(layer, _layout, threads):
    """What runs the layer once, and a function for the array [N, C, spatial...] that the last run gave."""
    content = build(layer)
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError) as error:
        raise CannotRun(" ".join(str(error).split())[:300]) from error
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image(channels_last(layer.x), layer.rank))
    output = interpreter.get_output_details()[0]["index"]

    def result():
        return channels_first(
            interpreter.get_tensor(output).reshape([layer.output_shape[0], *layer.spatial, layer.output_shape[1]])
        )

    return interpreter.invoke, result


def image(array, rank):
    """[N, W, C] as [N, 1, W, C]."""
    return array[:, None] if rank == 1 else array


def build(layer):
    layer.require(layer.rank <= 2, "LiteRT has these operators for images, not for volumes")
    row = layer.row
    batch, channels = row["input"][:2]
    lift = [1] * (2 - layer.rank)
    extents, spatial = lift + row["input"][2:], lift + layer.spatial
    output_shape = [batch, *spatial, layer.output_shape[1]]
    model = Model([batch, *extents, channels])
    activation = layer.activation
    layer.require(
        activation in FUSED or activation in UNFUSED,
        f"the harness builds no LiteRT model with the activation {activation}",
    )
    fused = FUSED.get(activation, FUSED["none"])
    if layer.op == "conv_transpose":
        transposed_convolution(model, layer, lift, output_shape, fused)
    elif layer.op == "resize_conv":
        resized = [extent * scale for extent, scale in zip(extents, lift + layer.resize_scale())]
        resample(model, layer, resized, [batch, *resized, channels])
        convolution(model, layer, lift, output_shape, fused)
    elif layer.op == "conv":
        convolution(model, layer, lift, output_shape, fused)
    elif layer.op == "resize":
        resample(model, layer, spatial, output_shape)
    elif layer.op == "depth_to_space":
        layer.require(row["order"] == "dcr", "LiteRT's DEPTH_TO_SPACE has the order dcr only")
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = row["block"]
        model.add(schema.BuiltinOperator.DEPTH_TO_SPACE, 1, [None], output_shape, options)
    else:
        layer.require(False, f"LiteRT has no operator for {layer.op}")
    if activation in UNFUSED:
        model.add(UNFUSED[activation], 1, [None], output_shape)
    return model.finish()


def transposed_convolution(model, layer, lift, output_shape, fused):
    layer.require(layer.groups == 1, "LiteRT's TRANSPOSE_CONV has no groups")
    layer.require(set(layer.dilation) == {1}, "LiteRT's TRANSPOSE_CONV has no dilation")
    pads = layer.effective_pads()
    same = [[total // 2, total - total // 2] for total in (begin + end for begin, end in pads)]
    layer.require(
        all(end >= 0 for _, end in pads) and pads == same,
        f"LiteRT's TRANSPOSE_CONV crops the larger half at the end, or nothing; this layer crops {pads}",
    )
    options = schema.TransposeConvOptionsT()
    options.padding = PADDING.SAME if any(begin + end for begin, end in pads) else PADDING.VALID
    options.strideH, options.strideW = lift + layer.stride
    options.fusedActivationFunction = fused
    weights = channels_last(np.swapaxes(layer.weights, 0, 1))  # [Cout, k..., Cin]
    weights = weights.reshape([weights.shape[0], *lift, *layer.kernel, weights.shape[-1]])
    inputs = [model.constant(np.array(output_shape, np.int32)), model.constant(weights), None]
    if layer.bias is not None:
        inputs.append(model.constant(layer.bias))
    model.add(schema.BuiltinOperator.TRANSPOSE_CONV, 4, inputs, output_shape, options)


def convolution(model, layer, lift, output_shape, fused):
    layer.require(layer.groups == 1 and set(layer.dilation) == {1}, "the harness builds dense CONV_2D only")
    same = [[(k - 1) // 2, k // 2] for k in layer.kernel]
    layer.require(
        layer.pads in (same, [[0, 0]] * layer.rank),
        f"LiteRT's CONV_2D pads SAME or VALID; this layer pads {layer.pads}",
    )
    options = schema.Conv2DOptionsT()
    options.padding = PADDING.SAME if layer.pads == same else PADDING.VALID
    options.strideH = options.strideW = 1
    options.fusedActivationFunction = fused
    weights = channels_last(layer.weights)  # [Cout, k..., Cin]
    weights = weights.reshape([weights.shape[0], *lift, *layer.kernel, weights.shape[-1]])
    bias = np.zeros(weights.shape[0], np.float32) if layer.bias is None else layer.bias
    model.add(
        schema.BuiltinOperator.CONV_2D, 1, [None, model.constant(weights), model.constant(bias)], output_shape, options
    )


def resample(model, layer, extents, output_shape):
    mode, coordinates = layer.row["mode"], layer.row.get("coordinates", "half_pixel")
    layer.require(mode in ("nearest", "linear"), f"LiteRT has no {mode} resampling")
    layer.require(
        coordinates in ("half_pixel", "align_corners"),
        f"the harness builds no LiteRT model with {coordinates} coordinates",
    )
    if mode == "nearest":
        layer.require(
            coordinates == "half_pixel"
            and all(o % i == 0 for i, o in zip(layer.row["input"][2:], extents[-layer.rank :])),
            "LiteRT's nearest is another one here",
        )
        options, builtin = schema.ResizeNearestNeighborOptionsT(), schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
    else:
        options, builtin = schema.ResizeBilinearOptionsT(), schema.BuiltinOperator.RESIZE_BILINEAR
        options.alignCorners = coordinates == "align_corners"
    options.halfPixelCenters = coordinates == "half_pixel"
    model.add(builtin, 3, [None, model.constant(np.array(extents, np.int32))], output_shape, options)
