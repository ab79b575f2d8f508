#include "problem/inspect.h"

#include <gmock/gmock.h>

#include "problem/problem_file.h"

namespace polyphase {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Problem problem_of(std::string_view json) {
    const ParseResult result = parse_problems(json);
    EXPECT_THAT(result.errors, IsEmpty());
    return result.problems.empty() ? Problem{} : result.problems[0];
}

Problem conv_transpose(int kernel, int stride, int dilation = 1) {
    return problem_of(R"({"name": "up", "op": "conv_transpose", "input": [1, 2, 5, 5], "out_channels": 3, "kernel": )" +
                      std::to_string(kernel) + R"(, "stride": )" + std::to_string(stride) + R"(, "dilation": )" +
                      std::to_string(dilation) + "}");
}

TEST(Overlap, TapsByPhase) {
    const auto maps = axis_maps(conv_transpose(3, 2));
    EXPECT_THAT(overlap(maps[0]), ElementsAre(2, 1));
    EXPECT_THAT(overlap(maps[0], maps[1]), ElementsAre(ElementsAre(4, 2), ElementsAre(2, 1)));
}

TEST(Overlap, IgnoresZeroWeights) {
    const Problem tripled =
        problem_of(R"({"name": "x3", "op": "resize", "input": [1, 1, 10], "output": 30, "mode": "cubic"})");
    EXPECT_THAT(overlap(axis_maps(tripled)[0]), ElementsAre(4, 1, 4));
}

TEST(Checkerboard, WarnsWhereTheStrideDoesNotDivideTheKernel) {
    const auto warnings = checkerboard_warnings(conv_transpose(3, 2));
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_THAT(warnings[0], AllOf(HasSubstr("height"), HasSubstr("kernel 3 with stride 2"), HasSubstr("1 to 2 taps"),
                                   HasSubstr("kernel 2 or 4 avoids it")));
    EXPECT_THAT(warnings[1], HasSubstr("width"));
}

TEST(Checkerboard, SilentWhereEveryPhaseHasAsManyTaps) {
    EXPECT_THAT(checkerboard_warnings(conv_transpose(4, 2)), IsEmpty());
    EXPECT_THAT(checkerboard_warnings(conv_transpose(3, 1)), IsEmpty());
    EXPECT_THAT(checkerboard_warnings(conv_transpose(4, 2, 3)), IsEmpty());
    EXPECT_THAT(
        checkerboard_warnings(problem_of(R"({"name": "n", "op": "zero_insert", "input": [1, 1, 4], "stride": 2})")),
        IsEmpty());
}

TEST(Checkerboard, KernelBelowTheStrideCanOnlyGrow) {
    EXPECT_THAT(checkerboard_warnings(conv_transpose(2, 3))[0],
                AllOf(HasSubstr("0 to 1 taps"), HasSubstr("; kernel 3 avoids it")));
}

TEST(Checkerboard, SharedFactorOfStrideAndDilationHasNoRemedy) {
    EXPECT_THAT(checkerboard_warnings(conv_transpose(4, 2, 2))[0],
                AllOf(HasSubstr("dilation 2"), HasSubstr("no kernel size avoids it"), HasSubstr("factor 2")));
}

TEST(Shapes, FollowTheLayout) {
    const Problem problem = problem_of(
        R"({"name": "up", "op": "conv_transpose", "input": [1, 4, 5, 6], "out_channels": 8, "kernel": [2, 3], "stride": [2, 3], "groups": 2,
            "output_layout": "nhwc", "weight_layout": "cout_k_cin"})");
    EXPECT_THAT(input_shape(problem), ElementsAre(1, 4, 5, 6));
    EXPECT_THAT(output_shape(problem), ElementsAre(1, 10, 18, 8));
    EXPECT_THAT(weight_shape(problem), ElementsAre(8, 2, 3, 2));
    Problem other = problem;
    std::get<ConvTranspose>(other.op).weight_layout = WeightLayout::cin_cout_k;
    EXPECT_THAT(weight_shape(other), ElementsAre(4, 4, 2, 3));
    std::get<ConvTranspose>(other.op).groups = 1;
    std::get<ConvTranspose>(other.op).weight_layout = WeightLayout::k_cout_cin;
    EXPECT_THAT(weight_shape(other), ElementsAre(2, 3, 8, 4));
}

TEST(Inspect, JsonHasShapesCountsAndPhases) {
    const Problem problem = conv_transpose(3, 2);
    const auto json = inspect(problem);
    EXPECT_EQ(json["name"], "up");
    EXPECT_EQ(json["op"], "conv_transpose");
    EXPECT_EQ(json["input"]["shape"], (std::vector{1, 2, 5, 5}));
    EXPECT_EQ(json["output"]["shape"], (std::vector{1, 3, 11, 11}));
    EXPECT_EQ(json["weights"]["elements"], 54);
    EXPECT_EQ(json["flops"], flops(problem));
    EXPECT_EQ(json["min_bytes"], min_bytes(problem));
    EXPECT_EQ(json["axes"][0]["period"], 2);
    EXPECT_EQ(json["axes"][0]["phases"][0]["first_kernel"], 0);
    EXPECT_EQ(json["overlap"], (std::vector<std::vector<int>>{{4, 2}, {2, 1}}));
    EXPECT_EQ(json["warnings"].size(), 2U);
}

TEST(Inspect, LongListsOfPhasesAreCut) {
    const Problem problem =
        problem_of(R"({"name": "r", "op": "resize", "input": [1, 1, 1009], "output": 2003, "mode": "linear"})");
    const auto json = inspect(problem);
    EXPECT_EQ(json["axes"][0]["period"], 2003);
    EXPECT_EQ(json["axes"][0]["phases"].size(), static_cast<size_t>(kMostPhasesShown));
    EXPECT_EQ(json["overlap"][0].size(), static_cast<size_t>(kMostPhasesShown));
    EXPECT_THAT(inspect_text(problem), HasSubstr("..."));
}

TEST(Inspect, TextNamesEverything) {
    const std::string text = inspect_text(conv_transpose(3, 2));
    for (const char* part : {"up: conv_transpose", "1 x 2 x 5 x 5", "1 x 3 x 11 x 11", "2 x 3 x 3 x 3  cin_cout_k",
                             "FLOP", "2 phases", "overlap map", "   4   2\n", "   2   1\n", "warning: height"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(inspect_text(conv_transpose(4, 2)), Not(HasSubstr("warning")));
}

}  // namespace
}  // namespace polyphase
