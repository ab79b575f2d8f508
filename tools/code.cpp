#include "tools/code.h"

#include <Halide.h>
#include <polyphase/kernel.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
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

// Of CUDA.
constexpr size_t kDeviceAlignment = 256;
constexpr int64_t kMostThreads = 1024, kMostSharedBytes = 48 << 10, kMostBlocks = 65535;

constexpr size_t kMostStackBytes = 512 << 10;  // of one task: threads of applications may have small stacks

size_t round_up(size_t bytes, size_t alignment = kAlignment) {
    return (bytes + alignment - 1) / alignment * alignment;
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

// What code for a device takes from its workspace, through halide_device_malloc; and whether its host part does nothing
// but start kernels.
class DeviceUse : public Halide::Internal::IRVisitor {
  public:
    size_t bytes = 0;
    std::string problem;  // empty if all is well

    explicit DeviceUse(const Halide::Internal::LoweredFunc& function) {
        for (const auto& argument : function.args) arguments_.insert(argument.name + ".buffer");
        function.body.accept(this);
    }

  private:
    using IRVisitor::visit;

    void visit(const Halide::Internal::Allocate* op) override {
        const int64_t elements = op->constant_allocation_size();
        if (!Halide::Internal::is_const_zero(op->condition))
            problem = op->name + " would lie in the memory of the host";
        else if (elements == 0)
            problem = "the size of " + op->name + " is not known";
        bytes += round_up(static_cast<size_t>(elements) * op->type.bytes(), kDeviceAlignment);
        IRVisitor::visit(op);
    }

    void visit(const Halide::Internal::Store* op) override { problem = "the host would write " + op->name; }

    void visit(const Halide::Internal::Call* op) override {
        if (op->name == "halide_copy_to_device" && !arguments_.count(name_of(op->args[0])))
            problem = name_of(op->args[0]) + " would be copied to the device";
        for (const char* name : {"halide_copy_to_host", "halide_device_sync", "halide_device_and_host_malloc"})
            if (op->name == name) problem = std::string("the host would wait for the device in ") + name;
        if (op->name.rfind("halide_", 0) == 0 && op->name.find("_run") == op->name.size() - 4) visit_launch(op);
        IRVisitor::visit(op);
    }

    // Arguments: module, name, blocks in x, y, z, threads in x, y, z, bytes of shared memory, ...
    void visit_launch(const Halide::Internal::Call* op) {
        int64_t threads = 1;
        for (int i = 5; i < 8; i++) threads *= known(op->args[i]);
        const int64_t shared = known(op->args[8]);
        if (threads > kMostThreads)
            problem =
                "a block would have " + std::to_string(threads) + " threads, more than " + std::to_string(kMostThreads);
        if (shared > kMostSharedBytes)
            problem = "a block would need " + std::to_string(shared) + " bytes of shared memory, more than " +
                      std::to_string(kMostSharedBytes);
        for (int i = 3; i < 5; i++)
            if (known(op->args[i]) > kMostBlocks)
                problem = "a kernel would have " + std::to_string(known(op->args[i])) + " blocks along one axis";
    }

    int64_t known(const Halide::Expr& value) {
        const Halide::Expr simple = Halide::Internal::simplify(value);
        if (const auto constant = Halide::Internal::as_const_int(simple)) return *constant;
        problem = "the size of a kernel is not known";
        return 0;
    }

    static std::string name_of(Halide::Expr buffer) {
        while (const auto* call = buffer.as<Halide::Internal::Call>()) {
            if (call->args.empty()) break;
            buffer = call->args[0];
        }
        const auto* variable = buffer.as<Halide::Internal::Variable>();
        return variable ? variable->name : "something";
    }

    std::set<std::string> arguments_;
};

Halide::Module build(const std::string& generator, const Problem& problem, const Target& target,
                     const std::string& function) {
    auto instance = Halide::Internal::GeneratorRegistry::create(generator, Halide::GeneratorContext(target));
    instance->set_generatorparam_value("problem", to_json(problem).dump());
    return instance->build_module(function);
}

size_t heap_bytes(const Halide::Module& module) {
    HeapUse heap;
    for (const Halide::Internal::LoweredFunc& f : module.functions()) f.body.accept(&heap);
    if (!heap.problem.empty()) throw std::runtime_error(heap.problem);
    return heap.bytes;
}

size_t device_bytes(const Halide::Module& module) {
    size_t bytes = 0;
    for (const Halide::Internal::LoweredFunc& f : module.functions()) {
        const DeviceUse use(f);
        if (!use.problem.empty()) throw std::runtime_error(use.problem);
        bytes += use.bytes;
    }
    return bytes;
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

    // Compiles one function: the name of its argv form, and the bytes that it takes from halide_malloc or, on a device,
    // from halide_device_malloc.
    const bool cuda = is_cuda(target_name);
    const auto emit = [&](const std::string& generator, const char* what) {
        const std::string function = symbol(problem, code.instruction_set, what);
        const Halide::Module module = build(generator, problem, target, function);
        const size_t bytes = cuda ? device_bytes(module) : heap_bytes(module);
        const std::string object = directory + "/" + function + ".o";
        std::map<Halide::OutputFileType, std::string> outputs{{Halide::OutputFileType::object, object}};
        if (cuda) {
            code.device_code.push_back(directory + "/" + function + ".ptx");
            outputs[Halide::OutputFileType::device_code] = code.device_code.back();
        }
        (cuda ? with_our_cuda_calls(module) : module).compile(outputs);
        code.objects.push_back(object);
        code.object_size += std::filesystem::file_size(object);
        return std::pair(function + "_argv", bytes);
    };
    const std::string op = op_name(problem);
    size_t bytes = 0;
    const bool unpools = std::holds_alternative<MaxUnpool>(problem.op);
    std::tie(code.run_symbol, bytes) = emit(unpools && cuda ? "max_unpool_by_index" : op, "run");
    if (convolution_of(problem) != nullptr) {
        const Packing packing = packing_of(problem, target, code.schedule);
        code.packed_extents = packed_extents(problem, packing);
        code.packed_channels = padded_channels(problem, packing);
        size_t pack_bytes = 0;
        std::tie(code.pack_symbol, pack_bytes) = emit(op + "_pack", "pack");
        // On a CPU its memory comes from the allocator.
        if (cuda && pack_bytes > 0) throw std::runtime_error("packing would need memory of the device");
    }
    if (unpools && !cuda) {
        size_t check_bytes = 0, scatter_bytes = 0;
        std::tie(code.check_symbol, check_bytes) = emit(op + "_check", "check");
        std::tie(code.scatter_symbol, scatter_bytes) = emit(op + "_scatter", "scatter");
        bytes = POLYPHASE_POSITIONS(input_elements(problem)) + std::max({bytes, check_bytes, scatter_bytes});
    }
    code.workspace_size = bytes == 0 ? 0 : bytes + (cuda ? kDeviceAlignment : kAlignment) - 1;
    code.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return code;
}

}  // namespace polyphase
