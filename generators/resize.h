// Resampling as a gather through constant tap tables.
#pragma once

#include <Halide.h>

#include "generators/stages.h"
#include "problem/problem.h"

namespace polyphase {

/// THE ALGORITHM, unscheduled. input (c, x, y, z, n); residual (c, x, y, z, n) of the output, undefined without one.
/// form.x_phases is possible where x's edges repeat (AxisMap::edge_replicated).
ResizeStages resize_stages(const Problem& problem, const Halide::Func& input, const Halide::Func& residual,
                           const ResizeForm& form);

}  // namespace polyphase
