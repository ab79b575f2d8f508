// The cost model of convolutions on GPUs: which tiles are possible, and how many cycles of the whole GPU each would
// take, from registers, multiprocessors, waves and bytes. Predictions need to rank candidates, not to be right.
#include <algorithm>

#include "generators/convolution.h"
#include "schedules/cuda/convolution.h"

namespace polyphase::cuda {
namespace {

// An H200, per multiprocessor and cycle unless said otherwise. A smaller GPU ranks tiles the same way while its
// multiprocessors are alike; it has fewer to fill.
constexpr int kProcessors = 132;
constexpr double kFma = 128, kLoads = 32;                // lanes
constexpr double kIssue = 128;                           // lanes, of anything
constexpr double kDramBytes = 2400, kCacheBytes = 3100;  // of the whole GPU, from beyond and from its cache
constexpr int kRegisters = 65536, kMostWarps = 64, kMostBlocks = 32;
constexpr long long kSharedBytes = 200 << 10;

// Cycles, estimated.
constexpr double kLatency = 800;            // from a chunk's first load to the barrier behind its last store
constexpr double kLaunch = 3000;            // of a kernel: to start, to fill the multiprocessors and to drain
constexpr double kDependentLoad = 40;       // from one product of the direct family to the next
constexpr double kDirectInstructions = 12;  // of a product there: operands and the arithmetic of their places
constexpr double kCopyInstructions = 14;    // per word that is staged: its place, bounds, a load, a store
constexpr double kStoreInstructions = 8;    // per output
constexpr double kContention = 0.25;        // of the less busy of issue and loads that is not hidden behind the other
constexpr double kAlone = 1.5;              // what a step takes in a block that has a multiprocessor to itself
constexpr double kInstructions = 1.12;      // instructions besides FMAs and loads in the innermost loop

// Limits.
constexpr int kMostSums = 96, kMostRegisters = 240;
constexpr int kMostTile = 16, kMostLanes = 32, kMostThreads = 256;
constexpr int kAdjacentLanes = 8;  // along x: fewer have tiles of neighbours (convolution.cpp)
constexpr int kMostSplits = 64;
constexpr int kSpareRegisters = 40;  // addresses, counters, operands on their way
constexpr long long kBlockSharedBytes = 24 << 10;
constexpr int kMostBodyFmas = 1200;  // unrolled

// The problem in the numbers that costs are made of.
struct Shape {
    PerAxis<AxisMap> axes;
    PerAxis<int> quotients{}, reach{}, taps{}, period{};
    PerAxis<int> live_taps{};  // of all phases
    long long group_in, group_out, groups, batch;
    bool channels_last, even_x, even = true, pads = false;

    explicit Shape(const Problem& problem) : axes(xyz_axes(problem)) {
        groups = convolution_of(problem)->groups;
        group_in = problem.in_channels / groups;
        group_out = problem.out_channels / groups;
        batch = problem.batch;
        channels_last = problem.output_layout == Layout::nhwc;
        const auto* resize = std::get_if<ResizeConv>(&problem.op);
        pads = resize != nullptr && !presummed(*resize);
        for (int a = 0; a < kAxes; a++) {
            period[a] = axes[a].period;
            taps[a] = std::max(axes[a].taps(), 1);
            quotients[a] = ceil_div(axes[a].output, period[a]);
            reach[a] = polyphase::reach(axes[a]);
            for (const Phase& phase : axes[a].phases) {
                live_taps[a] += phase.taps;
                even = even && phase.taps == axes[a].phases.front().taps;
            }
            pads = pads || reads_outside(axes[a]);
        }
        even_x = std::all_of(axes[kX].phases.begin(), axes[kX].phases.end(),
                             [&](const Phase& phase) { return phase.taps == axes[kX].phases.front().taps; });
    }
};

// Neighbouring channels that a thread of the direct family computes.
int direct_lanes(const Shape& s) {
    return s.channels_last && (s.group_out == 1 ? s.groups : s.group_out) % 4 == 0 ? 4 : 1;
}

// How a kernel is cut into blocks and threads.
struct Blocking {
    int lanes_c = 1, lanes_r = 1, lanes_x = 1, lanes_y = 1, tile_c = 1, tile_x = 1, tile_y = 1, depth = 1;
    bool phases_x = false, phases_y = false;

