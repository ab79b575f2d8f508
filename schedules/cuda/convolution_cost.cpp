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
constexpr double kFma = 128, kLoads = 32;  // lanes
constexpr double kIssue = 128;             // lanes, of anything
constexpr double kDramBytes = 2400,
                 kCacheBytes = 3100;  // of the whole GPU, from memory and from the second-level cache
constexpr int kRegisters = 65536, kMostWarps = 64, kMostBlocks = 32;
constexpr long long kSharedBytes = 200 << 10;

// Cycles, estimated.
constexpr double kLatency =
    800;  // from a chunk's first load until its last word is in shared memory, barriers included
constexpr double kLaunch = 3000;            // of a kernel: to start, to fill the multiprocessors and to drain
constexpr double kDependentLoad = 40;       // from one product of the direct family to the next
constexpr double kDirectInstructions = 12;  // of a product there: operands and the arithmetic of their places
constexpr double kCopyInstructions = 14;    // per word that is staged: its place, bounds, a load, a store
constexpr double kStoreInstructions = 8;    // per output
constexpr double kInstructions = 1.12;      // instructions besides FMAs and loads in the innermost loop

// Limits.
constexpr int kMostSums = 96;
constexpr int kMostSplits = 64;
constexpr int kSpareRegisters = 40;  // addresses, counters, operands on their way
constexpr long long kBlockSharedBytes = 24 << 10;
constexpr int kMostBodyFmas = 1200;  // unrolled

int ceil_div(long long a, long long b) {
    return static_cast<int>((a + b - 1) / b);
}

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
            reach[a] = cuda::reach(axes[a]);
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

// The largest divisor of `count` that is at most `limit`.
int divisor_within(long long count, long long limit) {
    int divisor = static_cast<int>(std::clamp<long long>(limit, 1, count));
    while (count % divisor != 0) divisor--;
    return divisor;
}

class CostModel {
  public:
    explicit CostModel(const Problem& problem) : s_(problem) {}

    std::vector<Schedule> candidates() {
        add_direct();
        // Where a phase has no tap at all Halide's bounds reach one input too far, which only padding makes harmless.
        const bool bounded = s_.even || s_.pads;
        if (bounded && (s_.group_in > 1 || s_.group_out > 1)) add_tiles();
        return std::move(all_);
    }

  private:
    void add_direct() {
        const long long innermost = !s_.channels_last ? s_.period[kX] : s_.group_out == 1 ? s_.groups : s_.group_out;
        Schedule p;
        p.family = "direct";
        p.source = "cost model";
        const bool vectors = s_.channels_last && innermost % 4 == 0;
        p.params = {{"lanes", vectors ? 4 : 1}};
        // Every FMA loads its operands, with the arithmetic of their places.
        const double outputs = outputs_of();
        const double products = outputs * s_.group_in * s_.taps[kX] * s_.taps[kY] * s_.taps[kZ];
        const double serial =
            static_cast<double>(s_.group_in) * s_.taps[kX] * s_.taps[kY] * s_.taps[kZ] * kDependentLoad;
        p.predicted_cycles =
            kLaunch + std::max(serial, products * kDirectInstructions / (vectors ? 4 : 1) / (kIssue * kProcessors));
        all_.push_back(p);
    }

    double outputs_of() const {
        return static_cast<double>(s_.batch * s_.groups * s_.group_out) * s_.axes[kX].output * s_.axes[kY].output *
               s_.axes[kZ].output;
    }

    void add_tiles() {
        const bool phases_possible_x = s_.period[kX] > 1, phases_possible_y = s_.period[kY] > 1;
        for (const int tile_c : {1, 2, 3, 4, 8, 12, 16})
            for (const int tile_x : {1, 2, 4, 6, 8})
                for (const int tile_y : {1, 2, 4})
                    for (const bool phases_x : {false, true})
                        for (const bool phases_y : {false, true}) {
                            if ((phases_x && !phases_possible_x) || (phases_y && !phases_possible_y)) continue;
                            if (phases_y && !phases_x && phases_possible_x) continue;
                            const int sums = tile_c * tile_x * tile_y * (phases_x ? s_.period[kX] : 1) *
                                             (phases_y ? s_.period[kY] : 1);
                            if (sums > kMostSums) continue;
                            if (tile_c >= 2 * s_.group_out) continue;
                            add_lanes(tile_c, tile_x, tile_y, phases_x, phases_y, sums);
                        }
    }

