#include "schedules/cpu/convolution_cost.h"

#include <utility>

#include "generators/convolution.h"
#include "generators/tap_tables.h"
#include "schedules/cpu/task_memory.h"

namespace polyphase::cpu {
namespace {

constexpr double kLateStore = 1.5;       // passes over an output: the line is read before it is written
constexpr double kHeldL2 = 0.5;          // of the second-level cache, what one kind of data can have
constexpr double kPage = 4096;           // bytes
constexpr double kPagesAtHand = 64;      // whose addresses a core remembers
constexpr double kExponential = 25;      // operations of a tanh or a sigmoid
constexpr double kWorthThreads = 150e3;  // cycles: threads that sleep take 20 to 50 us to wake
constexpr int kLeastTasks = 4;           // of a kernel that is worth threads
constexpr int kLeastPerRepeated = 16;    // tiles of a row for each that two blocks compute

// Of `count` tiles, how many two blocks compute.
int repeated_by(int count, int block) {
    return ceil_div(count, block) * block - count;
}

}  // namespace

Shape::Shape(const Problem& problem) : axes(xyz_axes(problem)) {
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
        reach[a] = polyphase::reach(axis);
        live[a] = live_share(axis);
    }
    // A row of pixels is turned over on the stack.
    const double row_bytes = 4.0 * axes[kX].input * problem.in_channels;
    flattens = can_flatten(problem) && (channels_first_in || row_bytes <= static_cast<double>(kMostTaskBytes));
    const Activation::Kind activation = problem.activation.kind;
    epilogue = activation == Activation::Kind::tanh || activation == Activation::Kind::sigmoid ? kExponential : 1;
    column_axes = polyphase::column_axes(problem);
    const auto* resize = std::get_if<ResizeConv>(&problem.op);
    if (!resize || presummed(*resize)) return;
    const PerAxis<AxisMap> maps = xyz_axes(resampling_maps(*resize));
    resamples = pads = true;
    gathers = !phases_along_x(maps[kX]);
    taps_along_rows = std::max(maps[kX].taps(), 1);
    row_taps = static_cast<double>(std::max(maps[kY].taps(), 1)) * std::max(maps[kZ].taps(), 1) * maps[kX].input /
               maps[kX].output;
}

double Shape::run_share(const Schedule& schedule, int tile_y) const {
    double share = 1;
    for (const int a : {kY, kZ})
        if ((a == kZ || tile_y == 1) && worth_skipping(schedule, live[a])) share *= live[a];
    return share;
}

double Shape::inputs() const {
    return static_cast<double>(groups * group_in) * axes[kX].input * axes[kY].input * axes[kZ].input;
}

double Shape::outputs() const {
    return static_cast<double>(groups * group_out) * axes[kX].output * axes[kY].output * axes[kZ].output;
}

int Shape::offsets() const {
    int distinct = 1;
    for (size_t r = 1; r < axes[kX].phases.size(); r++)
        distinct += axes[kX].phases[r].first_input != axes[kX].phases[r - 1].first_input ? 1 : 0;
    return distinct;
}

bool Shape::may_unroll_x() const {
    return most_taps[kX] > 1 && std::all_of(axes[kX].phases.begin(), axes[kX].phases.end(),
                                            [&](const Phase& phase) { return phase.taps == most_taps[kX]; });
}

bool Shape::uniform_x() const {
    const Phase& first = axes[kX].phases.front();
    return std::all_of(axes[kX].phases.begin(), axes[kX].phases.end(), [&](const Phase& phase) {
        return phase.taps == first.taps && phase.first_input == first.first_input;
    });
}

int ConvolutionCost::blocks_along(const Blocks& b, const Tile& tile, int axis) const {
    return ceil_div(tiles(tile, axis), b.tiles[axis]);
}

double ConvolutionCost::blocks(const Blocks& b, const Tile& tile) const {
    double count = 1;
    for (int a = 0; a < kAxes; a++) count *= blocks_along(b, tile, a);
    return count;
}

bool ConvolutionCost::may_be_block(const Blocks& b, const Tile& tile, int axis, int block) const {
    const int count = tiles(tile, axis), repeated = repeated_by(count, block);
    return repeated == 0 || (!b.equal && axis == kX && kLeastPerRepeated * repeated <= count);
}

int ConvolutionCost::block_within(const Blocks& b, const Tile& tile, int axis, long long limit) const {
    const int count = tiles(tile, axis);
    int block = static_cast<int>(std::clamp<long long>(limit, 1, count));
    block = ceil_div(count, ceil_div(count, block));  // as many blocks, as equal as can be
    while (!may_be_block(b, tile, axis, block)) block--;
    return block;
}

