// The canonical problem: what one kernel computes, with every framework's convention already resolved.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "problem/axis_map.h"

namespace polyphase {

/// Order of a tensor's dimensions in memory, for any spatial rank.
enum class Layout {
    nchw,  ///< [N, C, spatial...], channels first
    nhwc,  ///< [N, spatial..., C], channels last
};

/// Order of the dimensions of a transposed convolution's weights as the application hands them to `pack`.
enum class WeightLayout {
    cin_cout_k,  ///< [Cin, Cout/groups, k...]: PyTorch, ONNX
    k_cout_cin,  ///< [k..., Cout, Cin]: Keras, TensorFlow (groups = 1)
    cout_k_cin,  ///< [Cout, k..., Cin/groups]: TFLite, XNNPACK
};

/// The function applied to every output element, last.
struct Activation {
    enum class Kind { none, relu, leaky_relu, prelu, clip, tanh, sigmoid };
    Kind kind = Kind::none;
    double alpha = 0.01;          ///< leaky_relu: slope for negative inputs
    double min = 0.0, max = 6.0;  ///< clip: bounds (relu6 is clip 0..6)
    bool operator==(const Activation&) const = default;
};

/// Transposed convolution. `input i` reaches `output o` through kernel index `k` iff i*stride + k*dilation - pad_begin
/// = o.
struct ConvTranspose {
    std::vector<int> kernel, stride, dilation;  ///< one per spatial axis
    std::vector<int> pad_begin,
        pad_end;  ///< crop of the uncropped output; negative extends it (output padding is part of pad_end)
    int groups = 1;
    bool bias = false;
    WeightLayout weight_layout = WeightLayout::cin_cout_k;
    bool operator==(const ConvTranspose&) const = default;
};

/// Resampling by constant tap tables, separable: one map per spatial axis.
struct Resize {
    std::vector<ResampleAxis> axes;
    double extrapolation_value =
        0.0;  ///< value of outputs whose coordinate lies outside the input (tf_crop_and_resize)
    bool operator==(const Resize&) const = default;
};

/// Bed of nails: input i lands on output i*stride + offset, everything else is zero.
struct ZeroInsert {
    std::vector<int> stride, offset;
    bool operator==(const ZeroInsert&) const = default;
};

/// One kernel's exact problem. Spatial extents are listed outermost first: [W], [H, W] or [D, H, W].
/// The result is activation(op(input) + bias + residual).
struct Problem {
    std::string name;
    int batch = 1;
    int in_channels = 0, out_channels = 0;
    std::vector<int> input, output;
    Layout input_layout = Layout::nchw, output_layout = Layout::nchw;
    Activation activation;
    bool residual = false;  ///< a further input of the output's shape and layout is added before the activation
    std::variant<ConvTranspose, Resize, ZeroInsert> op;
    std::vector<std::string> targets;  ///< Halide target strings, best first; empty means the build machine's family

    int rank() const { return static_cast<int>(input.size()); }
    bool operator==(const Problem&) const = default;
};

/// The operator's name as problem files spell it: "conv_transpose", "resize", "zero_insert".
const char* op_name(const Problem& problem);

/// One map per spatial axis, in the order of Problem::input.
std::vector<AxisMap> axis_maps(const Problem& problem);

/// Elements of the whole input and output tensors, and of the weights as the application holds them (0 without
/// weights).
int64_t input_elements(const Problem& problem);
int64_t output_elements(const Problem& problem);
int64_t weight_elements(const Problem& problem);

/// Floating-point operations that the definition needs: two per (output, tap) pair that reads inside the input, nothing
/// for padding and inserted zeros. A resampling counts the taps of one pass per axis, the innermost last; copying
/// (nearest, an axis that keeps its size, zero insertion) is no operation. Bias, residual and activation are not
/// counted. At most the largest int64_t.
int64_t flops(const Problem& problem);

/// Bytes that any implementation must move: every input, weight, bias, slope and residual element read once, every
/// output written once.
int64_t min_bytes(const Problem& problem);

}  // namespace polyphase
