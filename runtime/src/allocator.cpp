// The allocator that is set now. Apart from its users, so that shared libraries which see each other's names use one.
#include <polyphase/allocator.h>

#include <cstdlib>

namespace {

void* default_allocate(void*, size_t bytes, size_t alignment) {
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    return rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
}

void default_release(void*, void* pointer, size_t) {
    std::free(pointer);
}

constexpr polyphase_allocator kDefaultAllocator = {default_allocate, default_release, nullptr};
polyphase_allocator current = kDefaultAllocator;

}  // namespace

extern "C" {

void polyphase_set_allocator(const polyphase_allocator* replacement) {
    current = replacement != nullptr ? *replacement : kDefaultAllocator;
}

polyphase_allocator polyphase_get_allocator(void) {
    return current;
}
}
