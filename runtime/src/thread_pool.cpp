// The built-in thread pool. Waking a sleeping thread takes tens of microseconds, as long as a small kernel, so workers
// spin for a while before they sleep: for kShortSpin after every loop, and for kLongSpin as long as loops follow each
// other that closely. A worker that finds another thread waiting for its processor sleeps at once.
//
// Loops are divided into contiguous ranges, one per thread, so that from call to call a thread finds its part of the
// tensors in its own cache; who is done helps with the ranges of others.
//
// A loop lives on its caller's stack. Its slot lets others in: a worker counts as a guest of the slot before it looks
// at the loop, and the caller takes the loop out of the slot and waits for its guests before it returns. Slots are
// sequentially consistent: either the guest sees that the loop is gone, or the caller sees the guest.
#include "runtime/src/thread_pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace polyphase {
namespace {

constexpr int64_t kShortSpin = 50'000, kLongSpin = 2'000'000;  // ns
constexpr int64_t kCrowded = 50'000;                           // ns away from the processor: another thread had it
constexpr int kPauses = 32;                                    // between looks at the clock; about a microsecond
constexpr size_t kStackBytes = 4 << 20;  // kernels keep up to 512 kB of buffers there, whatever the system's default
constexpr size_t kCacheLine = 64;
constexpr int kMostRanges = 64;
constexpr int kSlots = 8;

struct alignas(kCacheLine) Range {
    std::atomic<int64_t> next;  // wide, because every thread may step past the end once
    int64_t end;
};

struct Loop {
    void (*task)(void*, int);
    void* argument;
    int threads;
    int ranges;
    Range range[kMostRanges];

    void run(int thread) {
        for (int i = 0; i < ranges; ++i) {
            Range& part = range[(thread + i) % ranges];
            while (part.next.load(std::memory_order_relaxed) < part.end) {
                const int64_t index = part.next.fetch_add(1, std::memory_order_relaxed);
                if (index < part.end) task(argument, static_cast<int>(index));
            }
        }
    }
};

/// Where one caller's loop is found.
struct alignas(kCacheLine) Slot {
    std::atomic<bool> taken{false};
    std::atomic<Loop*> loop{nullptr};  // null once nothing is left to begin
    std::atomic<uint32_t> guests{0};   // and kCallerSleeps
};
constexpr uint32_t kCallerSleeps = 1U << 31;

struct alignas(kCacheLine) Worker {
    pthread_t thread;
    int index;  // from 1; the caller is thread 0 of its loop
    std::atomic<uint32_t> asleep{0};
};

Slot slots[kSlots];
Worker workers[kMostThreads];  // workers[0] stays unused
std::atomic<int> started{1};   // threads in the pool, a caller included
std::atomic<bool> starting{false};
std::atomic<bool> stopping{false};
alignas(kCacheLine) std::atomic<uint32_t> posted{0};  // changes with every loop
std::atomic<int> wanted{1};                           // threads that the last loop might have had

void futex_wait(std::atomic<uint32_t>& word, uint32_t expected) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void futex_wake(std::atomic<uint32_t>& word) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

void pause_briefly() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb");
#endif
}

/// Whether `done` came true within `limit` ns. Yields the processor to whoever waits for it.
template <typename Condition>
bool spin_until(int64_t limit, Condition done) {
    const int64_t begin = now();
    for (int64_t last = begin;;) {
        for (int i = 0; i < kPauses; ++i) {
            if (done()) return true;
            pause_briefly();
        }
        sched_yield();
        const int64_t time = now();
        if (time - begin > limit || time - last > kCrowded) return done();
        last = time;
    }
}

/// Helps with the loop in `slot`, if there is one for this thread.
bool serve(Slot& slot, int thread) {
    if (slot.loop.load() == nullptr) return false;
    slot.guests.fetch_add(1);
    Loop* loop = slot.loop.load();
    const bool welcome = loop != nullptr && thread < loop->threads;
    if (welcome) {
        loop->run(thread);
        slot.loop.compare_exchange_strong(loop, nullptr);
    }
    if (slot.guests.fetch_sub(1) == (kCallerSleeps | 1)) futex_wake(slot.guests);
    return welcome;
}

bool serve_any(int thread) {
    bool served = false;
    for (Slot& slot : slots) served |= serve(slot, thread);
    return served;
}

void sleep_until_posted(Worker& self, uint32_t seen) {
    self.asleep.store(1);
    if (posted.load() != seen || stopping.load()) {
        self.asleep.store(0);
        return;
    }
    while (self.asleep.load() == 1) futex_wait(self.asleep, 1);
}

