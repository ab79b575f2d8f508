#include "problem/problem_file.h"

#include <algorithm>
#include <limits>
#include <set>

#include "problem/conventions.h"
#include "problem/field_reader.h"

namespace polyphase {
namespace {

/// A set of operators, one bit each.
using Op = unsigned;
constexpr Op kConvTranspose = 1, kResize = 2, kZeroInsert = 4, kAnyOp = 7;

struct OpName {
    std::string_view name;
    Op op;
};
constexpr OpName kOps[] = {{"conv_transpose", kConvTranspose}, {"resize", kResize}, {"zero_insert", kZeroInsert}};

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

constexpr int kMostPhases = 65536;        // per axis: the map lists them
constexpr int kLargestResized = 1 << 22;  // extent of a resized axis, in or out: its table has a row per output
constexpr double kLargestScale = 1 << 22;
constexpr double kFarthestRegion = 16.0;   // in input extents
constexpr double kLargestTable = 1 << 26;  // weights of one axis
constexpr double kLargestFloat = std::numeric_limits<float>::max();

std::string text(int64_t number) {
    return std::to_string(number);
}

std::string bracketed(const std::vector<int64_t>& numbers) {
    return shown(Json(numbers));
}

class ProblemReader {
  public:
    ProblemReader(const Json& object, const std::string& label, const CheckTarget& check_target,
                  std::vector<std::string>& errors)
        : object_(object), fields_(object, label, errors), check_target_(check_target) {}

    std::optional<Problem> read() {
        read_name();
        const std::optional<Op> op = read_op();
        if (!op) return std::nullopt;
        check_field_names(*op);
        read_input();
        read_common();
        switch (*op) {
            case kConvTranspose:
                read_conv_transpose();
                break;
            case kResize:
                read_resize();
                break;
            default:
                read_zero_insert();
                break;
        }
        if (fields_.ok()) check_elements();
        return fields_.ok() ? std::optional(problem_) : std::nullopt;
    }

  private:
    void read_name() {
        const Json* value = fields_.find("name");
        if (!value) return fields_.missing("name", "a C identifier");
        const auto* name = value->get_ptr<const std::string*>();
        if (!name) return fields_.expected("name", "a C identifier", *value);
        if (const std::string reason = why_no_problem_name(*name); !reason.empty())
            return fields_.error("name", reason + ", found " + shown(*value));
        problem_.name = *name;
    }

    std::optional<Op> read_op() {
        std::string list;
        const Json* value = fields_.find("op");
        const auto* name = value ? value->get_ptr<const std::string*>() : nullptr;
        for (const OpName& op : kOps) {
            if (name && *name == op.name) return op.op;
            list += (list.empty() ? "" : ", ") + std::string(op.name);
        }
        if (value)
            fields_.expected("op", "one of " + list, *value);
        else
            fields_.missing("op", "one of " + list);
        return std::nullopt;
    }

    void check_field_names(Op op) {
        const std::string_view op_name = std::ranges::find(kOps, op, &OpName::op)->name;
        const std::vector<std::string_view> known = fields_of(op_name);
        for (const auto& [key, value] : object_.items()) {
            if (std::ranges::find(known, key) != known.end()) continue;
            const std::string_view near = nearest_name(key, known);
            std::string sentence = "expected a field of " + std::string(op_name) + ", found an unknown one";
            if (!near.empty()) sentence += " (did you mean \"" + std::string(near) + "\"?)";
            fields_.error(printable(key), sentence);
        }
    }

    void read_input() {
        const Json* value = fields_.find("input");
        constexpr const char* kShape = "a list [N, C, spatial...] of 3 to 5 whole numbers";
        if (!value) return fields_.missing("input", kShape);
        if (!value->is_array() || value->size() < 3 || value->size() > 5)
            return fields_.expected("input", kShape, *value);
        std::vector<int> shape;
        for (size_t i = 0; i < value->size(); i++)
            if (const auto extent = fields_.whole(indexed("input", i), (*value)[i], {})) shape.push_back(*extent);
        rank_ = static_cast<int>(value->size()) - 2;
        if (shape.size() != value->size()) return;
        problem_.batch = shape[0];
        problem_.in_channels = shape[1];
        problem_.input.assign(shape.begin() + 2, shape.end());
    }

