// What max unpooling runs besides its gather (schedules/cpu/phases.h): the check before it, and the scatter instead.
#pragma once

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

void schedule_unpool_check(UnpoolCheckStages& stages, const Problem& problem, const Machine& machine,
                           const Schedule& schedule);
void schedule_unpool_scatter(UnpoolScatterStages& stages, const Problem& problem, const Machine& machine,
                             const Schedule& schedule);

}  // namespace polyphase::cpu
