// What a generated kernel calls: choosing its instruction set, packing and running.
#include <polyphase/instruction_set.h>
#include <polyphase/kernel.h>
#include <polyphase/status.h>
#include <polyphase/threads.h>

#include <HalideRuntime.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/src/arguments.h"
#include "runtime/src/context.h"
#include "runtime/src/error.h"

namespace polyphase {
namespace {

char forced_instruction_set[64] = "";

/// The names of a kernel's instruction sets, for messages.
void print_variants(const polyphase_kernel& kernel, char* text, size_t capacity) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < kernel.variant_count && used < capacity; ++i) {
        const int written =
            std::snprintf(text + used, capacity - used, i == 0 ? "%s" : ", %s", kernel.variants[i].instruction_set);
        used += written > 0 ? static_cast<size_t>(written) : 0;
    }
}

/// The variant to use from now on, or null.
const polyphase_variant* decide(const polyphase_kernel& kernel, polyphase_state* state) {
    char names[160];
    const char* forced = forced_instruction_set;
    const char* by = "polyphase_force_instruction_set";
    if (forced[0] == '\0') {
        forced = std::getenv("POLYPHASE_INSTRUCTION_SET");
        by = "POLYPHASE_INSTRUCTION_SET";
    }
    const bool any = forced == nullptr || forced[0] == '\0';
    int chosen = -1;
    bool named = any;
    for (int i = 0; i < kernel.variant_count && chosen < 0; ++i) {
        const polyphase_variant& variant = kernel.variants[i];
        if (!any && std::strcmp(forced, variant.instruction_set) != 0) continue;
        named = true;
        if (halide_can_use_target_features(2, variant.features)) chosen = i;
    }
    if (chosen < 0) {
        print_variants(kernel, names, sizeof names);
        if (kernel.variant_count == 0) {
            fail(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, "%s: this kernel runs on CUDA only: call %s_run_cuda",
                 kernel.name, kernel.name);
        } else if (any) {
            fail(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET,
                 "%s: this processor has none of the kernel's instruction sets: %s", kernel.name, names);
        } else if (named) {
            fail(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, "%s: %s asks for \"%s\", which this processor lacks",
                 kernel.name, by, forced);
        } else {
            fail(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, "%s: %s asks for \"%s\"; the kernel has %s", kernel.name, by,
                 forced, names);
        }
        return nullptr;
    }
    // Threads may race to here; the first one's decision holds for all.
    int32_t expected = 0;
    if (!__atomic_compare_exchange_n(&state->chosen, &expected, chosen + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        chosen = expected - 1;
    return &kernel.variants[chosen];
}

int check_packed(const polyphase_kernel& kernel, const polyphase_variant& variant, const void* packed) {
    if (!kernel.has_weights) {
        if (packed == nullptr) return POLYPHASE_OK;
        return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: packed: expected null, because this operator has no weights",
                    kernel.name);
    }
    if (packed == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the packed weights are null", kernel.name);
    if (!element_aligned(packed)) {
        return fail(POLYPHASE_MISALIGNED, "%s: the packed weights at %p: expected an address that is a multiple of 4",
                    kernel.name, packed);
    }
    PackedHeader header;
    std::memcpy(&header, packed, sizeof header);
    if (header.magic != kMagic) {
        return fail(POLYPHASE_WRONG_PACKED_WEIGHTS,
                    "%s: packed: expected the result of this kernel's pack, found other bytes", kernel.name);
    }
    if (header.hash != kernel.hash) {
        return fail(POLYPHASE_WRONG_PACKED_WEIGHTS,
                    "%s: the weights were packed by another kernel, or another build of this one", kernel.name);
    }
    char name[kNameCapacity];
    copy_name(name, variant.instruction_set);
    if (std::memcmp(name, header.instruction_set, kNameCapacity) != 0 || header.size != variant.packed_size) {
        header.instruction_set[kNameCapacity - 1] = '\0';
        return fail(POLYPHASE_WRONG_PACKED_WEIGHTS,
                    "%s: the weights were packed for %s, but this process runs %s: pack them again", kernel.name,
                    header.instruction_set, variant.instruction_set);
    }
    return POLYPHASE_OK;
}

int call(const polyphase_kernel& kernel, int (*function)(void**), Context& context, Tensor* const* tensors, int count) {
    void* user = &context;
    void* arguments[1 + kMostTensors] = {&user};
    for (int i = 0; i < count; ++i) arguments[i + 1] = &tensors[i]->buffer;
    int code;
    {
        const ContextScope scope(context);
        code = function(arguments);
    }
    if (context.failed() || code != 0) {
        return fail(POLYPHASE_KERNEL_FAILED, "%s: the generated code failed with code %d: %s", kernel.name, code,
                    context.message()[0] != '\0' ? context.message() : "no message");
    }
    return POLYPHASE_OK;
}

/// What all runs need: a variant that runs here, the function for this kind of kernel, tensors, a workspace.
int check_run(const polyphase_kernel& kernel, const polyphase_variant* variant, polyphase_indices wanted,
              const polyphase_view* input, const polyphase_view* output, const void* workspace) {
    if (variant == nullptr) return last_error_code();
    if (int error = check_kind(kernel, wanted)) return error;
    if (input == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the input is null", kernel.name);
    if (output == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the output is null", kernel.name);
    if (workspace == nullptr && variant->workspace_size > 0) {
        return fail(POLYPHASE_NULL_POINTER, "%s: the workspace is null; expected %zu bytes", kernel.name,
                    variant->workspace_size);
    }
    return POLYPHASE_OK;
}

int refuse_outside_index(const polyphase_kernel& kernel, const int64_t* indices) {
    const int64_t count = elements_of(kernel.input);
    int64_t at = 0;
    while (at < count && indices[at] >= 0 && indices[at] < kernel.index_count) ++at;
    if (at == count) {
        return fail(POLYPHASE_KERNEL_FAILED, "%s: the generated code refused indices that are all in order",
                    kernel.name);
    }
    int64_t position[POLYPHASE_TENSOR_DIMS] = {};
    int64_t rest = at;
    for (int i = kernel.input.rank - 1; i >= 0; --i) {
        position[i] = rest % kernel.input.shape[i];
        rest /= kernel.input.shape[i];
    }
    char text[POLYPHASE_TENSOR_DIMS * 24];
    size_t used = 0;
    for (int i = 0; i < kernel.input.rank && used < sizeof text; ++i) {
        const int written = std::snprintf(text + used, sizeof text - used, i == 0 ? "%lld" : ", %lld",
                                          static_cast<long long>(position[i]));
        used += written > 0 ? static_cast<size_t>(written) : 0;
    }
    return fail(POLYPHASE_INDEX_OUTSIDE, "%s: the index at [%s]: expected 0 to %lld, found %lld", kernel.name, text,
                static_cast<long long>(kernel.index_count - 1), static_cast<long long>(indices[at]));
}

}  // namespace
}  // namespace polyphase

using polyphase::fail;

extern "C" {

int polyphase_force_instruction_set(const char* name) {
    if (name == nullptr) name = "";
    if (std::strlen(name) >= sizeof polyphase::forced_instruction_set) {
        return fail(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, "there is no instruction set \"%.32s...\"", name);
    }
    std::strcpy(polyphase::forced_instruction_set, name);
    return POLYPHASE_OK;
}

const polyphase_variant* polyphase_kernel_variant(const polyphase_kernel* kernel, polyphase_state* state) {
    if (!polyphase::same_release(*kernel)) return nullptr;
    const int32_t chosen = __atomic_load_n(&state->chosen, __ATOMIC_ACQUIRE);
    return chosen > 0 ? &kernel->variants[chosen - 1] : polyphase::decide(*kernel, state);
}

const char* polyphase_kernel_info(const polyphase_kernel* kernel, polyphase_state* state) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    if (variant == nullptr && kernel->variant_count == 0 && kernel->cuda != nullptr) return kernel->cuda->info;
    return variant != nullptr ? variant->info : "{}";
}

const char* polyphase_kernel_instruction_set(const polyphase_kernel* kernel, polyphase_state* state) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    return variant != nullptr ? variant->instruction_set : "";
}

size_t polyphase_kernel_packed_size(const polyphase_kernel* kernel, polyphase_state* state) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    return variant != nullptr ? variant->packed_size : 0;
}

