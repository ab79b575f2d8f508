#include "examples/demo/measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace demo {
namespace {

std::string number(double value, int digits) {
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
    return buffer.data();
}

double best_seconds(const Kernel& kernel) {
    using Clock = std::chrono::steady_clock;
    constexpr auto kBudget = std::chrono::milliseconds(40);
    constexpr int kFewest = 5;
    const auto start = Clock::now();
    auto best = Clock::duration::max();
    for (int i = 0; i < kFewest || Clock::now() - start < kBudget; ++i) {
        const auto begin = Clock::now();
        const auto status = kernel.run();
        best = std::min(best, Clock::now() - begin);
        if (!status) throw std::runtime_error(kernel.title + ": " + status.message());
    }
    return std::chrono::duration<double>(best).count();
}

/// Columns that terminals show: UTF-8's continuation bytes take none.
size_t columns(const std::string& text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string Measurement::rate_text(int digits) const {
    return number(rate, digits) + (memory_bound ? " GB/s" : " GFLOP/s");
}
std::string Measurement::ceiling_text() const {
    return number(ceiling, 1) + (memory_bound ? " GB/s" : " GFLOP/s");
}
std::string Measurement::time_text() const {
    return number(seconds * 1e3, seconds < 1e-3 ? 3 : 2) + " ms";
}

Measurement measure(const Kernel& kernel, double peak_gflops) {
    const double bytes = static_cast<double>(kernel.bytes_read) + static_cast<double>(kernel.bytes_written);
    const double copy = polyphase::copy_rate(kernel.bytes_read, kernel.bytes_written).best();
    Measurement result;
    result.seconds = best_seconds(kernel);
    result.memory_bound = bytes / copy > kernel.flops / peak_gflops;
    result.rate = (result.memory_bound ? bytes : kernel.flops) / result.seconds * 1e-9;
    result.ceiling = result.memory_bound ? copy : peak_gflops;
    return result;
}

std::string table(const std::vector<Kernel>& kernels, const std::vector<Measurement>& measurements) {
    constexpr size_t kColumns = 8, kTextColumns = 3;
    using Line = std::array<std::string, kColumns>;
    std::vector<Line> lines{{"problem", "shape", "instruction set", "time", "rate", "bound by", "ceiling", "of it"}};
    for (size_t i = 0; i < kernels.size(); ++i) {
        const auto& m = measurements[i];
        lines.push_back({kernels[i].title, kernels[i].shape, kernels[i].instruction_set, m.time_text(), m.rate_text(),
                         m.memory_bound ? "memory" : "FMA", m.ceiling_text(), number(m.percent(), 0) + " %"});
    }
    std::array<size_t, kColumns> width{};
    for (const auto& line : lines) {
        for (size_t c = 0; c < kColumns; ++c) width[c] = std::max(width[c], columns(line[c]));
    }
    std::string text;
    for (const auto& line : lines) {
        for (size_t c = 0; c < kColumns; ++c) {
            const std::string blank(width[c] - columns(line[c]), ' ');
            text += c < kTextColumns ? line[c] + blank : blank + line[c];
            text += c + 1 < kColumns ? "  " : "\n";
        }
    }
    return text;
}

}  // namespace demo