void* work(void* worker) {
    Worker& self = *static_cast<Worker*>(worker);
    prctl(PR_SET_NAME, "polyphase");
    bool frequent = true;
    for (;;) {
        const uint32_t seen = posted.load();
        while (serve_any(self.index)) {
        }
        if (stopping.load()) return nullptr;
        const int64_t idle_since = now();
        const auto called = [seen] { return posted.load(std::memory_order_relaxed) != seen || stopping.load(); };
        const bool spins = self.index < wanted.load();
        if (!spins || !spin_until(frequent ? kLongSpin : kShortSpin, called)) sleep_until_posted(self, seen);
        frequent = now() - idle_since < kLongSpin;
    }
}

/// A child process has none of its parent's workers.
void forget_workers() {
    for (Slot& slot : slots) {
        slot.taken.store(false);
        slot.loop.store(nullptr);
        slot.guests.store(0);
    }
    started.store(1);
    starting.store(false);
}

/// Brings the pool to `threads`, or as many as the system grants. Another caller that is at it is not waited for.
void start_workers(int threads) {
    if (started.load() >= threads || starting.exchange(true)) return;
    static bool watches_forks = false;
    if (!watches_forks) watches_forks = pthread_atfork(nullptr, nullptr, forget_workers) == 0;
    // The application's signals are for its own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    for (int i = started.load(); i < threads && !stopping.load(); ++i) {
        workers[i].index = i;
        workers[i].asleep.store(0);
        if (pthread_create(&workers[i].thread, &attributes, work, &workers[i]) != 0) break;

        started.store(i + 1);
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    starting.store(false);
}

/// At exit, and where a library that contains the pool is unloaded.
__attribute__((destructor)) void stop_workers() {
    stopping.store(true);
    while (starting.exchange(true)) sched_yield();
    const int count = started.exchange(1);
    for (int i = 1; i < count; ++i) {
        if (workers[i].asleep.exchange(0) == 1) futex_wake(workers[i].asleep);
        if (!pthread_equal(workers[i].thread, pthread_self())) pthread_join(workers[i].thread, nullptr);
    }
}

void wait_for_guests(Slot& slot) {
    const auto alone = [&slot] { return slot.guests.load() == 0; };
    if (spin_until(kLongSpin, alone)) return;
    for (uint32_t guests; (guests = slot.guests.fetch_or(kCallerSleeps) | kCallerSleeps) != kCallerSleeps;)
        futex_wait(slot.guests, guests);
    slot.guests.fetch_and(~kCallerSleeps);
}

Slot* free_slot() {
    for (Slot& slot : slots) {
        if (!slot.taken.load(std::memory_order_relaxed) && !slot.taken.exchange(true)) return &slot;
    }
    return nullptr;
}

}  // namespace

void pool_parallel_for(int threads, int count, void (*task)(void*, int), void* argument) {
    wanted.store(threads, std::memory_order_relaxed);
    threads = std::min({threads, count, kMostThreads});
    if (threads > 1) start_workers(threads);
    threads = std::min(threads, started.load());
    Slot* const slot = threads > 1 ? free_slot() : nullptr;
    if (slot == nullptr) {
        for (int i = 0; i < count; ++i) task(argument, i);
        return;
    }
    Loop loop;
    loop.task = task;
    loop.argument = argument;
    loop.threads = threads;
    loop.ranges = std::min(threads, kMostRanges);
    for (int64_t i = 0; i < loop.ranges; ++i) {
        loop.range[i].next.store(i * count / loop.ranges, std::memory_order_relaxed);
        loop.range[i].end = (i + 1) * count / loop.ranges;
    }
    slot->loop.store(&loop);
    posted.fetch_add(1);
    for (int i = 1; i < threads; ++i) {
        if (workers[i].asleep.load() == 1 && workers[i].asleep.exchange(0) == 1) futex_wake(workers[i].asleep);
    }
    loop.run(0);
    slot->loop.store(nullptr);
    wait_for_guests(*slot);
    slot->taken.store(false);
}

int default_threads() {
    static std::atomic<int> known{0};
    if (const int threads = known.load(std::memory_order_relaxed)) return threads;
    const char* requested = std::getenv("HL_NUM_THREADS");
    long threads = requested != nullptr ? std::strtol(requested, nullptr, 10) : 0;
    if (threads < 1) {
        cpu_set_t usable;
        threads =
            sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : sysconf(_SC_NPROCESSORS_ONLN);
    }
    const int result = static_cast<int>(std::clamp(threads, 1L, static_cast<long>(kMostThreads)));
    known.store(result, std::memory_order_relaxed);
    return result;
}

}  // namespace polyphase
