// The GPU runtime calls of generated host code, which are Halide's under names of ours (tools/cuda_calls.cpp). Halide's
// own CUDA runtime is no part of ours: it locks and allocates at every launch, owns a context, and copies where a
// buffer says so. Code of CUDA variants is called by cuda_kernel.cpp alone, so the user context is a CudaCall.
//
// Errors are recorded in the call: generated code ignores what these functions return. After the first error nothing is
// launched.
#include <HalideRuntime.h>

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/src/cuda_call.h"

namespace polyphase {

struct CudaModule {
    CUcontext context;
    uint64_t context_id;
    const CudaModule* next;
    struct Function {
        const char* name;  // in the PTX, not terminated
        size_t name_length;
        CUfunction function;
        mutable int shared_bytes;  // how much a block may have; set once, to what every launch asks for
    };
    size_t function_count;
    Function* function;
};

namespace {

constexpr const char* kEntry = ".entry ";
constexpr size_t kMostArguments = 64;
constexpr int kSharedByDefault = 48 << 10;  // bytes a block; more has to be asked for

pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

CudaCall& call_of(void* user_context) {
    return *static_cast<CudaCall*>(static_cast<Context*>(user_context));
}

const CudaModule* find_module(const CudaModule* newest, const CudaCall& call) {
    while (newest != nullptr && (newest->context != call.current || newest->context_id != call.current_id))
        newest = newest->next;
    return newest;
}

/// Where the next kernel of a PTX text begins, at its name; null after the last.
const char* next_entry(const char* text) {
    const char* entry = std::strstr(text, kEntry);
    return entry != nullptr ? entry + std::strlen(kEntry) : nullptr;
}

/// All functions of a module. Asking for them here makes the driver load each now rather than at its first launch.
bool find_functions(CudaCall& call, const char* ptx, CUmodule module, CudaModule& result) {
    for (const char* name = next_entry(ptx); name != nullptr; name = next_entry(name)) {
        CudaModule::Function& function = result.function[result.function_count++];
        function.name = name;
        function.name_length = std::strcspn(name, "( \t\r\n");
        function.shared_bytes = kSharedByDefault;
        char terminated[512];
        std::snprintf(terminated, sizeof terminated, "%.*s", static_cast<int>(function.name_length), name);
        int local_bytes;
        CUresult error = call.driver->module_get_function(&function.function, module, terminated);
        if (error == kCudaSuccess) {
            error = call.driver->func_get_attribute(&local_bytes, kLocalSizeBytes, function.function);
        }
        if (error != kCudaSuccess) {
            call.set_cuda_error("cuModuleGetFunction", error);
            return false;
        }
    }
    return true;
}

/// Loads a PTX text into the current context. It stays there as long as the context.
CudaModule* load_module(CudaCall& call, const char* ptx) {
    size_t count = 0;
    for (const char* name = next_entry(ptx); name != nullptr; name = next_entry(name)) ++count;
    auto* result = static_cast<CudaModule*>(std::calloc(1, sizeof(CudaModule) + count * sizeof(CudaModule::Function)));
    if (result == nullptr) {
        call.set_error("there is no memory to load its code");
        return nullptr;
    }
    result->function = reinterpret_cast<CudaModule::Function*>(result + 1);
    char log[100] = "";
    int options[] = {kErrorLogBuffer, kErrorLogBufferSizeBytes};
    void* values[] = {log, reinterpret_cast<void*>(sizeof log)};
    CUmodule module = nullptr;
    const CUresult error = call.driver->module_load_data_ex(&module, ptx, 2, options, values);
    if (error != kCudaSuccess) {
        char text[180];
        std::snprintf(text, sizeof text, "cuModuleLoadDataEx: %s%s%.99s", call.driver->name_of(error),
                      log[0] != '\0' ? ": " : "", log);
        call.set_error(text);
    }
    if (error != kCudaSuccess || !find_functions(call, ptx, module, *result)) {
        std::free(result);
        return nullptr;
    }
    result->context = call.current;
    result->context_id = call.current_id;
    return result;
}

const CudaModule::Function* find_function(const CudaModule& module, const char* name) {
    const size_t length = std::strlen(name);
    for (size_t i = 0; i < module.function_count; ++i) {
        const CudaModule::Function& function = module.function[i];
        if (function.name_length == length && std::memcmp(function.name, name, length) == 0) return &function;
    }
    return nullptr;
}

size_t buffer_bytes(const halide_buffer_t& buffer) {
    int64_t last = 0;
    for (int i = 0; i < buffer.dimensions; ++i) {
        if (buffer.dim[i].extent == 0) return 0;
        last += static_cast<int64_t>(buffer.dim[i].stride) * (buffer.dim[i].extent - 1);
    }
    return static_cast<size_t>(last + 1) * static_cast<size_t>(buffer.type.bytes());
}

}  // namespace

const halide_device_interface_t* cuda_device_interface() {
    static const halide_device_interface_t interface = {};
    return &interface;
}

}  // namespace polyphase

