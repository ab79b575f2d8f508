// Schedules as data: a family, its parameters, and where they came from.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace polyphase {

/// A named way of running an operator's stages, with the numbers that it needs. Decides speed, never results.
struct Schedule {
    std::string family;                 ///< e.g. "channels"; "reference" exists for every operator
    std::map<std::string, int> params;  ///< complete: every parameter of the family
    std::string source;                 ///< "cost model", "record <file>" or "explicit"
    double predicted_cycles = 0;        ///< the cost model's estimate for one run on one core; 0 for the reference

    int operator[](const std::string& name) const { return params.at(name); }
};

/// {"family": ..., "params": {...}, "source": ...}.
nlohmann::ordered_json to_json(const Schedule& schedule);

int ceil_div(long long a, long long b);

/// The largest divisor of `count` that is at most `limit`: blocks of equal size need no guard.
int divisor_within(int count, long long limit);

/// A parameter's range for one problem on one machine.
struct ParamRange {
    std::string name;
    int low = 0, high = 0;
    int divides = 0;  ///< if not 0, the value must also divide this
};

/// Why the schedule's parameters are not exactly those of `ranges`, within them: names the parameter, what was expected
/// and found.
std::optional<std::string> reject_params(const Schedule& schedule, const std::vector<ParamRange>& ranges);

/// The facts about a processor that schedules reason from. Sizes in bytes, per core.
struct Machine {
    std::string name;
    int lanes = 4;                   ///< f32 elements of a vector register
    int registers = 16;              ///< architectural vector registers
    bool fma = false;                ///< fused multiply-add; otherwise multiply and add are two instructions
    bool lane_operands = false;      ///< an FMA can take one lane of a vector as its scalar
    bool permuted_loads = false;     ///< lanes in a known order are read as permutations of whole vectors
    bool streaming_stores = false;   ///< stores past the caches can be had
    bool prefetched_stores = false;  ///< stores that miss the caches gain from asking for their lines beforehand
    bool partial_stores = false;     ///< a few stores of parts of a vector are faster than one under a mask
    bool splits_vectors = false;  ///< a whole vector is worked on in halves: twice as many of half the length a cycle
    bool in_order = false;        ///< an instruction that waits holds up those behind it
    double fma_per_cycle = 2, loads_per_cycle = 2, issue_per_cycle = 4;
    int fma_latency = 4;  ///< cycles; fma_latency * fma_per_cycle independent sums keep the pipes busy
    long long l1 = 32 << 10, l2 = 512 << 10;
};

}  // namespace polyphase
