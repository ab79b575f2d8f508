// Tables of constants as expressions: where no table can lie in memory, as in code for a device with memory of its own.
#pragma once

#include <Halide.h>

#include <vector>

namespace polyphase {

/// values[index]: selects between the runs along which values go up by one step each.
Halide::Expr lookup(const Halide::Expr& index, const std::vector<int>& values);

/// values[index]: selects between runs of equal values.
Halide::Expr lookup(const Halide::Expr& index, const std::vector<float>& values);

}  // namespace polyphase
