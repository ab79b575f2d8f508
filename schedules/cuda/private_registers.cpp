#include "schedules/cuda/private_registers.h"

namespace polyphase::cuda {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::MemoryType;

Expr PrivateRegisters::of_thread_zero(Expr index) const {
    for (auto let = lets_.rbegin(); let != lets_.rend(); ++let) index = substitute(let->first, let->second, index);
    for (const std::string& thread : threads_) index = substitute(thread, 0, index);
    return simplify(index);
}

Stmt PrivateRegisters::visit(const Allocate* op) {
    // Arrays inside the loops over threads have no need of it.
    if (op->memory_type != MemoryType::Register || !threads_.empty()) return IRMutator::visit(op);
    arrays_.insert(op->name);
    Stmt result = IRMutator::visit(op);
    arrays_.erase(op->name);
    return result;
}

Stmt PrivateRegisters::visit(const For* op) {
    if (op->for_type != ForType::GPUThread) return IRMutator::visit(op);
    threads_.insert(op->name);
    Stmt result = IRMutator::visit(op);
    threads_.erase(op->name);
    return result;
}

Stmt PrivateRegisters::visit(const LetStmt* op) {
    lets_.emplace_back(op->name, op->value);
    Stmt result = IRMutator::visit(op);
    lets_.pop_back();
    return result;
}

Expr PrivateRegisters::visit(const Let* op) {
    lets_.emplace_back(op->name, op->value);
    Expr result = IRMutator::visit(op);
    lets_.pop_back();
    return result;
}

Stmt PrivateRegisters::visit(const Store* op) {
    Stmt result = IRMutator::visit(op);
    if (!arrays_.count(op->name)) return result;
    const auto* store = result.as<Store>();
    return Store::make(op->name, store->value, of_thread_zero(op->index), op->param, op->predicate, ModulusRemainder());
}

Expr PrivateRegisters::visit(const Load* op) {
    if (!arrays_.count(op->name)) return IRMutator::visit(op);
    return Load::make(op->type, op->name, of_thread_zero(op->index), op->image, op->param, op->predicate,
                      ModulusRemainder());
}

}  // namespace polyphase::cuda
