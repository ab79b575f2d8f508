// polyphase_gpu: what scripts/gpu-check runs on a machine with a CUDA device. Every command prints lines of JSON and
// ends with status 77 where there is no device.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <regex>

#include "bench/gpu/ceilings.h"
#include "bench/gpu/layer.h"
#include "problem/problem_file.h"

namespace {

using polyphase::Problem;
using polyphase::testing::CudaDevice;
using Json = nlohmann::ordered_json;

std::string read(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw std::runtime_error(file + ": cannot be read");
    return {std::istreambuf_iterator<char>(stream), {}};
}

void print(const Json& line) {
    std::cout << line.dump() << std::endl;  // seen at once: a later step may crash or be stopped
}

int print_device(const CudaDevice& device) {
    print({{"device", device.name()},
           {"capability", device.capability()},
           {"driver", device.driver_version()},
           {"multiprocessors", device.multiprocessors()},
           {"clock_mhz", device.clock_khz() / 1000},
           {"l2_bytes", device.l2_bytes()},
           {"memory_bytes", device.memory_bytes()}});
    return 0;
}

int print_ceilings(const CudaDevice& device, const std::string& file) {
    const polyphase::gpu::Ceilings ceilings = polyphase::gpu::measure_ceilings(device, read(file));
    print({{"fma_tflops", ceilings.fma_tflops},
           {"copy_tbs", ceilings.copy_tbs},
           {"fill_tbs", ceilings.fill_tbs},
           {"memcpy_tbs", ceilings.memcpy_tbs},
           {"l2_copy_tbs", ceilings.l2_copy_tbs}});
    return 0;
}

// After an error that no later call recovers from: the remaining layers need another process.
constexpr int kContextLost = 3;

struct LayerOptions {
    std::string directory, rows;
    size_t skip = 0;
    double seconds = 1e9;
    std::vector<size_t> part = {0, 1};  // which of how many
};

std::vector<Problem> selected(const LayerOptions& options) {
    const polyphase::ParseResult parsed = polyphase::parse_problems(read(options.directory + "/layers.json"));
    if (!parsed.errors.empty()) throw std::runtime_error(parsed.errors[0]);
    std::vector<Problem> problems;
    for (const Problem& problem : parsed.problems)
        if (std::regex_search(problem.name, std::regex(options.rows))) problems.push_back(problem);
    problems.erase(problems.begin(), problems.begin() + static_cast<long>(std::min(options.skip, problems.size())));
    return problems;
}

int measure_layers(const CudaDevice& device, const LayerOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    bool ok = true;
    for (const Problem& problem : selected(options)) {
        if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > options.seconds) {
            print({{"name", problem.name}, {"not_run", "its time was up"}});
            continue;
        }
        const Json line = polyphase::gpu::measure_layer(device, options.directory, problem);
        print(line);
        if (!device.works()) return kContextLost;
        ok = ok && line.at("ok");
    }
    return ok ? 0 : 1;
}

int warm_layers(const LayerOptions& options) {
    const std::vector<Problem> problems = selected(options);
    for (size_t i = options.part.at(0); i < problems.size(); i += options.part.at(1))
        print(polyphase::gpu::warm_layer(options.directory, problems[i]));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Checks and measures CUDA kernels on this machine's first device.");
    app.require_subcommand(1);
    std::string file;
    LayerOptions options;
    const CLI::App* device = app.add_subcommand("device", "What the device is");
    CLI::App* ceilings = app.add_subcommand("ceilings", "What it can do at best");
    ceilings->add_option("FILE", file, "ceilings.cu, compiled")->required();
    CLI::App* warm = app.add_subcommand("warm", "Fill the driver's cache with the kernels of DIR/layers.json");
    warm->add_option("--part", options.part, "K N: every Nth of them, from the Kth on")->expected(2);
    CLI::App* layers = app.add_subcommand("layers", "Check and time the kernels of DIR/layers.json");
    for (CLI::App* command : {warm, layers}) {
        command->add_option("DIR", options.directory, "libNAME.so of each, for CUDA and the processor")->required();
        command->add_option("--rows", options.rows, "Only those whose name matches this regular expression");
    }
    layers->add_option("--skip", options.skip, "Not the first so many of them");
    layers->add_option("--seconds", options.seconds, "Begin no other after this time");
    try {
        app.parse(argc, argv);
        const CudaDevice cuda;
        if (device->parsed()) return print_device(cuda);
        if (ceilings->parsed()) return print_ceilings(cuda, file);
        return warm->parsed() ? warm_layers(options) : measure_layers(cuda, options);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const CudaDevice::NoDevice& none) {
        print({{"no_device", none.why}});
        return 77;
    } catch (const std::exception& error) {
        std::cerr << "polyphase_gpu: " << error.what() << "\n";
        return 1;
    }
}
