// Convolutions on CPUs: the families of loops. Which one, with which numbers, says each family of processors
// (schedules/<target>/convolution.cpp).
#pragma once

#include "generators/packing.h"
#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cpu {

/// Where the padded input or the resampled image lies, parameter "stage": nowhere (the input itself is read), once per
/// image in the workspace, or once per block on the stack of the task that computes the block.
enum Stage { kDirect, kPerImage, kPerBlock };

/// Parameters: tiles of a block along x, y, z.
inline constexpr const char* kBlock[] = {"block_x", "block_y", "block_z"};

/// Whether passing over taps that read outside the input is worth the schedule's tests, if `live_share` of an axis'
/// taps do not.
bool worth_skipping(const Schedule& schedule, double live_share);

/// What `schedule` chooses of the stages.
ConvolutionForm convolution_form(const Problem& problem, const Schedule& schedule);

/// How `schedule` wants the weights packed.
Packing convolution_packing(const Schedule& schedule);

void schedule_convolution(ConvolutionStages& stages, const Problem& problem, const Schedule& schedule);

}  // namespace polyphase::cpu
