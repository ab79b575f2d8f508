// The fields of a transposed convolution.
#include <algorithm>
#include <utility>

#include "problem/conventions.h"
#include "problem/problem_reading.h"

namespace polyphase {
namespace {

constexpr int kMostPhases = 65536;  // per axis: the map lists them

using Pair = std::pair<int, int>;

std::string bracketed(const Pair& pads) {
    return shown(Json({pads.first, pads.second}));
}

void check_groups(ProblemReading& r, int groups, WeightLayout layout) {
    const std::string found = ", found " + text(groups);
    if (r.problem.in_channels % groups != 0)
        r.fields.error("groups",
                       "expected a divisor of the " + text(r.problem.in_channels) + " input channels" + found);
    if (r.problem.out_channels % groups != 0)
        r.fields.error("groups", "expected a divisor of out_channels (" + text(r.problem.out_channels) + ")" + found);
    if (groups != 1 && layout == WeightLayout::k_cout_cin)
        r.fields.error("groups", "expected 1 with weight_layout \"k_cout_cin\"" + found);
}

/// [begin, end] of every axis from a number, one number per axis or one pair per axis.
std::optional<std::vector<Pair>> read_numeric_pads(ProblemReading& r, const Json& value) {
    constexpr Limits kPad{-kLargestInt, kLargestInt};
    constexpr const char* kForms =
        "a number, a list with a number or [begin, end] per spatial axis, or a convention's name";
    if (value.is_number()) {
        const auto pad = r.fields.whole("pads", value, kPad);
        return pad ? std::optional(std::vector<Pair>(r.rank, {*pad, *pad})) : std::nullopt;
    }
    const bool fits =
        value.is_array() && (r.rank > 0 ? value.size() == static_cast<size_t>(r.rank) : value.size() <= 3);
    if (!fits) {
        r.fields.expected("pads", kForms + (r.rank > 0 ? " (" + text(r.rank) + " axes)" : ""), value);
        return std::nullopt;
    }
    std::vector<Pair> pads;
    for (size_t a = 0; a < value.size(); a++) {
        const std::string field = indexed("pads", a);
        const Json& entry = value[a];
        const bool pair = entry.is_array() && entry.size() == 2;
        if (entry.is_array() && !pair) {
            r.fields.expected(field, "[begin, end]", entry);
            continue;
        }
        const auto begin = r.fields.whole(pair ? indexed(field, 0) : field, pair ? entry[0] : entry, kPad);
        const auto end = pair ? r.fields.whole(indexed(field, 1), entry[1], kPad) : begin;
        if (begin && end) pads.emplace_back(*begin, *end);
    }
    return pads.size() == value.size() ? std::optional(pads) : std::nullopt;
}

const Convention* read_convention(ProblemReading& r, const Json& value) {
    const std::string name = value.get<std::string>();
    if (const Convention* found = find_convention(name)) return found;
    std::string list;
    for (const Convention& convention : conventions())
        list += (list.empty() ? "\"" : ", \"") + std::string(convention.name) + "\"";
    const bool ambiguous = name == "same" || name == "same_upper" || name == "same_lower";
    r.fields.expected(
        "pads",
        (ambiguous ? "a framework's own convention, since they disagree on SAME: one of " : "pads or one of ") + list,
        value);
    return nullptr;
}

void resolve_axis(ProblemReading& r, int a, const ConventionAxis& axis, const Convention* convention, Pair pads,
                  ConvTranspose& conv) {
    const auto whole = [&](std::string_view field) { return indexed(field, a); };
    if (axis.uncropped() > kLargestInt)
        return r.fields.error(whole("kernel"),
                              "expected an uncropped output of at most " + text(kLargestInt) +
                                  ", found (input - 1)*stride + (kernel - 1)*dilation + 1 = " + text(axis.uncropped()));
    if (!convention && axis.output_padding && *axis.output_padding >= std::max(axis.stride, axis.dilation))
        return r.fields.error(whole("output_padding"), "expected less than the larger of stride and dilation (" +
                                                           text(std::max(axis.stride, axis.dilation)) + "), found " +
                                                           text(*axis.output_padding));
    const Padding padding = convention ? convention->resolve(axis) : resolve_explicit(axis, pads.first, pads.second);
    if (!padding.ok()) return r.fields.error(whole(padding.wrong_field), padding.problem);
    if (padding.output < 1 || padding.output > kLargestInt)
        return r.fields.error(whole("pads"), "expected pads that leave 1 to " + text(kLargestInt) +
                                                 " outputs of the uncropped " + text(axis.uncropped()) + ", found " +
                                                 bracketed(pads) + ", which leave " + text(padding.output));
    if (padding.pad_end < -kLargestInt || padding.pad_end > kLargestInt)
        return r.fields.error(whole("output"), "expected a size within " + text(kLargestInt) +
                                                   " of the uncropped one, found " + text(padding.output));
    conv.pad_begin.push_back(static_cast<int>(padding.pad_begin));
    conv.pad_end.push_back(static_cast<int>(padding.pad_end));
    r.problem.output.push_back(static_cast<int>(padding.output));
}

void read_pads(ProblemReading& r, ConvTranspose& conv) {
    const Json none = 0;
    const Json* value = r.fields.find("pads");
    if (!value) value = &none;
    const Convention* convention = nullptr;
    std::optional<std::vector<Pair>> pads;
    if (value->is_string())
        convention = read_convention(r, *value);
    else
        pads = read_numeric_pads(r, *value);

    std::optional<std::vector<int>> output, output_padding;
    if (r.fields.has("output")) output = r.fields.per_axis("output", r.rank, {}, std::nullopt);
    if (r.fields.has("output_padding"))
        output_padding = r.fields.per_axis("output_padding", r.rank, {0, kLargestInt}, std::nullopt);
    if (pads && r.fields.has("output") && r.fields.has("output_padding"))
        r.fields.error("output_padding", "expected it or \"output\", found both");
    if (!r.fields.ok()) return;

    for (int a = 0; a < r.rank; a++) {
        ConventionAxis axis{r.problem.input[a], conv.kernel[a], conv.stride[a], conv.dilation[a], {}, {}};
        if (output) axis.output = (*output)[a];
        if (output_padding) axis.output_padding = (*output_padding)[a];
        resolve_axis(r, a, axis, convention, pads ? (*pads)[a] : Pair{}, conv);
    }
}

}  // namespace

void check_phases(ProblemReading& r, const std::vector<int>& stride) {
    for (size_t a = 0; a < stride.size(); a++)
        if (stride[a] > kMostPhases)
            r.fields.expected(indexed("stride", a), "at most " + text(kMostPhases) + " phases per axis", stride[a]);
}

void read_conv_transpose(ProblemReading& r) {
    ConvTranspose conv;
    r.problem.out_channels = r.fields.whole_field("out_channels", {}, std::nullopt).value_or(0);
    const auto kernel = r.fields.per_axis("kernel", r.rank, {}, std::nullopt);
    const auto stride = r.fields.per_axis("stride", r.rank, {}, 1);
    const auto dilation = r.fields.per_axis("dilation", r.rank, {}, 1);
    const auto groups = r.fields.whole_field("groups", {}, 1);
    conv.bias = r.fields.flag("bias").value_or(false);
    conv.weight_layout =
        r.fields.choice("weight_layout", kWeightLayouts, WeightLayout::cin_cout_k).value_or(WeightLayout::cin_cout_k);
    if (groups) check_groups(r, *groups, conv.weight_layout);
    if (stride) check_phases(r, *stride);
    conv.groups = groups.value_or(1);
    conv.kernel = kernel.value_or(std::vector<int>{});
    conv.stride = stride.value_or(std::vector<int>{});
    conv.dilation = dilation.value_or(std::vector<int>{});
    read_pads(r, conv);
    r.problem.op = std::move(conv);
}

}  // namespace polyphase
