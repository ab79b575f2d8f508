// Inputs to measure with: the same numbers for whoever computes a problem.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "problem/problem.h"

namespace polyphase {

/// Uniform in [-1, 1).
std::vector<float> random_values(size_t count, unsigned seed);

/// For a max unpooling: a random place in each input's window, as [N, C, spatial...] indices in the input's layout.
std::vector<int64_t> random_indices(const Problem& problem, const MaxUnpool& op);

}  // namespace polyphase
