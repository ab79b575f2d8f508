// The arguments of a call: checked against the kernel's description, and turned into Halide buffers. Inline, because
// this happens at every run.
#pragma once

#include <polyphase/kernel.h>
#include <polyphase/status.h>

#include <HalideRuntime.h>

#include <cstdio>
#include <cstring>

#include "runtime/src/error.h"

namespace polyphase {

inline constexpr int kDims = POLYPHASE_TENSOR_DIMS;
inline constexpr int kNameCapacity = 32;
inline constexpr uint64_t kMagic = 0x3165736168706f70;  // "pophase1", little-endian

/// The first 64 bytes of packed weights.
struct PackedHeader {
    uint64_t magic;
    uint64_t hash;                        ///< polyphase_kernel::hash
    char instruction_set[kNameCapacity];  ///< cut to fit, zero-terminated
    uint64_t size;                        ///< polyphase_variant::packed_size
    uint64_t reserved;
};
static_assert(sizeof(PackedHeader) == POLYPHASE_PACKED_BIAS);

inline void copy_name(char (&to)[kNameCapacity], const char* from) {
    std::memset(to, 0, kNameCapacity);
    std::strncpy(to, from, kNameCapacity - 1);
}

inline bool element_aligned(const void* pointer, size_t element_size = sizeof(float)) {
    return reinterpret_cast<uintptr_t>(pointer) % element_size == 0;
}

inline constexpr halide_type_t kFloat(halide_type_float, 32), kInt32(halide_type_int, 32), kInt64(halide_type_int, 64),
    kUint8(halide_type_uint, 8);

/// A tensor argument on its way to the kernel.
struct Tensor {
    halide_buffer_t buffer;
    halide_dimension_t dims[POLYPHASE_MAX_DIMS];

    void describe(const void* data, int rank, halide_type_t type = kFloat) {
        buffer = {};
        buffer.host = static_cast<uint8_t*>(const_cast<void*>(data));
        buffer.type = type;
        buffer.dimensions = rank;
        buffer.dim = dims;
    }

