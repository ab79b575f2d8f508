// The tiles of convolutions on x86, and how many cycles of one core their arithmetic takes, from registers and ports.
//
// A step of the reduction multiplies `a` vectors with `b` broadcast scalars: a*b FMAs for a + b loads, of which x86 can
// feed two a cycle of each. So a tile wants a*b >= fma_latency * fma_per_cycle sums to hide the latency, a + b <= a*b
// so that loads do not bind, and a*b + min(a, b) + 1 registers.
// On one core of an Intel Xeon (Granite Rapids) loops of such tiles alone reach 88 % of the FMA peak and more.
#include "schedules/x86/convolution.h"

#include <bit>
#include <cmath>
#include <utility>

#include "schedules/cpu/convolution_cost.h"
#include "schedules/cpu/task_memory.h"
#include "schedules/x86/machines.h"

namespace polyphase::x86 {
namespace {

using cpu::kLine;
using cpu::kMostTaskBytes;

// Load slots and cycles, fitted to measurements on an Intel server core (Granite Rapids) with AVX-512.
constexpr double kConflictingStore = 1;  // per output, where a tile's stores exceed kWays lines of a cache set
constexpr int kWays = 10;
constexpr double kFlatStore = 0.8;      // per output, of a row as wide as the longest vector
constexpr double kAddColumn = 2;        // to add a vector of a column to an output
constexpr double kGatherColumn = 2;     // the same, where the columns lie apart from each other
constexpr double kGatherElement = 1.5;  // the same, one by one
constexpr double kColumnTraffic = 8;    // times the rate of reading, of columns that are written and read out of order
constexpr double kStartGather = 15;     // of a pixel whose columns are gathered
constexpr double kMaskedStore = 4;      // of a pixel whose last vector is stored in part
constexpr double kThroughStack = 6;     // to store a vector that comes from the stack, interleaved
constexpr double kInterleave = 0.4;     // the same, for each vector that it is interleaved with
constexpr double kHalves = 0.4;         // times what starts and finishes a tile, of vectors half as long as the longest
constexpr double kSpilled = 1.15;       // times the arithmetic of a tile that spills a register
constexpr double kScatter = 1.5;        // to store an element apart from its neighbours
constexpr double kMaskedScatter = 6;    // the same, of a vector of which only a part is stored

// Limits.
constexpr int kLeastDepth = 24;             // input channels of a pass
constexpr int kSpareRegisters = 3;          // LLVM spills before the last registers of AVX-512 are used
constexpr int kFewProducts = 10;            // of an output, whose store takes longer
constexpr int kMostUnrolledProducts = 512;  // in one step of a reduction
constexpr int kMostColumnPasses = 3;        // over the input, one for each block of output channels
constexpr int kMostColumnTiles = 3;         // that a row of inputs passes through, one after the other
constexpr int kMostInterleaved = 28;        // vectors in one interleaved store
constexpr int kMostOfAllGroups = 32;        // the same, if it has all groups' channels

class X86Cost : public cpu::ConvolutionCost {
  public:
    X86Cost(const Problem& problem, const Machine& machine) : ConvolutionCost(problem, machine, costs_of(machine)) {}

    std::vector<Schedule> candidates() {
        const std::vector<int> lengths = vector_lanes(m_.splits_vectors);
        for (const int lanes : lengths) channels(lanes);
        space();
        flat();
        columns();
        for (const int lanes : lengths) wide_columns(lanes);
        for (const int lanes : lengths) col2im(lanes);
        phases();
        groups();
        return std::move(candidates_);
    }

  private:
    bool fits_registers(int vectors, int scalars, int spare_registers = kSpareRegisters) const {
        const int spare = m_.registers > 16 ? spare_registers : 0;
        return vectors * scalars + std::min(vectors, scalars) + 1 <= m_.registers - spare;
    }

