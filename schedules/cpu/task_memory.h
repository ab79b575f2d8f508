// Where the buffers of a task live, and what they come and go in.
#pragma once

#include <Halide.h>

namespace polyphase::cpu {

/// On the stack of the thread that runs the task, whatever the size: MemoryType::Stack would take more than 16 kB from
/// halide_malloc after all, and inside a parallel loop there is no workspace to take it from.
inline constexpr Halide::MemoryType kTaskStack = Halide::MemoryType::Register;

/// Most bytes that a schedule puts there: threads of applications may have small stacks.
inline constexpr long long kMostTaskBytes = 192 << 10;

/// Elements of a cache line.
inline constexpr int kLine = 16;

}  // namespace polyphase::cpu
