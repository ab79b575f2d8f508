// Operators that only move data, on GPUs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase::cuda {

/// One thread per element of `f`, or per `lanes` neighbours of its first dimension, which it stores as one vector.
/// `order`: all dimensions, innermost in memory first, but those that each thread goes through: `unrolled`. Returns the
/// loop over threads.
Halide::Var one_pass(Halide::Func f, const std::vector<Halide::Var>& order, int lanes,
                     const std::vector<Halide::Var>& unrolled = {});

std::vector<Schedule> memory_bound_candidates(const Problem& problem);
/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_memory_bound(const Problem& problem, const Schedule& schedule);

void schedule_resize(ResizeStages& stages, const Problem& problem, const Schedule& schedule);
void schedule_gather(GatherStages& stages, const Problem& problem, const Schedule& schedule);
void schedule_max_pool(MaxPoolStages& stages, const Problem& problem, const Schedule& schedule);
void schedule_pack(PackStages& stages);
/// Tables that a kernel of their own computes.
void schedule_tables(const std::vector<Halide::Func>& tables);

}  // namespace polyphase::cuda
