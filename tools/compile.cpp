#include "tools/compile.h"

#include <Halide.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include "problem/problem_file.h"
#include "tools/code.h"
#include "tools/emit.h"
#include "tools/problems.h"
#include "tools/process.h"
#include "tools/runtime_files.h"
#include "tools/targets.h"

namespace polyphase {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// FNV-1a, 64 bits: enough to notice a change.
class Hash {
  public:
    void add(const std::string& bytes) {
        for (const unsigned char c : bytes) value_ = (value_ ^ c) * 0x100000001b3u;
    }
    uint64_t value() const { return value_; }

  private:
    uint64_t value_ = 0xcbf29ce484222325u;
};

std::string file_text(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void write_text(const fs::path& file, const std::string& text) {
    std::ofstream stream(file, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream) throw std::runtime_error(file.string() + ": cannot be written: " + std::strerror(errno));
}

// Everything that the outputs depend on: the problem and this program with its generators and schedules.
uint64_t content_hash(const Problem& problem, uint64_t program) {
    Hash hash;
    hash.add(to_json(problem).dump());
    hash.add(std::to_string(program));
    return hash.value();
}

std::vector<std::string> outputs_of(const Problem& problem, bool shared) {
    std::vector<std::string> names{problem.name + ".h", "lib" + problem.name + ".a", problem.name + ".json"};
    if (shared) names.push_back("lib" + problem.name + ".so");
    return names;
}

bool up_to_date(const Problem& problem, uint64_t hash, const CompileOptions& options) {
    for (const std::string& name : outputs_of(problem, options.shared))
        if (!fs::exists(fs::path(options.out_directory) / name)) return false;
    const Json old = Json::parse(file_text(fs::path(options.out_directory) / (problem.name + ".json")), nullptr, false);
    return old.is_object() && old.value("hash", "") == report(problem, {}, hash).at("hash").get<std::string>();
}

// The shared library exports the kernel's functions and the runtime's settings, and keeps the rest to itself.
std::string export_list(const Problem& problem) {
    std::string text = "{\n  global:\n";
    for (const std::string& name : exported_functions(problem)) text += "    " + name + ";\n";
    for (const char* name : {"polyphase_set_num_threads", "polyphase_num_threads", "polyphase_set_thread_pool",
                             "polyphase_parallel_for", "polyphase_set_allocator", "polyphase_get_allocator",
                             "polyphase_force_instruction_set", "polyphase_last_error"})
        text += std::string("    ") + name + ";\n";
    return text + "  local: *;\n};\n";
}

// Compiles one kernel into `work` and moves the results into place, the report last: whoever finds it finds the rest.
Json compile_kernel(const Problem& problem, uint64_t hash, const CompileOptions& options, const fs::path& work) {
    std::vector<Code> codes;
    for (const std::string& target : problem.targets)
        codes.push_back(compile_code(problem, target, work.string(), options.sanitizer));

    const std::string name = problem.name;
    const RuntimeFiles runtime = find_runtime_files();
    write_text(work / (name + ".h"), emit_header(problem));
    write_text(work / (name + ".c"), emit_source(problem, codes, hash));
    const std::string source_object = (work / (name + "_source.o")).string();
    std::vector<std::string> cc{options.cc};
    cc.insert(cc.end(), options.cc_flags.begin(), options.cc_flags.end());
    if (!options.sanitizer.empty()) cc.push_back("-fsanitize=" + options.sanitizer);
    const auto run_cc = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), cc.begin(), cc.end());
        run_program(arguments);
    };
    run_cc({"-std=c99", "-O2", "-fPIC", "-I" + runtime.include_directory, "-I" + work.string(), "-c",
            (work / (name + ".c")).string(), "-o", source_object});
    if (const auto why = check_machine(source_object, problem.targets.front()))
        throw std::runtime_error("--cc: " + options.cc + ": " + *why + "; name the target's compiler");

    std::vector<std::string> objects{source_object};
    for (const Code& code : codes) objects.insert(objects.end(), code.objects.begin(), code.objects.end());
    Halide::create_static_library(objects, Halide::Target(problem.targets.front()),
                                  (work / ("lib" + name + ".a")).string());
    if (options.shared) {
        const std::string exports = (work / "exports").string();
        write_text(exports, export_list(problem));
        std::vector<std::string> link{"-shared", "-o", (work / ("lib" + name + ".so")).string(),
                                      "-Wl,--version-script=" + exports, "-Wl,-z,now"};  // nothing is bound at a run
        link.insert(link.end(), objects.begin(), objects.end());
        link.insert(link.end(),
                    {options.runtime.empty() ? runtime.archive : options.runtime, "-lpthread", "-ldl", "-lm"});
        run_cc(link);
    }
    write_text(work / (name + ".json"), report(problem, codes, hash).dump(2) + "\n");

    std::vector<std::string> outputs = outputs_of(problem, options.shared);
    std::stable_partition(outputs.begin(), outputs.end(),
                          [&](const std::string& output) { return output != name + ".json"; });
    for (const std::string& output : outputs) fs::rename(work / output, fs::path(options.out_directory) / output);

    Json summary{{"name", name}, {"status", "compiled"}};
    for (const Code& code : codes) {
        summary["variants"].push_back({{"instruction_set", code.instruction_set},
                                       {"family", code.schedule.family},
                                       {"source", code.schedule.source},
                                       {"seconds", std::round(code.seconds * 1000) / 1000},
                                       {"object_size", code.object_size}});
    }
    return summary;
}

