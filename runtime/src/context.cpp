#include "runtime/src/context.h"

#include <polyphase/allocator.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

namespace polyphase {
namespace {

constexpr size_t kAlignment = 64;

size_t round_up(size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

/// Precedes a block from the allocator: what its release needs.
struct HeapHeader {
    polyphase_allocator from;
    size_t bytes;
};
static_assert(sizeof(HeapHeader) <= kAlignment);

void* heap_allocate(size_t bytes) {
    if (bytes > SIZE_MAX - kAlignment) return nullptr;
    const HeapHeader header = {polyphase_get_allocator(), bytes + kAlignment};
    const polyphase_allocator& from = header.from;
    auto* block = static_cast<unsigned char*>(from.allocate(from.context, header.bytes, kAlignment));
    if (block == nullptr) return nullptr;
    std::memcpy(block, &header, sizeof header);
    return block + kAlignment;
}

void heap_release(void* pointer) {
    unsigned char* block = static_cast<unsigned char*>(pointer) - kAlignment;
    HeapHeader header;
    std::memcpy(&header, block, sizeof header);
    header.from.release(header.from.context, block, header.bytes);
}

}  // namespace

Context::Context(void* workspace, size_t size, Heap heap) : heap_(heap) {
    message_[0] = '\0';
    // The slack is never used for more, so that whether a workspace suffices does not depend on where it lies.
    if (workspace == nullptr || size < kAlignment) return;
    const size_t offset = reinterpret_cast<uintptr_t>(workspace) % kAlignment;
    arena_ = static_cast<unsigned char*>(workspace) + (offset == 0 ? 0 : kAlignment - offset);
    capacity_ = size - (kAlignment - 1);
}

void* Context::allocate(size_t bytes, bool in_parallel) {
    if (heap_ == Heap::allowed) return heap_allocate(bytes);
    if (!in_parallel && count_ < POLYPHASE_ALLOCATIONS && bytes <= capacity_ - top_ &&
        round_up(bytes) <= capacity_ - top_) {
        void* result = arena_ + top_;
        blocks_[count_++] = {top_, false};
        top_ += round_up(bytes);
        return result;
    }
    char text[sizeof message_];
    if (in_parallel) {
        std::snprintf(text, sizeof text, "it asked for %zu bytes of scratch inside a parallel loop", bytes);
    } else if (count_ == POLYPHASE_ALLOCATIONS) {
        std::snprintf(text, sizeof text, "it holds more than %d pieces of scratch at once", POLYPHASE_ALLOCATIONS);
    } else {
        std::snprintf(text, sizeof text, "it asked for %zu bytes of scratch, but its workspace has %zu left", bytes,
                      capacity_ - top_);
    }
    set_error(text);
    return heap_allocate(bytes);
}

void Context::release(void* pointer) {
    if (pointer == nullptr) return;
    const auto address = reinterpret_cast<uintptr_t>(pointer), begin = reinterpret_cast<uintptr_t>(arena_);
    if (capacity_ == 0 || address < begin || address >= begin + capacity_) {
        heap_release(pointer);
        return;
    }
    for (int i = count_ - 1; i >= 0; --i) {
        if (blocks_[i].begin == address - begin) {
            blocks_[i].free = true;
            break;
        }
    }
    while (count_ > 0 && blocks_[count_ - 1].free) top_ = blocks_[--count_].begin;
}

void Context::set_error(const char* message) {
    int expected = kClear;
    if (!failed_.compare_exchange_strong(expected, kWriting)) return;
    std::snprintf(message_, sizeof message_, "%s", message);
    failed_.store(kDone, std::memory_order_release);
}

}  // namespace polyphase
