#include "schedules/x86/backend.h"

#include "schedules/cpu/backend.h"
#include "schedules/x86/convolution.h"
#include "schedules/x86/machines.h"
#include "schedules/x86/partial_stores.h"
#include "schedules/x86/prefetched_stores.h"
#include "schedules/x86/streaming_stores.h"

namespace polyphase::x86 {
namespace {

class X86 final : public cpu::Backend {
  public:
    std::vector<std::string> machines() const override { return machine_names(); }

    void add_lowering_passes(const Problem& problem, const Halide::Target& target,
                             Halide::Pipeline& pipeline) const override {
        const Machine m = machine(problem, target);
        if (m.prefetched_stores && 4 * output_elements(problem) > m.l2) PrefetchedStores::add_to(pipeline);
        StreamingStores::add_to(pipeline);
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
