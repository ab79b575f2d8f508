// Max unpooling. Indices are data, so it takes two steps: a check of all of them, which leaves each one's position in
// its own window, then a gather through these positions; or a scatter, when some index lies in another window. Where
// nobody can look at the check's result in between, a gather through the indices themselves has to do: it ignores those
// that lie in another window.
#pragma once

#include <Halide.h>

#include "generators/stages.h"
#include "problem/problem.h"

namespace polyphase {

/// What the check says of the worst index.
enum UnpoolVerdict : int {
    kOwnWindow = 0,    ///< each index lies in its own input's window: `max_unpool` is right
    kOtherWindow = 1,  ///< some do not, or the windows are too large for a position: `max_unpool_scatter`
    kOutside = 2,      ///< some index names no element of its tensor: an error
};

/// Bytes. The check reads the positions back, and Halide takes what a pipeline itself has written to be aligned.
inline constexpr int kUnpoolAlignment = 64;

/// THE ALGORITHMS, unscheduled. input (c, x, y, z, n); indices (int64) and positions (uint8, see UnpoolCheckStages)
/// have one dimension, the input's elements as they lie in a dense tensor.
UnpoolCheckStages unpool_check_stages(const Problem& problem, const Halide::Func& indices);
MaxUnpoolStages max_unpool_stages(const Problem& problem, const Halide::Func& input, const Halide::Func& positions);
MaxUnpoolStages unpool_by_index_stages(const Problem& problem, const Halide::Func& input, const Halide::Func& indices);
UnpoolScatterStages unpool_scatter_stages(const Problem& problem, const Halide::Func& input,
                                          const Halide::Func& indices);

}  // namespace polyphase
