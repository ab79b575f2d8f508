#include "tests/support/allocation_counter.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

std::atomic<int64_t> count{0};

}  // namespace

int64_t polyphase::testing::allocations() {
    return count.load();
}

// glibc lets a program define these and keeps its own under the __libc names; free needs no replacement.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}

void* calloc(size_t elements, size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(elements, size);
}

void* realloc(void* old, size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** result, size_t alignment, size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

}  // extern "C"