    void add_lanes(int tile_c, int tile_x, int tile_y, bool phases_x, bool phases_y, int sums) {
        for (const int lanes_c : {1, 2, 4, 8, 16, 32})
            for (const int lanes_r : {1, s_.period[kX]})
                for (const int lanes_x : {1, 2, 4, 8, 16, 32})
                    for (const int lanes_y : {1, 2, 4, 8, 16}) {
                        if (lanes_r > 1 && (phases_x || !s_.even_x || (lanes_r & (lanes_r - 1)) != 0 || lanes_r > 32))
                            continue;
                        const int threads = lanes_c * lanes_r * lanes_x * lanes_y;
                        if (threads < 32 || threads > 256) continue;
                        if (lanes_x * tile_x > s_.quotients[kX] || lanes_y * tile_y > s_.quotients[kY]) continue;
                        if (lanes_c > 1 && lanes_c * tile_c >= s_.group_out + tile_c) continue;
                        for (const int depth : {8, 16, 32})
                            add(tile_c, tile_x, tile_y, phases_x, phases_y, sums, lanes_c, lanes_r, lanes_x, lanes_y,
                                depth);
                        if (lanes_r == 1 && s_.period[kX] == 1) continue;
                    }
    }

    void add(int tile_c, int tile_x, int tile_y, bool phases_x, bool phases_y, int sums, int lanes_c, int lanes_r,
             int lanes_x, int lanes_y, int most_depth) {
        const int depth = divisor_within(s_.group_in, most_depth);
        const long long block_x = static_cast<long long>(lanes_x) * tile_x,
                        block_y = static_cast<long long>(lanes_y) * tile_y;
        const long long block_c = static_cast<long long>(lanes_c) * tile_c;
        const long long shared = 4LL * depth * (block_x + s_.reach[kX]) * (block_y + s_.reach[kY]) * s_.taps[kZ];
        if (shared > kBlockSharedBytes) return;
        const int threads = lanes_c * lanes_r * lanes_x * lanes_y;

        // One input channel of one thread. Taps that a phase lacks cost nothing where phases are unrolled.
        const double taps_x = phases_x ? s_.live_taps[kX] : s_.taps[kX],
                     taps_y = phases_y ? s_.live_taps[kY] : s_.taps[kY];
        const double fmas = taps_x * taps_y * s_.taps[kZ] * tile_c * tile_x * tile_y;
        const int all_taps = s_.taps[kX] * s_.taps[kY] * s_.taps[kZ];
        const bool unroll_taps = all_taps * sums <= kMostBodyFmas;
        const bool uneven = fmas < static_cast<double>(all_taps) * sums;
        if (uneven && !unroll_taps) return;  // the shorter phases would test for every tap
        const int unroll = divisor_within(depth, std::clamp(unroll_taps ? 512 / (all_taps * sums) : 4, 1, 4));
        const bool neighbours = lanes_x < 8 && unroll_taps;
        const double inputs = neighbours    ? (tile_x + s_.reach[kX]) * (tile_y + s_.reach[kY]) * s_.taps[kZ]
                              : unroll_taps ? tile_x * (1 + s_.reach[kX]) * (tile_y + s_.reach[kY]) * s_.taps[kZ]
                                            : static_cast<double>(tile_x) * tile_y * all_taps;
        const double weights = taps_x * taps_y * s_.taps[kZ] * tile_c;
        const double issue =
            (fmas + inputs / (lanes_x >= 8 ? 1 : std::min(unroll, 4)) + weights / std::min(tile_c, 4)) * kInstructions /
            kIssue * threads;
        const double loads = (inputs + weights) / kLoads * threads;
        const double step = std::max(issue, loads) + 0.25 * std::min(issue, loads);

        const int registers =
            sums + static_cast<int>(std::min(inputs, 24.0) + std::min(weights, 16.0)) + kSpareRegisters;
        if (registers > 240) return;
        const int warps = ceil_div(threads, 32);
        const int resident = std::min({kRegisters / (((registers + 7) / 8) * 8 * warps * 32), kMostWarps / warps,
                                       kMostBlocks, static_cast<int>(kSharedBytes / (shared + 1024))});
        if (resident < 1) return;

        Block block;
        block.threads = threads;
        block.sums = sums;
        block.resident = resident;
        block.depth = depth;
        block.step = step;
        block.staged = static_cast<double>(shared) / 4 * kCopyInstructions / kIssue;
        block.stores = static_cast<double>(threads) * sums *
                       (kStoreInstructions + store_penalty(lanes_c, lanes_r, lanes_x, phases_x)) / kIssue;
        block.bytes = 4.0 * static_cast<double>(s_.group_in) *
                      ((block_x + s_.reach[kX]) * (block_y + s_.reach[kY]) * s_.taps[kZ] +
                       static_cast<double>(block_c) * taps_x * lanes_r * taps_y * s_.taps[kZ]);
        block.blocks = static_cast<double>(ceil_div(s_.quotients[kX], block_x)) * ceil_div(s_.quotients[kY], block_y) *
                       s_.quotients[kZ] * ceil_div(s_.group_out, block_c) * static_cast<double>(s_.groups * s_.batch) *
                       (phases_x || lanes_r > 1 ? 1 : s_.period[kX]) * (phases_y ? 1 : s_.period[kY]) * s_.period[kZ];
        Schedule p;
        p.family = "tiles";
        p.source = "cost model";
        p.params = {{"lanes_c", lanes_c},   {"lanes_r", lanes_r}, {"lanes_x", lanes_x}, {"lanes_y", lanes_y},
                    {"tile_c", tile_c},     {"tile_x", tile_x},   {"tile_y", tile_y},   {"phases_x", phases_x},
                    {"phases_y", phases_y}, {"depth", depth},     {"unroll", unroll},   {"unroll_taps", unroll_taps}};
        for (int splits = 1; splits <= kMostSplits; splits *= 2) {
            if (s_.group_in % (static_cast<long long>(splits) * depth) != 0) break;
            // A GPU that is full gains nothing.
            if (splits > 1 && block.blocks * splits > 4.0 * kProcessors * resident) break;
            p.params["splits"] = splits;
            p.predicted_cycles = kLaunch + cycles(block, splits);
            all_.push_back(p);
        }
    }

