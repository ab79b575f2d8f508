// Resampling on x86.
#pragma once

#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::x86 {

std::vector<Schedule> resize_candidates(const Problem& problem, const Machine& machine);
void schedule_resize(ResizeStages& stages, const Schedule& schedule);

}  // namespace polyphase::x86
