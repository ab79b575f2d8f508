#include "schedules/x86/machines.h"

#include <stdexcept>

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace polyphase::x86 {
namespace {

constexpr const char* kZen4 = "znver4";
constexpr const char* kHost = "host";

// Fitted to measurements on an Intel server core (Granite Rapids) with AVX-512.
constexpr cpu::Costs kCosts{.tile_overhead = 40,
                            .turn_per_element = 2,
                            .gather = 1.5,
                            .stream_bytes = 6,
                            .cache_bytes = 40,
                            .near_bytes = 80,
                            .input_bytes = 6,
                            .staged_bytes = 30,
                            .held = 1.5,
                            .run_start = 100,
                            .pixel_start = 20,
                            .unknown_strides = 1.05,
                            .exposed = 0.5,
                            .page_miss = 3,
                            .distant_load = 7.5,
                            .near_load = 3,
                            .straddled_line = 2.5,
                            .contention = 0.05,
                            .idle_sums = 1.6};

// Fitted to measurements on an AMD EPYC with AVX2.
constexpr cpu::Costs kZen4Costs{.tile_overhead = 30,
                                .turn_per_element = 2.2,
                                .gather = 1.5,
                                .stream_bytes = 5,
                                .cache_bytes = 50,
                                .near_bytes = 55,
                                .input_bytes = 200,
                                .staged_bytes = 40,
                                .held = 1.25,
                                .run_start = 50,
                                .pixel_start = 14,
                                .unknown_strides = 1,
                                .exposed = 0.7,
                                .page_miss = 3,
                                .distant_load = 0.5,
                                .near_load = 1.5,
                                .straddled_line = 0.65,
                                .tile_row = 5,
                                .shuffle = 2.5,
                                .contention = 0.3,
                                .idle_sums = 2.1};

// The same with AVX-512, whose vectors are worked on in halves.
constexpr cpu::Costs kZen4Avx512Costs{.tile_overhead = 70,
                                      .turn_per_element = 2.8,
                                      .gather = 1.5,
                                      .stream_bytes = 10,
                                      .cache_bytes = 45,
                                      .near_bytes = 200,
                                      .input_bytes = 57,
                                      .staged_bytes = 40,
                                      .held = 1.25,
                                      .run_start = 60,
                                      .pixel_start = 10,
                                      .unknown_strides = 1,
                                      .exposed = 1,
                                      .page_miss = 3,
                                      .distant_load = 1,
                                      .near_load = 3,
                                      .straddled_line = 2.5,
                                      .tile_row = 5,
                                      .shuffle = 1,
                                      .contention = 0.05,
                                      .idle_sums = 0.25};

// By AMD's "Processor Programming Reference": family 19h, of whose models those that are not Zen 3.
bool host_is_zen4() {
#ifdef __x86_64__
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != signature_AMD_ebx) return false;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return false;
    const unsigned family = (eax >> 8 & 0xf) + (eax >> 20 & 0xff), model = (eax >> 4 & 0xf) + (eax >> 12 & 0xf0);
    const unsigned kind = model >> 4;
    return family == 0x19 && (kind == 1 || kind == 6 || kind == 7 || kind == 0xa);
#else
    return false;
#endif
}

}  // namespace

std::vector<std::string> machine_names() {
    return {kZen4, kHost};
}

Machine machine_named(const std::string& name, const Halide::Target& target) {
    using Halide::Target;
    if (!name.empty() && name != kZen4 && name != kHost)
        throw std::invalid_argument("machine: expected one of x86, found \"" + name + "\"");
    Machine machine{.name = "x86", .l2 = 256 << 10};
    if (target.has_feature(Target::AVX512) || target.has_feature(Target::AVX512_Skylake)) {
        machine.lanes = 16;
        machine.registers = 32;
        machine.l2 = 1 << 20;
    } else if (target.has_feature(Target::AVX2)) {
        machine.lanes = 8;
        machine.l2 = 512 << 10;
    }
    machine.fma = machine.lanes == 16 || (machine.lanes == 8 && target.has_feature(Target::FMA));
    machine.streaming_stores = machine.permuted_loads = machine.lanes >= 8;
    machine.partial_stores = machine.lanes < 16;  // whose masks are vectors themselves
    if (name == kZen4 || (name == kHost && host_is_zen4())) {
        machine.name = kZen4;
        machine.l2 = 1 << 20;
        machine.prefetched_stores = machine.partial_stores = true;
        if (machine.lanes == 16) {
            machine.splits_vectors = true;
            machine.fma_per_cycle = 1;
        }
    }
    return machine;
}

const cpu::Costs& costs_of(const Machine& machine) {
    if (machine.name != kZen4) return kCosts;
    return machine.lanes == 16 ? kZen4Avx512Costs : kZen4Costs;
}

}  // namespace polyphase::x86
