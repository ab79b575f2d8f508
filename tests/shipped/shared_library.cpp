#include <cstring>
#include <limits>

#include "tests/shipped/c_functions.h"
#include "tests/shipped/kernel.h"
#include "tests/support/guarded_buffer.h"

namespace polyphase::testing {
namespace {

/// Places that the kernel does not write keep this: a NaN, and an index that no tensor has.
constexpr uint8_t kUnwritten = 0xFF;

/// A tensor right before a page that nobody may touch.
class Tensor {
  public:
    explicit Tensor(size_t bytes) : buffer_(bytes, GuardedBuffer::Side::end) { buffer_.fill(kUnwritten); }

    template <typename T>
    static std::unique_ptr<Tensor> read_only(const std::vector<T>& values) {
        if (values.empty()) return nullptr;
        auto tensor = std::make_unique<Tensor>(values.size() * sizeof(T));
        std::memcpy(tensor->buffer_.data(), values.data(), tensor->buffer_.size());
        tensor->buffer_.make_read_only();
        return tensor;
    }
    template <typename T>
    std::vector<T> values() const {
        const auto* first = static_cast<const T*>(buffer_.data());
        return {first, first + buffer_.size() / sizeof(T)};
    }
    void* data() const { return buffer_.data(); }
    bool surroundings_intact() const { return buffer_.surroundings_intact(); }

  private:
    GuardedBuffer buffer_;
};

template <typename T = void>
T* data_of(const std::unique_ptr<Tensor>& tensor) {
    return tensor ? static_cast<T*>(tensor->data()) : nullptr;
}

class SharedLibrary : public ShippedKernel {
  public:
    SharedLibrary(const std::string& file, std::string name) : library_(file, std::move(name)) {}
    ~SharedLibrary() override { library_.close(); }
    SharedLibrary(const SharedLibrary&) = delete;
    SharedLibrary& operator=(const SharedLibrary&) = delete;

    std::string run(const Problem& problem, const ProblemData& data, Outputs& outputs) override {
        const auto input = Tensor::read_only(data.input), weights = Tensor::read_only(data.weights),
                   bias = Tensor::read_only(data.bias), slopes = Tensor::read_only(data.slopes),
                   residual = Tensor::read_only(data.residual), indices = Tensor::read_only(data.indices);
        const Tensor workspace(library_.size("workspace_size")), output(output_count(problem) * sizeof(float));
        const Tensor output_indices(writes_indices(problem) ? output_count(problem) * sizeof(int64_t) : 0);
        std::unique_ptr<Tensor> packed;
        if (weights) {
            packed = std::make_unique<Tensor>(library_.size("packed_size"));
            const int status =
                slopes ? library_.call("pack_prelu", weights->data(), data_of(bias), slopes->data(), packed->data())
                       : library_.call("pack", weights->data(), data_of(bias), packed->data());
            if (status != 0) return library_.last_error("pack", status);
            if (!packed->surroundings_intact()) return "pack wrote outside the packed weights";
        }

        int status = 0;
        if (writes_indices(problem)) {
            status = library_.call("run_with_indices", input->data(), output.data(), output_indices.data(),
                                   workspace.data());
        } else if (indices) {
            status = library_.call("run_indexed", input->data(), indices->data(), output.data(), workspace.data());
        } else if (residual) {
            status = library_.call("run_residual", input->data(), data_of(packed), residual->data(), output.data(),
                                   workspace.data());
        } else {
            status = library_.call("run", input->data(), data_of(packed), output.data(), workspace.data());
        }
        if (status != 0) return library_.last_error("run", status);
        for (const Tensor* written : {&output, &output_indices, &workspace})
            if (!written->surroundings_intact()) return "run wrote outside its output, indices or workspace";
        outputs.values = output.values<float>();
        outputs.indices = output_indices.values<int64_t>();
        return "";
    }

  private:
    static bool writes_indices(const Problem& problem) { return std::holds_alternative<MaxPool>(problem.op); }

    const CFunctions library_;
};

}  // namespace

std::unique_ptr<ShippedKernel> open_shared_library(const std::string& directory, const std::string& name) {
    return std::make_unique<SharedLibrary>(directory + "/lib" + name + ".so", name);
}

}  // namespace polyphase::testing