    int threads() const { return lanes_c * lanes_r * lanes_x * lanes_y; }
    int block_x() const { return lanes_x * tile_x; }
    int block_y() const { return lanes_y * tile_y; }
    int sums(const Shape& s) const {
        return tile_c * tile_x * tile_y * (phases_x ? s.period[kX] : 1) * (phases_y ? s.period[kY] : 1);
    }
    long long shared_bytes(const Shape& s) const {
        return 4LL * depth * (block_x() + s.reach[kX]) * (block_y() + s.reach[kY]) * s.taps[kZ];
    }
    double blocks(const Shape& s) const {
        const double places = static_cast<double>(ceil_div(s.quotients[kX], block_x())) *
                              ceil_div(s.quotients[kY], block_y()) * s.quotients[kZ];
        const double phases = static_cast<double>(phases_x || lanes_r > 1 ? 1 : s.period[kX]) *
                              (phases_y ? 1 : s.period[kY]) * s.period[kZ];
        return places * phases * ceil_div(s.group_out, lanes_c * tile_c) * static_cast<double>(s.groups * s.batch);
    }
};

// Why no block can be cut so; nothing if it can.
std::optional<std::string> impossible(const Shape& s, const Blocking& b) {
    // Where a phase has no tap at all Halide's bounds reach one input too far, which only padding makes harmless.
    if (!s.even && !s.pads) return "phases without taps need a padded input";
    if (b.threads() < 32 || b.threads() > kMostThreads)
        return "expected 32 to " + std::to_string(kMostThreads) + " lanes in all, found " + std::to_string(b.threads());
    const bool power = (b.lanes_r & (b.lanes_r - 1)) == 0 && b.lanes_r <= kMostLanes;
    if (b.lanes_r > 1 && (b.lanes_r != s.period[kX] || !power || b.phases_x || !s.even_x))
        return "lanes along phases of x: expected all " + std::to_string(s.period[kX]) +
               " of them, a power of two with as many taps each, found " + std::to_string(b.lanes_r);
    if (b.block_x() > s.quotients[kX] || b.block_y() > s.quotients[kY])
        return "expected a block of " + std::to_string(s.quotients[kX]) + " x " + std::to_string(s.quotients[kY]) +
               " quotients at most, found " + std::to_string(b.block_x()) + " x " + std::to_string(b.block_y());
    return std::nullopt;
}

class CostModel {
  public:
    explicit CostModel(const Problem& problem) : s_(problem) {}

    std::vector<Schedule> candidates() {
        add_direct();
        if (s_.group_in > 1 || s_.group_out > 1) add_tiles();
        return std::move(all_);
    }

  private:
    void add_direct() {
        Schedule p;
        p.family = "direct";
        p.source = "cost model";
        p.params = {{"lanes", direct_lanes(s_)}};
        // Every FMA loads its operands, with the arithmetic of their places.
        const double outputs = outputs_of();
        const double products = outputs * s_.group_in * s_.taps[kX] * s_.taps[kY] * s_.taps[kZ];
        const double serial =
            static_cast<double>(s_.group_in) * s_.taps[kX] * s_.taps[kY] * s_.taps[kZ] * kDependentLoad;
        p.predicted_cycles =
            kLaunch + std::max(serial, products * kDirectInstructions / p["lanes"] / (kIssue * kProcessors));
        all_.push_back(p);
    }

    double outputs_of() const {
        return static_cast<double>(s_.batch * s_.groups * s_.group_out) * s_.axes[kX].output * s_.axes[kY].output *
               s_.axes[kZ].output;
    }

    void add_tiles() {
        Blocking b;
        for (b.tile_c = 1; b.tile_c <= kMostTile; b.tile_c++)
            for (const int tile_x : {1, 2, 4, 6, 8})
                for (const int tile_y : {1, 2, 4})
                    for (const auto& [phases_x, phases_y] : {std::pair(0, 0), std::pair(1, 0), std::pair(1, 1)}) {
                        if (b.tile_c > 4 && b.tile_c % 4 != 0) continue;
                        b.tile_x = tile_x;
                        b.tile_y = tile_y;
                        b.phases_x = phases_x != 0 && s_.period[kX] > 1;
                        b.phases_y = phases_y != 0 && s_.period[kY] > 1;
                        // What the problem lacks has been tried already.
                        const bool new_x = phases_x == 0 || phases_y != 0 || b.phases_x;
                        if (!new_x || (phases_y != 0 && !b.phases_y)) continue;
                        if (b.sums(s_) <= kMostSums && b.tile_c < 2 * s_.group_out) add_lanes(b);
                    }
    }

