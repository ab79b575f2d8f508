// How many threads kernels use, and whose. For C and C++.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Calls task(argument, i) once for every 0 <= i < count, in any order and from any threads, and returns when all have
 * returned. A task may call parallel_for again. */
typedef struct polyphase_thread_pool {
    void (*parallel_for)(void* context, int count, void (*task)(void* argument, int index), void* argument);
    void* context;
} polyphase_thread_pool;

/* Threads that one run may use, for all kernels of the process, from the next run on. 1: the calling thread alone, and
 * no pool is ever started. 0: the default, one per processor that the process may use or what the environment variable
 * HL_NUM_THREADS says. Negative counts as 1, more than 256 as 256. Results do not depend on it.
 *
 * The built-in pool starts its threads where a kernel with parallel loops packs its weights, else at the first such
 * loop, and ends them at exit. A thread without work spins for 50 microseconds before it sleeps, or for 2 milliseconds
 * while loops follow each other as fast as that, and sleeps at once where another thread waits for its processor. Runs
 * of several calling threads share the pool. After fork the child starts threads of its own; do not fork while a kernel
 * runs.
 *
 * A shared library of a kernel brings a pool and settings of its own. Those that see each other's names, because the
 * program is linked with them or loaded them with RTLD_GLOBAL, share the pool and the settings of the first. */
void polyphase_set_num_threads(int count);
int polyphase_num_threads(void);

/* Replaces the built-in thread pool; null brings it back. The struct is copied. Set it while no kernel runs. */
void polyphase_set_thread_pool(const polyphase_thread_pool* pool);

/* Runs tasks as kernels do: on the pool and the number of threads set above. */
void polyphase_parallel_for(int count, void (*task)(void* argument, int index), void* argument);

#ifdef __cplusplus
}

namespace polyphase {

inline void set_num_threads(int count) noexcept {
    polyphase_set_num_threads(count);
}
inline int num_threads() noexcept {
    return polyphase_num_threads();
}
inline void set_thread_pool(const polyphase_thread_pool& pool) noexcept {
    polyphase_set_thread_pool(&pool);
}
inline void reset_thread_pool() noexcept {
    polyphase_set_thread_pool(nullptr);
}

}  // namespace polyphase
#endif
