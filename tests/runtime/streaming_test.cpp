// Copies past the caches: every length and alignment, nothing else touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "runtime/src/streaming.h"

namespace {

constexpr int kBefore = 16, kRows = 3;
constexpr float kUntouched = -1;

struct Strides {
    int to, from;
};

void expect_copies(int to_offset, int row, Strides strides) {
    SCOPED_TRACE(testing::Message() << "offset " << to_offset << ", row " << row << ", strides " << strides.to << ", "
                                    << strides.from);
    std::vector<float> from(5 + kRows * strides.from + row),
        to(kBefore + to_offset + kRows * strides.to + row + 32, kUntouched);
    std::iota(from.begin(), from.end(), 0.0f);
    std::vector<float> expected = to;
    for (int r = 0; r < kRows; r++)
        std::copy_n(from.begin() + 5 + r * strides.from, row, expected.begin() + kBefore + to_offset + r * strides.to);
    EXPECT_EQ(polyphase_stream(to.data() + kBefore, to_offset, from.data(), 5, row, kRows, strides.to, strides.from),
              0);
    EXPECT_EQ(polyphase_stream_fence(), 0);
    EXPECT_EQ(to, expected);
}

TEST(Streaming, CopiesRows) {
    for (int to_offset = 0; to_offset < 16; to_offset++) {
        for (const int row : {0, 1, 7, 15, 16, 17, 31, 33, 64, 100}) {
            expect_copies(to_offset, row, {row, row});
            expect_copies(to_offset, row, {row + 3, row});
            expect_copies(to_offset, row, {row, row + 16});
        }
    }
}

}  // namespace
