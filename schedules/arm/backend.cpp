#include "schedules/arm/backend.h"

#include "schedules/arm/convolution.h"
#include "schedules/arm/machines.h"
#include "schedules/cpu/backend.h"

namespace polyphase::arm {
namespace {

class Arm final : public cpu::Backend {
  public:
    std::vector<std::string> machines() const override { return machine_names(); }

  protected:
    Machine machine(const Problem& problem, const Halide::Target&) const override {
        return machine_named(problem.machine);
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
