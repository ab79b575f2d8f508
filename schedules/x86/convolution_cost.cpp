// The cost model of convolutions on x86: which tiles are possible, and how many cycles of one core each would
// take, from registers, ports and caches. Predictions need to rank candidates, not to be right.
#include <algorithm>
#include <utility>

#include "generators/convolution.h"
#include "generators/tap_tables.h"
#include "schedules/cpu/task_memory.h"
#include "schedules/x86/convolution.h"

namespace polyphase::x86 {
namespace {

using cpu::kMostTaskBytes;

// Fitted to measurements on an Intel server core (AVX-512); in cycles unless said otherwise.
constexpr double kTileOverhead = 24;   // to start and finish a tile's reduction
constexpr double kTurnPerElement = 2;  // to move an element between channels first and channels last
constexpr double kGather = 1.5;        // to read an element through a table of positions
constexpr double kStreamBytes = 6;     // bytes per cycle from beyond the second-level cache
constexpr double kCacheBytes = 32;     // bytes per cycle from the second-level cache
constexpr double kStagedBytes = 20;    // bytes of traffic per input staged per image: read, written, read again
constexpr double kDistantLoad = 4.5;   // load slots of a weight vector that comes from the second-level cache
constexpr double kHeld = 1.2;          // of the first-level cache that a block's input may fill and be loaded from it
constexpr double kRunStart = 120;      // to begin a run of stores that misses the caches
constexpr double kUnknownStrides = 1.05;  // what a tile costs whose addresses take arithmetic
constexpr double kExposed = 0.5;          // of the weights' traffic that is not hidden behind arithmetic
constexpr double kContention = 0.15;      // of the less busy kind of port that is not hidden behind the other
constexpr double kStraddledLine = 2.5;    // load slots of each line that unaligned vectors touch
constexpr double kSeveralRows = 1.3;      // the same, dearer, if a tile has rows of them
constexpr double kIdleSums = 2.5;         // sums' worth of issue slots that a tile leaves idle
constexpr double kConflictingStore = 1;   // per output, where a tile's stores exceed kWays lines of a cache set
constexpr int kWays = 10;
constexpr double kScatter = 1.5;  // to store an element apart from its neighbours

// Limits.
constexpr double kWorthThreads = 150e3;       // cycles: threads that sleep take 20 to 50 us to wake
constexpr long long kBlockBytes = 128 << 10;  // of a block's input
constexpr int kLeastDepth = 24;               // input channels of a pass
constexpr int kSpareRegisters = 3;            // LLVM spills before the last registers of AVX-512 are used
constexpr int kMostUnrolledProducts = 512;    // in one step of a reduction
constexpr int kMostInterleaved = 28;          // vectors in one interleaved store

int ceil_div(long long a, long long b) {
    return static_cast<int>((a + b - 1) / b);
}

// The problem in the numbers that costs are made of.
struct Shape {
    PerAxis<AxisMap> axes;
    PerAxis<int> quotients{}, reach{};  // reach: inputs that one quotient's phases read, less one
    PerAxis<long long> all_taps{};      // of all phases of an axis
    PerAxis<int> period{}, most_taps{};
    long long group_in = 1, group_out = 1, groups = 1, batch = 1;
    bool channels_first_in = true, channels_first_out = true, pads = false;
    bool resamples = false;                    // the staged input is a resampled image
    bool gathers = false;                      // along x through a table
    double row_taps = 0, taps_along_rows = 0;  // reads per element of that image: to blend rows, and along them

