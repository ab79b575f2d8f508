#include "bench/sweep_problems.h"

#include <algorithm>
#include <cmath>

#include "tests/support/rng.h"

namespace polyphase {
namespace {

using testing::Rng;

constexpr int64_t kLeastFlops = 2'000'000, kMostFlops = 1'500'000'000;
constexpr int64_t kLeastBytes = 1 << 20, kMostBytes = 64 << 20;
constexpr int kMostChannels = 512;

// Every factor is as likely as every other.
int log_uniform(Rng& rng, int first, int last) {
    return static_cast<int>(std::exp(rng.real(std::log(first), std::log(last + 1))));
}

int random_channels(Rng& rng) {
    if (rng.chance(50)) return 1 << rng.uniform(0, 9);
    if (rng.chance(30)) return rng.pick({3, 12, 19, 21, 37, 48, 56, 80, 96, 100, 160, 192, 384});
    return log_uniform(rng, 1, kMostChannels);
}

struct Axis {
    int kernel, stride;
};

Axis random_axis(Rng& rng, int rank) {
    const int stride = rank == 3 ? rng.pick({1, 2, 2, 2, 3, 4}) : rng.pick({1, 2, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8});
    const int most = rank == 3 ? 7 : 16;
    if (rng.chance(70)) return {std::min(most, rng.pick({stride, stride + 1, stride + 2, 2 * stride})), stride};
    if (rng.chance(85)) return {rng.uniform(stride, most), stride};
    return {rng.uniform(1, stride), stride};
}

int random_extent(Rng& rng, int rank) {
    const int most = rank == 1 ? 4096 : (rank == 2 ? 256 : 64);
    if (rng.chance(50)) return 1 << rng.uniform(2, static_cast<int>(std::log2(most)));
    return log_uniform(rng, 4, most);
}

void random_channels_and_groups(Rng& rng, Problem& problem, Convolution& op) {
    problem.in_channels = random_channels(rng);
    problem.out_channels = random_channels(rng);
    if (rng.chance(10)) {  // depthwise
        op.groups = problem.out_channels = problem.in_channels;
    } else if (rng.chance(10)) {
        op.groups = rng.pick({2, 2, 3, 4, 8});
        const auto per_group = [&](int channels) { return std::max(1, channels / op.groups) * op.groups; };
        problem.in_channels = per_group(problem.in_channels);
        problem.out_channels = per_group(problem.out_channels);
    }
}

void random_spatial(Rng& rng, int rank, Problem& problem, ConvTranspose& op) {
    const bool same_kernel = rng.chance(90), same_extent = rng.chance(60);  // along every axis
    const int crop_kind = rng.uniform(1, 100);
    const int first_extent = random_extent(rng, rank);
    Axis axis = random_axis(rng, rank);
    for (int a = 0; a < rank; a++) {
        if (a > 0 && !same_kernel) axis = random_axis(rng, rank);
        const bool same = a == 0 || same_extent;
        const int extent = same ? first_extent : log_uniform(rng, std::max(4, first_extent / 3), first_extent * 3);
        const int most_crop = std::max(0, axis.kernel - axis.stride);
        int begin = 0, end = 0;
        if (crop_kind <= 50) {  // output = input * stride, if the kernel is not smaller than the stride
            begin = most_crop / 2;
            end = most_crop - begin;
        } else if (crop_kind <= 75) {
            begin = end = rng.uniform(0, axis.kernel / 2);
        }
        if (rng.chance(20)) end -= rng.uniform(0, axis.stride - 1);  // output padding
        problem.input.push_back(extent);
        op.kernel.push_back(axis.kernel);
        op.stride.push_back(axis.stride);
        op.dilation.push_back(1);
        op.pad_begin.push_back(begin);
        op.pad_end.push_back(end);
        problem.output.push_back((extent - 1) * axis.stride + axis.kernel - begin - end);
    }
}

Problem random_problem(Rng& rng) {
    Problem problem;
    ConvTranspose op;
    random_channels_and_groups(rng, problem, op);
    random_spatial(rng, rng.pick({1, 1, 2, 2, 2, 2, 2, 2, 3, 3}), problem, op);
    problem.input_layout = problem.output_layout = rng.chance(50) ? Layout::nchw : Layout::nhwc;
    op.bias = rng.chance(80);
    problem.activation.kind = rng.pick({Activation::Kind::none, Activation::Kind::none, Activation::Kind::relu});
    problem.op = op;
    return problem;
}

bool in_range(const Problem& problem) {
    if (*std::min_element(problem.output.begin(), problem.output.end()) < 1) return false;
    const int64_t work = flops(problem), bytes = min_bytes(problem);
    return work <= kMostFlops && bytes <= kMostBytes && (work >= kLeastFlops || bytes >= kLeastBytes);
}

std::string product_text(const std::vector<int>& values) {
    std::string text;
    for (const int value : values) text += (text.empty() ? "" : "x") + std::to_string(value);
    return text;
}

}  // namespace

Problem sweep_problem(uint64_t seed, int index) {
    Rng rng(testing::case_seed(seed, static_cast<uint64_t>(index)));
    Problem problem = random_problem(rng);
    while (!in_range(problem)) problem = random_problem(rng);
    problem.name = "sweep" + std::to_string(seed) + "_" + std::to_string(index);
    return problem;
}

std::string sweep_text(const Problem& problem) {
    const auto& op = std::get<ConvTranspose>(problem.op);
    std::string text = std::to_string(problem.in_channels) + "->" + std::to_string(problem.out_channels);
    if (op.groups > 1) text += " g" + std::to_string(op.groups);
    text += " " + product_text(problem.input) + " k" + product_text(op.kernel) + " s" + product_text(op.stride) +
            " ->" + product_text(problem.output);
    return text + (problem.input_layout == Layout::nchw ? " nchw" : " nhwc");
}

}  // namespace polyphase
