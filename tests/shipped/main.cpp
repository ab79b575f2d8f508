// polyphase_shipped: kernels as they are shipped, on the machine that they are for, against the oracle.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
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

// What is said about the case in hand should its code crash.
std::string in_hand;

void report_crash(int signal) {
    constexpr const char* kHead = "CRASH, signal ";
    const std::array<char, 3> number = {static_cast<char>('0' + signal / 10), static_cast<char>('0' + signal % 10),
                                        '\n'};
    // Nothing that a signal handler may not call.
    if (write(1, kHead, 14) < 0 || write(1, number.data(), number.size()) < 0 ||
        write(1, in_hand.data(), in_hand.size()) < 0)
        _exit(2);
    _exit(1);
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
    int wrong = 0, done = 0;
    for (const std::string& op : options.operators) {
        for (const int64_t index : indices(options)) {
            const Case one = case_of(options, op, index);
            in_hand = "  " + describe(one) + "\n  repeat: with --seed " + std::to_string(options.seed) + " --op " + op +
                      " --case " + std::to_string(index) + "\n";
            ++done;
            const std::string why = check(options, one);
            if (why.empty()) continue;
            ++wrong;
            std::printf("MISMATCH %s\n%s", why.c_str(), in_hand.c_str());
        }
    }
    std::printf("%d problems, %d mismatches (seed %llu)\n", done, wrong, static_cast<unsigned long long>(options.seed));
    return done > 0 && wrong == 0 ? 0 : 1;
}

int run_tensors(const Options& options) {
    const TensorsFile tensors = read_tensors_file(options.directory + "/" + options.name + ".tensors");
    in_hand = "  " + to_json(tensors.problem).dump() + "\n";
    const auto kernel = open(options, options.name);
    for (const TensorsFile::Set& set : tensors.sets) {
        Outputs outputs;
        std::string why = kernel->run(tensors.problem, set.data, outputs);
        if (why.empty()) why = difference(tensors, set, outputs);
        if (why.empty()) continue;
        std::printf("MISMATCH %s\n%s", why.c_str(), in_hand.c_str());
        return 1;
    }
    return 0;
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
        for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
            std::signal(signal, polyphase::testing::report_crash);
        if (write->parsed()) return polyphase::testing::write_problems(options);
        return run->parsed() ? polyphase::testing::run_problems(options) : polyphase::testing::run_tensors(options);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const polyphase::testing::CudaDevice::NoDevice& error) {
        std::printf("skipped: %s\n", error.why.c_str());
        return 77;
    } catch (const std::exception& error) {
        std::cerr << "polyphase_shipped: " << error.what() << "\n" << polyphase::testing::in_hand;
        return 1;
    }
}
