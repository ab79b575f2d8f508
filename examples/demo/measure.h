// How fast a kernel is, beside how fast it could be.
#pragma once

#include <string>
#include <vector>

#include "bench/ceilings.h"
#include "examples/demo/kernels.h"

namespace demo {

struct Measurement {
    double seconds = 0;         ///< best of many runs, one thread
    bool memory_bound = false;  ///< which of the two floors is the higher
    double rate = 0;            ///< GB/s when memory bound, else GFLOP/s
    double ceiling = 0;         ///< the same unit: copying as many bytes, or the FMA peak; measured in this run
    double percent() const { return 100 * rate / ceiling; }
    std::string rate_text(int digits = 1) const;  ///< "31.4 GB/s"
    std::string ceiling_text() const;             ///< "41.0 GB/s"
    std::string time_text() const;                ///< "0.041 ms"
};

/// Runs the kernel for about 40 ms. Throws std::runtime_error with the kernel's message if it fails.
Measurement measure(const Kernel& kernel, double peak_gflops);

/// One line per kernel, columns aligned; `kernels` and `measurements` correspond.
std::string table(const std::vector<Kernel>& kernels, const std::vector<Measurement>& measurements);

}  // namespace demo
