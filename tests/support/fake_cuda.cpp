// Environment variables, for programs that do not call the functions of fake_cuda.h:
//   FAKE_CUDA_LOG=FILE    calls are appended to it
//   FAKE_CUDA_NO_GPU=1    cuInit finds no device
#include "tests/support/fake_cuda.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <thread>

namespace {

constexpr int kSuccess = 0, kInvalidValue = 1, kNotInitialized = 3, kNoDevice = 100, kNotFound = 500;

struct Function {
    std::string name;
    std::vector<int> argument_bytes;
};
struct Module {
    std::map<std::string, Function> functions;
};
struct Event {
    std::chrono::steady_clock::time_point at;
};

std::mutex mutex;
std::vector<std::string> log;
std::map<std::string, int> failures;
std::vector<std::unique_ptr<Module>> modules;
void* context = nullptr;
uint64_t context_id = 0;
bool initialized = false;

std::string hex(const void* pointer) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(pointer)));
    return text;
}
std::string hex(uint64_t address) {
    return hex(reinterpret_cast<const void*>(address));
}

/// Writes a call down; what it returns before it does anything.
int enter(const std::string& function, const std::string& details) {
    const std::lock_guard lock(mutex);
    log.push_back(details.empty() ? function : function + details);
    if (const char* file = std::getenv("FAKE_CUDA_LOG")) {
        if (std::FILE* stream = std::fopen(file, "a")) {
            std::fprintf(stream, "%s\n", log.back().c_str());
            std::fclose(stream);
        }
    }
    const auto found = failures.find(function);
    return found != failures.end() ? found->second : kSuccess;
}

/// The size of each parameter of a PTX entry: ".param .u64 .ptr .align 1 name_param_0,".
std::vector<int> parameter_bytes(const std::string& declaration) {
    std::vector<int> bytes;
    for (size_t at = declaration.find(".param"); at != std::string::npos; at = declaration.find(".param", at + 1)) {
        const size_t type = declaration.find('.', at + 1);
        bytes.push_back(std::atoi(declaration.c_str() + type + 2) / 8);
    }
    return bytes;
}

std::unique_ptr<Module> parse(const std::string& ptx) {
    auto module = std::make_unique<Module>();
    for (size_t at = ptx.find(".entry "); at != std::string::npos; at = ptx.find(".entry ", at + 1)) {
        const size_t name = at + 7, open = ptx.find('(', name), close = ptx.find(')', open);
        const std::string text = ptx.substr(name, open - name);
        module->functions[text] = {text, parameter_bytes(ptx.substr(open, close - open))};
    }
    return module;
}

std::string argument(const void* value, int bytes) {
    uint64_t bits = 0;
    std::memcpy(&bits, value, static_cast<size_t>(bytes));
    return bytes == 8 ? hex(bits) : std::to_string(static_cast<int32_t>(bits));
}

}  // namespace

namespace fake_cuda {

std::vector<std::string> calls() {
    const std::lock_guard lock(mutex);
    return log;
}

void set_context(void* handle, uint64_t id) {
    context = handle;
    context_id = id;
    initialized = true;
}

void fail(const std::string& function, int error) {
    const std::lock_guard lock(mutex);
    failures[function] = error;
}

void reset() {
    const std::lock_guard lock(mutex);
    log.clear();
    failures.clear();
    modules.clear();
    context = nullptr;
    initialized = false;
}

}  // namespace fake_cuda

