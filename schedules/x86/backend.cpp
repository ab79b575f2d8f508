#include "schedules/x86/backend.h"

#include "schedules/cpu/backend.h"
#include "schedules/cpu/memory_bound.h"
#include "schedules/x86/convolution.h"
#include "schedules/x86/machines.h"
#include "schedules/x86/partial_stores.h"
#include "schedules/x86/permuted_loads.h"
#include "schedules/x86/prefetched_stores.h"
#include "schedules/x86/streaming_stores.h"

namespace polyphase::x86 {
namespace {

// Rows of pixels take long to compute between their stores: on an AMD EPYC (Zen 4) bilinear x4 of 21 channels to 513 x
// 513 takes 0.95 ms instead of 1.3, photographs up to a tenth less. Those of planes gain nothing, or lose.
bool prefetches_rows(const Problem& problem) {
    return std::holds_alternative<Resize>(problem.op) && problem.output_layout == Layout::nhwc &&
           cpu::worth_streaming(problem);
}

class X86 final : public cpu::Backend {
  public:
    std::vector<std::string> machines() const override { return machine_names(); }

    void add_lowering_passes(const Problem& problem, const Halide::Target& target,
                             Halide::Pipeline& pipeline) const override {
        const Machine m = machine(problem, target);
        if (m.prefetched_stores && 4 * output_elements(problem) > m.l2) PrefetchedTiles::add_to(pipeline);
        if (m.permuted_loads) PermutedLoads::add_to(pipeline);
        StreamingStores::add_to(pipeline);
        // What streams has become calls by now.
        if (m.prefetched_stores && prefetches_rows(problem)) PrefetchedRows::add_to(pipeline);
        if (m.partial_stores) PartialStores::add_to(pipeline);
    }

  protected:
    Machine machine(const Problem& problem, const Halide::Target& target) const override {
        return machine_named(problem.machine, target);
    }

    std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) const override {
        return x86::convolution_candidates(problem, machine);
    }
};

}  // namespace

const polyphase::Backend& backend() {
    static const X86 x86;
    return x86;
}

}  // namespace polyphase::x86
