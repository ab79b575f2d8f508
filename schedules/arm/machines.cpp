#include "schedules/arm/machines.h"

#include <algorithm>
#include <stdexcept>

namespace polyphase::arm {
namespace {

constexpr const char* kDefault = "cortex-a76";

Machine neon(const char* name) {
    return {.name = name, .lanes = 4, .registers = 32, .fma = true, .lane_operands = true};
}

std::vector<Machine> machines() {
    // Little cores run in order: two instructions a cycle, of which one may load 16 bytes and one be an FMA of four
    // floats.
    Machine a55 = neon("cortex-a55");
    a55.in_order = true;
    a55.fma_per_cycle = 1;
    a55.loads_per_cycle = 1;
    a55.issue_per_cycle = 2;
    a55.l1 = 32 << 10;
    a55.l2 = 128 << 10;

    Machine a76 = neon("cortex-a76");
    a76.l1 = 64 << 10;
    a76.l2 = 512 << 10;

    Machine n1 = neon("neoverse-n1");
    n1.l1 = 64 << 10;
    n1.l2 = 1 << 20;

    Machine v2 = neon("neoverse-v2");
    v2.fma_per_cycle = 4;
    v2.loads_per_cycle = 3;
    v2.issue_per_cycle = 8;
    v2.l1 = 64 << 10;
    v2.l2 = 2 << 20;
    return {a55, a76, n1, v2};
}

}  // namespace

std::vector<std::string> machine_names() {
    std::vector<std::string> names;
    for (const Machine& machine : machines()) names.push_back(machine.name);
    return names;
}

Machine machine_named(const std::string& name) {
    const std::vector<Machine> all = machines();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Machine& machine) {
        return machine.name == (name.empty() ? kDefault : name);
    });
    if (found == all.end()) throw std::invalid_argument("machine: expected one of 64-bit ARM, found \"" + name + "\"");
    return *found;
}

}  // namespace polyphase::arm
