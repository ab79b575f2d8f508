#include <gtest/gtest.h>

#include "problem/axis_map.h"

namespace polyphase {
namespace {

/// The input that each output copies, or -1.
std::vector<int> copied(const AxisMap& map) {
    std::vector<int> from(map.output, -1);
    for (int o = 0; o < map.output; o++) {
        const Phase& phase = map.phases[o % map.period];
        if (phase.taps == 0) continue;
        EXPECT_EQ(phase.weights, std::vector<double>{1.0});
        const int i = map.advance * (o / map.period) + phase.first_input;
        if (i >= 0 && i < map.input) from[o] = i;
    }
    return from;
}

TEST(ZeroInsertAxis, InputsLandOnMultiplesOfTheStridePlusOffset) {
    for (int input = 1; input <= 5; input++)
        for (int stride = 1; stride <= 5; stride++)
            for (int offset = 0; offset < stride; offset++)
                for (int output = 1; output <= input * stride + 3; output++) {
                    const AxisMap map = zero_insert_axis(input, stride, offset, output);
                    std::vector<int> truth(output, -1);
                    long long live = 0;
                    for (int i = 0; i < input; i++)
                        if (const int o = i * stride + offset; o < output) truth[o] = i, live++;
                    ASSERT_EQ(copied(map), truth)
                        << "input " << input << ", stride " << stride << ", offset " << offset;
                    ASSERT_EQ(map.live_taps(), live);
                }
}

TEST(ZeroInsertAxis, OnePhaseHasATap) {
    const AxisMap map = zero_insert_axis(4, 3, 1, 12);
    EXPECT_EQ(map.taps(), 1);
    EXPECT_EQ(map.phases[0].taps, 0);
    EXPECT_EQ(map.phases[1].taps, 1);
    EXPECT_EQ(map.phases[2].taps, 0);
    EXPECT_EQ(map.interior().begin, 0);
    EXPECT_EQ(map.interior().end, 4);
}

}  // namespace
}  // namespace polyphase
