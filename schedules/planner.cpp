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

std::optional<std::string> reject(const Problem& problem, const Machine& machine, const Schedule& schedule) {
    if (std::holds_alternative<ConvTranspose>(problem.op))
        return x86::reject_conv_transpose(problem, machine, schedule);
    if (std::holds_alternative<Resize>(problem.op)) return x86::reject_resize(problem, machine, schedule);
    return x86::reject_zero_insert(problem, machine, schedule);
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

std::vector<Schedule> candidates(const Problem& problem, const Halide::Target& target) {
    const Machine machine = machine_for(target);
    std::vector<Schedule> all;
    if (std::holds_alternative<ConvTranspose>(problem.op))
        all = x86::conv_transpose_candidates(problem, machine);
    else if (std::holds_alternative<Resize>(problem.op))
        all = x86::resize_candidates(problem, machine);
    else
        all = x86::zero_insert_candidates(problem, machine);
    if (all.empty()) all.push_back(reference_schedule());
    return all;
}

Schedule plan(const Problem& problem, const Halide::Target& target, const std::string& request) {
    if (request == "reference") return reference_schedule();
    if (!request.empty()) {
        Schedule schedule = from_json(request);
        if (const auto why = reject(problem, machine_for(target), schedule)) throw std::invalid_argument(*why);
        return schedule;
    }
    const std::vector<Schedule> all = candidates(problem, target);
    return *std::min_element(all.begin(), all.end(), [](const Schedule& a, const Schedule& b) {
        return a.predicted_cycles < b.predicted_cycles;
    });
}

Packing packing_of(const Problem& problem, const Schedule& schedule) {
    return x86::conv_transpose_packing(problem, schedule);
}

void apply(const Schedule& schedule, const Problem& problem, const Halide::Target&, ConvTransposeStages& stages) {
    x86::schedule_conv_transpose(stages, problem, schedule);
}

void apply(const Schedule& schedule, const Problem&, const Halide::Target&, ResizeStages& stages) {
    x86::schedule_resize(stages, schedule);
}

void apply(const Schedule& schedule, const Problem&, const Halide::Target&, ZeroInsertStages& stages) {
    x86::schedule_zero_insert(stages, schedule);
}

}  // namespace polyphase
