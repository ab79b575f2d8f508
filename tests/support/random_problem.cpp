#include "tests/support/random_problem.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace polyphase::testing {

namespace {

/// Largest work and tensor of a random problem: the oracle needs milliseconds for it.
constexpr int64_t kMaxMultiplications = 3'000'000;
constexpr int64_t kMaxElements = 60'000;

int64_t product(const std::vector<int>& values) {
    return std::accumulate(values.begin(), values.end(), int64_t{1}, [](int64_t a, int b) { return a * b; });
}

int random_rank(Rng& rng) {
    return rng.pick({1, 1, 1, 2, 2, 2, 2, 2, 3, 3});
}

int random_channels(Rng& rng) {
    return rng.chance(50) ? rng.pick({1, 2, 3, 4, 8, 16, 17, 32, 33, 40}) : rng.uniform(1, 40);
}

Layout random_layout(Rng& rng) {
    return rng.chance(50) ? Layout::nchw : Layout::nhwc;
}

Activation random_activation(Rng& rng, bool with_prelu) {
    using Kind = Activation::Kind;
    Activation activation;
    activation.kind = rng.pick({Kind::none, Kind::none, Kind::none, Kind::relu, Kind::relu, Kind::leaky_relu,
                                Kind::clip, Kind::tanh, Kind::sigmoid, Kind::prelu});
    if (activation.kind == Kind::prelu && !with_prelu) activation.kind = Kind::none;
    // Parameters that f32 holds exactly: rounding them is not what these problems are about.
    if (activation.kind == Kind::leaky_relu) activation.alpha = rng.pick({0.25, 0.125, 0.0, -0.5, 2.0});
    if (activation.kind == Kind::clip) {
        activation.min = rng.pick({0.0, -1.0, -0.5});
        activation.max = rng.pick({6.0, 1.0, 0.25});
    }
    return activation;
}

/// The fields that every operator has.
Problem common(Rng& rng, int rank, bool with_prelu) {
    Problem problem;
    problem.name = "random";
    problem.batch = rng.pick({1, 1, 1, 2, 3});
    problem.input.resize(static_cast<size_t>(rank));
    problem.output.resize(static_cast<size_t>(rank));
    problem.input_layout = random_layout(rng);
    problem.output_layout = rng.chance(70) ? problem.input_layout : random_layout(rng);
    problem.activation = random_activation(rng, with_prelu);
    problem.residual = rng.chance(20);
    return problem;
}

void random_channels_and_groups(Rng& rng, Problem& problem, ConvTranspose& op) {
    const int kind = rng.uniform(1, 100);
    if (kind <= 60) {
        problem.in_channels = random_channels(rng);
        problem.out_channels = random_channels(rng);
    } else if (kind <= 80) {  // depthwise, sometimes with a multiplier
        op.groups = random_channels(rng);
        problem.in_channels = op.groups;
        problem.out_channels = op.groups * (rng.chance(75) ? 1 : 2);
    } else {
        op.groups = rng.uniform(2, 5);
        problem.in_channels = op.groups * rng.uniform(1, 8);
        problem.out_channels = op.groups * rng.uniform(1, 8);
    }
    op.weight_layout = rng.pick({WeightLayout::cin_cout_k, WeightLayout::cout_k_cin,
                                 op.groups == 1 ? WeightLayout::k_cout_cin : WeightLayout::cin_cout_k});
}

struct ConvAxis {
    int input, kernel, stride, dilation, pad_begin, pad_end, output;
};

ConvAxis random_conv_axis(Rng& rng, int rank) {
    ConvAxis axis{};
    const bool line = rank == 1;
    axis.input = line ? rng.uniform(1, 40) : rng.uniform(1, rank == 2 ? 12 : 6);
    if (rng.chance(50)) {  // what networks use
        axis.stride = rng.pick({1, 2, 2, 2, 3, 4, 8});
        axis.kernel = rng.pick({axis.stride, axis.stride + 1, axis.stride + 2, 2 * axis.stride, 3, 5});
    } else {
        axis.stride = rng.uniform(1, line ? 8 : 5);
        axis.kernel = rng.uniform(1, line ? 16 : (rank == 2 ? 9 : 4));
    }
    if (rank == 3) {
        axis.stride = std::min(axis.stride, 4);
        axis.kernel = std::min(axis.kernel, 5);
    }
    axis.dilation = 1;
    if (rng.chance(20)) {
        axis.dilation = rng.uniform(2, 4);
    } else if (rng.chance(12)) {  // a common factor: phases that no tap reaches
        const int factor = rng.uniform(2, 3);
        axis.stride = factor * rng.uniform(1, 2);
        axis.dilation = factor * rng.uniform(1, 2);
    }
    const int extent = (axis.kernel - 1) * axis.dilation + 1;
    const int kind = rng.uniform(1, 100);
    if (kind <= 30) {
        axis.pad_begin = axis.pad_end = 0;
    } else if (kind <= 60) {  // output close to input * stride
        const int crop = std::max(0, extent - axis.stride);
        axis.pad_begin = crop / 2;
        axis.pad_end = crop - crop / 2 - rng.uniform(0, 1);
    } else if (kind <= 85) {
        axis.pad_begin = rng.uniform(0, extent - 1);
        axis.pad_end = rng.uniform(0, extent - 1);
    } else {  // negative: outputs beyond every tap
        axis.pad_begin = rng.uniform(-3, extent / 2);
        axis.pad_end = rng.uniform(-3, extent / 2);
    }
    if (rng.chance(25)) axis.pad_end -= rng.uniform(0, axis.stride - 1);  // output padding
    axis.output = (axis.input - 1) * axis.stride + extent - axis.pad_begin - axis.pad_end;
    return axis;
}

Problem random_conv_transpose(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, true);
        ConvTranspose op;
        random_channels_and_groups(rng, problem, op);
        op.bias = rng.chance(70);
        for (size_t i = 0; i < problem.input.size(); ++i) {
            const ConvAxis axis = random_conv_axis(rng, rank);
            problem.input[i] = axis.input;
            problem.output[i] = axis.output;
            op.kernel.push_back(axis.kernel);
            op.stride.push_back(axis.stride);
            op.dilation.push_back(axis.dilation);
            op.pad_begin.push_back(axis.pad_begin);
            op.pad_end.push_back(axis.pad_end);
        }
        if (*std::min_element(problem.output.begin(), problem.output.end()) < 1) continue;
        const int64_t inputs = problem.batch * product(problem.input) * problem.in_channels;
        const int64_t outputs = problem.batch * product(problem.output) * problem.out_channels;
        const int64_t weights = product(op.kernel) * problem.in_channels * (problem.out_channels / op.groups);
        if (inputs > kMaxElements || outputs > kMaxElements || weights > kMaxElements) continue;
        if (inputs * product(op.kernel) * (problem.out_channels / op.groups) > kMaxMultiplications) continue;
        problem.op = op;
        return problem;
    }
}

