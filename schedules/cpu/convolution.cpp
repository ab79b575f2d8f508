// Convolutions on CPUs: transposed, of stride 1, and of a resampled image.
//
// Every family keeps a tile of sums in vector registers while it runs through the input channels. What differs is the
// direction of the vectors:
//   channels      along output channels: channels last; wide layers; images smaller than a vector
//   space         along qx, the quotients of x, with the phases of x (channels last: and the channels) interleaved when
//                 they are stored: channels first, or few channels
//   columns       along x of the input, the taps of x summed apart and added up when they are stored: few channels
//   wide_columns  along the channels of all those taps: channels last, channels that do not fill vectors
//   col2im        along the channels of the taps of all axes: many input channels, few outputs, small images
//   flat          the same as space along whole planes: rows that are no multiple of a vector, or shorter than one
//   phases        along rx, the phases of x: channels first, large strides
//   groups        along groups: depthwise, channels last
// A step of the reduction multiplies vectors with scalars. x86 broadcasts each scalar from memory; where an FMA can
// take one lane of a vector, one load brings "lane_loads" of them. Memory binds before arithmetic does: a core with 64
// FLOP a cycle reads 64 bytes a cycle from its first-level cache, 44 from the second and 7 from beyond. So a block of
// the input is copied onto the task's stack in the order in which it is read, weights pass over it from the caches, and
// outputs leave in long runs.
#include "schedules/cpu/convolution.h"

#include <algorithm>
#include <numeric>

#include "generators/convolution.h"
#include "schedules/cpu/task_memory.h"