// NOLINTBEGIN(readability-identifier-naming): the driver's names
extern "C" {

int cuInit(unsigned) {
    if (std::getenv("FAKE_CUDA_NO_GPU") != nullptr) return kNoDevice;
    initialized = true;
    return kSuccess;
}

int cuGetErrorName(int error, const char** name) {
    const std::map<int, const char*> names = {
        {kInvalidValue, "CUDA_ERROR_INVALID_VALUE"}, {kNotInitialized, "CUDA_ERROR_NOT_INITIALIZED"},
        {kNoDevice, "CUDA_ERROR_NO_DEVICE"},         {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
        {kNotFound, "CUDA_ERROR_NOT_FOUND"},         {719, "CUDA_ERROR_LAUNCH_FAILED"}};
    const auto found = names.find(error);
    *name = found != names.end() ? found->second : nullptr;
    return found != names.end() ? kSuccess : kInvalidValue;
}

int cuDriverGetVersion(int* version) {
    *version = 13000;
    return kSuccess;
}
int cuDeviceGetCount(int* count) {
    *count = 1;
    return kSuccess;
}
int cuDeviceGet(int* device, int) {
    *device = 0;
    return kSuccess;
}
int cuDeviceGetName(char* name, int length, int) {
    std::snprintf(name, static_cast<size_t>(length), "a fake device, which executes nothing");
    return kSuccess;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = size_t{8} << 30;
    return kSuccess;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
    const std::map<int, int> values = {{16, 2},       {13, 1000000}, {36, 1000000}, {37, 512},
                                       {38, 1 << 20}, {75, 9},       {76, 0}};
    const auto found = values.find(attribute);
    *value = found != values.end() ? found->second : 0;
    return kSuccess;
}

int cuCtxGetCurrent(void** current) {
    *current = context;
    return initialized ? kSuccess : kNotInitialized;
}
int cuCtxGetId(void*, unsigned long long* id) {
    *id = context_id;
    return kSuccess;
}
int cuCtxSetCurrent(void* current) {
    if (const int error = enter("cuCtxSetCurrent", "")) return error;
    context = current;
    return kSuccess;
}
int cuDevicePrimaryCtxRetain(void** primary, int) {
    if (const int error = enter("cuDevicePrimaryCtxRetain", "")) return error;
    static int handle;
    *primary = &handle;
    context_id = 1;
    return kSuccess;
}
int cuDevicePrimaryCtxRelease_v2(int) {
    return enter("cuDevicePrimaryCtxRelease", "");
}
int cuCtxSynchronize() {
    return enter("cuCtxSynchronize", "");
}

int cuModuleLoadDataEx(void** module, const void* image, unsigned, int*, void**) {
    if (const int error = enter("cuModuleLoadDataEx", "")) return error;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // it takes its time, as compilers do
    const std::lock_guard lock(mutex);
    modules.push_back(parse(static_cast<const char*>(image)));
    *module = modules.back().get();
    return kSuccess;
}
int cuModuleLoadData(void** module, const void*) {
    // The ceilings' kernels are machine code, whose names nobody asks for in advance.
    if (const int error = enter("cuModuleLoadData", "")) return error;
    const std::lock_guard lock(mutex);
    modules.push_back(std::make_unique<Module>());
    *module = modules.back().get();
    return kSuccess;
}
int cuModuleUnload(void*) {
    return enter("cuModuleUnload", "");
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
    if (const int error = enter("cuModuleGetFunction", std::string(" ") + name)) return error;
    std::map<std::string, Function>& functions = static_cast<Module*>(module)->functions;
    if (functions.empty() || functions.count(name) == 0) {
        if (!functions.empty() && functions.begin()->second.argument_bytes.size() > 0) return kNotFound;
        functions[name] = {name, {}};
    }
    *function = &functions[name];
    return kSuccess;
}
int cuFuncGetAttribute(int* value, int, void*) {
    *value = 0;
    return kSuccess;
}
int cuFuncSetAttribute(void* function, int attribute, int value) {
    return enter("cuFuncSetAttribute", " " + static_cast<Function*>(function)->name + " " + std::to_string(attribute) +
                                           " = " + std::to_string(value));
}
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void* stream, void** arguments, void**) {
    const Function& kernel = *static_cast<Function*>(function);
    std::ostringstream text;
    text << " " << hex(stream) << ": " << kernel.name << " <<<" << grid_x << "x" << grid_y << "x" << grid_z << ", "
         << block_x << "x" << block_y << "x" << block_z << ", " << shared << ">>>";
    for (size_t i = 0; i < kernel.argument_bytes.size(); ++i)
        text << " " << argument(arguments[i], kernel.argument_bytes[i]);
    return enter("cuLaunchKernel", text.str());
}

int cuMemAlloc_v2(uint64_t* address, size_t bytes) {
    if (const int error = enter("cuMemAlloc", " " + std::to_string(bytes))) return error;
    *address = reinterpret_cast<uint64_t>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
    return *address != 0 ? kSuccess : 2;
}
int cuMemFree_v2(uint64_t address) {
    std::free(reinterpret_cast<void*>(address));
    return enter("cuMemFree", " " + hex(address));
}
int cuMemGetInfo_v2(size_t* free_bytes, size_t* bytes) {
    *free_bytes = *bytes = size_t{8} << 30;
    return kSuccess;
}
int cuMemcpyHtoD_v2(uint64_t to, const void* from, size_t bytes) {
    if (const int error = enter("cuMemcpyHtoD", "")) return error;
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return kSuccess;
}
int cuMemcpyDtoH_v2(void* to, uint64_t from, size_t bytes) {
    if (const int error = enter("cuMemcpyDtoH", "")) return error;
    std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
    return kSuccess;
}
int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t bytes) {
    if (const int error = enter("cuMemcpyDtoD", "")) return error;
    std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    return kSuccess;
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void* stream) {
    const std::string text = " " + hex(stream) + ": " + hex(to) + " = " + hex(from) + ", " + std::to_string(bytes);
    if (const int error = enter("cuMemcpyDtoDAsync", text)) return error;
    std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
    return kSuccess;
}
int cuMemsetD32Async(uint64_t to, unsigned value, size_t count, void* stream) {
    const std::string text =
        " " + hex(stream) + ": " + hex(to) + " = " + std::to_string(value) + " x " + std::to_string(count);
    if (const int error = enter("cuMemsetD32Async", text)) return error;
    for (size_t i = 0; i < count; ++i) std::memcpy(reinterpret_cast<unsigned char*>(to) + 4 * i, &value, 4);
    return kSuccess;
}
int cuMemsetD32_v2(uint64_t to, unsigned value, size_t count) {
    return cuMemsetD32Async(to, value, count, nullptr);
}

