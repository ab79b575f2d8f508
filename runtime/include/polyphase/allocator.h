// The memory that packed weights and workspaces live in. Kernels themselves allocate nothing. For C and C++.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct polyphase_allocator {
    void* (*allocate)(void* context, size_t bytes, size_t alignment); /* null where there is no memory */
    void (*release)(void* context, void* pointer, size_t bytes);
    void* context;
} polyphase_allocator;

/* Replaces the allocator of what is made from now on; what was made before goes back to where it came from. Null brings
 * the default back. The struct is copied. Not while other threads make or pack weights. The default one rounds blocks
 * of 1 MB and more up to pages of 2 MB and asks the system for such pages. */
void polyphase_set_allocator(const polyphase_allocator* allocator);
polyphase_allocator polyphase_get_allocator(void);

#ifdef __cplusplus
}

namespace polyphase {

inline void set_allocator(const polyphase_allocator& allocator) noexcept {
    polyphase_set_allocator(&allocator);
}
inline void reset_allocator() noexcept {
    polyphase_set_allocator(nullptr);
}

/// One block of bytes, aligned to 64, from the allocator that was current when it was made. Moves, does not copy.
class Memory {
  public:
    Memory() noexcept = default;
    /// Null data() when `bytes` is 0 or the allocator had none.
    explicit Memory(size_t bytes) noexcept : allocator_(polyphase_get_allocator()) {
        if (bytes > 0) data_ = allocator_.allocate(allocator_.context, bytes, 64);
        if (data_ != nullptr) size_ = bytes;
    }
    Memory(Memory&& other) noexcept : allocator_(other.allocator_), data_(other.data_), size_(other.size_) {
        other.forget();
    }
    Memory& operator=(Memory&& other) noexcept {
        if (this != &other) {
            free();
            allocator_ = other.allocator_;
            data_ = other.data_;
            size_ = other.size_;
            other.forget();
        }
        return *this;
    }
    ~Memory() { free(); }

    void* data() const noexcept { return data_; }
    size_t size() const noexcept { return size_; }

  private:
    void free() noexcept {
        if (data_ != nullptr) allocator_.release(allocator_.context, data_, size_);
    }
    void forget() noexcept {
        data_ = nullptr;
        size_ = 0;
    }

    polyphase_allocator allocator_ = {nullptr, nullptr, nullptr};
    void* data_ = nullptr;
    size_t size_ = 0;
};

/// Scratch for one run at a time: memory of the application's, any alignment, or a Memory. Its size is checked at run.
class Workspace {
  public:
    Workspace(void* data, size_t size) noexcept : data_(data), size_(size) {}
    Workspace(const Memory& memory) noexcept : data_(memory.data()), size_(memory.size()) {}

    void* data() const noexcept { return data_; }
    size_t size() const noexcept { return size_; }

  private:
    void* data_;
    size_t size_;
};

}  // namespace polyphase
#endif
