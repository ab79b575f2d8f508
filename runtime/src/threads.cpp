// Which threads run the parallel loops of kernels. All loops come here by an exported name, so that shared libraries
// which see each other's names use one pool and one set of settings.
#include <polyphase/threads.h>

#include <algorithm>
#include <atomic>

#include "runtime/src/thread_pool.h"

namespace {

std::atomic<int> requested_threads{0};  // 0: the default
polyphase_thread_pool applications_pool = {nullptr, nullptr};

}  // namespace

extern "C" {

void polyphase_set_num_threads(int count) {
    requested_threads.store(count < 0 ? 1 : std::min(count, polyphase::kMostThreads), std::memory_order_relaxed);
}

int polyphase_num_threads(void) {
    const int requested = requested_threads.load(std::memory_order_relaxed);
    return requested > 0 ? requested : polyphase::default_threads();
}

void polyphase_set_thread_pool(const polyphase_thread_pool* pool) {
    applications_pool = pool != nullptr ? *pool : polyphase_thread_pool{nullptr, nullptr};
}

void polyphase_parallel_for(int count, void (*task)(void* argument, int index), void* argument) {
    const int requested = requested_threads.load(std::memory_order_relaxed);
    if (requested == 1 || count <= 1) {
        for (int i = 0; i < count; ++i) task(argument, i);
    } else if (applications_pool.parallel_for != nullptr) {
        applications_pool.parallel_for(applications_pool.context, count, task, argument);
    } else {
        polyphase::pool_parallel_for(polyphase_num_threads(), count, task, argument);
    }
}
}
