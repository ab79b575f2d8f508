// Times kernels, compiled in process, beside the ceilings of the same run:
//   build/bin/polyphase_layers bench/layers.json --min-mflop 50
// FLOPs are those of the definition (direct FLOPs), so a kernel that needs fewer may exceed the FMA peak.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/ceilings.h"
#include "bench/data.h"
#include "generators/jit.h"
#include "problem/problem_file.h"

namespace {

using polyphase::Problem;
using polyphase::random_values;

struct Options {
    std::string file, only, target = "host", schedule, layout;
    double min_mflop = 0, seconds = 0.5;
    int threads = 1;
};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Shortest of the runs that fit into the time, at least three.
double fastest_run(const Problem& problem, const polyphase::JitKernel& packed, const Options& options) {
    const auto input = random_values(static_cast<size_t>(input_elements(problem)), 1);
    const auto residual = random_values(static_cast<size_t>(output_elements(problem)), 2);
    std::vector<float> output(residual.size());
    std::vector<int64_t> indices;
    const auto* unpool = std::get_if<polyphase::MaxUnpool>(&problem.op);
    const bool pool = std::holds_alternative<polyphase::MaxPool>(problem.op);
    if (unpool) indices = polyphase::random_indices(problem, *unpool);
    if (pool) indices.resize(output.size());
    const auto run = [&] {
        if (unpool) return packed.run_indexed(input.data(), indices.data(), output.data(), options.threads);
        if (pool) return packed.run_with_indices(input.data(), output.data(), indices.data(), options.threads);
        return packed.run_packed(input.data(), residual.data(), output.data(), options.threads);
    };
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

std::vector<Problem> problems_of(const Options& options) {
    std::ifstream stream(options.file);
    auto json = nlohmann::ordered_json::parse(stream);
    if (!json.is_array()) json = nlohmann::ordered_json::array({json});
    for (auto& problem : json)
        if (!options.layout.empty()) problem["layout"] = options.layout;
    const polyphase::ParseResult parsed = polyphase::parse_problems(json.dump());
    if (!parsed.errors.empty()) throw std::invalid_argument(options.file + ": " + parsed.errors.front());
    return parsed.problems;
}

// The peak of the instruction set that the target names, or the machine's best.
double peak_for(const std::string& target) {
    const auto peaks = polyphase::fma_peaks();
    for (const auto& peak : peaks) {
        const std::string family = peak.instruction_set.substr(0, peak.instruction_set.find_first_of("-_"));
        if (target.find("-" + family) != std::string::npos) return peak.gflops;
        if (family == "baseline" && target == "x86-64-linux") return peak.gflops;
    }
    return peaks.front().gflops;
}

void run(const Options& options) {
    std::printf("%-18s %10s %10s %9s %8s %8s %8s  %s\n", "problem", "MFLOP", "ms", "GFLOP/s", "% FMA", "GB/s", "% copy",
                "schedule");
    std::vector<double> fma_shares;
    for (const Problem& problem : problems_of(options)) {
        const double flop = static_cast<double>(flops(problem));
        if (flop < options.min_mflop * 1e6 || problem.name.find(options.only) == std::string::npos) continue;
        auto kernel = polyphase::JitKernel::compile(problem, {.schedule = options.schedule, .target = options.target});
        const auto weights = random_values(static_cast<size_t>(weight_elements(problem)), 3);
        const auto per_channel = random_values(static_cast<size_t>(problem.out_channels), 4);
        kernel.pack(weights.data(), per_channel.data(), per_channel.data());
        const double seconds = fastest_run(problem, kernel, options);
        // Ceilings drift with the machine's clock and its other tenants, so they are measured beside each kernel.
        const double peak = peak_for(options.target) * options.threads;
        const size_t written = static_cast<size_t>(output_elements(problem)) * 4;
        const double bytes = static_cast<double>(min_bytes(problem));
        const double copy =
            polyphase::copy_rate(std::max<size_t>(1, static_cast<size_t>(bytes) - written), written).best() * 1e9;
        std::string schedule = kernel.schedule().family;
        for (const auto& [name, value] : kernel.schedule().params) schedule += " " + name + "=" + std::to_string(value);
        if (polyphase::convolution_of(problem)) fma_shares.push_back(flop / seconds / 1e9 / peak);
        std::printf("%-18s %10.1f %10.3f %9.1f %8.1f %8.1f %8.1f  %s\n", problem.name.c_str(), flop / 1e6,
                    seconds * 1e3, flop / seconds / 1e9, 100 * flop / seconds / 1e9 / peak, bytes / seconds / 1e9,
                    100 * bytes / seconds / copy, schedule.c_str());
        std::fflush(stdout);
    }
    if (fma_shares.empty()) return;
    std::sort(fma_shares.begin(), fma_shares.end());
    std::printf("convolutions: %zu, direct FLOPs of the FMA peak of %d core(s): median %.1f %%, least %.1f %%\n",
                fma_shares.size(), options.threads, 100 * fma_shares[fma_shares.size() / 2], 100 * fma_shares.front());
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Times the kernels of a problem file beside this machine's ceilings.", "polyphase_layers");
    Options options;
    app.add_option("FILE", options.file, "Problem file")->required()->check(CLI::ExistingFile);
    app.add_option("--min-mflop", options.min_mflop, "Leave out smaller problems");
    app.add_option("--only", options.only, "Only problems whose name contains this");
    app.add_option("--target", options.target, "Halide target (default: this machine)");
    app.add_option("--schedule", options.schedule, "\"reference\", or a schedule as JSON");
    app.add_option("--layout", options.layout, "nchw or nhwc instead of the file's");
    app.add_option("--threads", options.threads, "Threads")->check(CLI::PositiveNumber);
    app.add_option("--seconds", options.seconds, "Time for each problem")->check(CLI::PositiveNumber);
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "polyphase_layers: %s\n", e.what());
        return 1;
    }
}
