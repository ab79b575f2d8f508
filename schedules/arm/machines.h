// Processors of 64-bit ARM, from Arm's software optimization guides: pipes, latencies and caches as they are usually
// built.
#pragma once

#include <string>
#include <vector>

#include "schedules/schedule.h"

namespace polyphase::arm {

/// The names that Problem::machine may have.
std::vector<std::string> machine_names();

/// The machine of that name; of "" the middle of the range. Throws std::invalid_argument for another name.
Machine machine_named(const std::string& name);

}  // namespace polyphase::arm
