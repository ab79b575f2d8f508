// polyphase_shipped: kernels as they are shipped, on the machine that they are for, against the oracle.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "problem/problem_file.h"
#include "tests/shipped/kernel.h"
#include "tests/shipped/tensors_file.h"
#include "tests/support/cuda_device.h"

namespace polyphase::testing {
namespace {

struct Options {
    uint64_t seed = 1;
    int cases = 10;     // of each operator
    int64_t only = -1;  // the single case to run
    std::vector<std::string> operators;
    std::string directory, name;
    bool cuda = false;
};

std::unique_ptr<ShippedKernel> open(const Options& options, const std::string& name) {
    return options.cuda ? open_cuda_library(options.directory, name) : open_shared_library(options.directory, name);
}

/// Case `index` of an operator, under a name that its library has.
Case case_of(const Options& options, const std::string& op, int64_t index) {
    const auto known = op_from_name(op);
    if (!known) throw std::runtime_error("--op: expected an operator, found \"" + op + "\"");
    Case one = make_case(options.seed, static_cast<uint64_t>(index), known);
    one.problem.name = op + "_" + std::to_string(index);
    return one;
}

std::vector<int64_t> indices(const Options& options) {
    if (options.only >= 0) return {options.only};
    std::vector<int64_t> all;
    for (int i = 0; i < options.cases; ++i) all.push_back(i);
    return all;
}

int write_problems(const Options& options) {
    auto problems = nlohmann::ordered_json::array();
    for (const std::string& op : options.operators) {
        for (const int64_t index : indices(options)) {
            problems.push_back(to_json(case_of(options, op, index).problem));
            problems.back().erase("targets");
        }
    }
    std::ofstream file(options.name);
    file << problems.dump(1) << "\n";
    file.close();
    if (!file) throw std::runtime_error(options.name + ": cannot be written");
    std::printf("%zu problems\n", problems.size());
    return 0;
}

constexpr int kSkipped = 77;

/// Runs cases 0 to `count` - 1 in a process of its own, and where one crashes the rest in another. `check` says what is
/// wrong with a case, or "", and `about` what it is. The exit status for the whole; `wrong` counts.
template <typename Check, typename About>
int run_cases(size_t count, const Check& check, const About& about, size_t& wrong) {
    struct Progress {
        size_t next, wrong;
    };
    void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::runtime_error("mmap failed");
    Progress& progress = *new (shared) Progress{0, 0};
    const auto report = [&](const std::string& what) {
        ++progress.wrong;
        std::printf("%s\n  %s\n", what.c_str(), about(progress.next).c_str());
        std::fflush(stdout);
    };
    int status = 0;
    while (progress.next < count) {
        std::fflush(nullptr);
        const pid_t child = fork();
        if (child < 0) throw std::runtime_error("fork failed");
        if (child == 0) {
            try {
                for (; progress.next < count; ++progress.next) {
                    const std::string why = check(progress.next);
                    if (!why.empty()) report("MISMATCH " + why);
                }
                _exit(0);
            } catch (const CudaDevice::NoDevice& error) {
                std::printf("skipped: %s\n", error.why.c_str());
                std::fflush(stdout);
                _exit(kSkipped);
            }
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) return kSkipped;
        if (progress.next == count) break;
        report(WIFSIGNALED(status) ? std::string("CRASH ") + strsignal(WTERMSIG(status))
                                   : "ENDED with status " + std::to_string(WEXITSTATUS(status)));
        ++progress.next;
    }
    wrong = progress.wrong;
    munmap(shared, sizeof(Progress));
    return wrong == 0 ? 0 : 1;
}

/// What is wrong with one case; "" if nothing is.
std::string check(const Options& options, const Case& one) {
    Outputs outputs;
    try {
        const auto kernel = open(options, one.problem.name);
        const std::string error = kernel->run(one.problem, one.data, outputs);
        return error.empty() ? mismatch(one, outputs).value_or("") : error;
    } catch (const std::exception& error) {
        return error.what();
    }
}

int run_problems(const Options& options) {
    const auto ignored = [&](const std::string& op, int64_t index) {
        if (!options.cuda || op_from_name(op) != Op::max_unpool) return false;
        const Case one = case_of(options, op, index);
        return !own_windows(one.problem, one.data.indices);
    };
    std::vector<std::pair<std::string, int64_t>> cases;
    size_t left_out = 0;
    for (const std::string& op : options.operators) {
        for (const int64_t index : indices(options)) {
            if (ignored(op, index))
                ++left_out;
            else
                cases.emplace_back(op, index);
        }
    }
    if (left_out > 0) std::printf("left out: %zu with indices outside their windows, which a GPU ignores\n", left_out);
    const auto case_at = [&](size_t i) { return case_of(options, cases[i].first, cases[i].second); };
    const auto about = [&](size_t i) {
        return describe(case_at(i)) + "\n  repeat: with --seed " + std::to_string(options.seed) + " --op " +
               cases[i].first + " --case " + std::to_string(cases[i].second);
    };
    size_t wrong = 0;
    const int status = run_cases(cases.size(), [&](size_t i) { return check(options, case_at(i)); }, about, wrong);
    if (status != kSkipped)
        std::printf("%zu problems, %zu mismatches (seed %llu)\n", cases.size(), wrong,
                    static_cast<unsigned long long>(options.seed));
    return cases.size() + left_out == 0 ? 1 : status;
}

int run_tensors(const Options& options) {
    const TensorsFile tensors = read_tensors_file(options.directory + "/" + options.name + ".tensors");
    for (const std::string& message : tensors.messages) std::printf("polyphase: %s\n", message.c_str());
    if (!tensors.messages.empty()) return 1;
    const auto check = [&](size_t i) -> std::string {
        try {
            Outputs outputs;
            const std::string why = open(options, options.name)->run(tensors.problem, tensors.sets[i].data, outputs);
            return why.empty() ? difference(tensors, tensors.sets[i], outputs) : why;
        } catch (const std::exception& error) {
            return error.what();
        }
    };
    size_t wrong = 0;
    return run_cases(tensors.sets.size(), check, [&](size_t) { return to_json(tensors.problem).dump(); }, wrong);
}

}  // namespace
}  // namespace polyphase::testing