    // What a block costs: cycles of its multiprocessor.
    struct Block {
        int threads, sums, resident, depth;
        double blocks;                // of the whole kernel, without splits
        double step, staged, stores;  // an input channel, a chunk's copies, the outputs
        double bytes;
    };

    double cycles(const Block& b, int splits) const {
        const double chunks = static_cast<double>(s_.group_in) / b.depth / splits;
        const double busy = chunks * (b.depth * b.step + b.staged) + b.stores;
        const double alone = chunks * (b.depth * b.step * 1.5 + b.staged + kLatency) + kLatency + b.stores;
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
    double store_penalty(int lanes_c, int lanes_r, int lanes_x, bool phases_x) const {
        if (s_.channels_last) {
            if (lanes_c >= 4 || s_.group_out * s_.groups < 8) return 0;
            return 16;
        }
        const int run = lanes_r > 1 || s_.period[kX] == 1 ? lanes_r * lanes_x : phases_x ? lanes_x : 1;
        return run >= 8 ? (phases_x ? 4 : 0) : 32.0 / run;
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
    if (schedule.family == "direct") return reject_params(schedule, {{"lanes", 1, 4}});
    if (schedule.family != "tiles")
        return "schedule: field family: expected tiles, direct or reference, found " + schedule.family;
    return reject_params(schedule, {{"lanes_c", 1, 32},
                                    {"lanes_r", 1, s.period[kX]},
                                    {"lanes_x", 1, 32},
                                    {"lanes_y", 1, 32},
                                    {"tile_c", 1, 16},
                                    {"tile_x", 1, 16},
                                    {"tile_y", 1, 16},
                                    {"phases_x", 0, 1},
                                    {"phases_y", 0, 1},
                                    {"depth", 1, 64, static_cast<int>(s.group_in)},
                                    {"unroll", 1, 8},
                                    {"unroll_taps", 0, 1},
                                    {"splits", 1, kMostSplits, static_cast<int>(s.group_in)}});
}

}  // namespace polyphase::cuda
