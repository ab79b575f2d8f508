#include "bench/gpu/layer.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "bench/data.h"
#include "problem/names.h"
#include "tests/support/random_problem.h"

namespace polyphase::gpu {
namespace {

using testing::CudaDevice;
using testing::DeviceGraph;
using testing::DeviceMemory;
using testing::DeviceStream;

constexpr double kTolerance = 1e-4;      // of the largest output
constexpr double kEnoughSeconds = 0.05;  // of repetitions
constexpr int kLeastRepetitions = 7, kMostRepetitions = 200;
constexpr size_t kMostSets = 128;

/// What a problem of these benchmarks reads; empty where it has no such tensor. None has slopes or a residual.
struct Data {
    std::vector<float> input, weights, bias;
    std::vector<int64_t> indices;

    explicit Data(const Problem& problem)
        : input(random_values(testing::input_count(problem), 1)),
          weights(random_values(testing::weight_count(problem), 2)) {
        const Convolution* conv = convolution_of(problem);
        if (conv != nullptr && conv->bias) bias = random_values(static_cast<size_t>(problem.out_channels), 3);
        if (const auto* unpool = std::get_if<MaxUnpool>(&problem.op)) indices = random_indices(problem, *unpool);
    }
};

class Library {
  public:
    Library(const std::string& directory, std::string name)
        : handle_(dlopen((directory + "/lib" + name + ".so").c_str(), RTLD_NOW | RTLD_LOCAL)), name_(std::move(name)) {
        if (handle_ == nullptr) throw std::runtime_error(dlerror());
    }

    size_t size(const std::string& what) const { return function<size_t()>(what)(); }

    /// Calls a function that works; throws its message.
    template <typename... Pointers>
    void call(const std::string& what, Pointers... pointers) const {
        if (const int status = function<int(Pointers...)>(what)(pointers...)) {
            throw std::runtime_error(what + " returned " + std::to_string(status) + ": " +
                                     function<const char*()>("last_error")());
        }
    }

  private:
    template <typename Function>
    Function* function(const std::string& what) const {
        void* found = dlsym(handle_, (name_ + "_" + what).c_str());
        if (found == nullptr) throw std::runtime_error(dlerror());
        return reinterpret_cast<Function*>(found);
    }

    void* handle_;
    std::string name_;
};

template <typename T>
const T* pointer(const std::vector<T>& values) {
    return values.empty() ? nullptr : values.data();
}

/// The processor's result; empty where the library has no code for it.
std::vector<float> on_processor(const Library& library, const Problem& problem, const Data& data) {
    std::vector<float> output(testing::output_count(problem));
    std::vector<char> packed(library.size("packed_size")), workspace(library.size("workspace_size"));
    try {
        if (!data.weights.empty()) library.call("pack", pointer(data.weights), pointer(data.bias), packed.data());
        if (!data.indices.empty()) {
            library.call("run_indexed", pointer(data.input), pointer(data.indices), output.data(), workspace.data());
        } else {
            library.call("run", pointer(data.input), packed.empty() ? nullptr : packed.data(), output.data(),
                         workspace.data());
        }
    } catch (const std::exception&) {
        output.clear();
    }
    return output;
}

/// The same tensor several times.
class Copies {
  public:
    Copies(size_t bytes, size_t count) : stride_((bytes + 255) / 256 * 256), count_(count), all_(stride_ * count) {}

    void* operator[](size_t i) const {
        return all_.size() == 0 ? nullptr : static_cast<char*>(all_.data()) + i * stride_;
    }
    void fill(const DeviceStream& stream, const DeviceMemory& values) const {
        for (size_t i = 0; i < count_ && values.size() > 0; i++) stream.copy((*this)[i], values.data(), values.size());
    }
    /// Beyond the copies themselves.
    bool surroundings_intact() const { return all_.surroundings_intact(); }

  private:
    size_t stride_, count_;
    DeviceMemory all_;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Largest difference over the largest expected value; NaN where anything is.
double largest_error(const std::vector<float>& found, const std::vector<float>& expected) {
    double largest = 0, error = 0;
    for (size_t i = 0; i < found.size(); i++) {
        const double difference = std::abs(static_cast<double>(found[i]) - expected[i]);
        if (std::isnan(difference)) return difference;
        error = std::max(error, difference);
        largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
    }
    return error / (largest + 1e-30);
}

void wrong(nlohmann::ordered_json& line, const std::string& what) {
    line["ok"] = false;
    line["wrong"] = what;
}

class Measurement {
  public:
    Measurement(const CudaDevice& device, const std::string& directory, const Problem& problem)
        : device_(device), problem_(problem), library_(directory, problem.name), data_(problem) {}