// A block's input stays in `bytes` of cache while every channel block passes over it.
void ConvolutionCost::choose_blocks(Blocks& b, const Tile& tile, long long bytes) const {
    long long pixels = std::clamp<long long>(bytes / (4 * s_.group_in * tile.block_groups), 1, tile.most_pixels);
    for (int a = 0; a < kAxes; a++) {
        const long long most = a == kX ? std::min<long long>(pixels, tile.most_in_row) : pixels;
        b.tiles[a] = block_within(b, tile, a, most / tile.extent[a]);
        pixels = std::max<long long>(1, pixels / s_.quotients[a]);
    }
}

// Input elements of one group that all blocks together copy, neighbours' overlaps counted once for each.
double ConvolutionCost::copied(const Blocks& b, const Tile& tile) const {
    double elements = static_cast<double>(s_.group_in);
    for (int a = 0; a < kAxes; a++)
        elements *= static_cast<double>(copied_along(b, tile, a)) * blocks_along(b, tile, a);
    return elements;
}

int ConvolutionCost::copied_along(const Blocks& b, const Tile& tile, int axis) const {
    int quotients = b.tiles[axis] * tile.extent[axis];
    if (tile.shifts) quotients = std::min(quotients, s_.quotients[axis]);
    return quotients + s_.reach[axis] + (axis == kX ? b.lanes : 0);
}

// For copies on a task's stack: the blocks that fit there and copy the least, or, where they may repeat tiles, cost the
// least.
bool ConvolutionCost::choose_copied_blocks(Blocks& b, const Tile& tile, long long most_bytes) const {
    Blocks trial = b;
    double least = 0;
    const auto try_blocks = [&](int x, int y, int z) {
        trial.tiles = {x, y, z};
        long long bytes = 4 * s_.group_in * tile.block_groups, pixels = 1;
        for (int a = 0; a < kAxes; a++) {
            bytes *= copied_along(trial, tile, a);
            pixels *= std::min(trial.tiles[a] * tile.extent[a], s_.quotients[a]);
        }
        if (bytes > most_bytes || pixels > tile.most_pixels || x * tile.extent[kX] > tile.most_in_row) return false;
        const double cost = b.equal ? copied(trial, tile) : cycles(trial, tile, kPerBlock);
        if (least == 0 || cost < least) b.tiles = trial.tiles, least = cost;
        return true;
    };
    const auto each_block = [&](int axis, const auto& use) {
        const int count = tiles(tile, axis);
        for (int block = 1;; block = ceil_div(count, (count - 1) / block)) {  // the next that takes fewer blocks
            if ((may_be_block(b, tile, axis, block) && !use(block)) || block == count) return;
        }
    };
    // A part of a row of a resampled image would need a part of the input's row that nobody can tell.
    each_block(kX, [&](int x) {
        if (s_.resamples) x = tiles(tile, kX);
        each_block(kY, [&](int y) {
            bool fits = true;
            each_block(kZ, [&](int z) { return fits = try_blocks(x, y, z); });
            return trial.tiles[kZ] > 1 || fits;
        });
        return !s_.resamples;
    });
    return least > 0;
}

// Where nothing is padded, a block must not go past the input's end.
bool ConvolutionCost::leaves_input(const Blocks& b, const Tile& tile, Stage stage) const {
    if (s_.pads || (tile.shifts && stage != kPerBlock)) return false;
    for (int a = 0; a < kAxes; a++) {
        const bool several = b.tiles[a] * tile.extent[a] < s_.quotients[a];
        if (s_.quotients[a] % tile.extent[a] != 0 && several == tile.shifts) return true;
    }
    return false;
}

// What the second-level cache does not hold comes from beyond.
double ConvolutionCost::cycles_per_byte(double bytes) const {
    const double beyond = std::max(0.0, 1 - kHeldL2 * l2() / bytes);
    return beyond / costs_.stream_bytes + (1 - beyond) / costs_.cache_bytes;
}

// Cycles to bring the input to where tiles read it.
double ConvolutionCost::staging(const Blocks& b, const Tile& tile, Stage stage) const {
    const double byte = cycles_per_byte(4 * s_.inputs());
    const bool same_order = tile.channels_inside != s_.channels_first_in;
    double move = same_order ? 8.0 / m_.lanes : costs_.turn_per_element / 2 * 16 / m_.lanes;
    if (s_.resamples)
        move += s_.row_taps / m_.lanes +
                s_.taps_along_rows * (s_.gathers && !tile.channels_inside ? costs_.gather : 1.0 / m_.lanes);
    if (stage == kPerImage) return s_.inputs() * (move + costs_.staged_bytes * byte);
    const double reading = s_.inputs() * 4 * byte;
    return stage == kDirect ? reading : reading + copied(b, tile) * static_cast<double>(s_.groups) * move;
}

