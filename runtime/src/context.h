// What surrounds one call of generated code: its scratch memory and its errors. Generated code hands a Context back to
// the Halide runtime's hooks (halide_malloc, halide_error, halide_do_par_for, ...), which halide_hooks.cpp replaces.
#pragma once

#include <atomic>
#include <cstddef>

#include <polyphase/kernel.h>

namespace polyphase {

class Context {
  public:
    /// Whether memory may come from the application's allocator.
    enum class Heap { refused, allowed };

    /// `workspace` may have any alignment; see POLYPHASE_ALLOCATIONS for how it is used.
    Context(void* workspace, size_t size, Heap heap);
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// Scratch aligned to 64. Where the workspace does not suffice, or inside a parallel loop, the memory comes from
    /// the allocator and the context fails unless Heap::allowed: generated code does not check for null, so this keeps
    /// a defect from being a crash.
    void* allocate(size_t bytes, bool in_parallel);
    void release(void* pointer);

    /// Records the first of all messages.
    void set_error(const char* message);
    bool failed() const { return failed_.load(std::memory_order_acquire) == kDone; }
    const char* message() const { return message_; }

  private:
    enum : int { kClear, kWriting, kDone };
    struct Block {
        size_t begin;
        bool free;
    };

    unsigned char* arena_ = nullptr;
    size_t capacity_ = 0, top_ = 0;
    Heap heap_;
    int count_ = 0;
    Block blocks_[POLYPHASE_ALLOCATIONS];
    std::atomic<int> failed_{kClear};
    char message_[200];
};

/// Makes `context` the calling thread's own for the scope's length. A hook trusts a user context only if it is the
/// calling thread's own: pipelines of the application may pass anything as theirs.
class ContextScope {
  public:
    explicit ContextScope(Context& context, bool in_parallel = false);
    ContextScope(const ContextScope&) = delete;
    ContextScope& operator=(const ContextScope&) = delete;
    ~ContextScope();

  private:
    Context* outer_;
    bool outer_in_parallel_;
};

}  // namespace polyphase