    explicit Shape(const Problem& problem) : axes(xyz_axes(problem)) {
        groups = convolution_of(problem)->groups;
        group_in = problem.in_channels / groups;
        group_out = problem.out_channels / groups;
        batch = problem.batch;
        channels_first_in = problem.input_layout == Layout::nchw;
        channels_first_out = problem.output_layout == Layout::nchw;
        for (int a = 0; a < kAxes; a++) {
            const AxisMap& axis = axes[a];
            period[a] = axis.period;
            most_taps[a] = std::max(axis.taps(), 1);
            quotients[a] = ceil_div(axis.output, axis.period);
            pads = pads || reads_outside(axis);
            for (const Phase& phase : axis.phases) all_taps[a] += phase.taps;
            reach[a] = x86::reach(axis);
        }
        const auto* resize = std::get_if<ResizeConv>(&problem.op);
        if (!resize || presummed(*resize)) return;
        const PerAxis<AxisMap> maps = xyz_axes(resampling_maps(*resize));
        resamples = pads = true;
        gathers = !phases_along_x(maps[kX]);
        taps_along_rows = std::max(maps[kX].taps(), 1);
        row_taps = static_cast<double>(std::max(maps[kY].taps(), 1)) * std::max(maps[kZ].taps(), 1) * maps[kX].input /
                   maps[kX].output;
    }
    double taps() const { return static_cast<double>(all_taps[kX] * all_taps[kY] * all_taps[kZ]); }
    double phases() const { return static_cast<double>(period[kX]) * period[kY] * period[kZ]; }
    double inputs() const {
        return static_cast<double>(groups * group_in) * axes[kX].input * axes[kY].input * axes[kZ].input;
    }
    double outputs() const {
        return static_cast<double>(groups * group_out) * axes[kX].output * axes[kY].output * axes[kZ].output;
    }
    // Distinct input offsets among the phases of x.
    int offsets() const {
        int distinct = 1;
        for (size_t r = 1; r < axes[kX].phases.size(); r++)
            distinct += axes[kX].phases[r].first_input != axes[kX].phases[r - 1].first_input ? 1 : 0;
        return distinct;
    }
    // Every phase of x reads the same inputs, so that phases can be lanes.
    bool uniform_x() const {
        const Phase& first = axes[kX].phases.front();
        return std::all_of(axes[kX].phases.begin(), axes[kX].phases.end(), [&](const Phase& phase) {
            return phase.taps == first.taps && phase.first_input == first.first_input;
        });
    }
};

// The largest divisor of `count` that is at most `limit`: blocks of equal size need no guard.
int divisor_within(int count, long long limit) {
    int divisor = static_cast<int>(std::clamp<long long>(limit, 1, count));
    while (count % divisor != 0) divisor--;
    return divisor;
}

class CostModel {
  public:
    CostModel(const Problem& problem, const Machine& machine) : s_(problem), m_(machine) {}

    std::vector<Schedule> candidates() {
        channels();
        space();
        phases();
        groups();
        return std::move(candidates_);
    }

  private:
    // A tile under consideration.
    struct Tile {
        PerAxis<int> extent{1, 1, 1};  // quotients of the loops that blocks count in
        double reduction = 0;          // cycles of all reductions of one image
        double packed_channels = 0;    // output channels of a group, rounded up to whole blocks
        bool channels_inside = false;  // the staged input has channels innermost
        long long block_bytes = kBlockBytes;
        long long most_pixels = 1LL << 40;  // quotients of a block
        bool shifts = true;    // the last tile inwards; otherwise a single block is rounded up to whole tiles
        double loaded = 0;     // bytes of the input that all steps of one image load
        int run_channels = 0;  // channels that are stored together, if pixels are apart in memory
        double store = 0;      // cycles per output beyond a plain store
    };

    bool fits_registers(int vectors, int scalars) const {
        const int spare = m_.registers > 16 ? kSpareRegisters : 0;
        return vectors * scalars + std::min(vectors, scalars) + 1 <= m_.registers - spare;
    }

    // Unrolled taps of x share inputs, which LLVM keeps beside the sums from their first use to their last.
    bool keeps_inputs(int vectors, int tile_y, int scalars) const {
        const int inputs = vectors * tile_y * (s_.most_taps[kX] + s_.offsets() - 1), sums = vectors * tile_y * scalars;
        if (inputs == vectors * tile_y) return true;  // one of each
        const int spare = m_.registers > 16 ? (tile_y > 1 ? kSpareRegisters : -1) : 0;
        return sums + inputs <= m_.registers - spare;
    }

    // One step of a reduction: ports, then the latency that too few independent sums leave open.
    double step(double fmas, double loads, double sums) const {
        const double work = m_.fma ? 1 : 2;
        const double multiply = fmas / m_.fma_per_cycle * work, load = loads / m_.loads_per_cycle;
        const double issue = std::max(multiply, load) + kContention * std::min(multiply, load);
        const double latency = fmas / sums * m_.fma_latency * work;
        return std::max(issue, latency) * (1 + kIdleSums / sums);
    }

