// Zero insertion on x86.
#pragma once

#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::x86 {

std::vector<Schedule> zero_insert_candidates(const Problem& problem, const Machine& machine);
void schedule_zero_insert(ZeroInsertStages& stages, const Schedule& schedule);

}  // namespace polyphase::x86
