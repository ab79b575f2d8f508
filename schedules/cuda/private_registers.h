#pragma once

#include <Halide.h>

namespace polyphase::cuda {

/// A lowering pass. Sums that lie outside a block's loops over threads, because several of these loops share them, are
/// one array of all threads' sums to Halide, although each thread only ever meets its own. Every thread has an array of
/// its own there: this pass lets it use the part of thread 0, whose places are constants, so that they become
/// registers.
class PrivateRegisters : public Halide::Internal::IRMutator {
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::Allocate* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::LetStmt* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::For* op) override;
    Halide::Internal::Stmt visit(const Halide::Internal::Store* op) override;
    Halide::Expr visit(const Halide::Internal::Load* op) override;
    Halide::Expr visit(const Halide::Internal::Let* op) override;

    Halide::Expr of_thread_zero(Halide::Expr index) const;

    std::set<std::string> arrays_, threads_;
    std::vector<std::pair<std::string, Halide::Expr>> lets_;
};

}  // namespace polyphase::cuda