namespace polyphase::cpu {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

// The loops around a tile: quotients are cut into tiles, tiles into blocks. Within a block the weights of one block of
// output channels stay in cache; blocks times channel blocks times groups are the tasks that threads share.
struct Loops {
    PerAxis<Var> tile{Var("x_tile"), Var("y_tile"), Var("z_tile")},
        block{Var("x_block"), Var("y_block"), Var("z_block")};
    PerAxis<Var> in_block{Var("x_in_block"), Var("y_in_block"), Var("z_in_block")},
        in_tile{Var("xi"), Var("yi"), Var("zi")};
    Var channel_block{"c_block"}, channel{"ci_block"}, lane{"lane"}, vector{"vector"}, task{"task"};
};

constexpr const char* kPaddedVector = "padded_vector";  // loop of `padded` over vectors
constexpr int kQuarterPage = 1 << 10;                   // bytes
constexpr int kLeastTurned = 4;                         // elements of a row and a column
constexpr int kMostTurnedAtOnce = 64;                   // inputs of a row
constexpr int kMostUnrolledVectors = 8;                 // of a pixel when it is stored
constexpr int kMostProductsOfRows = 256;                // unrolled, of groups: taps of x and y
constexpr int kMostUnrolledRow = 64;                    // vectors of a quotient's pixels
constexpr long long kMostRowBytes = 64 << 10;           // of `rows` on a task's stack

std::vector<VarOrRVar> concat(std::initializer_list<std::vector<VarOrRVar>> parts) {
    std::vector<VarOrRVar> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// Cuts quotients into tiles and blocks. A tile or a block that would pass the end is shifted inwards: it computes a few
// outputs twice instead of testing for each.
void cut(ConvolutionStages& s, const Schedule& p, const PerAxis<int>& tile, const Loops& v) {
    for (int a = 0; a < kAxes; a++) {
        s.output.split(s.q[a], v.tile[a], v.in_tile[a], tile[a], TailStrategy::ShiftInwards)
            .split(v.tile[a], v.block[a], v.in_block[a], p[kBlock[a]], TailStrategy::ShiftInwards);
    }
}

// Cuts channels into blocks; the last one may be cut short when it is stored.
void cut_channels(ConvolutionStages& s, int block, const Loops& v) {
    s.output.split(s.c, v.channel_block, v.channel, block,
                   s.group_out % block == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
}

// What sets the tasks of one block apart. A tile may hold several groups, and store all channels.
struct Tasks {
    bool groups = true, channel_blocks = true;
};

// The outermost loops: tasks, channel blocks innermost so that neighbouring tasks share their input.
std::vector<VarOrRVar> outer_loops(const ConvolutionStages& s, const Loops& v, const Tasks& differ = {}) {
    std::vector<VarOrRVar> loops;
    if (differ.channel_blocks) loops.emplace_back(v.channel_block);
    loops.insert(loops.end(), {v.block[kX], v.block[kY], v.block[kZ]});
    if (differ.groups) loops.emplace_back(s.g);
    loops.emplace_back(s.n);
    return loops;
}

// What the threads share: blocks of every channel block and group, or whole blocks when each keeps its own copy of the
// input.
void share_tasks(ConvolutionStages& s, const Schedule& p, const Loops& v, const Tasks& differ = {}) {
    if (p["stage"] == kPerBlock || !differ.channel_blocks) {
        s.output.fuse(v.block[kX], v.block[kY], v.task);
    } else {
        s.output.fuse(v.channel_block, v.block[kX], v.task).fuse(v.task, v.block[kY], v.task);
    }
    s.output.fuse(v.task, v.block[kZ], v.task);
    if (differ.groups && s.groups > 1) s.output.fuse(v.task, s.g, v.task);
    if (p["parallel"]) s.output.parallel(v.task);
}

// The blended rows of a resampling, once per row of `padded` that they are resampled to: on the stack while a row is
// small, else once per image.
void stage_rows(ConvolutionStages& s, const Schedule& p, bool along_x) {
    const int lanes = p["lanes"];
    // A row that goes on past its ends may be rounded up; a choice of rows is read where it lies.
    if (s.image_period == 0) {
        if (!s.blends_rows) return;
        s.rows.bound(s.i[kX], 0, s.row);
    }
    if (!along_x)
        s.rows.vectorize(s.ci, lanes, TailStrategy::GuardWithIf);
    else if (s.image_period != 0)
        s.rows.vectorize(s.i[kX], lanes, TailStrategy::RoundUp);
    else
        s.rows.vectorize(s.i[kX], std::min(lanes, s.row), TailStrategy::ShiftInwards);
    if (4LL * (s.row + 2 * lanes) * (along_x ? 1 : lanes) <= kMostRowBytes) {
        s.rows.compute_at(s.padded, along_x ? s.ci : Var(kPaddedVector)).store_in(kTaskStack);
    } else {
        s.rows.compute_at(s.output, s.n).store_in(MemoryType::Heap);
        if (p["parallel"]) s.rows.parallel(s.i[kY]);
    }
}

// Quotients of a block of tiles that are shifted inwards at the end.
PerAxis<int> whole_blocks(const ConvolutionStages& s, const Schedule& p, const PerAxis<int>& tile) {
    PerAxis<int> extent{};
    for (int a = 0; a < kAxes; a++) extent[a] = std::min(p[kBlock[a]] * tile[a], s.quotients(a));
    return extent;
}

// Of either sign.
int multiple_below(int value, int of) {
    return value - (value % of + of) % of;
}

int multiple_above(int value, int of) {
    return -multiple_below(-value, of);
}

// The largest power of two that is at most `limit`.
int power_of_two_within(int limit) {
    int power = 1;
    while (2 * power <= limit) power *= 2;
    return power;
}

int power_of_two_above(int value) {
    int power = 1;
    while (power < value) power *= 2;
    return power;
}

// `tile` is turned over on its way: its vectors run along `from`, which is dense where it reads, its storage along
// `to`. Because the stores of all vectors of a tile fill it without gaps, Halide interleaves the vectors in registers:
// log2(extent) shuffles a vector instead of a scalar store per element.
void turn(Func tile, const Var& from, int from_extent, int vector, const Var& to, int to_extent) {
    const Var block("turned_block"), lane("turned_lane");
    tile.store_in(kTaskStack)
        .bound_extent(from, from_extent)
        .bound_extent(to, to_extent)
        .reorder_storage(to, from)
        .split(from, block, lane, vector)
        .reorder(lane, to, block)
        .vectorize(lane)
        .unroll(to);
}

// `staged`, whose storage runs along `to`, copies `tile`, which is dense along `from` where it reads: square by square,
// along x first. Planes that are a power of two apart share their cache sets, so a square of every plane would drive
// out the lines that the next squares go on in.
void copy_turned(Func staged, Func tile, const Var& to, int row, const Var& from, int column, const Var& x, int lanes,
                 TailStrategy tail) {
    const Var to_tile("to_tile"), in_row("to"), from_tile("from_tile"), in_column("from");
    const int to_extent = power_of_two_within(std::min(lanes, row));
    const int from_extent = power_of_two_within(std::min(lanes, column));
    const bool along_rows = to.same_as(x);
    const Var inner = along_rows ? to_tile : from_tile, outer = along_rows ? from_tile : to_tile;
    staged.split(to, to_tile, in_row, to_extent, tail)
        .split(from, from_tile, in_column, from_extent, TailStrategy::ShiftInwards)
        .reorder(in_row, in_column, inner, outer)
        .vectorize(in_row)
        .unroll(in_column);
    tile.compute_at(staged, inner);
    turn(tile, from, from_extent, from_extent, to, to_extent);
}

// As copy_turned from rows to channels, but of whole rows of the input without their padding: vectors along a short row
// that is padded would mostly meet its ends, and take each element by itself, tested.
void copy_turned_rows(ConvolutionStages& s, int lanes, int row) {
    const Var to_tile("to_tile"), in_row("to");
    const int channels = power_of_two_within(std::min(lanes, s.group_in));
    s.padded.split(s.ci, to_tile, in_row, channels, TailStrategy::ShiftInwards)
        .reorder(in_row, s.i[kX], to_tile)
        .vectorize(in_row);
    Func rows = s.input.in(s.padded);
    rows.compute_at(s.padded, to_tile);
    turn(rows, rows.args()[1], row, power_of_two_within(std::min(lanes, row)), rows.args()[0], channels);
}

// The padded input in the order in which the reduction walks it: once per image, or once per block of `extent`
// quotients on the task's stack.
// Returns what `acc` reads.
Func stage_input(ConvolutionStages& s, const Problem& problem, const Schedule& p, const Loops& v,
                 const PerAxis<int>& extent, const std::vector<Var>& order) {
    if (p["stage"] == kDirect) return s.padded;
    // Rounding up is free where the excess is padding; elsewhere it would read past the input.
    const int lanes = p["lanes"], period = std::max(1, s.image_period);
    const bool along_x = order[0].name() == s.i[kX].name(), excess_is_padding = s.pads && along_x;
    const TailStrategy tail = excess_is_padding ? TailStrategy::RoundUp : TailStrategy::GuardWithIf;
    const int row = extent[kX] + reach(s.axes[kX]);
    const bool turns =
        !s.resamples && along_x != (problem.input_layout == Layout::nchw) && std::min(row, s.group_in) >= kLeastTurned;
    const int input = s.axes[kX].input, first = first_read(s.axes[kX]);
    const bool reads_rows = first <= 0 && first + row >= input && extent[kX] >= s.quotients(kX);
    const bool turns_rows =
        turns && s.pads && !along_x && reads_rows && input >= kLeastTurned && input <= kMostTurnedAtOnce;
    Func staged = turns && !turns_rows ? s.padded.in(s.acc) : s.padded;
    staged.reorder_storage(order).reorder(std::vector<VarOrRVar>(order.begin(), order.end()));
    if (turns_rows) {
        copy_turned_rows(s, lanes, input);
    } else if (turns) {
        copy_turned(staged, s.padded, order[0], along_x ? row : s.group_in, order[1], along_x ? s.group_in : row,
                    s.i[kX], lanes, excess_is_padding ? TailStrategy::RoundUp : TailStrategy::ShiftInwards);
    } else if (s.resamples) {
        const Var quotient("image_q"), phase("image_r"), vector(kPaddedVector), lane("padded_lane");
        s.padded.split(s.i[kX], quotient, phase, period, TailStrategy::RoundUp).unroll(phase);
        if (along_x) {
            s.padded.split(quotient, vector, lane, lanes, tail).reorder(lane, phase, vector, s.ci).vectorize(lane);
        } else {
            // Few channels at a time, so that the rows which the pass along x reads stay in cache.
            s.padded.split(s.ci, vector, lane, lanes, tail).reorder(lane, phase, quotient, vector).vectorize(lane);
        }
        stage_rows(s, p, along_x);
    } else {
        s.padded.vectorize(order[0], lanes, tail);
    }
    // A tile reads its pixels side by side: a quarter of a page apart, all of them would meet in a few sets of the
    // first-level cache. (Half a line more is not enough: AVX2 on an AMD EPYC gained 10 % by a whole one.)
    if (!along_x && s.groups == 1 && 4 * s.group_in % kQuarterPage == 0) staged.align_storage(s.ci, s.group_in + kLine);
    // Rows begin on a cache line, so that the loads of one offset never straddle two. A part of a row has to be of
    // known size.
    const int alignment = along_x ? std::lcm(lanes, period) : period;
    for (int a = 0; a < kAxes; a++) {
        const int inputs = extent[a] + reach(s.axes[a]);
        const bool whole = a == kX && extent[a] >= s.quotients(a);
        if (extent[a] > s.quotients(a)) {  // Halide infers what outputs need, but the last tile goes on
            const int first = first_read(s.axes[a]), end = first + inputs;
            const bool whole_periods = whole && s.resamples;
            staged.bound_extent(
                s.i[a], whole_periods ? multiple_above(end, alignment) - multiple_below(first, alignment) : inputs);
        } else if (!whole && p["stage"] == kPerBlock) {
            const bool rounded_up = excess_is_padding && a == kX;
            staged.bound_extent(s.i[a], rounded_up ? multiple_above(inputs, lanes) : inputs);
        }
        if (whole && (excess_is_padding || s.resamples)) staged.align_bounds(s.i[kX], alignment);
    }
    if (p["stage"] == kPerBlock) {
        staged.compute_at(s.output, v.task).store_in(kTaskStack);
    } else {
        staged.compute_at(s.output, s.n).store_in(MemoryType::Heap);
        if (p["parallel"]) staged.parallel(order[2]);
    }
    return staged;
}

// One operand of the register tile: the tile's loops that it depends on besides the vectors' own, and how many
// registers it fills in a step.
struct Operand {
    std::vector<Var> loops;
    int registers;
};

// The register tile: sums of `vectors` times `scalars`, all unrolled, and the reduction runs through it,
// `unrolled_steps` of it at a time. Vectors lie along `dense`, the first loop of `vectors`. `innermost` goes through
// the taps of x, whose inputs are those of the next quotients: loaded once, they wait in a register. The smaller
// operand goes innermost: it stays in registers while the other passes by, one register at a time.
void register_tile(ConvolutionStages& s, const Schedule& p, const Var& dense, const Operand& vectors,
                   const Operand& scalars, const std::vector<VarOrRVar>& reduction,
                   const std::vector<VarOrRVar>& unrolled_steps = {}, const std::vector<VarOrRVar>& innermost = {}) {
    const Var vector("vector_of_acc"), lane("lane_of_acc");
    auto update = s.acc.update();
    update.split(dense, vector, lane, p["lanes"]);
    std::vector<VarOrRVar> along_vectors{vector}, along_scalars;
    along_vectors.insert(along_vectors.end(), vectors.loops.begin(), vectors.loops.end());
    along_scalars.insert(along_scalars.end(), scalars.loops.begin(), scalars.loops.end());
    const bool vectors_inside = vectors.registers <= scalars.registers;
    const auto unrolled = concat({innermost, vectors_inside ? along_vectors : along_scalars,
                                  vectors_inside ? along_scalars : along_vectors, unrolled_steps});
    update.reorder(concat({{lane}, unrolled, reduction})).vectorize(lane);
    for (const VarOrRVar& loop : unrolled) update.unroll(loop);
}

// Scalars that `acc` takes from the lanes of vectors along `dense`: loaded when a step begins, all of `extents` at
// once.
void load_lanes(Func from, ConvolutionStages& s, const Problem& problem, const Schedule& p, const Var& task,
                const VarOrRVar& step, const Var& dense, const std::vector<std::pair<Var, int>>& extents) {
    Func scalars = from.in(s.acc);
    scalars.compute_at(Halide::LoopLevel(s.acc, step)).store_in(MemoryType::Register);
    // Vectors stay in registers only if they are whole where they are stored.
    std::vector<Var> order = scalars.args();
    const auto first = std::find_if(order.begin(), order.end(), [&](const Var& v) { return v.same_as(dense); });
    std::rotate(order.begin(), first, first + 1);
    for (const auto& [loop, extent] : extents) scalars.bound_extent(loop, extent);
    // What is left over at the end of a reduction is loaded one by one, because nothing may lie behind it.
    const bool whole =
        std::any_of(extents.begin(), extents.end(), [&](const auto& e) { return e.first.same_as(dense); });
    scalars.reorder_storage(order).vectorize(dense, p["lane_loads"],
                                             whole ? TailStrategy::Auto : TailStrategy::GuardWithIf);
    // Halide reuses freed stack memory for what fits there, which ties it to an address; so this one is not freed
    // before the task ends, and tasks at the image's border run the same code.
    if (flops(problem) > 0) scalars.hoist_storage(s.output, task);  // nothing is left of lanes that only meet padding
    s.output.never_partition(task);
    for (const auto& [loop, extent] : extents) scalars.unroll(loop);
}

// Sums that live in registers only: every loop over them is unrolled. Vectors lie along the first.
void keep_in_registers(Func sums, int lanes, const std::vector<Var>& loops) {
    sums.store_in(kTaskStack)
        .reorder(std::vector<VarOrRVar>(loops.begin(), loops.end()))
        .vectorize(loops.front(), lanes);
    for (const Var& loop : loops) sums.unroll(loop);
}

// Family space: whether lanes of weights lie along output channels, rather than along the phases of x.
bool lanes_along_channels(const Schedule& p) {
    return p["lane_loads"] > 1 && p["channels"] > 2;
}

// Output channels that are packed together there: whole vectors.
int space_block(const Schedule& p) {
    return multiple_above(p["channels"], p["lane_loads"]);
}

std::vector<VarOrRVar> channels_first_reduction(const ConvolutionStages& s) {
    return {s.taps.x, s.taps.y, s.taps.z, s.taps.w};
}

// The channels family in numbers.
struct Channels {
    int lanes, block, channels;  // of a vector, a register tile, a block's sums
    PerAxis<int> tile, extent;   // quotients of a register tile, and of a block's sums, in whole tiles
    bool one_pass;               // the whole reduction at once, in registers
    bool from_registers;         // a tile is stored as soon as it is finished
    bool whole_pixels;           // and the other channels and phases of its pixels are next

    Channels(const Problem& problem, const ConvolutionStages& s, const Schedule& p)
        : lanes(p["lanes"]),
          block(lanes * p["vectors"]),
          channels(block * p["channel_blocks"]),
          tile{p["tile_x"], p["tile_y"], 1},
          extent{},
          one_pass(p["depth"] == s.group_in && p["passes_inside"] == 1 + kAxes),
          from_registers(one_pass && problem.output_layout == Layout::nhwc && p["channel_blocks"] == 1),
          whole_pixels(p["whole_pixels"]) {
        for (int a = 0; a < kAxes; a++) extent[a] = p[kBlock[a]] * tile[a];
    }
};

// Output channels are planes: tiles of lanes x lanes sums are turned over, and the phases of x interleaved, along rows
// first. (A tile of all channels at a time took layers whose planes share cache sets 5 to 15 % longer on one core of an
// AMD EPYC.) Returns what the output reads.
Func store_planes(ConvolutionStages& s, const Channels& t, const Loops& v) {
    const auto [rx, ry, rz] = s.r;
    const int row = std::min(t.lanes, std::min(t.extent[kX], s.quotients(kX)));
    cut_channels(s, t.channels, v);
    const Var planes("planes");
    s.output.split(v.in_block[kX], v.in_block[kX], v.in_tile[kX], row, TailStrategy::ShiftInwards)
        .split(v.channel, planes, v.channel, t.lanes, TailStrategy::RoundUp)
        .reorder(concat({{v.in_tile[kX], rx, v.channel, v.in_block[kX], v.in_block[kY], v.in_block[kZ], planes, ry, rz},
                         outer_loops(s, v)}))
        .vectorize(v.in_tile[kX]);
    // Unrolled phases become one interleaved store, cut into registers. Halide 21 cannot mask a piece of one lane.
    if (row * s.axes[kX].period % t.lanes != 1) s.output.unroll(rx);
    Func turned = s.acc.in(s.output);
    turned.compute_at(s.output, v.in_block[kX]);
    turn(turned, s.c, t.lanes, t.lanes, s.q[kX], row);
    return turned;
}

// Output channels are innermost: whole vectors are computed; the last one is stored under a mask, and a residual and
// columns read under it too.
void cut_pixels(ConvolutionStages& s, const Problem& problem, int lanes, int channels, const Loops& v) {
    const int vectors = channels / lanes;
    const bool reads = problem.residual || s.form.columns_of_channels;
    const TailStrategy masked = reads ? TailStrategy::Predicate : TailStrategy::PredicateStores;
    s.output.split(s.c, v.vector, v.lane, lanes, s.group_out % lanes == 0 ? TailStrategy::RoundUp : masked)
        .split(v.vector, v.channel_block, v.channel, vectors,
               s.group_out % channels == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf)
        .vectorize(v.lane);
    if (vectors <= kMostUnrolledVectors) s.output.unroll(v.channel);
}

void store_pixels(ConvolutionStages& s, const Problem& problem, const Channels& t, const Loops& v) {
    const auto [rx, ry, rz] = s.r;
    cut_pixels(s, problem, t.lanes, t.channels, v);
    const std::vector<VarOrRVar> in_block{v.in_block[kX], v.in_block[kY], v.in_block[kZ]};
    if (!t.from_registers) {
        s.output.reorder(concat({{v.lane, v.channel, rx}, in_block, {ry, rz}, outer_loops(s, v)}));
        return;
    }
    for (int a = 0; a < kAxes; a++)
        s.output.split(v.in_block[a], v.in_block[a], v.in_tile[a], t.tile[a], TailStrategy::ShiftInwards);
    const std::vector<VarOrRVar> in_tile{v.lane, v.channel, v.in_tile[kX], v.in_tile[kY], v.in_tile[kZ]};
    if (t.whole_pixels)
        s.output.reorder(
            concat({in_tile, {v.channel_block, rx}, in_block, {ry, rz}, outer_loops(s, v, {.channel_blocks = false})}));
    else
        s.output.reorder(concat({in_tile, in_block, {rx, ry, rz}, outer_loops(s, v)}));
    s.output.unroll(v.in_tile[kX]).unroll(v.in_tile[kY]);
}

// A reduction in one pass stays in registers, and with a single block of channels a tile is stored as soon as it is
// finished: other tiles' arithmetic hides its way to memory. That suits weights which the first-level cache holds, or
// which come from memory anyway. (Tiles on the stack that the runtime streams past the caches, as rows of resampling
// are, made layers of 27 to 100 MB 5 to 15 % slower on one core of an AMD EPYC.) Otherwise sums live in memory for a
// whole block of quotients, all phases of x and `channel_blocks` blocks of channels, and visit registers tile by tile,
// one part of the reduction (a pass) after the other: the weights of a pass, `depth` input channels of the
// `passes_inside` innermost tap loops, are read from the first-level cache by every tile but the first. What is
// finished then leaves in long runs.
//
// With "whole_pixels" the other channels of a pixel and the phases of x come next, and then the next pixel: each row of
// a tile leaves as one run of stores. Where those bind that is worth a tile of single pixels: 2 to 256 channels at
// stride 7 take 2.1 ms to fill 55 MB on one core of an AMD EPYC instead of 4.4; filling alone takes 2.0.
//
// "unroll_x" takes all taps of x in one step, where all phases have as many: with two of them a tile of 12 pixels x 2
// vectors is 48 FMAs for 13 broadcast inputs and 4 weights, where one at a time takes 28 loads. That brought layers
// with two taps 5 to 15 % with AVX-512; 16 registers are too few for it but with single vectors.
//
// 12x2 or 3x4 pixels x 2 vectors with AVX-512: 24 FMAs for 14 loads; 3 pixels x 4 vectors with AVX2: 12 for 7, in 16
// registers. On one core of an Intel Xeon (Granite Rapids) the best runs of such loops alone reach 88 % of the FMA peak
// and more, with weights from the first or the second level of cache; layers of 50 MFLOP and more 69 % with AVX-512 and
// 80 % with AVX2 in the median.
void schedule_channels(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const Channels t(problem, s, p);
    const Var rx = s.r[kX], ry = s.r[kY];
    const auto [qx, qy, qz] = s.q;
    for (int a = 0; a < kAxes; a++)
        s.output.split(s.q[a], v.block[a], v.in_block[a], std::min(t.extent[a], s.quotients(a)),
                       TailStrategy::ShiftInwards);
    Func reader = s.output;  // of the sums
    if (problem.output_layout == Layout::nchw)
        reader = store_planes(s, t, v);
    else
        store_pixels(s, problem, t, v);
    share_tasks(s, p, v, {.channel_blocks = !t.whole_pixels});

    Func sums = t.one_pass ? s.acc.in(reader) : s.acc;
    if (!t.from_registers)
        sums.compute_at(s.output, ry)
            .store_in(kTaskStack)
            .bound_extent(s.c, t.channels)
            .bound_extent(qx, t.extent[kX])
            .bound_extent(qy, t.extent[kY])
            .vectorize(s.c, t.lanes);
    const Operand weights{{}, p["vectors"]};
    const int pixels = t.tile[kX] * t.tile[kY];
    std::vector<VarOrRVar> inside = channels_first_reduction(s), outside, innermost;
    if (!t.one_pass) {
        outside.assign(inside.begin() + p["passes_inside"], inside.end());
        inside.erase(inside.begin() + p["passes_inside"], inside.end());
    }
    if (p["unroll_x"]) {
        inside.erase(inside.begin() + 1);
        innermost = {s.taps.y};
    }
    const Var xi("xi_of_sums"), yi("yi_of_sums"), in_block("c_of_sums");
    const Halide::RVar step("step"), lane_of_step("lane_of_step");
    if (t.one_pass) {
        if (t.from_registers) {
            s.acc.compute_at(s.output, t.whole_pixels ? v.channel_block : v.in_block[kX]);
        } else {
            sums.split(qx, qx, xi, t.tile[kX]).split(qy, qy, yi, t.tile[kY]).split(s.c, s.c, in_block, p["vectors"]);
            sums.reorder(in_block, xi, yi, qx, qy, qz, s.c, rx).unroll(in_block).unroll(xi).unroll(yi);
            s.acc.compute_at(sums, qx);
        }
        s.acc.bound_extent(s.c, t.block).bound_extent(qx, t.tile[kX]).bound_extent(qy, t.tile[kY]);
        std::vector<VarOrRVar> unrolled_steps;
        if (p["lane_loads"] > 1) {
            s.acc.update().split(s.taps.x, step, lane_of_step, p["lane_loads"],
                                 s.group_in % p["lane_loads"] == 0 ? TailStrategy::Auto : TailStrategy::GuardWithIf);
            inside.front() = step;
            unrolled_steps = {lane_of_step};
        }
        register_tile(s, p, s.c, weights, {{qx, qy}, pixels}, inside, unrolled_steps, innermost);
        keep_in_registers(s.acc, t.lanes, {s.c, qx, qy});
    } else {
        const Halide::RVar pass("pass"), in_pass("in_pass");
        auto update = s.acc.update();
        update.split(qx, qx, xi, t.tile[kX]).split(qy, qy, yi, t.tile[kY]).split(s.c, s.c, in_block, t.block);
        if (p["depth"] < s.group_in) {
            update.split(s.taps.x, pass, in_pass, p["depth"]);
            inside.front() = in_pass;
            outside.insert(outside.begin(), pass);
        }
        register_tile(s, p, in_block, weights, {{xi, yi}, pixels}, concat({inside, {qx, qy, qz}, outside, {s.c, rx}}),
                      {}, innermost);
    }
    const Func read = stage_input(s, problem, p, v, t.extent, {s.ci, s.i[kX], s.i[kY], s.i[kZ], s.n});
    if (p["lane_loads"] > 1) {
        std::vector<std::pair<Var, int>> extents{{s.i[kX], t.tile[kX]}, {s.i[kY], t.tile[kY]}};
        if (s.group_in % p["lane_loads"] == 0)
            extents.emplace_back(s.ci, p["lane_loads"]);
        else  // the last step by itself, so that the others test nothing
            s.acc.update().always_partition(step).never_partition(s.taps.y, s.taps.z, s.taps.w);
        load_lanes(read, s, problem, p, v.task, step, s.ci, extents);
    }
}

// Stores vectors of neighbouring quotients `along` x, `row` of them or more, all phases of x side by side and, channels
// last, all channels: neighbouring stores become one interleaved, contiguous store. `rows` go inside the channels of
// planes, `outside` around all; `all_groups`' channels go beside each other.
void store_rows(ConvolutionStages& s, const Problem& problem, int lanes, const Var& along, int row, const Loops& v,
                const std::vector<VarOrRVar>& rows, const std::vector<VarOrRVar>& outside, bool all_groups = false) {
    const Var rx = s.r[kX];
    const bool channels_last = problem.output_layout == Layout::nhwc;
    const std::vector<VarOrRVar> phases_inside{rx, v.vector};
    std::vector<VarOrRVar> channels_inside{v.channel, rx, v.vector};
    if (all_groups) channels_inside.insert(channels_inside.begin() + 1, s.g);
    const int width = std::min(lanes, row);
    s.output.split(along, v.vector, v.lane, width, TailStrategy::ShiftInwards)
        .reorder(concat({{v.lane},
                         channels_last ? channels_inside : phases_inside,
                         rows,
                         channels_last ? std::vector<VarOrRVar>{} : std::vector<VarOrRVar>{v.channel},
                         outside,
                         outer_loops(s, v, {.groups = !all_groups})}))
        .vectorize(v.lane);
    // Halide 21 cannot mask a piece of one lane.
    if (width * s.axes[kX].period % lanes != 1) s.output.unroll(rx);
    if (channels_last) s.output.unroll(v.channel);
    if (all_groups) s.output.unroll(s.g);
}

// Channels last: the output's pixels follow each other, as in a whole tensor of so many channels.
Expr dense_output(const ConvolutionStages& s, int channels) {
    constexpr int kDimOfRx = 2, kDimOfQx = 3;
    const auto stride = [&](int dim) { return s.output.output_buffer().dim(dim).stride(); };
    // Halide does not tell the second from the first.
    return stride(kDimOfRx) == channels && stride(kDimOfQx) == channels * s.axes[kX].period;
}

// Interleaving channels needs pixels that follow each other; slices of wider tensors are stored element by element.
// The last that happens to the output: what follows a specialisation holds for the rest alone.
void interleave_pixels(ConvolutionStages& s, const Problem& problem, bool all_groups = false) {
    const int channels = all_groups ? problem.out_channels : s.group_out;
    if (problem.output_layout == Layout::nhwc) s.output.specialize(dense_output(s, channels));
}

// The taps of x innermost, to be unrolled.
std::vector<VarOrRVar> taps_first_reduction(const ConvolutionStages& s) {
    return {s.taps.y, s.taps.x, s.taps.z, s.taps.w};
}

// Vectors of sums along qx in `rows` rows, for `phases` phases of x, or columns, and p["channels"] channels.
void sum_along_x(ConvolutionStages& s, const Problem& problem, const Schedule& p, const Loops& v, int rows,
                 int phases) {
    const Var rx = s.r[kX], qx = s.q[kX], qy = s.q[kY];
    s.acc.bound_extent(s.c, p["channels"])
        .bound_extent(qx, p["lanes"] * p["vectors"])
        .bound_extent(qy, rows)
        .bound_extent(rx, phases)
        .reorder_storage(qx, rx, s.c, qy);
    for (const Var& one : {s.q[kZ], s.r[kY], s.r[kZ]}) s.acc.bound_extent(one, 1);
    register_tile(s, p, qx, {{qy}, p["vectors"] * rows}, {{rx, s.c}, phases * p["channels"]}, taps_first_reduction(s));
    keep_in_registers(s.acc, p["lanes"], {qx, rx, s.c, qy});
    s.acc.update().unroll(s.taps.y);
    if (p["lane_loads"] == 1) return;
    const std::vector<Var> of_filter = s.filter.args();
    const Var &co = of_filter[0], &tap = of_filter[3], &phase = of_filter[6];
    const bool along_channels = lanes_along_channels(p);
    load_lanes(s.filter, s, problem, p, v.task, s.taps.x, along_channels ? co : phase,
               {{co, along_channels ? space_block(p) : p["channels"]},
                {tap, std::max(s.axes[kX].taps(), 1)},
                {phase, s.axes[kX].period}});
}

// Vectors of neighbouring quotients times broadcast weights, the taps of x unrolled so that phases share their loads.
// Kernel 4 and stride 2: 6 channels x 2 phases x 2 vectors are 24 sums, and a step 48 FMAs for 30 loads. Vectors at odd
// offsets straddle two cache lines: on one core of an Intel Xeon (Granite Rapids) such loops reach 87 % of the FMA peak
// from the first-level cache, aligned ones (kernel = stride) 95 %; layers 40 to 75 %. One output channel (FSRCNN) is
// bound by bringing 56 channels of a large image to the first-level cache: 25 to 35 %.
//
// ARM's instructions that store an interleave (st2 to st4) want its vectors in neighbouring registers. LLVM ties sums
// that are stored as they are together for the whole reduction, and then shuffles them about in it. Going
// "through_stack", in a loop over the tile's stores, takes them apart.
//
// Channels last, the channels of all groups lie between the pixels of one. With "all_groups" a tile sums up one group
// after the other, and stores whole pixels from the stack.
void schedule_space(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const PerAxis<int> tile{lanes * p["vectors"], p["tile_y"], 1};
    const bool all_groups = p["all_groups"], through_stack = p["through_stack"] || all_groups;
    cut(s, p, tile, v);
    cut_channels(s, p["channels"], v);
    store_rows(s, problem, lanes, v.in_tile[kX], tile[kX], v, {},
               {v.in_tile[kY], v.in_tile[kZ], v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ]}, all_groups);
    if (!through_stack) {
        s.output.unroll(v.vector).unroll(v.in_tile[kY]);
        if (problem.output_layout == Layout::nchw) s.output.unroll(v.channel);
    }
    share_tasks(s, p, v, {.groups = !all_groups});

    s.acc.compute_at(s.output, v.in_block[kX]).bound_extent(s.g, 1);
    if (through_stack) {
        Func sums = s.acc.in(s.output);
        sums.compute_at(s.output, v.in_block[kX])
            .bound_extent(s.c, p["channels"])
            .bound_extent(qx, lanes * p["vectors"])
            .bound_extent(qy, p["tile_y"])
            .bound_extent(s.g, all_groups ? s.groups : 1)
            .reorder_storage(qx, rx, s.c, qy);
        keep_in_registers(sums, lanes, {qx, rx, s.c, qy});
        if (all_groups) {
            sums.reorder(qx, rx, s.c, qy, s.g);
            s.acc.compute_at(sums, s.g);
        }
    }
    sum_along_x(s, problem, p, v, p["tile_y"], s.axes[kX].period);
    stage_input(s, problem, p, v, whole_blocks(s, p, tile), {s.i[kX], s.ci, s.i[kY], s.i[kZ], s.n});
    interleave_pixels(s, problem, all_groups);
}

// The input as `flat` holds it, once per image. `pixels`: those of a plane that tiles read.
void stage_flat(ConvolutionStages& s, const Problem& problem, const Schedule& p, int pixels) {
    const int lanes = p["lanes"], channels = s.groups * s.group_in;
    const Var x = s.i[kX];
    // Planes an odd number of vectors apart: a tile reads the same place of each, and they share no cache sets.
    const int odd_vectors = (multiple_above(pixels, lanes) / lanes | 1) * lanes;
    s.flat.compute_at(s.output, s.n)
        .store_in(MemoryType::Heap)
        .reorder_storage(x, s.ci, s.i[kZ], s.n)
        .bound_extent(x, multiple_above(pixels, lanes))
        .align_storage(x, odd_vectors)
        .reorder(x, s.ci, s.i[kZ])
        .vectorize(x, lanes, TailStrategy::RoundUp);
    // Rows do not overlap, which Halide cannot tell.
    auto update = s.flat.update();
    update.allow_race_conditions()
        .reorder(s.inside.x, s.ci, s.inside.y, s.inside.z)
        .vectorize(s.inside.x, std::min(lanes, s.row), TailStrategy::GuardWithIf);
    if (p["parallel"]) {
        s.flat.parallel(s.ci);
        update.parallel(s.inside.y);
    }
    if (problem.input_layout == Layout::nchw || std::min(s.row, channels) < kLeastTurned) return;
    Func row = s.padded.in(s.flat);
    row.compute_at(s.flat, s.inside.y).store_in(kTaskStack).reorder_storage(x, s.ci);
    copy_turned(row, s.padded, x, s.row, s.ci, channels, x, lanes, TailStrategy::ShiftInwards);
}

// As space, but rows follow each other: vectors run across their ends, where sums are worth nothing, and no vector is
// left half empty but the last of a block. The sums of a block's plane, all phases of x, wait on the stack for their
// epilogue, which is row by row.
void schedule_flat(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], vector_tile = lanes * p["vectors"], row = s.quotients(kX);
    const auto [rx, ry, rz] = s.r;
    const Var qx = s.q[kX];
    cut(s, p, {row, 1, 1}, v);
    cut_channels(s, p["channels"], v);
    store_rows(s, problem, lanes, v.in_tile[kX], row, v, {v.in_tile[kY], v.in_block[kY]},
               {ry, rz, v.in_tile[kZ], v.in_block[kZ], v.in_block[kX]});
    share_tasks(s, p, v);

    const int pixels = multiple_above(s.pitch * (p[kBlock[kY]] - 1) + row, vector_tile);
    const Var tile("tile_of_sums"), in_tile("in_tile_of_sums"), vector("vector_of_sums"), lane("lane_of_sums");
    Func sums = s.acc.in(s.output);
    sums.compute_at(s.output, ry)
        .store_in(kTaskStack)
        .bound_extent(s.c, p["channels"])
        .bound_extent(qx, pixels)
        .reorder_storage(qx, rx, s.c)
        .split(qx, tile, in_tile, vector_tile)
        .split(in_tile, vector, lane, lanes)
        .reorder(lane, vector, rx, s.c, tile)
        .vectorize(lane)
        .unroll(vector)
        .unroll(rx)
        .unroll(s.c);
    s.acc.compute_at(sums, tile);
    sum_along_x(s, problem, p, v, 1, s.axes[kX].period);
    const int last_block = s.pitch * (s.quotients(kY) - p[kBlock[kY]]);
    interleave_pixels(s, problem);
    stage_flat(s, problem, p, last_block + pixels + reach(s.axes[kX]) + s.pitch * reach(s.axes[kY]));
}

// As space, but the taps of x are not part of the reduction: each has sums of its own, a column, and outputs add up
// columns that are shifted against each other. Every load is used by all taps: 9 of them and 3 vectors (FSRCNN) are 27
// FMAs for 12 loads, where two phases have but 6 sums. Channels first, the input is read where it lies: columns exist
// where it does, zeros beside them take the place of its padding, and rows outside are passed over. On one core of an
// Intel Xeon (Granite Rapids) FSRCNN reaches 55 to 65 % of the FMA peak, which space brings to 40 to 50 %.
void schedule_columns(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], row = s.quotients(kX), at_once = p["columns"];
    const auto [rx, ry, rz] = s.r;
    cut(s, p, {row, 1, 1}, v);
    cut_channels(s, p["channels"], v);
    store_rows(s, problem, lanes, v.in_tile[kX], row, v, {},
               {v.in_tile[kY], v.in_tile[kZ], v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ]});
    share_tasks(s, p, v);

    const Halide::RVar vector("vector_of_columns"), lane("lane_of_columns");
    const Var tile("tile_of_columns"), in_tile("in_tile_of_columns");
    s.columns.compute_at(s.output, v.in_block[kX])
        .store_in(kTaskStack)
        .bound_extent(s.c, p["channels"])
        .bound_extent(rx, multiple_above(Columns(s.axes[kX]).count(), at_once))
        .reorder_storage(s.q[kX], rx, s.c);
    auto update = s.columns.update();
    update.allow_race_conditions()
        .split(s.inside.x, vector, lane, lanes)
        .split(rx, tile, in_tile, at_once)
        .reorder({lane, vector, in_tile, s.c, tile, s.inside.y})
        .vectorize(lane)
        .unroll(vector)
        .unroll(in_tile)
        .unroll(s.c)
        .unroll(tile);
    if (s.columns.num_update_definitions() > 1) s.columns.update(1).unroll(s.outside.x);
    s.acc.compute_at(s.columns, tile);
    sum_along_x(s, problem, p, v, 1, at_once);
    stage_input(s, problem, p, v, whole_blocks(s, p, {row, 1, 1}), {s.i[kX], s.ci, s.i[kY], s.i[kZ], s.n});
    interleave_pixels(s, problem);
}