// Steps of the reduction that go to a page which is not at hand, because channels are far apart and many.
double ConvolutionCost::page_misses(const Tile& tile) const {
    const double row = s_.quotients[kX] + s_.reach[kX];
    const double pages = std::min(1.0, 4 * row * (tile.flat ? s_.quotients[kY] : 1) / kPage);
    return pages * static_cast<double>(s_.group_in) > kPagesAtHand ? pages * tile.steps : 0;
}

// Cycles of loads from a block's input that the caches do not hold.
double ConvolutionCost::loading(const Blocks& b, const Tile& tile, Stage stage) const {
    const double misses = stage == kPerImage || tile.in_place ? costs_.page_miss * page_misses(tile) : 0;
    double bytes = 4 * static_cast<double>(s_.group_in * tile.block_groups);
    for (int a = 0; a < kAxes; a++) bytes *= copied_along(b, tile, a);
    if (bytes > l2()) return misses + tile.loaded / costs_.input_bytes;
    return misses + (bytes > costs_.held * static_cast<double>(m_.l1) ? tile.loaded / costs_.near_bytes : 0);
}

// Cycles of the weights' way from the caches, as a rule once for each block.
double ConvolutionCost::weights(const Blocks& b, const Tile& tile) const {
    const double bytes = 4.0 * static_cast<double>(s_.groups * s_.group_in) * tile.packed_channels * s_.taps();
    return bytes * (tile.weights_once ? 1 : blocks(b, tile)) * cycles_per_byte(bytes);
}

// Cycles to store, beyond what arithmetic hides: turning, what goes through memory, and beginning runs that miss the
// caches.
double ConvolutionCost::storing(const Blocks& b, const Tile& tile) const {
    double run = s_.period[kX] * std::min(b.tiles[kX] * tile.extent[kX], s_.quotients[kX]);
    const bool parts_of_pixels = tile.run_channels != 0 && tile.run_channels < s_.group_out;
    if (parts_of_pixels) run = tile.run_channels;
    if (tile.run_channels >= s_.group_out) run *= static_cast<double>(s_.group_out);
    double cycles = s_.outputs() * tile.store;
    if (!output_misses()) return cycles;
    if (tile.through_memory) cycles += kLateStore * 4 * s_.outputs() / costs_.stream_bytes;
    return cycles + s_.outputs() / run * (parts_of_pixels ? costs_.pixel_start : costs_.run_start);
}

// What threads share. A tile that has all groups' channels is a task for all of them.
double ConvolutionCost::tasks(const Blocks& b, const Tile& tile, Stage stage) const {
    const double groups = tile.block_groups > 1 ? 1 : static_cast<double>(s_.groups);
    return blocks(b, tile) * groups * (stage == kPerBlock ? 1 : tile.channel_tasks);
}

// Sees to it that threads have something to share: blocks are cut, the outermost axis first. Not those that were chosen
// for their copies of the input, or for what they hold of a plane; fewer are enough where each copies all groups.
bool ConvolutionCost::share_out(Blocks& b, const Tile& tile, Stage stage) const {
    if (stage == kPerBlock) return tasks(b, tile, stage) >= (tile.block_groups > 1 ? kLeastTasks : 2 * kLeastTasks);
    for (int a = kAxes - 1; a >= 0; a--) {
        while (tasks(b, tile, stage) < kLeastTasks && b.tiles[a] > 1) {
            if (tile.flat) return false;
            b.tiles[a] = block_within(b, tile, a, b.tiles[a] / 2);
        }
    }
    return true;
}

double ConvolutionCost::cycles(const Blocks& b, const Tile& tile, Stage stage) const {
    const int cuts = blocks_along(b, tile, kX) - 1, row = tiles(tile, kX);
    const double computed = 1 + static_cast<double>(repeated_by(row, b.tiles[kX])) / row;
    const double reduction =
        (tile.reduction * computed + tile.cut * cuts) * (stage == kDirect ? costs_.unknown_strides : 1);
    const double traffic = weights(b, tile);
    return static_cast<double>(s_.batch) *
           (std::max(reduction, traffic) + costs_.exposed * std::min(reduction, traffic) + staging(b, tile, stage) +
            loading(b, tile, stage) + storing(b, tile));
}

