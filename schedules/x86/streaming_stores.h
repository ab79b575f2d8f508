// Stores past the caches, which Halide has no directive for.
#pragma once

#include <Halide.h>

namespace polyphase::x86 {

/// A lowering pass. Where an output copies `finished` (ResizeStages), row by row, the runtime does that, with stores
/// that do not read what they overwrite. Each parallel task, and the output as a whole, ends with a fence.
class StreamingStores final : public Halide::Internal::IRMutator {
  public:
    /// Adds the pass, and tells code that is compiled in process where the runtime's functions are.
    static void add_to(Halide::Pipeline& pipeline);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::ProducerConsumer* op) override;

    Halide::Internal::Stmt fenced(const Halide::Internal::Stmt& body);

    bool unfenced_ = false;  // something has been streamed since the last fence
};

}  // namespace polyphase::x86
