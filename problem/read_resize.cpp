// The fields of a resampling.
#include <algorithm>
#include <array>
#include <limits>

#include "problem/problem_reading.h"

namespace polyphase {
namespace {

constexpr int kLargestResized = 1 << 22;  // extent of a resized axis, in or out: its table has a row per output
constexpr double kLargestScale = 1 << 22;
constexpr double kFarthestRegion = 16.0;   // in input extents
constexpr double kLargestTable = 1 << 26;  // weights of one axis
constexpr double kLargestFloat = std::numeric_limits<float>::max();

void set_extent(ProblemReading& r, int a, ResampleAxis& axis, const std::optional<std::vector<int>>& output,
                const std::optional<std::vector<double>>& scale) {
    if (output) {
        axis.output = (*output)[a];
        axis.scale = static_cast<double>(axis.output) / axis.input;
    } else {
        axis.scale = (*scale)[a];
        const int64_t extent = resampled_extent(axis.input, axis.scale, axis.roi_begin, axis.roi_end);
        if (extent < 1 || extent > kLargestResized)
            return r.fields.expected(
                indexed("scale", a),
                "a scale that gives 1 to " + text(kLargestResized) + " outputs (it gives " + text(extent) + ")",
                axis.scale);
        axis.output = static_cast<int>(extent);
    }
    if (axis.antialias && axis.mode != ResizeMode::nearest &&
        axis.output * 4.0 / std::min(axis.scale, 1.0) > kLargestTable)
        r.fields.error("antialias", "expected a table of at most " + text(static_cast<int64_t>(kLargestTable)) +
                                        " weights per axis, found more on axis " + text(a));
}

std::vector<std::array<double, 2>> read_roi(ProblemReading& r, Coordinates coordinates) {
    std::vector<std::array<double, 2>> roi(r.rank, {0.0, 1.0});
    for (const char* field : {"roi", "extrapolation"})
        if (r.fields.has(field) && coordinates != Coordinates::tf_crop_and_resize)
            r.fields.expected(field, "it with coordinates \"tf_crop_and_resize\" only",
                              std::string(name_in(kCoordinates, coordinates)));
    const Json* value = r.fields.find("roi");
    if (!value) return roi;
    if (!value->is_array() || (r.rank > 0 && value->size() != static_cast<size_t>(r.rank))) {
        r.fields.expected("roi", "a list with [begin, end] per spatial axis", *value);
        return roi;
    }
    for (size_t a = 0; a < roi.size(); a++) {
        const std::string field = indexed("roi", a);
        const Json& entry = (*value)[a];
        if (!entry.is_array() || entry.size() != 2) {
            r.fields.expected(field, "[begin, end] as fractions of the input", entry);
            continue;
        }
        for (size_t i = 0; i < 2; i++)
            roi[a][i] =
                r.fields.finite(indexed(field, i), entry[i], -kFarthestRegion, kFarthestRegion).value_or(roi[a][i]);
    }
    return roi;
}

}  // namespace

void read_resize(ProblemReading& r) {
    ResampleAxis common;
    common.mode = r.fields.choice("mode", kResizeModes, common.mode).value_or(common.mode);
    common.coordinates = r.fields.choice("coordinates", kCoordinates, common.coordinates).value_or(common.coordinates);
    common.nearest_rounding = r.fields.choice("nearest_rounding", kNearestRoundings, common.nearest_rounding)
                                  .value_or(common.nearest_rounding);
    common.cubic_coeff = r.fields.number_field("cubic_coeff", -16, 16, common.cubic_coeff).value_or(common.cubic_coeff);
    common.exclude_outside = r.fields.flag("exclude_outside").value_or(false);
    common.antialias = r.fields.flag("antialias").value_or(false);
    Resize resize;
    resize.extrapolation_value =
        r.fields.number_field("extrapolation", -kLargestFloat, kLargestFloat, 0.0).value_or(0.0);
    const std::vector<std::array<double, 2>> roi = read_roi(r, common.coordinates);
    for (size_t a = 0; a < r.problem.input.size(); a++)
        if (r.problem.input[a] > kLargestResized)
            r.fields.expected(indexed("input", a + 2), "at most " + text(kLargestResized) + " for a resized axis",
                              r.problem.input[a]);
    if (!r.fields.find("mode")) r.fields.missing("mode", "one of " + names_of(kResizeModes));

    std::optional<std::vector<int>> output;
    std::optional<std::vector<double>> scale;
    if (r.fields.has("output")) output = r.fields.per_axis("output", r.rank, {1, kLargestResized}, std::nullopt);
    if (r.fields.has("scale")) scale = r.fields.numbers_per_axis("scale", r.rank, 1 / kLargestScale, kLargestScale);
    if (r.fields.has("output") == r.fields.has("scale"))
        r.fields.error("scale", r.fields.has("scale") ? "expected it or \"output\", found both"
                                                      : "expected it or \"output\", found neither");
    if (!r.fields.ok()) return;

    for (int a = 0; a < r.rank; a++) {
        ResampleAxis axis = common;
        axis.input = r.problem.input[a];
        axis.roi_begin = roi[a][0];
        axis.roi_end = roi[a][1];
        set_extent(r, a, axis, output, scale);
        r.problem.output.push_back(axis.output);
        resize.axes.push_back(axis);
    }
    r.problem.out_channels = r.problem.in_channels;
    r.problem.op = std::move(resize);
}

}  // namespace polyphase
