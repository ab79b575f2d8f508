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

/// Copies of a thread into shared memory that are unrolled, so that their loads are on their way together.
inline constexpr int kMostCopies = 16;

/// Words from a pixel to the next of a chunk of `depth` input channels in shared memory, where a thread's tile has
/// `tile_x` pixels: the loads of lanes next to each other meet different banks (convolution_cost.cpp).
int pixel_pitch(int depth, int tile_x);

/// Words from a phase's weights of `block_c` channels to the next phase's, for the same reason.
int filter_pitch(int block_c, int lanes_r);

/// Weights that are copied to shared memory at a time: LLVM cannot select vectors that the last block cuts short.
int filter_vector(long long group_out, int block_c);

/// Applies `schedule` (convolution.cpp).
void schedule_convolution(ConvolutionStages& stages, const Problem& problem, const Schedule& schedule);

}  // namespace polyphase::cuda
