#include "tools/cuda_calls.h"

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace polyphase {
namespace {

using Halide::Expr;
using Halide::Internal::Call;

// What the runtime has, and whether it takes the user context.
const std::map<std::string, bool>& our_functions() {
    static const std::map<std::string, bool> kFunctions{{"cuda_device_interface", false},
                                                        {"cuda_initialize_kernels", true},
                                                        {"cuda_run", true},
                                                        {"device_malloc", true},
                                                        {"device_free", true},
                                                        {"copy_to_device", true}};
    return kFunctions;
}

class Renamer : public Halide::Internal::IRMutator {
    using IRMutator::visit;

    Expr visit(const Call* op) override {
        std::vector<Expr> args;
        for (const Expr& arg : op->args) args.push_back(mutate(arg));
        std::string name = op->name;
        if (op->is_intrinsic(Call::register_destructor)) {
            const auto* destructor = args.at(0).as<Halide::Internal::StringImm>();
            if (is_gpu_call(destructor->value)) args[0] = ours(destructor->value);
        } else if (op->call_type == Call::Extern && is_gpu_call(op->name)) {
            name = ours(op->name);
            const auto found = our_functions().find(op->name.substr(kHalide.size()));
            if (found == our_functions().end())
                throw std::runtime_error("its host code would call " + op->name +
                                         ", but a CUDA kernel's host code may only launch kernels");
            // Halide adds it to calls of its own functions only.
            if (found->second)
                args.insert(args.begin(), Halide::Internal::Variable::make(Halide::Handle(), "__user_context"));
        }
        return Call::make(op->type, name, args, op->call_type, op->func, op->value_index, op->image, op->param);
    }

    static bool is_gpu_call(const std::string& name) {
        for (const char* prefix : {"halide_cuda_", "halide_device_", "halide_copy_to_", "halide_buffer_copy"})
            if (name.rfind(prefix, 0) == 0) return true;
        return false;
    }
    static std::string ours(const std::string& name) { return "polyphase_" + name.substr(kHalide.size()); }

    inline static const std::string kHalide = "halide_";
};

}  // namespace

Halide::Module with_our_cuda_calls(const Halide::Module& module) {
    Halide::Module result(module.name(), module.target());
    for (const Halide::Buffer<>& buffer : module.buffers()) result.append(buffer);
    for (Halide::Internal::LoweredFunc function : module.functions()) {
        function.body = Renamer().mutate(function.body);
        result.append(function);
    }
    return result;
}

}  // namespace polyphase
