// Transposed convolution on x86: the families, their rules and their cost model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/packing.h"
#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::x86 {

std::optional<std::string> reject(const Problem& problem, const Machine& machine, const Schedule& schedule);
std::vector<Schedule> conv_transpose_candidates(const Problem& problem, const Machine& machine);
Packing conv_transpose_packing(const Problem& problem, const Schedule& schedule);
void schedule_conv_transpose(ConvTransposeStages& stages, const Problem& problem, const Machine& machine, const Schedule& schedule);

}  // namespace polyphase::x86
