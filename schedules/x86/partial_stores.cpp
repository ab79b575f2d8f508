#include "schedules/x86/partial_stores.h"

#include <optional>

namespace polyphase::x86 {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

// The mask of a vector's lanes up to an end: those with first + lane <= last.
struct Prefix {
    Expr first, last;
    int lanes;
};

std::optional<Prefix> prefix_of(const Expr& mask) {
    const Expr simple = simplify(mask);
    const auto* within = simple.as<LE>();
    if (within == nullptr) return std::nullopt;
    const auto* lanes = within->a.as<Ramp>();
    const auto* last = within->b.as<Broadcast>();
    if (lanes == nullptr || last == nullptr || !is_const_one(lanes->stride) || lanes->base.type().is_vector())
        return std::nullopt;
    return Prefix{lanes->base, last->value, lanes->lanes};
}

// The first `lanes` of a store, no mask.
Stmt first_lanes(const Store* op, const Ramp* to, int lanes) {
    const Expr index = lanes == 1 ? to->base : Ramp::make(to->base, to->stride, lanes);
    const Expr value = lanes == to->lanes ? op->value : Shuffle::make_slice(op->value, 0, 1, lanes);
    return Store::make(op->name, value, index, op->param, const_true(lanes), op->alignment);
}

}  // namespace

void PartialStores::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new PartialStores);  // the pipeline's from here on
}

Stmt PartialStores::visit(const LetStmt* op) {
    const bool integer = op->value.type() == Halide::Int(32);
    const ScopedBinding<ModulusRemainder> bound(
        integer, multiples_, op->name, integer ? modulus_remainder(op->value, multiples_) : ModulusRemainder());
    return IRMutator::visit(op);
}

Stmt PartialStores::visit(const Store* op) {
    const auto* to = op->index.as<Ramp>();
    if (to == nullptr || !is_const_one(to->stride)) return op;
    const auto mask = prefix_of(op->predicate);
    if (!mask || mask->lanes != to->lanes) return op;
    // Vectors begin at multiples of their length, so the last one always has as many lanes.
    const ModulusRemainder left = modulus_remainder(mask->last - mask->first + 1, multiples_);
    if (left.modulus % to->lanes != 0) return op;
    const auto part = static_cast<int>(mod_imp<int64_t>(left.remainder, to->lanes));
    Stmt rest;
    if (part != 0) rest = IfThenElse::make(mask->first <= mask->last, first_lanes(op, to, part));
    return simplify(
        IfThenElse::make(mask->first + (to->lanes - 1) <= mask->last, first_lanes(op, to, to->lanes), rest));
}

}  // namespace polyphase::x86