    int tiles(const Tile& tile, int axis) const { return ceil_div(s_.quotients[axis], tile.extent[axis]); }

    // A block's input stays in `bytes` of cache while every channel block passes over it.
    void choose_blocks(Schedule& p, const Tile& tile, long long bytes) const {
        long long pixels = std::clamp<long long>(bytes / (4 * s_.group_in), 1, tile.most_pixels);
        for (int a = 0; a < kAxes; a++) {
            p.params[kBlock[a]] = divisor_within(tiles(tile, a), pixels / tile.extent[a]);
            pixels = std::max<long long>(1, pixels / s_.quotients[a]);
        }
    }

    // Input elements of one group that all blocks together copy, neighbours' overlaps counted once for each.
    double copied(const Schedule& p, const Tile& tile) const {
        double elements = static_cast<double>(s_.group_in);
        for (int a = 0; a < kAxes; a++)
            elements *= static_cast<double>(copied_along(p, tile, a)) * tiles(tile, a) / p[kBlock[a]];
        return elements;
    }

    int copied_along(const Schedule& p, const Tile& tile, int axis) const {
        int quotients = p[kBlock[axis]] * tile.extent[axis];
        if (tile.shifts) quotients = std::min(quotients, s_.quotients[axis]);
        return quotients + s_.reach[axis] + (axis == kX ? m_.lanes : 0);
    }

    // For copies on a task's stack: the blocks that fit there and copy the least.
    bool choose_copied_blocks(Schedule& p, const Tile& tile, long long most_bytes) const {
        Schedule trial = p;
        double least = 0;
        const auto try_blocks = [&](int x, int y, int z) {
            trial.params[kBlock[kX]] = x, trial.params[kBlock[kY]] = y, trial.params[kBlock[kZ]] = z;
            long long bytes = 4 * s_.group_in, pixels = 1;
            for (int a = 0; a < kAxes; a++) {
                bytes *= copied_along(trial, tile, a);
                pixels *= std::min(trial[kBlock[a]] * tile.extent[a], s_.quotients[a]);
            }
            if (bytes > most_bytes || pixels > tile.most_pixels) return false;
            const double elements = copied(trial, tile);
            if (least == 0 || elements < least) p.params = trial.params, least = elements;
            return true;
        };
        const auto each_divisor = [](int count, const auto& use) {
            for (int d = 1; d <= count; d++)
                if (count % d == 0 && !use(d)) return;
        };
        // A part of a row of a resampled image would need a part of the input's row that nobody can tell.
        each_divisor(tiles(tile, kX), [&](int x) {
            if (s_.resamples) x = tiles(tile, kX);
            each_divisor(tiles(tile, kY), [&](int y) {
                bool fits = true;
                each_divisor(tiles(tile, kZ), [&](int z) { return fits = try_blocks(x, y, z); });
                return trial[kBlock[kZ]] > 1 || fits;
            });
            return !s_.resamples;
        });
        return least > 0;
    }

    double blocks(const Schedule& p, const Tile& tile) const {
        double count = 1;
        for (int a = 0; a < kAxes; a++) count *= static_cast<double>(tiles(tile, a)) / p[kBlock[a]];
        return count;
    }

    // Where nothing is padded, a block must not go past the input's end.
    bool leaves_input(const Schedule& p, const Tile& tile, Stage stage) const {
        if (s_.pads || (tile.shifts && stage != kPerBlock)) return false;
        for (int a = 0; a < kAxes; a++) {
            const bool several = p[kBlock[a]] * tile.extent[a] < s_.quotients[a];
            if (s_.quotients[a] % tile.extent[a] != 0 && several == tile.shifts) return true;
        }
        return false;
    }

    // Cycles to bring the input to where tiles read it.
    double staging(const Schedule& p, const Tile& tile, Stage stage) const {
        const double from = 4 * s_.inputs() > l2() / 2 ? kStreamBytes : kCacheBytes;
        const bool same_order = tile.channels_inside != s_.channels_first_in;
        double move = same_order ? 8.0 / m_.lanes : kTurnPerElement / 2 * 16 / m_.lanes;
        if (s_.resamples)
            move += s_.row_taps / m_.lanes +
                    s_.taps_along_rows * (s_.gathers && !tile.channels_inside ? kGather : 1.0 / m_.lanes);
        if (stage == kPerImage) return s_.inputs() * (move + kStagedBytes / from);
        const double reading = s_.inputs() * 4 / from;
        return stage == kDirect ? reading : reading + copied(p, tile) * static_cast<double>(s_.groups) * move;
    }