// Columns whose vectors run along the channels of all columns, one column's after the other's: 5 taps of 7 channels are
// 35, which fill three vectors where each tap alone fills half a one. A tile is `tile_x` inputs x `vectors`, as in
// channels. Inputs with channels last are read where they lie: columns exist where they do. On one core of an Intel
// Xeon (Granite Rapids) 7 to 21 channels reach 45 to 63 % of the FMA peak with AVX-512, where channels reach 25 to 50.
void schedule_wide_columns(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], block = lanes * p["vectors"], tile_x = p["tile_x"];
    const auto [rx, ry, rz] = s.r;
    const Var qx = s.q[kX];
    const PerAxis<int> extent = whole_blocks(s, p, {tile_x, 1, 1});
    for (int a = 0; a < kAxes; a++)
        s.output.split(s.q[a], v.block[a], v.in_block[a], extent[a],
                       a == kX ? TailStrategy::GuardWithIf : TailStrategy::ShiftInwards);
    const int channels = multiple_above(s.group_out, lanes);
    cut_pixels(s, problem, lanes, channels, v);
    // Rows inside the phases of y: the weights of one stay in cache.
    s.output.reorder(
        concat({{v.lane, v.channel, rx, v.in_block[kX], v.in_block[kY], v.in_block[kZ], rz, ry}, outer_loops(s, v)}));
    if (s.axes[kX].period * channels / lanes <= kMostUnrolledRow) s.output.unroll(rx);
    // Each phase of y has weights of its own: a task, where the phases of a block do not share its copy of the input.
    if (p["stage"] != kPerBlock) s.output.fuse(ry, v.channel_block, v.channel_block);
    share_tasks(s, p, v);

    const Var c_block("block_of_columns"), in_block("in_block_of_columns"), vector("vector_of_columns"),
        lane("lane_of_columns"), inputs("tile_of_inputs"), input("in_tile_of_inputs");
    const int x = std::min(extent[kX] + reach(s.axes[kX]), s.axes[kX].input);
    s.columns.compute_at(s.output, v.in_block[kY])
        .store_in(kTaskStack)
        .bound_extent(rx, 1)
        .bound_extent(qx, x)
        .bound_extent(s.c, multiple_above(Columns(s.axes[kX]).count() * s.group_out, block))
        .split(qx, inputs, input, tile_x, TailStrategy::ShiftInwards)
        .split(s.c, c_block, in_block, block)
        .split(in_block, vector, lane, lanes)
        .reorder(lane, vector, input, inputs, c_block)
        .vectorize(lane)
        .unroll(vector)
        .unroll(input);
    s.acc.compute_at(s.columns, inputs).bound_extent(s.c, block).bound_extent(qx, tile_x);
    register_tile(s, p, s.c, {{}, p["vectors"]}, {{qx}, tile_x}, channels_first_reduction(s));
    keep_in_registers(s.acc, lanes, {s.c, qx});
    stage_input(s, problem, p, v, extent, {s.ci, s.i[kX], s.i[kY], s.i[kZ], s.n});
    // A tile's inputs at distances that nobody knows would need an address register each.
    if (s.form.in_place) s.output.specialize(s.dense_input);
}

