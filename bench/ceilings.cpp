#include "bench/ceilings.h"

#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

namespace polyphase {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Best of as many runs as fit into `budget` seconds, three at least: the first warms caches, page tables and the clock
/// up.
template <typename Run>
double best_seconds(double budget, Run&& run) {
    const auto start = Clock::now();
    double best = 1e30;
    for (int i = 0; i < 3 || seconds_since(start) < budget; ++i) {
        const auto begin = Clock::now();
        run();
        best = std::min(best, seconds_since(begin));
    }
    return best;
}

/// Threads that wait for each other busily: waking a thread that sleeps takes longer than many a run.
class Line {
  public:
    explicit Line(int threads) : threads_(threads) {}
    void arrive_and_wait() {
        const int round = round_.load();
        if (++arrived_ == threads_) {
            arrived_ = 0;
            ++round_;
        } else {
            while (round_.load() == round) _mm_pause();
        }
    }

  private:
    const int threads_;
    std::atomic<int> arrived_ = 0, round_ = 0;
};

/// The same for `run(thread)` on several threads at once, from when all begin until the last one ends.
template <typename Run>
double best_seconds(double budget, int threads, Run&& run) {
    if (threads == 1) return best_seconds(budget, [&] { run(0); });
    Line line(threads);
    std::atomic<bool> done = false;
    std::vector<std::jthread> others;
    for (int thread = 1; thread < threads; ++thread) {
        others.emplace_back([&, thread] {
            for (line.arrive_and_wait(); !done; line.arrive_and_wait()) {
                run(thread);
                line.arrive_and_wait();
            }
        });
    }
    const double best = best_seconds(budget, [&] {
        line.arrive_and_wait();
        run(0);
        line.arrive_and_wait();
    });
    done = true;
    line.arrive_and_wait();
    return best;
}

/// Keeps the compiler from dropping a result, or from folding a value that it could know.
template <typename T>
void keep(T& value) {
    asm volatile("" : "+m"(value) : : "memory");
}

constexpr int kSteps = 20'000;  // some 0.1 ms a run: short enough to find a moment without interruption

// Two FMA pipes with a latency of 4 cycles need 8 independent accumulators; a few more hide what the loop costs, and
// they, the factor and the summand still fit the register file: 32 registers with AVX-512, 16 without. The loops below
// are unrolled over accumulators, so each step is `kAccumulators` instructions.

__attribute__((target("avx512f"))) double fma_run_avx512() {
    constexpr int kAccumulators = 24;
    float factor = 0.999F, summand = 0.001F;
    keep(factor);
    keep(summand);
    const __m512 a = _mm512_set1_ps(factor), b = _mm512_set1_ps(summand);
    __m512 acc[kAccumulators];
#pragma GCC unroll 32
    for (auto& x : acc) x = b;
    for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 32
        for (auto& x : acc) asm("vfmadd213ps %2, %1, %0" : "+v"(x) : "v"(a), "v"(b));
    }
    __m512 sum = b;
#pragma GCC unroll 32
    for (auto& x : acc) sum = _mm512_add_ps(sum, x);
    keep(sum);
    return 2.0 * 16 * kAccumulators * kSteps;
}

__attribute__((target("avx2,fma"))) double fma_run_avx2() {
    constexpr int kAccumulators = 12;
    float factor = 0.999F, summand = 0.001F;
    keep(factor);
    keep(summand);
    const __m256 a = _mm256_set1_ps(factor), b = _mm256_set1_ps(summand);
    __m256 acc[kAccumulators];
#pragma GCC unroll 16
    for (auto& x : acc) x = b;
    for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
        for (auto& x : acc) asm("vfmadd213ps %2, %1, %0" : "+x"(x) : "x"(a), "x"(b));
    }
    __m256 sum = b;
#pragma GCC unroll 16
    for (auto& x : acc) sum = _mm256_add_ps(sum, x);
    keep(sum);
    return 2.0 * 8 * kAccumulators * kSteps;
}

// No FMA here: a multiplication and an addition.
double fma_run_baseline() {
    constexpr int kAccumulators = 12;
    float factor = 0.999F, summand = 0.001F;
    keep(factor);
    keep(summand);
    const __m128 a = _mm_set1_ps(factor), b = _mm_set1_ps(summand);
    __m128 acc[kAccumulators];
#pragma GCC unroll 16
    for (auto& x : acc) x = b;
    for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 16
        for (auto& x : acc) asm("mulps %1, %0\n\taddps %2, %0" : "+x"(x) : "x"(a), "x"(b));
    }
    __m128 sum = b;
