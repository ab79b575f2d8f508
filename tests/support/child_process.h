// Runs a program and keeps what it said.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace polyphase::testing {

struct ChildResult {
    int exit_code = -1;  ///< 128 + signal if a signal ended it
    std::string output, error;
};

struct ChildOptions {
    std::vector<std::pair<std::string, std::string>> environment;  ///< on top of this process's
    std::string directory;                                         ///< to start in; empty: this process's
};

/// Runs `arguments[0]` (a path, or a name looked up in PATH) to its end; its standard input is empty. Throws
/// std::runtime_error if it cannot start.
ChildResult run_child(const std::vector<std::string>& arguments, const ChildOptions& options = {});

}  // namespace polyphase::testing
