// What generated C++ headers are made of: a kernel's constants and functions, and the checks between typed arguments
// and its C functions.
#pragma once

#include <polyphase/allocator.h>
#include <polyphase/kernel.h>
#include <polyphase/status.h>
#include <polyphase/tensor_view.h>
#include <polyphase/version.h>
#include <polyphase/weights.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace polyphase::generated {

/// The C functions of a kernel that its C++ face needs. Members that a kernel lacks are null.
struct Functions {
    const char* (*last_error)();
    std::size_t (*packed_size)();
    std::size_t (*workspace_size)();
    int (*pack)(const void* weights, const void* bias, void* packed);
    int (*pack_prelu)(const void* weights, const void* bias, const void* slopes, void* packed);
    int (*run_view)(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                    const polyphase_view* output, void* workspace);
    int (*run_indexed_view)(const polyphase_view* input, const std::int64_t* indices, const polyphase_view* output,
                            void* workspace) = nullptr;
    int (*run_with_indices_view)(const polyphase_view* input, const polyphase_view* output, std::int64_t* indices,
                                 void* workspace) = nullptr;
};

/// A kernel as its header describes it; shapes in memory order.
template <int Rank>
struct Kernel {
    using Input = TensorView<const float, Rank>;
    using Output = TensorView<float, Rank>;
    using IndicesIn = TensorView<const std::int64_t, Rank>;
    using IndicesOut = TensorView<std::int64_t, Rank>;

    const char* name;
    Extents<Rank> input_shape, output_shape;
    std::int64_t weight_elements, bias_elements;
    Functions functions;
};

/// An argument that must be dense: weights, bias, slopes.
using Values = TensorView<const float, 1>;

template <class... Arguments>
Status error(polyphase_error code, const char* format, Arguments... arguments) noexcept {
    char message[256];
    std::snprintf(message, sizeof message, format, arguments...);
    return Status(code, message);
}

inline Status status_of(int code, const Functions& functions) noexcept {
    return code == POLYPHASE_OK ? Status() : Status(static_cast<polyphase_error>(code), functions.last_error());
}

/// Checks what a view knows about itself against the shape that the kernel expects, and gives it strides.
template <class T, int Rank>
Status resolve(const char* kernel, const char* tensor, const TensorView<T, Rank>& view,
               const typename TensorView<T, Rank>::Shape& shape, polyphase_view& resolved) noexcept {
    static_assert(Rank <= POLYPHASE_TENSOR_DIMS);
    using Kind = typename TensorView<T, Rank>::Kind;
    if (view.kind() == Kind::malformed)
        return error(POLYPHASE_WRONG_SHAPE, "%s: the %s is a slice that leaves its tensor", kernel, tensor);
    if (view.kind() == Kind::sized && view.size() != element_count(shape)) {
        return error(POLYPHASE_WRONG_SIZE, "%s: the %s: expected %lld elements, found %lld", kernel, tensor,
                     static_cast<long long>(element_count(shape)), static_cast<long long>(view.size()));
    }
    const bool shaped = view.kind() == Kind::shaped;
    const Extents<Rank> strides = shaped ? view.strides() : dense_strides(shape);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shaped && view.shape()[i] != shape[i]) {
            return error(POLYPHASE_WRONG_SHAPE, "%s: the %s: expected extent %lld in dimension %d, found %lld", kernel,
                         tensor, static_cast<long long>(shape[i]), static_cast<int>(i),
                         static_cast<long long>(view.shape()[i]));
        }
        resolved.stride[i] = strides[i];
    }
    resolved.data = const_cast<void*>(static_cast<const void*>(view.data()));
    return Status();
}

/// Checks a dense argument's size where it is known.
inline Status check_values(const char* kernel, const char* tensor, const Values& values,
                           std::int64_t elements) noexcept {
    polyphase_view resolved;
    if (values.kind() != Values::Kind::shaped) return resolve(kernel, tensor, values, Extents<1>{elements}, resolved);
    if (values.size() == elements && values.strides()[0] == 1) return Status();
    return error(POLYPHASE_WRONG_SIZE, "%s: the %s: expected %lld dense elements", kernel, tensor,
                 static_cast<long long>(elements));
}

