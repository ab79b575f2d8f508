// Problem files as the commands read them.
#pragma once

#include <string>
#include <vector>

#include "problem/problem.h"

namespace polyphase {

/// Input that the user has to mend: the command prints every message and exits with 2.
struct BadInput {
    std::vector<std::string> messages;
};

/// Reads and validates a problem file ("-": standard input). Problems without targets get `targets`, or the family of
/// `system` ("": the build machine's); non-empty `targets` replace the file's. Throws BadInput with everything that is
/// wrong.
std::vector<Problem> read_problems(const std::string& file, const std::vector<std::string>& targets,
                                   const std::string& system = "");

}  // namespace polyphase
