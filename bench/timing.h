// The speed of one kernel, compiled in process, beside the ceilings of this machine measured with it.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "problem/problem.h"
#include "schedules/schedule.h"

namespace polyphase {

struct TimingOptions {
    std::string schedule;         ///< as JitOptions has it
    std::string target = "host";  ///< as JitOptions has it
    int threads = 1;
    double seconds = 0.5;  ///< to repeat runs for; there are three at least
};

/// Ceilings drift with the machine's clock and its other tenants, so a kernel's are measured right after it.
struct Timing {
    Schedule schedule;
    double seconds = 0;    ///< the fastest run
    double flops = 0;      ///< those of the definition (direct FLOPs), so a kernel that needs fewer may exceed the peak
    double bytes = 0;      ///< min_bytes
    double fma_peak = 0;   ///< FLOP/s of the target's instruction set on `threads` cores
    double copy_rate = 0;  ///< bytes/s of copying as much as the problem reads and writes, one core

    double fma_share() const { return flops / fma_peak / seconds; }
    double copy_share() const { return bytes / copy_rate / seconds; }
    /// The speed as a share of what the nearer of the two ceilings allows.
    double ceiling_share() const { return std::max(fma_share(), copy_share()); }
};

/// Throws what JitKernel::compile throws, and std::runtime_error if the kernel returns an error.
Timing time_kernel(const Problem& problem, const TimingOptions& options);

/// "space tile_x=2 vectors=1".
std::string schedule_text(const Schedule& schedule);

/// name, target, threads, flops, bytes, seconds, gflops, fma_peak_gflops, fma_percent, copy_gb, copy_percent, schedule.
nlohmann::ordered_json to_json(const Problem& problem, const TimingOptions& options, const Timing& timing);

}  // namespace polyphase
