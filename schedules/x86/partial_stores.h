// Storing a part of a vector, for which Halide has masks only.
#pragma once

#include <Halide.h>

namespace polyphase::x86 {

/// A lowering pass. Vectors that are stored under a mask, because only their first lanes exist, are stored as shorter
/// vectors, in pieces of a power of two. A masked store of AVX2 takes an AMD EPYC (Zen 4) a dozen cycles: layers with
/// 19 or 21 channels became 1.1 to 1.5 times as fast, in one with 173 from few inputs twice.
class PartialStores final : public Halide::Internal::IRMutator {
  public:
    static void add_to(Halide::Pipeline& pipeline);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::LetStmt* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::Store* op) override;

    Halide::Internal::Scope<Halide::Internal::ModulusRemainder> multiples_;  // what is known of variables
};

}  // namespace polyphase::x86
