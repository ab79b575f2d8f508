#include "schedules/x86/permuted_loads.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "schedules/x86/lowered_names.h"

namespace polyphase::x86 {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

// One lane of an index, constant tables looked up.
class LaneOf final : public IRMutator {
  public:
    explicit LaneOf(int lane) : lane_(lane) {}

    bool known() const { return known_; }

  private:
    using IRMutator::visit;

    Expr visit(const Ramp* op) override {
        const int inner = op->base.type().lanes();
        const Expr base = LaneOf(lane_ % inner).of(op->base, *this), step = LaneOf(lane_ % inner).of(op->stride, *this);
        return base + step * (lane_ / inner);
    }
    Expr visit(const Broadcast* op) override { return LaneOf(lane_ % op->value.type().lanes()).of(op->value, *this); }
    Expr visit(const Variable* op) override { return op->type.is_scalar() ? op : unknown(op); }
    Expr visit(const Load* op) override {
        const Expr at = simplify(mutate(op->index));
        const auto index = as_const_int(at);
        if (!known_ || !index || !op->image.defined() || op->type.element_of() != Halide::Int(32)) return unknown(op);
        return Expr(static_cast<const int32_t*>(op->image.data())[*index]);
    }
    Expr visit(const Call* op) override { return unknown(op); }
    Expr visit(const Cast* op) override { return Cast::make(op->type.element_of(), mutate(op->value)); }
    Expr visit(const Shuffle* op) override { return unknown(op); }
    Expr visit(const VectorReduce* op) override { return unknown(op); }
    Expr visit(const Reinterpret* op) override { return unknown(op); }

    Expr of(const Expr& vector, LaneOf& whole) {
        const Expr lane = vector.type().is_scalar() ? vector : mutate(vector);
        whole.known_ = whole.known_ && known_;
        return lane;
    }
    template <typename Op>
    Expr unknown(const Op* op) {
        known_ = false;
        return make_zero(op->type.element_of());
    }

    int lane_;
    bool known_ = true;
};

// What the lanes of a load read: elements begin + offsets[lane], the least offset 0.
struct Lanes {
    Expr begin;
    std::vector<int> offsets;
    int span = 0;
};

std::optional<Lanes> lanes_of(const Load* op, const std::map<std::string, Expr>& vectors) {
    if (!is_stage(op->name, "patterned") || op->type.is_scalar() || op->index.as<Ramp>() != nullptr)
        return std::nullopt;
    const Expr index = lower_intrinsics(substitute(vectors, op->index));
    Lanes lanes;
    Expr first;
    for (int i = 0; i < op->type.lanes(); i++) {
        LaneOf lane(i);
        const Expr at = lane.mutate(index);
        if (!lane.known()) return std::nullopt;
        if (i == 0) first = simplify(at);
        const auto offset = as_const_int(simplify(at - first));
        if (!offset) return std::nullopt;
        lanes.offsets.push_back(static_cast<int>(*offset));
    }
    const auto [least, most] = std::minmax_element(lanes.offsets.begin(), lanes.offsets.end());
    const int begin = *least;
    lanes.span = *most - begin + 1;
    if (lanes.span > 2 * op->type.lanes()) return std::nullopt;
    lanes.begin = simplify(first + begin);
    for (int& offset : lanes.offsets) offset -= begin;
    return lanes;
}

// Where a vector of `length` begins that holds what all such loads read; nothing if there is none.
class SharedVector final : public IRVisitor {
  public:
    SharedVector(const Stmt& stmt, int length, const std::map<std::string, Expr>& vectors)
        : length_(length), vectors_(vectors) {
        stmt.accept(this);
    }

    Expr begin() const { return end_ - begin_ <= length_ && base_.defined() ? simplify(base_ + begin_) : Expr(); }

  private:
    using IRVisitor::visit;
    void visit(const Load* op) override {
        const auto lanes = lanes_of(op, vectors_);
        if (!lanes) return;
        if (!base_.defined()) base_ = lanes->begin;
        const auto offset = as_const_int(simplify(lanes->begin - base_));
        const int at = offset ? static_cast<int>(*offset) : length_;  // too far
        begin_ = std::min(begin_, at);
        end_ = std::max(end_, at + lanes->span);
    }

    int length_;
    const std::map<std::string, Expr>& vectors_;
    Expr base_;
    int begin_ = 0, end_ = 0;
};

}  // namespace

void PermutedLoads::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new PermutedLoads);  // the pipeline's from here on
}

Stmt PermutedLoads::visit(const LetStmt* op) {
    if (op->value.type().is_vector()) vectors_[op->name] = substitute(vectors_, op->value);
    return IRMutator::visit(op);
}

Expr PermutedLoads::visit(const Let* op) {
    if (op->value.type().is_vector()) vectors_[op->name] = substitute(vectors_, op->value);
    return IRMutator::visit(op);
}

Stmt PermutedLoads::visit(const Store* op) {
    shared_ = SharedVector(op, op->value.type().lanes(), vectors_).begin();
    return IRMutator::visit(op);
}

Expr PermutedLoads::visit(const Load* op) {
    auto lanes = lanes_of(op, vectors_);
    if (!lanes) return IRMutator::visit(op);
    const int length = op->type.lanes();
    const auto vector = [&](const Expr& begin) {
        return Load::make(op->type, op->name, Ramp::make(begin, 1, length), op->image, op->param, const_true(length),
                          ModulusRemainder());
    };
    if (const auto begin = as_const_int(lanes->begin)) {
        // A whole row is unrolled: its vectors are read as they were stored, so that LLVM may keep them in registers.
        const auto past = static_cast<int>(*begin % length);
        if (past + lanes->span <= 2 * length) {
            lanes->begin = static_cast<int>(*begin) - past;
            for (int& offset : lanes->offsets) offset += past;
            lanes->span += past;
        }
    } else if (shared_.defined()) {
        const auto skipped = static_cast<int>(*as_const_int(simplify(lanes->begin - shared_)));
        for (int& offset : lanes->offsets) offset += skipped;
        lanes->begin = shared_;
    }
    std::vector<Expr> vectors{vector(lanes->begin)};
    if (lanes->span > length) vectors.push_back(vector(lanes->begin + length));
    return Shuffle::make(vectors, lanes->offsets);
}

}  // namespace polyphase::x86
