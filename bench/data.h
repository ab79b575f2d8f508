// Inputs to measure with: the same numbers for whoever computes a problem.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "problem/problem.h"

namespace polyphase {

/// Memory as every contender gets it: whole pages, touched, so that none has better alignment than the others; and, as
/// XNNPACK asks, some bytes past the end that may be read.
class Buffer {
  public:
    explicit Buffer(size_t bytes);
    explicit Buffer(const std::vector<float>& values);

    float* data() { return static_cast<float*>(data_.get()); }
    const float* data() const { return static_cast<const float*>(data_.get()); }

  private:
    struct Free {
        void operator()(void* data) const;
    };
    std::unique_ptr<void, Free> data_;
};

/// Uniform in [-1, 1).
std::vector<float> random_values(size_t count, unsigned seed);

/// For a max unpooling: a random place in each input's window, as [N, C, spatial...] indices in the input's layout.
std::vector<int64_t> random_indices(const Problem& problem, const MaxUnpool& op);

}  // namespace polyphase
