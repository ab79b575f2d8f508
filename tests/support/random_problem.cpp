#include "tests/support/random_problem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>
#include <utility>

namespace polyphase::testing {

namespace {

/// Largest work and tensor of a random problem: the oracle needs milliseconds for it.
constexpr int64_t kMaxMultiplications = 3'000'000;
constexpr size_t kMaxElements = 60'000;

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

void random_channels_and_groups(Rng& rng, Problem& problem, Convolution& op) {
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
}

/// The output exists, and no tensor is large.
bool affordable(const Problem& problem) {
    return *std::min_element(problem.output.begin(), problem.output.end()) >= 1 &&
           input_count(problem) <= kMaxElements && output_count(problem) <= kMaxElements;
}

/// The same for weights.
bool affordable(const Problem& problem, const Convolution& op) {
    return affordable(problem) && static_cast<size_t>(product(op.kernel) * problem.in_channels / op.groups *
                                                      problem.out_channels) <= kMaxElements;
}

/// Each of `elements` meets every weight of a channel.
bool affordable_work(const Convolution& op, size_t elements, int channels) {
    return static_cast<int64_t>(elements) * product(op.kernel) * (channels / op.groups) <= kMaxMultiplications;
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
        op.weight_layout = rng.pick({WeightLayout::cin_cout_k, WeightLayout::cout_k_cin,
                                     op.groups == 1 ? WeightLayout::k_cout_cin : WeightLayout::cin_cout_k});
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
        if (!affordable(problem, op) || !affordable_work(op, input_count(problem), problem.out_channels)) continue;
        problem.op = op;
        return problem;
    }
}

/// The fields of a convolution of stride 1 over `image`, and the problem's output.
void random_conv_fields(Rng& rng, Problem& problem, Convolution& op, const std::vector<int>& image) {
    random_channels_and_groups(rng, problem, op);
    op.weight_layout = rng.pick({WeightLayout::cout_cin_k, WeightLayout::cout_k_cin, WeightLayout::k_cin_cout});
    op.bias = rng.chance(70);
    const int rank = problem.rank();
    for (size_t a = 0; a < image.size(); ++a) {
        const int kernel = rng.chance(60) ? rng.pick({1, 3, 3, 5, 7}) : rng.uniform(1, rank == 1 ? 12 : 5);
        op.kernel.push_back(rank == 3 ? std::min(kernel, 4) : kernel);
        op.stride.push_back(1);
        op.dilation.push_back(rng.chance(25) ? rng.uniform(2, 4) : 1);
        const int extent = (op.kernel[a] - 1) * op.dilation[a] + 1;
        const int kind = rng.uniform(1, 100);
        const int begin = kind <= 50 ? (extent - 1) / 2 : (kind <= 75 ? 0 : rng.uniform(0, extent + 1));
        const int end = kind <= 50 ? extent - 1 - begin : (kind <= 75 ? 0 : rng.uniform(0, extent + 1));
        op.pad_begin.push_back(begin);
        op.pad_end.push_back(end);
        problem.output[a] = image[a] + begin + end - extent + 1;
    }
}

Problem random_conv(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, true);
        Conv op;
        for (int& extent : problem.input) extent = rng.uniform(1, rank == 1 ? 60 : (rank == 2 ? 16 : 7));
        random_conv_fields(rng, problem, op, problem.input);
        if (!affordable(problem, op) || !affordable_work(op, output_count(problem), problem.in_channels)) continue;
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

/// A resampling's choices, without extents.
ResampleAxis random_resampling(Rng& rng) {
    using Mode = ResizeMode;
    ResampleAxis like;
    like.mode = rng.pick({Mode::nearest, Mode::nearest, Mode::nearest, Mode::linear, Mode::linear, Mode::linear,
                          Mode::cubic, Mode::cubic, Mode::area, Mode::lanczos3, Mode::lanczos4, Mode::lanczos5});
    if (like.mode == Mode::area) return like;
    like.coordinates = rng.pick({Coordinates::half_pixel, Coordinates::half_pixel, Coordinates::half_pixel_symmetric,
                                 Coordinates::pytorch_half_pixel, Coordinates::align_corners, Coordinates::asymmetric,
                                 Coordinates::tf_crop_and_resize, Coordinates::tf_half_pixel_for_nn});
    if (like.mode == Mode::nearest) {
        like.nearest_rounding = rng.pick({NearestRounding::round_prefer_floor, NearestRounding::round_prefer_ceil,
                                          NearestRounding::floor, NearestRounding::ceil});
        if (rng.chance(25)) {  // what frameworks compute in float32
            like.single_precision = true;
            like.coordinates = rng.pick({Coordinates::half_pixel, Coordinates::align_corners, Coordinates::asymmetric,
                                         Coordinates::tf_half_pixel_for_nn});
            like.nearest_rounding = rng.pick({NearestRounding::floor, NearestRounding::round_prefer_ceil});
        }
    } else {
        // tf_half_pixel_for_nn is a coordinate of the nearest mode alone.
        if (like.coordinates == Coordinates::tf_half_pixel_for_nn) like.coordinates = Coordinates::half_pixel;
        like.exclude_outside = rng.chance(20);
        like.antialias = rng.chance(25);
    }
    if (like.mode == Mode::cubic) like.cubic_coeff = rng.pick({-0.75, -0.5});
    return like;
}

/// Nearest resampling that repeats every input `scale` times, said in one of two ways.
ResampleAxis repeating(int input, int scale, bool by_floor) {
    ResampleAxis axis;
    axis.input = input;
    axis.output = input * scale;
    axis.scale = scale;
    axis.coordinates = by_floor ? Coordinates::asymmetric : Coordinates::half_pixel;
    axis.nearest_rounding = by_floor ? NearestRounding::floor : NearestRounding::round_prefer_floor;
    return axis;
}

/// Multiplications per output of a resampling.
double taps_per_output(const std::vector<ResampleAxis>& axes) {
    double taps = 1;
    for (const ResampleAxis& axis : axes) {
        if (axis.mode == ResizeMode::area) taps *= 2.0 + static_cast<double>(axis.input) / axis.output;
        if (axis.mode == ResizeMode::nearest || axis.mode == ResizeMode::area) continue;
        const double reach = axis.mode == ResizeMode::linear ? 2 : (axis.mode == ResizeMode::cubic ? 4 : 10);
        taps *= axis.antialias && axis.scale < 1 ? reach / axis.scale : reach;
    }
    return taps;
}

Problem random_resize(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, false);
        problem.in_channels = problem.out_channels = random_channels(rng);
        const ResampleAxis like = random_resampling(rng);
        const bool by_scale = like.mode != ResizeMode::area && rng.chance(30);
        Resize op;
        for (size_t i = 0; i < problem.input.size(); ++i) {
            op.axes.push_back(random_resample_axis(rng, like, rank, by_scale));
            problem.input[i] = op.axes[i].input;
            problem.output[i] = op.axes[i].output;
        }
        if (like.coordinates == Coordinates::tf_crop_and_resize) op.extrapolation_value = rng.pick({0.0, 10.0, -2.5});
        const double work = static_cast<double>(output_count(problem)) * taps_per_output(op.axes);
        if (!affordable(problem) || work > kMaxMultiplications) continue;
        problem.op = op;
        return problem;
    }
}

