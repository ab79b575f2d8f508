// Resampling.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

std::vector<Schedule> resize_candidates(const Problem& problem, const Machine& machine);
/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_resize(const Problem& problem, const Machine& machine, const Schedule& schedule);

void schedule_resize(ResizeStages& stages, const Schedule& schedule);

}  // namespace polyphase::cpu
