// Times shipped kernels on one thread and on several, with the runtime's own thread pool, and their first calls:
//   build/bin/polyphase compile bench/layers.json --out /tmp/layers --shared
//   build/bin/polyphase_threads bench/layers.json /tmp/layers
//   build/bin/polyphase_threads bench/layers.json /tmp/layers --first
// Every problem is measured in a process of its own, through the C functions of libNAME.so.
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <thread>

#include "problem/problem_file.h"

namespace {

using polyphase::Problem;

struct Options {
    std::string file, libraries, only;
    int threads = 2;
    double idle_ms = 1, seconds = 0.2;
    bool first = false;
};

double now_ms() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
    return values[values.size() / 2];
}

// One kernel with memory that it has not seen, but that the system has already backed with pages.
class Kernel {
  public:
    Kernel(const Problem& problem, const std::string& path) : name_(problem.name) {
        library_ = dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
        if (!library_) throw std::runtime_error(dlerror());
        run_ = function<int(const void*, const void*, void*, void*)>(name_ + "_run");
        pack_ = function<int(const void*, const void*, void*)>(name_ + "_pack");
        set_num_threads_ = function<void(int)>("polyphase_set_num_threads");
        input_.assign(static_cast<size_t>(input_elements(problem)), 0.5F);
        weights_.assign(static_cast<size_t>(weight_elements(problem)), 0.25F);
        bias_.assign(static_cast<size_t>(problem.out_channels), 0.125F);
        if (const auto* convolution = polyphase::convolution_of(problem)) has_bias_ = convolution->bias;
        output_.assign(static_cast<size_t>(output_elements(problem)), 1.0F);
        packed_.assign(function<size_t()>(name_ + "_packed_size")(), 1);  // this also chooses the instruction set
        workspace_.assign(function<size_t()>(name_ + "_workspace_size")() + 1, 1);
    }

    void set_num_threads(int count) { set_num_threads_(count); }
    size_t packed_bytes() const { return packed_.size(); }
    double pack_ms() {
        return timed([this] { return pack_(weights_.data(), has_bias_ ? bias_.data() : nullptr, packed_.data()); });
    }
    double run_ms() {
        return timed([this] {
            return run_(input_.data(), packed_.empty() ? nullptr : packed_.data(), output_.data(), workspace_.data());
        });
    }
    // Median of the runs that fit into the time, at least five.
    double steady_ms(const Options& options, double idle_ms) {
        std::vector<double> times;
        for (const double start = now_ms(); times.size() < 5 || now_ms() - start < options.seconds * 1000;) {
            if (idle_ms > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(idle_ms));
            times.push_back(run_ms());
        }
        return median(times);
    }

  private:
    template <typename Signature>
    Signature* function(const std::string& symbol) {
        void* found = dlsym(library_, symbol.c_str());
        if (!found) throw std::runtime_error("lib" + name_ + ".so has no " + symbol);
        return reinterpret_cast<Signature*>(found);
    }
    template <typename Call>
    double timed(Call call) {
        const double begin = now_ms();
        const int error = call();
        const double time = now_ms() - begin;
        if (error) throw std::runtime_error(function<const char*()>(name_ + "_last_error")());
        return time;
    }

    std::string name_;
    void* library_ = nullptr;
    int (*run_)(const void*, const void*, void*, void*);
    int (*pack_)(const void*, const void*, void*);
    void (*set_num_threads_)(int);
    std::vector<float> input_, weights_, bias_, output_;
    std::vector<char> packed_, workspace_;
    bool has_bias_ = false;
};

struct Scaling {
    double one, several, idle_one, idle_several;
};

Scaling measure_scaling(Kernel& kernel, const Options& options) {
    kernel.set_num_threads(1);
    if (kernel.packed_bytes() > 0) kernel.pack_ms();
    kernel.run_ms();
    Scaling result = {};
    result.one = kernel.steady_ms(options, 0);
    result.idle_one = kernel.steady_ms(options, options.idle_ms);
    kernel.set_num_threads(options.threads);
    kernel.run_ms();
    result.several = kernel.steady_ms(options, 0);
    result.idle_several = kernel.steady_ms(options, options.idle_ms);
    return result;
}

struct First {
    double pack, run, steady_pack, steady_run, copy;
};