    // Cycles of loads from a block's input that the first-level cache does not hold.
    double loading(const Schedule& p, const Tile& tile) const {
        double bytes = 4 * static_cast<double>(s_.group_in);
        for (int a = 0; a < kAxes; a++) bytes *= copied_along(p, tile, a);
        return bytes > kHeld * static_cast<double>(m_.l1) ? kExposed * tile.loaded / kCacheBytes : 0;
    }

    // Cycles of the weights' way from the caches, once for each block.
    double weights(const Schedule& p, const Tile& tile) const {
        const double bytes = 4.0 * static_cast<double>(s_.groups * s_.group_in) * tile.packed_channels * s_.taps();
        return bytes * blocks(p, tile) / (bytes > l2() / 2 ? kStreamBytes : kCacheBytes);
    }

    // Cycles to store, beyond plain stores: turning, and beginning runs that miss the caches.
    double storing(const Schedule& p, const Tile& tile) const {
        double run = s_.period[kX] * std::min(p[kBlock[kX]] * tile.extent[kX], s_.quotients[kX]);
        if (tile.run_channels != 0 && tile.run_channels < s_.group_out) run = tile.run_channels;
        if (tile.run_channels >= s_.group_out) run *= static_cast<double>(s_.group_out);
        const double runs = 4 * s_.outputs() > l2() / 2 ? s_.outputs() / run : 0;
        return s_.outputs() * tile.store + runs * kRunStart;
    }

    double l2() const { return static_cast<double>(m_.l2); }

    // Adds the tile once for each place where the padded input may lie.
    void consider(const Schedule& base, const Tile& tile) {
        const auto l1 = static_cast<long long>(kHeld * static_cast<double>(m_.l1));
        for (const auto& [stage, most_bytes] :
             {std::pair(kDirect, 0LL), {kPerImage, 0LL}, {kPerBlock, l1}, {kPerBlock, kMostTaskBytes}}) {
            if (stage == kDirect && (s_.pads || !tile.channels_inside || s_.channels_first_in)) continue;
            Schedule p = base;
            if (stage != kPerBlock)
                choose_blocks(p, tile, tile.block_bytes);
            else if (!choose_copied_blocks(p, tile, most_bytes))
                continue;
            if (leaves_input(p, tile, stage)) continue;
            const bool parallel = static_cast<double>(s_.batch) * tile.reduction > kWorthThreads;
            // Blocks are what threads share when each has its copy, so there must be enough of them.
            if (stage == kPerBlock && parallel && blocks(p, tile) * static_cast<double>(s_.groups) < 8) continue;
            p.params["stage"] = stage;
            p.params["parallel"] = parallel ? 1 : 0;

            const double reduction = tile.reduction * (stage == kDirect ? kUnknownStrides : 1);
            const double traffic = weights(p, tile);
            p.predicted_cycles = static_cast<double>(s_.batch) *
                                 (std::max(reduction, traffic) + kExposed * std::min(reduction, traffic) +
                                  staging(p, tile, stage) + loading(p, tile) + storing(p, tile));
            candidates_.push_back(std::move(p));
        }
    }

    Schedule start(const char* family, int lanes) const {
        return {.family = family, .params = {{"lanes", lanes}}, .source = "cost model"};
    }

    void channels() {
        for (int vectors = 1; vectors <= 4; vectors++) {
            if (m_.lanes * (vectors - 1) >= s_.group_out) break;
            for (int tile_x = 1; tile_x <= std::min(s_.quotients[kX], 16); tile_x++) {
                for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 4); tile_y++) {
                    if (!fits_registers(vectors, tile_x * tile_y)) continue;
                    const int blocks = ceil_div(s_.group_out, m_.lanes * vectors);
                    for (const int channel_blocks : {1, 2, 4, blocks}) {
                        if (blocks % channel_blocks != 0 || (channel_blocks > 1 && s_.channels_first_out)) continue;
                        for (const long long bytes : {64 << 10, 256 << 10, 512 << 10})
                            for (const bool one_pass : {false, true})
                                add_channels(vectors, tile_x, tile_y, channel_blocks, one_pass, bytes);
                    }
                }
            }
        }
    }

