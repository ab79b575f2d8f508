// The text that a generated library consists of besides its machine code.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "problem/problem.h"
#include "tools/code.h"

namespace polyphase {

/// NAME.h: the C and C++ faces; those of CUDA too if it is among the problem's targets.
std::string emit_header(const Problem& problem);

/// NAME.c: the kernel's description for the runtime, and the functions that NAME.h declares. C99.
std::string emit_source(const Problem& problem, const std::vector<Code>& codes, uint64_t hash);

/// NAME.json: the problem, its cost, and per instruction set the schedule, its origin and sizes. Names the instruction
/// set that runs when `chosen` is one of them.
nlohmann::ordered_json report(const Problem& problem, const std::vector<Code>& codes, uint64_t hash,
                              const std::string& chosen = "");

/// The functions that libNAME.so exports.
std::vector<std::string> exported_functions(const Problem& problem);

}  // namespace polyphase
