#include "problem/front_ends/front_end.h"

#include <algorithm>

namespace polyphase {
namespace {

constexpr std::string_view kOwnFields =
    "name model convention op input layout input_layout output_layout dtype residual targets machine";

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> list;
    while (!text.empty()) {
        const size_t end = std::min(text.find(' '), text.size());
        if (end > 0) list.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

/// Whether the operator has an activation of its own; otherwise it takes ours.
bool activates(const FrontEndOp& op) {
    return op.fields.find("activation") != op.fields.npos;
}

const FrontEnd* read_convention_name(ProblemReading& r) {
    const Json* value = r.fields.find("convention");
    const auto* name = value->get_ptr<const std::string*>();
    std::string list;
    for (const FrontEnd* front_end : front_ends()) {
        if (front_end->ops.empty()) continue;
        if (name && *name == front_end->name) return front_end;
        list += (list.empty() ? "\"" : ", \"") + std::string(front_end->name) + "\"";
    }
    r.fields.expected("convention", "one of " + list, *value);
    return nullptr;
}

/// By the framework's name or ours; one of several of the same name takes the input's rank.
const FrontEndOp* read_op(ProblemReading& r, const FrontEnd& front_end) {
    const Json* value = r.fields.find("op");
    const auto* name = value ? value->get_ptr<const std::string*>() : nullptr;
    const FrontEndOp* named = nullptr;
    std::string list;
    for (const FrontEndOp& op : front_end.ops) {
        const bool own = name && (*name == op.name || (!op.op.empty() && *name == op.op));
        if (own && (!named || (named->rank != r.rank && op.rank == r.rank))) named = &op;
        if (op.refused.empty()) list += (list.empty() ? "" : ", ") + std::string(op.name);
    }
    if (!named) {
        r.fields.expected_or_missing("op", "one of " + list);
    } else if (!named->refused.empty()) {
        r.fields.expected("op", "another operator: " + std::string(named->refused), *value);
        named = nullptr;
    } else if (named->rank != 0 && r.rank != 0 && named->rank != r.rank) {
        r.fields.expected("input", std::string(named->name) + "'s " + text(named->rank) + " spatial axes",
                          *r.fields.find("input"));
        named = nullptr;
    }
    return named;
}

void check_field_names(ProblemReading& r, const Json& object, const FrontEnd& front_end, const FrontEndOp& op) {
    const std::vector<std::string_view> known = front_end_fields(op);
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(known, key) != known.end()) continue;
        const std::string_view near = nearest_name(key, known);
        std::string sentence = "expected a parameter of " + std::string(op.name) + " (convention \"" +
                               std::string(front_end.name) + "\"), found an unknown one";
        if (!near.empty()) sentence += " (did you mean \"" + std::string(near) + "\"?)";
        r.fields.error(printable(key), sentence);
    }
}

}  // namespace

std::vector<const FrontEnd*> front_ends() {
    return {&kKeras, &kTensorFlow, &kTfLite, &kOnnx, &kOpenVino, &kTorch};
}

std::vector<std::string_view> front_end_fields(const FrontEndOp& op) {
    std::vector<std::string_view> fields = words(kOwnFields);
    if (!activates(op)) fields.emplace_back("activation");
    std::ranges::copy(words(op.fields), std::back_inserter(fields));
    return fields;
}

void read_front_end_problem(ProblemReading& r, const Json& object, const CheckTarget& check_target) {
    const FrontEnd* front_end = read_convention_name(r);
    read_common(r, check_target);
    const FrontEndOp* op = front_end ? read_op(r, *front_end) : nullptr;
    if (!op) return;
    check_field_names(r, object, *front_end, *op);
    if (!activates(*op)) read_activation(r);
    if (r.problem.input.empty()) return;  // the operator's own fields have no rank to agree with
    r.problem.input_layout = r.problem.output_layout = front_end->layout;
    op->read(r);
    read_layouts(r, r.problem.input_layout);
}

std::optional<std::vector<int>> whole_list_or(ProblemReading& r, std::string_view field, size_t count, Limits limits,
                                              int otherwise) {
    if (!r.fields.has(field)) return std::vector<int>(count, otherwise);
    return r.fields.whole_list(field, count, count, limits,
                               "a list of " + text(static_cast<int64_t>(count)) + " whole numbers");
}

bool read_bit(ProblemReading& r, std::string_view field, bool otherwise) {
    const Json* value = r.fields.find(field);
    if (!value) return otherwise;
    if (value->is_boolean()) return value->get<bool>();
    if (value->is_number_integer() && (*value == 0 || *value == 1)) return *value == 1;
    r.fields.expected(field, "0 or 1", *value);
    return otherwise;
}

void check_unit_strides(ProblemReading& r, std::string_view field, const std::vector<int>& strides) {
    for (size_t a = 0; a < strides.size(); a++)
        if (strides[a] != 1)
            r.fields.expected(indexed(field, a), "1 (strided convolutions are not supported yet)", strides[a]);
}

std::vector<PadPair> symmetric(const std::vector<int>& pads) {
    std::vector<PadPair> pairs;
    for (const int pad : pads) pairs.emplace_back(pad, pad);
    return pairs;
}

void set_legacy_nearest(ResampleAxis& axis, bool align_corners, bool half_pixel_centers) {
    axis.mode = ResizeMode::nearest;
    axis.single_precision = true;
    axis.nearest_rounding =
        align_corners || half_pixel_centers ? NearestRounding::round_prefer_ceil : NearestRounding::floor;
    if (align_corners && half_pixel_centers)
        axis.coordinates = Coordinates::tf_half_pixel_for_nn;  // the half is added and never subtracted
    else
        axis.coordinates = align_corners        ? Coordinates::align_corners
                           : half_pixel_centers ? Coordinates::half_pixel
                                                : Coordinates::asymmetric;
}

}  // namespace polyphase