// Vectors along x, and all phases of x side by side: elements of neighbouring inputs' columns are loaded one by one,
// but outputs leave in long runs.
void gather_along_x(ConvolutionStages& s, const Problem& problem, int lanes, const Loops& v) {
    const auto [rx, ry, rz] = s.r;
    const Var qx = s.q[kX];
    const int row = std::min(lanes, s.quotients(kX));
    const int channels = problem.output_layout == Layout::nhwc ? s.group_out : 1;
    cut_channels(s, channels, v);
    store_rows(s, problem, lanes, v.in_block[kX], row, v, {}, {v.in_block[kY], v.in_block[kZ], ry, rz});
    s.gathered.compute_at(s.output, v.vector)
        .bound_extent(s.c, channels)
        .bound_extent(qx, row)
        .bound_extent(rx, s.axes[kX].period)
        .reorder_storage(qx, rx, s.c);
    keep_in_registers(s.gathered, row, {qx, rx, s.c});
    s.gathered.update().reorder({qx, rx, s.c, s.gather.x, s.gather.y}).vectorize(qx).unroll(rx).unroll(s.c);
}

// Vectors along a pixel's channels.
void gather_pixels(ConvolutionStages& s, int lanes, const Loops& v) {
    const auto [rx, ry, rz] = s.r;
    const int width = std::min(lanes, power_of_two_above(s.group_out));
    const TailStrategy tail = s.group_out % width == 0 ? TailStrategy::RoundUp : TailStrategy::Predicate;
    const std::vector<VarOrRVar> in_block{v.in_block[kX], v.in_block[kY], v.in_block[kZ]};
    s.output.split(s.c, v.vector, v.lane, width, tail)
        .split(v.vector, v.channel_block, v.channel, ceil_div(s.group_out, width))
        .reorder(concat({{v.lane, v.channel, rx}, in_block, {ry, rz}, outer_loops(s, v)}))
        .vectorize(v.lane);
    if (s.axes[kX].period <= kMostUnrolledVectors) s.output.unroll(rx);
    s.gathered.compute_at(s.output, v.channel).store_in(kTaskStack).vectorize(s.c, width, tail);
    s.gathered.update().reorder(s.c, s.gather.x, s.gather.y).vectorize(s.c, width, tail);
}

