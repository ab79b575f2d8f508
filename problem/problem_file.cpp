#include "problem/problem_file.h"

#include <algorithm>
#include <set>

#include "problem/front_ends/front_end.h"
#include "problem/problem_reading.h"

namespace polyphase {
namespace {

/// A set of operators, one bit each.
using Op = unsigned;
constexpr Op kConvTranspose = 1, kConv = 2, kResizeConv = 4, kResize = 8, kZeroInsert = 16, kDepthToSpace = 32,
             kCol2Im = 64, kMaxPool = 128, kMaxUnpool = 256;
constexpr Op kConvolutions = kConvTranspose | kConv | kResizeConv, kResamplings = kResize | kResizeConv,
             kPoolings = kMaxPool | kMaxUnpool, kAnyOp = 511;

struct OpName {
    std::string_view name;
    Op op;
    void (*read)(ProblemReading&);
};
constexpr OpName kOps[] = {{"conv_transpose", kConvTranspose, read_conv_transpose},
                           {"conv", kConv, read_conv},
                           {"resize_conv", kResizeConv, read_resize_conv},
                           {"resize", kResize, read_resize},
                           {"zero_insert", kZeroInsert, read_zero_insert},
                           {"depth_to_space", kDepthToSpace, read_depth_to_space},
                           {"col2im", kCol2Im, read_col2im},
                           {"max_pool_indices", kMaxPool, read_max_pool},
                           {"max_unpool", kMaxUnpool, read_max_unpool}};

struct Field {
    std::string_view name;
    Op ops;
};
constexpr Field kFields[] = {
    {"name", kAnyOp},
    {"model", kAnyOp},
    {"op", kAnyOp},
    {"input", kAnyOp},
    {"out_channels", kConvolutions},
    {"kernel", kConvolutions | kCol2Im | kPoolings},
    {"stride", kConvTranspose | kZeroInsert | kCol2Im | kPoolings},
    {"dilation", kConvolutions | kCol2Im | kMaxPool},
    {"pads", kConvolutions | kCol2Im | kPoolings},
    {"output_padding", kConvTranspose},
    {"offset", kZeroInsert},
    {"block", kDepthToSpace},
    {"order", kDepthToSpace},
    {"ceil_mode", kMaxPool},
    {"indices", kPoolings},
    {"storage_order", kMaxPool},
    {"index_extent", kMaxUnpool},
    {"output", kConvTranspose | kResize | kZeroInsert | kCol2Im | kMaxUnpool},
    {"resized", kResizeConv},
    {"scale", kResamplings},
    {"mode", kResamplings},
    {"coordinates", kResamplings},
    {"nearest_rounding", kResamplings},
    {"cubic_coeff", kResamplings},
    {"exclude_outside", kResamplings},
    {"antialias", kResamplings},
    {"single_precision", kResamplings},
    {"roi", kResamplings},
    {"extrapolation", kResize},
    {"groups", kConvolutions},
    {"bias", kConvolutions},
    {"weight_layout", kConvolutions},
    {"weight_initializer", kConvolutions},
    {"bias_initializer", kConvolutions},
    {"layout", kAnyOp},
    {"input_layout", kAnyOp},
    {"output_layout", kAnyOp},
    {"dtype", kAnyOp},
    {"activation", kAnyOp},
    {"residual", kAnyOp},
    {"targets", kAnyOp},
    {"machine", kAnyOp},
};

/// The operator that "op" names, or nullptr.
const OpName* read_op(ProblemReading& r) {
    std::string list;
    const Json* value = r.fields.find("op");
    const auto* name = value ? value->get_ptr<const std::string*>() : nullptr;
    for (const OpName& op : kOps) {
        if (name && *name == op.name) return &op;
        list += (list.empty() ? "" : ", ") + std::string(op.name);
    }
    r.fields.expected_or_missing("op", "one of " + list);
    return nullptr;
}

void check_field_names(ProblemReading& r, const Json& object, std::string_view op) {
    const std::vector<std::string_view> known = fields_of(op);
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::find(known, key) != known.end()) continue;
        const std::string_view near = nearest_name(key, known);
        std::string sentence = "expected a field of " + std::string(op) + ", found an unknown one";
        if (!near.empty()) sentence += " (did you mean \"" + std::string(near) + "\"?)";
        r.fields.error(printable(key), sentence);
    }
}

