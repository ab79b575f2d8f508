#include "generators/jit.h"

#include <Halide.h>
#include <polyphase/allocator.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "generators/convolution.h"
#include "generators/kernel_shape.h"
#include "generators/max_unpool.h"
#include "problem/problem_file.h"
#include "schedules/planner.h"

namespace polyphase {
namespace {

using View = Halide::Runtime::Buffer<float>;

template <typename T>
Halide::Runtime::Buffer<T> view_of(const T* data, const std::vector<BufferDim>& dims,
                                   const std::vector<int64_t>& strides) {
    std::vector<halide_dimension_t> shape;
    for (const BufferDim& d : dims) shape.emplace_back(0, d.extent, static_cast<int32_t>(strides[d.dim] * d.step));
    return Halide::Runtime::Buffer<T>(const_cast<T*>(data), static_cast<int>(shape.size()), shape.data());
}

// A dense tensor of the input's or output's shape.
template <typename T>
Halide::Runtime::Buffer<T> input_view(const Problem& p, const T* data) {
    return view_of(data, input_dims(p), dense_strides(p.in_channels, p.input, p.input_layout));
}

template <typename T>
Halide::Runtime::Buffer<T> output_view(const Problem& p, const T* data) {
    return view_of(data, output_dims(p), dense_strides(p.out_channels, p.output, p.output_layout));
}

// Phases as dimensions may reach past the end of a tensor, where kernels write nothing, but copies between host and
// device do.
class WholePeriods {
  public:
    WholePeriods(const Problem& p, const float* data)
        : memory_(output_view(p, data).size_in_bytes() / sizeof(float)), elements_(output_elements(p)) {
        std::copy_n(data, elements_, memory_.begin());
    }
    float* data() { return memory_.data(); }
    void copy_to(float* data) const { std::copy_n(memory_.begin(), elements_, data); }

  private:
    std::vector<float> memory_;
    int64_t elements_;
};

template <typename T>
Halide::Runtime::Buffer<T> dense_view(const T* data, const std::vector<int>& extents) {
    return Halide::Runtime::Buffer<T>(const_cast<T*>(data), extents);
}

// Halide copies to a device what is marked so, and back what is asked for; elsewhere neither does anything.
template <typename T>
Halide::Runtime::Buffer<T> sent(Halide::Runtime::Buffer<T> buffer) {
    buffer.set_host_dirty();
    return buffer;
}

template <typename T>
int fetch(int error, Halide::Runtime::Buffer<T>& buffer) {
    return error != 0 || !buffer.device_dirty() ? error : buffer.copy_to_host();
}

// Halide's exceptions are not derived from std::exception.
template <typename Action>
auto with_standard_exceptions(const Action& action) {
    try {
        return action();
    } catch (const Halide::Error& error) {
        throw std::runtime_error(error.what());
    }
}

// Halide's "host" names this very processor; libraries are made for all that have its instruction set.
Halide::Target target_of(const std::string& text) {
    Halide::Target target(text);
    if (text != "host") return target;
    target.processor_tune = Halide::Target::ProcessorGeneric;
    for (const auto processor : {Halide::Target::AVX512_Cannonlake, Halide::Target::AVX512_Zen4,
                                 Halide::Target::AVX512_Zen5, Halide::Target::AVX512_SapphireRapids})
        target.set_feature(processor, false);
    return target;
}

}  // namespace

struct JitKernel::State {
    Problem problem;
    Schedule schedule;
    Halide::Callable run, pack, check, scatter;
    bool has_weights = false, device = false;
    std::vector<int> packed_extents;
    std::shared_ptr<Memory> packed;  // as an application has it
    std::vector<float> bias, slopes;
    Halide::Runtime::Buffer<uint8_t> positions;  // max_unpool: from the check to the gather

