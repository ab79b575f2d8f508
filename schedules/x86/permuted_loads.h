// Vectors whose elements lie near each other in a known order, which Halide would gather one by one.
#pragma once

#include <Halide.h>

#include <map>
#include <string>

namespace polyphase::x86 {

/// A lowering pass. Where the offsets between the lanes of a load are constants and span no more than two vectors,
/// these are loaded whole and permuted; one vector for all loads of a store if it holds them. Only in `patterned`
/// (ResizeStages), whose storage goes on for two vectors behind what is asked of it.
class PermutedLoads final : public Halide::Internal::IRMutator {
  public:
    static void add_to(Halide::Pipeline& pipeline);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::LetStmt* op) override;
    Halide::Expr visit(const Halide::Internal::Let* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::Store* op) override;
    Halide::Expr visit(const Halide::Internal::Load* op) override;

    std::map<std::string, Halide::Expr> vectors_;  // those that names in sight stand for
    Halide::Expr shared_;                          // where a vector begins that holds all that a store reads
};

}  // namespace polyphase::x86
