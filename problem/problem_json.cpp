// The canonical JSON form of a problem.
#include <algorithm>

#include "problem/names.h"
#include "problem/problem_file.h"

namespace polyphase {
namespace {

using Json = nlohmann::ordered_json;

Json activation_json(const Activation& activation) {
    std::string name(name_in(kActivations, activation.kind));
    if (activation.kind == Activation::Kind::leaky_relu) return {{"name", name}, {"alpha", activation.alpha}};
    if (activation.kind == Activation::Kind::clip)
        return {{"name", name}, {"min", activation.min}, {"max", activation.max}};
    return name;
}

void add_pads(Json& json, const std::vector<int>& begin, const std::vector<int>& end) {
    json["pads"] = Json::array();
    for (size_t a = 0; a < begin.size(); a++) json["pads"].push_back({begin[a], end[a]});
}

/// What the operators with weights share, the stride apart.
void add_convolution(Json& json, const Problem& problem, const Convolution& conv) {
    json["out_channels"] = problem.out_channels;
    json["kernel"] = conv.kernel;
    json["dilation"] = conv.dilation;
    add_pads(json, conv.pad_begin, conv.pad_end);
    json["groups"] = conv.groups;
    json["bias"] = conv.bias;
    json["weight_layout"] = name_in(kWeightLayouts, conv.weight_layout);
    json["weight_initializer"] = name_in(kInitializers, conv.weight_initializer);
    json["bias_initializer"] = name_in(kInitializers, conv.bias_initializer);
}

void add_op(Json& json, const Problem& problem, const ConvTranspose& conv) {
    add_convolution(json, problem, conv);
    json["stride"] = conv.stride;
    json["output"] = problem.output;
}

void add_op(Json& json, const Problem& problem, const Conv& conv) {
    add_convolution(json, problem, conv);
}

/// The fields of a resampling; its extents are called `output`.
void add_resampling(Json& json, const std::vector<ResampleAxis>& axes, const char* output) {
    const auto from_extents = [](const ResampleAxis& axis) {
        return axis.scale == static_cast<double>(axis.output) / axis.input;
    };
    const ResampleAxis& first = axes[0];
    const bool plain = std::ranges::all_of(axes, from_extents);
    for (const ResampleAxis& axis : axes) {
        json[output].push_back(axis.output);
        if (!plain) json["scale"].push_back(axis.scale);
    }
    json["mode"] = name_in(kResizeModes, first.mode);
    if (first.mode == ResizeMode::area) return;
    json["coordinates"] = name_in(kCoordinates, first.coordinates);
    json["nearest_rounding"] = name_in(kNearestRoundings, first.nearest_rounding);
    json["cubic_coeff"] = first.cubic_coeff;
    json["exclude_outside"] = first.exclude_outside;
    json["antialias"] = first.antialias;
    json["single_precision"] = first.single_precision;
    if (first.coordinates != Coordinates::tf_crop_and_resize) return;
    for (const ResampleAxis& axis : axes) json["roi"].push_back({axis.roi_begin, axis.roi_end});
}

void add_op(Json& json, const Problem&, const Resize& resize) {
    add_resampling(json, resize.axes, "output");
    if (resize.axes[0].coordinates == Coordinates::tf_crop_and_resize)
        json["extrapolation"] = resize.extrapolation_value;
}

void add_op(Json& json, const Problem& problem, const ResizeConv& op) {
    add_resampling(json, op.axes, "resized");
    add_convolution(json, problem, op);
}

void add_op(Json& json, const Problem& problem, const ZeroInsert& op) {
    json["stride"] = op.stride;
    json["offset"] = op.offset;
    json["output"] = problem.output;
}

void add_op(Json& json, const Problem&, const DepthToSpace& op) {
    json["block"] = op.block;
    json["order"] = name_in(kDepthOrders, op.order);
}

void add_op(Json& json, const Problem& problem, const Col2Im& op) {
    int64_t blocks = 1;
    for (const int extent : problem.input) blocks *= extent;
    json["input"] = {problem.batch, problem.in_channels, blocks};
    json["kernel"] = op.kernel;
    json["stride"] = op.stride;
    json["dilation"] = op.dilation;
    std::vector<int> pad_end;
    for (int a = 0; a < problem.rank(); a++) {
        const int64_t reached = int64_t{problem.input[a] - 1} * op.stride[a] +
                                int64_t{op.kernel[a] - 1} * op.dilation[a] + 1 - op.pad_begin[a];
        pad_end.push_back(static_cast<int>(std::max<int64_t>(0, reached - problem.output[a])));
    }
    add_pads(json, op.pad_begin, pad_end);
    json["output"] = problem.output;
}

void add_op(Json& json, const Problem& problem, const MaxPool& op) {
    json["kernel"] = op.kernel;
    json["stride"] = op.stride;
    json["dilation"] = op.dilation;
    std::vector<int> pad_end;
    for (int a = 0; a < problem.rank(); a++) {
        const int64_t reached = int64_t{problem.output[a] - 1} * op.stride[a] +
                                int64_t{op.kernel[a] - 1} * op.dilation[a] + 1 - op.pad_begin[a];
        pad_end.push_back(static_cast<int>(reached - problem.input[a]));
    }
    add_pads(json, op.pad_begin, pad_end);
    json["indices"] = name_in(kIndexSpaces, op.indices.whole_tensor);
    json["storage_order"] = name_in(kStorageOrders, op.indices.column_major);
}

void add_op(Json& json, const Problem& problem, const MaxUnpool& op) {
    json["kernel"] = op.kernel;
    json["stride"] = op.stride;
    json["pads"] = op.pad_begin;
    json["output"] = problem.output;
    json["indices"] = name_in(kIndexSpaces, op.indices.whole_tensor);
    json["index_extent"] = op.index_extent;
}

}  // namespace

Json to_json(const Problem& problem) {
    Json json;
    json["name"] = problem.name;
    json["op"] = op_name(problem);
    json["input"] = {problem.batch, problem.in_channels};
    for (const int extent : problem.input) json["input"].push_back(extent);
    std::visit([&](const auto& op) { add_op(json, problem, op); }, problem.op);
    json["input_layout"] = name_in(kLayouts, problem.input_layout);
    json["output_layout"] = name_in(kLayouts, problem.output_layout);
    json["dtype"] = "f32";
    json["activation"] = activation_json(problem.activation);
    json["residual"] = problem.residual;
    json["targets"] = problem.targets;
    if (!problem.machine.empty()) json["machine"] = problem.machine;
    return json;
}

}  // namespace polyphase
