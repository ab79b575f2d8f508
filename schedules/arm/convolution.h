// Convolutions on 64-bit ARM: which tiles are worth trying.
#pragma once

#include <vector>

#include "problem/problem.h"
#include "schedules/schedule.h"

namespace polyphase::arm {

/// Every schedule worth trying (schedules/cpu/convolution.h applies them), with the cost model's prediction.
std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine);

}  // namespace polyphase::arm