/// `by_scale`: the scale is given and the output is what fits; otherwise the scale follows from the sizes.
ResampleAxis random_resample_axis(Rng& rng, const ResampleAxis& like, int rank, bool by_scale) {
    while (true) {
        ResampleAxis axis = like;
        const int largest = rank == 1 ? 40 : (rank == 2 ? 20 : 8);
        axis.input = rng.uniform(1, largest);
        const int kind = rng.uniform(1, 100);
        if (kind <= 15) {
            axis.output = axis.input;
        } else if (kind <= 55) {
            axis.output = axis.input * rng.pick({2, 2, 3, 4, 8});
        } else {
            axis.output = rng.uniform(1, 3 * largest);
        }
        axis.scale = static_cast<double>(axis.output) / axis.input;
        if (axis.coordinates == Coordinates::tf_crop_and_resize) {
            axis.roi_begin = 0.125 * rng.uniform(-2, 5);
            axis.roi_end = axis.roi_begin + 0.125 * rng.uniform(1, 10);
            if (rng.chance(10)) std::swap(axis.roi_begin, axis.roi_end);  // mirrored
        } else if (by_scale) {
            axis.scale = rng.pick({0.3, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 2.3, 2.94, 3.0, 3.7});
            axis.output = static_cast<int>(std::floor(axis.input * axis.scale));
        }
        if (axis.output >= 1 && axis.output <= 3 * largest) return axis;
    }
}

