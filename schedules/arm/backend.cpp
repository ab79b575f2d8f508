#include "schedules/arm/backend.h"

#include "schedules/arm/convolution.h"
#include "schedules/cpu/backend.h"

namespace polyphase::arm {
namespace {

class Arm final : public cpu::Backend {
  protected:
    Machine machine(const Halide::Target&) const override {
        return {.name = "neoverse-n1",
                .lanes = 4,
                .registers = 32,
                .fma = true,
                .lane_operands = true,
                .l1 = 64 << 10,
                .l2 = 1 << 20};
    }

    std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) const override {
        return arm::convolution_candidates(problem, machine);
    }
};

}  // namespace

const polyphase::Backend& backend() {
    static const Arm arm;
    return arm;
}

}  // namespace polyphase::arm
