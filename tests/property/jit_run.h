// Runs a problem's kernel, compiled in process, with whatever tensors the operator has.
#pragma once

#include <limits>

#include "generators/jit.h"
#include "tests/property/property_case.h"

namespace polyphase::testing {

/// Places that the kernel does not write keep these.
inline constexpr float kUnwritten = std::numeric_limits<float>::quiet_NaN();
inline constexpr int64_t kUnwrittenIndex = std::numeric_limits<int64_t>::min();

/// Status of a kernel that did arithmetic on memory which nobody wrote. What it made of it may be thrown away, so that
/// outputs are right; but where such memory holds denormal numbers, each costs over a hundred cycles.
inline constexpr int kUsedUnwrittenMemory = 1000;

/// Returns the kernel's status; `outputs` is made here. With one thread and finite data it may also be
/// kUsedUnwrittenMemory (not for images that are resampled and go on beyond their edges, nor for short rows of gathered
/// columns).
int run_kernel(const JitKernel& kernel, const Problem& problem, const ProblemData& data, Outputs& outputs,
               int threads = 1);

}  // namespace polyphase::testing
