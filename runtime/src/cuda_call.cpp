#include "runtime/src/cuda_call.h"

#include <polyphase/kernel.h>
#include <polyphase/status.h>

#include <cstdio>

#include "runtime/src/error.h"

namespace polyphase {
namespace {

constexpr size_t kUnit = POLYPHASE_CUDA_ALLOCATION;

}  // namespace

CudaCall::CudaCall(Purpose call_purpose, CUstream call_stream, void* workspace, size_t workspace_bytes)
    : Context(nullptr, 0, Heap::refused), purpose(call_purpose), stream(call_stream) {
    // The slack is never used for more, so that whether a workspace suffices does not depend on where it lies.
    if (workspace == nullptr || workspace_bytes < kUnit) return;
    arena = (reinterpret_cast<CUdeviceptr>(workspace) + kUnit - 1) / kUnit * kUnit;
    arena_bytes = workspace_bytes - (kUnit - 1);
}

int CudaCall::enter(const char* kernel) {
    char why[200];
    driver = cuda_driver(why, sizeof why);
    if (driver == nullptr) return fail(POLYPHASE_NO_CUDA, "%s: %s", kernel, why);
    const CUresult error = driver->ctx_get_current(&current);
    if (error == kCudaSuccess && current != nullptr) {
        unsigned long long id = 0;
        if (driver->ctx_get_id != nullptr && driver->ctx_get_id(current, &id) == kCudaSuccess) current_id = id;
        return POLYPHASE_OK;
    }
    // Nobody has used the driver yet: is that because it is of no use?
    const CUresult init_error = error == kCudaNotInitialized ? driver->init(0) : error;
    if (init_error != kCudaSuccess) {
        return fail(POLYPHASE_NO_CUDA, "%s: the CUDA driver finds no GPU that it can use: %s", kernel,
                    driver->name_of(init_error));
    }
    return fail(POLYPHASE_NO_CUDA,
                "%s: no CUDA context is current on this thread: call cudaSetDevice or cuCtxSetCurrent first", kernel);
}

CUdeviceptr CudaCall::allocate_device(size_t bytes) {
    const size_t rounded = (bytes + kUnit - 1) / kUnit * kUnit;
    if (rounded > arena_bytes - arena_used || bytes > arena_bytes) {
        char text[120];
        std::snprintf(text, sizeof text, "it asked for %zu bytes of device memory, but its workspace has %zu left",
                      bytes, arena_bytes - arena_used);
        set_error(text);
        return 0;
    }
    const CUdeviceptr result = arena + arena_used;
    arena_used += rounded;
    return result;
}

void CudaCall::set_cuda_error(const char* function, CUresult error) {
    char text[160];
    std::snprintf(text, sizeof text, "%s: %s", function, driver->name_of(error));
    set_error(text);
}

}  // namespace polyphase
