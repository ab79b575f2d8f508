#include "examples/demo/kernels.h"

#include <bed_of_nails_x2.h>
#include <bed_of_nails_x3.h>
#include <bicubic_x2.h>
#include <bicubic_x3.h>
#include <bilinear_x2.h>
#include <bilinear_x3.h>
#include <checker_k3s2.h>
#include <checker_k4s2.h>
#include <decoder_layer.h>
#include <fcn_x2.h>
#include <fcn_x3.h>
#include <full_hd.h>
#include <nearest_x2.h>
#include <nearest_x3.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>

namespace demo {
namespace {

using Values = std::vector<float>;
using Shape = polyphase::Extents<4>;  // [N, C, H, W]

/// What a generated header says about its kernel.
struct Facts {
    std::string title;
    Shape input, output;
    int64_t flops = 0;
    const char* instruction_set = "";
    int64_t weight_elements = 0;
};

std::string text(const Shape& shape) {
    return std::to_string(shape[1]) + "×" + std::to_string(shape[2]) + "×" + std::to_string(shape[3]);
}

/// `run` is called with the input's and the output's values.
template <class Run>
Kernel make(const Facts& facts, const Tensor& input, const Run& run) {
    if (Shape{1, input.channels, input.height, input.width} != facts.input) {
        throw std::runtime_error(facts.title + ": its kernel was generated for inputs of " + text(facts.input) +
                                 ", found " + text({1, input.channels, input.height, input.width}));
    }
    const auto in = std::make_shared<const Tensor>(input);
    const auto out = std::make_shared<Tensor>(static_cast<int>(facts.output[1]), static_cast<int>(facts.output[2]),
                                              static_cast<int>(facts.output[3]));
    Kernel kernel;
    kernel.title = facts.title;
    kernel.shape = text(facts.input) + " to " + text(facts.output);
    kernel.instruction_set = facts.instruction_set;
    kernel.flops = static_cast<double>(facts.flops);
    kernel.bytes_read = in->bytes() + static_cast<size_t>(facts.weight_elements) * sizeof(float);
    kernel.bytes_written = out->bytes();
    kernel.output = out;
    kernel.run = [in, out, run] { return run(in->values, out->values); };
    return kernel;
}

/// Weights are packed once and shared by all runs.
template <class Weights>
std::shared_ptr<const Weights> share(Weights weights) {
    if (!weights) throw std::runtime_error(weights.status().message());
    return std::make_shared<const Weights>(std::move(weights));
}

/// [3, 1, k, k]: the same square kernel for every channel.
Values depthwise(const Values& rows) {
    Values weights;
    for (int channel = 0; channel < 3; ++channel) {
        for (const float y : rows) {
            for (const float x : rows) weights.push_back(y * x);
        }
    }
    return weights;
}

/// The tent that turns a transposed convolution of stride `s` into bilinear upsampling: kernel 2s - s mod 2 (Long,
/// Shelhamer and Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015).
Values bilinear_weights(int s) {
    Values tent(static_cast<size_t>(2 * s - s % 2));
    const float centre = static_cast<float>(tent.size() - 1) / 2;
    for (size_t i = 0; i < tent.size(); ++i)
        tent[i] = 1 - std::fabs(static_cast<float>(i) - centre) / static_cast<float>(s);
    return depthwise(tent);
}

/// Equal weights that keep the mean: the kernel's k*k taps are shared by stride*stride outputs.
Values flat_weights(int k, int stride) {
    return depthwise(Values(static_cast<size_t>(k), static_cast<float>(stride) / static_cast<float>(k)));
}

Values random_values(size_t count) {
    std::mt19937 engine(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    Values values(count);
    for (auto& value : values) value = uniform(engine);
    return values;
}

Tensor random_tensor(const Shape& shape) {
    Tensor tensor(static_cast<int>(shape[1]), static_cast<int>(shape[2]), static_cast<int>(shape[3]));
    tensor.values = random_values(tensor.values.size());
    return tensor;
}

std::vector<Kernel> upsamplers_x2(const Tensor& photo) {
    const auto weights = share(fcn_x2::pack(bilinear_weights(2)));
    return {
        make({"Nearest ×2", nearest_x2::input_shape, nearest_x2::output_shape, nearest_x2::flops,
              nearest_x2::instruction_set()},
             photo, [](const Values& in, Values& out) { return nearest_x2::run(in, out); }),
        make({"Bilinear ×2", bilinear_x2::input_shape, bilinear_x2::output_shape, bilinear_x2::flops,
              bilinear_x2::instruction_set()},
             photo, [](const Values& in, Values& out) { return bilinear_x2::run(in, out); }),
        make({"Bicubic ×2", bicubic_x2::input_shape, bicubic_x2::output_shape, bicubic_x2::flops,
              bicubic_x2::instruction_set()},
             photo, [](const Values& in, Values& out) { return bicubic_x2::run(in, out); }),
        make({"Bed of nails ×2", bed_of_nails_x2::input_shape, bed_of_nails_x2::output_shape, bed_of_nails_x2::flops,
              bed_of_nails_x2::instruction_set()},
             photo, [](const Values& in, Values& out) { return bed_of_nails_x2::run(in, out); }),
        make({"Bilinear transposed conv. ×2", fcn_x2::input_shape, fcn_x2::output_shape, fcn_x2::flops,
              fcn_x2::instruction_set(), fcn_x2::weight_elements},
             photo, [weights](const Values& in, Values& out) { return fcn_x2::run(in, *weights, out); }),
    };
}

std::vector<Kernel> upsamplers_x3(const Tensor& photo) {
    const auto weights = share(fcn_x3::pack(bilinear_weights(3)));
    return {
        make({"Nearest ×3", nearest_x3::input_shape, nearest_x3::output_shape, nearest_x3::flops,
              nearest_x3::instruction_set()},
             photo, [](const Values& in, Values& out) { return nearest_x3::run(in, out); }),
        make({"Bilinear ×3", bilinear_x3::input_shape, bilinear_x3::output_shape, bilinear_x3::flops,
              bilinear_x3::instruction_set()},
             photo, [](const Values& in, Values& out) { return bilinear_x3::run(in, out); }),
        make({"Bicubic ×3", bicubic_x3::input_shape, bicubic_x3::output_shape, bicubic_x3::flops,
              bicubic_x3::instruction_set()},
             photo, [](const Values& in, Values& out) { return bicubic_x3::run(in, out); }),
        make({"Bed of nails ×3", bed_of_nails_x3::input_shape, bed_of_nails_x3::output_shape, bed_of_nails_x3::flops,
              bed_of_nails_x3::instruction_set()},
             photo, [](const Values& in, Values& out) { return bed_of_nails_x3::run(in, out); }),
        make({"Bilinear transposed conv. ×3", fcn_x3::input_shape, fcn_x3::output_shape, fcn_x3::flops,
              fcn_x3::instruction_set(), fcn_x3::weight_elements},
             photo, [weights](const Values& in, Values& out) { return fcn_x3::run(in, *weights, out); }),
    };
}

}  // namespace

std::vector<Kernel> upsamplers(const Tensor& photo, int scale) {
    return scale == 2 ? upsamplers_x2(photo) : upsamplers_x3(photo);
}

std::vector<Kernel> checkerboard_pair(const Tensor& photo) {
    const auto ragged = share(checker_k3s2::pack(flat_weights(3, 2)));
    const auto even = share(checker_k4s2::pack(flat_weights(4, 2)));
    return {
        make({"Kernel 3, stride 2", checker_k3s2::input_shape, checker_k3s2::output_shape, checker_k3s2::flops,
              checker_k3s2::instruction_set(), checker_k3s2::weight_elements},
             photo, [ragged](const Values& in, Values& out) { return checker_k3s2::run(in, *ragged, out); }),
        make({"Kernel 4, stride 2", checker_k4s2::input_shape, checker_k4s2::output_shape, checker_k4s2::flops,
              checker_k4s2::instruction_set(), checker_k4s2::weight_elements},
             photo, [even](const Values& in, Values& out) { return checker_k4s2::run(in, *even, out); }),
    };
}

std::vector<Kernel> large_problems() {
    const auto weights = share(decoder_layer::pack(random_values(decoder_layer::weight_elements)));
    return {
        make({"Transposed conv. k4 s2, relu", decoder_layer::input_shape, decoder_layer::output_shape,
              decoder_layer::flops, decoder_layer::instruction_set(), decoder_layer::weight_elements},
             random_tensor(decoder_layer::input_shape),
             [weights](const Values& in, Values& out) { return decoder_layer::run(in, *weights, out); }),
        make({"Bicubic ×2 to full HD", full_hd::input_shape, full_hd::output_shape, full_hd::flops,
              full_hd::instruction_set()},
             random_tensor(full_hd::input_shape), [](const Values& in, Values& out) { return full_hd::run(in, out); }),
    };
}

}  // namespace demo
