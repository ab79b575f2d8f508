// Kernels compiled in process, for tests and tuning.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "problem/problem.h"
#include "schedules/schedule.h"

namespace polyphase {

struct JitOptions {
    std::string schedule;         ///< "" for the planner's choice, "reference", or a Schedule as JSON
    std::string target = "host";  ///< a Halide target string that this machine can run; "host": its instruction set
};

/// One problem, compiled. Tensors are dense in the problem's layouts, weights in the problem's weight layout.
class JitKernel {
  public:
    /// Throws std::invalid_argument if the schedule is impossible, std::runtime_error with Halide's words if it
    /// refuses.
    static JitKernel compile(const Problem& problem, const JitOptions& options = {});

    /// Pointers that the problem has no use for may be null. Returns Halide's error code, 0 for success.
    int run(const float* input, const float* weights, const float* bias, const float* slopes, const float* residual,
            float* output, int num_threads = 1) const;

    /// The same in two steps, so that weights are packed once: pack, then run_packed any number of times.
    int pack(const float* weights, const float* bias, const float* slopes);
    int run_packed(const float* input, const float* residual, float* output, int num_threads = 1) const;

    /// Operators with indices, dense like the values that they belong to: max_pool_indices writes them, max_unpool
    /// reads them. The latter returns kIndexOutside, with the output untouched, if an index names no element of its
    /// tensor. Not for two threads at once.
    int run_with_indices(const float* input, float* output, int64_t* indices, int num_threads = 1) const;
    int run_indexed(const float* input, const int64_t* indices, float* output, int num_threads = 1) const;
    static constexpr int kIndexOutside = 1;  ///< Halide's own error codes are negative

    const Schedule& schedule() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace polyphase
