// What happens to a finished sum before it is stored.
#pragma once

#include <Halide.h>

#include "problem/problem.h"

namespace polyphase {

/// activation(value); `slope` is prelu's slope of the output channel.
/// tanh and sigmoid are vectorised here, to within a few units in the last place, because Halide's call libm for each
/// lane.
Halide::Expr activate(const Activation& activation, const Halide::Expr& value, const Halide::Expr& slope);

}  // namespace polyphase