/// The checks that every operator needs.
std::optional<Problem> finished(ProblemReading& r) {
    if (r.fields.ok() && !convolution_of(r.problem) && r.problem.activation.kind == Activation::Kind::prelu)
        r.fields.error("activation", "expected prelu with operators that have weights only, found it with " +
                                         std::string(op_name(r.problem)));
    if (r.fields.ok()) check_elements(r);
    return r.fields.ok() ? std::optional(std::move(r.problem)) : std::nullopt;
}

std::optional<Problem> read_problem(const Json& object, const std::string& label, const CheckTarget& check_target,
                                    std::vector<std::string>& errors) {
    ProblemReading r{FieldReader(object, label, errors), {}, 0};
    const OpName* op = read_op(r);
    if (op) check_field_names(r, object, op->name);
    read_common(r, check_target);
    read_activation(r);
    read_layouts(r, Layout::nchw);
    if (op) op->read(r);
    return finished(r);
}

/// A problem in the words of a framework, where null means that a parameter is not given.
std::optional<Problem> read_framework_problem(const Json& object, const std::string& label,
                                              const CheckTarget& check_target, std::vector<std::string>& errors) {
    Json given = Json::object();
    for (const auto& [key, value] : object.items())
        if (!value.is_null()) given[key] = value;
    ProblemReading r{FieldReader(given, label, errors), {}, 0};
    read_front_end_problem(r, given, check_target);
    return finished(r);
}

/// What messages call the problem: its name, or its place in the file.
std::string label_of(const Json& problem, size_t index) {
    if (problem.is_object() && problem.contains("name") && problem["name"].is_string()) {
        const auto& name = problem["name"].get_ref<const std::string&>();
        if (why_no_problem_name(name).empty()) return name;
    }
    return "problem " + std::to_string(index + 1);
}

std::vector<std::string> duplicate_names(const Json& list) {
    std::vector<std::string> errors;
    std::set<std::string> seen;
    for (size_t i = 0; i < list.size(); i++) {
        if (!list[i].is_object() || !list[i].contains("name") || !list[i]["name"].is_string()) continue;
        const auto& name = list[i]["name"].get_ref<const std::string&>();
        if (!seen.insert(name).second)
            errors.push_back(label_of(list[i], i) +
                             ": field \"name\": expected a name that no other problem has, found it again in problem " +
                             std::to_string(i + 1));
    }
    return errors;
}

}  // namespace

std::vector<std::string_view> fields_of(std::string_view op) {
    const auto* known = std::ranges::find(kOps, op, &OpName::name);
    std::vector<std::string_view> names;
    if (known == std::end(kOps)) return names;
    for (const Field& field : kFields)
        if (field.ops & known->op) names.push_back(field.name);
    return names;
}

std::vector<std::string_view> op_names() {
    std::vector<std::string_view> names;
    for (const OpName& op : kOps) names.push_back(op.name);
    return names;
}

ParseResult parse_problems(std::string_view json, const CheckTarget& check_target) {
    ParseResult result;
    const JsonText parsed = parse_json(json);
    if (!parsed.error.empty()) return {{}, {"not valid JSON: " + parsed.error}};
    const Json list = parsed.value.is_array() ? parsed.value : Json::array({parsed.value});
    if (list.empty()) return {{}, {"expected at least one problem, found an empty list"}};

    for (const auto& [element, field] : parsed.duplicates)
        result.errors.push_back(label_of(list[element], element) + ": field \"" + field +
                                "\": expected each field once, found it twice");
    for (size_t i = 0; i < list.size(); i++) {
        if (!list[i].is_object()) {
            result.errors.push_back("problem " + std::to_string(i + 1) + ": expected an object, found " +
                                    shown(list[i]));
            continue;
        }
        const bool framework = list[i].contains("convention") && !list[i]["convention"].is_null();
        auto problem = (framework ? read_framework_problem : read_problem)(list[i], label_of(list[i], i), check_target,
                                                                           result.errors);
        if (problem) result.problems.push_back(std::move(*problem));
    }
    std::ranges::move(duplicate_names(list), std::back_inserter(result.errors));
    if (!result.errors.empty()) result.problems.clear();
    return result;
}

}  // namespace polyphase
