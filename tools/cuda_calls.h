// The GPU runtime calls of a CUDA kernel's host code.
#pragma once

#include <Halide.h>

namespace polyphase {

/// `module` with host code that calls the runtime's functions (runtime/src/cuda_hooks.cpp) instead of those of Halide's
/// CUDA runtime: these own a context, lock and allocate at every launch, and an application may have its own use for
/// them. Throws std::runtime_error where the host code would do more than launch kernels, as copying between host and
/// device.
Halide::Module with_our_cuda_calls(const Halide::Module& module);

}  // namespace polyphase
