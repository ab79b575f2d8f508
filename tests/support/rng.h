// Random numbers that are the same on every standard library: the engine is specified by C++, the distributions are
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

namespace polyphase::testing {

class Rng {
  public:
    explicit Rng(uint64_t seed) : engine_(seed) {}

    /// Uniform in [first, last].
    int uniform(int first, int last) {
        const auto span = static_cast<uint64_t>(static_cast<int64_t>(last) - first) + 1;
        return static_cast<int>(first + static_cast<int64_t>(engine_() % span));
    }
    /// Uniform in [first, last).
    double real(double first, double last) {
        return first + (last - first) * static_cast<double>(engine_() >> 11) * 0x1p-53;
    }
    /// True in `percent` of a hundred cases.
    bool chance(int percent) { return uniform(1, 100) <= percent; }

    template <typename T>
    T pick(std::initializer_list<T> values) {
        return values.begin()[uniform(0, static_cast<int>(values.size()) - 1)];
    }
    template <typename T>
    const T& pick(const std::vector<T>& values) {
        return values[static_cast<size_t>(uniform(0, static_cast<int>(values.size()) - 1))];
    }

  private:
    std::mt19937_64 engine_;
};

/// The seed of case `index` of a run seeded with `seed`, so that one case can be repeated without those before it
/// (splitmix64).
inline uint64_t case_seed(uint64_t seed, uint64_t index) {
    uint64_t z = seed * 0x9E3779B97F4A7C15ULL + index + 1;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

}  // namespace polyphase::testing