#pragma GCC unroll 16
    for (auto& x : acc) sum = _mm_add_ps(sum, x);
    keep(sum);
    return 2.0 * 4 * kAccumulators * kSteps;
}

FmaPeak measure(const char* instruction_set, double (*run)(), int threads) {
    double operations = 0;
    const double seconds = best_seconds(0.03, threads, [&](int thread) {
        const double done = run();
        if (thread == 0) operations = done * threads;
    });
    return {instruction_set, operations / seconds * 1e-9};
}

struct FreeAligned {
    void operator()(std::byte* block) const { ::operator delete[](block, std::align_val_t{64}); }
};
using Block = std::unique_ptr<std::byte[], FreeAligned>;

/// Rounded up to whole cache lines and touched, so that no page fault is measured.
Block allocate(size_t& bytes) {
    bytes = (bytes + 63) / 64 * 64;
    Block block(new (std::align_val_t{64}) std::byte[bytes]);
    std::memset(block.get(), 1, bytes);
    return block;
}

void copy_plain(std::byte* to, const std::byte* from, size_t bytes) {
    std::memcpy(to, from, bytes);
}

// 16-byte stores are enough: the write-combining buffers gather them to whole lines, and every x86-64 has them.
void copy_streaming(std::byte* to, const std::byte* from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) {
        const auto* source = reinterpret_cast<const __m128i*>(from + i);
        auto* target = reinterpret_cast<__m128i*>(to + i);
        const __m128i a = _mm_load_si128(source), b = _mm_load_si128(source + 1);
        const __m128i c = _mm_load_si128(source + 2), d = _mm_load_si128(source + 3);
        _mm_stream_si128(target, a);
        _mm_stream_si128(target + 1, b);
        _mm_stream_si128(target + 2, c);
        _mm_stream_si128(target + 3, d);
    }
}

constexpr size_t kPage = 4096;

/// Copies block by block, so that source and destination advance together from their begin to their end; the smaller
/// one's blocks repeat and then come from, or stay in, the first-level cache.
struct BlockCopy {
    size_t block, source_blocks, target_blocks;

    BlockCopy(size_t read, size_t written)
        : block(std::min({kPage, read, written})), source_blocks(read / block), target_blocks(written / block) {}

    template <typename Copy>
    void run(std::byte* to, const std::byte* from, Copy&& copy, int thread, int threads) const {
        const size_t steps = std::max(source_blocks, target_blocks);
        for (size_t i = steps * thread / threads; i < steps * (thread + 1) / threads; ++i) {
            copy(to + i * target_blocks / steps * block, from + i * source_blocks / steps * block, block);
        }
        _mm_sfence();
    }

    /// Distinct bytes read and written; what a whole number of blocks leaves over is not copied and not counted.
    double bytes() const { return static_cast<double>((source_blocks + target_blocks) * block); }
};

}  // namespace

std::vector<FmaPeak> fma_peaks(int threads) {
    std::vector<FmaPeak> peaks;
    if (__builtin_cpu_supports("avx512f")) peaks.push_back(measure("avx512_skylake", fma_run_avx512, threads));
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        peaks.push_back(measure("avx2-f16c-fma", fma_run_avx2, threads));
    }
    peaks.push_back(measure("baseline", fma_run_baseline, threads));
    return peaks;
}

CopyRate copy_rate(size_t read, size_t written, int threads) {
    const Block from = allocate(read), to = allocate(written);
    const BlockCopy copy(read, written);
    const auto rate = [&](auto&& copy_block) {
        return copy.bytes() * 1e-9 / best_seconds(0.015, threads, [&](int thread) {
                   copy.run(to.get(), from.get(), copy_block, thread, threads);
               });
    };
    return {rate(copy_plain), rate(copy_streaming)};
}

double fill_rate(size_t bytes, int threads) {
    const double filled = static_cast<double>(bytes);
    const Block block = allocate(bytes);
    int value = 0;
    return filled * 1e-9 / best_seconds(0.015, threads, [&](int thread) {
               const size_t begin = bytes * thread / threads, end = bytes * (thread + 1) / threads;
               std::memset(block.get() + begin, thread == 0 ? ++value : 1, end - begin);
               asm volatile("" : : "r"(block.get()) : "memory");
           });
}

}  // namespace polyphase
