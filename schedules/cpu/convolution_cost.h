// The cost model of convolutions on CPUs: what a tile of any family costs beyond its arithmetic, and where its input
// may lie. Which tiles there are, and what their arithmetic costs, is each family's own. Predictions need to rank
// candidates, not to be right.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "schedules/cpu/convolution.h"

namespace polyphase::cpu {

/// The problem in the numbers that costs are made of.
struct Shape {
    PerAxis<AxisMap> axes;
    PerAxis<int> quotients{}, reach{};  ///< reach: inputs that one quotient's phases read, less one
    PerAxis<long long> all_taps{};      ///< of all phases of an axis
    PerAxis<int> period{}, most_taps{};
    long long group_in = 1, group_out = 1, groups = 1, batch = 1;
    PerAxis<double> live{};  ///< live_share
    bool channels_first_in = true, channels_first_out = true, pads = false;
    bool resamples = false;                    ///< the staged input is a resampled image
    bool gathers = false;                      ///< along x through a table
    bool flattens = false;                     ///< rows of a plane can follow each other as one
    int column_axes = 0;                       ///< axes whose taps can have sums of their own
    double epilogue = 0;                       ///< operations of an output beyond its reduction
    double row_taps = 0, taps_along_rows = 0;  ///< reads per element of that image: to blend rows, and along them

    explicit Shape(const Problem& problem);
    /// Share of the taps that a schedule's tile of so many rows runs (ConvolutionForm::skips).
    double run_share(const Schedule& schedule, int tile_y) const;
    double taps() const { return static_cast<double>(all_taps[kX] * all_taps[kY] * all_taps[kZ]); }
    double phases() const { return static_cast<double>(period[kX]) * period[kY] * period[kZ]; }
    double inputs() const;
    double outputs() const;
    /// Distinct input offsets among the phases of x.
    int offsets() const;
    /// Every phase of x has the same taps, more than one: they can be unrolled without tests.
    bool may_unroll_x() const;
    /// Every phase of x reads the same inputs, so that phases can be lanes.
    bool uniform_x() const;
};

/// What a processor charges; in cycles unless said otherwise.
struct Costs {
    double tile_overhead;       ///< to start and finish a tile's reduction
    double turn_per_element;    ///< to move an element between channels first and channels last
    double gather;              ///< to read an element through a table of positions
    double stream_bytes;        ///< bytes per cycle from beyond the second-level cache
    double cache_bytes;         ///< bytes per cycle from the second-level cache
    double near_bytes;          ///< bytes per cycle of a block's input from the second-level cache
    double input_bytes;         ///< bytes per cycle of a block's input that the second-level cache does not hold
    double staged_bytes;        ///< bytes of traffic per input staged per image: read, written, read again
    double held;                ///< of the first-level cache that a block's input may fill and be loaded from it
    double run_start;           ///< to begin a run of stores that misses the caches
    double pixel_start;         ///< the same for a part of a pixel's channels, close to its neighbours
    double unknown_strides;     ///< factor of a tile whose addresses take arithmetic
    double exposed;             ///< of the weights' traffic that is not hidden behind arithmetic
    double page_miss = 0;       ///< to find a page that is not at hand
    double distant_load = 1;    ///< load slots of a vector of weights from the second-level cache
    double near_load = 1;       ///< the same, if neighbouring tiles read the same
    double straddled_line = 0;  ///< load slots of each line that unaligned vectors touch
    double tile_row = 0;        ///< to begin a row of stores, one of a tile's several, that misses the caches
    double shuffle = 0;         ///< of a vector with others, to interleave what is stored
    double contention = 0;      ///< of the less busy kind of port that one FMA a cycle does not hide
    double idle_sums = 0;       ///< sums' worth of issue slots that a tile leaves idle, for one FMA a cycle
};

/// Collects candidates. A family of processors derives from it and considers its tiles.
class ConvolutionCost {
  public:
    ConvolutionCost(const Problem& problem, const Machine& machine, const Costs& costs)
        : s_(problem), m_(machine), costs_(costs) {}

  protected:
    static constexpr long long kBlockBytes = 128 << 10;  ///< of a block's input

