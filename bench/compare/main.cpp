// Compares our kernels with oneDNN and XNNPACK, with Google Benchmark:
//   build/bin/polyphase_bench bench/layers.json --benchmark_filter=^dcgan_3/ --benchmark_out=dcgan_3.json
// bench/README.md says what is measured and how to read it.
#include <benchmark/benchmark.h>
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "bench/ceilings.h"
#include "bench/compare/contender.h"
#include "polyphase/version.h"
#include "problem/problem_file.h"

namespace polyphase::compare {
namespace {

struct Options {
    std::string file, isa = "avx512", onednn = "newest", cache = "build/bench-kernels", compiler = POLYPHASE_COMPILER;
};

/// What the process needs from its environment before any library starts.
std::vector<std::pair<std::string, std::string>> environment(const Options& options) {
    std::vector<std::pair<std::string, std::string>> variables{
        // Threads that spin after their work is done would starve whoever is measured next.
        {"OMP_WAIT_POLICY", "passive"},
        // SYCL finds its CPU through OpenCL.
        {"OCL_ICD_FILENAMES", POLYPHASE_ONEDNN_DIR "/lib/libintelocl.so"},
    };
    if (options.onednn == "openmp") variables.emplace_back("LD_PRELOAD", POLYPHASE_ONEDNN_OPENMP_LIBRARY);
    return variables;
}

/// Starts this program again in the environment that it needs, unless it has it.
void require_environment(const Options& options, char** argv) {
    bool complete = true;
    for (const auto& [name, value] : environment(options)) {
        const char* found = std::getenv(name.c_str());
        complete &= found && value == found;
        setenv(name.c_str(), value.c_str(), 1);
    }
    if (!complete) {
        execv("/proc/self/exe", argv);
        throw std::runtime_error("cannot start again with OMP_WAIT_POLICY=passive");
    }
    unsetenv("LD_PRELOAD");  // not for the compiler
}

/// One-thread runs hold the whole process, every library's threads included, on one core.
class Cores {
  public:
    Cores() { sched_getaffinity(0, sizeof all_, &all_); }

    void use(int threads) const {
        cpu_set_t cores = all_;
        if (threads == 1) {
            int first = 0;
            while (!CPU_ISSET(first, &all_)) first++;
            CPU_ZERO(&cores);
            CPU_SET(first, &cores);
        }
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
            sched_setaffinity(std::stoi(task.path().filename()), sizeof cores, &cores);
    }

    int count() const { return CPU_COUNT(&all_); }

  private:
    cpu_set_t all_;
};

/// Google Benchmark appends how it measured to a benchmark's name. Ours have nothing to add: time is always real time.
template <typename Reporter>
class PlainNames : public Reporter {
  public:
    using Reporter::Reporter;
    void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run>& runs) override {
        auto plain = runs;
        for (auto& run : plain) {
            run.run_name.time_type.clear();
            run.run_name.iterations.clear();
        }
        Reporter::ReportRuns(plain);
    }
};

constexpr int kThreadCounts[] = {1, 2};

/// Every problem of a file, prepared by every library that can, checked against our output and registered.
class Comparison {
  public:
    Comparison(const Options& options, const Cores& cores) : cores_(cores), isa_(options.isa), filter_(filter_text()) {
        const InstructionSet isa = options.isa == "avx2" ? InstructionSet::avx2 : InstructionSet::avx512;
        for (auto make : {onednn_libraries, xnnpack_libraries})
            for (Library& library : make(isa)) libraries_.push_back(std::move(library));
        ours_ = polyphase_libraries(options.compiler, options.cache, isa);
        libraries_.insert(libraries_.begin(), ours_.begin(), ours_.end());
    }

    void add_fma_ceilings() {
        for (const int threads : kThreadCounts) {
            add_ceiling("ceiling/fma/isa:" + isa_ + "/threads:" + std::to_string(threads), "gflops", threads,
                        [isa = isa_](int count) {
                            for (const FmaPeak& peak : fma_peaks(count))
                                if (peak.instruction_set.starts_with(isa)) return peak.gflops;
                            throw std::runtime_error("this processor lacks the instruction set " + isa);
                        });
        }
    }

