// The cost model of convolutions on GPUs: which tiles are possible, and how many cycles of the whole GPU each would
// take, from registers, multiprocessors, waves and bytes. Predictions need to rank candidates, not to be right.
#include <algorithm>
#include <array>
#include <numeric>

#include "generators/convolution.h"
#include "schedules/cuda/convolution.h"

namespace polyphase::cuda {
namespace {

// An H200. A smaller GPU ranks tiles the same way while its multiprocessors are alike; it has fewer to fill.
constexpr int kProcessors = 132;
constexpr int kSchedulers = 4,
              kWarp = 32;  // of a multiprocessor, each starts one instruction of a warp's lanes a cycle
constexpr int kRegisters = 65536, kMostWarps = 64, kMostBlocks = 32;  // of a multiprocessor
constexpr long long kSharedBytes = 200 << 10;
constexpr double kCacheBytes = 1480;  // a cycle, of the whole GPU, from the second-level cache

// Cycles, of a warp on its scheduler unless said otherwise; fitted to 2,200 kernels measured on an H200, whose times
// they give to 26 % (root mean square of the logarithm).
constexpr double kLaunch = 3750;            // of a kernel: to start, to fill the multiprocessors and to drain
constexpr double kLatency = 1500;           // from a chunk's first load to the barrier behind its last store
constexpr double kBarriers = 20;            // of a chunk
constexpr double kSharedLatency = 67;       // of loads from shared memory, once per unrolled body
constexpr double kCopy = 5.8;               // of an input that is staged; its place is computed before the loop
constexpr double kLoopedCopy = 98;          // the same where copies are too many to be unrolled
constexpr double kWeightCopy = 4.2;         // of a vector of weights
constexpr double kStore = 19;               // of an output
constexpr double kPartialStore = 13;        // for every piece of 32 bytes that a store of a warp touches beyond four
constexpr double kContention = 0.23;        // of the less busy of issue and loads that is not hidden behind the other
constexpr double kInstructions = 1.22;      // instructions per FMA and load in the innermost loop
constexpr double kDependentLoad = 450;      // from one product of the direct family to the next
constexpr double kDirectInstructions = 12;  // of a product there: operands and the arithmetic of their places

// Limits.
constexpr int kMostSums = 96, kMostRegisters = 240;
constexpr int kMostTile = 16, kMostLanes = 32, kMostThreads = 256;
constexpr int kAdjacentLanes = 8;  // along x: fewer have tiles of neighbours (convolution.cpp)
constexpr int kMostSplits = 64;
constexpr int kSpareRegisters = 40;  // addresses, counters, operands on their way
constexpr long long kBlockSharedBytes = 24 << 10, kMostSharedBytes = 48 << 10;
constexpr int kMostBodyFmas = 1200;   // unrolled
constexpr double kWorthTrying = 1.5;  // times the best of all

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

// What a thread of a block works on: which of the block's lanes along channels, phases and quotients of x, and y.
struct Lane {
    int c, r, x, y;
};

// How a kernel is cut into blocks and threads.
struct Blocking {
    int lanes_c = 1, lanes_r = 1, lanes_x = 1, lanes_y = 1, tile_c = 1, tile_x = 1, tile_y = 1, depth = 1;
    bool phases_x = false, phases_y = false, lanes_c_first = false;

