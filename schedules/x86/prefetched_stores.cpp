#include "schedules/x86/prefetched_stores.h"

#include <string>
#include <vector>

#include "schedules/cpu/task_memory.h"
#include "schedules/x86/lowered_names.h"

namespace polyphase::x86 {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

bool is_output(const std::string& buffer) {
    return is_stage(buffer, "output");
}

// Whether `output` is stored by a statement without loops.
class StoresTile final : public IRVisitor {
  public:
    explicit StoresTile(const Stmt& stmt) { stmt.accept(this); }
    explicit operator bool() const { return stores_ && !loops_; }

  private:
    using IRVisitor::visit;
    void visit(const Store* op) override { stores_ = stores_ || is_output(op->name); }
    void visit(const For*) override { loops_ = true; }

    bool stores_ = false, loops_ = false;
};

// A statement that has no effect but to bring the lines that `output` is stored to.
class Prefetches final : public IRMutator {
    using IRMutator::visit;

    Stmt visit(const Store* op) override {
        const auto* ramp = op->index.as<Ramp>();
        const bool dense = op->index.type().is_scalar() || (ramp != nullptr && is_const_one(ramp->stride));
        if (!is_output(op->name) || !dense) return nothing();
        const Expr to = Variable::make(Halide::type_of<float*>(), op->name), first = ramp ? ramp->base : op->index;
        std::vector<Stmt> lines;
        for (int i = 0; i < op->index.type().lanes(); i += cpu::kLine)
            lines.push_back(Evaluate::make(
                Call::make(Halide::type_of<float>(), Call::prefetch, {to, first + i, 1, 1}, Call::Intrinsic)));
        return Block::make(lines);
    }
    // Sums are none of its business, nor is whether they have been stored.
    Stmt visit(const Allocate* op) override { return mutate(op->body); }
    Stmt visit(const Free*) override { return nothing(); }
    Stmt visit(const Evaluate*) override { return nothing(); }

    static Stmt nothing() { return Evaluate::make(0); }
};

}  // namespace

void PrefetchedStores::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new PrefetchedStores);  // the pipeline's from here on
}

Stmt PrefetchedStores::visit(const Block* op) {
    const auto* sums = op->first.as<ProducerConsumer>();
    if (sums == nullptr || !sums->is_producer || !StoresTile(op->rest)) return IRMutator::visit(op);
    return Block::make(simplify(Prefetches().mutate(op->rest)), op);
}

}  // namespace polyphase::x86
