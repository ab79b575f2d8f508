// The tiles of convolutions on 64-bit ARM, and how many cycles of one core their arithmetic takes.
//
// NEON has 32 registers of four floats, and an FMA can take one lane of a register as its scalar. So scalars are loaded
// four at a time: a step of four input channels with 8 pixels x 2 vectors is 64 FMAs for 8 + 8 loads, where
// broadcasting each scalar from memory would take 8 + 32. Sums, the vectors of one channel and the scalars that wait
// for their turn share the registers: 9x2 and 8x2 fit, 12x2 spills.
#include "schedules/arm/convolution.h"

#include <utility>

#include "schedules/cpu/convolution_cost.h"
#include "schedules/cpu/task_memory.h"

namespace polyphase::arm {
namespace {

using cpu::kMostTaskBytes;

// Of the middle of the range: little cores move fewer bytes a cycle, servers more.
constexpr cpu::Costs kCosts{.tile_overhead = 16,
                            .turn_per_element = 0.75,
                            .gather = 1.5,
                            .stream_bytes = 6,
                            .cache_bytes = 16,
                            .near_bytes = 53,
                            .input_bytes = 6,
                            .staged_bytes = 20,
                            .held = 0.8,
                            .run_start = 60,
                            .pixel_start = 60,
                            .unknown_strides = 1.05,
                            .exposed = 0.3};
constexpr double kScatter = 1.5;            // to store an element apart from its neighbours
constexpr double kContention = 0.1;         // cycles of a load that is hidden behind arithmetic
constexpr double kContentionInOrder = 0.6;  // the same where instructions wait for each other
constexpr double kLoopCount = 3;            // instructions of a step that advance it
constexpr double kStraddled = 1.2;          // loads of a vector that is not aligned

// Limits.
constexpr int kSpareRegisters = 2;          // LLVM spills before the last ones are used
constexpr int kMostUnrolledProducts = 512;  // in one step of a reduction
constexpr int kMostInterleaved = 16;        // vectors in one interleaved store

class ArmCost : public cpu::ConvolutionCost {
  public:
    ArmCost(const Problem& problem, const Machine& machine)
        : ConvolutionCost(problem, machine, kCosts),
          stored_as_summed_(problem.activation.kind == Activation::Kind::none && !problem.residual) {}

    std::vector<Schedule> candidates() {
        channels();
        space();
        phases();
        groups();
        return std::move(candidates_);
    }

  private:
    // Sums, the vectors of one step and `scalars` registers of lanes.
    bool fits_registers(int sums, int vectors, int scalars) const {
        return sums + vectors + scalars <= m_.registers - kSpareRegisters;
    }

    // One step of a reduction: whichever of the pipes, the issue slots and the latency of the sums binds.
    double step(double fmas, double loads, double sums) const {
        const double issued = (fmas + loads + kLoopCount) / m_.issue_per_cycle;
        const double latency = fmas / sums * m_.fma_latency;
        return std::max({fmas / m_.fma_per_cycle, loads / m_.loads_per_cycle, issued, latency}) +
               (m_.in_order ? kContentionInOrder : kContention) * loads;
    }

    // How many of `count` scalars one load can bring.
    int lanes_of(long long count) const {
        int lanes = m_.lanes;
        while (count % lanes != 0) lanes /= 2;
        return lanes;
    }

    void channels() {
        for (int vectors = 1; vectors <= 8; vectors++) {
            if (m_.lanes * (vectors - 1) >= s_.group_out) break;
            for (int tile_x = 1; tile_x <= std::min(s_.quotients[kX], 16); tile_x++) {
                for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 6); tile_y++) {
                    const int pixels = tile_x * tile_y;
                    if (!fits_registers(vectors * pixels, vectors, pixels)) continue;
                    const int blocks = ceil_div(s_.group_out, m_.lanes * vectors);
                    for (const int channel_blocks : {1, 2, 4, blocks}) {
                        if (blocks % channel_blocks != 0 || (channel_blocks > 1 && s_.channels_first_out)) continue;
                        for (const long long bytes : {32 << 10, 128 << 10, 256 << 10})
                            add_channels(vectors, tile_x, tile_y, channel_blocks, bytes);
                    }
                }
            }
        }
    }

