// Tables of constants as expressions: where no table can lie in memory, as in code for a device with memory of its own.
#pragma once

#include <Halide.h>

#include <vector>

namespace polyphase {

/// How many runs `values` consist of along which they go up by one step each.
int linear_runs(const std::vector<int>& values);

/// values[index]: selects between such runs.
Halide::Expr lookup(const Halide::Expr& index, const std::vector<int>& values);

/// values[index]: selects between runs of equal values.
Halide::Expr lookup(const Halide::Expr& index, const std::vector<float>& values);

}  // namespace polyphase
