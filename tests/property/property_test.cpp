// Laws that generated kernels obey, on random problems. The oracle gives no values here, only the bound on rounding.
// POLYPHASE_SEED picks another run, POLYPHASE_CASES the number of problems per law, POLYPHASE_CASE one problem alone.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>

#include "generators/jit.h"
#include "tests/property/property_case.h"
#include "tests/reference/error_bound.h"

namespace polyphase::testing {
namespace {

using Values = std::vector<float>;

/// Compiles and runs; unwritten outputs stay NaN.
Values run(const JitKernel& kernel, const Problem& problem, const ProblemData& data, int threads = 1) {
    Values output(output_count(problem), std::numeric_limits<float>::quiet_NaN());
    const reference::Tensors t = tensors(data);
    EXPECT_EQ(kernel.run(t.input, t.weights, t.bias, t.slopes, t.residual, output.data(), threads), 0);
    return output;
}

Values run(const Problem& problem, const ProblemData& data) {
    return run(JitKernel::compile(problem), problem, data);
}

/// Calls `law` on each case, with the case and the command that repeats it in the trace.
void for_each_case(Op op, int standard, const std::function<void(Case&, Rng&)>& law) {
    const char* only = std::getenv("POLYPHASE_CASE");
    const uint64_t seed = seed_from_environment();
    const auto count = static_cast<uint64_t>(cases_from_environment(standard));
    const ::testing::TestInfo& test = *::testing::UnitTest::GetInstance()->current_test_info();
    for (uint64_t i = 0; i < (only ? 1 : count); ++i) {
        const uint64_t index = only ? std::strtoull(only, nullptr, 10) : i;
        Case one = make_case(seed, index, op);
        SCOPED_TRACE("repeat: POLYPHASE_SEED=" + std::to_string(seed) + " POLYPHASE_CASE=" + std::to_string(index) +
                     " property_test --gtest_filter=" + test.test_suite_name() + "." + test.name());
        SCOPED_TRACE(describe(one));
        Rng rng(case_seed(~seed, index));
        law(one, rng);
        if (::testing::Test::HasFailure()) return;
    }
}

/// The operator alone, linear in its input.
void strip_epilogue(Problem& problem) {
    problem.activation = {};
    problem.residual = false;
    if (auto* conv = std::get_if<ConvTranspose>(&problem.op)) conv->bias = false;
}

double dot(const Values& a, const Values& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

/// [N, C, spatial...] without gaps, spatial axes padded to three by leading ones.
struct Shape3 {
    int n, c;
    std::array<int, 3> extent;
    Layout layout;

    size_t at(int in, int ic, const std::array<int, 3>& i) const {
        const auto [d, h, w] = extent;
        if (layout == Layout::nchw) return static_cast<size_t>((((in * c + ic) * d + i[0]) * h + i[1]) * w + i[2]);
        return static_cast<size_t>((((in * d + i[0]) * h + i[1]) * w + i[2]) * c + ic);
    }
};

std::array<int, 3> three(const std::vector<int>& values, int missing) {
    std::array<int, 3> result = {missing, missing, missing};
    std::copy(values.begin(), values.end(), result.begin() + static_cast<int>(3 - values.size()));
    return result;
}

/// Every index of a box.
void for_each_index(const std::array<int, 3>& extent, const std::function<void(const std::array<int, 3>&)>& body) {
    for (int z = 0; z < extent[0]; ++z) {
        for (int y = 0; y < extent[1]; ++y) {
            for (int x = 0; x < extent[2]; ++x) body({z, y, x});
        }
    }
}

/// The strided convolution whose transpose `problem` is: from tensors of the problem's output shape to tensors of its
/// input shape, with the same weights ([Cin, Cout/groups, k...]), by the textbook loop.
Values convolution(const Problem& problem, const Values& x, const Values& weights) {
    const auto& op = std::get<ConvTranspose>(problem.op);
    const Shape3 from{problem.batch, problem.out_channels, three(problem.output, 1), problem.output_layout};
    const Shape3 to{problem.batch, problem.in_channels, three(problem.input, 1), problem.input_layout};
    const auto kernel = three(op.kernel, 1), stride = three(op.stride, 1), dilation = three(op.dilation, 1);
    const auto pad = three(op.pad_begin, 0);
    const int taps = kernel[0] * kernel[1] * kernel[2];
    const int group_in = to.c / op.groups, group_out = from.c / op.groups;
    Values y(input_count(problem));
    for (int n = 0; n < to.n; ++n) {
        for (int c = 0; c < to.c; ++c) {
            for_each_index(to.extent, [&](const std::array<int, 3>& o) {
                double sum = 0;
                for_each_index(kernel, [&](const std::array<int, 3>& k) {
                    std::array<int, 3> i{};
                    for (size_t a = 0; a < 3; ++a) {
                        i[a] = o[a] * stride[a] + k[a] * dilation[a] - pad[a];
                        if (i[a] < 0 || i[a] >= from.extent[a]) return;
                    }
                    const int tap = (k[0] * kernel[1] + k[1]) * kernel[2] + k[2];
                    for (int m = 0; m < group_out; ++m) {
                        const double w = weights[static_cast<size_t>((c * group_out + m) * taps + tap)];
                        sum += w * x[from.at(n, c / group_in * group_out + m, i)];
                    }
                });
                y[to.at(n, c, o)] = static_cast<float>(sum);
            });
        }
    }
    return y;
}

TEST(ConvTranspose, IsTheAdjointOfConvolution) {
    for_each_case(Op::conv_transpose, 25, [](Case& one, Rng& rng) {
        strip_epilogue(one.problem);
        std::get<ConvTranspose>(one.problem.op).weight_layout = WeightLayout::cin_cout_k;
        // Whole numbers: both inner products are exact.
        one.data = random_data(rng, one.problem, Numbers::whole);
        Values x(output_count(one.problem));
        for (float& value : x) value = static_cast<float>(rng.uniform(-4, 4));
        EXPECT_EQ(dot(convolution(one.problem, x, one.data.weights), one.data.input),
                  dot(x, run(one.problem, one.data)));
    });
}

TEST(ConvTranspose, IsLinearInInputAndInWeights) {
    for_each_case(Op::conv_transpose, 20, [](Case& one, Rng& rng) {
        strip_epilogue(one.problem);
        const JitKernel kernel = JitKernel::compile(one.problem);
        const ProblemData a = random_data(rng, one.problem, Numbers::whole),
                          b = random_data(rng, one.problem, Numbers::whole);
        const auto combined = [](const Values& u, const Values& v) {
            Values sum(u.size());
            for (size_t i = 0; i < u.size(); ++i) sum[i] = 2 * u[i] - 3 * v[i];
            return sum;
        };
        ProblemData in_input = a, other_input = a, in_weights = a, other_weights = a;
        in_input.input = combined(a.input, b.input);
        other_input.input = b.input;
        in_weights.weights = combined(a.weights, b.weights);
        other_weights.weights = b.weights;
        const Values base = run(kernel, one.problem, a);
        EXPECT_EQ(run(kernel, one.problem, in_input), combined(base, run(kernel, one.problem, other_input)));
        EXPECT_EQ(run(kernel, one.problem, in_weights), combined(base, run(kernel, one.problem, other_weights)));
    });
}

TEST(Resize, IsLinearAndKeepsConstants) {
    for_each_case(Op::resize, 20, [](Case& one, Rng& rng) {
        strip_epilogue(one.problem);
        auto& op = std::get<Resize>(one.problem.op);
        op.extrapolation_value = 0;
        const JitKernel kernel = JitKernel::compile(one.problem);
        ProblemData a = random_data(rng, one.problem, Numbers::real), b = random_data(rng, one.problem, Numbers::real),
                    sum = a;
        for (size_t i = 0; i < sum.input.size(); ++i) sum.input[i] = a.input[i] + 2 * b.input[i];
        const Values fa = run(kernel, one.problem, a), fb = run(kernel, one.problem, b),
                     fs = run(kernel, one.problem, sum);
        const std::vector<double> bound_a = reference::evaluate(one.problem, tensors(a)).bound;
        const std::vector<double> bound_b = reference::evaluate(one.problem, tensors(b)).bound;
        const std::vector<double> bound_s = reference::evaluate(one.problem, tensors(sum)).bound;
        for (size_t i = 0; i < fs.size(); ++i) {
            // The inputs' own sum was rounded too.
            const double bound = 1.5 * (bound_a[i] + 2 * bound_b[i] + bound_s[i]);
            ASSERT_LE(std::abs(fs[i] - (fa[i] + 2.0 * fb[i])), bound) << "at output " << i;
        }
        if (op.axes[0].coordinates == Coordinates::tf_crop_and_resize) return;
        ProblemData constant = a;
        constant.input.assign(constant.input.size(), 3.0F);
        const std::vector<double> bound = reference::evaluate(one.problem, tensors(constant)).bound;
        const Values flat = run(kernel, one.problem, constant);
        for (size_t i = 0; i < flat.size(); ++i) ASSERT_LE(std::abs(flat[i] - 3.0), bound[i]) << "at output " << i;
    });
}

/// Stride 1: a plain convolution of the input with the kernel flipped and K - 1 - pad zeros around it.
TEST(ConvTranspose, OfStrideOneIsTheFlippedConvolution) {
    for_each_case(Op::conv_transpose, 20, [](Case& one, Rng& rng) {
        Problem& problem = one.problem;
        strip_epilogue(problem);
        auto& op = std::get<ConvTranspose>(problem.op);
        op.weight_layout = WeightLayout::cin_cout_k;
        std::vector<int> extent;
        for (size_t a = 0; a < problem.input.size(); ++a) {
            op.stride[a] = 1;
            extent.push_back((op.kernel[a] - 1) * op.dilation[a] + 1);
            op.pad_begin[a] = rng.uniform(-2, extent[a] - 1);
            op.pad_end[a] =
                std::min(rng.uniform(-2, extent[a] - 1), problem.input[a] + extent[a] - 2 - op.pad_begin[a]);
            problem.output[a] = problem.input[a] - 1 + extent[a] - op.pad_begin[a] - op.pad_end[a];
        }
        one.data = random_data(rng, problem, Numbers::whole);
        const Values got = run(problem, one.data);

        const Shape3 in{problem.batch, problem.in_channels, three(problem.input, 1), problem.input_layout};
        const Shape3 out{problem.batch, problem.out_channels, three(problem.output, 1), problem.output_layout};
        const auto kernel = three(op.kernel, 1), dilation = three(op.dilation, 1), pad = three(op.pad_begin, 0);
        const auto reach = three(extent, 1);
        const int taps = kernel[0] * kernel[1] * kernel[2];
        const int group_in = in.c / op.groups, group_out = out.c / op.groups;
        Values expected(got.size());
        for (int n = 0; n < out.n; ++n) {
            for (int c = 0; c < out.c; ++c) {
                for_each_index(out.extent, [&](const std::array<int, 3>& o) {
                    double sum = 0;
                    for_each_index(kernel, [&](const std::array<int, 3>& k) {
                        std::array<int, 3> i{};
                        int flipped = 0;
                        for (size_t a = 0; a < 3; ++a) {
                            i[a] = o[a] + k[a] * dilation[a] - (reach[a] - 1 - pad[a]);
                            if (i[a] < 0 || i[a] >= in.extent[a]) return;
                            flipped = flipped * kernel[a] + kernel[a] - 1 - k[a];
                        }
                        for (int m = 0; m < group_in; ++m) {
                            const int ci = c / group_out * group_in + m;
                            const double w =
                                one.data
                                    .weights[static_cast<size_t>((ci * group_out + c % group_out) * taps + flipped)];
                            sum += w * one.data.input[in.at(n, ci, i)];
                        }
                    });
                    expected[out.at(n, c, o)] = static_cast<float>(sum);
                });
            }
        }
        EXPECT_EQ(got, expected);
    });
}

/// A depthwise problem over `like`'s tensors with a kernel of ones as large as the stride.
Problem ones_problem(const Problem& like, const std::vector<int>& stride) {
    Problem problem = like;
    ConvTranspose op;
    op.kernel = op.stride = stride;
    op.dilation.assign(stride.size(), 1);
    op.pad_begin.assign(stride.size(), 0);
    op.pad_end.assign(stride.size(), 0);
    op.groups = like.in_channels;
    problem.op = op;
    return problem;
}

TEST(Resize, NearestIsTransposedConvolutionWithOnes) {
    for_each_case(Op::zero_insert, 15, [](Case& one, Rng& rng) {
        Problem problem = one.problem;
        strip_epilogue(problem);
        const std::vector<int> factor = std::get<ZeroInsert>(problem.op).stride;
        Resize op;
        for (size_t a = 0; a < problem.input.size(); ++a) {
            problem.output[a] = problem.input[a] * factor[a];
            ResampleAxis axis;
            axis.input = problem.input[a];
            axis.output = problem.output[a];
            axis.scale = factor[a];
            axis.mode = ResizeMode::nearest;
            axis.coordinates = Coordinates::asymmetric;
            axis.nearest_rounding = NearestRounding::floor;
            op.axes.push_back(axis);
        }
        problem.op = op;
        ProblemData data = random_data(rng, problem, Numbers::real);
        const Values repeated = run(problem, data);
        const Problem convolution = ones_problem(problem, factor);
        data.weights.assign(weight_count(convolution), 1.0F);
        EXPECT_EQ(repeated, run(convolution, data));
    });
}

/// Inserting zeros and then convolving with stride 1 is what the transposed convolution saves.
TEST(ZeroInsert, ThenStrideOneIsTransposedConvolution) {
    for_each_case(Op::conv_transpose, 15, [](Case& one, Rng& rng) {
        strip_epilogue(one.problem);
        const auto& op = std::get<ConvTranspose>(one.problem.op);
        one.data = random_data(rng, one.problem, Numbers::whole);

        Problem nails = one.problem;
        nails.out_channels = nails.in_channels;
        nails.output_layout = nails.input_layout;
        nails.op = ZeroInsert{op.stride, std::vector<int>(op.stride.size(), 0)};
        for (size_t a = 0; a < nails.input.size(); ++a) nails.output[a] = (nails.input[a] - 1) * op.stride[a] + 1;

        Problem dense = one.problem;
        dense.input = nails.output;
        std::get<ConvTranspose>(dense.op).stride.assign(op.stride.size(), 1);
        ProblemData dense_data = one.data;
        dense_data.input = run(nails, one.data);
        EXPECT_EQ(run(one.problem, one.data), run(dense, dense_data));
    });
}

TEST(Threads, DoNotChangeASingleBit) {
    const auto same_bits = [](const Values& a, const Values& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
    };
    const auto law = [&](Case& one, Rng&) {
        const JitKernel kernel = JitKernel::compile(one.problem);
        const Values serial = run(kernel, one.problem, one.data, 1);
        for (const int threads : {2, 3, 8}) {
            EXPECT_TRUE(same_bits(serial, run(kernel, one.problem, one.data, threads))) << threads << " threads";
        }
    };
    for_each_case(Op::conv_transpose, 8, law);
    for_each_case(Op::resize, 4, law);
    // Large enough for any schedule to be parallel.
    Case large;
    Rng rng(5);
    large.problem.name = "large";
    large.problem.in_channels = 48;
    large.problem.out_channels = 40;
    large.problem.input = {33, 29};
    large.problem.output = {66, 58};
    large.problem.op = ConvTranspose{{4, 4}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, 1, true, WeightLayout::cin_cout_k};
    for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
        large.problem.input_layout = large.problem.output_layout = layout;
        large.data = random_data(rng, large.problem, Numbers::real);
        SCOPED_TRACE(describe(large));
        law(large, rng);
    }
}

/// The schedule that is plainly right and the one that is fast compute the same sums.
TEST(Schedules, AgreeExactlyOnWholeNumbers) {
    for_each_case(Op::conv_transpose, 15, [](Case& one, Rng& rng) {
        strip_epilogue(one.problem);
        one.data = random_data(rng, one.problem, Numbers::whole);
        const JitKernel reference = JitKernel::compile(one.problem, {.schedule = "reference"});
        EXPECT_EQ(run(one.problem, one.data), run(reference, one.problem, one.data));
    });
}

}  // namespace
}  // namespace polyphase::testing
