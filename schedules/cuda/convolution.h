// Convolutions on GPUs: the families, their rules and their cost model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/packing.h"
#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cuda {

/// Every schedule worth trying, with the cost model's prediction (convolution_cost.cpp).
std::vector<Schedule> convolution_candidates(const Problem& problem);

/// Why `schedule` cannot run the problem; nothing if it can (convolution_cost.cpp).
std::optional<std::string> reject_convolution(const Problem& problem, const Schedule& schedule);

/// How `schedule` wants the weights packed.
Packing convolution_packing(const Problem& problem, const Schedule& schedule);

/// Applies `schedule` (convolution.cpp).
void schedule_convolution(ConvolutionStages& stages, const Problem& problem, const Schedule& schedule);

}  // namespace polyphase::cuda
