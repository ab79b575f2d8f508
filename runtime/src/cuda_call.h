// What surrounds one call of a CUDA variant's host code: context, stream and device memory. It is the user context that
// the host code hands back to the functions in cuda_hooks.cpp.
#pragma once

#include <HalideRuntime.h>

#include <cstddef>
#include <cstdint>

#include "runtime/src/context.h"
#include "runtime/src/cuda_driver.h"

namespace polyphase {

/// One generated function's code in one CUDA context.
struct CudaModule;

struct CudaCall : Context {
    /// `purpose` load: everything happens but the launches, so that a call brings code into the context.
    enum class Purpose { load, run };

    /// `workspace` may have any alignment; see POLYPHASE_CUDA_ALLOCATION.
    CudaCall(Purpose call_purpose, CUstream call_stream, void* workspace, size_t workspace_bytes);

    /// Finds driver and current context. Returns 0 or a polyphase_error; its message names the kernel.
    int enter(const char* kernel);

    /// Device memory for one buffer, or 0 and the call fails. It is never given back: the workspace has room for all.
    CUdeviceptr allocate_device(size_t bytes);

    /// Records a driver's error.
    void set_cuda_error(const char* function, CUresult error);

    Purpose purpose;
    const CudaDriver* driver = nullptr;
    CUcontext current = nullptr;
    uint64_t current_id = 0;  ///< contexts that come after each other may have one address
    CUstream stream;
    CUdeviceptr arena = 0;
    size_t arena_bytes = 0, arena_used = 0;
    const CudaModule* module = nullptr;
};

/// What generated buffers name as their device interface. It is only ever compared.
const halide_device_interface_t* cuda_device_interface();

}  // namespace polyphase
