#include "schedules/cuda/backend.h"

#include <stdexcept>

#include "schedules/cuda/convolution.h"
#include "schedules/cuda/memory_bound.h"
#include "schedules/cuda/private_registers.h"

namespace polyphase::cuda {
namespace {

using Halide::Target;

class Cuda final : public polyphase::Backend {
  public:
    bool runs_on_device() const override { return true; }

    std::vector<Schedule> candidates(const Problem& problem, const Target&) const override {
        if (convolution_of(problem)) return convolution_candidates(problem);
        return memory_bound_candidates(problem);
    }

    std::optional<std::string> reject(const Problem& problem, const Target&, const Schedule& schedule) const override {
        if (convolution_of(problem)) return reject_convolution(problem, schedule);
        return reject_memory_bound(problem, schedule);
    }

    Packing packing(const Problem& problem, const Schedule& schedule) const override {
        return convolution_packing(problem, schedule);
    }

    void add_lowering_passes(const Problem&, const Halide::Target&, Halide::Pipeline& pipeline) const override {
        pipeline.add_custom_lowering_pass(new PrivateRegisters);  // the pipeline's from here on
    }

    void apply(const Schedule& schedule, const Problem& problem, const Target&,
               ConvolutionStages& stages) const override {
        schedule_convolution(stages, problem, schedule);
    }
    void apply(const Schedule&, const Problem&, const Target&, PackStages& stages) const override {
        schedule_pack(stages);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&, ResizeStages& stages) const override {
        schedule_resize(stages, problem, schedule);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&,
               ZeroInsertStages& stages) const override {
        schedule_gather(stages, problem, schedule);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&,
               DepthToSpaceStages& stages) const override {
        schedule_gather(stages, problem, schedule);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&, Col2ImStages& stages) const override {
        schedule_gather(stages, problem, schedule);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&, MaxPoolStages& stages) const override {
        schedule_max_pool(stages, problem, schedule);
    }
    void apply(const Schedule& schedule, const Problem& problem, const Target&,
               MaxUnpoolStages& stages) const override {
        schedule_gather(stages, problem, schedule);
    }
    void apply(const Schedule&, const Problem&, const Target&, UnpoolCheckStages&) const override { no_verdict(); }
    void apply(const Schedule&, const Problem&, const Target&, UnpoolScatterStages&) const override { no_verdict(); }

  private:
    [[noreturn]] static void no_verdict() {
        throw std::invalid_argument(
            "max_unpool runs on a GPU as max_unpool_by_index, because no check can be waited for");
    }
};

}  // namespace

const polyphase::Backend& backend() {
    static const Cuda cuda;
    return cuda;
}

}  // namespace polyphase::cuda