    void add_lanes(Blocking b) {
        const std::vector<int> phases = s_.period[kX] > 1 ? std::vector{1, s_.period[kX]} : std::vector{1};
        for (b.lanes_c = 1; b.lanes_c <= kMostLanes; b.lanes_c *= 2)
            for (const int lanes_r : phases)
                for (b.lanes_x = 1; b.lanes_x <= kMostLanes; b.lanes_x *= 2)
                    for (b.lanes_y = 1; b.lanes_y <= kMostLanes; b.lanes_y *= 2) {
                        b.lanes_r = lanes_r;
                        if (b.lanes_c > 1 && (b.lanes_c - 1) * b.tile_c >= s_.group_out) continue;
                        if (impossible(s_, b)) continue;
                        for (const int depth : {8, 16, 32}) {
                            b.depth = divisor_within(static_cast<int>(s_.group_in), depth);
                            add(b);
                        }
                    }
    }

    // What a block costs: cycles of its multiprocessor.
    struct Block {
        int resident;                 // on a multiprocessor at a time
        double blocks;                // of the whole kernel, without splits
        double step, staged, stores;  // an input channel, a chunk's copies, the outputs
        double bytes;
    };

    void add(const Blocking& b) {
        const long long shared = b.shared_bytes(s_);
        if (shared > kBlockSharedBytes) return;
        const int threads = b.threads(), sums = b.sums(s_), all_taps = s_.taps[kX] * s_.taps[kY] * s_.taps[kZ];

        // One input channel of one thread. Taps that a phase lacks cost nothing where phases are unrolled.
        const double taps_x = b.phases_x ? s_.live_taps[kX] : s_.taps[kX];
        const double taps_yz = (b.phases_y ? s_.live_taps[kY] : s_.taps[kY]) * s_.taps[kZ];
        const double fmas = taps_x * taps_yz * b.tile_c * b.tile_x * b.tile_y;
        const bool unroll_taps = all_taps * sums <= kMostBodyFmas;
        if (fmas < static_cast<double>(all_taps) * sums && !unroll_taps) return;  // shorter phases would test each tap
        const int unroll = divisor_within(b.depth, std::clamp(unroll_taps ? 512 / (all_taps * sums) : 4, 1, 4));
        const bool neighbours = b.lanes_x < kAdjacentLanes;  // a thread's quotients of x follow each other
        double inputs = static_cast<double>(b.tile_x) * b.tile_y * all_taps;
        if (unroll_taps) {
            const int columns = neighbours ? b.tile_x + s_.reach[kX] : b.tile_x * (1 + s_.reach[kX]);
            inputs = static_cast<double>(columns) * (b.tile_y + s_.reach[kY]) * s_.taps[kZ];
        }
        const double weights = taps_x * taps_yz * b.tile_c;
        const double instructions = fmas + inputs / (neighbours ? unroll : 1) + weights / std::min(b.tile_c, 4);
        const double issue = instructions * kInstructions / kIssue * threads;
        const double loads = (inputs + weights) / kLoads * threads;

        const int registers =
            sums + static_cast<int>(std::min(inputs, 24.0) + std::min(weights, 16.0)) + kSpareRegisters;
        if (registers > kMostRegisters) return;
        const int warps = ceil_div(threads, 32), of_warp = (registers + 7) / 8 * 8 * 32;

        Block block;
        block.resident = std::min({kRegisters / (of_warp * warps), kMostWarps / warps, kMostBlocks,
                                   static_cast<int>(kSharedBytes / (shared + 1024))});
        block.step = std::max(issue, loads) + kContention * std::min(issue, loads);
        block.staged = static_cast<double>(shared) / 4 * kCopyInstructions / kIssue;
        block.stores = static_cast<double>(threads) * sums * (kStoreInstructions + store_penalty(b)) / kIssue;
        block.bytes = static_cast<double>(s_.group_in) * (static_cast<double>(shared) / b.depth +
                                                          4.0 * b.lanes_c * b.tile_c * taps_x * b.lanes_r * taps_yz);
        block.blocks = b.blocks(s_);
        Schedule p;
        p.family = "tiles";
        p.source = "cost model";
        p.params = {{"lanes_c", b.lanes_c}, {"lanes_r", b.lanes_r},   {"lanes_x", b.lanes_x},
                    {"lanes_y", b.lanes_y}, {"tile_c", b.tile_c},     {"tile_x", b.tile_x},
                    {"tile_y", b.tile_y},   {"phases_x", b.phases_x}, {"phases_y", b.phases_y},
                    {"depth", b.depth},     {"unroll", unroll},       {"unroll_taps", unroll_taps}};
        for (int splits = 1; splits <= kMostSplits; splits *= 2) {
            if (s_.group_in % (static_cast<long long>(splits) * b.depth) != 0) break;
            // A GPU that is full gains nothing.
            if (splits > 1 && block.blocks * splits > 4.0 * kProcessors * block.resident) break;
            p.params["splits"] = splits;
            p.predicted_cycles = kLaunch + cycles(block, b.depth, splits);
            all_.push_back(p);
        }
    }

