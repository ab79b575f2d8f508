#include "problem/inspect.h"

#include <algorithm>
#include <iomanip>
#include <numeric>
#include <sstream>

#include "problem/names.h"

namespace polyphase {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMostMapColumns = 24;  // of the overlap map as text

const char* axis_name(int axis, int rank) {
    constexpr const char* kNames[] = {"depth", "height", "width"};
    return kNames[3 - rank + axis];
}

std::vector<int> shape(int batch, int channels, const std::vector<int>& spatial, Layout layout) {
    std::vector<int> result{batch};
    if (layout == Layout::nchw) result.push_back(channels);
    result.insert(result.end(), spatial.begin(), spatial.end());
    if (layout == Layout::nhwc) result.push_back(channels);
    return result;
}

Json tensor_json(const std::vector<int>& shape, std::string_view layout, int64_t elements) {
    return {{"shape", shape}, {"layout", layout}, {"elements", elements}};
}

Json phase_json(const AxisMap& map, const Phase& phase) {
    Json json = {{"taps", phase.taps}};
    if (phase.taps == 0) return json;
    json["first_input"] = phase.first_input;
    if (map.rows.empty()) json["first_kernel"] = phase.first_kernel;
    if (!phase.weights.empty()) json["weights"] = phase.weights;
    return json;
}

Json axis_json(const AxisMap& map, const char* name) {
    const Range interior = map.interior();
    Json json = {{"axis", name},
                 {"input", map.input},
                 {"output", map.output},
                 {"period", map.period},
                 {"advance", map.advance},
                 {"input_step", map.input_step},
                 {"kernel_step", map.kernel_step},
                 {"taps", map.taps()},
                 {"live_taps", map.live_taps()},
                 {"interior", {interior.begin, interior.end}}};
    json["phases"] = Json::array();
    const auto listed = std::min<size_t>(map.phases.size(), kMostPhasesShown);
    for (size_t r = 0; r < listed; r++) json["phases"].push_back(phase_json(map, map.phases[r]));
    return json;
}

/// The overlap map of the last two axes, or of the only one.
std::vector<std::vector<int>> last_overlap(const std::vector<AxisMap>& maps, size_t most) {
    std::vector<std::vector<int>> counts{overlap(maps.back())};
    if (maps.size() > 1) counts = overlap(maps[maps.size() - 2], maps.back());
    if (counts.size() > most) counts.resize(most);
    for (auto& row : counts)
        if (row.size() > most) row.resize(most);
    return counts;
}

std::string joined(const std::vector<int>& numbers, const char* separator) {
    std::string text;
    for (const int number : numbers) text += (text.empty() ? "" : separator) + std::to_string(number);
    return text;
}

/// 1234567 as "1.23 M".
std::string scaled(double value, const char* unit) {
    constexpr const char* kPrefixes[] = {" ", " k", " M", " G", " T", " P", " E"};
    int prefix = 0;
    for (; value >= 1000 && prefix < 6; prefix++) value /= 1000;
    std::ostringstream text;
    text << std::setprecision(3) << value << kPrefixes[prefix] << unit;
    return text.str();
}

std::string checkerboard_warning(const char* axis, const AxisMap& map, int kernel, int stride, int dilation) {
    const std::vector<int> taps = overlap(map);
    const auto [least, most] = std::ranges::minmax(taps);
    if (least == most) return "";
    std::ostringstream text;
    text << axis << ": kernel " << kernel << " with stride " << stride;
    if (dilation > 1) text << " and dilation " << dilation;
    text << " gives outputs " << least << " to " << most << " taps by phase, which can show as a checkerboard; ";
    const int common = std::gcd(stride, dilation);
    if (common > 1) {
        text << "no kernel size avoids it, because stride and dilation share the factor " << common;
        return text.str();
    }
    const int below = kernel / stride * stride;
    text << "kernel ";
    if (below > 0) text << below << " or ";
    text << static_cast<int64_t>(below) + stride << " avoids it";
    return text.str();
}

void write_phases(std::ostream& out, const AxisMap& map) {
    const std::vector<int> taps = overlap(map);
    const auto listed = std::min<size_t>(taps.size(), kMostMapColumns);
    for (size_t r = 0; r < listed; r++) out << ' ' << taps[r];
    if (listed < taps.size()) out << " ...";
}

void write_overlap_map(std::ostream& out, const std::vector<AxisMap>& maps) {
    for (const std::vector<int>& row : last_overlap(maps, kMostMapColumns)) {
        out << "    ";
        for (const int count : row) out << std::setw(4) << count;
        out << '\n';
    }
}

}  // namespace

std::vector<int> overlap(const AxisMap& map) {
    std::vector<int> taps;
    for (const Phase& phase : map.phases) {
        const auto zeros = std::ranges::count(phase.weights, 0.0);
        taps.push_back(phase.taps - static_cast<int>(zeros));
    }
    return taps;
}