size_t polyphase_kernel_workspace_size(const polyphase_kernel* kernel, polyphase_state* state) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    return variant != nullptr ? variant->workspace_size : 0;
}

int polyphase_kernel_pack(const polyphase_kernel* kernel, polyphase_state* state, const void* weights, const void* bias,
                          const void* slopes, void* packed) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    if (variant == nullptr) return polyphase::last_error_code();
    if (!kernel->has_weights)
        return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: this operator has no weights to pack", kernel->name);
    if (weights == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the weights are null", kernel->name);
    if (packed == nullptr)
        return fail(POLYPHASE_NULL_POINTER, "%s: the memory for the packed weights is null", kernel->name);
    if (int error = polyphase::check_optional(*kernel, "bias", kernel->has_bias, bias)) return error;
    if (int error = polyphase::check_optional(*kernel, "slopes tensor", kernel->has_slopes, slopes)) return error;
    const void* const pointers[] = {weights, bias, slopes, packed};
    for (const void* pointer : pointers) {
        if (!polyphase::element_aligned(pointer)) {
            return fail(POLYPHASE_MISALIGNED, "%s: pack: expected addresses that are multiples of 4, found %p",
                        kernel->name, pointer);
        }
    }

    polyphase::Tensor source;
    source.describe_dense(weights, kernel->source_dims, kernel->source_extent);
    polyphase::PackedTensors tensors;
    polyphase::describe_packed(*kernel, *variant, packed, tensors);
    polyphase::Context context(nullptr, 0, polyphase::Context::Heap::allowed);
    polyphase::Tensor* const arguments[] = {&source, &tensors.weights};
    std::memset(packed, 0, POLYPHASE_PACKED_WEIGHTS(kernel->bias_extent, kernel->has_slopes));
    if (int error = polyphase::call(*kernel, variant->pack, context, arguments, 2)) return error;
    const size_t channels = sizeof(float) * static_cast<size_t>(kernel->out_channels);
    if (kernel->has_bias) std::memcpy(tensors.bias.buffer.host, bias, channels);
    if (kernel->has_slopes) std::memcpy(tensors.slopes.buffer.host, slopes, channels);
    polyphase::PackedHeader header = {polyphase::kMagic, kernel->hash, "", variant->packed_size, 0};
    polyphase::copy_name(header.instruction_set, variant->instruction_set);
    std::memcpy(packed, &header, sizeof header);
    // An empty loop starts the pool's threads here instead of at the first run.
    if (variant->parallel) polyphase_parallel_for(polyphase_num_threads(), [](void*, int) {}, nullptr);
    return POLYPHASE_OK;
}

