// The fields that every operator has.
#include <algorithm>
#include <limits>

#include "problem/problem_reading.h"

namespace polyphase {
namespace {

constexpr double kLargestFloat = std::numeric_limits<float>::max();
constexpr size_t kMostTargets = 64;

void read_name(ProblemReading& r) {
    const Json* value = r.fields.find("name");
    if (!value) return r.fields.missing("name", "a C identifier");
    const auto* name = value->get_ptr<const std::string*>();
    if (!name) return r.fields.expected("name", "a C identifier", *value);
    if (const std::string reason = why_no_problem_name(*name); !reason.empty())
        return r.fields.error("name", reason + ", found " + shown(*value));
    r.problem.name = *name;
}

void read_input(ProblemReading& r) {
    const Json* value = r.fields.find("input");
    constexpr const char* kShape = "a list [N, C, spatial...] of 3 to 5 whole numbers";
    if (!value) return r.fields.missing("input", kShape);
    if (!value->is_array() || value->size() < 3 || value->size() > 5) return r.fields.expected("input", kShape, *value);
    std::vector<int> shape;
    for (size_t i = 0; i < value->size(); i++)
        if (const auto extent = r.fields.whole(indexed("input", i), (*value)[i], {})) shape.push_back(*extent);
    r.rank = static_cast<int>(value->size()) - 2;
    if (shape.size() != value->size()) return;
    r.problem.batch = shape[0];
    r.problem.in_channels = shape[1];
    r.problem.input.assign(shape.begin() + 2, shape.end());
}

void set_activation(ProblemReading& r, std::string_view field, const std::string& name) {
    if (name == "relu6") {
        r.problem.activation = {.kind = Activation::Kind::clip, .alpha = Activation{}.alpha, .min = 0.0, .max = 6.0};
    } else if (const auto* kind = find_in(kActivations, name)) {
        r.problem.activation.kind = *kind;
    } else {
        r.fields.expected(field, "one of " + names_of(kActivations) + ", \"relu6\"", name);
    }
}

void read_activation_object(ProblemReading& r, const Json& object) {
    const Json* name = object.contains("name") ? &object["name"] : nullptr;
    if (!name || !name->is_string())
        return name ? r.fields.expected("activation.name", "the activation's name", *name)
                    : r.fields.missing("activation.name", "the activation's name");
    set_activation(r, "activation.name", name->get<std::string>());
    Activation& activation = r.problem.activation;
    const bool clip = *name == "clip", leaky = *name == "leaky_relu";
    for (const auto& [key, value] : object.items()) {
        const std::string field = "activation." + printable(key);
        double* parameter = clip && key == "min"      ? &activation.min
                            : clip && key == "max"    ? &activation.max
                            : leaky && key == "alpha" ? &activation.alpha
                                                      : nullptr;
        if (parameter)
            *parameter = r.fields.finite(field, value, -kLargestFloat, kLargestFloat).value_or(*parameter);
        else if (key != "name")
            r.fields.error(field, "expected a parameter of " + shown(*name) + ", found an unknown one");
    }
    if (!clip) return;
    for (const char* bound : {"min", "max"})
        if (!object.contains(bound)) r.fields.missing("activation." + std::string(bound), "a bound of clip");
    if (activation.min > activation.max)
        r.fields.expected("activation.max", "a number not below \"min\" (" + shown(activation.min) + ")",
                          activation.max);
}

void read_target(ProblemReading& r, const CheckTarget& check_target, const std::string& field, const Json& value) {
    const auto* target = value.get_ptr<const std::string*>();
    if (!target || target->empty()) return r.fields.expected(field, "a target string such as \"x86-64-linux\"", value);
    if (std::ranges::find(r.problem.targets, *target) != r.problem.targets.end())
        return r.fields.expected(field, "each target once", value);
    r.problem.targets.push_back(*target);
    if (!check_target) return;
    if (const auto reason = check_target(*target)) r.fields.error(field, printable(*reason));
}

void read_targets(ProblemReading& r, const CheckTarget& check_target) {
    const Json* value = r.fields.find("targets");
    if (!value) return;
    if (value->is_string()) return read_target(r, check_target, "targets", *value);
    if (!value->is_array()) return r.fields.expected("targets", "a list of target strings", *value);
    if (value->size() > kMostTargets)
        return r.fields.expected("targets", "at most " + text(kMostTargets) + " targets", *value);
    for (size_t i = 0; i < value->size(); i++) read_target(r, check_target, indexed("targets", i), (*value)[i]);
}

}  // namespace

void read_common(ProblemReading& r, const CheckTarget& check_target) {
    read_name(r);
    read_input(r);
    if (const Json* dtype = r.fields.find("dtype")) {
        const auto* name = dtype->get_ptr<const std::string*>();
        if (!name || *name != "f32") r.fields.expected("dtype", "\"f32\"", *dtype);
    }
    if (const Json* model = r.fields.find("model"); model && !model->is_string())
        r.fields.expected("model", "a string", *model);
    r.problem.residual = r.fields.flag("residual").value_or(false);
    read_targets(r, check_target);
    if (const Json* machine = r.fields.find("machine")) {
        const auto* name = machine->get_ptr<const std::string*>();
        if (!name || name->empty())
            return r.fields.expected("machine", "a processor's name such as \"neoverse-n1\"", *machine);
        r.problem.machine = *name;
    }
}

void read_activation(ProblemReading& r) {
    const Json* value = r.fields.find("activation");
    if (!value) return;
    if (value->is_object()) return read_activation_object(r, *value);
    const auto* name = value->get_ptr<const std::string*>();
    if (!name) return r.fields.expected("activation", "a name or an object with \"name\"", *value);
    set_activation(r, "activation", *name);
    if (*name == "clip") r.fields.expected("activation", "an object with \"name\", \"min\" and \"max\"", *value);
}

void read_layouts(ProblemReading& r, Layout usual) {
    const Layout both = r.fields.choice("layout", kLayouts, usual).value_or(usual);
    r.problem.input_layout = r.fields.choice("input_layout", kLayouts, both).value_or(both);
    r.problem.output_layout = r.fields.choice("output_layout", kLayouts, both).value_or(both);
}

void check_elements(ProblemReading& r) {
    const auto check = [&](std::string_view field, std::string_view tensor, int64_t elements) {
        if (elements > kLargestInt)
            r.fields.error(field, "expected " + std::string(tensor) + " of at most " + text(kLargestInt) +
                                      " elements, found " + text(elements));
    };
    check("input", "an input", input_elements(r.problem));
    check("output", "an output", output_elements(r.problem));
    check("kernel", "weights", weight_elements(r.problem));
}

}  // namespace polyphase
