#include "schedules/x86/streaming_stores.h"

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "runtime/src/streaming.h"
#include "schedules/x86/lowered_names.h"

namespace polyphase::x86 {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::JITExtern;

namespace {

bool is_finished(const std::string& buffer) {
    return is_stage(buffer, "finished");
}

// Loops that copy: a row, or several.
struct Copy {
    const Store* store = nullptr;
    const Load* load = nullptr;
    std::vector<const For*> loops;  // outermost first
    Expr to, from;                  // indices, in the loops' variables
};

std::optional<Copy> copy_of(const For* op) {
    Copy copy;
    std::vector<std::pair<std::string, Expr>> lets;
    for (Stmt body = op; !copy.store;) {
        if (const auto* loop = body.as<For>()) {
            if (loop->for_type != ForType::Serial || copy.loops.size() == 2) return std::nullopt;
            copy.loops.push_back(loop);
            body = loop->body;
        } else if (const auto* let = body.as<LetStmt>()) {
            lets.emplace_back(let->name, let->value);
            body = let->body;
        } else if (const auto* store = body.as<Store>()) {
            copy.store = store;
        } else {
            return std::nullopt;
        }
    }
    copy.load = copy.store->value.as<Load>();
    if (copy.load == nullptr || !is_finished(copy.load->name) || !copy.load->type.is_scalar() ||
        !is_const_one(copy.store->predicate))
        return std::nullopt;
    copy.to = copy.store->index;
    copy.from = copy.load->index;
    for (auto let = lets.rbegin(); let != lets.rend(); ++let) {
        copy.to = substitute(let->first, let->second, copy.to);
        copy.from = substitute(let->first, let->second, copy.from);
    }
    return copy;
}

// What `index` gains with each step of `loop`.
Expr stride(const Expr& index, const For* loop) {
    const Expr at = Variable::make(Halide::Int(32), loop->name);
    return simplify(substitute(loop->name, at + 1, index) - index);
}

Stmt call(const char* function, const std::vector<Expr>& args) {
    return Evaluate::make(Call::make(Halide::Int(32), function, args, Call::Extern));
}

// The runtime's function in the place of these loops; nothing if they are not its kind of copy.
Stmt streamed(Copy copy) {
    const auto strides = [&](const For* loop) { return std::pair(stride(copy.to, loop), stride(copy.from, loop)); };
    const auto [to_step, from_step] = strides(copy.loops.back());
    if (!is_const_one(to_step) || !is_const_one(from_step)) return {};
    Expr rows = 1, to_stride = 0, from_stride = 0;
    if (copy.loops.size() == 2) {
        const For* outer = copy.loops.front();
        rows = outer->extent;
        std::tie(to_stride, from_stride) = strides(outer);
        for (const Expr& same_for_all : {to_stride, from_stride, copy.loops.back()->extent})
            if (expr_uses_var(same_for_all, outer->name)) return {};
    }
    for (auto loop = copy.loops.rbegin(); loop != copy.loops.rend(); ++loop) {
        copy.to = substitute((*loop)->name, (*loop)->min, copy.to);
        copy.from = substitute((*loop)->name, (*loop)->min, copy.from);
    }
    const Expr to = Variable::make(Halide::type_of<float*>(), copy.store->name);
    const Expr from = Variable::make(Halide::type_of<float*>(), copy.load->name);
    return call("polyphase_stream", {to, simplify(copy.to), from, simplify(copy.from), copy.loops.back()->extent, rows,
                                     to_stride, from_stride});
}

}  // namespace

void StreamingStores::add_to(Halide::Pipeline& pipeline) {
    pipeline.add_custom_lowering_pass(new StreamingStores);  // the pipeline's from here on
    pipeline.set_jit_externs({{"polyphase_stream", JITExtern(polyphase_stream)},
                              {"polyphase_stream_fence", JITExtern(polyphase_stream_fence)}});
}

Stmt StreamingStores::visit(const For* op) {
    if (const auto copy = copy_of(op)) {
        if (Stmt stmt = streamed(*copy); stmt.defined()) {
            unfenced_ = true;
            return stmt;
        }
    }
    if (op->for_type != ForType::Parallel) return IRMutator::visit(op);
    const Stmt body = fenced(op->body);
    if (body.same_as(op->body)) return op;
    return For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy, op->device_api, body);
}

Stmt StreamingStores::visit(const ProducerConsumer* op) {
    if (!op->is_producer) return IRMutator::visit(op);
    return ProducerConsumer::make(op->name, true, fenced(op->body));
}

Stmt StreamingStores::fenced(const Stmt& body) {
    const bool before = std::exchange(unfenced_, false);
    Stmt result = mutate(body);
    if (std::exchange(unfenced_, before)) result = Block::make(result, call("polyphase_stream_fence", {}));
    return result;
}

}  // namespace polyphase::x86