Problem random_resize_conv(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, true);
        ResizeConv op;
        const bool repeats = rng.chance(50), by_floor = rng.chance(50);
        const ResampleAxis like = random_resampling(rng);
        if (like.coordinates == Coordinates::tf_crop_and_resize) continue;  // not in front of a convolution
        const bool by_scale = like.mode != ResizeMode::area && rng.chance(30);
        std::vector<int> image;
        for (int& extent : problem.input) {
            extent = rng.uniform(1, rank == 1 ? 30 : (rank == 2 ? 9 : 4));
            op.axes.push_back(repeats ? repeating(extent, rng.pick({1, 2, 2, 2, 3, 4}), by_floor)
                                      : random_resample_axis(rng, like, rank, by_scale));
            extent = op.axes.back().input;
            image.push_back(op.axes.back().output);
        }
        random_conv_fields(rng, problem, op, image);
        const auto resized = static_cast<size_t>(problem.batch * product(image) * problem.in_channels);
        const double work = static_cast<double>(resized) * taps_per_output(op.axes);
        if (!affordable(problem, op) || resized > kMaxElements || work > kMaxMultiplications ||
            !affordable_work(op, output_count(problem), problem.in_channels))
            continue;
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
        if (!affordable(problem)) continue;
        problem.op = op;
        return problem;
    }
}