// Adds the tile once for each place where the padded input may lie.
void ConvolutionCost::consider(const Schedule& base, const Tile& tile) {
    const auto l1 = static_cast<long long>(costs_.held * static_cast<double>(m_.l1));
    for (const auto& [stage, most_bytes] :
         {std::pair(kDirect, 0LL), {kPerImage, 0LL}, {kPerBlock, l1}, {kPerBlock, kMostTaskBytes}}) {
        if (tile.flat && stage != kPerImage) continue;
        if (tile.in_place != (stage == kDirect) &&
            (tile.in_place || s_.pads || !tile.channels_inside || s_.channels_first_in))
            continue;
        consider_blocks(base, tile, stage, most_bytes, true);
        if (tiles(tile, kX) >= kLeastPerRepeated) consider_blocks(base, tile, stage, most_bytes, false);
    }
}

void ConvolutionCost::consider_blocks(const Schedule& base, const Tile& tile, Stage stage, long long most_bytes,
                                      bool equal) {
    Blocks b{.lanes = base["lanes"], .equal = equal};
    if (stage != kPerBlock)
        choose_blocks(b, tile, tile.block_bytes);
    else if (!choose_copied_blocks(b, tile, most_bytes))
        return;
    double predicted = cycles(b, tile, stage);
    const bool parallel = predicted > kWorthThreads;
    if (parallel) {
        if (!share_out(b, tile, stage)) return;
        predicted = cycles(b, tile, stage);  // of the blocks that it cut
    }
    if (leaves_input(b, tile, stage) || (!equal && repeated_by(tiles(tile, kX), b.tiles[kX]) == 0)) return;
    Schedule p = base;
    for (int a = 0; a < kAxes; a++) p.params[kBlock[a]] = b.tiles[a];
    p.params["stage"] = stage;
    p.params["parallel"] = parallel ? 1 : 0;
    p.predicted_cycles = predicted;
    candidates_.push_back(std::move(p));
}

Schedule ConvolutionCost::start(const char* family, int lanes) const {
    return {.family = family, .params = {{"lanes", lanes}, {"lane_loads", 1}}, .source = "cost model"};
}

