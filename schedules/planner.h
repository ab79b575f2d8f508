// Which schedule runs a problem on a target, and how it is applied. The only door between generators and schedules.
#pragma once

#include <string>
#include <vector>

#include "schedules/backend.h"

namespace polyphase {

/// Every schedule worth trying for `problem` on `target`, each with the cost model's prediction; at least one.
std::vector<Schedule> candidates(const Problem& problem, const Halide::Target& target);

/// The schedule for `problem` on `target`. `request` is "" (the cost model's choice), "reference", or a Schedule as
/// JSON. Throws std::invalid_argument with a sentence if the request is not possible.
Schedule plan(const Problem& problem, const Halide::Target& target, const std::string& request = "");

/// What `schedule` chooses of a convolution's stages.
ConvolutionForm form_of(const Problem& problem, const Halide::Target& target, const Schedule& schedule);

Packing packing_of(const Problem& problem, const Halide::Target& target, const Schedule& schedule);

/// Backend::runs_on_device of a target.
bool runs_on_device(const Halide::Target& target);

/// Backend::add_lowering_passes of a target.
void add_lowering_passes(const Problem& problem, const Halide::Target& target, Halide::Pipeline pipeline);

/// Applies `schedule` to an operator's stages.
template <typename Stages>
void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target, Stages& stages) {
    backend_for(target).apply(schedule, problem, target, stages);
}

}  // namespace polyphase