/// Checks a tensor that must be dense. The strides of single elements are never stepped over, so any will do.
template <class T, int Rank>
Status check_dense(const char* kernel, const char* tensor, const TensorView<T, Rank>& view,
                   const typename TensorView<T, Rank>::Shape& shape) noexcept {
    polyphase_view resolved;
    if (Status s = resolve(kernel, tensor, view, shape, resolved); !s) return s;
    const Extents<Rank> dense = dense_strides(shape);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] > 1 && resolved.stride[i] != dense[i]) {
            return error(POLYPHASE_WRONG_STRIDES,
                         "%s: the %s: expected a dense tensor, found stride %lld instead of "
                         "%lld in dimension %d",
                         kernel, tensor, static_cast<long long>(resolved.stride[i]), static_cast<long long>(dense[i]),
                         static_cast<int>(i));
        }
    }
    return Status();
}

/// A kernel's weights. `Tag` is a type of the kernel's own, so that another kernel's weights do not compile.
template <class Tag>
class Weights : public PackedWeights {
  public:
    /// Weights that hold nothing yet; running with them is an error.
    Weights() noexcept = default;

    /// Packs. Errors are in status(). `bias` and `slopes` are null for kernels without.
    template <int Rank>
    static Weights pack(const Kernel<Rank>& kernel, Values weights, const Values* bias, const Values* slopes,
                        int concurrent_runs) noexcept {
        const Functions& functions = kernel.functions;
        Status status = check_values(kernel.name, "weights", weights, kernel.weight_elements);
        if (status && bias != nullptr) status = check_values(kernel.name, "bias", *bias, kernel.bias_elements);
        if (status && slopes != nullptr)
            status = check_values(kernel.name, "slopes tensor", *slopes, kernel.bias_elements);
        if (!status) return Weights(status);
        const std::size_t size = functions.packed_size();
        if (size == 0) return Weights(Status(POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, functions.last_error()));
        Weights result(size, functions.workspace_size(), concurrent_runs);
        if (!result) return result;
        const void* bias_data = bias != nullptr ? bias->data() : nullptr;
        const int code = functions.pack_prelu != nullptr
                             ? functions.pack_prelu(weights.data(), bias_data,
                                                    slopes != nullptr ? slopes->data() : nullptr, result.packed())
                             : functions.pack(weights.data(), bias_data, result.packed());
        if (code != POLYPHASE_OK) result.fail(status_of(code, functions));
        return result;
    }

  private:
    using PackedWeights::PackedWeights;
};

inline Status check_workspace(const char* kernel, std::size_t needed, const Workspace& workspace) noexcept {
    if (workspace.data() == nullptr || workspace.size() >= needed) return Status();
    return error(POLYPHASE_WRONG_SIZE, "%s: the workspace: expected at least %zu bytes, found %zu", kernel, needed,
                 workspace.size());
}

inline Status check_workspace(const char* kernel, const Functions& functions, const Workspace& workspace) noexcept {
    return check_workspace(kernel, functions.workspace_size(), workspace);
}

/// What a kernel without weights runs in when the caller names no workspace. Most need none; then nothing is allocated.
class TemporaryWorkspace {
  public:
    TemporaryWorkspace(const char* kernel, const Functions& functions) noexcept : memory_(functions.workspace_size()) {
        const std::size_t needed = functions.workspace_size();
        if (needed > 0 && memory_.data() == nullptr) {
            status_ = error(POLYPHASE_OUT_OF_MEMORY, "%s: the allocator has no memory for a workspace of %zu bytes",
                            kernel, needed);
        }
    }
    const Status& status() const noexcept { return status_; }
    Workspace workspace() const noexcept { return memory_; }

  private:
    Memory memory_;
    Status status_;
};

/// Checks the views and runs. `packed` and `residual` are null for kernels without.
template <int Rank>
Status run(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input, const void* packed,
           const typename Kernel<Rank>::Input* residual, const typename Kernel<Rank>::Output& output,
           void* workspace) noexcept {
    polyphase_view input_view, residual_view, output_view;
    if (Status s = resolve(kernel.name, "input", input, kernel.input_shape, input_view); !s) return s;
    if (Status s = resolve(kernel.name, "output", output, kernel.output_shape, output_view); !s) return s;
    if (residual != nullptr) {
        if (Status s = resolve(kernel.name, "residual", *residual, kernel.output_shape, residual_view); !s) return s;
    }
    const int code = kernel.functions.run_view(&input_view, packed, residual != nullptr ? &residual_view : nullptr,
                                               &output_view, workspace);
    return status_of(code, kernel.functions);
}

