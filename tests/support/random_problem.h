// Random problems, realistic and nasty, small enough that hundreds are compiled, run and checked per minute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "problem/problem.h"
#include "tests/support/rng.h"

namespace polyphase::testing {

enum class Op {
    conv_transpose,
    conv,
    resize_conv,
    resize,
    zero_insert,
    depth_to_space,
    col2im,
    max_pool_indices,
    max_unpool,
};

/// Every operator with its name.
extern const std::vector<std::pair<std::string, Op>> kOps;

/// The operator of that name, or nothing for any other.
std::optional<Op> op_from_name(const std::string& name);

/// A valid problem. conv_transpose: 1-D to 3-D, up to 40 channels, strides to 8, kernels to 16, dilation (also with a
/// common factor with the stride), asymmetric and negative pads, output sizes that no stride divides, groups and
/// depthwise, every weight layout, activation and tensor layout, residual, batches. conv: the same without strides,
/// pads up to beyond the kernel. resize_conv: nearest by whole factors and others, and every other mode. resize: every
/// mode, coordinate mode and rounding, up and down, by size or by scale. col2im and the pools: overlapping blocks and
/// windows, gaps between them, windows cut by the input's end, outputs larger than indices reach.
Problem random_problem(Rng& rng, Op op);

/// An operator with weights five times out of nine, a resize in one case out of six, else another.
Problem random_problem(Rng& rng);

/// What the numbers in the tensors are.
enum class Numbers {
    real,   ///< uniform in [-1, 1)
    whole,  ///< whole numbers from -4 to 4, so that sums of products are exact in f32 and a lost term cannot hide in a
            ///< tolerance
};

/// A problem's tensors; empty where the problem has none.
struct ProblemData {
    std::vector<float> input, weights, bias, slopes, residual;
    std::vector<int64_t> indices;  ///< max_unpool
};

/// A max pooling's input has NaNs and infinities in every second case, and many ties if numbers are whole. A max
/// unpooling's indices are valid: those that a pooling would give, in every third case with some that name other
/// elements.
ProblemData random_data(Rng& rng, const Problem& problem, Numbers numbers);

/// Whether each index of a max unpooling lies in the window of the pooling that made it: a GPU ignores the others.
bool own_windows(const Problem& problem, const std::vector<int64_t>& indices);

size_t input_count(const Problem& problem);
size_t output_count(const Problem& problem);
size_t weight_count(const Problem& problem);

}  // namespace polyphase::testing
