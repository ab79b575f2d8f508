// What is compared: one library computing one problem, behind an interface that costs a virtual call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/data.h"
#include "problem/problem.h"

namespace polyphase::compare {

/// A problem in one layout with the numbers to compute it with. Tensors are dense, weights in the problem's weight
/// layout. The numbers are the same in every layout, so outputs are too.
struct Work {
    explicit Work(const Problem& problem);

    Problem problem;
    std::vector<float> input, weights, bias;
    std::vector<int64_t> indices;  ///< of a max unpooling
};

/// `values`, a tensor of extents [batch, channels, spatial...], moved from one layout to the other.
template <typename T>
std::vector<T> relaid(const std::vector<T>& values, int batch, int channels, const std::vector<int>& spatial,
                      Layout from, Layout to) {
    if (from == to) return values;
    size_t pixels = 1;
    for (const int extent : spatial) pixels *= static_cast<size_t>(extent);
    const size_t depth = static_cast<size_t>(channels);
    std::vector<T> result(values.size());
    for (size_t n = 0; n < static_cast<size_t>(batch); n++)
        for (size_t c = 0; c < depth; c++)
            for (size_t p = 0; p < pixels; p++) {
                const size_t first = (n * depth + c) * pixels + p, last = (n * pixels + p) * depth + c;
                (to == Layout::nchw ? result[first] : result[last]) = values[to == Layout::nchw ? last : first];
            }
    return result;
}

/// Milliseconds, once each, before anything is timed.
struct Setup {
    double creation_ms = 0;   ///< until the kernel exists: operators and primitives created, code generated
    double pack_ms = 0;       ///< weights brought into the kernel's own layout
    double first_run_ms = 0;  ///< the first run on cold code
};

/// One problem, prepared by one library for one number of threads.
class Contender {
  public:
    Contender() = default;
    Contender(const Contender&) = delete;
    Contender& operator=(const Contender&) = delete;
    virtual ~Contender() = default;

    /// Called once before a series of runs: contenders of the same library may want other numbers of threads.
    virtual void use_threads() {}
    /// Computes the output and returns when it is there.
    virtual void run() = 0;
    /// The last output, dense, in the work's layout.
    virtual std::vector<float> output() = 0;

    Setup setup;
};

/// Thrown where a library cannot compute a problem; what() is a sentence that says why.
struct Unsupported : std::runtime_error {
    using runtime_error::runtime_error;
};

enum class InstructionSet { avx512, avx2 };

/// A library in one of its ways to hold tensors.
struct Library {
    std::string name;             ///< "polyphase", "onednn", "onednn_with_reorders", "xnnpack"
    std::string layout;           ///< "nchw", "nhwc", "blocked"
    Layout plain = Layout::nchw;  ///< of the work that it is given and of the output it gives back
    std::function<std::unique_ptr<Contender>(const Work&, int threads)> prepare;  ///< throws Unsupported
};

/// One kernel or operator, for work in the layout that it takes: ours from the shared library `file`, which was
/// compiled for the work's problem; XNNPACK's channels last. They throw Unsupported.
std::unique_ptr<Contender> polyphase_contender(const Work& work, const std::string& file, int threads);
std::unique_ptr<Contender> xnnpack_contender(const Work& work, int threads);

/// Kernels that the command at `compiler` compiles into `cache`, through their C ABI.
std::vector<Library> polyphase_libraries(const std::string& compiler, const std::string& cache, InstructionSet isa);
std::vector<Library> onednn_libraries(InstructionSet isa);
std::vector<Library> xnnpack_libraries(InstructionSet isa);

std::string onednn_version();
std::string xnnpack_version();

/// Relative to the largest expected value: an element near zero is the sum of terms that are not. NaN if there is one.
double largest_difference(const std::vector<float>& found, const std::vector<float>& expected);

/// Milliseconds that `step` takes.
template <typename Step>
double milliseconds(Step&& step) {
    const auto start = std::chrono::steady_clock::now();
    step();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace polyphase::compare
