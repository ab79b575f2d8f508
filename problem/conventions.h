// The named padding conventions of transposed convolutions, resolved to explicit pads. Nothing after this file knows
// their names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace polyphase {

/// One spatial axis as a framework states it.
struct ConventionAxis {
    int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
    std::optional<int64_t> output_padding;
    std::optional<int64_t> output;

    int64_t dense_kernel() const { return (kernel - 1) * dilation + 1; }
    /// Outputs that some tap reaches, before cropping.
    int64_t uncropped() const { return (input - 1) * stride + dense_kernel(); }
};

/// Explicit pads of one axis: output = uncropped - pad_begin - pad_end; or why the convention has no answer, in the
/// form "expected ..., found ..." with the field (of "output", "output_padding", "dilation") that it is about.
struct Padding {
    int64_t pad_begin = 0, pad_end = 0, output = 0;
    std::string wrong_field, problem;
    bool ok() const { return problem.empty(); }
};

/// A convention by the name that problem files use.
struct Convention {
    std::string_view name;
    std::string_view meaning;
    Padding (*resolve)(const ConventionAxis& axis);
};

/// All conventions, in the order of the documentation.
std::span<const Convention> conventions();

/// The convention called `name`, or nullptr.
const Convention* find_convention(std::string_view name);

/// Explicit begin and end pads. An `output` decides the end pad; output padding makes the end pad smaller.
Padding resolve_explicit(const ConventionAxis& axis, int64_t pad_begin, int64_t pad_end);

}  // namespace polyphase
