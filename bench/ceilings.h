// What one core of this machine, or several, can do at best, measured now: the yardsticks that every reported speed is
// divided by.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace polyphase {

/// Arithmetic ceiling of one instruction set.
struct FmaPeak {
    std::string instruction_set;  ///< as kernels name it: "avx512_skylake", "avx2-f16c-fma", "baseline"
    double gflops = 0;            ///< f32, a multiply-add counted as two operations
};

/// Bandwidth ceilings for one amount of data, in GB/s (1e9 bytes, read plus written).
struct CopyRate {
    double plain = 0;      ///< memcpy
    double streaming = 0;  ///< non-temporal stores, which save the read for ownership once the data exceeds the caches
    double best() const { return plain > streaming ? plain : streaming; }
};

/// The peaks of every instruction set that this CPU has, best first, of `threads` threads together. Registers only,
/// independent accumulators; about 0.1 s.
std::vector<FmaPeak> fma_peaks(int threads = 1);

/// Copies a source of `read` bytes to a destination of `written` bytes, blocks of the smaller one as often as the sizes
/// ask for, so that the traffic is that of a kernel which reads and writes these amounts once. Both are at least 1.
/// Each of the threads does its share. About 30 ms, more above 50 MB.
CopyRate copy_rate(size_t read, size_t written, int threads = 1);

/// memset over `bytes` bytes (at least 1), in GB/s: the ceiling of a kernel that only writes. About 15 ms, more above
/// 50 MB.
double fill_rate(size_t bytes, int threads = 1);

}  // namespace polyphase