    void add_row(const Problem& row) {
        add_copy_ceilings(row);
        works_.clear();
        std::vector<float> expected;
        for (const Library& library : libraries_)
            for (const int threads : kThreadCounts) {
                const std::string name = row.name + "/library:" + library.name + "/layout:" + library.layout +
                                         "/isa:" + isa_ + "/threads:" + std::to_string(threads);
                if (!wanted(name)) continue;
                cores_.use(threads);
                try {
                    if (expected.empty())
                        expected = output_of(*ours_.front().prepare(work(row, ours_.front()), 1), row, Layout::nchw);
                    add(name, row, library, threads, expected);
                } catch (const Unsupported& e) {
                    leave_out(row, library, e.what());
                }
            }
    }

    /// What was not measured and why: a list of row, library, layout and reason.
    const nlohmann::ordered_json& left_out() const { return left_out_; }
    bool mismatch() const { return mismatch_; }

  private:
    static std::string filter_text() {
        const std::string text = benchmark::GetBenchmarkFilter();
        return text.empty() || text == "all" ? "." : text;
    }

    bool wanted(const std::string& name) const { return std::regex_search(name, filter_); }

    /// The row's problem and numbers in the layout of a library; kept while contenders refer to it.
    const Work& work(const Problem& row, const Library& library) {
        Problem problem = row;
        problem.input_layout = problem.output_layout = library.plain;
        auto& kept = works_[library.plain];
        if (!kept) kept = std::make_shared<Work>(problem);
        return *kept;
    }

    static std::vector<float> output_of(Contender& contender, const Problem& row, Layout layout) {
        return relaid(contender.output(), row.batch, row.out_channels, row.output, layout, Layout::nchw);
    }

    void add(const std::string& name, const Problem& row, const Library& library, int threads,
             const std::vector<float>& expected) {
        const std::shared_ptr<Contender> contender = library.prepare(work(row, library), threads);
        const double difference = largest_difference(output_of(*contender, row, library.plain), expected);
        if (!(difference < kTolerance)) {
            mismatch_ = true;
            std::fprintf(stderr,
                         "polyphase_bench: %s: MISMATCH, the output differs from ours by %g of its largest value\n",
                         name.c_str(), difference);
            leave_out(row, library,
                      "its output differs from ours by " + std::to_string(difference) + " of the largest value");
            return;
        }
        const double flop = static_cast<double>(flops(row)), bytes = static_cast<double>(min_bytes(row));
        benchmark::RegisterBenchmark(name.c_str(), [this, contender, kept = works_.at(library.plain), threads, flop,
                                                    bytes](benchmark::State& state) {
            cores_.use(threads);
            contender->use_threads();
            // Since this one ran, others did: its data left the caches, and on a shared host its pages may be gone too.
            for (int warming = 0; warming < 2; warming++) contender->run();
            for (auto _ : state) contender->run();
            state.counters["flop"] = flop;
            state.counters["bytes"] = bytes;
            state.counters["creation_ms"] = contender->setup.creation_ms;
            state.counters["pack_ms"] = contender->setup.pack_ms;
            state.counters["first_run_ms"] = contender->setup.first_run_ms;
        })->UseRealTime();
    }

    static constexpr double kTolerance = 1e-4;

    void leave_out(const Problem& row, const Library& library, const std::string& reason) {
        nlohmann::ordered_json entry{
            {"row", row.name}, {"library", library.name}, {"layout", library.layout}, {"reason", reason}};
        if (std::find(left_out_.begin(), left_out_.end(), entry) == left_out_.end())
            left_out_.push_back(std::move(entry));
    }

    /// At the row's own bytes.
    void add_copy_ceilings(const Problem& row) {
        const size_t written = static_cast<size_t>(output_elements(row)) * sizeof(float);
        const size_t read = std::max<size_t>(1, static_cast<size_t>(min_bytes(row)) - written);
        for (const int threads : kThreadCounts) {
            const auto add = [&](const std::string& kind, auto rate) {
                add_ceiling(row.name + "/ceiling/" + kind + "/threads:" + std::to_string(threads), "gbytes_per_s",
                            threads, rate);
            };
            add("copy", [=](int count) { return copy_rate(read, written, count).plain; });
            add("streaming", [=](int count) { return copy_rate(read, written, count).streaming; });
            add("fill", [=](int count) { return fill_rate(written, count); });
        }
    }

