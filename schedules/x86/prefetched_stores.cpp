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
class StoresOutput final : public IRVisitor {
  public:
    explicit StoresOutput(const Stmt& stmt) { stmt.accept(this); }
    explicit operator bool() const { return stores_ && !loops_; }

  private:
    using IRVisitor::visit;
    void visit(const Store* op) override { stores_ = stores_ || is_output(op->name); }
    void visit(const For*) override { loops_ = true; }

    bool stores_ = false, loops_ = false;
};

// A statement that has no effect but to bring the lines `ahead` elements behind those that `output` is stored to.
class Prefetches final : public IRMutator {
  public:
    explicit Prefetches(int ahead) : ahead_(ahead) {}

  private:
    using IRMutator::visit;

    Stmt visit(const Store* op) override {
        const auto* ramp = op->index.as<Ramp>();
        const bool dense = op->index.type().is_scalar() || (ramp != nullptr && is_const_one(ramp->stride));
        if (!is_output(op->name) || !dense) return nothing();
        const Expr to = Variable::make(Halide::type_of<float*>(), op->name), first = ramp ? ramp->base : op->index;
        std::vector<Stmt> lines;
        for (int i = 0; i < op->index.type().lanes(); i += cpu::kLine)
            lines.push_back(Evaluate::make(Call::make(Halide::type_of<float>(), Call::prefetch,
                                                      {to, first + (ahead_ + i), 1, 1}, Call::Intrinsic)));
        return Block::make(lines);
    }
    // Sums are none of its business, nor is whether they have been stored.
    Stmt visit(const Allocate* op) override { return mutate(op->body); }
    Stmt visit(const Free*) override { return nothing(); }
    Stmt visit(const Evaluate*) override { return nothing(); }

    static Stmt nothing() { return Evaluate::make(0); }

    int ahead_;
};

}  // namespace

void PrefetchedTiles::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new PrefetchedTiles);  // the pipeline's from here on
}

Stmt PrefetchedTiles::visit(const Block* op) {
    const auto* sums = op->first.as<ProducerConsumer>();
    if (sums == nullptr || !sums->is_producer || !StoresOutput(op->rest)) return IRMutator::visit(op);
    return Block::make(simplify(Prefetches(0).mutate(op->rest)), op);
}

void PrefetchedRows::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new PrefetchedRows);  // the pipeline's from here on
}

Stmt PrefetchedRows::visit(const For* op) {
    constexpr int kAhead = 1024;  // elements: of 512 to 2048 none is better for all resampling of photographs
    if (!StoresOutput(op->body)) return IRMutator::visit(op);
    const Stmt body = Block::make(simplify(Prefetches(kAhead).mutate(op->body)), op->body);
    return For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy, op->device_api, body);
}

}  // namespace polyphase::x86
