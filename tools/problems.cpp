#include "tools/problems.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "problem/names.h"
#include "problem/problem_file.h"
#include "schedules/backend.h"
#include "tools/targets.h"

namespace polyphase {
namespace {

std::string read_text(const std::string& file) {
    if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
    if (std::filesystem::is_directory(file)) throw BadInput{{file + ": expected a problem file, found a directory"}};
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw BadInput{{file + ": cannot be read: " + std::strerror(errno)}};
    return {std::istreambuf_iterator<char>(stream), {}};
}

// Why none of the problem's targets knows its machine; nothing if one does.
std::optional<std::string> check_machine(const Problem& problem) {
    if (problem.machine.empty()) return std::nullopt;
    std::string known;
    for (const std::string& target : problem.targets) {
        for (const std::string& name : backend_for(Halide::Target(target)).machines()) {
            if (name == problem.machine) return std::nullopt;
            if (known.find(name) == std::string::npos) known += (known.empty() ? "" : ", ") + name;
        }
    }
    return "expected " + (known.empty() ? "none, because these targets have no named machines" : "one of " + known) +
           ", found \"" + problem.machine + "\"";
}

}  // namespace

std::vector<Problem> read_problems(const std::string& file, const std::vector<std::string>& targets,
                                   const std::string& system) {
    ParseResult result = parse_problems(read_text(file), check_target);
    std::vector<std::string> errors;
    for (const std::string& error : result.errors) errors.push_back(file + ": " + error);
    for (const std::string& target : targets)
        if (const auto why = check_target(target)) errors.push_back("--target: " + *why);
    if (!system.empty())
        if (system_of(system) != system || check_target(system))
            errors.push_back("--system: expected architecture, bits and system, as arm-64-linux, found \"" + system +
                             "\"");
    for (Problem& problem : result.problems) {
        if (!targets.empty()) problem.targets = targets;
        if (problem.targets.empty()) problem.targets = default_targets(system);
        if (const Convolution* conv = convolution_of(problem);
            conv && (conv->bias_initializer == Initializer::bilinear || conv->bias_initializer == Initializer::icnr))
            errors.push_back(file + ": " + problem.name +
                             ": field \"bias_initializer\": expected one that is for a vector, found \"" +
                             std::string(name_in(kInitializers, conv->bias_initializer)) + "\"");
        // A target that is wrong by itself has been reported.
        if (errors.empty())
            if (const auto why = check_targets(problem.targets))
                errors.push_back(file + ": " + problem.name + ": field \"targets\": " + *why);
        if (errors.empty())
            if (const auto why = check_machine(problem))
                errors.push_back(file + ": " + problem.name + ": field \"machine\": " + *why);
    }
    if (!errors.empty()) throw BadInput{errors};
    return result.problems;
}

}  // namespace polyphase
