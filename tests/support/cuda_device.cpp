#include "tests/support/cuda_device.h"

#include <dlfcn.h>

#include <algorithm>
#include <stdexcept>

namespace polyphase::testing {
namespace {

void* library() {
    static void* const kLibrary = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return kLibrary;
}

/// Calls a function of the driver; its result, or an exception where it has none of that name.
template <typename... Arguments>
int result_of(const char* name, Arguments... arguments) {
    void* symbol = library() != nullptr ? dlsym(library(), name) : nullptr;
    if (symbol == nullptr) throw std::runtime_error(std::string("the CUDA driver has no ") + name);
    return reinterpret_cast<int (*)(Arguments...)>(symbol)(arguments...);
}

std::string name_of(int error) {
    const char* name = nullptr;
    return result_of("cuGetErrorName", error, &name) == 0 && name != nullptr ? name : "error " + std::to_string(error);
}

template <typename... Arguments>
void driver(const char* name, Arguments... arguments) {
    if (const int error = result_of(name, arguments...)) throw std::runtime_error(name + (": " + name_of(error)));
}

constexpr uint32_t kGuardWord = 0xA5A5A5A5, kUnwritten = 0xFFFFFFFF;

}  // namespace

CudaDevice::CudaDevice() {
    if (library() == nullptr) throw NoDevice{std::string("no CUDA driver: ") + dlerror()};
    if (const int error = result_of("cuInit", 0U)) throw NoDevice{"no GPU that the driver can use: " + name_of(error)};
    int count = 0;
    driver("cuDeviceGetCount", &count);
    if (count == 0) throw NoDevice{"the driver finds no GPU"};
    driver("cuDeviceGet", &device_, 0);
    char name[256] = "";
    driver("cuDeviceGetName", +name, static_cast<int>(sizeof name), device_);
    name_ = name;
    driver("cuDeviceTotalMem_v2", &memory_bytes_, device_);
    void* context = nullptr;
    driver("cuDevicePrimaryCtxRetain", &context, device_);
    driver("cuCtxSetCurrent", context);
}

CudaDevice::~CudaDevice() {
    result_of("cuDevicePrimaryCtxRelease_v2", device_);
}

int CudaDevice::attribute(int which) const {
    int value = 0;
    driver("cuDeviceGetAttribute", &value, which, device_);
    return value;
}

int CudaDevice::driver_version() const {
    int version = 0;
    driver("cuDriverGetVersion", &version);
    return version;
}

bool CudaDevice::works() const {
    return result_of("cuCtxSynchronize") == 0;
}

DeviceMemory::DeviceMemory(size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    const size_t words = (bytes + 3) / 4;
    driver("cuMemAlloc_v2", &whole_, 4 * words + 2 * kGuard);
    driver("cuMemsetD32_v2", whole_, kGuardWord, kGuard / 4);
    driver("cuMemsetD32_v2", whole_ + kGuard, kUnwritten, words);
    driver("cuMemsetD32_v2", whole_ + kGuard + 4 * words, kGuardWord, kGuard / 4);
    driver("cuCtxSynchronize");  // streams like ours wait for nothing that was queued elsewhere
}

DeviceMemory::DeviceMemory(const void* values, size_t bytes) : DeviceMemory(bytes) {
    if (bytes == 0) return;
    driver("cuMemcpyHtoD_v2", whole_ + kGuard, values, bytes);
    driver("cuCtxSynchronize");
}

DeviceMemory::~DeviceMemory() {
    if (bytes_ > 0) result_of("cuMemFree_v2", whole_);
}

void DeviceMemory::copy_to(void* host) const {
    if (bytes_ > 0) driver("cuMemcpyDtoH_v2", host, whole_ + kGuard, bytes_);
}

bool DeviceMemory::surroundings_intact() const {
    if (bytes_ == 0) return true;
    for (const uint64_t at : {whole_, whole_ + kGuard + (bytes_ + 3) / 4 * 4}) {
        std::vector<uint32_t> guard(kGuard / 4);
        driver("cuMemcpyDtoH_v2", static_cast<void*>(guard.data()), at, kGuard);
        if (std::any_of(guard.begin(), guard.end(), [](uint32_t word) { return word != kGuardWord; })) return false;
    }
    return true;
}

DeviceStream::DeviceStream() {
    constexpr unsigned kNonBlocking = 1;
    driver("cuStreamCreate", &handle_, kNonBlocking);
}

DeviceStream::~DeviceStream() {
    result_of("cuStreamDestroy_v2", handle_);
}

void DeviceStream::wait() const {
    driver("cuStreamSynchronize", handle_);
}

void DeviceStream::copy(void* to, const void* from, size_t bytes) const {
    driver("cuMemcpyDtoDAsync_v2", reinterpret_cast<uint64_t>(to), reinterpret_cast<uint64_t>(from), bytes, handle_);
}

double DeviceStream::milliseconds(const std::function<void()>& queue) const {
    void *begin = nullptr, *end = nullptr;
    driver("cuEventCreate", &begin, 0U);
    driver("cuEventCreate", &end, 0U);
    driver("cuEventRecord", begin, handle_);
    queue();
    driver("cuEventRecord", end, handle_);
    driver("cuEventSynchronize", end);
    float passed = 0;
    driver("cuEventElapsedTime", &passed, begin, end);
    driver("cuEventDestroy_v2", begin);
    driver("cuEventDestroy_v2", end);
    return passed;
}

DeviceGraph::DeviceGraph(const DeviceStream& stream, const std::function<void()>& queue) : stream_(stream) {
    constexpr int kThreadLocal = 1;
    driver("cuStreamBeginCapture_v2", stream.handle(), kThreadLocal);
    try {
        queue();
    } catch (...) {
        result_of("cuStreamEndCapture", stream.handle(), &graph_);
        throw;
    }
    driver("cuStreamEndCapture", stream.handle(), &graph_);
    driver("cuGraphInstantiateWithFlags", &executable_, graph_, 0ULL);
}

DeviceGraph::~DeviceGraph() {
    if (executable_ != nullptr) result_of("cuGraphExecDestroy", executable_);
    if (graph_ != nullptr) result_of("cuGraphDestroy", graph_);
}

void DeviceGraph::launch() const {
    driver("cuGraphLaunch", executable_, stream_.handle());
}

DeviceModule::DeviceModule(const std::string& image) {
    driver("cuModuleLoadData", &module_, static_cast<const void*>(image.c_str()));
}

void DeviceModule::launch(const char* kernel, unsigned blocks, unsigned threads, const DeviceStream& stream,
                          std::vector<void*> arguments) const {
    void* function = nullptr;
    driver("cuModuleGetFunction", &function, module_, kernel);
    driver("cuLaunchKernel", function, blocks, 1U, 1U, threads, 1U, 1U, 0U, stream.handle(), arguments.data(),
           static_cast<void**>(nullptr));
}

}  // namespace polyphase::testing