    double cycles(const Block& b, int depth, int splits) const {
        const double chunks = static_cast<double>(s_.group_in) / depth / splits;
        const double busy = chunks * (depth * b.step + b.staged) + b.stores;
        const double alone = chunks * (depth * b.step * kAlone + b.staged + kLatency) + kLatency + b.stores;
        const double each = std::ceil(b.blocks * splits / kProcessors);
        const double rounds = std::ceil(each / b.resident);
        const double cache = b.blocks * b.bytes / kCacheBytes;
        const double arithmetic = std::max(each * busy, rounds * alone);
        // Partial sums go through the second-level cache, and another kernel adds them up.
        const double merge =
            splits == 1 ? 0 : kLaunch / 2 + outputs_of() * 4 * splits * 2 / kCacheBytes + kLatency + splits * 20.0;
        return std::max(arithmetic, cache) + merge;
    }

    // Instructions' worth of an output whose warp does not write whole lines.
    double store_penalty(const Blocking& b) const {
        if (s_.channels_last) return b.lanes_c >= 4 || s_.group_out * s_.groups < 8 ? 0 : 16;
        const bool dense = b.lanes_r > 1 || s_.period[kX] == 1;
        const int run = dense ? b.lanes_r * b.lanes_x : b.phases_x ? b.lanes_x : 1;
        return run >= 8 ? (b.phases_x ? 4 : 0) : 32.0 / run;
    }

    Shape s_;
    std::vector<Schedule> all_;
};

}  // namespace

std::vector<Schedule> convolution_candidates(const Problem& problem) {
    return CostModel(problem).candidates();
}

std::optional<std::string> reject_convolution(const Problem& problem, const Schedule& schedule) {
    const Shape s(problem);
    if (schedule.family == "direct") return reject_params(schedule, {{"lanes", 1, direct_lanes(s)}});
    if (schedule.family != "tiles")
        return "schedule: field family: expected tiles, direct or reference, found " + schedule.family;
    const int ci = static_cast<int>(s.group_in);
    if (auto why = reject_params(schedule, {{"lanes_c", 1, kMostLanes},
                                            {"lanes_r", 1, kMostLanes},
                                            {"lanes_x", 1, kMostLanes},
                                            {"lanes_y", 1, kMostLanes},
                                            {"tile_c", 1, kMostTile},
                                            {"tile_x", 1, kMostTile},
                                            {"tile_y", 1, kMostTile},
                                            {"phases_x", 0, s.period[kX] > 1},
                                            {"phases_y", 0, s.period[kY] > 1},
                                            {"depth", 1, 64, ci},
                                            {"unroll", 1, 8},
                                            {"unroll_taps", 0, 1},
                                            {"splits", 1, kMostSplits, ci}}))
        return why;
    const Schedule& p = schedule;
    if (p["depth"] % p["unroll"] != 0 || ci % (p["depth"] * p["splits"]) != 0 ||
        (p["tile_c"] > 4 && p["tile_c"] % 4 != 0))
        return "schedule tiles: expected unroll to divide depth, splits * depth to divide the input channels of a "
               "group, and "
               "tile_c to be 1 to 4 or a multiple of 4";
    Blocking b;
    b.lanes_c = p["lanes_c"], b.lanes_r = p["lanes_r"], b.lanes_x = p["lanes_x"], b.lanes_y = p["lanes_y"];
    b.tile_c = p["tile_c"], b.tile_x = p["tile_x"], b.tile_y = p["tile_y"], b.depth = p["depth"];
    b.phases_x = p["phases_x"] != 0, b.phases_y = p["phases_y"] != 0;
    if (auto why = impossible(s, b)) return "schedule tiles: " + *why;
    if (b.shared_bytes(s) > kBlockSharedBytes)
        return "schedule tiles: expected a chunk of " + std::to_string(kBlockSharedBytes) + " bytes at most, found " +
               std::to_string(b.shared_bytes(s));
    return std::nullopt;
}

}  // namespace polyphase::cuda
