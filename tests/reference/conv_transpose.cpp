// Transposed convolution as its definition says it: every input element is scattered through every tap.
#include <array>
#include <cmath>

#include "tests/reference/reference.h"

namespace polyphase::reference {

namespace {

/// One value per axis D, H, W; a problem of lower rank has `missing` on the leading axes.
std::array<int64_t, 3> three(const std::vector<int>& values, int64_t missing) {
    std::array<int64_t, 3> result = {missing, missing, missing};
    for (size_t i = 0; i < values.size(); ++i) result[3 - values.size() + i] = values[i];
    return result;
}

struct Weights {
    const float* data;
    WeightLayout layout;
    int64_t in_channels, out_channels, groups;
    std::array<int64_t, 3> kernel;

    /// The weight of input channel `ci` (of all), output channel `co` (of its group) of group `g`, tap (kz, ky, kx).
    double at(int64_t g, int64_t ci, int64_t co, int64_t kz, int64_t ky, int64_t kx) const {
        const int64_t group_in = in_channels / groups, group_out = out_channels / groups;
        const int64_t tap = (kz * kernel[1] + ky) * kernel[2] + kx;
        const int64_t taps = kernel[0] * kernel[1] * kernel[2];
        switch (layout) {
            case WeightLayout::cin_cout_k:
                return data[(ci * group_out + co) * taps + tap];
            case WeightLayout::k_cout_cin:
                return data[(tap * out_channels + co) * in_channels + ci];
            case WeightLayout::cout_k_cin:
                return data[((g * group_out + co) * taps + tap) * group_in + (ci - g * group_in)];
        }
        return 0.0;
    }
};

}  // namespace

Sums conv_transpose(const Problem& problem, const Tensors& tensors) {
    const auto& op = std::get<ConvTranspose>(problem.op);
    const Shape in = input_shape(problem), out = output_shape(problem);
    const auto kernel = three(op.kernel, 1), stride = three(op.stride, 1), dilation = three(op.dilation, 1);
    const auto pad = three(op.pad_begin, 0);
    const Weights weights{tensors.weights, op.weight_layout, in.channels, out.channels, op.groups, kernel};
    const int64_t group_in = in.channels / op.groups, group_out = out.channels / op.groups;

    const size_t count = static_cast<size_t>(out.elements());
    Sums sums{std::vector<double>(count), std::vector<double>(count), std::vector<int64_t>(count)};
    const auto scatter = [&](int64_t n, int64_t g, int64_t ci, int64_t iz, int64_t iy, int64_t ix) {
        const double value = tensors.input[in.offset(problem.input_layout, n, ci, iz, iy, ix)];
        for (int64_t kz = 0; kz < kernel[0]; ++kz) {
            const int64_t oz = iz * stride[0] + kz * dilation[0] - pad[0];
            if (oz < 0 || oz >= out.depth) continue;
            for (int64_t ky = 0; ky < kernel[1]; ++ky) {
                const int64_t oy = iy * stride[1] + ky * dilation[1] - pad[1];
                if (oy < 0 || oy >= out.height) continue;
                for (int64_t kx = 0; kx < kernel[2]; ++kx) {
                    const int64_t ox = ix * stride[2] + kx * dilation[2] - pad[2];
                    if (ox < 0 || ox >= out.width) continue;
                    for (int64_t co = 0; co < group_out; ++co) {
                        const double term = value * weights.at(g, ci, co, kz, ky, kx);
                        const auto o = static_cast<size_t>(out.canonical(n, g * group_out + co, oz, oy, ox));
                        sums.value[o] += term;
                        sums.magnitude[o] += std::abs(term);
                        sums.terms[o] += 1;
                    }
                }
            }
        }
    };
    for (int64_t n = 0; n < in.batch; ++n) {
        for (int64_t ci = 0; ci < in.channels; ++ci) {
            for (int64_t iz = 0; iz < in.depth; ++iz) {
                for (int64_t iy = 0; iy < in.height; ++iy) {
                    for (int64_t ix = 0; ix < in.width; ++ix) scatter(n, ci / group_in, ci, iz, iy, ix);
                }
            }
        }
    }
    return sums;
}

}  // namespace polyphase::reference