Problem random_resize(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, false);
        problem.in_channels = problem.out_channels = random_channels(rng);
        ResampleAxis like;
        like.mode = rng.pick({ResizeMode::nearest, ResizeMode::linear, ResizeMode::linear, ResizeMode::cubic});
        like.coordinates =
            rng.pick({Coordinates::half_pixel, Coordinates::half_pixel, Coordinates::half_pixel_symmetric,
                      Coordinates::pytorch_half_pixel, Coordinates::align_corners, Coordinates::asymmetric,
                      Coordinates::tf_crop_and_resize, Coordinates::tf_half_pixel_for_nn});
        if (like.mode == ResizeMode::nearest) {
            like.nearest_rounding = rng.pick({NearestRounding::round_prefer_floor, NearestRounding::round_prefer_ceil,
                                              NearestRounding::floor, NearestRounding::ceil});
        } else {
            // tf_half_pixel_for_nn is a coordinate of the nearest mode alone.
            if (like.coordinates == Coordinates::tf_half_pixel_for_nn) like.coordinates = Coordinates::half_pixel;
            like.exclude_outside = rng.chance(20);
            like.antialias = rng.chance(25);
        }
        if (like.mode == ResizeMode::cubic) like.cubic_coeff = rng.pick({-0.75, -0.5});

        const bool by_scale = rng.chance(30);
        Resize op;
        int64_t work = problem.batch * problem.out_channels;
        for (size_t i = 0; i < problem.input.size(); ++i) {
            const ResampleAxis axis = random_resample_axis(rng, like, rank, by_scale);
            problem.input[i] = axis.input;
            problem.output[i] = axis.output;
            op.axes.push_back(axis);
            const double stretched = axis.antialias && axis.scale < 1 ? 4 / axis.scale : 4;
            work *= axis.output * (axis.mode == ResizeMode::nearest ? 1 : static_cast<int64_t>(stretched));
        }
        if (like.coordinates == Coordinates::tf_crop_and_resize) op.extrapolation_value = rng.pick({0.0, 10.0, -2.5});
        const int64_t inputs = problem.batch * product(problem.input) * problem.in_channels;
        const int64_t outputs = problem.batch * product(problem.output) * problem.out_channels;
        if (inputs > kMaxElements || outputs > kMaxElements || work > kMaxMultiplications) continue;
        problem.op = op;
        return problem;
    }
}

Problem random_zero_insert(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, false);
        problem.in_channels = problem.out_channels = random_channels(rng);
        ZeroInsert op;
        for (size_t i = 0; i < problem.input.size(); ++i) {
            const int input = rng.uniform(1, rank == 1 ? 60 : (rank == 2 ? 16 : 6));
            const int stride = rng.uniform(1, rank == 3 ? 3 : 6);
            const int offset = rng.uniform(0, stride - 1);
            problem.input[i] = input;
            problem.output[i] = rng.chance(60) ? input * stride : (input - 1) * stride + offset + 1;
            op.stride.push_back(stride);
            op.offset.push_back(offset);
        }
        if (problem.batch * product(problem.output) * problem.out_channels > kMaxElements) continue;
        problem.op = op;
        return problem;
    }
}

std::vector<float> random_values(Rng& rng, size_t count, Numbers numbers) {
    std::vector<float> values(count);
    for (float& value : values) {
        value = static_cast<float>(numbers == Numbers::whole ? rng.uniform(-4, 4) : rng.real(-1.0, 1.0));
    }
    return values;
}

}  // namespace

std::optional<Op> op_from_name(const std::string& name) {
    if (name == "conv_transpose") return Op::conv_transpose;
    if (name == "resize") return Op::resize;
    if (name == "zero_insert") return Op::zero_insert;
    return std::nullopt;
}

Problem random_problem(Rng& rng, Op op) {
    switch (op) {
        case Op::conv_transpose:
            return random_conv_transpose(rng);
        case Op::resize:
            return random_resize(rng);
        case Op::zero_insert:
            return random_zero_insert(rng);
    }
    return {};
}

Problem random_problem(Rng& rng) {
    const int kind = rng.uniform(1, 10);
    return random_problem(rng, kind <= 6 ? Op::conv_transpose : (kind <= 9 ? Op::resize : Op::zero_insert));
}

ProblemData random_data(Rng& rng, const Problem& problem, Numbers numbers) {
    ProblemData data;
    data.input = random_values(rng, input_count(problem), numbers);
    data.weights = random_values(rng, weight_count(problem), numbers);
    const auto channels = static_cast<size_t>(problem.out_channels);
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    if (conv && conv->bias) data.bias = random_values(rng, channels, numbers);
    if (problem.activation.kind == Activation::Kind::prelu) data.slopes = random_values(rng, channels, numbers);
    if (problem.residual) data.residual = random_values(rng, output_count(problem), numbers);
    return data;
}

size_t input_count(const Problem& problem) {
    return static_cast<size_t>(problem.batch * product(problem.input) * problem.in_channels);
}

size_t output_count(const Problem& problem) {
    return static_cast<size_t>(problem.batch * product(problem.output) * problem.out_channels);
}

size_t weight_count(const Problem& problem) {
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    if (!conv) return 0;
    return static_cast<size_t>(product(conv->kernel) * problem.in_channels * (problem.out_channels / conv->groups));
}

}  // namespace polyphase::testing