Problem random_depth_to_space(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, false);
        DepthToSpace op;
        op.order = rng.pick({DepthOrder::dcr, DepthOrder::crd});
        const bool square = rng.chance(70);  // the one that frameworks have
        for (size_t a = 0; a < problem.input.size(); ++a) {
            problem.input[a] = rng.uniform(1, rank == 1 ? 40 : (rank == 2 ? 12 : 5));
            op.block.push_back(a > 0 && square ? op.block[0] : rng.pick({1, 2, 2, 2, 3, 4, 5}));
            problem.output[a] = problem.input[a] * op.block[a];
        }
        problem.out_channels = rng.chance(50) ? rng.pick({1, 3, 8, 16}) : rng.uniform(1, 20);
        problem.in_channels = problem.out_channels * static_cast<int>(product(op.block));
        if (!affordable(problem)) continue;
        problem.op = op;
        return problem;
    }
}

Problem random_col2im(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = common(rng, rank, false);
        Col2Im op;
        for (size_t a = 0; a < problem.input.size(); ++a) {
            const int kernel = rng.uniform(1, rank == 1 ? 10 : (rank == 2 ? 5 : 3));
            op.kernel.push_back(kernel);
            // Overlapping blocks, adjoining ones, gaps between them.
            op.stride.push_back(rng.chance(60) ? rng.uniform(1, kernel) : rng.uniform(1, kernel + 2));
            op.dilation.push_back(rng.chance(25) ? rng.uniform(2, 3) : 1);
            const int extent = (kernel - 1) * op.dilation[a] + 1;
            op.pad_begin.push_back(rng.chance(40) ? 0 : rng.uniform(0, extent));
            const int pad_end = rng.chance(40) ? op.pad_begin[a] : rng.uniform(0, extent);
            problem.input[a] = rng.uniform(1, rank == 1 ? 40 : (rank == 2 ? 10 : 5));
            // Any image with room for exactly these blocks.
            problem.output[a] = (problem.input[a] - 1) * op.stride[a] + extent - op.pad_begin[a] - pad_end +
                                rng.uniform(0, op.stride[a] - 1);
        }
        problem.out_channels = rng.chance(50) ? rng.pick({1, 3, 8, 16}) : rng.uniform(1, 20);
        problem.in_channels = problem.out_channels * static_cast<int>(product(op.kernel));
        if (!affordable(problem)) continue;
        problem.op = op;
        return problem;
    }
}

/// Kernel and stride of a pool along one axis: adjoining, overlapping and gapped windows.
std::pair<int, int> random_window(Rng& rng, int rank) {
    const int kernel = rng.chance(60) ? rng.pick({2, 2, 3}) : rng.uniform(1, rank == 1 ? 9 : (rank == 2 ? 5 : 3));
    const int kind = rng.uniform(1, 100);
    const int stride = kind <= 50 ? kernel : (kind <= 80 ? rng.uniform(1, kernel) : kernel + rng.uniform(1, 2));
    return {kernel, stride};
}

/// Whether the window that starts at `start`, perhaps before the input, holds an input.
bool holds_an_input(int start, int kernel, int dilation, int input) {
    for (int k = 0; k < kernel; ++k) {
        if (start + k * dilation >= 0 && start + k * dilation < input) return true;
    }
    return false;
}

/// A problem that neither adds nor activates.
Problem plain(Rng& rng, int rank) {
    Problem problem = common(rng, rank, false);
    problem.activation = {};
    problem.residual = false;
    problem.in_channels = problem.out_channels = random_channels(rng);
    return problem;
}

Problem random_max_pool(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = plain(rng, rank);
        MaxPool op;
        op.indices = {rng.chance(50), rng.chance(30)};
        bool windows_hold_inputs = true;
        for (size_t a = 0; a < problem.input.size(); ++a) {
            const auto [kernel, stride] = random_window(rng, rank);
            const int input = rng.uniform(1, rank == 1 ? 60 : (rank == 2 ? 20 : 8));
            const int dilation = rng.chance(20) ? rng.uniform(2, 3) : 1;
            const int extent = (kernel - 1) * dilation + 1;
            const int pad_begin = rng.chance(50) ? 0 : rng.uniform(0, extent - 1);
            // The input may end before the last window does, as with ceil_mode, or after it.
            const int pad_end = rng.chance(50) ? 0 : rng.uniform(0, extent - 1);
            const int room = input + pad_begin + pad_end - extent;
            if (room < 0) {
                windows_hold_inputs = false;
                break;
            }
            problem.input[a] = input;
            problem.output[a] = (rng.chance(60) ? room / stride : (room + stride - 1) / stride) + 1;
            op.kernel.push_back(kernel);
            op.stride.push_back(stride);
            op.dilation.push_back(dilation);
            op.pad_begin.push_back(pad_begin);
            for (int o = 0; o < problem.output[a]; ++o) {
                windows_hold_inputs &= holds_an_input(o * stride - pad_begin, kernel, dilation, input);
            }
        }
        if (!windows_hold_inputs || !affordable(problem)) continue;
        problem.op = op;
        return problem;
    }
}