    void into(nlohmann::ordered_json& line) {
        const auto start = std::chrono::steady_clock::now();
        library_.call("load_cuda");
        line["load_ms"] = seconds_since(start) * 1e3;
        const size_t bytes = output_bytes() + data_.input.size() * 4 + library_.size("packed_size_cuda");
        const size_t l2 = static_cast<size_t>(std::max(device_.l2_bytes(), 1 << 20));
        const size_t sets = std::clamp<size_t>(3 * l2 / bytes + 1, 2, kMostSets);
        line["sets"] = sets;
        line["set_bytes"] = bytes;

        const DeviceStream stream;
        const DeviceMemory input(DeviceMemory::of(data_.input)), weights(DeviceMemory::of(data_.weights)),
            bias(DeviceMemory::of(data_.bias)), indices(DeviceMemory::of(data_.indices)),
            workspace(library_.size("workspace_size_cuda"));
        const Copies inputs(input.size(), sets), packed(library_.size("packed_size_cuda"), sets),
            outputs(output_bytes(), sets), all_indices(indices.size(), sets);
        inputs.fill(stream, input);
        all_indices.fill(stream, indices);
        for (size_t i = 0; i < sets && weights.size() > 0; i++)
            library_.call("pack_cuda", weights.data(), bias.data(), packed[i], stream.handle());
        const auto run = [&](size_t i) {
            if (indices.size() > 0) {
                library_.call("run_indexed_cuda", inputs[i], all_indices[i], outputs[i], workspace.data(),
                              stream.handle());
            } else {
                library_.call("run_cuda", inputs[i], packed[i], outputs[i], workspace.data(), stream.handle());
            }
        };
        const auto run_all = [&] {
            for (size_t i = 0; i < sets; i++) run(i);
        };
        run(0);
        const std::vector<float> first = output_of(stream, outputs[0]);
        check(line, first);

        line["launch_us"] = 1e3 * stream.milliseconds(run_all) / static_cast<double>(sets);
        const DeviceGraph graph(stream, run_all);
        time(line, stream, graph, sets);
        const std::vector<float> last = output_of(stream, outputs[0]);
        if (std::memcmp(first.data(), last.data(), output_bytes()) != 0) wrong(line, "two runs differ");
        if (!outputs.surroundings_intact() || !packed.surroundings_intact() || !workspace.surroundings_intact())
            wrong(line, "it wrote outside its outputs or workspace");
    }

  private:
    size_t output_bytes() const { return testing::output_count(problem_) * sizeof(float); }

    std::vector<float> output_of(const DeviceStream& stream, const void* output) const {
        const DeviceMemory copy(output_bytes());
        stream.copy(copy.data(), output, output_bytes());
        stream.wait();
        return copy.values<float>();
    }

    void check(nlohmann::ordered_json& line, const std::vector<float>& found) const {
        const std::vector<float> expected = on_processor(library_, problem_, data_);
        if (expected.empty()) return wrong(line, "it has no code for this machine's processor to compare with");
        const double error = largest_error(found, expected);
        line["largest_error"] = std::isnan(error) ? nlohmann::ordered_json("nan") : nlohmann::ordered_json(error);
        if (!(error <= kTolerance)) wrong(line, "the result differs from the processor's");
    }

    static void time(nlohmann::ordered_json& line, const DeviceStream& stream, const DeviceGraph& graph, size_t sets) {
        std::vector<double> us;
        stream.milliseconds([&] { graph.launch(); });
        const auto start = std::chrono::steady_clock::now();
        while (us.size() < kLeastRepetitions || (us.size() < kMostRepetitions && seconds_since(start) < kEnoughSeconds))
            us.push_back(1e3 * stream.milliseconds([&] { graph.launch(); }) / static_cast<double>(sets));
        std::sort(us.begin(), us.end());
        line["us"] = us[us.size() / 2];
        line["us_low"] = us[us.size() / 4];
        line["us_high"] = us[us.size() * 3 / 4];
    }

    const CudaDevice& device_;
    const Problem& problem_;
    const Library library_;
    const Data data_;
};

}  // namespace

nlohmann::ordered_json measure_layer(const CudaDevice& device, const std::string& directory, const Problem& problem) {
    nlohmann::ordered_json line{
        {"name", problem.name},    {"op", op_name(problem)},      {"layout", name_in(kLayouts, problem.input_layout)},
        {"flops", flops(problem)}, {"bytes", min_bytes(problem)}, {"ok", true}};
    try {
        Measurement(device, directory, problem).into(line);
    } catch (const std::exception& error) {
        wrong(line, error.what());
    }
    return line;
}

nlohmann::ordered_json warm_layer(const std::string& directory, const Problem& problem) {
    nlohmann::ordered_json line{{"name", problem.name}, {"ok", true}};
    try {
        const Library library(directory, problem.name);
        auto start = std::chrono::steady_clock::now();
        library.call("load_cuda");
        line["load_ms"] = seconds_since(start) * 1e3;
        const Convolution* conv = convolution_of(problem);
        if (conv == nullptr) return line;
        const DeviceStream stream;
        const DeviceMemory weights(testing::weight_count(problem) * sizeof(float)),
            bias(conv->bias ? static_cast<size_t>(problem.out_channels) * sizeof(float) : 0),
            packed(library.size("packed_size_cuda"));
        start = std::chrono::steady_clock::now();
        library.call("pack_cuda", weights.data(), bias.data(), packed.data(), stream.handle());
        stream.wait();
        line["pack_ms"] = seconds_since(start) * 1e3;
    } catch (const std::exception& error) {
        wrong(line, error.what());
    }
    return line;
}

}  // namespace polyphase::gpu
