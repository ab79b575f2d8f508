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

void add_op(Json& json, const Problem& problem, const ConvTranspose& conv) {
    json["out_channels"] = problem.out_channels;
    json["kernel"] = conv.kernel;
    json["stride"] = conv.stride;
    json["dilation"] = conv.dilation;
    json["pads"] = Json::array();
    for (size_t a = 0; a < conv.pad_begin.size(); a++) json["pads"].push_back({conv.pad_begin[a], conv.pad_end[a]});
    json["output"] = problem.output;
    json["groups"] = conv.groups;
    json["bias"] = conv.bias;
    json["weight_layout"] = name_in(kWeightLayouts, conv.weight_layout);
}

void add_op(Json& json, const Problem& problem, const Resize& resize) {
    const auto from_extents = [](const ResampleAxis& axis) {
        return axis.scale == static_cast<double>(axis.output) / axis.input;
    };
    const ResampleAxis& first = resize.axes[0];
    if (std::ranges::all_of(resize.axes, from_extents))
        json["output"] = problem.output;
    else
        for (const ResampleAxis& axis : resize.axes) json["scale"].push_back(axis.scale);
    json["mode"] = name_in(kResizeModes, first.mode);
    json["coordinates"] = name_in(kCoordinates, first.coordinates);
    json["nearest_rounding"] = name_in(kNearestRoundings, first.nearest_rounding);
    json["cubic_coeff"] = first.cubic_coeff;
    json["exclude_outside"] = first.exclude_outside;
    json["antialias"] = first.antialias;
    if (first.coordinates != Coordinates::tf_crop_and_resize) return;
    for (const ResampleAxis& axis : resize.axes) json["roi"].push_back({axis.roi_begin, axis.roi_end});
    json["extrapolation"] = resize.extrapolation_value;
}

void add_op(Json& json, const Problem& problem, const ZeroInsert& op) {
    json["stride"] = op.stride;
    json["offset"] = op.offset;
    json["output"] = problem.output;
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
    return json;
}

}  // namespace polyphase