/// The same with weights, in one of their workspaces.
template <int Rank>
Status run(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input, const PackedWeights& weights,
           const typename Kernel<Rank>::Input* residual, const typename Kernel<Rank>::Output& output) noexcept {
    if (!weights) return weights.status();
    const PackedWeights::Claim claim = weights.claim_workspace();
    if (claim.data() == nullptr && weights.workspace_size() > 0) {
        return error(POLYPHASE_OUT_OF_MEMORY, "%s: the allocator has no memory for a workspace of %zu bytes",
                     kernel.name, weights.workspace_size());
    }
    return run(kernel, input, weights.data(), residual, output, claim.data());
}

/// The same in the caller's workspace, with weights or (null) without.
template <int Rank>
Status run(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input, const PackedWeights* weights,
           const typename Kernel<Rank>::Input* residual, const typename Kernel<Rank>::Output& output,
           const Workspace& workspace) noexcept {
    if (weights != nullptr && !*weights) return weights->status();
    if (Status s = check_workspace(kernel.name, kernel.functions, workspace); !s) return s;
    return run(kernel, input, weights != nullptr ? weights->data() : nullptr, residual, output, workspace.data());
}

/// The same without weights: in a temporary workspace from the allocator, where the kernel needs one.
template <int Rank>
Status run(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input,
           const typename Kernel<Rank>::Input* residual, const typename Kernel<Rank>::Output& output) noexcept {
    const TemporaryWorkspace workspace(kernel.name, kernel.functions);
    if (!workspace.status()) return workspace.status();
    return run(kernel, input, static_cast<const PackedWeights*>(nullptr), residual, output, workspace.workspace());
}

/// Max unpooling: the indices belong to the input.
template <int Rank>
Status run_indexed(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input,
                   const typename Kernel<Rank>::IndicesIn& indices, const typename Kernel<Rank>::Output& output,
                   const Workspace& workspace) noexcept {
    polyphase_view input_view, output_view;
    if (Status s = resolve(kernel.name, "input", input, kernel.input_shape, input_view); !s) return s;
    if (Status s = check_dense(kernel.name, "indices", indices, kernel.input_shape); !s) return s;
    if (Status s = resolve(kernel.name, "output", output, kernel.output_shape, output_view); !s) return s;
    if (Status s = check_workspace(kernel.name, kernel.functions, workspace); !s) return s;
    const int code = kernel.functions.run_indexed_view(&input_view, indices.data(), &output_view, workspace.data());
    return status_of(code, kernel.functions);
}

template <int Rank>
Status run_indexed(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input,
                   const typename Kernel<Rank>::IndicesIn& indices,
                   const typename Kernel<Rank>::Output& output) noexcept {
    const TemporaryWorkspace workspace(kernel.name, kernel.functions);
    if (!workspace.status()) return workspace.status();
    return run_indexed(kernel, input, indices, output, workspace.workspace());
}

/// Max pooling: the indices belong to the output.
template <int Rank>
Status run_with_indices(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input,
                        const typename Kernel<Rank>::Output& output, const typename Kernel<Rank>::IndicesOut& indices,
                        const Workspace& workspace) noexcept {
    polyphase_view input_view, output_view;
    if (Status s = resolve(kernel.name, "input", input, kernel.input_shape, input_view); !s) return s;
    if (Status s = resolve(kernel.name, "output", output, kernel.output_shape, output_view); !s) return s;
    if (Status s = check_dense(kernel.name, "indices", indices, kernel.output_shape); !s) return s;
    if (Status s = check_workspace(kernel.name, kernel.functions, workspace); !s) return s;
    const int code =
        kernel.functions.run_with_indices_view(&input_view, &output_view, indices.data(), workspace.data());
    return status_of(code, kernel.functions);
}

template <int Rank>
Status run_with_indices(const Kernel<Rank>& kernel, const typename Kernel<Rank>::Input& input,
                        const typename Kernel<Rank>::Output& output,
                        const typename Kernel<Rank>::IndicesOut& indices) noexcept {
    const TemporaryWorkspace workspace(kernel.name, kernel.functions);
    if (!workspace.status()) return workspace.status();
    return run_with_indices(kernel, input, output, indices, workspace.workspace());
}

}  // namespace polyphase::generated
