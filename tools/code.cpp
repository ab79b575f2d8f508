#include "tools/code.h"

#include <Halide.h>
#include <polyphase/kernel.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <tuple>

#include "generators/convolution.h"
#include "problem/problem_file.h"
#include "schedules/planner.h"
#include "tools/cuda_calls.h"
#include "tools/targets.h"

namespace polyphase {
namespace {

using Halide::MemoryType;
using Halide::Target;

constexpr size_t kAlignment = 64;
// Larger allocations come from halide_malloc, those with MemoryType::Stack too; MemoryType::Register stays on the
// stack.
constexpr size_t kSmallBytes = 16 << 10;

constexpr size_t kMostStackBytes = 512 << 10;  // of one task: threads of applications may have small stacks

size_t round_up(size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Adds up what the code takes from halide_malloc, and from the stack.
class HeapUse : public Halide::Internal::IRVisitor {
  public:
    size_t bytes = 0, stack_bytes = 0;
    std::string problem;  // empty if all is well

  private:
    using IRVisitor::visit;

    void visit(const Halide::Internal::Allocate* op) override {
        const int64_t elements = op->constant_allocation_size();
        const size_t size = static_cast<size_t>(elements) * op->type.bytes();
        const bool small = op->memory_type != MemoryType::Heap && elements > 0 && size <= kSmallBytes;
        const bool stack = op->memory_type == MemoryType::Register || small;
        if (elements == 0 && !stack) problem = "the size of " + op->name + " is not known";
        if (elements == 0 && stack) problem = "the size of " + op->name + " on the stack is not known";
        if (stack) {
            visit_on_stack(op, size);
            return;
        }
        if (parallel_loops_ > 0) problem = op->name + " is allocated inside a parallel loop";
        // Halide lets vector loads run three elements past the end.
        bytes += round_up(size + 3 * op->type.bytes());
        IRVisitor::visit(op);
    }

    // Halide gives memory whose scope has ended to the next allocation of its type that fits.
    void visit_on_stack(const Halide::Internal::Allocate* op, size_t size) {
        const auto reusable = std::find_if(
            free_.begin(), free_.end(), [&](const Slot& slot) { return slot.type == op->type && slot.bytes >= size; });
        Slot slot{op->type, size};
        if (reusable != free_.end()) {
            slot = *reusable;
            free_.erase(reusable);
        } else {
            stack_bytes += round_up(size);
        }
        if (stack_bytes > kMostStackBytes)
            problem = "it would need " + std::to_string(stack_bytes) + " bytes of stack, more than " +
                      std::to_string(kMostStackBytes);
        IRVisitor::visit(op);
        free_.push_back(slot);
    }

    void visit(const Halide::Internal::For* op) override {
        const bool parallel = op->for_type == Halide::Internal::ForType::Parallel;
        parallel_loops_ += parallel ? 1 : 0;
        IRVisitor::visit(op);
        parallel_loops_ -= parallel ? 1 : 0;
    }

    struct Slot {
        Halide::Type type;
        size_t bytes;
    };
    std::vector<Slot> free_;
    int parallel_loops_ = 0;
};

Halide::Module build(const std::string& generator, const Problem& problem, const Target& target,
                     const std::string& function) {
    auto instance = Halide::Internal::GeneratorRegistry::create(generator, Halide::GeneratorContext(target));
    instance->set_generatorparam_value("problem", to_json(problem).dump());
    return instance->build_module(function);
}

std::string symbol(const Problem& problem, const std::string& instruction_set, const char* what) {
    std::string name = "polyphase_code_" + problem.name + "_" + instruction_set + "_" + what;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

}  // namespace

Code compile_code(const Problem& problem, const std::string& target_name, const std::string& directory,
                  const std::string& sanitizer) {
    const auto start = std::chrono::steady_clock::now();
    Target target(target_name);
    target.set_features({Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery, Target::UserContext});
    if (sanitizer == "address") target.set_feature(Target::ASAN);
    if (sanitizer == "thread") target.set_feature(Target::TSAN);
    Code code;
    code.target = target_name;
    code.instruction_set = instruction_set_of(target_name);
    code.schedule = plan(problem, target);

    // Compiles one function: the name of its argv form, and the bytes that it takes from halide_malloc.
    const auto emit = [&](const std::string& generator, const char* what) {
        const std::string function = symbol(problem, code.instruction_set, what);
        const Halide::Module module = build(generator, problem, target, function);
        HeapUse heap;
        for (const Halide::Internal::LoweredFunc& f : module.functions()) f.body.accept(&heap);
        if (!heap.problem.empty()) throw std::runtime_error(heap.problem);
        const std::string object = directory + "/" + function + ".o";
        (is_cuda(target_name) ? with_our_cuda_calls(module) : module)
            .compile({{Halide::OutputFileType::object, object}});
        code.objects.push_back(object);
        code.object_size += std::filesystem::file_size(object);
        return std::pair(function + "_argv", heap.bytes);
    };
    const std::string op = op_name(problem);
    size_t bytes = 0;
    std::tie(code.run_symbol, bytes) = emit(op, "run");
    if (convolution_of(problem) != nullptr) {
        const Packing packing = packing_of(problem, target, code.schedule);
        code.packed_extents = packed_extents(problem, packing);
        code.packed_channels = padded_channels(problem, packing);
        code.pack_symbol = emit(op + "_pack", "pack").first;  // its memory comes from the allocator
    }
    if (std::holds_alternative<MaxUnpool>(problem.op)) {
        size_t check_bytes = 0, scatter_bytes = 0;
        std::tie(code.check_symbol, check_bytes) = emit(op + "_check", "check");
        std::tie(code.scatter_symbol, scatter_bytes) = emit(op + "_scatter", "scatter");
        bytes = POLYPHASE_POSITIONS(input_elements(problem)) + std::max({bytes, check_bytes, scatter_bytes});
    }
    code.workspace_size = bytes == 0 ? 0 : bytes + kAlignment - 1;
    code.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return code;
}

}  // namespace polyphase
