// Bed of nails: zero insertion as a gather.
#pragma once

#include <Halide.h>

#include "generators/stages.h"
#include "problem/problem.h"

namespace polyphase {

/// THE ALGORITHM, unscheduled. input (c, x, y, z, n); residual as the output, undefined without one.
ZeroInsertStages zero_insert_stages(const Problem& problem, const Halide::Func& input, const Halide::Func& residual);

}  // namespace polyphase
