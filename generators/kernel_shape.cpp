#include "generators/kernel_shape.h"

#include "generators/stages.h"

namespace polyphase {
namespace {

enum TensorDim { kC, kDimX, kDimY, kDimZ, kN };

std::vector<BufferDim> tensor_dims(int channels, const std::vector<int>& spatial, int batch) {
    PerAxis<int> extent{1, 1, 1};
    const int rank = static_cast<int>(spatial.size());
    for (int i = 0; i < rank; i++) extent[i] = spatial[rank - 1 - i];
    return {{kC, 1, channels}, {kDimX, 1, extent[kX]}, {kDimY, 1, extent[kY]}, {kDimZ, 1, extent[kZ]}, {kN, 1, batch}};
}

}  // namespace

std::vector<BufferDim> input_dims(const Problem& problem) {
    return tensor_dims(problem.in_channels, problem.input, problem.batch);
}

std::vector<BufferDim> output_dims(const Problem& problem) {
    const Convolution* conv = convolution_of(problem);
    if (conv == nullptr) return tensor_dims(problem.out_channels, problem.output, problem.batch);
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const int group = problem.out_channels / conv->groups;
    std::vector<BufferDim> dims{{kC, 1, group}, {kC, group, conv->groups}};
    for (int a = 0; a < kAxes; a++) {
        const int period = axes[a].period;
        dims.push_back({kDimX + a, 1, period});
        dims.push_back({kDimX + a, period, (axes[a].output + period - 1) / period});
    }
    dims.push_back({kN, 1, problem.batch});
    return dims;
}

std::vector<int64_t> dense_strides(int channels, const std::vector<int>& spatial, Layout layout) {
    std::vector<int64_t> strides(5, 0);
    int64_t step = 1;
    if (layout == Layout::nhwc) {
        strides[kC] = step;
        step *= channels;
    }
    for (int a = 0; a < kAxes; a++) {
        strides[kDimX + a] = step;
        const int i = static_cast<int>(spatial.size()) - 1 - a;
        if (i >= 0) step *= spatial[i];
    }
    if (layout == Layout::nchw) {
        strides[kC] = step;
        step *= channels;
    }
    strides[kN] = step;
    return strides;
}

}  // namespace polyphase