// Halide's complaints that mean wrong code: with its run-time checks compiled out, a bound that cannot hold is only a
// warning.
class Warnings : public Halide::CompileTimeErrorReporter {
  public:
    void warning(const char* message) override {
        if (std::string(message).find("guaranteed to fail") != std::string::npos) throw std::runtime_error(message);
    }
    void error(const char* message) override { throw std::runtime_error(message); }
};

// One kernel in a process of its own: whatever happens there, the others go on, and memory and Halide's name counters
// start afresh, so that the same problem always gives the same bytes.
class Worker {
  public:
    Worker(const Problem& problem, uint64_t hash, const CompileOptions& options) : name_(problem.name) {
        work_ = fs::path(options.out_directory) / (".polyphase-" + problem.name + "-" + std::to_string(getpid()));
        fs::create_directories(work_);
        pid_ = fork();
        if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
        if (pid_ == 0) {
            Json summary;
            try {
                static Warnings warnings;
                Halide::set_custom_compile_time_error_reporter(&warnings);
                summary = compile_kernel(problem, hash, options, work_);
            } catch (const std::exception& e) {
                summary = {{"name", problem.name}, {"status", "failed"}, {"error", e.what()}};
            } catch (const Halide::Error& e) {  // not a std::exception
                summary = {{"name", problem.name}, {"status", "failed"}, {"error", e.what()}};
            }
            std::ofstream(work_ / "summary.json") << summary.dump(-1, ' ', false, Json::error_handler_t::replace);
            _exit(0);
        }
    }
    pid_t pid() const { return pid_; }
    Json finish(int status) const {
        Json summary = Json::parse(file_text(work_ / "summary.json"), nullptr, false);
        if (summary.is_discarded() || status != 0) {
            summary = {{"name", name_},
                       {"status", "failed"},
                       {"error", "the compiler process ended with status " + std::to_string(status)}};
        }
        fs::remove_all(work_);
        return summary;
    }

  private:
    std::string name_;
    fs::path work_;
    pid_t pid_ = 0;
};

void show_progress(size_t done, size_t all, const std::string& name) {
    if (isatty(STDERR_FILENO) == 0 || all < 2) return;
    constexpr size_t kWidth = 30;
    const size_t filled = kWidth * done / all;
    std::cerr << "\r\033[K[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] " << done << "/"
              << all << " " << name << std::flush;
    if (done == all) std::cerr << "\r\033[K" << std::flush;
}

void check_directory(const std::string& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error || access(directory.c_str(), W_OK | X_OK) != 0)
        throw BadInput{{"--out: expected a directory that can be written, found \"" + directory +
                        "\": " + (error ? error.message() : std::strerror(errno))}};
}

// A shared library takes the runtime with it.
void check_runtime(const std::vector<Problem>& problems, const CompileOptions& options) {
    if (!options.runtime.empty() && !fs::is_regular_file(options.runtime))
        throw BadInput{{"--runtime: expected the target's libpolyphase_runtime.a, found no file " + options.runtime}};
    if (!options.shared) return;
    const std::string archive = options.runtime.empty() ? find_runtime_files().archive : options.runtime;
    std::vector<std::string> errors;
    std::set<std::string> systems;
    for (const Problem& problem : problems) {
        if (!systems.insert(system_of(problem.targets.front())).second) continue;
        if (const auto why = check_machine(archive, problem.targets.front()))
            errors.push_back("--shared: " + archive + ": " + *why + "; --runtime names another file");
    }
    if (!errors.empty()) throw BadInput{errors};
}