    void read_common() {
        const auto both = fields_.choice("layout", kLayouts, Layout::nchw);
        problem_.input_layout =
            fields_.choice("input_layout", kLayouts, both.value_or(Layout::nchw)).value_or(Layout::nchw);
        problem_.output_layout =
            fields_.choice("output_layout", kLayouts, both.value_or(Layout::nchw)).value_or(Layout::nchw);
        if (const Json* dtype = fields_.find("dtype"); dtype && *dtype != "f32")
            fields_.expected("dtype", "\"f32\"", *dtype);
        if (const Json* model = fields_.find("model"); model && !model->is_string())
            fields_.expected("model", "a string", *model);
        problem_.residual = fields_.flag("residual").value_or(false);
        read_activation();
        read_targets();
    }

    void read_activation() {
        const Json* value = fields_.find("activation");
        if (!value) return;
        if (value->is_object()) return read_activation_object(*value);
        const auto* name = value->get_ptr<const std::string*>();
        if (!name) return fields_.expected("activation", "a name or an object with \"name\"", *value);
        set_activation("activation", *name);
        if (*name == "clip") fields_.expected("activation", "an object with \"name\", \"min\" and \"max\"", *value);
    }

    void set_activation(std::string_view field, const std::string& name) {
        if (name == "relu6") {
            problem_.activation = {.kind = Activation::Kind::clip, .alpha = Activation{}.alpha, .min = 0.0, .max = 6.0};
        } else if (const auto* kind = find_in(kActivations, name)) {
            problem_.activation.kind = *kind;
            const bool has_slopes = fields_.find("op") && *fields_.find("op") == "conv_transpose";
            if (*kind == Activation::Kind::prelu && !has_slopes)
                fields_.error(field,
                              "expected prelu with conv_transpose only, found it with " + shown(*fields_.find("op")));
        } else {
            fields_.expected(field, "one of " + names_of(kActivations) + ", \"relu6\"", name);
        }
    }

    void read_activation_object(const Json& object) {
        const Json* name = object.contains("name") ? &object["name"] : nullptr;
        if (!name || !name->is_string())
            return name ? fields_.expected("activation.name", "the activation's name", *name)
                        : fields_.missing("activation.name", "the activation's name");
        set_activation("activation.name", name->get<std::string>());
        Activation& activation = problem_.activation;
        const bool clip = *name == "clip", leaky = *name == "leaky_relu";
        for (const auto& [key, value] : object.items()) {
            const std::string field = "activation." + printable(key);
            double* parameter = clip && key == "min"      ? &activation.min
                                : clip && key == "max"    ? &activation.max
                                : leaky && key == "alpha" ? &activation.alpha
                                                          : nullptr;
            if (parameter)
                *parameter = fields_.finite(field, value, -kLargestFloat, kLargestFloat).value_or(*parameter);
            else if (key != "name")
                fields_.error(field, "expected a parameter of " + shown(*name) + ", found an unknown one");
        }
        if (!clip) return;
        for (const char* bound : {"min", "max"})
            if (!object.contains(bound)) fields_.missing("activation." + std::string(bound), "a bound of clip");
        if (activation.min > activation.max)
            fields_.expected("activation.max", "a number not below \"min\" (" + shown(activation.min) + ")",
                             activation.max);
    }

    void read_targets() {
        const Json* value = fields_.find("targets");
        if (!value) return;
        if (value->is_string()) return read_target("targets", *value);
        if (!value->is_array()) return fields_.expected("targets", "a list of target strings", *value);
        for (size_t i = 0; i < value->size(); i++) read_target(indexed("targets", i), (*value)[i]);
    }

    void read_target(const std::string& field, const Json& value) {
        const auto* target = value.get_ptr<const std::string*>();
        if (!target || target->empty())
            return fields_.expected(field, "a target string such as \"x86-64-linux\"", value);
        if (std::ranges::find(problem_.targets, *target) != problem_.targets.end())
            return fields_.expected(field, "each target once", value);
        problem_.targets.push_back(*target);
        if (!check_target_) return;
        if (const auto reason = check_target_(*target)) fields_.error(field, *reason);
    }

    // ---- conv_transpose

    void read_conv_transpose() {
        ConvTranspose conv;
        problem_.out_channels = fields_.whole_field("out_channels", {}, std::nullopt).value_or(0);
        const auto kernel = fields_.per_axis("kernel", rank_, {}, std::nullopt);
        const auto stride = fields_.per_axis("stride", rank_, {}, 1);
        const auto dilation = fields_.per_axis("dilation", rank_, {}, 1);
        const auto groups = fields_.whole_field("groups", {}, 1);
        conv.bias = fields_.flag("bias").value_or(false);
        conv.weight_layout = fields_.choice("weight_layout", kWeightLayouts, WeightLayout::cin_cout_k)
                                 .value_or(WeightLayout::cin_cout_k);
        if (groups) check_groups(*groups, conv.weight_layout);
        if (stride) check_phases(*stride);
        conv.groups = groups.value_or(1);
        conv.kernel = kernel.value_or(std::vector<int>{});
        conv.stride = stride.value_or(std::vector<int>{});
        conv.dilation = dilation.value_or(std::vector<int>{});
        read_pads(conv);
        problem_.op = std::move(conv);
    }