// The whole convolution as one product of matrices: every input times the weights of all taps are columns, of which
// outputs gather theirs. Inputs are read where they lie, and no product is wasted on borders, rows that end, or phases
// with fewer taps; but columns go through memory, and are loaded in short vectors or one by one. That suits many input
// channels, few output channels, and images whose columns stay in cache. On one core of an Intel Xeon (Granite Rapids)
// images of 64 to 405 inputs reach 30 to 60 % of the FMA peak with AVX-512, 50 to 65 % with AVX2, where other families
// reach 12 to 40.
void schedule_col2im(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], block = lanes * p["vectors"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const PerAxis<int> extent = whole_blocks(s, p, {s.quotients(kX), 1, 1});
    for (int a = 0; a < kAxes; a++)
        s.output.split(s.q[a], v.block[a], v.in_block[a], extent[a], TailStrategy::ShiftInwards);
    if (p["gather_x"])
        gather_along_x(s, problem, lanes, v);
    else
        gather_pixels(s, lanes, v);
    share_tasks(s, p, v);

    int columns = s.group_out;
    for (const AxisMap& axis : s.axes) columns *= Columns(axis).count();
    const Var xi("xi_of_columns"), yi("yi_of_columns"), c_block("block_of_columns"), in_block("in_block_of_columns"),
        vector("vector_of_columns"), lane("lane_of_columns"), task("task_of_columns");
    s.columns.compute_at(s.output, s.n)
        .store_in(MemoryType::Heap)
        .bound_extent(s.c, multiple_above(columns, block))
        .split(qx, qx, xi, p["tile_x"], TailStrategy::ShiftInwards)
        .split(qy, qy, yi, p["tile_y"], TailStrategy::ShiftInwards)
        .split(s.c, c_block, in_block, block)
        .split(in_block, vector, lane, lanes)
        .reorder({lane, vector, xi, yi, qx, qy, qz, c_block, s.g})
        .vectorize(lane)
        .unroll(vector)
        .unroll(xi)
        .unroll(yi)
        .fuse(qy, qz, task)
        .fuse(task, c_block, task)
        .fuse(task, s.g, task);
    if (p["parallel"]) s.columns.parallel(task);
    s.acc.compute_at(s.columns, qx)
        .bound_extent(s.c, block)
        .bound_extent(qx, p["tile_x"])
        .bound_extent(qy, p["tile_y"]);
    register_tile(s, p, s.c, {{}, p["vectors"]}, {{qx, qy}, p["tile_x"] * p["tile_y"]}, channels_first_reduction(s));
    keep_in_registers(s.acc, lanes, {s.c, qx, qy});
    // A tile's inputs at distances that nobody knows would need an address register each.
    Expr dense;
    if (problem.input_layout == Layout::nhwc) dense = s.dense_input;
    if (p["gather_x"] && problem.output_layout == Layout::nhwc && s.groups == 1)
        dense = dense.defined() ? dense && dense_output(s, s.group_out) : dense_output(s, s.group_out);
    if (dense.defined()) s.output.specialize(dense);
}