    int threads() const { return lanes_c * lanes_r * lanes_x * lanes_y; }
    Lane lane(int i) const {
        const int places = lanes_r * lanes_x * lanes_y;
        const int place = (lanes_c_first ? i / lanes_c : i) % places, xy = place / lanes_r;
        return {(lanes_c_first ? i : i / places) % lanes_c, place % lanes_r, xy % lanes_x, xy / lanes_x};
    }
    int block_x() const { return lanes_x * tile_x; }
    int block_y() const { return lanes_y * tile_y; }
    int sums(const Shape& s) const {
        return tile_c * tile_x * tile_y * (phases_x ? s.period[kX] : 1) * (phases_y ? s.period[kY] : 1);
    }
    long long input_bytes(const Shape& s) const {  // of a chunk
        const int pitch = lanes_x < kAdjacentLanes ? pixel_pitch(depth, tile_x) : depth;
        return 4LL * pitch * (block_x() + s.reach[kX]) * (block_y() + s.reach[kY]) * s.taps[kZ];
    }
    long long weight_bytes(const Shape& s) const {
        return 4LL * depth * filter_pitch(lanes_c * tile_c, lanes_r) * s.taps[kX] * s.taps[kY] * s.taps[kZ] *
               (phases_x || lanes_r > 1 ? s.period[kX] : 1) * (phases_y ? s.period[kY] : 1);
    }
    long long shared_bytes(const Shape& s) const { return input_bytes(s) + weight_bytes(s); }
    double blocks(const Shape& s) const {
        const double places = static_cast<double>(ceil_div(s.quotients[kX], block_x())) *
                              ceil_div(s.quotients[kY], block_y()) * s.quotients[kZ];
        const double phases = static_cast<double>(phases_x || lanes_r > 1 ? 1 : s.period[kX]) *
                              (phases_y ? 1 : s.period[kY]) * s.period[kZ];
        return places * phases * ceil_div(s.group_out, lanes_c * tile_c) * static_cast<double>(s.groups * s.batch);
    }
};

// How many times longer loads of `width` words take because lanes meet the same banks with different words. `first`
// says where a lane's begin.
template <typename First>
double bank_conflicts(const Blocking& b, int width, const First& first) {
    constexpr int kBanks = 32, kMostWidth = 4;
    std::array<int, static_cast<size_t>(kBanks) * kMostWidth> words{};
    for (int lane = 0; lane < kBanks; lane++)
        for (int i = 0; i < width; i++) words[static_cast<size_t>(lane * width + i)] = i + first(b.lane(lane));
    const auto end = words.begin() + kBanks * width;
    std::sort(words.begin(), end);
    std::array<int, kBanks> of_bank{};
    std::for_each(words.begin(), std::unique(words.begin(), end), [&](int word) { of_bank[word % kBanks]++; });
    return std::max(1.0, static_cast<double>(*std::max_element(of_bank.begin(), of_bank.end())) / width);
}

double input_conflicts(const Shape& s, const Blocking& b, int unroll) {
    const bool adjacent = b.lanes_x >= kAdjacentLanes;
    const int pitch = adjacent ? 1 : pixel_pitch(b.depth, b.tile_x);
    const int along_x = adjacent ? 1 : b.tile_x * pitch, along_y = b.tile_y * (b.block_x() + s.reach[kX]) * pitch;
    // The later phases read one input further on.
    return bank_conflicts(b, adjacent ? 1 : std::gcd(std::gcd(unroll, pitch), 4), [&](const Lane& at) {
        return at.x * along_x + at.y * along_y + (b.lanes_r > 1 && 2 * at.r >= b.lanes_r ? pitch : 0);
    });
}

double weight_conflicts(const Blocking& b) {
    const int width = std::min(b.tile_c, 4), pitch = filter_pitch(b.lanes_c * b.tile_c, b.lanes_r);
    return bank_conflicts(b, width, [&](const Lane& at) { return at.c * width + at.r * pitch; });
}

// Why no block can be cut so; nothing if it can.
std::optional<std::string> impossible(const Shape& s, const Blocking& b) {
    // Where a phase has no tap at all Halide's bounds reach one input too far, which only padding makes harmless.
    if (!s.even && !s.pads) return "phases without taps need a padded input";
    if (b.threads() < kWarp || b.threads() > kMostThreads)
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
        p.predicted_cycles = kLaunch + std::max(serial, products * kDirectInstructions / p["lanes"] /
                                                            (kWarp * kSchedulers * kProcessors));
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
                        for (const int depth : {4, 8, 16, 32}) {
                            b.depth = divisor_within(static_cast<int>(s_.group_in), depth);
                            b.lanes_c_first = s_.channels_last;
                            add(b);
                            if (s_.channels_last || b.lanes_c == 1) continue;
                            b.lanes_c_first = true;
                            add(b);
                        }
                    }
    }

    // What a warp costs: cycles of its scheduler.
    struct Warp {
        int of_block;                 // warps of a block
        int resident;                 // blocks on a multiprocessor at a time
        double blocks;                // of the whole kernel, without splits
        double step, staged, stores;  // an input channel, a chunk's copies, the outputs
        int unroll;                   // input channels whose loads are on their way together
        double bytes;                 // of a block
    };

