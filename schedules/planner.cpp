#include "schedules/planner.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "schedules/x86/conv_transpose.h"
#include "schedules/x86/resize.h"
#include "schedules/x86/zero_insert.h"

namespace polyphase {
namespace {

Schedule reference_schedule() {
    return {.family = "reference", .params = {}, .source = "explicit"};
}

std::vector<Schedule> candidates(const Problem& problem, const Machine& machine) {
    if (std::holds_alternative<ConvTranspose>(problem.op)) return x86::conv_transpose_candidates(problem, machine);
    if (std::holds_alternative<Resize>(problem.op)) return x86::resize_candidates(problem, machine);
    return x86::zero_insert_candidates(problem, machine);
}

Schedule from_json(const std::string& text) {
    Schedule schedule;
    schedule.source = "explicit";
    try {
        const auto json = nlohmann::json::parse(text);
        schedule.family = json.at("family").get<std::string>();
        schedule.params = json.at("params").get<std::map<std::string, int>>();
    } catch (const nlohmann::json::exception& e) {
        throw std::invalid_argument(std::string("schedule: expected {\"family\": name, \"params\": {name: number}}; ") +
                                    e.what());
    }
    return schedule;
}

}  // namespace

Schedule plan(const Problem& problem, const Halide::Target& target, const std::string& request) {
    if (request == "reference") return reference_schedule();
    if (!request.empty()) return from_json(request);
    const std::vector<Schedule> all = candidates(problem, machine_for(target));
    if (all.empty()) return reference_schedule();
    return *std::min_element(all.begin(), all.end(), [](const Schedule& a, const Schedule& b) {
        return a.predicted_cycles < b.predicted_cycles;
    });
}

Packing packing_of(const Problem& problem, const Schedule& schedule) {
    return x86::conv_transpose_packing(problem, schedule);
}

void apply(const Schedule& schedule, const Problem& problem, const Halide::Target& target,
           ConvTransposeStages& stages) {
    x86::schedule_conv_transpose(stages, problem, machine_for(target), schedule);
}

void apply(const Schedule& schedule, const Problem&, const Halide::Target&, ResizeStages& stages) {
    x86::schedule_resize(stages, schedule);
}

void apply(const Schedule& schedule, const Problem&, const Halide::Target&, ZeroInsertStages& stages) {
    x86::schedule_zero_insert(stages, schedule);
}

}  // namespace polyphase
