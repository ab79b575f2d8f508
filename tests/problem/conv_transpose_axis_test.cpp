// Phases of a transposed convolution against its definition: input i reaches output o through kernel index k iff
// i*stride + k*dilation - pad_begin = o.
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <utility>

#include "problem/axis_map.h"
#include "tests/support/rng.h"

namespace polyphase {
namespace {

using ::testing::ElementsAre;

struct Axis {
    int input, kernel, stride, dilation, pad_begin, output;
};

void PrintTo(const Axis& axis, std::ostream* out) {
    *out << "conv_transpose_axis(" << axis.input << ", " << axis.kernel << ", " << axis.stride << ", " << axis.dilation
         << ", " << axis.pad_begin << ", " << axis.output << ")";
}

/// The (input, kernel index) pairs of every output, by enumerating all inputs and kernel indices.
using Pairs = std::vector<std::set<std::pair<int, int>>>;

Pairs scattered(const Axis& axis) {
    Pairs pairs(axis.output);
    for (int i = 0; i < axis.input; i++)
        for (int k = 0; k < axis.kernel; k++)
            if (const int o = i * axis.stride + k * axis.dilation - axis.pad_begin; o >= 0 && o < axis.output)
                pairs[o].insert({i, k});
    return pairs;
}

/// The same as the phases list them; a pair that is listed twice or has an impossible kernel index is reported as (-1,
/// k).
Pairs gathered(const AxisMap& map, int kernel) {
    Pairs pairs(map.output);
    for (int o = 0; o < map.output; o++) {
        const Phase& phase = map.phases[o % map.period];
        for (int t = 0; t < phase.taps; t++) {
            const int i = map.advance * (o / map.period) + phase.first_input + t * map.input_step;
            const int k = phase.first_kernel + t * map.kernel_step;
            const bool sound = k >= 0 && k < kernel;
            if (!sound || (i >= 0 && i < map.input && !pairs[o].insert({i, k}).second)) pairs[o].insert({-1, k});
        }
    }
    return pairs;
}

/// Whether every output of period q exists and every tap of every phase reads inside the input.
bool is_interior(const AxisMap& map, int q) {
    if (q < 0 || map.period * (q + 1) > map.output) return false;
    for (const Phase& phase : map.phases) {
        for (int t = 0; t < phase.taps; t++) {
            const int i = map.advance * q + phase.first_input + t * map.input_step;
            if (i < 0 || i >= map.input) return false;
        }
    }
    return true;
}

void expect_definition(const Axis& axis) {
    const AxisMap map =
        conv_transpose_axis(axis.input, axis.kernel, axis.stride, axis.dilation, axis.pad_begin, axis.output);
    ASSERT_EQ(map.input, axis.input);
    ASSERT_EQ(map.output, axis.output);
    ASSERT_EQ(map.period, axis.stride);
    ASSERT_EQ(map.phases.size(), static_cast<size_t>(axis.stride));
    const Pairs truth = scattered(axis);
    ASSERT_EQ(gathered(map, axis.kernel), truth);

    long long live = 0;
    for (const auto& pairs : truth) live += static_cast<long long>(pairs.size());
    ASSERT_EQ(map.live_taps(), live);

    const Range interior = map.interior();
    for (int q = -2; q <= map.output / map.period + 2; q++)
        ASSERT_EQ(interior.begin <= q && q < interior.end, is_interior(map, q)) << "q = " << q;
}

Axis random_axis(testing::Rng& rng) {
    Axis axis{};
    axis.input = rng.uniform(1, 12);
    axis.kernel = rng.uniform(1, 9);
    axis.stride = rng.uniform(1, 8);
    axis.dilation = rng.uniform(1, 8);
    axis.pad_begin = rng.chance(20) ? rng.uniform(-70, 70) : rng.uniform(-6, 12);
    axis.output = rng.chance(20) ? rng.uniform(1, 160) : rng.uniform(1, 50);
    return axis;
}

TEST(ConvTransposeAxis, RandomAxesFollowTheDefinition) {
    constexpr uint64_t kSeed = 20250101;
    testing::Rng rng(kSeed);
    for (int n = 0; n < 25000; n++) {
        const Axis axis = random_axis(rng);
        SCOPED_TRACE("seed " + std::to_string(kSeed) + ", axis " + std::to_string(n) + ": " +
                     ::testing::PrintToString(axis));
        ASSERT_NO_FATAL_FAILURE(expect_definition(axis));
    }
}

TEST(ConvTransposeAxis, EverySmallStrideAndDilation) {
    for (int stride = 1; stride <= 12; stride++)
        for (int dilation = 1; dilation <= 12; dilation++)
            for (int kernel = 1; kernel <= 5; kernel++) {
                const Axis axis{4, kernel, stride, dilation, 3, 3 * stride + (kernel - 1) * dilation + 1};
                SCOPED_TRACE(::testing::PrintToString(axis));
                ASSERT_NO_FATAL_FAILURE(expect_definition(axis));
            }
}

TEST(ConvTransposeAxis, KernelFourStrideTwoHasTwoTapsPerPhase) {
    const AxisMap map = conv_transpose_axis(8, 4, 2, 1, 1, 16);
    EXPECT_EQ(map.input_step, -1);
    EXPECT_EQ(map.kernel_step, 2);
    ASSERT_EQ(map.phases.size(), 2U);
    // o = 2q: kernel 1 reads input q, kernel 3 reads q - 1. o = 2q + 1: kernel 0 reads q + 1, kernel 2 reads q.
    EXPECT_EQ(map.phases[0].taps, 2);
    EXPECT_EQ(map.phases[0].first_kernel, 1);
    EXPECT_EQ(map.phases[0].first_input, 0);
    EXPECT_EQ(map.phases[1].taps, 2);
    EXPECT_EQ(map.phases[1].first_kernel, 0);
    EXPECT_EQ(map.phases[1].first_input, 1);
    EXPECT_EQ(map.interior().begin, 1);
    EXPECT_EQ(map.interior().end, 7);
    EXPECT_EQ(map.taps(), 2);
}

TEST(ConvTransposeAxis, PhasesThatTheCommonFactorExcludesAreEmpty) {
    const AxisMap map = conv_transpose_axis(5, 3, 4, 2, 0, 21);
    std::vector<int> taps;
    for (const Phase& phase : map.phases) taps.push_back(phase.taps);
    EXPECT_THAT(taps, ElementsAre(2, 0, 1, 0));
}

TEST(ConvTransposeAxis, StrideBeyondTheKernelLeavesPhasesWithoutTaps) {
    const AxisMap map = conv_transpose_axis(3, 2, 5, 1, 0, 15);
    std::vector<int> taps;
    for (const Phase& phase : map.phases) taps.push_back(phase.taps);
    EXPECT_THAT(taps, ElementsAre(1, 1, 0, 0, 0));
    EXPECT_EQ(map.live_taps(), 6);
}

TEST(ConvTransposeAxis, LargeNumbersStayExact) {
    // (input - 1)*stride is close to 2^31; only the last outputs are kept.
    const int input = 32768, stride = 65535, kernel = 3;
    const int uncropped = (input - 1) * stride + kernel;
    const AxisMap map = conv_transpose_axis(input, kernel, stride, 1, uncropped - 3, 3);
    const Phase& last = map.phases[2];
    ASSERT_EQ(last.taps, 1);
    EXPECT_EQ(last.first_kernel, 2);
    EXPECT_EQ(last.first_input, input - 1);
    EXPECT_EQ(map.live_taps(), 3);
}

TEST(ConvTransposeAxis, NoInteriorIsTheEmptyRangeAtZero) {
    const Range interior = conv_transpose_axis(1, 4, 1, 1, 0, 4).interior();
    EXPECT_EQ(interior.begin, 0);
    EXPECT_EQ(interior.end, 0);
}

// The classic example: input [[0,1],[2,3]], the same kernel, stride 1, no padding.
TEST(ConvTransposeAxis, ClassicExample) {
    const int image[2][2] = {{0, 1}, {2, 3}};
    const AxisMap map = conv_transpose_axis(2, 2, 1, 1, 0, 3);
    const Pairs pairs = gathered(map, 2);
    std::vector<std::vector<int>> output(3, std::vector<int>(3, 0));
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            for (const auto& [iy, ky] : pairs[y])
                for (const auto& [ix, kx] : pairs[x]) output[y][x] += image[iy][ix] * image[ky][kx];
    EXPECT_THAT(output, ElementsAre(ElementsAre(0, 0, 1), ElementsAre(0, 4, 6), ElementsAre(4, 12, 9)));
}

}  // namespace
}  // namespace polyphase