    void check_groups(int groups, WeightLayout layout) {
        const std::string found = ", found " + text(groups);
        if (problem_.in_channels % groups != 0)
            fields_.error("groups",
                          "expected a divisor of the " + text(problem_.in_channels) + " input channels" + found);
        if (problem_.out_channels % groups != 0)
            fields_.error("groups", "expected a divisor of out_channels (" + text(problem_.out_channels) + ")" + found);
        if (groups != 1 && layout == WeightLayout::k_cout_cin)
            fields_.error("groups", "expected 1 with weight_layout \"k_cout_cin\"" + found);
    }

    void check_phases(const std::vector<int>& stride) {
        for (size_t a = 0; a < stride.size(); a++)
            if (stride[a] > kMostPhases)
                fields_.expected(indexed("stride", a), "at most " + text(kMostPhases) + " phases per axis", stride[a]);
    }

    using Pair = std::pair<int, int>;

    /// [begin, end] of every axis from a number, one number per axis or one pair per axis.
    std::optional<std::vector<Pair>> read_numeric_pads(const Json& value) {
        constexpr Limits kPad{-kLargestInt, kLargestInt};
        constexpr const char* kForms =
            "a number, a list with a number or [begin, end] per spatial axis, or a convention's name";
        if (value.is_number()) {
            const auto pad = fields_.whole("pads", value, kPad);
            return pad ? std::optional(std::vector<Pair>(rank_, {*pad, *pad})) : std::nullopt;
        }
        const bool fits =
            value.is_array() && (rank_ > 0 ? value.size() == static_cast<size_t>(rank_) : value.size() <= 3);
        if (!fits) {
            fields_.expected("pads", kForms + (rank_ > 0 ? " (" + text(rank_) + " axes)" : ""), value);
            return std::nullopt;
        }
        std::vector<Pair> pads;
        for (size_t a = 0; a < value.size(); a++) {
            const std::string field = indexed("pads", a);
            const Json& entry = value[a];
            const bool pair = entry.is_array() && entry.size() == 2;
            if (entry.is_array() && !pair) {
                fields_.expected(field, "[begin, end]", entry);
                continue;
            }
            const auto begin = fields_.whole(pair ? indexed(field, 0) : field, pair ? entry[0] : entry, kPad);
            const auto end = pair ? fields_.whole(indexed(field, 1), entry[1], kPad) : begin;
            if (begin && end) pads.emplace_back(*begin, *end);
        }
        return pads.size() == value.size() ? std::optional(pads) : std::nullopt;
    }

    const Convention* read_convention(const Json& value) {
        const std::string name = value.get<std::string>();
        if (const Convention* found = find_convention(name)) return found;
        std::string list;
        for (const Convention& convention : conventions())
            list += (list.empty() ? "\"" : ", \"") + std::string(convention.name) + "\"";
        const bool ambiguous = name == "same" || name == "same_upper" || name == "same_lower";
        fields_.expected(
            "pads",
            (ambiguous ? "a framework's own convention, since they disagree on SAME: one of " : "pads or one of ") +
                list,
            value);
        return nullptr;
    }

    void read_pads(ConvTranspose& conv) {
        const Json none = 0;
        const Json* value = fields_.find("pads");
        if (!value) value = &none;
        const Convention* convention = nullptr;
        std::optional<std::vector<Pair>> pads;
        if (value->is_string())
            convention = read_convention(*value);
        else
            pads = read_numeric_pads(*value);

        std::optional<std::vector<int>> output, output_padding;
        if (fields_.has("output")) output = fields_.per_axis("output", rank_, {}, std::nullopt);
        if (fields_.has("output_padding"))
            output_padding = fields_.per_axis("output_padding", rank_, {0, kLargestInt}, std::nullopt);
        if (pads && fields_.has("output") && fields_.has("output_padding"))
            fields_.error("output_padding", "expected it or \"output\", found both");
        if (!fields_.ok()) return;

        for (int a = 0; a < rank_; a++) {
            ConventionAxis axis{problem_.input[a], conv.kernel[a], conv.stride[a], conv.dilation[a], {}, {}};
            if (output) axis.output = (*output)[a];
            if (output_padding) axis.output_padding = (*output_padding)[a];
            resolve_axis(a, axis, convention, pads ? (*pads)[a] : Pair{}, conv);
        }
    }

