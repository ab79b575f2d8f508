// What a generated kernel calls for CUDA. Apart from kernel.cpp, so that programs without CUDA kernels link none of
// this.
#include <polyphase/kernel.h>
#include <polyphase/status.h>

#include "runtime/src/arguments.h"
#include "runtime/src/cuda_call.h"
#include "runtime/src/error.h"

namespace polyphase {
namespace {

/// Stands for every tensor where code is loaded only. Nothing is read there.
void* const kNowhere = reinterpret_cast<void*>(POLYPHASE_CUDA_ALIGNMENT);

int check_address(const polyphase_kernel& kernel, const char* tensor, const void* pointer) {
    if (element_aligned(pointer, POLYPHASE_CUDA_ALIGNMENT)) return POLYPHASE_OK;
    return fail(POLYPHASE_MISALIGNED, "%s: the %s at %p: expected a device address that is a multiple of %d",
                kernel.name, tensor, pointer, POLYPHASE_CUDA_ALIGNMENT);
}

int check_tensor(const polyphase_kernel& kernel, const char* tensor, const char* is, const void* pointer) {
    if (pointer == nullptr) return fail(POLYPHASE_NULL_POINTER, "%s: the %s %s null", kernel.name, tensor, is);
    return check_address(kernel, tensor, pointer);
}

int check_workspace(const polyphase_kernel& kernel, const void* workspace) {
    if (workspace == nullptr && kernel.cuda->workspace_size > 0) {
        return fail(POLYPHASE_NULL_POINTER, "%s: the workspace is null; expected %zu bytes of device memory",
                    kernel.name, kernel.cuda->workspace_size);
    }
    return check_address(kernel, "workspace", workspace);
}

int check_packed(const polyphase_kernel& kernel, const void* packed) {
    if (kernel.has_weights) return check_tensor(kernel, "packed weights", "are", packed);
    if (packed == nullptr) return POLYPHASE_OK;
    return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: packed: expected null, because this operator has no weights",
                kernel.name);
}

/// Queues what `function` launches.
int call(const polyphase_kernel& kernel, int (*function)(void**), CudaCall& cuda, Tensor* const* tensors, int count) {
    Context* user = &cuda;
    void* arguments[1 + kMostTensors] = {&user};
    for (int i = 0; i < count; ++i) {
        halide_buffer_t& buffer = tensors[i]->buffer;
        buffer.device = reinterpret_cast<CUdeviceptr>(buffer.host);
        buffer.device_interface = cuda_device_interface();
        buffer.host = nullptr;
        arguments[i + 1] = &buffer;
    }
    int code;
    {
        const ContextScope scope(cuda);
        code = function(arguments);
    }
    if (cuda.failed()) return fail(POLYPHASE_CUDA_FAILED, "%s: %s", kernel.name, cuda.message());
    if (code == 0) return POLYPHASE_OK;
    return fail(POLYPHASE_KERNEL_FAILED, "%s: the generated code failed with code %d", kernel.name, code);
}

struct RunArguments {
    const void *input, *packed, *residual;
    void* output;
    const int64_t* indices;
};

/// Calls `run` in a context that has been entered, with arguments that have been checked.
int run(const polyphase_kernel& kernel, CudaCall& cuda, const RunArguments& given) {
    Tensor input, indices, residual, output;
    PackedTensors packed;
    Tensor* arguments[kMostTensors];
    int count = 0;
    if (int error = describe_input(kernel, dense_view(kernel.input, given.input), input)) return error;
    arguments[count++] = &input;
    if (kernel.has_weights) {
        describe_packed(kernel, *kernel.cuda, given.packed, packed);
        arguments[count++] = &packed.weights;
        arguments[count++] = &packed.bias;
        if (kernel.has_slopes) arguments[count++] = &packed.slopes;
    }
    if (kernel.indices == POLYPHASE_READS_INDICES) {
        if (int error = describe_indices(kernel, kernel.input, given.indices, indices)) return error;
        arguments[count++] = &indices;
    }
    if (kernel.has_residual) {
        const polyphase_view view = dense_view(kernel.output, given.residual);
        if (int error = describe_output(kernel, "residual", view, false, residual)) return error;
        arguments[count++] = &residual;
    }
    if (int error = describe_output(kernel, "output", dense_view(kernel.output, given.output), true, output))
        return error;
    arguments[count++] = &output;
    if (kernel.indices == POLYPHASE_WRITES_INDICES) {
        if (int error = describe_indices(kernel, kernel.output, given.indices, indices)) return error;
        arguments[count++] = &indices;
    }
    return call(kernel, kernel.cuda->run, cuda, arguments, count);
}

int check_and_run(const polyphase_kernel& kernel, polyphase_indices kind, const RunArguments& given, void* workspace,
                  void* stream) {
    if (!same_release(kernel)) return POLYPHASE_WRONG_RELEASE;
    if (int error = check_kind(kernel, kind, "_cuda")) return error;
    if (int error = check_tensor(kernel, "input", "is", given.input)) return error;
    if (int error = check_packed(kernel, given.packed)) return error;
    if (int error = check_optional(kernel, "residual", kernel.has_residual, given.residual)) return error;
    if (int error = check_address(kernel, "residual", given.residual)) return error;
    if (int error = check_tensor(kernel, "output", "is", given.output)) return error;
    if (kind != POLYPHASE_NO_INDICES)
        if (int error = check_tensor(kernel, "indices", "are", given.indices)) return error;
    if (int error = check_workspace(kernel, workspace)) return error;
    CudaCall cuda(CudaCall::Purpose::run, static_cast<CUstream>(stream), workspace, kernel.cuda->workspace_size);
    if (int error = cuda.enter(kernel.name)) return error;
    return run(kernel, cuda, given);
}

/// Brings the code of `run` into the current context.
int load(const polyphase_kernel& kernel) {
    CudaCall cuda(CudaCall::Purpose::load, nullptr, kNowhere, kernel.cuda->workspace_size);
    if (int error = cuda.enter(kernel.name)) return error;
    return run(kernel, cuda, {kNowhere, kNowhere, kNowhere, kNowhere, static_cast<const int64_t*>(kNowhere)});
}

/// Queues a header like that of weights packed by a processor, so that a copy of packed weights says what it is.
CUresult write_header(const polyphase_kernel& kernel, const CudaCall& cuda, CUdeviceptr packed) {
    PackedHeader header = {kMagic, kernel.hash, "", kernel.cuda->packed_size, 0};
    copy_name(header.instruction_set, kernel.cuda->instruction_set);
    uint32_t words[sizeof header / sizeof(uint32_t)];
    std::memcpy(words, &header, sizeof header);
    CUresult error = kCudaSuccess;
    // Word by word, because a copy from the host might wait.
    for (size_t i = 0; i < sizeof words / sizeof words[0] && error == kCudaSuccess; ++i) {
        if (words[i] != 0) error = cuda.driver->memset_d32_async(packed + 4 * i, words[i], 1, cuda.stream);
    }
    return error;
}

}  // namespace
}  // namespace polyphase

