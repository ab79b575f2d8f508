// Random problems, realistic and nasty, small enough that hundreds are compiled, run and checked per minute.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "problem/problem.h"
#include "tests/support/rng.h"

namespace polyphase::testing {

enum class Op { conv_transpose, resize, zero_insert };

/// "conv_transpose", "resize", "zero_insert", or nothing for any other name.
std::optional<Op> op_from_name(const std::string& name);

/// A valid problem. conv_transpose: 1-D to 3-D, up to 40 channels, strides to 8, kernels to 16, dilation (also with a
/// common factor with the stride), asymmetric and negative pads, output sizes that no stride divides, groups and
/// depthwise, every weight layout, activation and tensor layout, residual, batches. resize: every mode, coordinate mode
/// and rounding, up and down, by size or by scale.
Problem random_problem(Rng& rng, Op op);

/// conv_transpose three times out of five, resize three out of ten, else zero_insert.
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
};
ProblemData random_data(Rng& rng, const Problem& problem, Numbers numbers);

size_t input_count(const Problem& problem);
size_t output_count(const Problem& problem);
size_t weight_count(const Problem& problem);

}  // namespace polyphase::testing
