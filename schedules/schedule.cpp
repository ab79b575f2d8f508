#include "schedules/schedule.h"

#include <Halide.h>

#include <nlohmann/json.hpp>

namespace polyphase {

nlohmann::ordered_json to_json(const Schedule& schedule) {
    return {{"family", schedule.family}, {"params", schedule.params}, {"source", schedule.source}};
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