int cuStreamCreate(void** stream, unsigned) {
    if (const int error = enter("cuStreamCreate", "")) return error;
    static int handle;
    *stream = &handle;
    return kSuccess;
}
int cuStreamDestroy_v2(void*) {
    return enter("cuStreamDestroy", "");
}
int cuStreamSynchronize(void*) {
    return enter("cuStreamSynchronize", "");
}
int cuStreamBeginCapture_v2(void*, int) {
    return enter("cuStreamBeginCapture", "");
}
int cuStreamEndCapture(void*, void** graph) {
    static int handle;
    *graph = &handle;
    return enter("cuStreamEndCapture", "");
}
int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    *executable = graph;
    return enter("cuGraphInstantiateWithFlags", "");
}
int cuGraphLaunch(void*, void* stream) {
    return enter("cuGraphLaunch", " " + hex(stream) + ":");
}
int cuGraphExecDestroy(void*) {
    return enter("cuGraphExecDestroy", "");
}
int cuGraphDestroy(void*) {
    return enter("cuGraphDestroy", "");
}

int cuEventCreate(void** event, unsigned) {
    *event = new Event{};
    return kSuccess;
}
int cuEventDestroy_v2(void* event) {
    delete static_cast<Event*>(event);
    return kSuccess;
}
int cuEventRecord(void* event, void*) {
    static_cast<Event*>(event)->at = std::chrono::steady_clock::now();
    return kSuccess;
}
int cuEventSynchronize(void*) {
    return kSuccess;
}
int cuEventElapsedTime(float* milliseconds, void* begin, void* end) {
    const auto passed = static_cast<Event*>(end)->at - static_cast<Event*>(begin)->at;
    *milliseconds = std::chrono::duration<float, std::milli>(passed).count();
    return kSuccess;
}
}
// NOLINTEND(readability-identifier-naming)