std::optional<std::string> reject_convolution(const Problem& problem, const Machine& machine, const Schedule& p) {
    const Shape s(problem);
    const auto value = [&](const char* name, int otherwise) {
        const auto found = p.params.find(name);
        return found == p.params.end() || found->second < 1 ? otherwise : found->second;
    };
    const int lanes = value("lanes", 1), lane_loads = value("lane_loads", 1), group_out = static_cast<int>(s.group_out);
    const int period = s.period[kX], qx = s.quotients[kX], qy = s.quotients[kY];
    std::vector<ParamRange> ranges{{"lanes", 1, machine.lanes, machine.lanes},
                                   {"lane_loads", 1, machine.lane_operands ? machine.lanes : 1, machine.lanes},
                                   {"stage", kDirect, kPerBlock},
                                   {"parallel", 0, 1}};
    const auto add = [&](std::initializer_list<ParamRange> more) { ranges.insert(ranges.end(), more); };
    PerAxis<int> tile{1, 1, 1};
    if (p.family == "channels") {
        const int channel_blocks = ceil_div(group_out, value("lanes", 1) * value("vectors", 1));
        const bool from_registers = !s.channels_first_out && value("channel_blocks", 1) == 1 &&
                                    value("depth", 1) == s.group_in && value("passes_inside", 1) == 1 + kAxes;
        add({{"vectors", 1, 8},
             {"tile_x", 1, qx},
             {"tile_y", 1, qy},
             {"depth", 1, static_cast<int>(s.group_in), static_cast<int>(s.group_in)},
             {"channel_blocks", 1, channel_blocks, channel_blocks},
             {"passes_inside", 1, 1 + kAxes},
             {"unroll_x", 0, s.may_unroll_x() && lane_loads == 1 && value("passes_inside", 1) > 1 ? 1 : 0},
             {"whole_pixels", 0, from_registers ? 1 : 0}});
        tile = {value("tile_x", 1), value("tile_y", 1), 1};
        for (int a = 0; a < kAxes; a++) {
            const int quotients = s.quotients[a];
            if (!s.pads && quotients % tile[a] != 0 && value(kBlock[a], 1) * tile[a] > quotients)
                return "schedule channels: parameter " + std::string(kBlock[a]) +
                       ": expected several blocks, or whole tiles, because the input has no padding";
        }
    } else if (p.family == "space") {
        add({{"vectors", 1, std::max(1, qx / lanes)},
             {"channels", 1, group_out},
             {"tile_y", 1, qy},
             {"through_stack", 0, 1},
             {"all_groups", 0, s.groups > 1 && !s.channels_first_out ? 1 : 0}});
        tile = {lanes * value("vectors", 1), value("tile_y", 1), 1};
        if (!s.channels_first_out && value("channels", 1) != group_out)
            return "schedule space: parameter channels: expected all " + std::to_string(group_out) +
                   " of a group, because the output is nhwc";
        if (qx < lanes)
            return "schedule space: parameter lanes: expected at most " + std::to_string(qx) + " quotients of x";
    } else if (p.family == "flat") {
        add({{"vectors", 1, 8}, {"channels", 1, group_out}});
        tile = {qx, 1, 1};
        if (!s.flattens)
            return "schedule flat: expected phases that read neighbouring inputs, and an input that is not resampled "
                   "and "
                   "whose rows, if it is nhwc, have at most " +
                   std::to_string(kMostTaskBytes) + " bytes";
        if (value("stage", kPerImage) != kPerImage)
            return "schedule flat: parameter stage: expected 1, found " + std::to_string(p["stage"]);
        if (!s.channels_first_out && value("channels", 1) != group_out)
            return "schedule flat: parameter channels: expected all " + std::to_string(group_out) +
                   " of a group, because the output is nhwc";
    } else if (p.family == "columns") {
        const int input = s.axes[kX].input;
        add({{"vectors", 1, std::max(1, input / lanes)},
             {"channels", 1, group_out},
             {"columns", 1, Columns(s.axes[kX]).count()}});
        tile = {qx, 1, 1};
        if (s.column_axes < 1 || input < lanes)
            return "schedule columns: expected an input that is not resampled, of at least " + std::to_string(lanes) +
                   " along x, and quotients of x that read neighbouring inputs";
        if (value("stage", kDirect) == kDirect && !s.channels_first_in)
            return "schedule columns: parameter stage: expected 1 or 2, because the input is nhwc";
        if (!s.channels_first_out && value("channels", 1) != group_out)
            return "schedule columns: parameter channels: expected all " + std::to_string(group_out) +
                   " of a group, because the output is nhwc";
    } else if (p.family == "wide_columns") {
        add({{"vectors", 1, 8}, {"tile_x", 1, std::min(s.axes[kX].input, qx)}});
        tile = {value("tile_x", 1), 1, 1};
        if (s.column_axes < 1 || s.channels_first_out)
            return "schedule wide_columns: expected an input that is not resampled, quotients of x that read "
                   "neighbouring inputs, and an nhwc output";
        if (value("stage", kDirect) == kDirect && s.channels_first_in)
            return "schedule wide_columns: parameter stage: expected 1 or 2, because the input is nchw";
    } else if (p.family == "col2im") {
        add({{"vectors", 1, 8}, {"tile_x", 1, s.axes[kX].input}, {"tile_y", 1, s.axes[kY].input}, {"gather_x", 0, 1}});
        tile = {qx, 1, 1};
        if (s.column_axes < kAxes)
            return "schedule col2im: expected an input that is not resampled, and quotients of all axes that read "
                   "neighbouring inputs";
        if (value("stage", kDirect) != kDirect)
            return "schedule col2im: parameter stage: expected 0, found " + std::to_string(p["stage"]);
    } else if (p.family == "phases") {
        add({{"vectors", 1, std::max(1, period / lanes), period / lanes},
             {"channels", 1, group_out},
             {"tile_x", 1, qx}});
        tile = {value("tile_x", 1), 1, 1};
        if (!s.channels_first_out || !s.uniform_x() || period % lanes != 0)
            return "schedule phases: expected an nchw output and phases of x, a multiple of lanes, that read the same "
                   "inputs";
    } else if (p.family == "groups") {
        add({{"tile_x", 1, qx}, {"unroll_x", 0, 1}});
        tile = {value("tile_x", 1), 1, 1};
        if (s.group_in != 1 || s.group_out != 1 || s.channels_first_out || s.groups < lanes)
            return "schedule groups: expected a depthwise problem with an nhwc output and at least lanes channels";
    } else {
        return "schedule: field family: expected channels, space, columns, wide_columns, col2im, flat, phases, groups "
               "or reference, found " +
               p.family;
    }
    for (int a = 0; a < kAxes; a++) {
        const int tiles = ceil_div(s.quotients[a], tile[a]);
        // A part of a row of a resampled image would need a part of the input's row that nobody can tell.
        const bool whole = a == kX && s.resamples && value("stage", kDirect) == kPerBlock;
        ranges.push_back({kBlock[a], whole ? tiles : 1, tiles, a == kX ? 0 : tiles});
    }
    return reject_params(p, ranges);
}

}  // namespace polyphase::cpu