    template <typename Rate>
    void add_ceiling(const std::string& name, const char* counter, int threads, const Rate& rate) {
        if (!wanted(name)) return;
        benchmark::RegisterBenchmark(name.c_str(),
                                     [=, this](benchmark::State& state) {
                                         cores_.use(threads);
                                         for (auto _ : state) state.counters[counter] = rate(threads);
                                     })
            ->Iterations(1)
            ->UseRealTime();
    }

    const Cores& cores_;
    const std::string isa_;
    const std::regex filter_;
    std::vector<Library> ours_, libraries_;
    std::map<Layout, std::shared_ptr<const Work>> works_;
    nlohmann::ordered_json left_out_ = nlohmann::ordered_json::array();
    bool mismatch_ = false;
};

std::string cpu_name() {
    std::ifstream stream("/proc/cpuinfo");
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown";
}

std::vector<Problem> read_rows(const std::string& file) {
    std::ifstream stream(file);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    const ParseResult parsed = parse_problems(text);
    if (!parsed.errors.empty()) throw std::invalid_argument(file + ": " + parsed.errors.front());
    return parsed.problems;
}

/// Google Benchmark's flags behind the defaults that a comparison needs; given ones win.
void initialize_benchmark(char* program, std::vector<std::string> given) {
    given.insert(given.begin(), {"--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=5",
                                 "--benchmark_min_time=0.1"});
    std::vector<char*> arguments{program};
    for (std::string& argument : given) arguments.push_back(argument.data());
    int count = static_cast<int>(arguments.size());
    benchmark::Initialize(&count, arguments.data());
    if (count > 1) throw std::invalid_argument("unknown option " + std::string(arguments[1]) + "; see --help");
}

int run(const Options& options, bool to_file) {
    const Cores cores;
    Comparison comparison(options, cores);
    comparison.add_fma_ceilings();
    for (const Problem& row : read_rows(options.file)) comparison.add_row(row);
    benchmark::AddCustomContext("polyphase", POLYPHASE_VERSION);
    benchmark::AddCustomContext("onednn", onednn_version());
    benchmark::AddCustomContext("xnnpack", xnnpack_version());
    benchmark::AddCustomContext("compiler", POLYPHASE_CXX_COMPILER);
    benchmark::AddCustomContext("cpu", cpu_name());
    benchmark::AddCustomContext("wait_policy", std::getenv("OMP_WAIT_POLICY"));
    benchmark::AddCustomContext("left_out", comparison.left_out().dump());
    PlainNames<benchmark::ConsoleReporter> console(benchmark::ConsoleReporter::OO_Tabular);
    PlainNames<benchmark::JSONReporter> file;
    // What is registered is wanted; the names that Google Benchmark would filter end in how it measures time.
    benchmark::SetBenchmarkFilter(".");
    benchmark::RunSpecifiedBenchmarks(&console, to_file ? &file : nullptr);
    return comparison.mismatch() ? 1 : 0;
}

}  // namespace
}  // namespace polyphase::compare

int main(int argc, char** argv) {
    using namespace polyphase::compare;
    CLI::App app("Compares Polyphase's kernels with oneDNN and XNNPACK.", "polyphase_bench");
    app.footer(
        "Google Benchmark's options are understood too, such as --benchmark_filter=^dcgan_3/ and "
        "--benchmark_out=FILE.json.");
    app.allow_extras();
    Options options;
    app.add_option("FILE", options.file, "Problem file")->required()->check(CLI::ExistingFile);
    app.add_option("--isa", options.isa, "Instruction set of ours and of oneDNN's kernels")
        ->check(CLI::IsMember({"avx512", "avx2"}))
        ->capture_default_str();
    app.add_option("--onednn", options.onednn, "Which oneDNN: the newest, which uses SYCL, or the newest with OpenMP")
        ->check(CLI::IsMember({"newest", "openmp"}))
        ->capture_default_str();
    app.add_option("--cache", options.cache, "Directory for our compiled kernels")->capture_default_str();
    app.add_option("--compiler", options.compiler, "The polyphase command that compiles them")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        require_environment(options, argv);
        const std::vector<std::string> rest = app.remaining();
        initialize_benchmark(argv[0], rest);
        const bool to_file = std::any_of(rest.begin(), rest.end(), [](const std::string& argument) {
            return argument.starts_with("--benchmark_out=");
        });
        return run(options, to_file);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "polyphase_bench: %s\n", e.what());
        return 1;
    }
}