    // Unrolled taps of x share inputs, which LLVM keeps beside the sums from their first use to their last.
    bool keeps_inputs(int vectors, int tile_y, int scalars) const {
        const int inputs = vectors * tile_y * (s_.most_taps[kX] + s_.offsets() - 1), sums = vectors * tile_y * scalars;
        if (inputs == vectors * tile_y) return true;  // one of each
        const int spare = m_.registers > 16 ? (tile_y > 1 ? kSpareRegisters : -1) : 1;
        return sums + inputs <= m_.registers - spare;
    }

    // Lengths of vectors: shorter ones waste less of what they are cut from.
    std::vector<int> vector_lanes(bool halves) const {
        if (!halves || m_.lanes < 8) return {m_.lanes};
        return {m_.lanes, m_.lanes / 2};
    }

    // Of vectors that are worked on in halves.
    bool is_half(int lanes) const { return m_.splits_vectors && lanes < m_.lanes; }

    // One step of a reduction: ports, `arrival` of what is loaded from beyond the first-level cache, then the latency
    // that too few independent sums leave open.
    double step(int lanes, double fmas, double loads, double sums, double arrival = 0) const {
        const double work = m_.fma ? 1 : 2;
        const double fma_per_cycle = m_.fma_per_cycle * (is_half(lanes) ? 2 : 1);
        const double multiply = fmas / fma_per_cycle * work, load = std::max(loads / m_.loads_per_cycle, arrival);
        const double issue = std::max(multiply, load) + costs_.contention * fma_per_cycle * std::min(multiply, load);
        const double latency = fmas / sums * m_.fma_latency * work;
        return std::max(issue, latency) * (1 + costs_.idle_sums * fma_per_cycle / sums);
    }

    // Cycles to start and finish a tile whose vectors along x are interleaved when they are stored.
    double interleaving(int lanes, int sums) const {
        return (costs_.tile_overhead + 2 * sums) * (is_half(lanes) ? kHalves : 1);
    }

    // Cycles to store an output apart from its neighbours, channels of other groups. Where the caches do not hold them
    // all, each group brings their lines again.
    double scattered() const {
        if (!output_misses()) return kScatter;
        return kScatter + 8.0 * static_cast<double>(std::min<long long>(kLine, s_.groups)) / costs_.stream_bytes;
    }

    // Cycles per output to store vectors along x. Phases are interleaved, and channels if they are innermost:
    // arithmetic hides powers of two; of other numbers each vector takes a part from almost every other.
    double store_along_x(int lanes) const {
        if (!s_.channels_first_out && s_.groups > 1) return scattered();
        const long long ways = s_.period[kX] * (s_.channels_first_out ? 1 : s_.group_out);
        if (std::has_single_bit(static_cast<unsigned long long>(ways))) return 0;
        const double shuffle = costs_.shuffle * (m_.splits_vectors && !is_half(lanes) ? 2 : 1);
        return shuffle * static_cast<double>(std::min<long long>(ways, lanes)) / lanes;
    }

    void channels(int lanes) {
        for (int vectors = 1; vectors <= 4; vectors++) {
            if (lanes * (vectors - 1) >= s_.group_out) break;
            for (int tile_x = 1; tile_x <= std::min(s_.quotients[kX], 16); tile_x++) {
                for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 4); tile_y++) {
                    if (!fits_registers(vectors, tile_x * tile_y)) continue;
                    const int blocks = ceil_div(s_.group_out, lanes * vectors);
                    for (const int channel_blocks : {1, 2, 4, blocks}) {
                        if (blocks % channel_blocks != 0 || (channel_blocks > 1 && s_.channels_first_out)) continue;
                        for (const long long bytes : {64 << 10, 256 << 10, 512 << 10})
                            for (const bool one_pass : {false, true})
                                for (const bool unroll_x : {false, true})
                                    add_channels(
                                        {lanes, vectors, tile_x, tile_y, channel_blocks, one_pass, unroll_x, bytes});
                    }
                }
            }
        }
    }

