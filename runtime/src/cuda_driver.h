// The CUDA driver, found when it is first needed: programs neither link it nor need its headers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace polyphase {

// As cuda.h has them.
using CUresult = int;
using CUdeviceptr = uint64_t;
using CUcontext = struct CUctx_st*;
using CUmodule = struct CUmod_st*;
using CUfunction = struct CUfunc_st*;
using CUstream = struct CUstream_st*;

constexpr CUresult kCudaSuccess = 0, kCudaNotInitialized = 3;
// CUfunction_attribute.
constexpr int kLocalSizeBytes = 3, kMaxDynamicSharedSizeBytes = 8;
// CUjit_option.
constexpr int kErrorLogBuffer = 5, kErrorLogBufferSizeBytes = 6;

struct CudaDriver {
    CUresult (*init)(unsigned flags);
    CUresult (*get_error_name)(CUresult error, const char** name);
    CUresult (*ctx_get_current)(CUcontext* context);
    CUresult (*ctx_get_id)(CUcontext context, unsigned long long* id);  ///< null before CUDA 12
    CUresult (*module_load_data_ex)(CUmodule* module, const void* image, unsigned count, int* options, void** values);
    CUresult (*module_get_function)(CUfunction* function, CUmodule module, const char* name);
    CUresult (*func_get_attribute)(int* value, int attribute, CUfunction function);
    CUresult (*func_set_attribute)(CUfunction function, int attribute, int value);
    CUresult (*launch_kernel)(CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                              unsigned block_y, unsigned block_z, unsigned shared_bytes, CUstream stream,
                              void** parameters, void** extra);
    CUresult (*memcpy_dtod_async)(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream);
    CUresult (*memset_d32_async)(CUdeviceptr to, unsigned value, size_t count, CUstream stream);

    /// "CUDA_ERROR_INVALID_VALUE".
    const char* name_of(CUresult error) const;
};

/// The driver, or null and why not in `why`. Looks again where it was not found before.
const CudaDriver* cuda_driver(char* why, size_t capacity);

}  // namespace polyphase
