#include "bench/timing.h"

#include <Halide.h>
#include <polyphase/threads.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "bench/ceilings.h"
#include "bench/data.h"
#include "generators/jit.h"

namespace polyphase {
namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One parallel loop of a kernel.
struct Loop {
    Halide::JITUserContext* context;
    int (*task)(Halide::JITUserContext*, int, uint8_t*);
    int min;
    uint8_t* closure;
    std::atomic<int> error{0};
};

// Kernels run on the threads that they would have as libraries, instead of Halide's own.
void use_own_threads(int threads) {
    polyphase_set_num_threads(threads);
    Halide::JITHandlers handlers;
    handlers.custom_do_par_for = [](Halide::JITUserContext* context, auto* task, int min, int size, uint8_t* closure) {
        Loop loop{context, task, min, closure};
        const auto run = [](void* argument, int index) {
            auto& of = *static_cast<Loop*>(argument);
            if (const int error = of.task(of.context, of.min + index, of.closure)) of.error = error;
        };
        polyphase_parallel_for(size, run, &loop);
        return loop.error.load();
    };
    Halide::Internal::JITSharedRuntime::set_default_handlers(handlers);
}

// Shortest of the runs that fit into the time, at least three.
double fastest_run(const Problem& problem, const JitKernel& packed, const TimingOptions& options) {
    const size_t outputs = static_cast<size_t>(output_elements(problem));
    const Buffer input(random_values(static_cast<size_t>(input_elements(problem)), 1));
    const Buffer residual(random_values(outputs, 2));
    Buffer output(outputs * sizeof(float));
    std::vector<int64_t> indices;
    const auto* unpool = std::get_if<MaxUnpool>(&problem.op);
    const bool pool = std::holds_alternative<MaxPool>(problem.op);
    if (unpool) indices = random_indices(problem, *unpool);
    if (pool) indices.resize(outputs);
    const auto run = [&] {
        if (unpool) return packed.run_indexed(input.data(), indices.data(), output.data(), options.threads);
        if (pool) return packed.run_with_indices(input.data(), output.data(), indices.data(), options.threads);
        return packed.run_packed(input.data(), residual.data(), output.data(), options.threads);
    };
    use_own_threads(options.threads);
    double best = 1e30;
    const double start = now();
    for (int runs = 0; runs < 3 || now() - start < options.seconds; runs++) {
        const double begin = now();
        if (const int error = run())
            throw std::runtime_error(problem.name + ": the kernel returned " + std::to_string(error));
        best = std::min(best, now() - begin);
    }
    return best;
}

// The peak of the instruction set that the target names, or the machine's best.
double peak_for(const std::string& target) {
    const auto peaks = fma_peaks();
    for (const auto& peak : peaks) {
        const std::string family = peak.instruction_set.substr(0, peak.instruction_set.find_first_of("-_"));
        if (target.find("-" + family) != std::string::npos) return peak.gflops;
        if (family == "baseline" && target == "x86-64-linux") return peak.gflops;
    }
    return peaks.front().gflops;
}

}  // namespace

Timing time_kernel(const Problem& problem, const TimingOptions& options) {
    auto kernel = JitKernel::compile(problem, {.schedule = options.schedule, .target = options.target});
    const auto weights = random_values(static_cast<size_t>(weight_elements(problem)), 3);
    const auto per_channel = random_values(static_cast<size_t>(problem.out_channels), 4);
    kernel.pack(weights.data(), per_channel.data(), per_channel.data());

    Timing timing;
    timing.schedule = kernel.schedule();
    timing.flops = static_cast<double>(flops(problem));
    timing.bytes = static_cast<double>(min_bytes(problem));
    timing.seconds = fastest_run(problem, kernel, options);
    timing.fma_peak = peak_for(options.target) * options.threads * 1e9;
    const size_t written = static_cast<size_t>(output_elements(problem)) * sizeof(float);
    const size_t read = std::max<size_t>(1, static_cast<size_t>(min_bytes(problem)) - written);
    timing.copy_rate = copy_rate(read, written).best() * 1e9;
    return timing;
}

std::string schedule_text(const Schedule& schedule) {
    std::string text = schedule.family;
    for (const auto& [name, value] : schedule.params) text += " " + name + "=" + std::to_string(value);
    return text;
}

nlohmann::ordered_json to_json(const Problem& problem, const TimingOptions& options, const Timing& timing) {
    return {{"name", problem.name},
            {"target", options.target},
            {"threads", options.threads},
            {"flops", timing.flops},
            {"bytes", timing.bytes},
            {"seconds", timing.seconds},
            {"gflops", timing.flops / timing.seconds / 1e9},
            {"fma_peak_gflops", timing.fma_peak / 1e9},
            {"fma_percent", 100 * timing.fma_share()},
            {"copy_gb", timing.copy_rate / 1e9},
            {"copy_percent", 100 * timing.copy_share()},
            {"schedule", to_json(timing.schedule)}};
}

}  // namespace polyphase
