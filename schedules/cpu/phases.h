// Operators that choose or add inputs by output phase, all scheduled the same way: depth to space, overlap-add, max
// unpooling.
//   planes       channels first: a vector of q per phase of x, phases interleaved when stored
//   channels     channels last: vectors along channels
//   pixels       channels last, few channels: as planes, with channels interleaved at the store too
//   interleaved  channels last, few channels, long periods: vectors along the whole row, inputs gathered
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

std::vector<Schedule> phase_candidates(const Problem& problem, const Machine& machine);
/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_phases(const Problem& problem, const Machine& machine, const Schedule& schedule);

void schedule_phases(GatherStages& stages, const Problem& problem, const Schedule& schedule);

}  // namespace polyphase::cpu