// Vectors of neighbouring phases: contiguous in the output without interleaving, but each loads its own weights, which
// no other quotient's lane shares. 3 channels x 4 quotients x 2 vectors (FCN-32s, stride 32): 24 FMAs for 10 loads.
void schedule_phases(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], phases = lanes * p["vectors"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const PerAxis<int> tile{p["tile_x"], 1, 1};
    cut(s, p, tile, v);
    cut_channels(s, p["channels"], v);
    const Var rx_block("rx_block"), rx_in_block("rx_in_block");
    s.output.split(rx, rx_block, rx_in_block, phases)
        .reorder(concat({{rx_in_block, v.in_tile[kX], v.channel, v.in_tile[kY], v.in_tile[kZ], rx_block, v.in_block[kX],
                          ry, rz, v.in_block[kY], v.in_block[kZ]},
                         outer_loops(s, v)}))
        .vectorize(rx_in_block, lanes)
        .unroll(rx_in_block)
        .unroll(v.in_tile[kX])
        .unroll(v.channel);
    share_tasks(s, p, v);
    s.acc.compute_at(s.output, rx_block)
        .bound_extent(s.c, p["channels"])
        .bound_extent(qx, p["tile_x"])
        .bound_extent(rx, phases)
        .reorder_storage(rx, qx, s.c);
    register_tile(s, p, rx, {{s.c}, p["vectors"] * p["channels"]}, {{qx}, p["tile_x"]}, channels_first_reduction(s));
    keep_in_registers(s.acc, lanes, {rx, qx, s.c});
    const Func read = stage_input(s, problem, p, v, whole_blocks(s, p, tile), {s.i[kX], s.ci, s.i[kY], s.i[kZ], s.n});
    if (p["lane_loads"] > 1) load_lanes(read, s, problem, p, v.task, s.taps.x, s.i[kX], {{s.i[kX], p["tile_x"]}});
}