int polyphase_kernel_run(const polyphase_kernel* kernel, polyphase_state* state, const polyphase_view* input,
                         const void* packed, const polyphase_view* residual, const polyphase_view* output,
                         void* workspace) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    if (int error = polyphase::check_run(*kernel, variant, POLYPHASE_NO_INDICES, input, output, workspace))
        return error;
    if (int error = polyphase::check_optional(*kernel, "residual", kernel->has_residual, residual)) return error;
    if (int error = polyphase::check_packed(*kernel, *variant, packed)) return error;

    polyphase::Tensor input_tensor, residual_tensor, output_tensor;
    polyphase::PackedTensors tensors;
    polyphase::Tensor* arguments[polyphase::kMostTensors];
    int count = 0;
    if (int error = polyphase::describe_input(*kernel, *input, input_tensor)) return error;
    arguments[count++] = &input_tensor;
    if (kernel->has_weights) {
        polyphase::describe_packed(*kernel, *variant, packed, tensors);
        arguments[count++] = &tensors.weights;
        arguments[count++] = &tensors.bias;
        if (kernel->has_slopes) arguments[count++] = &tensors.slopes;
    }
    if (residual != nullptr) {
        if (int error = polyphase::describe_output(*kernel, "residual", *residual, false, residual_tensor))
            return error;
        arguments[count++] = &residual_tensor;
    }
    if (int error = polyphase::describe_output(*kernel, "output", *output, true, output_tensor)) return error;
    arguments[count++] = &output_tensor;

    polyphase::Context context(workspace, variant->workspace_size, polyphase::Context::Heap::refused);
    return polyphase::call(*kernel, variant->run, context, arguments, count);
}