    /// A tile under consideration.
    struct Tile {
        PerAxis<int> extent{1, 1, 1};  ///< quotients of the loops that blocks count in
        double reduction = 0;          ///< cycles of all reductions of one image
        double cut = 0;                ///< cycles more for every cut through the rows, whose inputs both sides sum up
        double packed_channels = 0;    ///< output channels of a group, rounded up to whole blocks
        long long block_groups = 1;    ///< groups whose input a block holds
        bool weights_once = false;     ///< not for each block
        int channel_tasks = 1;         ///< blocks of a group's output channels that are tasks of their own
        bool channels_inside = false;  ///< the staged input has channels innermost
        long long block_bytes = kBlockBytes;
        long long most_pixels = 1LL << 40;  ///< quotients of a block
        int most_in_row = 1 << 30;          ///< quotients of x of a block
        bool flat = false;                  ///< along rows that follow each other as one, staged as such
        bool in_place = false;              ///< reads the input where it lies, whether it is padded or not
        bool shifts = true;           ///< the last tile inwards; otherwise a single block is rounded up to whole tiles
        double steps = 0;             ///< of all reductions of one image, if channels are apart in the staged input
        double loaded = 0;            ///< bytes of the input that all steps of one image load
        int run_channels = 0;         ///< channels that are stored together, if pixels are apart in memory
        double store = 0;             ///< cycles per output beyond a plain store
        bool through_memory = false;  ///< outputs are stored apart from the arithmetic, which hides nothing of it then
    };

    Schedule start(const char* family, int lanes) const;
    /// Adds the tile once for each place where the padded input may lie.
    void consider(const Schedule& base, const Tile& tile);
    /// Of data that is passed over again and again.
    double cycles_per_byte(double bytes) const;
    double l2() const { return static_cast<double>(m_.l2); }
    /// Whether the output is too large for the second-level cache to hold beside other data.
    bool output_misses() const { return 4 * s_.outputs() > l2() / 2; }

    const Shape s_;
    const Machine m_;
    const Costs costs_;
    std::vector<Schedule> candidates_;

  private:
    int tiles(const Tile& tile, int axis) const { return ceil_div(s_.quotients[axis], tile.extent[axis]); }
    /// How many tiles make a block, of schedules whose vectors have so many lanes. Blocks of equal size compute each
    /// tile once, but a row of many tiles may have few divisors. Otherwise the last block of a row is shifted inwards.
    struct Blocks {
        int lanes = 1;
        bool equal = true;
        PerAxis<int> tiles{1, 1, 1};
    };

    bool may_be_block(const Blocks& b, const Tile& tile, int axis, int block) const;
    int block_within(const Blocks& b, const Tile& tile, int axis, long long limit) const;
    int blocks_along(const Blocks& b, const Tile& tile, int axis) const;
    double blocks(const Blocks& b, const Tile& tile) const;
    void consider_blocks(const Schedule& base, const Tile& tile, Stage stage, long long most_bytes, bool equal);
    void choose_blocks(Blocks& b, const Tile& tile, long long bytes) const;
    double copied(const Blocks& b, const Tile& tile) const;
    int copied_along(const Blocks& b, const Tile& tile, int axis) const;
    bool choose_copied_blocks(Blocks& b, const Tile& tile, long long most_bytes) const;
    double tasks(const Blocks& b, const Tile& tile, Stage stage) const;
    bool share_out(Blocks& b, const Tile& tile, Stage stage) const;
    double cycles(const Blocks& b, const Tile& tile, Stage stage) const;
    bool leaves_input(const Blocks& b, const Tile& tile, Stage stage) const;
    double staging(const Blocks& b, const Tile& tile, Stage stage) const;
    double loading(const Blocks& b, const Tile& tile, Stage stage) const;
    double page_misses(const Tile& tile) const;
    double weights(const Blocks& b, const Tile& tile) const;
    double storing(const Blocks& b, const Tile& tile) const;
};

/// Why `schedule` cannot run the problem; nothing if it can.
std::optional<std::string> reject_convolution(const Problem& problem, const Machine& machine, const Schedule& schedule);

}  // namespace polyphase::cpu
