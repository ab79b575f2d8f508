#include "schedules/cpu/backend.h"

#include "schedules/cpu/convolution.h"
#include "schedules/cpu/convolution_cost.h"
#include "schedules/cpu/max_pool.h"
#include "schedules/cpu/max_unpool.h"
#include "schedules/cpu/phases.h"
#include "schedules/cpu/resize.h"
#include "schedules/cpu/zero_insert.h"

namespace polyphase::cpu {

using Halide::Target;

std::vector<Schedule> Backend::candidates(const Problem& problem, const Target& target) const {
    const Machine m = machine(problem, target);
    if (convolution_of(problem)) return convolution_candidates(problem, m);
    if (std::holds_alternative<Resize>(problem.op)) return resize_candidates(problem, m);
    if (std::holds_alternative<ZeroInsert>(problem.op)) return zero_insert_candidates(problem, m);
    if (std::holds_alternative<MaxPool>(problem.op)) return max_pool_candidates(problem, m);
    return phase_candidates(problem, m);
}

std::optional<std::string> Backend::reject(const Problem& problem, const Target& target,
                                           const Schedule& schedule) const {
    const Machine m = machine(problem, target);
    if (convolution_of(problem)) return reject_convolution(problem, m, schedule);
    if (std::holds_alternative<Resize>(problem.op)) return reject_resize(problem, m, schedule);
    if (std::holds_alternative<ZeroInsert>(problem.op)) return reject_zero_insert(problem, m, schedule);
    if (std::holds_alternative<MaxPool>(problem.op)) return reject_max_pool(problem, m, schedule);
    return reject_phases(problem, m, schedule);
}

ConvolutionForm Backend::form(const Problem& problem, const Schedule& schedule) const {
    return convolution_form(problem, schedule);
}

Packing Backend::packing(const Problem&, const Schedule& schedule) const {
    return convolution_packing(schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target&, ConvolutionStages& stages) const {
    schedule_convolution(stages, problem, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem&, const Target&, ResizeStages& stages) const {
    schedule_resize(stages, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem&, const Target&, ZeroInsertStages& stages) const {
    schedule_zero_insert(stages, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target&, DepthToSpaceStages& stages) const {
    schedule_phases(stages, problem, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target&, Col2ImStages& stages) const {
    schedule_phases(stages, problem, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target&, MaxPoolStages& stages) const {
    schedule_max_pool(stages, problem, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target&, MaxUnpoolStages& stages) const {
    schedule_phases(stages, problem, schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target& target,
                    UnpoolCheckStages& stages) const {
    schedule_unpool_check(stages, problem, machine(problem, target), schedule);
}

void Backend::apply(const Schedule& schedule, const Problem& problem, const Target& target,
                    UnpoolScatterStages& stages) const {
    schedule_unpool_scatter(stages, problem, machine(problem, target), schedule);
}

}  // namespace polyphase::cpu
