// What a call reports: an error code for C, a code with a message for C++. Nothing here throws or allocates.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

enum polyphase_error {
    POLYPHASE_OK = 0,
    POLYPHASE_NULL_POINTER = 1,  /* a tensor, the packed weights or a needed workspace is null */
    POLYPHASE_WRONG_SHAPE = 2,   /* a view's extents are not the kernel's */
    POLYPHASE_WRONG_STRIDES = 3, /* strides that overlap, are not positive, or are not 1 innermost */
    POLYPHASE_WRONG_SIZE = 4,    /* a container holds another number of elements or bytes than the kernel needs */
    POLYPHASE_MISALIGNED = 5,    /* a pointer is not aligned to its element type, for CUDA to 16 bytes */
    POLYPHASE_UNSUPPORTED_INSTRUCTION_SET = 6, /* the processor or the kernel lacks the instruction set */
    POLYPHASE_WRONG_PACKED_WEIGHTS = 7, /* not packed, or packed by another kernel or for another instruction set */
    POLYPHASE_MISSING_TENSOR = 8,       /* the kernel needs a bias, slopes, residual or indices and got none */
    POLYPHASE_UNEXPECTED_TENSOR = 9,    /* a bias, slopes, residual or weights for a kernel that has none */
    POLYPHASE_OUT_OF_MEMORY = 10,       /* the allocator returned null */
    POLYPHASE_WRONG_RELEASE = 11,       /* generated code and runtime come from different releases of Polyphase */
    POLYPHASE_KERNEL_FAILED = 12,       /* the generated code itself reported an error: a defect of Polyphase */
    POLYPHASE_INDEX_OUTSIDE = 13,       /* max unpooling: an index names no element of the tensor that it counts */
    POLYPHASE_NO_CUDA = 14,             /* no CUDA driver or GPU, or no context is current on the calling thread */
    POLYPHASE_CUDA_FAILED = 15          /* the CUDA driver reported an error */
};

/* The message of the last error on the calling thread; "" if there was none. A success does not clear it. */
const char* polyphase_last_error(void);

#ifdef __cplusplus
}

namespace polyphase {

/// Success, or an error code and a sentence about it. Converts to true on success.
class [[nodiscard]] Status {
  public:
    Status() noexcept { message_[0] = '\0'; }

    /// An error; a message longer than the buffer is cut.
    Status(polyphase_error code, const char* message) noexcept : code_(code) {
        int i = 0;
        for (; i < kCapacity - 1 && message[i] != '\0'; ++i) message_[i] = message[i];
        message_[i] = '\0';
    }

    Status(const Status& other) noexcept : Status(other.code_, other.message_) {}
    Status& operator=(const Status& other) noexcept {
        if (this != &other) {
            code_ = other.code_;
            int i = 0;
            for (; other.message_[i] != '\0'; ++i) message_[i] = other.message_[i];
            message_[i] = '\0';
        }
        return *this;
    }

    explicit operator bool() const noexcept { return code_ == POLYPHASE_OK; }
    polyphase_error code() const noexcept { return code_; }
    /// "" on success.
    const char* message() const noexcept { return message_; }

  private:
    static constexpr int kCapacity = 256;
    polyphase_error code_ = POLYPHASE_OK;
    char message_[kCapacity];  // bytes after the terminating zero are never read
};

}  // namespace polyphase
#endif