std::vector<std::vector<int>> overlap(const AxisMap& rows, const AxisMap& columns) {
    std::vector<std::vector<int>> counts;
    const std::vector<int> across = overlap(columns);
    for (const int down : overlap(rows)) {
        counts.emplace_back();
        for (const int taps : across) counts.back().push_back(down * taps);
    }
    return counts;
}

std::vector<std::string> checkerboard_warnings(const Problem& problem) {
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    if (!conv) return {};
    std::vector<std::string> warnings;
    const std::vector<AxisMap> maps = axis_maps(problem);
    for (int a = 0; a < problem.rank(); a++) {
        auto warning = checkerboard_warning(axis_name(a, problem.rank()), maps[a], conv->kernel[a], conv->stride[a],
                                            conv->dilation[a]);
        if (!warning.empty()) warnings.push_back(std::move(warning));
    }
    return warnings;
}

std::vector<int> input_shape(const Problem& problem) {
    return shape(problem.batch, problem.in_channels, problem.input, problem.input_layout);
}

std::vector<int> output_shape(const Problem& problem) {
    return shape(problem.batch, problem.out_channels, problem.output, problem.output_layout);
}

std::vector<int> weight_shape(const Problem& problem) {
    const auto* conv = std::get_if<ConvTranspose>(&problem.op);
    if (!conv) return {};
    const int in = problem.in_channels, out = problem.out_channels;
    std::vector<int> shape = conv->kernel;
    switch (conv->weight_layout) {
        case WeightLayout::cin_cout_k:
            shape.insert(shape.begin(), {in, out / conv->groups});
            break;
        case WeightLayout::k_cout_cin:
            shape.insert(shape.end(), {out, in});
            break;
        case WeightLayout::cout_k_cin:
            shape.insert(shape.begin(), out);
            shape.push_back(in / conv->groups);
            break;
    }
    return shape;
}

Json inspect(const Problem& problem) {
    const std::vector<AxisMap> maps = axis_maps(problem);
    Json json = {
        {"name", problem.name},
        {"op", op_name(problem)},
        {"input", tensor_json(input_shape(problem), name_in(kLayouts, problem.input_layout), input_elements(problem))},
        {"output",
         tensor_json(output_shape(problem), name_in(kLayouts, problem.output_layout), output_elements(problem))}};
    if (const auto* conv = std::get_if<ConvTranspose>(&problem.op))
        json["weights"] =
            tensor_json(weight_shape(problem), name_in(kWeightLayouts, conv->weight_layout), weight_elements(problem));
    json["flops"] = flops(problem);
    json["min_bytes"] = min_bytes(problem);
    json["axes"] = Json::array();
    for (int a = 0; a < problem.rank(); a++) json["axes"].push_back(axis_json(maps[a], axis_name(a, problem.rank())));
    json["overlap"] = last_overlap(maps, kMostPhasesShown);
    json["warnings"] = checkerboard_warnings(problem);
    return json;
}

std::string inspect_text(const Problem& problem) {
    const std::vector<AxisMap> maps = axis_maps(problem);
    std::ostringstream out;
    out << problem.name << ": " << op_name(problem) << '\n';
    out << "  input    " << joined(input_shape(problem), " x ") << "  " << name_in(kLayouts, problem.input_layout)
        << '\n';
    out << "  output   " << joined(output_shape(problem), " x ") << "  " << name_in(kLayouts, problem.output_layout)
        << '\n';
    if (const auto* conv = std::get_if<ConvTranspose>(&problem.op))
        out << "  weights  " << joined(weight_shape(problem), " x ") << "  "
            << name_in(kWeightLayouts, conv->weight_layout) << '\n';
    out << "  work     " << scaled(static_cast<double>(flops(problem)), "FLOP") << ", at least "
        << scaled(static_cast<double>(min_bytes(problem)), "B") << " moved\n";
    for (int a = 0; a < problem.rank(); a++) {
        const AxisMap& map = maps[a];
        const Range interior = map.interior();
        out << "  " << std::left << std::setw(9) << axis_name(a, problem.rank()) << std::right << map.input << " -> "
            << map.output << ", " << map.period << (map.period == 1 ? " phase" : " phases") << " (inputs advance by "
            << map.advance << "), interior periods " << interior.begin << ".." << interior.end << ", taps by phase:";
        write_phases(out, map);
        out << '\n';
    }
    out << "  overlap map (taps by phase" << (problem.rank() > 2 ? ", height by width" : "") << "):\n";
    write_overlap_map(out, maps);
    for (const std::string& warning : checkerboard_warnings(problem)) out << "  warning: " << warning << '\n';
    return out.str();
}

}  // namespace polyphase
