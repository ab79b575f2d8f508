// Looks for shapes that are slow: times kernels of random transposed convolutions, each as a share of its own ceiling,
// which is the FMA peak or the rate of copying its bytes, whichever is the nearer one.
//   build/bin/polyphase_sweep --seed 1 --cases 300
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "bench/sweep_problems.h"
#include "bench/timing.h"
#include "problem/problem_file.h"

namespace {

using polyphase::Problem;
using polyphase::Timing;

struct Options {
    uint64_t seed = 1;
    int first = 0, cases = 300, worst = 20;
    bool json = false;
    std::string emit;
    polyphase::TimingOptions timing{.schedule = "", .seconds = 0.1};
};

struct Case {
    Problem problem;
    Timing timing;
};

// Slowest first, and a sentence for each kernel that could not be compiled or run.
struct Results {
    std::vector<Case> cases;
    std::vector<std::string> failures;
};

void write_problem_file(const std::vector<Problem>& problems, const std::string& file) {
    auto json = nlohmann::ordered_json::array();
    for (const Problem& problem : problems) json.push_back(to_json(problem));
    std::ofstream stream(file);
    stream << json.dump(1) << "\n";
    stream.close();
    if (!stream) throw std::runtime_error("--emit: expected a file that can be written, found " + file);
}

Results time_all(const std::vector<Problem>& problems, const polyphase::TimingOptions& options) {
    Results results;
    const bool terminal = isatty(STDERR_FILENO) != 0;
    for (size_t i = 0; i < problems.size(); i++) {
        const Problem& problem = problems[i];
        if (terminal) std::fprintf(stderr, "\r\033[K%zu/%zu %s", i, problems.size(), problem.name.c_str());
        try {
            results.cases.push_back({problem, time_kernel(problem, options)});
        } catch (const std::exception& e) {
            results.failures.push_back(problem.name + " (" + sweep_text(problem) + "): " + e.what());
        }
    }
    if (terminal) std::fprintf(stderr, "\r\033[K");
    std::sort(results.cases.begin(), results.cases.end(),
              [](const Case& a, const Case& b) { return a.timing.ceiling_share() < b.timing.ceiling_share(); });
    return results;
}

void print_json(const std::vector<Case>& cases, const polyphase::TimingOptions& options) {
    auto rows = nlohmann::ordered_json::array();
    for (const auto& [problem, timing] : cases) {
        auto row = to_json(problem, options, timing);
        row["text"] = sweep_text(problem);
        row["ceiling_percent"] = 100 * timing.ceiling_share();
        row["problem"] = to_json(problem);
        rows.push_back(row);
    }
    std::printf("%s\n", rows.dump(1).c_str());
}

void print_text(const std::vector<Case>& cases, size_t worst) {
    if (cases.empty()) return;
    const auto percent = [&](size_t rank) { return 100 * cases[rank].timing.ceiling_share(); };
    std::printf("%zu problems, %% of the nearer ceiling: 10th percentile %.1f, median %.1f, worst %.1f\n", cases.size(),
                percent(cases.size() / 10), percent(cases.size() / 2), percent(0));
    std::printf("%-14s %6s %7s %8s %8s %9s  %s\n", "worst", "% ceil", "ceiling", "% FMA", "% copy", "ms", "problem");
    for (size_t i = 0; i < std::min(worst, cases.size()); i++) {
        const auto& [problem, timing] = cases[i];
        std::printf("%-14s %6.1f %7s %8.1f %8.1f %9.3f  %s\n%17s%s\n", problem.name.c_str(), percent(i),
                    timing.fma_share() > timing.copy_share() ? "FMA" : "copy", 100 * timing.fma_share(),
                    100 * timing.copy_share(), timing.seconds * 1e3, sweep_text(problem).c_str(), "",
                    schedule_text(timing.schedule).c_str());
    }
}

int run(const Options& options) {
    std::vector<Problem> problems;
    for (int i = 0; i < options.cases; i++) {
        problems.push_back(polyphase::sweep_problem(options.seed, options.first + i));
        problems.back().machine = "host";
    }
    if (!options.emit.empty()) {
        write_problem_file(problems, options.emit);
        return 0;
    }
    const Results results = time_all(problems, options.timing);
    if (options.json)
        print_json(results.cases, options.timing);
    else
        print_text(results.cases, static_cast<size_t>(options.worst));
    for (const std::string& failure : results.failures) std::fprintf(stderr, "polyphase_sweep: %s\n", failure.c_str());
    return results.failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Times random transposed convolutions and lists those that are far below their ceiling.",
                 "polyphase_sweep");
    Options options;
    app.add_option("--seed", options.seed, "Random seed");
    app.add_option("--cases", options.cases, "Number of problems")->check(CLI::PositiveNumber);
    app.add_option("--first", options.first, "Index of the first, to repeat a part")->check(CLI::NonNegativeNumber);
    app.add_option("--worst", options.worst, "How many of the slowest to list")->check(CLI::NonNegativeNumber);
    app.add_option("--target", options.timing.target, "Halide target (default: this machine)");
    app.add_option("--schedule", options.timing.schedule, "\"reference\" instead of the cost model's choice");
    app.add_option("--seconds", options.timing.seconds, "Time for each problem")->check(CLI::PositiveNumber);
    app.add_flag("--json", options.json, "Print every problem as JSON, slowest first");
    app.add_option("--emit", options.emit, "Only write the problems to this problem file");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "polyphase_sweep: %s\n", e.what());
        return 1;
    }
}