// One channel per group: every FMA has weights of its own. With "unroll_x" a step takes all phases and taps of x, which
// share their inputs: kernel 4 and stride 2, 6 quotients are 24 FMAs for 8 inputs and 4 weights. One phase and tap at a
// time loads an input for every FMA, so two loads a cycle feed two FMAs at best.
void schedule_groups(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const PerAxis<int> tile{p["tile_x"], 1, 1};
    const bool all_phases = p["unroll_x"];
    cut(s, p, tile, v);
    cut_channels(s, 1, v);
    const Var group_block("group_block"), group("group");
    const std::vector<VarOrRVar> inner =
        all_phases ? std::vector<VarOrRVar>{rx, group_block} : std::vector<VarOrRVar>{group_block, rx};
    s.output
        .split(s.g, group_block, group, lanes,
               s.groups % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::ShiftInwards)
        .reorder(concat({{group, v.in_tile[kX], v.in_tile[kY], v.in_tile[kZ]},
                         inner,
                         {v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ], v.channel, v.channel_block,
                          v.block[kX], v.block[kY], v.block[kZ], s.n}}))
        .vectorize(group)
        .unroll(v.in_tile[kX]);
    if (all_phases) s.output.unroll(rx);
    share_tasks(s, p, v, {.groups = false});
    const int phases = all_phases ? s.axes[kX].period : 1;
    s.acc.compute_at(s.output, group_block)
        .bound_extent(s.g, lanes)
        .bound_extent(qx, p["tile_x"])
        .bound_extent(rx, phases)
        .reorder_storage(s.g, qx, rx);
    register_tile(s, p, s.g, {{}, 1}, {{rx, qx}, phases * p["tile_x"]}, taps_first_reduction(s));
    keep_in_registers(s.acc, lanes, {s.g, qx, rx});
    if (all_phases) {
        s.acc.update().unroll(s.taps.y);
        const int products = Columns(s.axes[kX]).count() * p["tile_x"];  // of a step
        if (products * std::max(s.axes[kY].taps(), 1) <= kMostProductsOfRows) s.acc.update().unroll(s.taps.z);
    }
    stage_input(s, problem, p, v, whole_blocks(s, p, tile), {s.ci, s.i[kX], s.i[kY], s.i[kZ], s.n});
}

}  // namespace

