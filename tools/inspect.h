// polyphase inspect: what a problem is and how it would run.
#pragma once

#include <string>
#include <vector>

namespace polyphase {

struct InspectOptions {
    std::string file, png;
    std::vector<std::string> targets;
    bool json = false;
};

/// Returns the exit code. Throws BadInput.
int inspect(const InspectOptions& options);

}  // namespace polyphase