First measure_first(Kernel& kernel, const Options& options) {
    First result = {};
    kernel.set_num_threads(options.threads);
    if (kernel.packed_bytes() > 0) result.pack = kernel.pack_ms();
    result.run = kernel.run_ms();
    result.steady_run = kernel.steady_ms(options, 0);
    if (kernel.packed_bytes() == 0) return result;
    std::vector<double> packs, copies;
    std::vector<char> from(kernel.packed_bytes(), 1), to(kernel.packed_bytes(), 2);
    for (int i = 0; i < 5; i++) {
        packs.push_back(kernel.pack_ms());
        const double begin = now_ms();
        std::memcpy(to.data(), from.data(), from.size());
        copies.push_back(now_ms() - begin);
    }
    result.steady_pack = median(packs);
    result.copy = median(copies);
    return result;
}

// What `measure` finds in a fresh process.
template <typename Result>
Result in_child(const std::function<Result()>& measure) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    std::fflush(stdout);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no new process");
    if (child == 0) {
        int code = 1;
        try {
            const Result result = measure();
            code = write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1;
        } catch (const std::exception& e) {
            std::fprintf(stderr, "polyphase_threads: %s\n", e.what());
        }
        _exit(code);
    }
    close(ends[1]);
    Result result;
    const bool complete = read(ends[0], &result, sizeof result) == sizeof result;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (!complete || status != 0) throw std::runtime_error("the measurement failed");
    return result;
}

std::vector<Problem> problems_of(const Options& options) {
    std::ifstream stream(options.file);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    const polyphase::ParseResult parsed = polyphase::parse_problems(text);
    if (!parsed.errors.empty()) throw std::invalid_argument(options.file + ": " + parsed.errors.front());
    std::vector<Problem> problems;
    for (const Problem& problem : parsed.problems) {
        if (problem.name.find(options.only) == std::string::npos) continue;
        const bool indices = std::holds_alternative<polyphase::MaxUnpool>(problem.op) ||
                             std::holds_alternative<polyphase::MaxPool>(problem.op);
        if (indices || problem.residual || problem.activation.kind == polyphase::Activation::Kind::prelu)
            std::fprintf(stderr, "%s: left out, takes more tensors than NAME_run\n", problem.name.c_str());
        else
            problems.push_back(problem);
    }
    return problems;
}

void report_scaling(const Options& options) {
    const std::string several = std::to_string(options.threads) + " thr ms";
    std::printf("%-18s | back to back: %8s %10s %6s | %g ms idle: %8s %10s %6s\n", "problem", "1 thr ms",
                several.c_str(), "ratio", options.idle_ms, "1 thr ms", several.c_str(), "ratio");
    for (const Problem& problem : problems_of(options)) {
        const auto r = in_child<Scaling>([&] {
            Kernel kernel(problem, options.libraries + "/lib" + problem.name + ".so");
            return measure_scaling(kernel, options);
        });
        std::printf("%-18s |               %8.3f %10.3f %6.2f |            %8.3f %10.3f %6.2f\n", problem.name.c_str(),
                    r.one, r.several, r.one / r.several, r.idle_one, r.idle_several, r.idle_one / r.idle_several);
    }
}

void report_first(const Options& options) {
    std::printf("%-18s %9s %9s %7s | %9s %9s %7s | %9s %11s\n", "problem", "run ms", "1st run", "ratio", "pack ms",
                "1st pack", "ratio", "memcpy ms", "pack/memcpy");
    for (const Problem& problem : problems_of(options)) {
        const auto r = in_child<First>([&] {
            Kernel kernel(problem, options.libraries + "/lib" + problem.name + ".so");
            return measure_first(kernel, options);
        });
        std::printf("%-18s %9.3f %9.3f %7.2f |", problem.name.c_str(), r.steady_run, r.run, r.run / r.steady_run);
        if (r.copy > 0) {
            std::printf(" %9.3f %9.3f %7.2f | %9.4f %11.1f", r.steady_pack, r.pack, r.pack / r.steady_pack, r.copy,
                        r.steady_pack / r.copy);
        }
        std::printf("\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Times shipped kernels on one thread and on several, and their first calls.", "polyphase_threads");
    Options options;
    app.add_option("FILE", options.file, "Problem file")->required()->check(CLI::ExistingFile);
    app.add_option("LIBRARIES", options.libraries, "Where polyphase compile --shared put libNAME.so")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--only", options.only, "Only problems whose name contains this");
    app.add_option("--threads", options.threads, "Threads to compare with one")->check(CLI::PositiveNumber);
    app.add_option("--idle-ms", options.idle_ms, "Idle time between calls")->check(CLI::NonNegativeNumber);
    app.add_option("--seconds", options.seconds, "Time for each figure")->check(CLI::PositiveNumber);
    app.add_flag("--first", options.first, "First pack and first run beside the later ones");
    CLI11_PARSE(app, argc, argv);
    try {
        options.first ? report_first(options) : report_scaling(options);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "polyphase_threads: %s\n", e.what());
        return 1;
    }
}
