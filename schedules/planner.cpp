#include "schedules/planner.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "schedules/arm/backend.h"
#include "schedules/cuda/backend.h"
#include "schedules/x86/backend.h"

namespace polyphase {
namespace {

Schedule reference_schedule() {
    return {.family = "reference", .params = {}, .source = "explicit"};
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

const Backend& backend_for(const Halide::Target& target) {
    if (target.has_gpu_feature()) return cuda::backend();
    return target.arch == Halide::Target::ARM ? arm::backend() : x86::backend();
}

std::vector<Schedule> candidates(const Problem& problem, const Halide::Target& target) {
    std::vector<Schedule> all = backend_for(target).candidates(problem, target);
    if (all.empty()) all.push_back(reference_schedule());
    return all;
}

Schedule plan(const Problem& problem, const Halide::Target& target, const std::string& request) {
    if (request == "reference") return reference_schedule();
    if (!request.empty()) {
        Schedule schedule = from_json(request);
        if (const auto why = backend_for(target).reject(problem, target, schedule)) throw std::invalid_argument(*why);
        return schedule;
    }
    const std::vector<Schedule> all = candidates(problem, target);
    return *std::min_element(all.begin(), all.end(), [](const Schedule& a, const Schedule& b) {
        return a.predicted_cycles < b.predicted_cycles;
    });
}

bool runs_on_device(const Halide::Target& target) {
    return backend_for(target).runs_on_device();
}

void add_lowering_passes(const Problem& problem, const Halide::Target& target, Halide::Pipeline pipeline) {
    backend_for(target).add_lowering_passes(problem, target, pipeline);
}

ConvolutionForm form_of(const Problem& problem, const Halide::Target& target, const Schedule& schedule) {
    return backend_for(target).form(problem, schedule);
}

Packing packing_of(const Problem& problem, const Halide::Target& target, const Schedule& schedule) {
    return backend_for(target).packing(problem, schedule);
}

}  // namespace polyphase
