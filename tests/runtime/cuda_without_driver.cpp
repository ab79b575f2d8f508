// On a machine without a CUDA driver every function of a CUDA kernel says so. Skipped (77) where there is a driver.
#include <dlfcn.h>
#include <polyphase/kernel.h>
#include <polyphase/status.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

int never(void**) {
    std::abort();
}

bool says_so(const char* function, int code) {
    const bool right =
        code == POLYPHASE_NO_CUDA &&
        std::strstr(polyphase_last_error(), "gpu1: the CUDA driver is missing: libcuda.so.1: ") != nullptr;
    if (!right) std::printf("%s returned %d: %s\n", function, code, polyphase_last_error());
    return right;
}

}  // namespace

int main() {
    if (dlopen("libcuda.so.1", RTLD_NOW) != nullptr) {
        std::printf("skipped: this machine has a CUDA driver\n");
        return 77;
    }
    polyphase_variant cuda = {};
    cuda.instruction_set = "cuda-cuda_capability_80";
    cuda.run = cuda.pack = never;
    cuda.weight_dims = 1;
    cuda.weight_extent[0] = 1;
    cuda.packed_size = 64 + 64 + 4;
    polyphase_kernel kernel = {};
    kernel.abi = POLYPHASE_KERNEL_ABI;
    kernel.name = "gpu1";
    kernel.input = kernel.output = {3, 0, {1, 1, 1}};
    kernel.has_weights = kernel.source_dims = kernel.source_extent[0] = kernel.out_channels = kernel.bias_extent = 1;
    kernel.cuda = &cuda;
    alignas(16) float memory[64] = {};
    const bool right =
        says_so("load", polyphase_kernel_load_cuda(&kernel)) &
        says_so("pack", polyphase_kernel_pack_cuda(&kernel, memory, nullptr, nullptr, memory, nullptr)) &
        says_so("run", polyphase_kernel_run_cuda(&kernel, memory, memory, nullptr, memory, nullptr, nullptr));
    return right ? 0 : 1;
}