    void resolve_axis(int a, const ConventionAxis& axis, const Convention* convention, Pair pads, ConvTranspose& conv) {
        const auto whole = [&](std::string_view field) { return indexed(field, a); };
        if (axis.uncropped() > kLargestInt)
            return fields_.error(whole("kernel"), "expected an uncropped output of at most " + text(kLargestInt) +
                                                      ", found (input - 1)*stride + (kernel - 1)*dilation + 1 = " +
                                                      text(axis.uncropped()));
        if (!convention && axis.output_padding && *axis.output_padding >= std::max(axis.stride, axis.dilation))
            return fields_.error(whole("output_padding"), "expected less than the larger of stride and dilation (" +
                                                              text(std::max(axis.stride, axis.dilation)) + "), found " +
                                                              text(*axis.output_padding));
        const Padding padding =
            convention ? convention->resolve(axis) : resolve_explicit(axis, pads.first, pads.second);
        if (!padding.ok()) return fields_.error(whole(padding.wrong_field), padding.problem);
        if (padding.output < 1 || padding.output > kLargestInt)
            return fields_.error(whole("pads"), "expected pads that leave 1 to " + text(kLargestInt) +
                                                    " outputs of the uncropped " + text(axis.uncropped()) + ", found " +
                                                    bracketed({pads.first, pads.second}) + ", which leave " +
                                                    text(padding.output));
        if (padding.pad_end < -kLargestInt || padding.pad_end > kLargestInt)
            return fields_.error(whole("output"), "expected a size within " + text(kLargestInt) +
                                                      " of the uncropped one, found " + text(padding.output));
        conv.pad_begin.push_back(static_cast<int>(padding.pad_begin));
        conv.pad_end.push_back(static_cast<int>(padding.pad_end));
        problem_.output.push_back(static_cast<int>(padding.output));
    }

    // ---- resize

    void read_resize() {
        ResampleAxis common;
        common.mode = fields_.choice("mode", kResizeModes, common.mode).value_or(common.mode);
        common.coordinates =
            fields_.choice("coordinates", kCoordinates, common.coordinates).value_or(common.coordinates);
        common.nearest_rounding = fields_.choice("nearest_rounding", kNearestRoundings, common.nearest_rounding)
                                      .value_or(common.nearest_rounding);
        common.cubic_coeff =
            fields_.number_field("cubic_coeff", -16, 16, common.cubic_coeff).value_or(common.cubic_coeff);
        common.exclude_outside = fields_.flag("exclude_outside").value_or(false);
        common.antialias = fields_.flag("antialias").value_or(false);
        Resize resize;
        resize.extrapolation_value =
            fields_.number_field("extrapolation", -kLargestFloat, kLargestFloat, 0.0).value_or(0.0);
        const std::vector<std::array<double, 2>> roi = read_roi(common.coordinates);
        for (size_t a = 0; a < problem_.input.size(); a++)
            if (problem_.input[a] > kLargestResized)
                fields_.expected(indexed("input", a + 2), "at most " + text(kLargestResized) + " for a resized axis",
                                 problem_.input[a]);
        if (!fields_.find("mode")) fields_.missing("mode", "one of " + names_of(kResizeModes));

        std::optional<std::vector<int>> output;
        std::optional<std::vector<double>> scale;
        if (fields_.has("output")) output = fields_.per_axis("output", rank_, {1, kLargestResized}, std::nullopt);
        if (fields_.has("scale")) scale = fields_.numbers_per_axis("scale", rank_, 1 / kLargestScale, kLargestScale);
        if (fields_.has("output") == fields_.has("scale"))
            fields_.error("scale", fields_.has("scale") ? "expected it or \"output\", found both"
                                                        : "expected it or \"output\", found neither");
        if (!fields_.ok()) return;

        for (int a = 0; a < rank_; a++) {
            ResampleAxis axis = common;
            axis.input = problem_.input[a];
            axis.roi_begin = roi[a][0];
            axis.roi_end = roi[a][1];
            set_extent(a, axis, output, scale);
            problem_.output.push_back(axis.output);
            resize.axes.push_back(axis);
        }
        problem_.out_channels = problem_.in_channels;
        problem_.op = std::move(resize);
    }

