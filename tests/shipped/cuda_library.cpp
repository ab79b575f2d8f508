// libNAME.so on a CUDA device: the C functions for it, tensors in device memory.
#include "tests/shipped/c_functions.h"
#include "tests/shipped/kernel.h"
#include "tests/support/cuda_device.h"

namespace polyphase::testing {
namespace {

class CudaLibrary : public ShippedKernel {
  public:
    CudaLibrary(const std::string& file, std::string name) : library_(file, std::move(name)) {}
    // The library stays loaded, as its code does in the device's context.

    std::string run(const Problem& problem, const ProblemData& data, Outputs& outputs) override {
        const DeviceStream stream;
        const auto input = DeviceMemory::of(data.input), weights = DeviceMemory::of(data.weights),
                   bias = DeviceMemory::of(data.bias), slopes = DeviceMemory::of(data.slopes),
                   residual = DeviceMemory::of(data.residual), indices = DeviceMemory::of(data.indices);
        const bool pools = std::holds_alternative<MaxPool>(problem.op);
        const DeviceMemory workspace(library_.size("workspace_size_cuda")), packed(library_.size("packed_size_cuda")),
            output(output_count(problem) * sizeof(float)),
            output_indices(pools ? output_count(problem) * sizeof(int64_t) : 0);
        if (!data.weights.empty()) {
            const int status = !data.slopes.empty() ? library_.call("pack_prelu_cuda", weights.data(), bias.data(),
                                                                    slopes.data(), packed.data(), stream.handle())
                                                    : library_.call("pack_cuda", weights.data(), bias.data(),
                                                                    packed.data(), stream.handle());
            if (status != 0) return library_.last_error("pack", status);
        }
        int status = 0;
        if (pools) {
            status = library_.call("run_with_indices_cuda", input.data(), output.data(), output_indices.data(),
                                   workspace.data(), stream.handle());
        } else if (!data.indices.empty()) {
            status = library_.call("run_indexed_cuda", input.data(), indices.data(), output.data(), workspace.data(),
                                   stream.handle());
        } else if (!data.residual.empty()) {
            status = library_.call("run_residual_cuda", input.data(), packed.data(), residual.data(), output.data(),
                                   workspace.data(), stream.handle());
        } else {
            status = library_.call("run_cuda", input.data(), packed.data(), output.data(), workspace.data(),
                                   stream.handle());
        }
        if (status != 0) return library_.last_error("run", status);
        stream.wait();
        for (const DeviceMemory* written : {&packed, &output, &output_indices, &workspace})
            if (!written->surroundings_intact()) return "pack or run wrote outside its outputs or workspace";
        outputs.values = output.values<float>();
        outputs.indices = output_indices.values<int64_t>();
        return "";
    }

  private:
    const CFunctions library_;
};

}  // namespace

std::unique_ptr<ShippedKernel> open_cuda_library(const std::string& directory, const std::string& name) {
    static const CudaDevice kDevice;  // its context lives as long as the process
    return std::make_unique<CudaLibrary>(directory + "/lib" + name + ".so", name);
}

}  // namespace polyphase::testing
