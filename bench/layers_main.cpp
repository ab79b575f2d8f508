// Times kernels, compiled in process, beside the ceilings of the same run:
//   build/bin/polyphase_layers bench/layers.json --min-mflop 50
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "bench/timing.h"
#include "problem/problem_file.h"

namespace {

using polyphase::Problem;

struct Options {
    std::string file, only, layout;
    double min_mflop = 0;
    bool json = false;
    polyphase::TimingOptions timing;
};

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

void print_head() {
    std::printf("%-18s %10s %10s %9s %8s %8s %8s  %s\n", "problem", "MFLOP", "ms", "GFLOP/s", "% FMA", "GB/s", "% copy",
                "schedule");
}

void print_row(const Problem& problem, const polyphase::Timing& timing) {
    std::printf("%-18s %10.1f %10.3f %9.1f %8.1f %8.1f %8.1f  %s\n", problem.name.c_str(), timing.flops / 1e6,
                timing.seconds * 1e3, timing.flops / timing.seconds / 1e9, 100 * timing.fma_share(),
                timing.bytes / timing.seconds / 1e9, 100 * timing.copy_share(), schedule_text(timing.schedule).c_str());
    std::fflush(stdout);
}

void print_summary(std::vector<double> fma_shares, int threads) {
    if (fma_shares.empty()) return;
    std::sort(fma_shares.begin(), fma_shares.end());
    std::printf("convolutions: %zu, direct FLOPs of the FMA peak of %d core(s): median %.1f %%, least %.1f %%\n",
                fma_shares.size(), threads, 100 * fma_shares[fma_shares.size() / 2], 100 * fma_shares.front());
}

void run(const Options& options) {
    auto rows = nlohmann::ordered_json::array();
    std::vector<double> fma_shares;
    if (!options.json) print_head();
    for (const Problem& problem : problems_of(options)) {
        const double mflop = static_cast<double>(flops(problem)) / 1e6;
        if (mflop < options.min_mflop || problem.name.find(options.only) == std::string::npos) continue;
        const polyphase::Timing timing = time_kernel(problem, options.timing);
        if (polyphase::convolution_of(problem)) fma_shares.push_back(timing.fma_share());
        rows.push_back(to_json(problem, options.timing, timing));
        if (!options.json) print_row(problem, timing);
    }
    if (options.json)
        std::printf("%s\n", rows.dump(2).c_str());
    else
        print_summary(fma_shares, options.timing.threads);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Times the kernels of a problem file beside this machine's ceilings.", "polyphase_layers");
    Options options;
    app.add_option("FILE", options.file, "Problem file")->required()->check(CLI::ExistingFile);
    app.add_option("--min-mflop", options.min_mflop, "Leave out smaller problems");
    app.add_option("--only", options.only, "Only problems whose name contains this");
    app.add_option("--target", options.timing.target, "Halide target (default: this machine)");
    app.add_option("--schedule", options.timing.schedule, "\"reference\", or a schedule as JSON");
    app.add_option("--layout", options.layout, "nchw or nhwc instead of the file's");
    app.add_option("--threads", options.timing.threads, "Threads")->check(CLI::PositiveNumber);
    app.add_option("--seconds", options.timing.seconds, "Time for each problem")->check(CLI::PositiveNumber);
    app.add_flag("--json", options.json, "Print JSON");
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "polyphase_layers: %s\n", e.what());
        return 1;
    }
}
