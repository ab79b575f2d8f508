// What the families of CPUs share: all loops. Each family says which machine a target is and which tiles of a
// convolution are worth trying on it.
#pragma once

#include "schedules/backend.h"

namespace polyphase::cpu {

class Backend : public polyphase::Backend {
  public:
    std::vector<Schedule> candidates(const Problem& problem, const Halide::Target& target) const final;
    std::optional<std::string> reject(const Problem& problem, const Halide::Target& target,
                                      const Schedule& schedule) const final;

    ConvolutionForm form(const Problem& problem, const Schedule& schedule) const final;
    Packing packing(const Problem& problem, const Schedule& schedule) const final;

    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               ConvolutionStages& stages) const final;
    /// Weights are packed once, one element after the other.
    void apply(const Schedule&, const Problem&, const Halide::Target&, PackStages&) const final {}
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               ResizeStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               ZeroInsertStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               DepthToSpaceStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               Col2ImStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               MaxPoolStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               MaxUnpoolStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               UnpoolCheckStages& stages) const final;
    void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
               UnpoolScatterStages& stages) const final;

  protected:
    virtual Machine machine(const Problem& problem, const Halide::Target& target) const = 0;
    virtual std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) const = 0;
};

}  // namespace polyphase::cpu
