#include "problem/problem_file.h"

#include <algorithm>
#include <set>

#include "problem/problem_reading.h"

namespace polyphase {
namespace {

/// A set of operators, one bit each.
using Op = unsigned;
constexpr Op kConvTranspose = 1, kResize = 2, kZeroInsert = 4, kAnyOp = 7;

struct OpName {
    std::string_view name;
    Op op;
    void (*read)(ProblemReading&);
};
constexpr OpName kOps[] = {{"conv_transpose", kConvTranspose, read_conv_transpose},
                           {"resize", kResize, read_resize},
                           {"zero_insert", kZeroInsert, read_zero_insert}};

/// Operators that the format reserves and this release cannot generate.
constexpr std::string_view kReservedOps[] = {"max_pool_indices", "max_unpool", "depth_to_space",
                                             "col2im",           "conv",       "resize_conv"};

struct Field {
    std::string_view name;
    Op ops;
};
constexpr Field kFields[] = {
    {"name", kAnyOp},
    {"model", kAnyOp},
    {"op", kAnyOp},
    {"input", kAnyOp},
    {"out_channels", kConvTranspose},
    {"kernel", kConvTranspose},
    {"stride", kConvTranspose | kZeroInsert},
    {"dilation", kConvTranspose},
    {"pads", kConvTranspose},
    {"output_padding", kConvTranspose},
    {"offset", kZeroInsert},
    {"output", kAnyOp},
    {"scale", kResize},
    {"mode", kResize},
    {"coordinates", kResize},
    {"nearest_rounding", kResize},
    {"cubic_coeff", kResize},
    {"exclude_outside", kResize},
    {"antialias", kResize},
    {"roi", kResize},
    {"extrapolation", kResize},
    {"groups", kConvTranspose},
    {"bias", kConvTranspose},
    {"weight_layout", kConvTranspose},
    {"layout", kAnyOp},
    {"input_layout", kAnyOp},
    {"output_layout", kAnyOp},
    {"dtype", kAnyOp},
    {"activation", kAnyOp},
    {"residual", kAnyOp},
    {"targets", kAnyOp},
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

std::optional<Problem> read_problem(const Json& object, const std::string& label, const CheckTarget& check_target,
                                    std::vector<std::string>& errors) {
    ProblemReading r{FieldReader(object, label, errors), {}, 0};
    const OpName* op = read_op(r);
    if (op) check_field_names(r, object, op->name);
    read_common(r, check_target);
    if (op) op->read(r);
    if (op && op->op != kConvTranspose && r.problem.activation.kind == Activation::Kind::prelu)
        r.fields.error("activation", "expected prelu with conv_transpose only, found it with " + std::string(op->name));
    if (r.fields.ok()) check_elements(r);
    return r.fields.ok() ? std::optional(std::move(r.problem)) : std::nullopt;
}

/// What messages call the problem: its name, or its place in the file.
std::string label_of(const Json& problem, size_t index) {
    if (problem.is_object() && problem.contains("name") && problem["name"].is_string()) {
        const auto& name = problem["name"].get_ref<const std::string&>();
        if (why_no_problem_name(name).empty()) return name;
    }
    return "problem " + std::to_string(index + 1);
}

bool has_reserved_op(const Json& problem) {
    if (!problem.is_object() || !problem.contains("op") || !problem["op"].is_string()) return false;
    return std::ranges::find(kReservedOps, problem["op"].get_ref<const std::string&>()) != std::end(kReservedOps);
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
    if (!parsed.error.empty()) return {{}, {"not valid JSON: " + parsed.error}, {}};
    const Json list = parsed.value.is_array() ? parsed.value : Json::array({parsed.value});
    if (list.empty()) return {{}, {"expected at least one problem, found an empty list"}, {}};

    for (const auto& [element, field] : parsed.duplicates)
        result.errors.push_back(label_of(list[element], element) + ": field \"" + field +
                                "\": expected each field once, found it twice");
    const bool only_reserved = std::ranges::all_of(list, has_reserved_op);
    for (size_t i = 0; i < list.size(); i++) {
        if (has_reserved_op(list[i]) && !only_reserved) {
            result.skipped.push_back(label_of(list[i], i) + ": skipped: this release cannot generate " +
                                     list[i]["op"].get<std::string>());
            continue;
        }
        if (!list[i].is_object()) {
            result.errors.push_back("problem " + std::to_string(i + 1) + ": expected an object, found " +
                                    shown(list[i]));
            continue;
        }
        auto problem = read_problem(list[i], label_of(list[i], i), check_target, result.errors);
        if (problem) result.problems.push_back(std::move(*problem));
    }
    std::ranges::move(duplicate_names(list), std::back_inserter(result.errors));
    if (!result.errors.empty()) result.problems.clear();
    return result;
}

}  // namespace polyphase
