// Prints this machine's ceilings.
#include <cstdio>

#include "bench/ceilings.h"

int main() {
    std::printf("One core, f32:\n");
    for (const auto& peak : polyphase::fma_peaks()) {
        std::printf("  %-16s %8.1f GFLOP/s\n", peak.instruction_set.c_str(), peak.gflops);
    }
    std::printf("One core, GB/s:%14s%12s%12s\n", "memcpy", "streaming", "memset");
    for (const size_t bytes : {size_t{256} << 10, size_t{2} << 20, size_t{16} << 20, size_t{64} << 20}) {
        const auto copy = polyphase::copy_rate(bytes / 2, bytes / 2);
        std::printf("  %8zu KiB moved %11.1f%12.1f%12.1f\n", bytes >> 10, copy.plain, copy.streaming,
                    polyphase::fill_rate(bytes));
    }
}
