// What a family of processors offers: schedules for every operator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generators/packing.h"
#include "generators/stages.h"
#include "schedules/schedule.h"

namespace polyphase {

/// One directory under schedules/. Operators without weights never ask for a packing.
class Backend {
  public:
    virtual ~Backend() = default;

    /// What Problem::machine may be.
    virtual std::vector<std::string> machines() const { return {}; }

    /// Every schedule worth trying, with the cost model's prediction; none leaves the reference.
    virtual std::vector<Schedule> candidates(const Problem& problem, const Halide::Target& target) const = 0;
    /// Why `schedule` cannot run the problem; nothing if it can.
    virtual std::optional<std::string> reject(const Problem& problem, const Halide::Target& target,
                                              const Schedule& schedule) const = 0;
    /// What `schedule` chooses of a convolution's stages.
    virtual ConvolutionForm form(const Problem&, const Schedule&) const { return {}; }
    /// How `schedule` wants the weights packed.
    virtual Packing packing(const Problem& problem, const Schedule& schedule) const = 0;

    /// Code runs on a device with memory of its own: tensors are dense and begin on 16 bytes, constants are computed
    /// rather than copied there, and nobody looks at results between two steps.
    virtual bool runs_on_device() const { return false; }

    /// What has to be done to a problem's pipeline, other than max pooling's and unpooling's, after Halide has lowered
    /// it.
    virtual void add_lowering_passes(const Problem&, const Halide::Target&, Halide::Pipeline&) const {}

    // Each applies a schedule of `candidates`, or the reference, to an operator's stages.
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       ConvolutionStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       PackStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       ResizeStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       ZeroInsertStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       DepthToSpaceStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       Col2ImStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       MaxPoolStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       MaxUnpoolStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       UnpoolCheckStages& stages) const = 0;
    virtual void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
                       UnpoolScatterStages& stages) const = 0;
};

/// The backend of a target that check_target (tools/targets.h) accepts.
const Backend& backend_for(const Halide::Target& target);

}  // namespace polyphase