    // How much of the reduction a pass takes: all of it, or as many input channels and taps as keep its weights in half
    // of the first-level cache.
    void choose_pass(Schedule& p, int block, bool one_pass) const {
        const long long most = std::max<long long>(1, m_.l1 / 2 / (4LL * block));  // steps
        int depth = static_cast<int>(s_.group_in), inside = 1;
        if (one_pass) {
            inside = 1 + kAxes;
        } else if (s_.group_in > most) {
            const int divisor = divisor_within(depth, most);
            if (divisor >= kLeastDepth) depth = divisor;
        } else {
            for (long long steps = depth; inside <= kAxes && steps * s_.most_taps[inside - 1] <= most; inside++)
                steps *= s_.most_taps[inside - 1];
        }
        p.params["depth"] = depth;
        p.params["passes_inside"] = inside;
    }

    void add_channels(int vectors, int tile_x, int tile_y, int channel_blocks, bool one_pass, long long bytes) {
        const bool planes = s_.channels_first_out;
        const int pixels = tile_x * tile_y, sums = pixels * vectors, block = m_.lanes * vectors;
        Schedule p = start("channels", m_.lanes);
        p.params["vectors"] = vectors;
        p.params["tile_x"] = tile_x;
        p.params["tile_y"] = tile_y;
        choose_pass(p, block, false);
        const bool fits = p["depth"] == s_.group_in && p["passes_inside"] == 1 + kAxes;
        if (fits && !one_pass) return;
        choose_pass(p, block, one_pass);
        p.params["channel_blocks"] = channel_blocks;
        Tile tile;
        tile.channels_inside = true;
        tile.packed_channels = static_cast<double>(ceil_div(s_.group_out, block)) * block;
        tile.extent = {tile_x, tile_y, 1};
        tile.block_bytes = bytes;
        tile.shifts = false;
        // The sums of a block are on the stack.
        tile.most_pixels = kMostTaskBytes / 2 / (4LL * block * channel_blocks * s_.period[kX]);
        if (tile.most_pixels < pixels) return;
        tile.run_channels = planes ? 0 : block * channel_blocks;
        if (planes) tile.store = kTurnPerElement * (1 + 16.0 / std::min(16, s_.quotients[kX])) / 2;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, block) * s_.quotients[kZ] *
                             ceil_div(s_.quotients[kX], tile_x) * ceil_div(s_.quotients[kY], tile_y);
        double passes = static_cast<double>(s_.group_in) / p["depth"];
        for (int a = p["passes_inside"] - 1; a < kAxes; a++) passes *= s_.most_taps[a];
        tile.loaded = tiles * s_.taps() * static_cast<double>(s_.group_in) * 4 * pixels;
        // Weights that a pass has too many of come from the second-level cache.
        const double loads = vectors * (fits || !one_pass ? 1 : kDistantLoad) + pixels;
        const double through_memory = planes || channel_blocks > 1 ? 2 : 1;
        const double moves = one_pass ? through_memory : 3 * passes + 2;  // of a sum, to or from memory
        tile.reduction = tiles * (s_.taps() * static_cast<double>(s_.group_in) * step(sums, loads, sums) +
                                  s_.phases() * (passes * kTileOverhead + moves * sums));
        consider(p, tile);
    }

    void space() {
        // Channels last, a tile has to hold all of a group's.
        const bool interleaves_channels = !s_.channels_first_out;
        if (interleaves_channels && s_.group_out * s_.period[kX] > kMostInterleaved) return;
        for (const int lanes : {m_.lanes, m_.lanes / 2}) {
            if (lanes < 4) continue;
            for (int vectors = 1; vectors <= 4 && vectors * lanes <= s_.quotients[kX]; vectors++) {
                for (int channels = 1; channels <= std::min<long long>(14, s_.group_out); channels++) {
                    if (interleaves_channels && channels != s_.group_out) continue;
                    for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 4); tile_y++) {
                        if (fits_registers(vectors * tile_y, s_.period[kX] * channels) &&
                            keeps_inputs(vectors, tile_y, s_.period[kX] * channels))
                            add_space(lanes, vectors, channels, tile_y);
                    }
                }
            }
        }
    }

    void add_space(int lanes, int vectors, int channels, int tile_y) {
        const int sums = vectors * s_.period[kX] * channels * tile_y, taps = s_.most_taps[kX];
        if (sums * taps > kMostUnrolledProducts) return;
        Schedule p = start("space", lanes);
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["tile_y"] = tile_y;
        Tile tile;
        tile.extent = {lanes * vectors, tile_y, 1};
        tile.packed_channels = static_cast<double>(ceil_div(s_.group_out, channels)) * channels;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], lanes * vectors) * ceil_div(s_.quotients[kY], tile_y) *
                             s_.quotients[kZ];
        // Channels of other groups lie between the pixels of this one.
        if (!s_.channels_first_out && s_.groups > 1) tile.store = kScatter;
        // A step is one input channel and one tap of y and z; the taps of x are unrolled and share their inputs. One
        // offset of x is aligned; the vectors of the others straddle cache lines.
        const double fmas = static_cast<double>(s_.all_taps[kX]) * vectors * channels * tile_y;
        const double line = kStraddledLine * (tile_y > 1 ? kSeveralRows : 1);
        const double straddling = line * (vectors + 1) * (taps + s_.offsets() - 2);
        const double loads = tile_y * (vectors + straddling) + static_cast<double>(s_.all_taps[kX]) * channels;
        // Planes that are a power of two apart share their cache sets.
        const long long plane_bytes = 4LL * s_.axes[kX].output * s_.axes[kY].output * s_.axes[kZ].output;
        if (plane_bytes % 4096 == 0 && channels * tile_y > kWays) tile.store = kConflictingStore;
        const double steps = static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        tile.loaded = tiles * steps * 4 * lanes * vectors * tile_y;
        tile.reduction = tiles * (steps * step(fmas, loads, sums) + yz_phases * (kTileOverhead + 2 * sums));
        consider(p, tile);
    }

    void phases() {
        if (!s_.channels_first_out || !s_.uniform_x()) return;
        for (int lanes = m_.lanes; lanes >= 4; lanes /= 2) {
            for (int vectors = 1; vectors <= 4; vectors++) {
                if (s_.period[kX] % (lanes * vectors) != 0) continue;
                for (int channels = 1; channels <= std::min<long long>(8, s_.group_out); channels++) {
                    for (int tile_x = 1; tile_x <= std::min(14, s_.quotients[kX]); tile_x++) {
                        if (fits_registers(vectors * channels, tile_x)) add_phases(lanes, vectors, channels, tile_x);
                    }
                }
            }
        }
    }

    void add_phases(int lanes, int vectors, int channels, int tile_x) {
        const int sums = vectors * channels * tile_x;
        Schedule p = start("phases", lanes);
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["tile_x"] = tile_x;
        Tile tile;
        tile.extent = {tile_x, 1, 1};
        tile.packed_channels = static_cast<double>(ceil_div(s_.group_out, channels)) * channels;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], tile_x) * s_.quotients[kY] * s_.quotients[kZ];
        const double steps = s_.taps() / (lanes * vectors) * static_cast<double>(s_.group_in);
        tile.reduction = tiles * (steps * step(sums, vectors * channels + tile_x, sums) +
                                  s_.phases() / (lanes * vectors) * (kTileOverhead + sums));
        consider(p, tile);
    }

    void groups() {
        if (s_.group_in != 1 || s_.group_out != 1 || s_.channels_first_out) return;
        int lanes = m_.lanes;
        while (lanes > s_.groups) lanes /= 2;
        for (int tile_x = 1; tile_x <= std::min(12, s_.quotients[kX]); tile_x++) {
            if (!fits_registers(tile_x, 1)) break;
            Schedule p = start("groups", lanes);
            p.params["tile_x"] = tile_x;
            Tile tile;
            tile.extent = {tile_x, 1, 1};
            tile.channels_inside = true;
            tile.packed_channels = 1;
            const double tiles = static_cast<double>(ceil_div(s_.groups, lanes)) * ceil_div(s_.quotients[kX], tile_x) *
                                 s_.quotients[kY] * s_.quotients[kZ];
            // Inputs are vectors here, one for each sum.
            tile.reduction =
                tiles * (s_.taps() * step(tile_x, tile_x + 1, tile_x) + s_.phases() * (kTileOverhead + tile_x));
            consider(p, tile);
        }
    }

    const Shape s_;
    const Machine m_;
    std::vector<Schedule> candidates_;
};

}  // namespace

