// Random transposed convolutions such as networks have, for finding shapes that are slow.
#pragma once

#include <cstdint>

#include "problem/problem.h"

namespace polyphase {

/// Case `index` of the sweep with this seed; its name says both. 1-D to 3-D, up to 512 channels, kernels to 16, strides
/// to 8, channels first and last, groups, depthwise, any crop from none to "same", outputs that the stride does not
/// divide. 2 MFLOP or 1 MB at least, so that calling the kernel does not count, and at most 1.5 GFLOP and 64 MB.
Problem sweep_problem(uint64_t seed, int index);

/// "37->19 64x64 k5x5 s2x2 nhwc": what decides the speed, in one short line.
std::string sweep_text(const Problem& problem);

}  // namespace polyphase