    float* weights() const { return static_cast<float*>(packed->data()); }
};

JitKernel JitKernel::compile(const Problem& problem, const JitOptions& options) {
    auto state = std::make_shared<State>();
    state->problem = problem;
    const Halide::Target target = target_of(options.target);
    state->schedule = plan(problem, target, options.schedule);
    state->has_weights = convolution_of(problem) != nullptr;
    state->device = runs_on_device(target);

    const Halide::GeneratorContext context(target.with_feature(Halide::Target::NoBoundsQuery));
    const Halide::GeneratorParamsMap params{{"problem", to_json(problem).dump()}, {"schedule", options.schedule}};
    with_standard_exceptions([&] {
        const bool unpools = std::holds_alternative<MaxUnpool>(problem.op);
        const std::string run = unpools && state->device ? "max_unpool_by_index" : op_name(problem);
        state->run = Halide::create_callable_from_generator(context, run, params);
        if (unpools && !state->device) {
            state->check = Halide::create_callable_from_generator(context, "max_unpool_check", params);
            state->scatter = Halide::create_callable_from_generator(context, "max_unpool_scatter", params);
            state->positions = Halide::Runtime::Buffer<uint8_t>(static_cast<int>(input_elements(problem)));
        }
        if (!state->has_weights) return;
        const Packing packing = packing_of(problem, target, state->schedule);
        state->packed_extents = packed_extents(problem, packing);
        state->pack = Halide::create_callable_from_generator(context, std::string(op_name(problem)) + "_pack", params);
        state->bias.resize(padded_channels(problem, packing));
    });
    JitKernel kernel;
    kernel.state_ = state;
    return kernel;
}

int JitKernel::pack(const float* weights, const float* bias, const float* slopes) {
    State& s = *state_;
    if (!s.has_weights) return 0;
    size_t size = 1;
    for (const int extent : s.packed_extents) size *= extent;
    s.packed = std::make_shared<Memory>(size * sizeof(float));
    if (s.packed->data() == nullptr) throw std::bad_alloc();
    std::fill_n(s.weights(), size, 0.0f);
    std::fill(s.bias.begin(), s.bias.end(), 0.0f);
    s.slopes = s.bias;
    if (bias != nullptr) std::copy_n(bias, s.problem.out_channels, s.bias.begin());
    if (slopes != nullptr) std::copy_n(slopes, s.problem.out_channels, s.slopes.begin());
    return with_standard_exceptions([&] {
        auto packed = dense_view(s.weights(), s.packed_extents);
        return fetch(s.pack(sent(dense_view(weights, weight_extents(s.problem))), packed), packed);
    });
}

int JitKernel::run_packed(const float* input, const float* residual, float* output, int num_threads) const {
    const State& s = *state_;
    const Problem& p = s.problem;
    std::vector<View> buffers{input_view(p, input)};
    if (s.has_weights) {
        buffers.push_back(dense_view(s.weights(), s.packed_extents));
        buffers.push_back(dense_view(s.bias.data(), {static_cast<int>(s.bias.size())}));
        if (p.activation.kind == Activation::Kind::prelu)
            buffers.push_back(dense_view(s.slopes.data(), {static_cast<int>(s.slopes.size())}));
    }
    std::optional<WholePeriods> whole_residual, whole_output;
    if (s.device) whole_output.emplace(p, output);
    if (s.device && p.residual) whole_residual.emplace(p, residual);
    if (p.residual) buffers.push_back(output_view(p, s.device ? whole_residual->data() : residual));
    for (View& buffer : buffers) buffer.set_host_dirty();
    buffers.push_back(output_view(p, s.device ? whole_output->data() : output));

    Halide::Internal::JITSharedRuntime::set_num_threads(num_threads);
    const auto run = [&] {
        switch (buffers.size()) {
            case 2:
                return s.run(buffers[0], buffers[1]);
            case 3:
                return s.run(buffers[0], buffers[1], buffers[2]);
            case 4:
                return s.run(buffers[0], buffers[1], buffers[2], buffers[3]);
            case 5:
                return s.run(buffers[0], buffers[1], buffers[2], buffers[3], buffers[4]);
            default:
                return s.run(buffers[0], buffers[1], buffers[2], buffers[3], buffers[4], buffers[5]);
        }
    };
    const int error = with_standard_exceptions([&] { return fetch(run(), buffers.back()); });
    if (whole_output) whole_output->copy_to(output);
    return error;
}

int JitKernel::run(const float* input, const float* weights, const float* bias, const float* slopes,
                   const float* residual, float* output, int num_threads) const {
    JitKernel packed = *this;
    packed.state_ = std::make_shared<State>(*state_);
    if (const int error = packed.pack(weights, bias, slopes)) return error;
    return packed.run_packed(input, residual, output, num_threads);
}

int JitKernel::run_with_indices(const float* input, float* output, int64_t* indices, int num_threads) const {
    const Problem& p = state_->problem;
    Halide::Internal::JITSharedRuntime::set_num_threads(num_threads);
    auto values = output_view(p, output);
    auto places = output_view(p, indices);
    return with_standard_exceptions(
        [&] { return fetch(fetch(state_->run(sent(input_view(p, input)), values, places), values), places); });
}

int JitKernel::run_indexed(const float* input, const int64_t* indices, float* output, int num_threads) const {
    State& s = *state_;
    const Problem& p = s.problem;
    int32_t verdict = kOutside;
    const auto index_view = sent(dense_view(indices, {static_cast<int>(input_elements(p))}));
    Halide::Internal::JITSharedRuntime::set_num_threads(num_threads);
    return with_standard_exceptions([&] {
        if (s.device) {
            auto values = output_view(p, output);
            return fetch(s.run(sent(input_view(p, input)), index_view, values), values);
        }
        const int error = s.check(index_view, s.positions, Halide::Runtime::Buffer<int32_t>(&verdict, 1));
        if (error != 0) return error;
        if (verdict == kOutside) return kIndexOutside;
        if (verdict == kOtherWindow) return s.scatter(input_view(p, input), index_view, output_view(p, output));
        return s.run(input_view(p, input), s.positions, output_view(p, output));
    });
}

const Schedule& JitKernel::schedule() const {
    return state_->schedule;
}

}  // namespace polyphase