    /// Dense, innermost dimension first.
    void describe_dense(const void* data, int rank, const int32_t* extents, halide_type_t type = kFloat) {
        describe(data, rank, type);
        int32_t stride = 1;
        for (int i = 0; i < rank; ++i) {
            dims[i] = halide_dimension_t(0, extents[i], stride);
            stride *= extents[i];
        }
    }
};

/// "expected 64, 64, 1; ..." is what users compare with: the extents in memory order.
inline void print_shape(const polyphase_tensor_spec& spec, char* text, size_t capacity) {
    size_t used = 0;
    for (int i = 0; i < spec.rank && used < capacity; ++i) {
        const int written = std::snprintf(text + used, capacity - used, i == 0 ? "%lld" : "x%lld",
                                          static_cast<long long>(spec.shape[i]));
        used += written > 0 ? static_cast<size_t>(written) : 0;
    }
}

/// Extents and strides in the order c, x, y, z, n.
inline void to_kernel_order(const polyphase_tensor_spec& spec, const polyphase_view& view, int64_t (&extent)[kDims],
                            int64_t (&stride)[kDims]) {
    for (int d = 0; d < kDims; ++d) {
        extent[d] = 1;
        stride[d] = 0;
    }
    for (int i = 0; i < spec.rank; ++i) {
        const int channel = spec.channels_last ? spec.rank - 1 : 1;
        int d = spec.rank - 1 - i + (spec.channels_last ? 0 : 1);  // x is the last spatial dimension
        if (i == 0) d = kDims - 1;
        if (i == channel) d = 0;
        extent[d] = spec.shape[i];
        stride[d] = i == spec.rank - 1 ? 1 : spec.shape[i] == 1 ? 0 : view.stride[i];
    }
}

inline polyphase_view dense_view(const polyphase_tensor_spec& spec, const void* data) {
    polyphase_view view = {const_cast<void*>(data), {}};
    int64_t stride = 1;
    for (int i = spec.rank - 1; i >= 0; --i) {
        view.stride[i] = stride;
        stride *= spec.shape[i];
    }
    return view;
}

/// Checks a view against its spec and brings its extents and strides into the kernel's order. A dimension of extent 1
/// is never stepped over, so its stride is ignored.
inline int check_view(const char* kernel, const char* tensor, const polyphase_tensor_spec& spec,
                      const polyphase_view& view, bool is_output, int64_t (&extent)[kDims], int64_t (&stride)[kDims]) {
    if (view.data == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the %s is null", kernel, tensor);
    if (!element_aligned(view.data)) {
        return fail(POLYPHASE_MISALIGNED, "%s: the %s at %p: expected an address that is a multiple of 4", kernel,
                    tensor, view.data);
    }
    int by_stride[kDims];  // dimensions with more than one element, smallest stride first
    int count = 0;
    int64_t last = 0;  // offset of the last element
    for (int i = spec.rank - 1; i >= 0; --i) {
        if (spec.shape[i] == 1) continue;
        const int64_t step = view.stride[i];
        if (i == spec.rank - 1 && step != 1) {
            return fail(POLYPHASE_WRONG_STRIDES,
                        "%s: the %s's strides: expected 1 in the innermost dimension, found %lld", kernel, tensor,
                        static_cast<long long>(step));
        }
        if (step < 1 || step > INT32_MAX || last + step * (spec.shape[i] - 1) > INT32_MAX) {
            return fail(POLYPHASE_WRONG_STRIDES,
                        "%s: the %s's strides: expected a positive stride that reaches at most 2147483647 elements in "
                        "dimension %d, found %lld",
                        kernel, tensor, i, static_cast<long long>(step));
        }
        last += step * (spec.shape[i] - 1);
        int place = count++;
        for (; place > 0 && view.stride[by_stride[place - 1]] > step; --place) by_stride[place] = by_stride[place - 1];
        by_stride[place] = i;
    }
    if (is_output) {
        // Elements are distinct if every stride steps over all that the smaller strides can reach.
        int64_t reach = 0;
        for (int i = 0; i < count; ++i) {
            const int d = by_stride[i];
            if (view.stride[d] <= reach) {
                char shape[128];
                print_shape(spec, shape, sizeof shape);
                return fail(POLYPHASE_WRONG_STRIDES,
                            "%s: the %s's strides: elements of shape %s overlap; expected at least %lld in dimension "
                            "%d, found %lld",
                            kernel, tensor, shape, static_cast<long long>(reach + 1), d,
                            static_cast<long long>(view.stride[d]));
            }
            reach += view.stride[d] * (spec.shape[d] - 1);
        }
    }
    to_kernel_order(spec, view, extent, stride);
    return POLYPHASE_OK;
}

inline int describe_input(const polyphase_kernel& kernel, const polyphase_view& view, Tensor& tensor) {
    int64_t extent[kDims], stride[kDims];
    const int error = check_view(kernel.name, "input", kernel.input, view, false, extent, stride);
    if (error != POLYPHASE_OK) return error;
    tensor.describe(view.data, kDims);
    for (int d = 0; d < kDims; ++d) {
        tensor.dims[d] = halide_dimension_t(0, static_cast<int32_t>(extent[d]), static_cast<int32_t>(stride[d]));
    }
    return POLYPHASE_OK;
}

inline int describe_output(const polyphase_kernel& kernel, const char* name, const polyphase_view& view, bool is_output,
                           Tensor& tensor) {
    int64_t extent[kDims], stride[kDims];
    const int error = check_view(kernel.name, name, kernel.output, view, is_output, extent, stride);
    if (error != POLYPHASE_OK) return error;
    if (kernel.output_dims == 0) {
        tensor.describe(view.data, kDims);
        for (int d = 0; d < kDims; ++d) {
            tensor.dims[d] = halide_dimension_t(0, static_cast<int32_t>(extent[d]), static_cast<int32_t>(stride[d]));
        }
        return POLYPHASE_OK;
    }
    tensor.describe(view.data, kernel.output_dims);
    int64_t last = 0;
    for (int i = 0; i < kernel.output_dims; ++i) {
        const polyphase_dim& dim = kernel.output_dim[i];
        const int64_t step = dim.step * stride[dim.dim];
        // A split dimension may reach past the tensor's end by up to one period, so this is checked apart from the view
        // itself.
        if (step > INT32_MAX || last + step * (dim.extent - 1) > INT32_MAX) {
            return fail(POLYPHASE_WRONG_STRIDES, "%s: the %s's strides: it spans more than 2147483647 elements",
                        kernel.name, name);
        }
        last += step * (dim.extent - 1);
        tensor.dims[i] = halide_dimension_t(0, dim.extent, static_cast<int32_t>(step));
    }
    return POLYPHASE_OK;
}

/// A dense tensor of a shape that another one has.
inline void describe_like(const polyphase_tensor_spec& spec, const void* data, halide_type_t type, Tensor& tensor) {
    int64_t extent[kDims], stride[kDims];
    to_kernel_order(spec, dense_view(spec, data), extent, stride);
    tensor.describe(data, kDims, type);
    for (int d = 0; d < kDims; ++d)
        tensor.dims[d] = halide_dimension_t(0, static_cast<int32_t>(extent[d]), static_cast<int32_t>(stride[d]));
}

inline int describe_indices(const polyphase_kernel& kernel, const polyphase_tensor_spec& spec, const int64_t* indices,
                            Tensor& tensor) {
    if (indices == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the indices are null", kernel.name);
    if (!element_aligned(indices, sizeof *indices)) {
        return fail(POLYPHASE_MISALIGNED, "%s: the indices at %p: expected an address that is a multiple of 8",
                    kernel.name, static_cast<const void*>(indices));
    }
    describe_like(spec, indices, kInt64, tensor);
    return POLYPHASE_OK;
}

inline int64_t elements_of(const polyphase_tensor_spec& spec) {
    int64_t count = 1;
    for (int i = 0; i < spec.rank; ++i) count *= spec.shape[i];
    return count;
}

/// The weights' buffers, inside packed memory.
struct PackedTensors {
    Tensor weights, bias, slopes;
};

inline void describe_packed(const polyphase_kernel& kernel, const polyphase_variant& variant, const void* packed,
                            PackedTensors& tensors) {
    const auto* bytes = static_cast<const unsigned char*>(packed);
    const unsigned char* bias = bytes + POLYPHASE_PACKED_BIAS;
    const unsigned char* slopes = bias + sizeof(float) * static_cast<size_t>(kernel.bias_extent);
    tensors.bias.describe_dense(bias, 1, &kernel.bias_extent);
    tensors.slopes.describe_dense(slopes, 1, &kernel.bias_extent);
    tensors.weights.describe_dense(bytes + POLYPHASE_PACKED_WEIGHTS(kernel.bias_extent, kernel.has_slopes),
                                   variant.weight_dims, variant.weight_extent);
}

inline int check_optional(const polyphase_kernel& kernel, const char* tensor, bool wanted, const void* given) {
    if (wanted && given == nullptr)
        return fail(POLYPHASE_MISSING_TENSOR, "%s: this kernel needs a %s, found null", kernel.name, tensor);
    if (!wanted && given != nullptr)
        return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: this kernel has no %s; expected null", kernel.name, tensor);
    return POLYPHASE_OK;
}

inline constexpr int kMostTensors = 6;

/// Whether the caller used the function for this kind of kernel; `suffix` is "" or "_cuda".
inline int check_kind(const polyphase_kernel& kernel, polyphase_indices wanted, const char* suffix = "") {
    if (kernel.indices == wanted) return POLYPHASE_OK;
    if (kernel.indices == POLYPHASE_READS_INDICES) {
        return fail(POLYPHASE_MISSING_TENSOR, "%s: this kernel needs indices beside its input: call %s_run_indexed%s",
                    kernel.name, kernel.name, suffix);
    }
    if (kernel.indices == POLYPHASE_WRITES_INDICES) {
        return fail(POLYPHASE_MISSING_TENSOR,
                    "%s: this kernel writes indices beside its output: call %s_run_with_indices%s", kernel.name,
                    kernel.name, suffix);
    }
    return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: this kernel has no indices: call %s_run%s", kernel.name, kernel.name,
                suffix);
}

inline bool same_release(const polyphase_kernel& kernel) {
    if (kernel.abi == POLYPHASE_KERNEL_ABI) return true;
    fail(POLYPHASE_WRONG_RELEASE,
         "a kernel of interface %d is linked with a runtime of interface %d: generate it again", kernel.abi,
         POLYPHASE_KERNEL_ABI);
    return false;
}

}  // namespace polyphase
