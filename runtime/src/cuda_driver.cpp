#include "runtime/src/cuda_driver.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstring>

namespace polyphase {
namespace {

constexpr const char* kLibrary = "libcuda.so.1";

CudaDriver driver;
std::atomic<bool> found{false};
pthread_mutex_t finding = PTHREAD_MUTEX_INITIALIZER;

/// Fills `driver`.
bool find(char* why, size_t capacity) {
    void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        std::snprintf(why, capacity, "the CUDA driver is missing: %s", dlerror());
        return false;
    }
    const struct {
        const char* name;
        void* function;  // where its address goes
        bool optional;
    } names[] = {
        {"cuInit", &driver.init, false},
        {"cuGetErrorName", &driver.get_error_name, false},
        {"cuCtxGetCurrent", &driver.ctx_get_current, false},
        {"cuCtxGetId", &driver.ctx_get_id, true},
        {"cuModuleLoadDataEx", &driver.module_load_data_ex, false},
        {"cuModuleGetFunction", &driver.module_get_function, false},
        {"cuFuncGetAttribute", &driver.func_get_attribute, false},
        {"cuFuncSetAttribute", &driver.func_set_attribute, false},
        {"cuLaunchKernel", &driver.launch_kernel, false},
        {"cuMemcpyDtoDAsync_v2", &driver.memcpy_dtod_async, false},
        {"cuMemsetD32Async", &driver.memset_d32_async, false},
    };
    for (const auto& entry : names) {
        void* symbol = dlsym(library, entry.name);
        if (symbol == nullptr && !entry.optional) {
            std::snprintf(why, capacity, "the CUDA driver is too old: %s lacks %s", kLibrary, entry.name);
            return false;
        }
        std::memcpy(entry.function, &symbol, sizeof symbol);
    }
    return true;
}

}  // namespace

const char* CudaDriver::name_of(CUresult error) const {
    const char* name = nullptr;
    return get_error_name(error, &name) == kCudaSuccess && name != nullptr ? name : "an unknown error";
}

const CudaDriver* cuda_driver(char* why, size_t capacity) {
    if (found.load(std::memory_order_acquire)) return &driver;
    pthread_mutex_lock(&finding);
    const bool have = found.load(std::memory_order_relaxed) || find(why, capacity);
    found.store(have, std::memory_order_release);
    pthread_mutex_unlock(&finding);
    return have ? &driver : nullptr;
}

}  // namespace polyphase