int main(int argc, char** argv) {
    polyphase::testing::Options options;
    CLI::App app(
        "Runs shared libraries that `polyphase compile --shared` made, and compares with the double-precision oracle.");
    app.require_subcommand(1);
    const auto add_random = [&](CLI::App* command) {
        command->add_option("--cases", options.cases, "How many problems of each operator")->check(CLI::PositiveNumber);
        command->add_option("--seed", options.seed, "Seed of the problems and their tensors");
        command->add_option("--case", options.only, "This case alone")->check(CLI::NonNegativeNumber);
        command->add_option("--op", options.operators, "This operator alone (repeatable)")->allow_extra_args(false);
    };
    CLI::App* write = app.add_subcommand("write", "Write random problems as a problem file");
    add_random(write);
    write->add_option("FILE", options.name, "Problem file")->required();
    CLI::App* run = app.add_subcommand("run", "Run the libraries of these problems");
    add_random(run);
    run->add_option("DIR", options.directory, "Where they lie")->required();
    CLI::App* tensors = app.add_subcommand("tensors", "Run one library on the tensors of NAME.tensors");
    tensors->add_option("DIR", options.directory, "Where both lie")->required();
    tensors->add_option("NAME", options.name, "The problem's name")->required();
    for (CLI::App* command : {run, tensors})
        command->add_flag("--cuda", options.cuda, "On this machine's CUDA device; status 77 where there is none");

    try {
        app.parse(argc, argv);
        if (options.operators.empty())
            for (const std::string_view op : polyphase::op_names()) options.operators.emplace_back(op);
        if (write->parsed()) return polyphase::testing::write_problems(options);
        return run->parsed() ? polyphase::testing::run_problems(options) : polyphase::testing::run_tensors(options);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::cerr << "polyphase_shipped: " << error.what() << "\n";
        return 1;
    }
}
