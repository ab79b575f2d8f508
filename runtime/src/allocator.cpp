// The allocator that is set now. Apart from its users, so that shared libraries which see each other's names use one.
#include <polyphase/allocator.h>

#include <sys/mman.h>

#include <cstdlib>

namespace {

// Weights are read from one end to the other at every run: with pages of 4 kB their translation costs as much as some
// of the cache.
constexpr size_t kHugePage = 2 << 20, kWorthHugePages = 1 << 20;

void* default_allocate(void*, size_t bytes, size_t alignment) {
    const bool huge = bytes >= kWorthHugePages && alignment <= kHugePage;
    if (huge) alignment = kHugePage;
    const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    if (rounded < bytes) return nullptr;
    void* const memory = std::aligned_alloc(alignment, rounded);
#ifdef MADV_HUGEPAGE
    // Only advice: a kernel without huge pages refuses it.
    if (huge && memory != nullptr) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
    return memory;
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