    void add(const Blocking& b) {
        const long long shared = b.shared_bytes(s_);
        if (b.input_bytes(s_) > kBlockSharedBytes || shared > kMostSharedBytes) return;
        const int threads = b.threads(), sums = b.sums(s_), all_taps = s_.taps[kX] * s_.taps[kY] * s_.taps[kZ];

        // One input channel of one thread. Taps that a phase lacks cost nothing where phases are unrolled.
        const double taps_x = b.phases_x ? s_.live_taps[kX] : s_.taps[kX];
        const double taps_yz = (b.phases_y ? s_.live_taps[kY] : s_.taps[kY]) * s_.taps[kZ];
        const double fmas = taps_x * taps_yz * b.tile_c * b.tile_x * b.tile_y;
        const double blocks = b.blocks(s_);
        const auto hopeless = [&](double instructions) {  // an input channel's
            return blocks * threads * static_cast<double>(s_.group_in) * instructions * kInstructions /
                       (kWarp * kSchedulers * kProcessors) >
                   kWorthTrying * least_;
        };
        if (hopeless(fmas)) return;
        const bool unroll_taps = all_taps * sums <= kMostBodyFmas;
        if (fmas < static_cast<double>(all_taps) * sums && !unroll_taps) return;  // shorter phases would test each tap
        const int most = std::clamp(unroll_taps ? kMostBodyFmas / (all_taps * sums) : 4, 1, 8);
        const bool neighbours = b.lanes_x < kAdjacentLanes;  // a thread's quotients of x follow each other
        double inputs = static_cast<double>(b.tile_x) * b.tile_y * all_taps;
        if (unroll_taps) {
            const int columns = neighbours ? b.tile_x + s_.reach[kX] : b.tile_x * (1 + s_.reach[kX]);
            inputs = static_cast<double>(columns) * (b.tile_y + s_.reach[kY]) * s_.taps[kZ];
        }
        const double weights = taps_x * taps_yz * b.tile_c;
        const int registers =
            sums + static_cast<int>(std::min(inputs, 24.0) + std::min(weights, 16.0)) + kSpareRegisters;
        if (registers > kMostRegisters) return;
        const int of_warp = (registers + 7) / 8 * 8 * kWarp;

        Warp w;
        w.of_block = ceil_div(threads, kWarp);
        w.resident = std::min({kRegisters / (of_warp * w.of_block), kMostWarps / w.of_block, kMostBlocks,
                               static_cast<int>(kSharedBytes / (shared + 1024))});
        const double copies = std::ceil(static_cast<double>(b.input_bytes(s_)) / 4 / threads);
        w.staged = copies * (copies <= kMostCopies ? kCopy : kLoopedCopy);
        const int width = filter_vector(s_.group_out, b.lanes_c * b.tile_c);
        const double weight_copies = static_cast<double>(b.weight_bytes(s_)) / 4 / width / threads;
        w.staged += weight_copies * kWeightCopy;
        w.stores = sums * (kStore + kPartialStore * partial_stores(b));
        w.bytes = static_cast<double>(s_.group_in) * (static_cast<double>(b.input_bytes(s_)) / b.depth +
                                                      4.0 * b.lanes_c * b.tile_c * taps_x * b.lanes_r * taps_yz);
        w.blocks = blocks;
        for (int unroll = 1; unroll <= most; unroll *= 2) {
            if (b.depth % unroll != 0) break;
            const double instructions = fmas + inputs / (neighbours ? unroll : 1) + weights / std::min(b.tile_c, 4);
            if (hopeless(instructions)) continue;
            const double issue = instructions * kInstructions;
            // The schedulers share what loads.
            const double loads =
                (inputs * input_conflicts(s_, b, unroll) + weights * weight_conflicts(b)) * kSchedulers;
            w.step = std::max(issue, loads) + kContention * std::min(issue, loads);
            w.unroll = unroll;
            for (int splits = 1; splits <= kMostSplits; splits *= 2) {
                if (s_.group_in % (static_cast<long long>(splits) * b.depth) != 0) break;
                // A GPU that is full gains nothing.
                if (splits > 1 && w.blocks * splits > 4.0 * kProcessors * w.resident) break;
                add(b, unroll, unroll_taps, splits, kLaunch + cycles(w, b.depth, splits));
            }
        }
    }

    void add(const Blocking& b, int unroll, bool unroll_taps, int splits, double predicted) {
        if (predicted > kWorthTrying * least_) return;
        least_ = std::min(least_, predicted);
        Schedule p;
        p.family = "tiles";
        p.source = "cost model";
        p.params = {{"lanes_c", b.lanes_c},   {"lanes_r", b.lanes_r},
                    {"lanes_x", b.lanes_x},   {"lanes_y", b.lanes_y},
                    {"tile_c", b.tile_c},     {"tile_x", b.tile_x},
                    {"tile_y", b.tile_y},     {"phases_x", b.phases_x},
                    {"phases_y", b.phases_y}, {"depth", b.depth},
                    {"unroll", unroll},       {"unroll_taps", unroll_taps},
                    {"splits", splits},       {"lanes_c_first", b.lanes_c_first}};
        p.predicted_cycles = predicted;
        all_.push_back(p);
    }

