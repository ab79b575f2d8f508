// Kernels on CUDA devices: the stream that they run on, and weights packed in device memory. Generated headers of
// kernels with a CUDA target use these; nothing of CUDA is needed to include this.
#pragma once

#include <polyphase/status.h>

namespace polyphase {

/// A CUstream or cudaStream_t (also PyTorch's `torch.cuda.current_stream().cuda_stream`), which stays the
/// application's. Null is the default stream.
class CudaStream {
  public:
    constexpr CudaStream(void* stream) noexcept : handle_(stream) {}
    constexpr void* handle() const noexcept { return handle_; }

  private:
    void* handle_;
};

namespace generated {

/// A kernel's weights in device memory that stays the application's. `Tag` is a type of the kernel's own, so that
/// another kernel's weights do not compile.
template <class Tag>
class CudaWeights {
  public:
    /// What `packed` holds: the result of the kernel's pack_cuda, which may still be under way on its stream, or a
    /// copy.
    explicit CudaWeights(const void* packed) noexcept : data_(packed) {}
    explicit CudaWeights(const Status& error) noexcept : status_(error) {}

    /// Whether packing could be queued, and why not; running with weights that failed to pack gives the same status.
    const Status& status() const noexcept { return status_; }
    explicit operator bool() const noexcept { return static_cast<bool>(status_); }
    const void* data() const noexcept { return data_; }

  private:
    const void* data_ = nullptr;
    Status status_;
};

}  // namespace generated
}  // namespace polyphase
