#include "generators/stages.h"

namespace polyphase {
namespace {

constexpr int kMostSingleOutputs = 16;  // phases of an axis

// A single input along an axis meets every output through at most one tap, so that every output can be a phase of its
// own: no product with padding is left, and no weight is read that no output needs.
AxisMap single_input_axis(const AxisMap& axis) {
    AxisMap single = axis;
    single.period = axis.output;
    single.advance = 1;
    single.phases.assign(axis.output, {});
    for (int o = 0; o < axis.output; o++) {
        const Phase& phase = axis.phases[o % axis.period];
        for (int t = 0; t < phase.taps; t++) {
            if (o / axis.period * axis.advance + phase.first_input + t * axis.input_step != 0) continue;
            single.phases[o].taps = 1;
            single.phases[o].first_kernel = phase.first_kernel + t * axis.kernel_step;
            if (!phase.kernels.empty()) single.phases[o].kernels = {phase.kernels[t]};
        }
    }
    return single;
}

}  // namespace

std::array<AxisMap, kAxes> xyz_axes(const std::vector<AxisMap>& maps) {
    PerAxis<AxisMap> axes;
    for (AxisMap& axis : axes) axis = conv_transpose_axis(1, 1, 1, 1, 0, 1);
    for (size_t i = 0; i < maps.size(); i++) axes[i] = maps[maps.size() - 1 - i];
    return axes;
}

std::array<AxisMap, kAxes> xyz_axes(const Problem& problem) {
    std::array<AxisMap, kAxes> axes = xyz_axes(axis_maps(problem));
    if (convolution_of(problem) == nullptr) return axes;
    for (AxisMap& axis : axes)
        if (axis.input == 1 && axis.output <= kMostSingleOutputs) axis = single_input_axis(axis);
    return axes;
}

}  // namespace polyphase
