// Zero insertion.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

std::vector<Schedule> zero_insert_candidates(const Problem& problem, const Machine& machine);
/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_zero_insert(const Problem& problem, const Machine& machine, const Schedule& schedule);

void schedule_zero_insert(ZeroInsertStages& stages, const Schedule& schedule);

}  // namespace polyphase::cpu
