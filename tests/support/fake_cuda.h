// A CUDA driver that executes nothing: a libcuda.so.1 for machines without one. Device memory is the host's, copies and
// fills happen at once, and every call is written down. Programs that link it, or find it in LD_LIBRARY_PATH, get it
// where they look for the driver.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fake_cuda {

/// What was called since the last reset, in order, except for questions (cuCtxGetCurrent, cuCtxGetId, names and
/// attributes): "cuMemsetD32Async 0x51: 0x7f00 = 0 x 32", "cuLaunchKernel 0x51: scale <<<4x8x1, 16x8x1, 0>>> 0x7f00 5",
/// with the stream before the colon and kernel arguments as their PTX declares them.
std::vector<std::string> calls();

/// Which context is current on all threads: `handle` null for none. Contexts of one handle may differ in `id`.
void set_context(void* handle, uint64_t id = 1);

/// From now on `function` returns `error` (0: no longer) and does nothing.
void fail(const std::string& function, int error);

/// Forgets calls, failures, modules and the context.
void reset();

}  // namespace fake_cuda
