// The oracle against numbers worked by hand and against the examples of the ONNX operators' documentation.
#include "tests/reference/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/reference/error_bound.h"

namespace polyphase::reference {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Pointwise;

using Values = std::vector<float>;

Values counting(int count, float first = 0) {
    Values values(static_cast<size_t>(count));
    std::iota(values.begin(), values.end(), first);
    return values;
}

// Named as GoogleMock names its matchers.
MATCHER_P(Near, tolerance, "") {  // NOLINT(readability-identifier-naming)
    return std::abs(static_cast<double>(std::get<0>(arg)) - static_cast<double>(std::get<1>(arg))) <= tolerance;
}

// ---------------------------------------------------------------- transposed convolution

/// An unpadded, dense, ungrouped problem with one channel each way; the output is the uncropped one.
Problem conv(const std::vector<int>& input, const std::vector<int>& kernel, const std::vector<int>& stride) {
    Problem problem;
    problem.in_channels = problem.out_channels = 1;
    problem.input = input;
    ConvTranspose op;
    op.kernel = kernel;
    op.stride = stride;
    op.dilation.assign(input.size(), 1);
    op.pad_begin.assign(input.size(), 0);
    op.pad_end.assign(input.size(), 0);
    problem.op = op;
    for (size_t i = 0; i < input.size(); ++i) problem.output.push_back((input[i] - 1) * stride[i] + kernel[i]);
    return problem;
}

ConvTranspose& conv_of(Problem& problem) {
    return std::get<ConvTranspose>(problem.op);
}

std::vector<double> run(const Problem& problem, const Values& input, const Values& weights, const Values& bias = {},
                        const Values& slopes = {}, const Values& residual = {}) {
    const auto pointer = [](const Values& values) { return values.empty() ? nullptr : values.data(); };
    return evaluate(problem, {pointer(input), pointer(weights), pointer(bias), pointer(slopes), pointer(residual)})
        .value;
}

TEST(ConvTranspose, ClassicExample) {
    EXPECT_THAT(run(conv({2, 2}, {2, 2}, {1, 1}), {0, 1, 2, 3}, {0, 1, 2, 3}), ElementsAre(0, 0, 1, 0, 4, 6, 4, 12, 9));
}

TEST(ConvTranspose, StrideInterleavesTheTaps) {
    EXPECT_THAT(run(conv({2}, {3}, {2}), {1, 2}, {1, 10, 100}), ElementsAre(1, 10, 102, 20, 200));
}

TEST(ConvTranspose, PadsCropAndNegativePadsExtend) {
    Problem problem = conv({2}, {3}, {2});
    conv_of(problem).pad_begin = {1};
    conv_of(problem).pad_end = {1};
    problem.output = {3};
    EXPECT_THAT(run(problem, {1, 2}, {1, 10, 100}), ElementsAre(10, 102, 20));
    conv_of(problem).pad_begin = {-1};
    conv_of(problem).pad_end = {-2};
    problem.output = {8};
    EXPECT_THAT(run(problem, {1, 2}, {1, 10, 100}), ElementsAre(0, 1, 10, 102, 20, 200, 0, 0));
    conv_of(problem).pad_begin = {3};
    conv_of(problem).pad_end = {-1};
    problem.output = {3};
    EXPECT_THAT(run(problem, {1, 2}, {1, 10, 100}), ElementsAre(20, 200, 0));
}

TEST(ConvTranspose, DilationSpreadsTheTaps) {
    Problem problem = conv({2}, {2}, {1});
    conv_of(problem).dilation = {2};
    problem.output = {4};
    EXPECT_THAT(run(problem, {1, 2}, {1, 10}), ElementsAre(1, 2, 10, 20));
}

TEST(ConvTranspose, CommonFactorOfStrideAndDilationLeavesPhasesEmpty) {
    Problem problem = conv({2}, {2}, {2});
    conv_of(problem).dilation = {2};
    problem.output = {5};
    EXPECT_THAT(run(problem, {1, 2}, {1, 10}), ElementsAre(1, 0, 12, 0, 20));
}

TEST(ConvTranspose, OutputsThatNoInputReachesHoldTheBias) {
    Problem problem = conv({2}, {1}, {3});
    conv_of(problem).bias = true;
    conv_of(problem).pad_end = {-2};
    problem.output = {6};
    EXPECT_THAT(run(problem, {1, 2}, {5}, {7}), ElementsAre(12, 7, 7, 17, 7, 7));
}

TEST(ConvTranspose, GroupsSeeTheirOwnChannelsOnly) {
    Problem problem = conv({1}, {1}, {1});
    problem.in_channels = 2;
    problem.out_channels = 4;
    conv_of(problem).groups = 2;
    EXPECT_THAT(run(problem, {1, 2}, {3, 4, 5, 6}), ElementsAre(3, 4, 10, 12));
}

TEST(ConvTranspose, ThreeDimensionsCopyTheKernel) {
    const Values weights = {1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_THAT(run(conv({1, 1, 1}, {2, 2, 2}, {2, 2, 2}), {1}, weights), ElementsAreArray(weights));
}

TEST(ConvTranspose, BatchesAreIndependent) {
    Problem problem = conv({2}, {2}, {1});
    problem.batch = 2;
    EXPECT_THAT(run(problem, {1, 0, 0, 2}, {3, 4}), ElementsAre(3, 4, 0, 0, 6, 8));
}

/// Two input and three output channels, a kernel of two: W[ci][co][k] = 100*(ci+1) + 10*(co+1) + k.
TEST(ConvTranspose, WeightLayouts) {
    Problem problem = conv({1}, {2}, {1});
    problem.in_channels = 2;
    problem.out_channels = 3;
    const Values input = {1, 1000};
    const auto expected = ElementsAre(210110, 211111, 220120, 221121, 230130, 231131);
    const auto w = [](int ci, int co, int k) { return static_cast<float>(100 * (ci + 1) + 10 * (co + 1) + k); };

    Values cin_cout_k, k_cout_cin, cout_k_cin;
    for (int ci = 0; ci < 2; ++ci) {
        for (int co = 0; co < 3; ++co) {
            for (int k = 0; k < 2; ++k) cin_cout_k.push_back(w(ci, co, k));
        }
    }
    for (int k = 0; k < 2; ++k) {
        for (int co = 0; co < 3; ++co) {
            for (int ci = 0; ci < 2; ++ci) k_cout_cin.push_back(w(ci, co, k));
        }
    }
    for (int co = 0; co < 3; ++co) {
        for (int k = 0; k < 2; ++k) {
            for (int ci = 0; ci < 2; ++ci) cout_k_cin.push_back(w(ci, co, k));
        }
    }
    EXPECT_THAT(run(problem, input, cin_cout_k), expected);
    conv_of(problem).weight_layout = WeightLayout::k_cout_cin;
    EXPECT_THAT(run(problem, input, k_cout_cin), expected);
    conv_of(problem).weight_layout = WeightLayout::cout_k_cin;
    EXPECT_THAT(run(problem, input, cout_k_cin), expected);
}

TEST(ConvTranspose, CoutKCinWithGroups) {
    // Four input channels in two groups, two output channels: W[co][k][ci of the group].
    Problem problem = conv({1}, {1}, {1});
    problem.in_channels = 4;
    problem.out_channels = 2;
    conv_of(problem).groups = 2;
    conv_of(problem).weight_layout = WeightLayout::cout_k_cin;
    EXPECT_THAT(run(problem, {1, 10, 100, 1000}, {1, 2, 3, 4}), ElementsAre(21, 4300));
}

TEST(ConvTranspose, TensorLayouts) {
    // Two channels of a two-pixel row, k = 1, weights the identity scaled by 1 and 10.
    Problem problem = conv({2}, {1}, {1});
    problem.in_channels = problem.out_channels = 2;
    const Values weights = {1, 0, 0, 10};
    EXPECT_THAT(run(problem, {1, 2, 3, 4}, weights), ElementsAre(1, 2, 30, 40));
    problem.input_layout = Layout::nhwc;
    EXPECT_THAT(run(problem, {1, 3, 2, 4}, weights), ElementsAre(1, 2, 30, 40));
    problem.output_layout = Layout::nhwc;
    EXPECT_THAT(run(problem, {1, 3, 2, 4}, weights), ElementsAre(1, 30, 2, 40));
    problem.input_layout = Layout::nchw;
    EXPECT_THAT(run(problem, {1, 2, 3, 4}, weights), ElementsAre(1, 30, 2, 40));
}

TEST(ConvTranspose, OnnxExample) {
    Problem problem = conv({3, 3}, {3, 3}, {1, 1});
    EXPECT_THAT(run(problem, counting(9), Values(9, 1)),
                ElementsAre(0, 1, 3, 3, 2, 3, 8, 15, 12, 7, 9, 21, 36, 27, 15, 9, 20, 33, 24, 13, 6, 13, 21, 15, 8));
}

TEST(ConvTranspose, OnnxExampleWithDilations) {
    Problem problem = conv({3, 3}, {2, 2}, {1, 1});
    conv_of(problem).dilation = {2, 2};
    problem.output = {5, 5};
    EXPECT_THAT(
        run(problem, {3, 8, 1, 9, 5, 7, 3, 2, 6}, {7, 2, 1, 9}),
        ElementsAre(21, 56, 13, 16, 2, 63, 35, 67, 10, 14, 24, 22, 76, 76, 21, 9, 5, 88, 45, 63, 3, 2, 33, 18, 54));
}

TEST(ConvTranspose, OnnxExampleWithPads) {
    Problem problem = conv({3, 3}, {3, 3}, {3, 2});
    conv_of(problem).pad_begin = {1, 2};
    conv_of(problem).pad_end = {1, 2};
    problem.output = {7, 3};
    EXPECT_THAT(run(problem, counting(9), Values(9, 1)),
                ElementsAre(1, 1, 3, 1, 1, 3, 7, 4, 9, 7, 4, 9, 7, 4, 9, 13, 7, 15, 13, 7, 15));
}

TEST(ConvTranspose, MagnitudesAndTermsCountWhatWasAdded) {
    Problem problem = conv({2}, {2}, {1});
    conv_of(problem).bias = true;
    const Values input = {1, -2}, weights = {3, 4}, bias = {-5};
    const Result result = evaluate(problem, {input.data(), weights.data(), bias.data(), nullptr, nullptr});
    EXPECT_THAT(result.value, ElementsAre(-2, -7, -13));  // 3-5, 4-6-5, -8-5
    EXPECT_THAT(result.magnitude, ElementsAre(8, 15, 13));
    EXPECT_THAT(result.terms, ElementsAre(2, 3, 2));
    for (size_t i = 0; i < 3; ++i) {
        EXPECT_GT(result.bound[i], kUnitRoundoff * result.magnitude[i]);
        EXPECT_LT(result.bound[i], 12 * kUnitRoundoff * result.magnitude[i]);
    }
}

// ---------------------------------------------------------------- epilogue

/// conv with k = 1 and weight 1: the values pass through to the epilogue.
std::vector<double> activated(const Activation& activation, const Values& input, const Values& slopes = {}) {
    Problem problem = conv({static_cast<int>(input.size())}, {1}, {1});
    problem.activation = activation;
    return run(problem, input, {1}, {}, slopes);
}

TEST(Epilogue, Activations) {
    const Values x = {-2, 0, 3, 8};
    EXPECT_THAT(activated({Activation::Kind::none}, x), ElementsAre(-2, 0, 3, 8));
    EXPECT_THAT(activated({Activation::Kind::relu}, x), ElementsAre(0, 0, 3, 8));
    EXPECT_THAT(activated({Activation::Kind::leaky_relu, 0.25}, x), ElementsAre(-0.5, 0, 3, 8));
    EXPECT_THAT(activated({Activation::Kind::prelu}, x, {2}), ElementsAre(-4, 0, 3, 8));
    EXPECT_THAT(activated({Activation::Kind::clip, 0, 0, 6}, x), ElementsAre(0, 0, 3, 6));
    EXPECT_THAT(activated({Activation::Kind::clip, 0, -1, 2.5}, x), ElementsAre(-1, 0, 2.5, 2.5));
    EXPECT_THAT(activated({Activation::Kind::tanh}, {0, 1, -1}),
                ElementsAre(0, DoubleNear(0.76159415595576, 1e-13), DoubleNear(-0.76159415595576, 1e-13)));
    EXPECT_THAT(activated({Activation::Kind::sigmoid}, {0, 1, -100}),
                ElementsAre(0.5, DoubleNear(0.73105857863000, 1e-13), DoubleNear(0, 1e-30)));
}

TEST(Epilogue, BiasAndResidualComeBeforeTheActivation) {
    Problem problem = conv({2}, {1}, {1});
    problem.out_channels = 2;
    problem.output_layout = Layout::nhwc;
    problem.residual = true;
    problem.activation.kind = Activation::Kind::relu;
    conv_of(problem).bias = true;
    // Channels hold x and -x; bias 10 and 20; the residual lies as the output does.
    EXPECT_THAT(run(problem, {1, 30}, {1, -1}, {10, 20}, {}, {0, 100, -50, 3}), ElementsAre(11, 119, 0, 0));
}

TEST(Epilogue, PreluHasASlopePerChannel) {
    Problem problem = conv({1}, {1}, {1});
    problem.out_channels = 3;
    problem.activation.kind = Activation::Kind::prelu;
    EXPECT_THAT(run(problem, {-1}, {1, 2, -3}, {}, {0.5, 4, 7}), ElementsAre(-0.5, -8, 3));
}

TEST(ErrorBound, IsGammaForShortSumsAndGrowsWithTheSquareRootForLongOnes) {
    EXPECT_NEAR(rounding_bound(2, 1.0), 10 * kUnitRoundoff, 1e-12);
    EXPECT_NEAR(rounding_bound(10000 - kExtraRoundings, 3.0), 3.0 * 800 * kUnitRoundoff, 1e-12);
    EXPECT_LT(rounding_bound(10000, 1.0), 1e-4) << "a lost term out of 10,000 equal ones must not fit in the bound";
}

// ---------------------------------------------------------------- resize

Problem resize(const std::vector<int>& input, const std::vector<int>& output, const ResampleAxis& like) {
    Problem problem;
    problem.in_channels = problem.out_channels = 1;
    problem.input = input;
    problem.output = output;
    Resize op;
    for (size_t i = 0; i < input.size(); ++i) {
        ResampleAxis axis = like;
        axis.input = input[i];
        axis.output = output[i];
        axis.scale = like.scale > 0 ? like.scale : static_cast<double>(output[i]) / input[i];
        op.axes.push_back(axis);
    }
    problem.op = op;
    return problem;
}

/// An axis whose scale is output / input.
ResampleAxis axis(ResizeMode mode, Coordinates coordinates,
                  NearestRounding rounding = NearestRounding::round_prefer_floor) {
    ResampleAxis result;
    result.mode = mode;
    result.coordinates = coordinates;
    result.nearest_rounding = rounding;
    result.scale = 0;
    return result;
}

std::vector<double> row(const Problem& problem, const Values& input) {
    return run(problem, input, {});
}

std::vector<double> first(std::vector<double> values, size_t count) {
    values.resize(count);
    return values;
}

TEST(ResizeNearest, RoundingsAtTies) {
    // asymmetric x2: x = 0, .5, 1, 1.5, 2, 2.5, 3, 3.5
    const Values in = {1, 2, 3, 4};
    const auto with = [&](NearestRounding rounding) {
        return row(resize({4}, {8}, axis(ResizeMode::nearest, Coordinates::asymmetric, rounding)), in);
    };
    EXPECT_THAT(with(NearestRounding::floor), ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
    EXPECT_THAT(with(NearestRounding::round_prefer_floor), ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
    EXPECT_THAT(with(NearestRounding::ceil), ElementsAre(1, 2, 2, 3, 3, 4, 4, 4));
    EXPECT_THAT(with(NearestRounding::round_prefer_ceil), ElementsAre(1, 2, 2, 3, 3, 4, 4, 4));
    // asymmetric x3: x = 0, 1/3, 2/3, 1, ...
    const auto thirds = [&](NearestRounding rounding) {
        return row(resize({2}, {6}, axis(ResizeMode::nearest, Coordinates::asymmetric, rounding)), {1, 2});
    };
    EXPECT_THAT(thirds(NearestRounding::floor), ElementsAre(1, 1, 1, 2, 2, 2));
    EXPECT_THAT(thirds(NearestRounding::ceil), ElementsAre(1, 2, 2, 2, 2, 2));
    EXPECT_THAT(thirds(NearestRounding::round_prefer_floor), ElementsAre(1, 1, 2, 2, 2, 2));
}

TEST(ResizeNearest, HalfPixelCeilIsOnnxExample) {
    EXPECT_THAT(
        row(resize({4}, {8}, axis(ResizeMode::nearest, Coordinates::half_pixel, NearestRounding::ceil)), {1, 2, 3, 4}),
        ElementsAre(1, 2, 2, 3, 3, 4, 4, 4));
}

TEST(ResizeNearest, AlignCornersFloorIsOnnxExample) {
    EXPECT_THAT(row(resize({4}, {8}, axis(ResizeMode::nearest, Coordinates::align_corners, NearestRounding::floor)),
                    {1, 2, 3, 4}),
                ElementsAre(1, 1, 1, 2, 2, 3, 3, 4));
}

TEST(ResizeNearest, TfHalfPixelForNn) {
    // x = (y + .5) / 2 = .25, .75, 1.25, 1.75
    EXPECT_THAT(
        row(resize({2}, {4}, axis(ResizeMode::nearest, Coordinates::tf_half_pixel_for_nn, NearestRounding::floor)),
            {1, 2}),
        ElementsAre(1, 1, 2, 2));
}

TEST(ResizeNearest, TwoDimensionsRepeatPixels) {
    EXPECT_THAT(row(resize({2, 2}, {4, 4}, axis(ResizeMode::nearest, Coordinates::half_pixel)), {1, 2, 3, 4}),
                ElementsAre(1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4));
}

TEST(ResizeNearest, OnnxExampleWithSizes) {
    const auto y = row(resize({2, 2}, {7, 8}, axis(ResizeMode::nearest, Coordinates::half_pixel)), {1, 2, 3, 4});
    for (size_t r = 0; r < 7; ++r) {
        for (size_t c = 0; c < 8; ++c) EXPECT_EQ(y[r * 8 + c], (r < 4 ? 1 : 3) + (c < 4 ? 0 : 1)) << r << ", " << c;
    }
}

TEST(ResizeLinear, OnnxExampleHalfPixel) {
    EXPECT_THAT(row(resize({2, 2}, {4, 4}, axis(ResizeMode::linear, Coordinates::half_pixel)), {1, 2, 3, 4}),
                ElementsAre(1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4));
}

TEST(ResizeLinear, OnnxExampleAlignCorners) {
    EXPECT_THAT(row(resize({2, 2}, {4, 4}, axis(ResizeMode::linear, Coordinates::align_corners)), {1, 2, 3, 4}),
                Pointwise(Near(1e-12), {1.0, 4. / 3, 5. / 3, 2.0, 5. / 3, 2.0, 7. / 3, 8. / 3, 7. / 3, 8. / 3, 3.0,
                                        10. / 3, 3.0, 10. / 3, 11. / 3, 4.0}));
}

TEST(ResizeLinear, ScaleIsNotTheRatioOfSizes) {
    // 2x4 by 0.6: 1x2 outputs at (y + .5) / .6 - .5.
    ResampleAxis by_scale = axis(ResizeMode::linear, Coordinates::half_pixel);
    by_scale.scale = 0.6;
    EXPECT_THAT(row(resize({2, 4}, {1, 2}, by_scale), counting(8, 1)), Pointwise(Near(1e-6), {2.6666665, 4.3333331}));
    // The same with corners aligned: the resized length is 2.4, not 2.
    by_scale.coordinates = Coordinates::align_corners;
    EXPECT_THAT(row(resize({2, 4}, {1, 2}, by_scale), counting(8, 1)), Pointwise(Near(1e-6), {1.0, 3.142857}));
}

TEST(ResizeLinear, HalfPixelSymmetricCentresTheCanvas) {
    ResampleAxis by_scale = axis(ResizeMode::linear, Coordinates::half_pixel_symmetric);
    by_scale.scale = 0.6;
    EXPECT_THAT(row(resize({4}, {2}, by_scale), counting(4, 1)), Pointwise(Near(1e-6), {1.6666667, 3.3333333}));
    by_scale.scale = 2.94;
    EXPECT_THAT(row(resize({2}, {5}, by_scale), {1, 2}),
                Pointwise(Near(1e-6), {1.0, 1.15986395, 1.5, 1.84013605, 2.0}));
}

TEST(ResizeLinear, PytorchHalfPixelReadsTheFirstInputForOneOutput) {
    EXPECT_THAT(row(resize({4, 4}, {3, 1}, axis(ResizeMode::linear, Coordinates::pytorch_half_pixel)), counting(16, 1)),
                Pointwise(Near(1e-6), {1.6666666, 7.0, 12.333333}));
}

TEST(ResizeLinear, AntialiasStretchesTheFilter) {
    ResampleAxis filtered = axis(ResizeMode::linear, Coordinates::half_pixel);
    filtered.antialias = true;
    filtered.scale = 0.6;
    EXPECT_THAT(row(resize({4, 4}, {2, 2}, filtered), counting(16, 1)),
                Pointwise(Near(1e-6), {2.875, 4.5, 9.375, 11.0}));
    // Halving 1, 2, 3, 4: x = .5, 2.5; weights 1/8 3/8 3/8 1/8, the one outside falls on the edge.
    filtered.scale = 0;
    EXPECT_THAT(row(resize({4}, {2}, filtered), {1, 2, 3, 4}), ElementsAre(1.625, 3.375));
    filtered.exclude_outside = true;
    EXPECT_THAT(row(resize({4}, {2}, filtered), {1, 2, 3, 4}), Pointwise(Near(1e-12), {12. / 7, 23. / 7}));
}

TEST(ResizeLinear, OnnxExampleCropAndResize) {
    Problem problem = resize({4, 4}, {3, 3}, axis(ResizeMode::linear, Coordinates::tf_crop_and_resize));
    auto& op = std::get<Resize>(problem.op);
    op.extrapolation_value = 10;
    op.axes[0].roi_begin = 0.4;
    op.axes[0].roi_end = 0.6;
    op.axes[1].roi_begin = 0.6;
    op.axes[1].roi_end = 0.8;
    EXPECT_THAT(row(problem, counting(16, 1)), Pointwise(Near(1e-6), {7.6, 7.9, 8.2, 8.8, 9.1, 9.4, 10.0, 10.3, 10.6}));
    op.axes[0].roi_end = 1.2;
    op.axes[1].roi_end = 1.7;
    EXPECT_THAT(row(problem, counting(16, 1)),
                Pointwise(Near(1e-6), {7.6, 10.0, 10.0, 12.4, 10.0, 10.0, 10.0, 10.0, 10.0}));
}

TEST(ResizeCubic, OnnxExamples) {
    const Values in = counting(16, 1);
    const auto cubic = [](Coordinates coordinates) { return axis(ResizeMode::cubic, coordinates); };
    EXPECT_THAT(first(row(resize({4, 4}, {8, 8}, cubic(Coordinates::half_pixel)), in), 8),
                Pointwise(Near(1e-6),
                          {0.47265625, 0.76953125, 1.24609375, 1.875, 2.28125, 2.91015625, 3.38671875, 3.68359375}));
    EXPECT_THAT(first(row(resize({4, 4}, {8, 8}, cubic(Coordinates::asymmetric)), in), 8),
                Pointwise(Near(1e-6), {1.0, 1.40625, 2.0, 2.5, 3.0, 3.59375, 4.0, 4.09375}));
    EXPECT_THAT(
        first(row(resize({4, 4}, {8, 8}, cubic(Coordinates::align_corners)), in), 8),
        Pointwise(Near(1e-6), {1.0, 1.34110787, 1.80029155, 2.32944606, 2.67055394, 3.19970845, 3.65889213, 4.0}));
    ResampleAxis excluding = cubic(Coordinates::half_pixel);
    excluding.cubic_coeff = -0.5;
    excluding.exclude_outside = true;
    EXPECT_THAT(first(row(resize({4, 4}, {8, 8}, excluding), in), 8),
                Pointwise(Near(1e-6), {0.55882353, 0.81494204, 1.35698249, 1.89705882, 2.39705882, 2.93713516,
                                       3.47917561, 3.73529412}));
    ResampleAxis smaller = cubic(Coordinates::half_pixel);
    smaller.scale = 0.8;
    EXPECT_THAT(row(resize({4, 4}, {3, 3}, smaller), in),
                Pointwise(Near(1e-6), {1.47119141, 2.78125, 4.08251953, 6.71142578, 8.02148438, 9.32275391, 11.91650391,
                                       13.2265625, 14.52783203}));
    smaller.scale = 0.6;
    smaller.antialias = true;
    EXPECT_THAT(row(resize({4, 4}, {2, 2}, smaller), in),
                Pointwise(Near(1e-5), {2.5180721, 4.2858863, 9.589329, 11.357142}));
}

TEST(Resize, ChannelsBatchesAndLayoutsAreKeptApart) {
    Problem problem = resize({2}, {4}, axis(ResizeMode::nearest, Coordinates::asymmetric, NearestRounding::floor));
    problem.batch = 2;
    problem.in_channels = problem.out_channels = 2;
    problem.input_layout = Layout::nhwc;
    // n0: pixels (1, 10) (2, 20); n1: (3, 30) (4, 40)
    EXPECT_THAT(row(problem, {1, 10, 2, 20, 3, 30, 4, 40}),
                ElementsAre(1, 1, 2, 2, 10, 10, 20, 20, 3, 3, 4, 4, 30, 30, 40, 40));
}

// ---------------------------------------------------------------- zero insertion

TEST(ZeroInsert, PutsInputsOnTheNails) {
    Problem problem;
    problem.in_channels = problem.out_channels = 1;
    problem.input = {2, 2};
    problem.output = {4, 5};
    problem.op = ZeroInsert{{2, 3}, {1, 0}};
    EXPECT_THAT(row(problem, {1, 2, 3, 4}), ElementsAre(0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 4, 0));
}

TEST(ZeroInsert, DropsWhatDoesNotFit) {
    Problem problem;
    problem.in_channels = problem.out_channels = 1;
    problem.input = {3};
    problem.output = {4};
    problem.op = ZeroInsert{{2}, {0}};
    EXPECT_THAT(row(problem, {1, 2, 3}), ElementsAre(1, 0, 2, 0));
}

}  // namespace
}  // namespace polyphase::reference
