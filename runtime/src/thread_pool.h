// The built-in thread pool.
#pragma once

namespace polyphase {

constexpr int kMostThreads = 256;

/// Calls task(argument, i) once for every 0 <= i < count, on the calling thread and up to `threads` - 1 workers, and
/// returns when all have returned. From any threads at once, and from within a task. Results are visible to the caller.
void pool_parallel_for(int threads, int count, void (*task)(void* argument, int index), void* argument);

/// What HL_NUM_THREADS says, else one per processor that the process may use; at most kMostThreads.
int default_threads();

}  // namespace polyphase
