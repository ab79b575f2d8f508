#include "schedules/schedule.h"

#include <Halide.h>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace polyphase {

nlohmann::ordered_json to_json(const Schedule& schedule) {
    return {{"family", schedule.family}, {"params", schedule.params}, {"source", schedule.source}};
}

std::optional<std::string> reject_params(const Schedule& schedule, const std::vector<ParamRange>& ranges) {
    const std::string subject = "schedule " + schedule.family + ": parameter ";
    for (const ParamRange& range : ranges) {
        const auto found = schedule.params.find(range.name);
        if (found == schedule.params.end()) return subject + range.name + " is missing";
        const int value = found->second;
        if (value < range.low || value > range.high)
            return subject + range.name + ": expected " + std::to_string(range.low) + " to " +
                   std::to_string(range.high) + ", found " + std::to_string(value);
        if (range.divides != 0 && range.divides % value != 0)
            return subject + range.name + ": expected a divisor of " + std::to_string(range.divides) + ", found " +
                   std::to_string(value);
    }
    for (const auto& [name, value] : schedule.params) {
        const auto known = [&name = name](const ParamRange& range) { return range.name == name; };
        if (std::none_of(ranges.begin(), ranges.end(), known)) return subject + name + " is unknown";
    }
    return std::nullopt;
}

Machine machine_for(const Halide::Target& target) {
    using Halide::Target;
    Machine m;
    if (target.has_feature(Target::AVX512) || target.has_feature(Target::AVX512_Skylake)) {
        m = {.name = "x86 AVX-512", .lanes = 16, .registers = 32, .fma = true, .l1 = 32 << 10, .l2 = 1 << 20};
    } else if (target.has_feature(Target::AVX2)) {
        m = {.name = "x86 AVX2",
             .lanes = 8,
             .registers = 16,
             .fma = target.has_feature(Target::FMA),
             .l1 = 32 << 10,
             .l2 = 512 << 10};
    } else {
        m = {.name = "x86 baseline", .lanes = 4, .registers = 16, .fma = false, .l1 = 32 << 10, .l2 = 256 << 10};
    }
    return m;
}

}  // namespace polyphase