std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) {
    return CostModel(problem, machine).candidates();
}

std::optional<std::string> reject_convolution(const Problem& problem, const Machine& machine, const Schedule& p) {
    const Shape s(problem);
    const auto value = [&](const char* name, int otherwise) {
        const auto found = p.params.find(name);
        return found == p.params.end() || found->second < 1 ? otherwise : found->second;
    };
    const int lanes = value("lanes", 1), group_out = static_cast<int>(s.group_out);
    const int period = s.period[kX], qx = s.quotients[kX], qy = s.quotients[kY];
    std::vector<ParamRange> ranges{
        {"lanes", 1, machine.lanes, machine.lanes}, {"stage", kDirect, kPerBlock}, {"parallel", 0, 1}};
    const auto add = [&](std::initializer_list<ParamRange> more) { ranges.insert(ranges.end(), more); };
    PerAxis<int> tile{1, 1, 1};
    if (p.family == "channels") {
        const int channel_blocks = ceil_div(group_out, value("lanes", 1) * value("vectors", 1));
        add({{"vectors", 1, 8},
             {"tile_x", 1, qx},
             {"tile_y", 1, qy},
             {"depth", 1, static_cast<int>(s.group_in), static_cast<int>(s.group_in)},
             {"channel_blocks", 1, channel_blocks, channel_blocks},
             {"passes_inside", 1, 1 + kAxes}});
        tile = {value("tile_x", 1), value("tile_y", 1), 1};
        for (int a = 0; a < kAxes; a++) {
            const int quotients = s.quotients[a];
            if (!s.pads && quotients % tile[a] != 0 && value(kBlock[a], 1) * tile[a] > quotients)
                return "schedule channels: parameter " + std::string(kBlock[a]) +
                       ": expected several blocks, or whole tiles, because the input has no padding";
        }
    } else if (p.family == "space") {
        add({{"vectors", 1, std::max(1, qx / lanes)}, {"channels", 1, group_out}, {"tile_y", 1, qy}});
        tile = {lanes * value("vectors", 1), value("tile_y", 1), 1};
        if (!s.channels_first_out && value("channels", 1) != group_out)
            return "schedule space: parameter channels: expected all " + std::to_string(group_out) +
                   " of a group, because the output is nhwc";
        if (qx < lanes)
            return "schedule space: parameter lanes: expected at most " + std::to_string(qx) + " quotients of x";
    } else if (p.family == "phases") {
        add({{"vectors", 1, std::max(1, period / lanes), period / lanes},
             {"channels", 1, group_out},
             {"tile_x", 1, qx}});
        tile = {value("tile_x", 1), 1, 1};
        if (!s.channels_first_out || !s.uniform_x() || period % lanes != 0)
            return "schedule phases: expected an nchw output and phases of x, a multiple of lanes, that read the same "
                   "inputs";
    } else if (p.family == "groups") {
        add({{"tile_x", 1, qx}});
        tile = {value("tile_x", 1), 1, 1};
        if (s.group_in != 1 || s.group_out != 1 || s.channels_first_out || s.groups < lanes)
            return "schedule groups: expected a depthwise problem with an nhwc output and at least lanes channels";
    } else {
        return "schedule: field family: expected channels, space, phases, groups or reference, found " + p.family;
    }
    for (int a = 0; a < kAxes; a++) {
        const int tiles = ceil_div(s.quotients[a], tile[a]);
        // A part of a row of a resampled image would need a part of the input's row that nobody can tell.
        const bool whole = a == kX && s.resamples && value("stage", kDirect) == kPerBlock;
        ranges.push_back({kBlock[a], whole ? tiles : 1, tiles, tiles});
    }
    return reject_params(p, ranges);
}

}  // namespace polyphase::x86
