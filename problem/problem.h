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

/// Order of the dimensions of a convolution's weights as the application hands them to `pack`. Transposed convolutions
/// have the first three, convolutions the last three.
enum class WeightLayout {
    cin_cout_k,  ///< [Cin, Cout/groups, k...]
    k_cout_cin,  ///< [k..., Cout, Cin], groups = 1
    cout_k_cin,  ///< [Cout, k..., Cin/groups]
    cout_cin_k,  ///< [Cout, Cin/groups, k...]
    k_cin_cout,  ///< [k..., Cin/groups, Cout]
};

/// How the weights or the bias start before training; the formulas are in <polyphase/initializers.h>.
enum class Initializer { zeros, ones, glorot_uniform, glorot_normal, he_uniform, he_normal, bilinear, icnr };

/// The function applied to every output element, last.
struct Activation {
    enum class Kind { none, relu, leaky_relu, prelu, clip, tanh, sigmoid };
    Kind kind = Kind::none;
    double alpha = 0.01;          ///< leaky_relu: slope for negative inputs
    double min = 0.0, max = 6.0;  ///< clip: bounds (relu6 is clip 0..6)
    bool operator==(const Activation&) const = default;
};

/// What the operators with weights have in common. One entry per spatial axis.
struct Convolution {
    std::vector<int> kernel, stride, dilation;
    std::vector<int> pad_begin, pad_end;
    int groups = 1;
    bool bias = false;
    WeightLayout weight_layout = WeightLayout::cin_cout_k;
    Initializer weight_initializer = Initializer::glorot_uniform, bias_initializer = Initializer::zeros;
    bool operator==(const Convolution&) const = default;
};

/// Transposed convolution. Input i reaches output o through kernel index k iff i*stride + k*dilation - pad_begin = o.
/// The pads crop the uncropped output; negative ones extend it (output padding is part of pad_end).
struct ConvTranspose : Convolution {
    bool operator==(const ConvTranspose&) const = default;
};

/// Convolution of stride 1: output o reads input o + k*dilation - pad_begin, zero outside.
struct Conv : Convolution {
    bool operator==(const Conv&) const = default;
};

/// Resampling, then a convolution of stride 1 over the resampled image, zero outside that image.
struct ResizeConv : Convolution {
    std::vector<ResampleAxis> axes;  ///< of the resampling
    bool operator==(const ResizeConv&) const = default;
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

/// Which input channel holds an output's phase: with b = the product of the blocks and r = the phase, row-major,
enum class DepthOrder {
    dcr,  ///< channel r * out_channels + c
    crd,  ///< channel c * b + r
};

/// Depth to space: output o = block*q + r takes input q of the channel that DepthOrder names.
struct DepthToSpace {
    std::vector<int> block;
    DepthOrder order = DepthOrder::dcr;
    bool operator==(const DepthToSpace&) const = default;
};

/// Overlap-add of blocks (fold). The input's spatial axes are the grid of blocks; block i puts the element of channel
/// c * prod(kernel) + k (k row-major) on output i*stride + k*dilation - pad_begin of channel c.
struct Col2Im {
    std::vector<int> kernel, stride, dilation, pad_begin;
    bool operator==(const Col2Im&) const = default;
};

/// What the indices of pooling and unpooling count.
struct IndexSpace {
    bool whole_tensor = false;  ///< elements of the whole [N, C, spatial...] tensor; otherwise of the (n, c) plane
    bool column_major = false;  ///< within the plane the first spatial axis is innermost (max_pool_indices only)
    bool operator==(const IndexSpace&) const = default;
};

/// Max pooling with a second output, the position of each maximum in the input: output o takes the largest of inputs
/// o*stride + k*dilation - pad_begin that lie inside. Of equal ones the first in row-major order wins; a NaN is larger
/// than every number.
struct MaxPool {
    std::vector<int> kernel, stride, dilation, pad_begin;
    IndexSpace indices;
    bool operator==(const MaxPool&) const = default;
};

/// Max unpooling: each input goes where its index says, everything else is zero; of several inputs with the same index
/// the last in row-major [N, C, spatial...] order stays. Indices count the elements of a tensor of spatial extents
/// `index_extent`, which lies at the output's origin.
struct MaxUnpool {
    std::vector<int> kernel, stride, pad_begin;  ///< of the pooling that made the indices: where to expect them
    std::vector<int> index_extent;
    IndexSpace indices;
    bool operator==(const MaxUnpool&) const = default;
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
    std::variant<ConvTranspose, Conv, ResizeConv, Resize, ZeroInsert, DepthToSpace, Col2Im, MaxPool, MaxUnpool> op;
    std::vector<std::string> targets;  ///< Halide target strings, best first; empty means the build machine's family
    std::string
        machine;  ///< the processor that schedules are chosen for; empty means the middle of the targets' family

    int rank() const { return static_cast<int>(input.size()); }
    bool operator==(const Problem&) const = default;
};

/// The operator's name as problem files spell it: "conv_transpose", "conv", "resize_conv", "resize", "zero_insert",
/// "depth_to_space", "col2im", "max_pool_indices", "max_unpool".
const char* op_name(const Problem& problem);

/// What an operator with weights has in common with the others; null for operators without.
const Convolution* convolution_of(const Problem& problem);

/// One map per spatial axis, in the order of Problem::input. A resize_conv that is not `presummed` maps from the
/// resampled image, whose maps are `resampling_maps`.
std::vector<AxisMap> axis_maps(const Problem& problem);

/// Whether the resampling of `op` repeats each input a whole number of times along every axis, so that its convolution
/// can read the input itself through sums of weights.
bool presummed(const ResizeConv& op);

/// One map per spatial axis of a resize_conv's resampling.
std::vector<AxisMap> resampling_maps(const ResizeConv& op);

/// Elements of the whole input and output tensors, and of the weights as the application holds them (0 without
/// weights).
int64_t input_elements(const Problem& problem);
int64_t output_elements(const Problem& problem);
int64_t weight_elements(const Problem& problem);

/// Floating-point operations that the definition needs: two per (output, tap) pair that reads inside the input, nothing
/// for padding and inserted zeros. A resampling counts the taps of one pass per axis, the innermost last; copying
/// (nearest, an axis that keeps its size, zero insertion, depth to space) is no operation, nor are comparisons.
/// A resize_conv counts its convolution over the resampled image, and its resampling. col2im counts one per addition.
/// Bias, residual and activation are not counted. At most the largest int64_t.
int64_t flops(const Problem& problem);

/// Bytes that any implementation must move: every input, index, weight, bias, slope and residual element read once,
/// every output (and index, when they are one) written once.
int64_t min_bytes(const Problem& problem);

}  // namespace polyphase