    void add_channels(int vectors, int tile_x, int tile_y, int channel_blocks, long long bytes) {
        const bool planes = s_.channels_first_out;
        const int pixels = tile_x * tile_y, sums = pixels * vectors, block = m_.lanes * vectors;
        const int lane_loads = m_.lanes;
        Schedule p = start("channels", m_.lanes);
        p.params["lane_loads"] = lane_loads;
        p.params["vectors"] = vectors;
        p.params["tile_x"] = tile_x;
        p.params["tile_y"] = tile_y;
        p.params["depth"] = static_cast<int>(s_.group_in);
        p.params["passes_inside"] = 1 + kAxes;
        p.params["unroll_x"] = 0;
        p.params["whole_pixels"] = 0;
        p.params["channel_blocks"] = channel_blocks;
        Tile tile;
        tile.channels_inside = true;
        tile.channel_tasks = ceil_div(s_.group_out, block) / channel_blocks;
        tile.packed_channels = static_cast<double>(ceil_div(s_.group_out, block)) * block;
        tile.extent = {tile_x, tile_y, 1};
        tile.block_bytes = bytes;
        tile.shifts = false;
        const bool through_memory = planes || channel_blocks > 1;  // the sums of a block, on the stack
        if (through_memory) tile.most_pixels = kMostTaskBytes / 2 / (4LL * block * channel_blocks * s_.period[kX]);
        if (tile.most_pixels < pixels) return;
        tile.run_channels = planes ? 0 : block * channel_blocks;
        if (planes) tile.store = kCosts.turn_per_element;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, block) * s_.quotients[kZ] *
                             ceil_div(s_.quotients[kX], tile_x) * ceil_div(s_.quotients[kY], tile_y);
        const double steps = s_.taps() * s_.run_share(p, tile_y) * static_cast<double>(s_.group_in);
        tile.loaded = tiles * steps * 4 * pixels;
        const double loads = lane_loads * vectors + pixels;
        tile.reduction = tiles * (steps / lane_loads * step(sums * lane_loads, loads, sums) +
                                  s_.phases() * (kCosts.tile_overhead + (through_memory ? 2 : 1) * sums));
        consider(p, tile);
    }

    void space() {
        // Channels last, a tile has to hold all of a group's.
        const bool interleaves_channels = !s_.channels_first_out;
        if (interleaves_channels && s_.group_out * s_.period[kX] > kMostInterleaved) return;
        for (int vectors = 1; vectors <= 6 && vectors * m_.lanes <= s_.quotients[kX]; vectors++) {
            for (int channels = 1; channels <= std::min<long long>(14, s_.group_out); channels++) {
                if (interleaves_channels && channels != s_.group_out) continue;
                for (int tile_y = 1; tile_y <= std::min(s_.quotients[kY], 4); tile_y++)
                    add_space(vectors, channels, tile_y);
            }
        }
    }

    void add_space(int vectors, int channels, int tile_y) {
        const int scalars = s_.period[kX] * channels, sums = vectors * tile_y * scalars;
        if (sums * s_.most_taps[kX] > kMostUnrolledProducts) return;
        // Lanes lie along output channels, whole vectors of them, or along the phases of x.
        int lane_loads = 1;
        if (channels > 2 && (channels == s_.group_out || (channels % m_.lanes == 0 && s_.group_out % channels == 0)))
            lane_loads = m_.lanes;
        else if (channels <= 2)
            lane_loads = lanes_of(s_.period[kX]);
        const int packed = channels > 2 ? ceil_div(channels, lane_loads) * lane_loads : channels;
        const int registers = ceil_div(static_cast<long long>(s_.period[kX]) * packed, lane_loads);
        const int inputs = vectors * tile_y * (s_.most_taps[kX] + s_.offsets() - 1);
        if (!fits_registers(sums, inputs, std::min(registers, 4))) return;
        const int interleaved = s_.period[kX] * (s_.channels_first_out ? 1 : channels);
        const bool several_stores = vectors * tile_y * (s_.channels_first_out ? channels : 1) > 1;
        const bool through_stack = stored_as_summed_ && interleaved > 1 && several_stores;
        Schedule p = start("space", m_.lanes);
        p.params["lane_loads"] = lane_loads;
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["through_stack"] = through_stack;
        p.params["all_groups"] = 0;
        p.params["tile_y"] = tile_y;
        Tile tile;
        tile.extent = {m_.lanes * vectors, tile_y, 1};
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * packed;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], m_.lanes * vectors) * ceil_div(s_.quotients[kY], tile_y) *
                             s_.quotients[kZ];
        // Channels of other groups lie between the pixels of this one.
        if (!s_.channels_first_out && s_.groups > 1) tile.store = kScatter;
        // A step is one input channel and one tap of y and z; the taps of x are unrolled and share their inputs.
        const double fmas = static_cast<double>(s_.all_taps[kX]) * vectors * channels * tile_y;
        const double straddling = kStraddled * (s_.most_taps[kX] + s_.offsets() - 2);
        const double loads = tile_y * vectors * (1 + straddling) + static_cast<double>(registers) * s_.most_taps[kX];
        const double steps =
            static_cast<double>(s_.all_taps[kY] * s_.all_taps[kZ] * s_.group_in) * s_.run_share(p, tile_y);
        const double yz_phases = static_cast<double>(s_.period[kY]) * s_.period[kZ];
        tile.loaded = tiles * steps * 4 * m_.lanes * vectors * tile_y;
        tile.reduction = tiles * (steps * step(fmas, loads, sums) +
                                  yz_phases * (kCosts.tile_overhead + (through_stack ? 4 : 2) * sums));
        consider(p, tile);
    }

    void phases() {
        if (!s_.channels_first_out || !s_.uniform_x() || s_.period[kX] % m_.lanes != 0) return;
        for (int vectors = 1; vectors <= 4; vectors++) {
            if (s_.period[kX] % (m_.lanes * vectors) != 0) continue;
            for (int channels = 1; channels <= std::min<long long>(8, s_.group_out); channels++) {
                for (int tile_x = 1; tile_x <= std::min(16, s_.quotients[kX]); tile_x++)
                    add_phases(vectors, channels, tile_x);
            }
        }
    }

    void add_phases(int vectors, int channels, int tile_x) {
        const int sums = vectors * channels * tile_x, lane_loads = lanes_of(tile_x);
        if (!fits_registers(sums, std::min(vectors * channels, 2), ceil_div(tile_x, lane_loads))) return;
        Schedule p = start("phases", m_.lanes);
        p.params["lane_loads"] = lane_loads;
        p.params["vectors"] = vectors;
        p.params["channels"] = channels;
        p.params["tile_x"] = tile_x;
        Tile tile;
        tile.extent = {tile_x, 1, 1};
        tile.channel_tasks = ceil_div(s_.group_out, channels);
        tile.packed_channels = static_cast<double>(tile.channel_tasks) * channels;
        const double tiles = static_cast<double>(s_.groups) * ceil_div(s_.group_out, channels) *
                             ceil_div(s_.quotients[kX], tile_x) * s_.quotients[kY] * s_.quotients[kZ];
        const double steps = s_.taps() * s_.run_share(p, 1) / (m_.lanes * vectors) * static_cast<double>(s_.group_in);
        const double loads = vectors * channels + static_cast<double>(tile_x) / lane_loads;
        tile.reduction = tiles * (steps * step(sums, loads, sums) +
                                  s_.phases() / (m_.lanes * vectors) * (kCosts.tile_overhead + sums));
        consider(p, tile);
    }

    void groups() {
        if (s_.group_in != 1 || s_.group_out != 1 || s_.channels_first_out || s_.groups < m_.lanes) return;
        for (int tile_x = 1; tile_x <= std::min(12, s_.quotients[kX]); tile_x++) {
            Schedule p = start("groups", m_.lanes);
            p.params["tile_x"] = tile_x;
            p.params["unroll_x"] = 0;
            Tile tile;
            tile.extent = {tile_x, 1, 1};
            tile.block_groups = s_.groups;
            tile.channels_inside = true;
            tile.packed_channels = 1;
            const double tiles = static_cast<double>(ceil_div(s_.groups, m_.lanes)) *
                                 ceil_div(s_.quotients[kX], tile_x) * s_.quotients[kY] * s_.quotients[kZ];
            // Inputs are vectors here, one for each sum.
            tile.reduction = tiles * (s_.taps() * s_.run_share(p, 1) * step(tile_x, tile_x + 1, tile_x) +
                                      s_.phases() * (kCosts.tile_overhead + tile_x));
            consider(p, tile);
        }
    }

    const bool stored_as_summed_;  // nothing happens to a sum between the reduction and the store
};

}  // namespace

std::vector<Schedule> convolution_candidates(const Problem& problem, const Machine& machine) {
    return ArmCost(problem, machine).candidates();
}

}  // namespace polyphase::arm