void print_summary(const std::vector<Json>& kernels) {
    std::vector<double> seconds;
    std::vector<size_t> sizes;
    std::string slowest;
    for (const Json& kernel : kernels) {
        const std::string name = kernel.at("name");
        if (kernel.at("status") == "failed") continue;
        std::cout << name << ": ";
        if (kernel.at("status") == "up to date") std::cout << "up to date";
        for (const Json& variant : kernel.value("variants", Json::array())) {
            const double t = variant.at("seconds");
            if (seconds.empty() || t > *std::max_element(seconds.begin(), seconds.end()))
                slowest = name + " for " + variant.at("instruction_set").get<std::string>();
            seconds.push_back(t);
            sizes.push_back(variant.at("object_size"));
            std::cout << variant.at("instruction_set").get<std::string>() << " ("
                      << variant.at("family").get<std::string>() << ") ";
        }
        std::cout << "\n";
    }
    if (seconds.size() < 2) return;
    const double worst = *std::max_element(seconds.begin(), seconds.end());
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(seconds.size() / 2), seconds.end());
    std::nth_element(sizes.begin(), sizes.begin() + static_cast<long>(sizes.size() / 2), sizes.end());
    std::printf("per kernel and instruction set: median %.2f s and %.1f kB of objects; slowest %s, %.2f s\n",
                seconds[seconds.size() / 2], static_cast<double>(sizes[sizes.size() / 2]) / 1000, slowest.c_str(),
                worst);
}

}  // namespace

int compile(const CompileOptions& given) {
    CompileOptions options = given;
    if (options.cc.empty()) options.cc = std::getenv("CC") != nullptr ? std::getenv("CC") : "cc";
    const std::vector<Problem> problems = read_problems(options.file, options.targets, options.system);
    check_runtime(problems, options);
    check_directory(options.out_directory);

    Hash program;
    program.add(file_text("/proc/self/exe"));
    program.add(options.sanitizer);
    if (!options.runtime.empty()) program.add(file_text(options.runtime));
    std::vector<Json> kernels(problems.size());
    std::vector<size_t> waiting;
    for (size_t i = 0; i < problems.size(); i++) {
        if (!options.force && up_to_date(problems[i], content_hash(problems[i], program.value()), options))
            kernels[i] = {{"name", problems[i].name}, {"status", "up to date"}};
        else
            waiting.push_back(i);
    }

    const size_t jobs =
        options.jobs > 0 ? static_cast<size_t>(options.jobs) : std::max(1u, std::thread::hardware_concurrency());
    std::map<pid_t, std::pair<size_t, Worker>> running;
    size_t next = 0, done = 0;
    while (next < waiting.size() || !running.empty()) {
        if (next < waiting.size() && running.size() < jobs) {
            const size_t i = waiting[next++];
            Worker worker(problems[i], content_hash(problems[i], program.value()), options);
            running.emplace(worker.pid(), std::pair(i, worker));
            continue;
        }
        int status = 0;
        const pid_t pid = waitpid(-1, &status, 0);
        const auto found = running.find(pid);
        if (found == running.end()) continue;
        kernels[found->second.first] = found->second.second.finish(status);
        running.erase(found);
        show_progress(++done, waiting.size(), problems[waiting[std::min(next, waiting.size() - 1)]].name);
    }

    int failed = 0;
    for (const Json& kernel : kernels) {
        if (kernel.at("status") != "failed") continue;
        failed++;
        std::cerr << "polyphase compile: " << kernel.at("name").get<std::string>() << ": "
                  << kernel.at("error").get<std::string>() << "\n";
    }
    if (!options.depfile.empty() && failed == 0) {
        std::string rules;
        for (const Problem& problem : problems)
            rules += (fs::path(options.out_directory) / ("lib" + problem.name + ".a")).string() + " ";
        write_text(options.depfile,
                   rules + ": " + options.file + " " + fs::canonical("/proc/self/exe").string() + "\n");
    }
    if (options.json)
        std::cout << Json(kernels).dump(2) << "\n";
    else
        print_summary(kernels);
    return failed == 0 ? 0 : 1;
}

}  // namespace polyphase