Problem random_max_unpool(Rng& rng) {
    while (true) {
        const int rank = random_rank(rng);
        Problem problem = plain(rng, rank);
        MaxUnpool op;
        op.indices.whole_tensor = rng.chance(50);
        const int form = rng.uniform(1, 100);
        for (size_t a = 0; a < problem.input.size(); ++a) {
            const auto [kernel, stride] = random_window(rng, rank);
            problem.input[a] = rng.uniform(1, rank == 1 ? 40 : (rank == 2 ? 12 : 5));
            const int pad_begin = rng.chance(60) ? 0 : rng.uniform(0, kernel - 1);
            const int pad_end = rng.chance(60) ? pad_begin : rng.uniform(0, kernel - 1);
            op.kernel.push_back(kernel);
            op.stride.push_back(stride);
            op.pad_begin.push_back(pad_begin);
            const int natural = (problem.input[a] - 1) * stride + kernel - pad_begin - pad_end;
            // The natural extent, one that a cut or padded input had, or a larger tensor around what indices count.
            problem.output[a] = form <= 60 ? natural : natural + rng.uniform(form <= 80 ? -1 : 0, 4);
            op.index_extent.push_back(form <= 80 ? problem.output[a] : natural);
        }
        if (*std::min_element(op.index_extent.begin(), op.index_extent.end()) < 1 || !affordable(problem)) continue;
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

/// What a maximum has to get right: NaN, and infinities that no start value may beat.
void add_special_values(Rng& rng, std::vector<float>& values) {
    const float infinity = std::numeric_limits<float>::infinity();
    const int percent = rng.pick({1, 5, 30});
    const bool without_nan = rng.chance(30);
    for (float& value : values) {
        if (!rng.chance(percent)) continue;
        value = rng.pick({std::numeric_limits<float>::quiet_NaN(), -infinity, -infinity, infinity});
        if (without_nan && std::isnan(value)) value = -infinity;
    }
}

/// The position within one axis that input `i`'s window would name, or any if its window lies outside.
int position_in_window(Rng& rng, const MaxUnpool& op, size_t a, int i) {
    const int start = i * op.stride[a] - op.pad_begin[a];
    const int first = std::max(0, start), last = std::min(start + op.kernel[a], op.index_extent[a]) - 1;
    return first <= last ? rng.uniform(first, last) : rng.uniform(0, op.index_extent[a] - 1);
}

std::vector<int64_t> random_indices(Rng& rng, const Problem& problem, const MaxUnpool& op) {
    const bool nhwc = problem.input_layout == Layout::nhwc, whole = op.indices.whole_tensor;
    const int64_t plane = product(op.index_extent), pixels = product(problem.input);
    const int64_t planes = int64_t{problem.batch} * problem.in_channels;
    const int strays = rng.chance(67) ? 0 : rng.pick({1, 10, 100});  // percent
    std::vector<int64_t> indices(static_cast<size_t>(planes * pixels));
    const auto any = [&](int64_t count) { return static_cast<int64_t>(rng.uniform(0, static_cast<int>(count - 1))); };
    for (int64_t p = 0; p < planes; ++p) {
        for (int64_t pixel = 0; pixel < pixels; ++pixel) {
            int64_t index = 0, rest = pixel;
            for (size_t a = 0; a < problem.input.size(); ++a) {
                int64_t inner = 1;
                for (size_t b = a + 1; b < problem.input.size(); ++b) inner *= problem.input[b];
                index = index * op.index_extent[a] + position_in_window(rng, op, a, static_cast<int>(rest / inner));
                rest %= inner;
            }
            if (rng.chance(strays)) {
                index = any(whole ? planes * plane : plane);
            } else if (whole) {
                index += p * plane;
            }
            const int64_t n = p / problem.in_channels, c = p % problem.in_channels;
            const int64_t at = nhwc ? (n * pixels + pixel) * problem.in_channels + c : p * pixels + pixel;
            indices[static_cast<size_t>(at)] = index;
        }
    }
    return indices;
}

/// convolution_of, without linking `problem`.
const Convolution* weighted(const Problem& problem) {
    return std::visit(
        [](const auto& op) -> const Convolution* {
            if constexpr (std::is_base_of_v<Convolution, std::decay_t<decltype(op)>>) return &op;
            return nullptr;
        },
        problem.op);
}

}  // namespace

const std::vector<std::pair<std::string, Op>> kOps = {
    {"conv_transpose", Op::conv_transpose},
    {"conv", Op::conv},
    {"resize_conv", Op::resize_conv},
    {"resize", Op::resize},
    {"zero_insert", Op::zero_insert},
    {"depth_to_space", Op::depth_to_space},
    {"col2im", Op::col2im},
    {"max_pool_indices", Op::max_pool_indices},
    {"max_unpool", Op::max_unpool},
};

std::optional<Op> op_from_name(const std::string& name) {
    for (const auto& [known, op] : kOps) {
        if (known == name) return op;
    }
    return std::nullopt;
}

Problem random_problem(Rng& rng, Op op) {
    switch (op) {
        case Op::conv_transpose:
            return random_conv_transpose(rng);
        case Op::conv:
            return random_conv(rng);
        case Op::resize_conv:
            return random_resize_conv(rng);
        case Op::resize:
            return random_resize(rng);
        case Op::zero_insert:
            return random_zero_insert(rng);
        case Op::depth_to_space:
            return random_depth_to_space(rng);
        case Op::col2im:
            return random_col2im(rng);
        case Op::max_pool_indices:
            return random_max_pool(rng);
        case Op::max_unpool:
            return random_max_unpool(rng);
    }
    return {};
}

Problem random_problem(Rng& rng) {
    return random_problem(rng, rng.pick({Op::conv_transpose, Op::conv_transpose, Op::conv_transpose, Op::conv_transpose,
                                         Op::conv_transpose, Op::conv_transpose, Op::conv, Op::conv, Op::resize_conv,
                                         Op::resize_conv, Op::resize, Op::resize, Op::resize, Op::zero_insert,
                                         Op::depth_to_space, Op::col2im, Op::max_pool_indices, Op::max_unpool}));
}

ProblemData random_data(Rng& rng, const Problem& problem, Numbers numbers) {
    ProblemData data;
    data.input = random_values(rng, input_count(problem), numbers);
    data.weights = random_values(rng, weight_count(problem), numbers);
    const auto channels = static_cast<size_t>(problem.out_channels);
    const Convolution* conv = weighted(problem);
    if (conv && conv->bias) data.bias = random_values(rng, channels, numbers);
    if (problem.activation.kind == Activation::Kind::prelu) data.slopes = random_values(rng, channels, numbers);
    if (problem.residual) data.residual = random_values(rng, output_count(problem), numbers);
    if (std::holds_alternative<MaxPool>(problem.op) && rng.chance(50)) add_special_values(rng, data.input);
    if (const auto* unpool = std::get_if<MaxUnpool>(&problem.op)) data.indices = random_indices(rng, problem, *unpool);
    return data;
}

bool own_windows(const Problem& problem, const std::vector<int64_t>& indices) {
    const auto& op = std::get<MaxUnpool>(problem.op);
    const int64_t plane = product(op.index_extent), in_plane = product(problem.input);
    for (size_t f = 0; f < indices.size(); ++f) {
        const auto element = static_cast<int64_t>(f);
        const bool last = problem.input_layout == Layout::nhwc;
        const int64_t channels = problem.in_channels;
        const int64_t n = element / (channels * in_plane);
        const int64_t c = last ? element % channels : element / in_plane % channels;
        int64_t place = last ? element / channels % in_plane : element % in_plane;
        int64_t index = indices[f] - (op.indices.whole_tensor ? (n * channels + c) * plane : 0);
        if (index < 0 || index >= plane) return false;
        for (size_t a = problem.input.size(); a-- > 0;) {
            const int64_t offset =
                index % op.index_extent[a] - place % problem.input[a] * op.stride[a] + op.pad_begin[a];
            if (offset < 0 || offset >= op.kernel[a]) return false;
            index /= op.index_extent[a];
            place /= problem.input[a];
        }
    }
    return true;
}

size_t input_count(const Problem& problem) {
    return static_cast<size_t>(problem.batch * product(problem.input) * problem.in_channels);
}

size_t output_count(const Problem& problem) {
    return static_cast<size_t>(problem.batch * product(problem.output) * problem.out_channels);
}

size_t weight_count(const Problem& problem) {
    const Convolution* conv = weighted(problem);
    if (!conv) return 0;
    return static_cast<size_t>(product(conv->kernel) * problem.in_channels * (problem.out_channels / conv->groups));
}

}  // namespace polyphase::testing
