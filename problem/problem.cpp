#include "problem/problem.h"

#include <algorithm>
#include <limits>

namespace polyphase {
namespace {

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

constexpr int kBytesPerElement = 4;  // f32

/// Product of counts that are not negative; stays at the largest int64_t instead of overflowing.
int64_t product(std::initializer_list<int64_t> factors) {
    int64_t result = 1;
    for (const int64_t factor : factors)
        if (__builtin_mul_overflow(result, factor, &result)) return std::numeric_limits<int64_t>::max();
    return result;
}

int64_t product(const std::vector<int>& extents) {
    int64_t result = 1;
    for (const int extent : extents) result = product({result, extent});
    return result;
}

int64_t conv_transpose_flops(const Problem& problem, const ConvTranspose& conv) {
    int64_t pairs = 1;  // (output, tap) pairs of one plane
    for (const AxisMap& map : axis_maps(problem)) pairs = product({pairs, map.live_taps()});
    return product({2, problem.batch, problem.out_channels, problem.in_channels / conv.groups, pairs});
}

bool copies(const AxisMap& map) {
    return std::ranges::all_of(map.rows, [](const ResampleRow& row) {
        return std::ranges::count(row.weights, 0.0) == static_cast<long>(row.weights.size()) - 1 &&
               std::ranges::count(row.weights, 1.0) == 1;
    });
}

// One pass per axis, the outermost first and the innermost last: a pass sees the axes before it resized and those after
// it not yet.
int64_t resize_flops(const Problem& problem) {
    int64_t sum = 0;
    const std::vector<AxisMap> maps = axis_maps(problem);
    for (size_t pass = 0; pass < maps.size(); pass++) {
        if (copies(maps[pass])) continue;
        int64_t lines = product({problem.batch, problem.in_channels});
        for (size_t axis = 0; axis < maps.size(); axis++)
            if (axis != pass) lines = product({lines, axis < pass ? maps[axis].output : maps[axis].input});
        if (__builtin_add_overflow(sum, product({2, lines, maps[pass].live_taps()}), &sum))
            return std::numeric_limits<int64_t>::max();
    }
    return sum;
}

}  // namespace

const char* op_name(const Problem& problem) {
    constexpr const char* kNames[] = {"conv_transpose", "resize", "zero_insert"};
    return kNames[problem.op.index()];
}

std::vector<AxisMap> axis_maps(const Problem& problem) {
    std::vector<AxisMap> maps;
    for (int a = 0; a < problem.rank(); a++) {
        const int input = problem.input[a], output = problem.output[a];
        maps.push_back(std::visit(
            Overloaded{
                [&](const ConvTranspose& op) {
                    return conv_transpose_axis(input, op.kernel[a], op.stride[a], op.dilation[a], op.pad_begin[a],
                                               output);
                },
                [&](const Resize& op) { return resample_axis(op.axes[a]); },
                [&](const ZeroInsert& op) { return zero_insert_axis(input, op.stride[a], op.offset[a], output); },
            },
            problem.op));
    }
    return maps;
}

int64_t input_elements(const Problem& problem) {
    return product({problem.batch, problem.in_channels, product(problem.input)});
}

int64_t output_elements(const Problem& problem) {
    return product({problem.batch, problem.out_channels, product(problem.output)});
}

int64_t weight_elements(const Problem& problem) {
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    return conv ? product({problem.in_channels, problem.out_channels / conv->groups, product(conv->kernel)}) : 0;
}

int64_t flops(const Problem& problem) {
    return std::visit(Overloaded{
                          [&](const ConvTranspose& op) { return conv_transpose_flops(problem, op); },
                          [&](const Resize&) { return resize_flops(problem); },
                          [](const ZeroInsert&) { return int64_t{0}; },
                      },
                      problem.op);
}

int64_t min_bytes(const Problem& problem) {
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    int64_t elements = input_elements(problem) + output_elements(problem) + weight_elements(problem);
    if (problem.residual) elements += output_elements(problem);
    if (conv && conv->bias) elements += problem.out_channels;
    if (problem.activation.kind == Activation::Kind::prelu) elements += problem.out_channels;
    return product({elements, kBytesPerElement});
}

}  // namespace polyphase
