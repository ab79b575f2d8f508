#include "tools/overlap_picture.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <vector>

#include "tools/problems.h"

namespace polyphase {
namespace {

constexpr int kMostOutputs = 64, kCell = 10;

// Inputs that reach each output of an axis.
std::vector<int> reach(const AxisMap& axis) {
    std::vector<int> counts;
    for (int o = 0; o < std::min(axis.output, kMostOutputs); o++) {
        int count = 0;
        if (!axis.rows.empty()) {
            for (const double weight : axis.rows[o].weights) count += weight != 0.0 ? 1 : 0;
        } else {
            const Phase& phase = axis.phases[o % axis.period];
            for (int t = 0; t < phase.taps; t++) {
                const int i = o / axis.period * axis.advance + phase.first_input + t * axis.input_step;
                count += i >= 0 && i < axis.input ? 1 : 0;
            }
        }
        counts.push_back(count);
    }
    return counts;
}

// Dark blue to yellow, even in lightness.
void heat(double t, png_byte* rgb) {
    static const double kStops[5][3] = {{13, 22, 66}, {74, 44, 122}, {180, 60, 104}, {240, 128, 60}, {252, 228, 120}};
    const double at = std::clamp(t, 0.0, 1.0) * 4;
    const int i = std::min(3, static_cast<int>(at));
    for (int c = 0; c < 3; c++)
        rgb[c] = static_cast<png_byte>(std::lround(kStops[i][c] + (kStops[i + 1][c] - kStops[i][c]) * (at - i)));
}

}  // namespace

std::string picture_name(const std::string& file, const Problem& problem, size_t problems) {
    if (problems == 1) return file;
    const std::filesystem::path path(file);
    return (path.parent_path() / (path.stem().string() + "-" + problem.name + path.extension().string())).string();
}

void write_overlap_picture(const Problem& problem, const std::string& file) {
    const std::vector<AxisMap> axes = axis_maps(problem);
    const std::vector<int> columns = reach(axes.back());
    const std::vector<int> rows = axes.size() > 1 ? reach(axes[axes.size() - 2]) : std::vector<int>{1};
    const int most =
        std::max(1, *std::max_element(columns.begin(), columns.end()) * *std::max_element(rows.begin(), rows.end()));

    const auto width = static_cast<png_uint_32>(columns.size() * kCell),
               height = static_cast<png_uint_32>(rows.size() * kCell);
    std::vector<png_byte> pixels(static_cast<size_t>(width) * height * 3);
    for (png_uint_32 y = 0; y < height; y++)
        for (png_uint_32 x = 0; x < width; x++)
            heat(static_cast<double>(rows[y / kCell] * columns[x / kCell]) / most,
                 &pixels[(static_cast<size_t>(y) * width + x) * 3]);

    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = PNG_FORMAT_RGB;
    if (png_image_write_to_file(&image, file.c_str(), 0, pixels.data(), 0, nullptr) == 0)
        throw BadInput{{"--png: expected a file that can be written, found \"" + file + "\": " + image.message}};
}

}  // namespace polyphase