int polyphase_kernel_run_indexed(const polyphase_kernel* kernel, polyphase_state* state, const polyphase_view* input,
                                 const int64_t* indices, const polyphase_view* output, void* workspace) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    if (int error = polyphase::check_run(*kernel, variant, POLYPHASE_READS_INDICES, input, output, workspace))
        return error;
    polyphase::Tensor input_tensor, index_tensor, output_tensor;
    if (int error = polyphase::describe_input(*kernel, *input, input_tensor)) return error;
    if (int error = polyphase::describe_indices(*kernel, kernel->input, indices, index_tensor)) return error;
    if (int error = polyphase::describe_output(*kernel, "output", *output, true, output_tensor)) return error;

    // The workspace: positions, then what each function takes in turn.
    const size_t skip = (64 - reinterpret_cast<uintptr_t>(workspace) % 64) % 64;
    auto* const positions = static_cast<unsigned char*>(workspace) + skip;
    const size_t position_bytes = POLYPHASE_POSITIONS(polyphase::elements_of(kernel->input));
    unsigned char* const scratch = positions + position_bytes;
    const size_t scratch_bytes = variant->workspace_size - position_bytes;  // slack included, as Context expects

    polyphase::Tensor position_tensor, verdict_tensor;
    polyphase::describe_like(kernel->input, positions, polyphase::kUint8, position_tensor);
    int32_t verdict = POLYPHASE_INDICES_OUTSIDE;
    const int32_t one = 1;
    verdict_tensor.describe_dense(&verdict, 1, &one, polyphase::kInt32);
    polyphase::Context checking(scratch, scratch_bytes, polyphase::Context::Heap::refused);
    polyphase::Tensor* const checked[] = {&index_tensor, &position_tensor, &verdict_tensor};
    if (int error = polyphase::call(*kernel, variant->check, checking, checked, 3)) return error;
    if (verdict != POLYPHASE_INDICES_IN_WINDOWS && verdict != POLYPHASE_INDICES_ANYWHERE)
        return polyphase::refuse_outside_index(*kernel, indices);

    const bool gather = verdict == POLYPHASE_INDICES_IN_WINDOWS;
    polyphase::Context running(scratch, scratch_bytes, polyphase::Context::Heap::refused);
    polyphase::Tensor* const arguments[] = {&input_tensor, gather ? &position_tensor : &index_tensor, &output_tensor};
    return polyphase::call(*kernel, gather ? variant->run : variant->scatter, running, arguments, 3);
}

int polyphase_kernel_run_with_indices(const polyphase_kernel* kernel, polyphase_state* state,
                                      const polyphase_view* input, const polyphase_view* output, int64_t* indices,
                                      void* workspace) {
    const polyphase_variant* variant = polyphase_kernel_variant(kernel, state);
    if (int error = polyphase::check_run(*kernel, variant, POLYPHASE_WRITES_INDICES, input, output, workspace))
        return error;
    polyphase::Tensor input_tensor, output_tensor, index_tensor;
    if (int error = polyphase::describe_input(*kernel, *input, input_tensor)) return error;
    if (int error = polyphase::describe_output(*kernel, "output", *output, true, output_tensor)) return error;
    if (int error = polyphase::describe_indices(*kernel, kernel->output, indices, index_tensor)) return error;
    polyphase::Context context(workspace, variant->workspace_size, polyphase::Context::Heap::refused);
    polyphase::Tensor* const arguments[] = {&input_tensor, &output_tensor, &index_tensor};
    return polyphase::call(*kernel, variant->run, context, arguments, 3);
}

int polyphase_kernel_run_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                               const void* packed, const void* residual, void* output, void* workspace) {
    const polyphase_view input_view = polyphase::dense_view(kernel->input, input);
    const polyphase_view residual_view = polyphase::dense_view(kernel->output, residual);
    const polyphase_view output_view = polyphase::dense_view(kernel->output, output);
    return polyphase_kernel_run(kernel, state, &input_view, packed, residual != nullptr ? &residual_view : nullptr,
                                &output_view, workspace);
}

int polyphase_kernel_run_indexed_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                                       const int64_t* indices, void* output, void* workspace) {
    const polyphase_view input_view = polyphase::dense_view(kernel->input, input);
    const polyphase_view output_view = polyphase::dense_view(kernel->output, output);
    return polyphase_kernel_run_indexed(kernel, state, &input_view, indices, &output_view, workspace);
}

int polyphase_kernel_run_with_indices_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                                            void* output, int64_t* indices, void* workspace) {
    const polyphase_view input_view = polyphase::dense_view(kernel->input, input);
    const polyphase_view output_view = polyphase::dense_view(kernel->output, output);
    return polyphase_kernel_run_with_indices(kernel, state, &input_view, &output_view, indices, workspace);
}

}  // extern "C"
