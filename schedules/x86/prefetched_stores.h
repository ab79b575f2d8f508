// Fetching what a tile is going to overwrite, which Halide has no directive for.
#pragma once

#include <Halide.h>

namespace polyphase::x86 {

/// A lowering pass. Where a tile of `output` is stored straight from registers, the cache lines that it goes to are
/// asked for before its reduction begins, so that its stores find them.
class PrefetchedTiles final : public Halide::Internal::IRMutator {
  public:
    static void add_to(Halide::Pipeline& pipeline);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::Block* op) override;
};

/// A lowering pass. Where a loop stores vectors of `output` that follow each other, the lines a few kilobytes further
/// on are asked for: as many are then on their way as memory takes, not as many as stores may wait.
class PrefetchedRows final : public Halide::Internal::IRMutator {
  public:
    static void add_to(Halide::Pipeline& pipeline);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For* op) override;
};

}  // namespace polyphase::x86
