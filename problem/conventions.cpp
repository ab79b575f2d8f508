#include "problem/conventions.h"

#include <algorithm>

namespace polyphase {
namespace {

/// Where an odd total crop puts its larger half.
enum class LargerHalf { begin, end };

int64_t ceil_div(int64_t a, int64_t b) {
    return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

Padding error(std::string field, std::string problem) {
    return {.wrong_field = std::move(field), .problem = std::move(problem)};
}

Padding padded(const ConventionAxis& axis, int64_t pad_begin, int64_t output) {
    return {.pad_begin = pad_begin,
            .pad_end = axis.uncropped() - output - pad_begin,
            .output = output,
            .wrong_field = {},
            .problem = {}};
}

/// Crops the uncropped output, first extended at its end by `extended`, to `output`. Nothing is cropped from an output
/// that is larger: its tail holds what no input reaches.
Padding cropped(const ConventionAxis& axis, int64_t extended, int64_t output, LargerHalf larger) {
    const int64_t total = std::max<int64_t>(0, axis.uncropped() + extended - output);
    return padded(axis, larger == LargerHalf::begin ? total - total / 2 : total / 2, output);
}

Padding unpadded(const ConventionAxis& axis) {
    const int64_t output = axis.uncropped() + axis.output_padding.value_or(0);
    if (axis.output && *axis.output != output)
        return error("output", "expected " + std::to_string(output) + " (this convention has no pads), found " +
                                   std::to_string(*axis.output));
    return padded(axis, 0, output);
}

// Convolution's own rule decides which outputs a transposed convolution may have.
Padding tensorflow(const ConventionAxis& axis, bool same) {
    if (axis.output_padding)
        return error("output_padding", "expected no such field: TensorFlow states the output instead");
    const int64_t largest = same ? axis.input * axis.stride : axis.uncropped() + axis.stride - 1;
    const int64_t output = axis.output.value_or(same ? largest : axis.uncropped());
    if (output > largest || output <= largest - axis.stride)
        return error("output", "expected from " + std::to_string(std::max<int64_t>(1, largest - axis.stride + 1)) +
                                   " to " + std::to_string(largest) + " for this convention, found " +
                                   std::to_string(output));
    return same ? cropped(axis, 0, output, LargerHalf::end) : padded(axis, 0, output);
}

Padding tflite(const ConventionAxis& axis, bool same) {
    if (axis.dilation != 1)
        return error("dilation", "expected 1 (TFLite has no dilation here), found " + std::to_string(axis.dilation));
    return tensorflow(axis, same);
}

Padding keras(const ConventionAxis& axis, bool same) {
    if (axis.output) return error("output", "expected no such field: Keras states an output_padding instead");
    if (axis.stride > 1 && axis.dilation > 1)
        return error("dilation",
                     "expected 1 when the stride is above 1 (Keras), found " + std::to_string(axis.dilation));
    const int64_t s = axis.stride, steps = (axis.input - 1) * s, k = axis.dense_kernel();
    if (!axis.output_padding) {
        if (same) return cropped(axis, 0, steps + s, LargerHalf::end);
        return padded(axis, 0, steps + std::max(k, s));
    }
    const int64_t op = *axis.output_padding;
    if (op >= s)
        return error("output_padding",
                     "expected less than the stride (" + std::to_string(s) + "), found " + std::to_string(op));
    if (!same) return padded(axis, 0, steps + k + op);
    const int64_t output = steps + k % 2 + op;
    if (ceil_div(output, s) != axis.input)
        return error("output_padding", "expected " + std::to_string(1 - k % 2) + " to " + std::to_string(s - k % 2) +
                                           " for Keras' \"same\" with this kernel and stride, found " +
                                           std::to_string(op));
    return cropped(axis, 0, output, LargerHalf::end);
}

/// auto_pad of ONNX: an output that is not given is input*stride.
Padding onnx_same(const ConventionAxis& axis, LargerHalf larger) {
    return cropped(axis, axis.output_padding.value_or(0), axis.output.value_or(axis.input * axis.stride), larger);
}

Padding onnx_output_shape(const ConventionAxis& axis) {
    if (!axis.output) return error("output", "expected the output size, which this convention is about; found none");
    return onnx_same(axis, LargerHalf::begin);
}

/// Without an output, OpenVINO sets the pads of any auto_pad to zero.
Padding openvino_same(const ConventionAxis& axis, LargerHalf larger) {
    return axis.output ? onnx_same(axis, larger) : unpadded(axis);
}

constexpr Convention kConventions[] = {
    {"valid", "no pads: every output that a tap reaches, plus output_padding", unpadded},
    {"keras_valid", "Keras padding=\"valid\"", [](const ConventionAxis& a) { return keras(a, false); }},
    {"keras_same", "Keras padding=\"same\"", [](const ConventionAxis& a) { return keras(a, true); }},
    {"tf_valid", "TensorFlow conv2d_transpose VALID", [](const ConventionAxis& a) { return tensorflow(a, false); }},
    {"tf_same", "TensorFlow conv2d_transpose SAME", [](const ConventionAxis& a) { return tensorflow(a, true); }},
    {"tflite_valid", "TFLite TransposeConv VALID", [](const ConventionAxis& a) { return tflite(a, false); }},
    {"tflite_same", "TFLite TransposeConv SAME", [](const ConventionAxis& a) { return tflite(a, true); }},
    {"onnx_valid", "ONNX auto_pad=VALID", unpadded},
    {"onnx_same_upper", "ONNX 11 and later, auto_pad=SAME_UPPER: the larger half of an odd crop at the end",
     [](const ConventionAxis& a) { return onnx_same(a, LargerHalf::end); }},
    {"onnx_same_lower", "ONNX 11 and later, auto_pad=SAME_LOWER: the larger half at the begin",
     [](const ConventionAxis& a) { return onnx_same(a, LargerHalf::begin); }},
    {"onnx1_same_upper", "ONNX 1, auto_pad=SAME_UPPER: the larger half at the begin",
     [](const ConventionAxis& a) { return onnx_same(a, LargerHalf::begin); }},
    {"onnx1_same_lower", "ONNX 1, auto_pad=SAME_LOWER: the larger half at the end",
     [](const ConventionAxis& a) { return onnx_same(a, LargerHalf::end); }},
    {"onnx_output_shape", "ONNX output_shape without auto_pad: the larger half at the begin", onnx_output_shape},
    {"openvino_valid", "OpenVINO auto_pad=valid", unpadded},
    {"openvino_same_upper", "OpenVINO auto_pad=same_upper: the larger half at the begin; no pads without an output",
     [](const ConventionAxis& a) { return openvino_same(a, LargerHalf::begin); }},
    {"openvino_same_lower", "OpenVINO auto_pad=same_lower: the larger half at the end; no pads without an output",
     [](const ConventionAxis& a) { return openvino_same(a, LargerHalf::end); }},
};

}  // namespace

std::span<const Convention> conventions() {
    return kConventions;
}

const Convention* find_convention(std::string_view name) {
    const auto* found = std::ranges::find(kConventions, name, &Convention::name);
    return found == std::end(kConventions) ? nullptr : found;
}

Padding resolve_explicit(const ConventionAxis& axis, int64_t pad_begin, int64_t pad_end) {
    if (axis.output) return padded(axis, pad_begin, *axis.output);
    return padded(axis, pad_begin, axis.uncropped() - pad_begin - pad_end + axis.output_padding.value_or(0));
}

}  // namespace polyphase
