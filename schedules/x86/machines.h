// Cores of x86 that schedules can be chosen for.
#pragma once

#include <Halide.h>

#include <string>
#include <vector>

#include "schedules/cpu/convolution_cost.h"
#include "schedules/schedule.h"

namespace polyphase::x86 {

/// The names that Problem::machine may have: LLVM's names of cores, and "host".
std::vector<std::string> machine_names();

/// The core of that name, with the widest vectors that the target allows; of "" the default; of "host" the one that
/// this runs on, or the default if it has no name here. Throws std::invalid_argument for another name.
Machine machine_named(const std::string& name, const Halide::Target& target);

/// What such a machine charges.
const cpu::Costs& costs_of(const Machine& machine);

}  // namespace polyphase::x86
