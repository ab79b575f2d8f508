// An aarch64 program that computes one layer by our kernel and by XNNPACK, for bench/arm_counts.py, which has qemu
// count what both execute:
//   program PROBLEM.json libNAME.so
// Prints JSON: how far the outputs are apart, or why XNNPACK cannot compute the layer.
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/compare/contender.h"
#include "problem/problem_file.h"

namespace polyphase::compare {
namespace {

/// Has bench/arm_counts/plugin.c print what was executed so far.
void mark() {
    constexpr long kMark = 0x706f6c79;
    syscall(SYS_getppid, kMark);
}

/// Runs between two marks. The contender has run before, so that whatever happens once has happened.
std::vector<float> counted_output(Contender& contender) {
    mark();
    contender.run();
    mark();
    return contender.output();
}

Problem read_problem(const std::string& file) {
    std::ifstream stream(file);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    const ParseResult parsed = parse_problems(text);
    if (!parsed.errors.empty()) throw std::invalid_argument(file + ": " + parsed.errors.front());
    return parsed.problems.front();
}

nlohmann::json run(const Problem& problem, const std::string& library) {
    const Work work(problem);
    std::unique_ptr<Contender> theirs;
    try {
        theirs = xnnpack_contender(work, 1);
    } catch (const Unsupported& e) {
        return {{"left_out", e.what()}};
    }
    const auto ours = polyphase_contender(work, library, 1);
    const std::vector<float> found = counted_output(*ours), expected = counted_output(*theirs);
    return {{"difference", largest_difference(found, expected)}};
}

}  // namespace
}  // namespace polyphase::compare

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: program PROBLEM.json libNAME.so\n", stderr);
        return 2;
    }
    try {
        std::puts(polyphase::compare::run(polyphase::compare::read_problem(argv[1]), argv[2]).dump().c_str());
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "arm_counts: %s\n", e.what());
        return 1;
    }
}