using polyphase::fail;

extern "C" {

size_t polyphase_kernel_packed_size_cuda(const polyphase_kernel* kernel) {
    return kernel->cuda->packed_size;
}

size_t polyphase_kernel_workspace_size_cuda(const polyphase_kernel* kernel) {
    return kernel->cuda->workspace_size;
}

int polyphase_kernel_load_cuda(const polyphase_kernel* kernel) {
    return polyphase::same_release(*kernel) ? polyphase::load(*kernel) : POLYPHASE_WRONG_RELEASE;
}

int polyphase_kernel_pack_cuda(const polyphase_kernel* kernel, const void* weights, const void* bias,
                               const void* slopes, void* packed, void* stream) {
    using namespace polyphase;
    if (!same_release(*kernel)) return POLYPHASE_WRONG_RELEASE;
    if (!kernel->has_weights)
        return fail(POLYPHASE_UNEXPECTED_TENSOR, "%s: this operator has no weights to pack", kernel->name);
    if (int error = check_tensor(*kernel, "weights", "are", weights)) return error;
    if (int error = check_tensor(*kernel, "memory for the packed weights", "is", packed)) return error;
    if (int error = check_optional(*kernel, "bias", kernel->has_bias, bias)) return error;
    if (int error = check_optional(*kernel, "slopes tensor", kernel->has_slopes, slopes)) return error;
    if (int error = check_address(*kernel, "bias", bias)) return error;
    if (int error = check_address(*kernel, "slopes tensor", slopes)) return error;
    if (int error = load(*kernel)) return error;

    CudaCall cuda(CudaCall::Purpose::run, static_cast<CUstream>(stream), nullptr, 0);
    if (int error = cuda.enter(kernel->name)) return error;
    Tensor source;
    source.describe_dense(weights, kernel->source_dims, kernel->source_extent);
    PackedTensors tensors;
    describe_packed(*kernel, *kernel->cuda, packed, tensors);
    Tensor* const arguments[] = {&source, &tensors.weights};
    if (int error = call(*kernel, kernel->cuda->pack, cuda, arguments, 2)) return error;

    const auto at = [](const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); };
    const size_t head = POLYPHASE_PACKED_WEIGHTS(kernel->bias_extent, kernel->has_slopes);
    const size_t channels = sizeof(float) * static_cast<size_t>(kernel->out_channels);
    CUresult error = cuda.driver->memset_d32_async(at(packed), 0, head / sizeof(float), cuda.stream);
    if (error == kCudaSuccess && kernel->has_bias) {
        error = cuda.driver->memcpy_dtod_async(at(tensors.bias.buffer.host), at(bias), channels, cuda.stream);
    }
    if (error == kCudaSuccess && kernel->has_slopes) {
        error = cuda.driver->memcpy_dtod_async(at(tensors.slopes.buffer.host), at(slopes), channels, cuda.stream);
    }
    if (error == kCudaSuccess) error = write_header(*kernel, cuda, at(packed));
    if (error == kCudaSuccess) return POLYPHASE_OK;
    return fail(POLYPHASE_CUDA_FAILED, "%s: pack: %s", kernel->name, cuda.driver->name_of(error));
}

int polyphase_kernel_run_cuda(const polyphase_kernel* kernel, const void* input, const void* packed,
                              const void* residual, void* output, void* workspace, void* stream) {
    return polyphase::check_and_run(*kernel, POLYPHASE_NO_INDICES, {input, packed, residual, output, nullptr},
                                    workspace, stream);
}

int polyphase_kernel_run_indexed_cuda(const polyphase_kernel* kernel, const void* input, const int64_t* indices,
                                      void* output, void* workspace, void* stream) {
    return polyphase::check_and_run(*kernel, POLYPHASE_READS_INDICES, {input, nullptr, nullptr, output, indices},
                                    workspace, stream);
}

int polyphase_kernel_run_with_indices_cuda(const polyphase_kernel* kernel, const void* input, void* output,
                                           int64_t* indices, void* workspace, void* stream) {
    return polyphase::check_and_run(*kernel, POLYPHASE_WRITES_INDICES, {input, nullptr, nullptr, output, indices},
                                    workspace, stream);
}
}