using namespace polyphase;

extern "C" {

const halide_device_interface_t* polyphase_cuda_device_interface() {
    return cuda_device_interface();
}

/// `state` is one of the generated function's own, null at first: the list of its modules, newest first.
int polyphase_cuda_initialize_kernels(void* user_context, void** state, const char* ptx, int) {
    CudaCall& call = call_of(user_context);
    auto** const modules = reinterpret_cast<CudaModule**>(state);
    call.module = find_module(__atomic_load_n(modules, __ATOMIC_ACQUIRE), call);
    if (call.module != nullptr) return 0;
    pthread_mutex_lock(&loading);
    CudaModule* const newest = *modules;
    call.module = find_module(newest, call);
    if (call.module == nullptr) {
        if (CudaModule* loaded = load_module(call, ptx)) {
            loaded->next = newest;
            __atomic_store_n(modules, loaded, __ATOMIC_RELEASE);
            call.module = loaded;
        }
    }
    pthread_mutex_unlock(&loading);
    return call.module != nullptr ? 0 : halide_error_code_gpu_device_error;
}

/// At the end of every call: the code stays.
void polyphase_cuda_finalize_kernels(void*, void*) {}

int polyphase_cuda_run(void* user_context, void*, const char* name, int grid_x, int grid_y, int grid_z, int block_x,
                       int block_y, int block_z, int shared_bytes, size_t sizes[], void* arguments[],
                       int8_t is_buffer[]) {
    CudaCall& call = call_of(user_context);
    if (call.failed() || call.module == nullptr) return halide_error_code_device_run_failed;
    const CudaModule::Function* kernel = find_function(*call.module, name);
    void* parameters[kMostArguments];
    size_t count = 0;
    for (; sizes[count] != 0 && count < kMostArguments; ++count) {
        parameters[count] = arguments[count];
        if (is_buffer[count]) parameters[count] = &static_cast<halide_buffer_t*>(arguments[count])->device;
    }
    if (kernel == nullptr || count == kMostArguments) {
        call.set_error(kernel == nullptr ? "it launches a kernel that its PTX lacks"
                                         : "one of its kernels has too many parameters");
        return halide_error_code_device_run_failed;
    }
    const char* step = "cuFuncSetAttribute";
    CUresult error = kCudaSuccess;
    if (shared_bytes > __atomic_load_n(&kernel->shared_bytes, __ATOMIC_RELAXED)) {
        error = call.driver->func_set_attribute(kernel->function, kMaxDynamicSharedSizeBytes, shared_bytes);
        __atomic_store_n(&kernel->shared_bytes, shared_bytes, __ATOMIC_RELAXED);
    }
    if (error == kCudaSuccess && call.purpose == CudaCall::Purpose::run) {
        step = "cuLaunchKernel";
        error = call.driver->launch_kernel(
            kernel->function, static_cast<unsigned>(grid_x), static_cast<unsigned>(grid_y),
            static_cast<unsigned>(grid_z), static_cast<unsigned>(block_x), static_cast<unsigned>(block_y),
            static_cast<unsigned>(block_z), static_cast<unsigned>(shared_bytes), call.stream, parameters, nullptr);
    }
    if (error == kCudaSuccess) return 0;
    call.set_cuda_error(step, error);
    return halide_error_code_device_run_failed;
}

/// For every buffer that a kernel works with, before it does. The application's have device memory already.
int polyphase_device_malloc(void* user_context, halide_buffer_t* buffer, const halide_device_interface_t* interface) {
    if (buffer->device != 0) return 0;
    CudaCall& call = call_of(user_context);
    buffer->device = call.allocate_device(buffer_bytes(*buffer));
    if (buffer->device == 0) return halide_error_code_device_malloc_failed;
    buffer->device_interface = interface;
    return 0;
}

/// For every buffer that a kernel reads.
int polyphase_copy_to_device(void* user_context, halide_buffer_t* buffer, const halide_device_interface_t* interface) {
    if (!buffer->host_dirty()) return polyphase_device_malloc(user_context, buffer, interface);
    call_of(user_context).set_error("it would copy from the host's memory");
    return halide_error_code_copy_to_device_failed;
}

int polyphase_device_free(void*, halide_buffer_t* buffer) {
    buffer->device = 0;
    buffer->device_interface = nullptr;
    buffer->set_device_dirty(false);
    return 0;
}

void polyphase_device_free_as_destructor(void* user_context, void* buffer) {
    polyphase_device_free(user_context, static_cast<halide_buffer_t*>(buffer));
}
}
