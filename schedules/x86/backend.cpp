#include "schedules/x86/backend.h"

#include "schedules/cpu/backend.h"
#include "schedules/x86/convolution.h"

namespace polyphase::x86 {
namespace {

class X86 final : public cpu::Backend {
  protected:
    // By the widest instruction set.
    Machine machine(const Problem&, const Halide::Target& target) const override {
        using Halide::Target;
        if (target.has_feature(Target::AVX512) || target.has_feature(Target::AVX512_Skylake))
            return {.name = "x86 AVX-512", .lanes = 16, .registers = 32, .fma = true, .l1 = 32 << 10, .l2 = 1 << 20};
        if (target.has_feature(Target::AVX2))
            return {.name = "x86 AVX2",
                    .lanes = 8,
                    .registers = 16,
                    .fma = target.has_feature(Target::FMA),
                    .l1 = 32 << 10,
                    .l2 = 512 << 10};
        return {.name = "x86 baseline", .lanes = 4, .registers = 16, .fma = false, .l1 = 32 << 10, .l2 = 256 << 10};
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