    // Whether outputs reach memory more slowly than they are computed, and the weights of a row stay close to the
    // first-level cache: pixel after pixel, each row then leaves as one run of stores. Several rows make a tile.
    bool stores_bind() const {
        const double products = s_.taps() / s_.phases() * static_cast<double>(s_.group_in);
        const double row_weights = 4.0 * static_cast<double>(s_.all_taps[kX] * s_.group_in * s_.group_out) *
                                   s_.most_taps[kY] * s_.most_taps[kZ];
        return s_.groups == 1 && !s_.channels_first_out && s_.quotients[kY] > 1 && output_misses() &&
               products <= kFewProducts && row_weights < 2.0 * static_cast<double>(m_.l1);
    }

    // How much of the reduction a pass takes: all of it, or as many input channels and taps as keep its weights in half
    // of the first-level cache.
    void choose_pass(Schedule& p, int block, bool one_pass, bool unroll_x) const {
        long long most = std::max<long long>(1, m_.l1 / 2 / (4LL * block));  // steps
        int depth = static_cast<int>(s_.group_in), inside = 1;
        if (unroll_x) {
            most = std::max<long long>(1, most / s_.most_taps[kX]);
            inside = 2;
        }
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

    struct ChannelsTile {
        int lanes, vectors, x, y, channel_blocks;
        bool one_pass;
        bool unroll_x;  // the taps of x are unrolled, and share their inputs
        long long block_bytes;
    };

    void add_channels(const ChannelsTile& of) {
        if (of.unroll_x && !s_.may_unroll_x()) return;
        const auto [lanes, vectors, tile_x, tile_y, channel_blocks, one_pass, unroll_x, bytes] = of;
        const bool planes = s_.channels_first_out;
        const bool whole_pixels = one_pass && channel_blocks == 1 && stores_bind();
        if (whole_pixels && tile_x > 1) return;
        const int pixels = tile_x * tile_y, sums = pixels * vectors, block = lanes * vectors;
        Schedule p = start("channels", lanes);
        p.params["vectors"] = vectors;
        p.params["tile_x"] = tile_x;
        p.params["tile_y"] = tile_y;
        p.params["unroll_x"] = unroll_x ? 1 : 0;
        p.params["whole_pixels"] = whole_pixels ? 1 : 0;
        choose_pass(p, block, one_pass, unroll_x);
        const bool whole = p["depth"] == s_.group_in && p["passes_inside"] == 1 + kAxes;
        if (whole && !one_pass) return;  // the same as in one pass
        p.params["channel_blocks"] = channel_blocks;
        Tile tile;
        tile.channels_inside = true;
        tile.channel_tasks = whole_pixels ? 1 : ceil_div(s_.group_out, block) / channel_blocks;
        tile.packed_channels = static_cast<double>(ceil_div(s_.group_out, block)) * block;
        tile.extent = {tile_x, tile_y, 1};
        tile.block_bytes = bytes;
        tile.shifts = false;
        // The sums of a block are on the stack.
        tile.most_pixels = kMostTaskBytes / 2 / (4LL * block * channel_blocks * s_.period[kX]);
        if (tile.most_pixels < pixels) return;
        tile.run_channels = planes ? 0 : whole_pixels ? static_cast<int>(s_.group_out) : block * channel_blocks;
        tile.through_memory = planes || channel_blocks > 1 || !one_pass;
        if (planes)
            tile.store = costs_.turn_per_element * (1 + 16.0 / std::min(16, s_.quotients[kX])) / 2;
        else if (s_.group_out % lanes != 0)
            tile.store = kMaskedStore / static_cast<double>(s_.group_out);
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, block) * s_.quotients[kZ] *
                             ceil_div(s_.quotients[kX], tile_x) * ceil_div(s_.quotients[kY], tile_y);
        double passes = static_cast<double>(s_.group_in) / p["depth"];
        for (int a = p["passes_inside"] - 1; a < kAxes; a++) passes *= s_.most_taps[a];
        const double steps = s_.taps() * s_.run_share(p, tile_y) * static_cast<double>(s_.group_in);
        // Taps of x that are unrolled share the inputs of neighbouring quotients.
        const int taps = unroll_x ? s_.most_taps[kX] : 1, inputs = (tile_x + taps - 1) * tile_y;
        if (sums * taps > kMostUnrolledProducts || (unroll_x && sums + taps * vectors + 2 > m_.registers)) return;
        tile.loaded = tiles * steps / taps * 4 * inputs;
        // Weights that a pass has too many of come from the second-level cache.
        const double weight_bytes = s_.most_taps[kX] * s_.most_taps[kY] * s_.most_taps[kZ] * 4.0 * block * s_.group_in;
        const bool distant = one_pass && weight_bytes > static_cast<double>(m_.l1);
        const double loads = taps * vectors * (distant ? costs_.distant_load : 1) + inputs;
        const double moves = one_pass ? (tile.through_memory ? 2 : 1) : 3 * passes + 2;  // of a sum, to or from memory
        const double arrival = distant ? taps * vectors * 4.0 * lanes * cycles_per_byte(weight_bytes) : 0;
        tile.reduction = tiles * (steps / taps * step(lanes, static_cast<double>(taps) * sums, loads, sums, arrival) +
                                  s_.phases() * (passes * costs_.tile_overhead + moves * sums));
        consider(p, tile);
    }

