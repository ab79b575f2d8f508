#include "schedules/schedule.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace polyphase {

nlohmann::ordered_json to_json(const Schedule& schedule) {
    return {{"family", schedule.family}, {"params", schedule.params}, {"source", schedule.source}};
}

int ceil_div(long long a, long long b) {
    return static_cast<int>((a + b - 1) / b);
}

int divisor_within(int count, long long limit) {
    int divisor = static_cast<int>(std::clamp<long long>(limit, 1, count));
    while (count % divisor != 0) divisor--;
    return divisor;
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

}  // namespace polyphase
