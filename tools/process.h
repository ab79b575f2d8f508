// Running other programs.
#pragma once

#include <string>
#include <vector>

namespace polyphase {

/// Runs a program found on PATH and waits. Returns what it printed on standard error; throws std::runtime_error with
/// that text if it cannot be started or fails.
std::string run_program(const std::vector<std::string>& command);

}  // namespace polyphase