    void space() {
        // Channels last, a tile has to hold all of a group's.
        const bool interleaves_channels = !s_.channels_first_out;
        if (interleaves_channels && s_.group_out * s_.period[kX] > kMostInterleaved) return;
        for (const int lanes : vector_lanes(true)) {
            for (int vectors = 1; vectors <= 4 && vectors * lanes <= s_.quotients[kX]; vectors++) {
                for (int channels = 1; channels <= std::min<long long>(14, s_.group_out); channels++) {
                    if (interleaves_channels && channels != s_.group_out) continue;
                    for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 4); tile_y++) {
                        if (fits_registers(vectors * tile_y, s_.period[kX] * channels) &&
                            keeps_inputs(vectors, tile_y, s_.period[kX] * channels))
                            for (const bool all_groups : {false, true})
                                add_space(lanes, vectors, channels, tile_y, all_groups);
                    }
                }
            }
        }
    }

    void add_space(int lanes, int vectors, int channels, int tile_y, bool all_groups) {
        const double interleaved = static_cast<double>(s_.groups * s_.group_out) * s_.period[kX];
        if (all_groups && (s_.groups == 1 || s_.channels_first_out || interleaved > kMostOfAllGroups)) return;
        const int sums = vectors * s_.period[kX] * channels * tile_y, taps = s_.most_taps[kX];
        if (sums * taps > kMostUnrolledProducts) return;
        Schedule p = start("space", lanes);
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["through_stack"] = 0;
        p.params["all_groups"] = all_groups ? 1 : 0;
        p.params["tile_y"] = tile_y;
        Tile tile;
        tile.block_groups = all_groups ? s_.groups : 1;
        tile.extent = {lanes * vectors, tile_y, 1};
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * channels;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], lanes * vectors) * ceil_div(s_.quotients[kY], tile_y) *
                             s_.quotients[kZ];
        // Channels of other groups lie between the pixels of this one.
        tile.store = all_groups ? (kThroughStack + kInterleave * interleaved) / lanes : store_along_x(lanes);
        // A step is one input channel and one tap of y and z; the taps of x are unrolled and share their inputs. One
        // offset of x is aligned; the vectors of the others straddle cache lines.
        const double fmas = static_cast<double>(s_.all_taps[kX]) * vectors * channels * tile_y;
        const double straddling = costs_.straddled_line * (vectors + 1) * (taps + s_.offsets() - 2);
        const double loads = tile_y * (vectors + straddling) + static_cast<double>(s_.all_taps[kX]) * channels;
        // Planes that are a power of two apart share their cache sets.
        const long long plane_bytes = 4LL * s_.axes[kX].output * s_.axes[kY].output * s_.axes[kZ].output;
        if (plane_bytes % 4096 == 0 && channels * tile_y > kWays) tile.store += kConflictingStore;
        if (tile_y > 1 && output_misses()) tile.store += costs_.tile_row / (lanes * vectors * s_.period[kX]);
        const double steps =
            static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in) * s_.run_share(p, tile_y);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        tile.steps = tiles * steps;
        tile.loaded = tile.steps * 4 * lanes * vectors * tile_y;
        tile.reduction = tiles * (steps * step(lanes, fmas, loads, sums) + yz_phases * interleaving(lanes, sums));
        consider(p, tile);
    }

    // Rows of a block follow each other; more of them waste less of the last vector, but their input has to stay in
    // cache, and their sums on the stack.
    void flat() {
        const bool interleaves_channels = !s_.channels_first_out;
        if (!s_.flattens || (interleaves_channels && s_.group_out * s_.period[kX] > kMostInterleaved)) return;
        const long long plane_bytes = 4 * s_.group_in * pitch() * s_.quotients[kY];
        for (const long long bytes : {plane_bytes, 4 * kBlockBytes, 2 * kBlockBytes, kBlockBytes}) {
            if (bytes > plane_bytes) continue;
            const int rows = divisor_within(s_.quotients[kY], bytes * s_.quotients[kY] / plane_bytes);
            for (int vectors = 1; vectors <= 4; vectors++) {
                for (int channels = 1; channels <= std::min<long long>(14, s_.group_out); channels++) {
                    if (interleaves_channels && channels != s_.group_out) continue;
                    if (fits_registers(vectors, s_.period[kX] * channels) &&
                        keeps_inputs(vectors, 1, s_.period[kX] * channels))
                        for (const int lanes : vector_lanes(m_.splits_vectors))
                            add_flat(lanes, vectors, channels, rows);
                }
            }
        }
    }

    long long pitch() const { return s_.quotients[kX] + s_.reach[kX]; }

    void add_flat(int lanes, int vectors, int channels, int rows) {
        const int sums = vectors * s_.period[kX] * channels;
        const long long pixels = pitch() * (rows - 1) + s_.quotients[kX];
        const int tiles_of_block = ceil_div(pixels, lanes * vectors), blocks = s_.quotients[kY] / rows;
        if (4LL * tiles_of_block * lanes * sums > kMostTaskBytes / 2) return;
        if (sums * s_.most_taps[kX] > kMostUnrolledProducts) return;
        Schedule p = start("flat", lanes);
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        Tile tile;
        tile.flat = true;
        tile.extent = {s_.quotients[kX], 1, 1};
        tile.most_pixels = static_cast<long long>(rows) * s_.quotients[kX];
        tile.block_bytes = 1LL << 40;
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * channels;
        tile.through_memory = true;
        tile.store = kFlatStore * m_.lanes / std::min(m_.lanes, s_.quotients[kX]);
        tile.store += store_along_x(std::min(m_.lanes, s_.quotients[kX]));
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) * tiles_of_block *
                             blocks * s_.quotients[kZ];
        const double fmas = static_cast<double>(s_.all_taps[kX]) * vectors * channels;
        const double straddling = costs_.straddled_line * (vectors + 1) * (s_.most_taps[kX] + s_.offsets() - 2);
        const double loads = vectors + straddling + static_cast<double>(s_.all_taps[kX]) * channels;
        const double steps = static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in) * s_.run_share(p, 2);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        tile.steps = tiles * steps;
        tile.loaded = tile.steps * 4 * lanes * vectors;
        tile.reduction = tiles * (steps * step(lanes, fmas, loads, sums) + yz_phases * interleaving(lanes, sums));
        consider(p, tile);
    }

    void columns() {
        // Channels last, the whole image is turned over first, which costs more than it brings where no cache holds it.
        if (s_.column_axes < 1 || s_.most_taps[kX] == 1) return;
        if (!s_.channels_first_in && 4 * s_.inputs() > static_cast<double>(m_.l2)) return;
        const bool interleaves_channels = !s_.channels_first_out;
        if (interleaves_channels && s_.group_out * s_.period[kX] > kMostInterleaved) return;
        for (const int lanes : vector_lanes(true)) {
            for (int vectors = 1; vectors <= 8 && vectors * lanes <= s_.axes[kX].input; vectors++) {
                for (int channels = 1; channels <= std::min<long long>(14, s_.group_out); channels++) {
                    if (interleaves_channels && channels != s_.group_out) continue;
                    if (ceil_div(s_.group_out, channels) > kMostColumnPasses) continue;
                    for (int parts = 1; parts <= kMostColumnTiles; parts++) {
                        const int at_once = ceil_div(s_.all_taps[kX], parts);
                        if (ceil_div(s_.all_taps[kX], at_once) == parts &&
                            fits_registers(vectors, at_once * channels, 1))
                            add_columns(lanes, vectors, channels, at_once);
                    }
                }
            }
        }
    }

    void add_columns(int lanes, int vectors, int channels, int at_once) {
        const int sums = vectors * channels * at_once, parts = ceil_div(s_.all_taps[kX], at_once);
        // The columns of a row are on the stack.
        const long long x = s_.axes[kX].input + s_.reach[kX] + m_.lanes;
        if (4LL * x * channels * at_once * parts > kMostTaskBytes / 2) return;
        Schedule p = start("columns", lanes);
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["columns"] = at_once;
        Tile tile;
        tile.extent = {s_.quotients[kX], 1, 1};
        tile.in_place = s_.channels_first_in;
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * channels;
        const double rows =
            static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) * s_.quotients[kY] * s_.quotients[kZ];
        const double tiles = rows * ceil_div(s_.axes[kX].input, lanes * vectors) * parts;
        const double steps = static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in) * s_.run_share(p, 1);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        // What remains to be done of an output is to add its columns, most of which are not aligned.
        tile.store = kAddColumn * static_cast<double>(s_.all_taps[kX]) / (s_.period[kX] * m_.lanes);
        tile.store += store_along_x(lanes);
        tile.steps = tiles * steps;
        tile.loaded = tile.steps * 4 * lanes * vectors;
        tile.reduction = tiles * (steps * step(lanes, sums, vectors + channels * at_once, sums) +
                                  yz_phases * (costs_.tile_overhead + 2 * sums));
        consider(p, tile);
    }

    void wide_columns(int lanes) {
        // Channels that fill their vectors gain nothing.
        if (s_.column_axes < 1 || s_.channels_first_out || (s_.group_out > m_.lanes && s_.group_out % m_.lanes == 0))
            return;
        for (int vectors = 1; vectors <= 4; vectors++) {
            if (lanes * (vectors - 1) >= s_.all_taps[kX] * s_.group_out) break;
            for (int tile_x = 1; tile_x <= std::min({s_.quotients[kX], s_.axes[kX].input, 16}); tile_x++)
                for (const long long bytes : {64 << 10, 256 << 10, 1 << 20})
                    if (fits_registers(vectors, tile_x)) add_wide_columns(lanes, vectors, tile_x, bytes);
        }
    }

    void add_wide_columns(int lanes, int vectors, int tile_x, long long block_bytes) {
        const int block = lanes * vectors, sums = vectors * tile_x;
        const long long blocks = ceil_div(s_.all_taps[kX] * s_.group_out, block);
        // The columns of a block's row are on the stack.
        const long long most = kMostTaskBytes / 2 / (4 * blocks * block) - s_.reach[kX];
        if (most < tile_x) return;
        Schedule p = start("wide_columns", lanes);
        p.params["vectors"] = vectors;
        p.params["tile_x"] = tile_x;
        Tile tile;
        tile.extent = {tile_x, 1, 1};
        tile.channels_inside = true;
        tile.in_place = !s_.channels_first_in;
        tile.block_bytes = block_bytes;
        tile.most_in_row = static_cast<int>(most);
        tile.channel_tasks = s_.period[kY];
        tile.packed_channels = static_cast<double>(blocks * block) / static_cast<double>(s_.all_taps[kX]);
        const double rows = static_cast<double>(s_.groups * blocks) * s_.quotients[kY] * s_.quotients[kZ];
        const double steps = static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in) * s_.run_share(p, 1);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        const auto pixel_vectors = static_cast<double>(ceil_div(s_.group_out, lanes));
        tile.store =
            (pixel_vectors * (s_.epilogue + kAddColumn * static_cast<double>(s_.all_taps[kX]) / s_.period[kX]) +
             (s_.group_out % lanes != 0 ? 2 * kMaskedStore : 0)) /
            static_cast<double>(s_.group_out);
        const double weight_bytes = s_.most_taps[kY] * s_.most_taps[kZ] * 4.0 * block * s_.group_in;
        const bool distant = weight_bytes > static_cast<double>(m_.l1);
        const double loads = vectors * (distant ? costs_.near_load : 1) + tile_x;
        const double tile_cycles =
            steps * step(lanes, sums, loads, sums) + yz_phases * (costs_.tile_overhead + 2 * sums);
        const double tiles = rows * ceil_div(s_.axes[kX].input, tile_x);
        tile.loaded = tiles * steps * 4 * tile_x;
        tile.reduction = tiles * tile_cycles;
        tile.cut = rows * (static_cast<double>(s_.reach[kX]) / tile_x + 0.5) * tile_cycles;
        consider(p, tile);
    }

    void col2im(int lanes) {
        // A single input has no neighbours to share its weights with.
        if (s_.column_axes < kAxes || s_.inputs() == static_cast<double>(s_.groups * s_.group_in)) return;
        const double width = s_.taps() * static_cast<double>(s_.group_out);
        for (int vectors = 1; vectors <= 4 && lanes * (vectors - 1) < width; vectors++) {
            for (int tile_x = 1; tile_x <= std::min(s_.axes[kX].input, 16); tile_x++) {
                for (int tile_y = 1; tile_y <= std::min(s_.axes[kY].input, 4); tile_y++) {
                    if (!fits_registers(vectors, tile_x * tile_y)) continue;
                    add_col2im(lanes, vectors, tile_x, tile_y, false);
                    if (s_.channels_first_out || s_.group_out * s_.period[kX] <= kMostInterleaved)
                        add_col2im(lanes, vectors, tile_x, tile_y, true);
                }
            }
        }
    }

    void add_col2im(int lanes, int vectors, int tile_x, int tile_y, bool gather_x) {
        const int block = lanes * vectors, scalars = tile_x * tile_y, sums = vectors * scalars;
        const double blocks = std::ceil(s_.taps() * static_cast<double>(s_.group_out) / block);
        // Columns of the whole image, which outputs read out of order.
        const double bytes = 4 * blocks * block * s_.inputs() / static_cast<double>(s_.group_in);
        if (bytes > 2 * static_cast<double>(m_.l2)) return;
        Schedule p = start("col2im", lanes);
        p.params["vectors"] = vectors;
        p.params["tile_x"] = tile_x;
        p.params["tile_y"] = tile_y;
        p.params["gather_x"] = gather_x ? 1 : 0;
        Tile tile;
        tile.extent = {s_.quotients[kX], 1, 1};
        tile.channels_inside = true;
        tile.in_place = true;
        tile.weights_once = true;
        tile.packed_channels = blocks * block / s_.taps();
        const double tiles = static_cast<double>(s_.groups) * blocks * ceil_div(s_.axes[kX].input, tile_x) *
                             ceil_div(s_.axes[kY].input, tile_y) * s_.axes[kZ].input;
        const auto steps = static_cast<double>(s_.group_in);
        const bool distant = 4.0 * block * steps > static_cast<double>(m_.l1);
        // Neighbours in a row share their cache line, if it is still there: the next tile comes after all channels.
        const double lines = s_.channels_first_in ? steps * 4 * kLine * tile_y : 0;
        tile.loaded = lines > static_cast<double>(m_.l1) ? tiles * lines : tiles * steps * 4 * scalars;
        tile.reduction =
            tiles * (steps * step(lanes, sums, vectors * (distant ? costs_.near_load : 1) + scalars, sums) +
                     costs_.tile_overhead + 2 * sums) +
            kColumnTraffic * bytes * cycles_per_byte(bytes);
        const double taps = s_.taps() / s_.phases();
        const auto pixel_vectors = static_cast<double>(ceil_div(s_.group_out, lanes));
        if (gather_x)
            tile.store = 1 + kGatherElement * taps;
        else
            tile.store = (kStartGather + pixel_vectors * (s_.epilogue + kGatherColumn * taps)) /
                             static_cast<double>(s_.group_out) +
                         (!s_.channels_first_out      ? 0
                          : s_.group_out % lanes == 0 ? kScatter
                                                      : kMaskedScatter);
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
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * channels;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], tile_x) * s_.quotients[kY] * s_.quotients[kZ];
        const double steps = s_.taps() * s_.run_share(p, 1) / (lanes * vectors) * static_cast<double>(s_.group_in);
        tile.reduction = tiles * (steps * step(lanes, sums, vectors * channels + tile_x, sums) +
                                  s_.phases() / (lanes * vectors) * (costs_.tile_overhead + sums));
        // LLVM spills the last of 16 registers if weights of several channels are apart.
        if (channels > 1 && sums + std::min(vectors * channels, tile_x) + 1 == m_.registers) tile.reduction *= kSpilled;
        consider(p, tile);
    }

    void groups() {
        if (s_.group_in != 1 || s_.group_out != 1 || s_.channels_first_out) return;
        int lanes = m_.lanes;
        while (lanes > s_.groups) lanes /= 2;
        const bool unroll_x = s_.most_taps[kX] > 1 && fits_groups(1, true);
        for (int tile_x = 1; tile_x <= std::min(12, s_.quotients[kX]); tile_x++)
            if (fits_groups(tile_x, unroll_x)) add_groups(lanes, tile_x, unroll_x);
    }

    // All phases and taps of x keep their inputs beside their sums.
    bool fits_groups(int tile_x, bool unroll_x) const {
        if (!unroll_x) return fits_registers(tile_x, 1);
        const int sums = tile_x * s_.period[kX], inputs = tile_x + s_.reach[kX];
        return sums + inputs + 1 <= m_.registers && sums * s_.most_taps[kX] <= kMostUnrolledProducts;
    }

    void add_groups(int lanes, int tile_x, bool unroll_x) {
        const int phases = unroll_x ? s_.period[kX] : 1, sums = tile_x * phases;
        Schedule p = start("groups", lanes);
        p.params["tile_x"] = tile_x;
        p.params["unroll_x"] = unroll_x ? 1 : 0;
        Tile tile;
        tile.extent = {tile_x, 1, 1};
        tile.block_groups = s_.groups;
        tile.channels_inside = true;
        tile.packed_channels = 1;
        const double tiles = static_cast<double>(ceil_div(s_.groups, lanes)) * ceil_div(s_.quotients[kX], tile_x) *
                             s_.quotients[kY] * s_.quotients[kZ];
        // Inputs are vectors here, one for each sum, or for all phases and taps that read it.
        const double products = unroll_x ? static_cast<double>(s_.all_taps[kX]) : 1;
        const double loads = unroll_x ? tile_x + s_.reach[kX] + products : tile_x + 1;
        const double steps = s_.taps() * s_.run_share(p, 1) / products;
        tile.reduction = tiles * (steps * step(lanes, products * tile_x, loads, sums) +
                                  s_.phases() / phases * (costs_.tile_overhead + sums));
        consider(p, tile);
    }
};

}  // namespace

std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) {
    return X86Cost(problem, machine).candidates();
}

}  // namespace polyphase::x86