    void set_extent(int a, ResampleAxis& axis, const std::optional<std::vector<int>>& output,
                    const std::optional<std::vector<double>>& scale) {
        if (output) {
            axis.output = (*output)[a];
            axis.scale = static_cast<double>(axis.output) / axis.input;
        } else {
            axis.scale = (*scale)[a];
            const int64_t extent = resampled_extent(axis.input, axis.scale, axis.roi_begin, axis.roi_end);
            if (extent < 1 || extent > kLargestResized)
                return fields_.expected(
                    indexed("scale", a),
                    "a scale that gives 1 to " + text(kLargestResized) + " outputs (it gives " + text(extent) + ")",
                    axis.scale);
            axis.output = static_cast<int>(extent);
        }
        if (axis.antialias && axis.mode != ResizeMode::nearest &&
            axis.output * 4.0 / std::min(axis.scale, 1.0) > kLargestTable)
            fields_.error("antialias", "expected a table of at most " + text(static_cast<int64_t>(kLargestTable)) +
                                           " weights per axis, found more on axis " + text(a));
    }

    std::vector<std::array<double, 2>> read_roi(Coordinates coordinates) {
        std::vector<std::array<double, 2>> roi(rank_, {0.0, 1.0});
        for (const char* field : {"roi", "extrapolation"})
            if (fields_.has(field) && coordinates != Coordinates::tf_crop_and_resize)
                fields_.expected(field, "it with coordinates \"tf_crop_and_resize\" only",
                                 std::string(name_in(kCoordinates, coordinates)));
        const Json* value = fields_.find("roi");
        if (!value) return roi;
        if (!value->is_array() || (rank_ > 0 && value->size() != static_cast<size_t>(rank_))) {
            fields_.expected("roi", "a list with [begin, end] per spatial axis", *value);
            return roi;
        }
        for (size_t a = 0; a < roi.size(); a++) {
            const std::string field = indexed("roi", a);
            const Json& entry = (*value)[a];
            if (!entry.is_array() || entry.size() != 2) {
                fields_.expected(field, "[begin, end] as fractions of the input", entry);
                continue;
            }
            for (size_t i = 0; i < 2; i++)
                roi[a][i] =
                    fields_.finite(indexed(field, i), entry[i], -kFarthestRegion, kFarthestRegion).value_or(roi[a][i]);
        }
        return roi;
    }

    // ---- zero_insert

    void read_zero_insert() {
        const auto stride = fields_.per_axis("stride", rank_, {}, std::nullopt);
        const auto offset = fields_.per_axis("offset", rank_, {0, kLargestInt}, 0);
        std::optional<std::vector<int>> output;
        if (fields_.has("output")) output = fields_.per_axis("output", rank_, {}, std::nullopt);
        if (stride) check_phases(*stride);
        if (!fields_.ok()) return;
        for (int a = 0; a < rank_; a++) {
            const int64_t s = (*stride)[a], whole = output ? (*output)[a] : problem_.input[a] * s;
            if ((*offset)[a] >= s)
                fields_.expected(indexed("offset", a), "less than the stride (" + text(s) + ")", (*offset)[a]);
            if (whole > kLargestInt)
                fields_.error(indexed("stride", a), "expected an output of at most " + text(kLargestInt) +
                                                        ", found input*stride = " + text(whole));
            problem_.output.push_back(static_cast<int>(std::min(whole, kLargestInt)));
        }
        problem_.out_channels = problem_.in_channels;
        problem_.op = ZeroInsert{*stride, *offset};
    }

    void check_elements() {
        const auto check = [&](std::string_view field, std::string_view tensor, int64_t elements) {
            if (elements > kLargestInt)
                fields_.error(field, "expected " + std::string(tensor) + " of at most " + text(kLargestInt) +
                                         " elements, found " + text(elements));
        };
        check("input", "an input", input_elements(problem_));
        check("output", "an output", output_elements(problem_));
        check("kernel", "weights", weight_elements(problem_));
    }

    const Json& object_;
    FieldReader fields_;
    const CheckTarget& check_target_;
    Problem problem_;
    int rank_ = 0;  // 0: unknown, since "input" is wrong
};

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
        auto problem = ProblemReader(list[i], label_of(list[i], i), check_target, result.errors).read();
        if (problem) result.problems.push_back(std::move(*problem));
    }
    std::ranges::move(duplicate_names(list), std::back_inserter(result.errors));
    if (!result.errors.empty()) result.problems.clear();
    return result;
}

}  // namespace polyphase
