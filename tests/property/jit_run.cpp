#include "tests/property/jit_run.h"

#include <Halide.h>
#include <alloca.h>

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "generators/stages.h"

namespace polyphase::testing {
namespace {

constexpr uint32_t kSignallingNan = 0x7fa00000, kOne = 0x3f800000;  // the bits of floats
constexpr size_t kAlignment = 128, kStackBytes = 1 << 20;           // twice of what a task may have there

template <uint32_t Value>
void* filled_memory(Halide::JITUserContext*, size_t bytes) {
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    void* const memory = std::aligned_alloc(kAlignment, rounded);
    if (memory) std::fill_n(static_cast<uint32_t*>(memory), rounded / sizeof(uint32_t), Value);
    return memory;
}

void free_memory(Halide::JITUserContext*, void* memory) {
    std::free(memory);
}

__attribute__((noinline)) void fill_stack(uint32_t value) {
    auto* const memory = static_cast<uint32_t*>(alloca(kStackBytes));
    std::fill_n(memory, kStackBytes / sizeof(uint32_t), value);
    asm volatile("" : : "r"(memory) : "memory");
}

struct Run {
    int status;
    bool invalid;  ///< some arithmetic had no valid result
};

/// With the stack below and what Halide allocates full of `Value`.
template <uint32_t Value>
Run run_in_memory_of(const std::function<int()>& run) {
    Halide::JITHandlers handlers;
    handlers.custom_malloc = filled_memory<Value>;
    handlers.custom_free = free_memory;
    const Halide::JITHandlers before = Halide::Internal::JITSharedRuntime::set_default_handlers(handlers);
    fill_stack(Value);
    std::feclearexcept(FE_ALL_EXCEPT);
    const int status = run();
    const bool invalid = std::fetestexcept(FE_INVALID) != 0;
    Halide::Internal::JITSharedRuntime::set_default_handlers(before);
    return {status, invalid};
}

/// No arithmetic takes signalling NaNs quietly. Where it does not take ones either, they were not the reason: LLVM lets
/// spare lanes of a short vector divide zero by zero.
int run_in_unwritten_memory(const std::function<int()>& run) {
    if (const Run plain = run_in_memory_of<kOne>(run); plain.status != 0 || plain.invalid) return plain.status;
    const auto [status, invalid] = run_in_memory_of<kSignallingNan>(run);
    return status == 0 && invalid ? kUsedUnwrittenMemory : status;
}

bool is_finite(const ProblemData& data) {
    const auto finite = [](const std::vector<float>& values) {
        return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
    };
    return finite(data.input) && finite(data.weights) && finite(data.bias) && finite(data.slopes) &&
           finite(data.residual);
}

/// What lies outside a resampled image is selected away, and Halide does not compute the rows that it would be made of.
bool selects_rows(const Problem& problem) {
    if (std::holds_alternative<ResizeConv>(problem.op)) return true;
    const auto* resize = std::get_if<Resize>(&problem.op);
    return resize && std::any_of(resize->axes.begin(), resize->axes.end(), [](const ResampleAxis& axis) {
               return axis.coordinates == Coordinates::tf_crop_and_resize;
           });
}

/// The last vector of a permuted row is computed whole, however little of it is stored. Columns are gathered in vectors
/// of as many lanes as a short row has outputs. LLVM loads whole registers from the stack, and what lies behind the
/// last vector of, say, 12 lanes is in lanes of which nothing is stored.
bool has_spare_lanes(const Problem& problem, const Schedule& schedule) {
    if (schedule.family == "permuted") {
        const int channels = problem.output_layout == Layout::nhwc ? problem.out_channels : 1;
        return xyz_axes(problem)[kX].output * channels % schedule["lanes"] != 0;
    }
    if (schedule.family != "col2im" || schedule["gather_x"] == 0) return false;
    const AxisMap x = xyz_axes(problem)[kX];
    const int row = ceil_div(x.output, x.period);
    return row < schedule["lanes"] && !std::has_single_bit(static_cast<unsigned>(row));
}

}  // namespace

int run_kernel(const JitKernel& kernel, const Problem& problem, const ProblemData& data, Outputs& outputs,
               int threads) {
    outputs.values.assign(output_count(problem), kUnwritten);
    outputs.indices.clear();
    const reference::Tensors t = tensors(data);
    const auto run = [&] {
        if (std::holds_alternative<MaxPool>(problem.op)) {
            outputs.indices.assign(output_count(problem), kUnwrittenIndex);
            return kernel.run_with_indices(t.input, outputs.values.data(), outputs.indices.data(), threads);
        }
        if (std::holds_alternative<MaxUnpool>(problem.op))
            return kernel.run_indexed(t.input, t.indices, outputs.values.data(), threads);
        return kernel.run(t.input, t.weights, t.bias, t.slopes, t.residual, outputs.values.data(), threads);
    };
    const bool shows = !selects_rows(problem) && !has_spare_lanes(problem, kernel.schedule());
    return threads == 1 && is_finite(data) && shows ? run_in_unwritten_memory(run) : run();
}

}  // namespace polyphase::testing