    double cycles(const Warp& w, int depth, int splits) const {
        const double chunks = static_cast<double>(s_.group_in) / depth / splits;
        const double busy = depth * w.step + w.staged;
        // The warps of a block wait for each other.
        const double lone = ceil_div(w.of_block, kSchedulers) * busy + kLatency +
                            static_cast<double>(depth) / w.unroll * kSharedLatency;
        // As many blocks as fit a multiprocessor share its schedulers, then the rest.
        const auto round = [&](long long blocks) {
            if (blocks == 0) return 0.0;
            const double warps = std::ceil(static_cast<double>(blocks) * w.of_block / kSchedulers);
            return chunks * std::max(warps * busy, lone + warps * kBarriers) + kLatency + warps * w.stores;
        };
        const long long each = static_cast<long long>(std::ceil(w.blocks * splits / kProcessors));
        const long long full_rounds = each / w.resident;
        const double arithmetic = static_cast<double>(full_rounds) * round(w.resident) + round(each % w.resident);
        const double cache = w.blocks * w.bytes / kCacheBytes;
        // Partial sums go through the second-level cache, and another kernel adds them up.
        const double merge =
            splits == 1 ? 0 : kLaunch / 2 + outputs_of() * 4 * splits * 2 / kCacheBytes + kLatency + splits * 20.0;
        return std::max(arithmetic, cache) + merge;
    }

    // Pieces of 32 bytes that a warp's store of 32 outputs touches beyond the four that it fills.
    double partial_stores(const Blocking& b) const {
        constexpr int kPiece = 8, kFar = 1 << 20;
        const int width = std::min(b.tile_c, 4), step = b.lanes_x >= kAdjacentLanes ? 1 : b.tile_x;
        const int all_c = static_cast<int>(s_.group_out * s_.groups), period = s_.period[kX];
        std::array<int, kWarp> pieces{};
        for (int lane = 0; lane < kWarp; lane++) {
            const Lane at = b.lane(lane);
            const int x = at.x * step * period + at.r;
            const int element =
                s_.channels_last ? x * all_c + at.c * width + at.y * kFar : x + (at.y + at.c * b.lanes_y) * kFar;
            pieces[static_cast<size_t>(lane)] = element / kPiece;
        }
        std::sort(pieces.begin(), pieces.end());
        const auto touched = static_cast<double>(std::unique(pieces.begin(), pieces.end()) - pieces.begin());
        // Channels last, a thread stores vectors of them.
        return std::max(0.0, s_.channels_last && width > 1 && all_c % width == 0 ? touched / width - 4 : touched - 4);
    }

    Shape s_;
    std::vector<Schedule> all_;
    double least_ = 1e300;
};

}  // namespace

std::vector<Schedule> convolution_candidates(const Problem& problem) {
    return CostModel(problem).candidates();
}

int pixel_pitch(int depth, int tile_x) {
    if (depth % 4 != 0) return depth;
    if (tile_x % 8 == 0) return depth + 1;
    if (tile_x % 4 == 0) return depth + 2;
    return depth % 8 == 0 ? depth + 4 : depth;
}

int filter_vector(long long group_out, int block_c) {
    return group_out % block_c == 0 && block_c % 4 == 0 ? 4 : 1;
}

int filter_pitch(int block_c, int lanes_r) {
    return lanes_r > 1 ? block_c + 4 : block_c;
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
                                            {"splits", 1, kMostSplits, ci},
                                            {"lanes_c_first", s.channels_last, 1}}))
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
    b.lanes_c_first = p["lanes_c_first"] != 0;
    if (auto why = impossible(s, b)) return "schedule tiles: " + *why;
    if (b.input_bytes(s) > kBlockSharedBytes || b.shared_bytes(s) > kMostSharedBytes)
        return "schedule tiles: expected a chunk of " + std::to_string(kBlockSharedBytes) + " bytes of inputs, with " +
               "weights " + std::to_string(kMostSharedBytes) + ", at most, found " + std::to_string(b.input_bytes(s)) +
               " and " + std::to_string(b.shared_bytes(s));
    return std::nullopt;
}

}  // namespace polyphase::cuda
