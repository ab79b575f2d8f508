// Max pooling with indices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

std::vector<Schedule> max_pool_candidates(const Problem& problem, const Machine& machine);
/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_max_pool(const Problem& problem, const Machine& machine, const Schedule& schedule);

void schedule_max_pool(MaxPoolStages& stages, const Problem& problem, const Schedule& schedule);

}  // namespace polyphase::cpu