bool worth_skipping(const Schedule& p, double live_share) {
    // Of all taps. Where rows of taps run through many input channels, a shorter one costs nothing; where each step has
    // its own test, more, and where scalars are lanes, LLVM's loops get worse: from 5 % on it spills sums of space.
    const double share = p.family == "channels" && p["lane_loads"] == 1 ? 0.02 : 0.1;
    return live_share < 1 - share;
}

ConvolutionForm convolution_form(const Problem& problem, const Schedule& p) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    ConvolutionForm form{.flattens = p.family == "flat"};
    if (p.family == "columns") {
        form.columns = 1;
        form.columns_at_once = p["lanes"] * p["vectors"];
        form.in_place = p["stage"] == kDirect;
    }
    if (p.family == "wide_columns") {
        form.columns = 1;
        form.columns_of_channels = true;
        form.columns_block = std::min(p["block_x"] * p["tile_x"], (axes[kX].output - 1) / axes[kX].period + 1);
        form.in_place = p["stage"] == kDirect;
    }
    if (p.family == "col2im") {
        form.columns = kAxes;
        form.columns_of_channels = form.in_place = true;
    }
    if (p.family == "reference" || p.family == "col2im") return form;
    const auto tile_y = p.params.find("tile_y");
    const bool single_rows = !form.flattens && (tile_y == p.params.end() || tile_y->second == 1);
    for (const int a : {kY, kZ}) {
        if (form.in_place)
            form.skips[a] = reads_outside(axes[a]);
        else
            form.skips[a] = (a == kZ || single_rows) && worth_skipping(p, live_share(axes[a]));
    }
    return form;
}

Packing convolution_packing(const Schedule& p) {
    using D = PackedDim;
    // Innermost first: the order in which the tile's reduction reads its weights, so that one block streams through
    // cache once.
    if (p.family == "channels" && p["unroll_x"])
        return {p["lanes"] * p["vectors"],
                {D::co_in_block, D::tx, D::ci, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group}};
    if (p.family == "channels")
        return {p["lanes"] * p["vectors"],
                {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group}};
    if (p.family == "wide_columns")
        return {p["lanes"] * p["vectors"],
                {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group},
                1};
    if (p.family == "col2im")
        return {p["lanes"] * p["vectors"],
                {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group},
                kAxes};
    const bool along_x = p.family == "space" || p.family == "flat" || p.family == "columns";
    if (along_x && lanes_along_channels(p))
        return {space_block(p),
                {D::co_in_block, D::rx, D::tx, D::ci, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    if (along_x)
        return {p["channels"],
                {D::rx, D::co_in_block, D::tx, D::ci, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    if (p.family == "phases")
        return {p["channels"],
                {D::rx, D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    return {1, {D::group, D::co_in_block, D::ci, D::tx, D::rx, D::ty, D::tz, D::ry, D::rz, D::co_block}};
}

void schedule_convolution(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    if (p.family == "channels")
        schedule_channels(s, problem, p);
    else if (p.family == "space")
        schedule_space(s, problem, p);
    else if (p.family == "flat")
        schedule_flat(s, problem, p);
    else if (p.family == "columns")
        schedule_columns(s, problem, p);
    else if (p.family == "wide_columns")
        schedule_wide_columns(s, problem, p);
    else if (p.family == "col2im")
        schedule_col2im(s, problem, p);
    else if (p.family == "phases")
        schedule_phases(s, problem, p);
    else if (p.family == "groups")
        schedule_groups(s, problem, p);
    else
        s.acc.compute_at(s.output, s.c);  // reference: one output at a time
}

}  // namespace polyphase::cpu
