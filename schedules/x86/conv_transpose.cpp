// Transposed convolution on x86.
//
// Every family keeps a tile of sums in vector registers while it runs through the input channels. What differs is the direction of
// the vectors:
//   channels   along output channels: channels last; wide layers; images smaller than a vector
//   space      along qx, the quotients of x, with the phases of x interleaved when they are stored: channels first
//   phases     along rx, the phases of x: channels first, large strides
//   groups     along groups: depthwise, channels last
// A step of the reduction multiplies `a` vectors with `b` broadcast scalars: a*b FMAs for a + b loads, of which x86 can feed two a cycle
// of each. So a tile wants a*b >= fma_latency * fma_per_cycle sums to hide the latency, a + b <= a*b so that loads do not bind, and
// a*b + min(a, b) + 1 registers.
#include "schedules/x86/conv_transpose.h"

#include <algorithm>

namespace polyphase::x86 {
namespace {

using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

// The loops around a tile: quotients are cut into tiles, tiles into blocks. Within a block the weights of one block of output channels
// stay in cache; (block, channel block) pairs are the tasks that threads share.
struct Loops {
    PerAxis<Var> tile{Var("x_tile"), Var("y_tile"), Var("z_tile")}, block{Var("x_block"), Var("y_block"), Var("z_block")};
    PerAxis<Var> in_block{Var("x_in_block"), Var("y_in_block"), Var("z_in_block")}, in_tile{Var("xi"), Var("yi"), Var("zi")};
    Var channel_block{"c_block"}, channel{"ci_block"}, lane{"lane"}, vector{"vector"}, task{"task"};
};

std::vector<VarOrRVar> concat(std::initializer_list<std::vector<VarOrRVar>> parts) {
    std::vector<VarOrRVar> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// Cuts quotients into tiles and blocks. A tile that would pass the end is shifted inwards: it computes a few outputs twice instead of
// testing for each.
void cut(ConvTransposeStages& s, const Schedule& p, const PerAxis<int>& tile, const Loops& v) {
    static const char* const kBlock[] = {"block_x", "block_y", "block_z"};
    for (int a = 0; a < kAxes; a++) {
        s.output.split(s.q[a], v.tile[a], v.in_tile[a], tile[a], TailStrategy::ShiftInwards)
            .split(v.tile[a], v.block[a], v.in_block[a], p[kBlock[a]], TailStrategy::GuardWithIf);
    }
}

// Cuts channels into blocks; the last one may be cut short when it is stored.
void cut_channels(ConvTransposeStages& s, int block, const Loops& v) {
    s.output.split(s.c, v.channel_block, v.channel, block, s.group_out % block == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
}

// The outermost loops: tasks, channel blocks innermost so that neighbouring tasks share their input.
std::vector<VarOrRVar> outer_loops(const ConvTransposeStages& s, const Loops& v) {
    return {v.channel_block, v.block[kX], v.block[kY], v.block[kZ], s.g, s.n};
}

void share_tasks(ConvTransposeStages& s, const Schedule& p, const Loops& v) {
    s.output.fuse(v.channel_block, v.block[kX], v.task).fuse(v.task, v.block[kY], v.task).fuse(v.task, v.block[kZ], v.task);
    if (p["parallel"]) s.output.parallel(v.task);
}

// The padded input, once per image, in the order in which the reduction walks it.
void stage_input(ConvTransposeStages& s, const Schedule& p, const std::vector<Var>& order) {
    if (!p["stage"]) return;
    s.padded.compute_at(s.output, s.n).store_in(MemoryType::Heap).reorder_storage(order);
    // Rounding up is free where the excess is padding; elsewhere it would read past the input.
    const bool excess_is_padding = s.pads && order[0].name() == s.i[kX].name();
    s.padded.reorder(std::vector<VarOrRVar>(order.begin(), order.end()))
        .vectorize(order[0], p["lanes"], excess_is_padding ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
    if (p["parallel"]) s.padded.parallel(order[2]);
}

// The register tile: `inner` lists the tile's loops, vectors first; all are unrolled, and the reduction runs through it.
void register_tile(ConvTransposeStages& s, const Schedule& p, const Var& vectors, const std::vector<VarOrRVar>& inner,
                   const std::vector<VarOrRVar>& reduction) {
    const int lanes = p["lanes"];
    s.acc.store_in(MemoryType::Stack).vectorize(vectors, lanes);
    auto update = s.acc.update();
    for (const VarOrRVar& v : inner) s.acc.unroll(v.var);
    // The smaller operand goes innermost: it stays in registers while the other passes by.
    if (p["vectors_outside"]) {
        const Var vector("vector_of_acc"), lane("lane_of_acc");
        update.split(vectors, vector, lane, lanes);
        std::vector<VarOrRVar> order{lane};
        order.insert(order.end(), inner.begin() + 1, inner.end());
        order.emplace_back(vector);
        update.reorder(concat({order, reduction})).vectorize(lane);
        for (size_t i = 1; i < order.size(); i++) update.unroll(order[i]);
    } else {
        update.reorder(concat({inner, reduction})).vectorize(vectors, lanes);
        for (const VarOrRVar& v : inner) update.unroll(v);
    }
}

std::vector<VarOrRVar> channels_first_reduction(const ConvTransposeStages& s) {
    return {s.taps.x, s.taps.y, s.taps.z, s.taps.w};
}

void schedule_channels(ConvTransposeStages& s, const Problem& problem, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], block = lanes * p["vectors"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const std::vector<VarOrRVar> in_block{v.in_block[kX], v.in_block[kY], v.in_block[kZ]}, phases{rx, ry, rz};

    if (p["transpose"]) {
        // Channels are planes: sums go to a strip with channels innermost, which the output transposes.
        const int width = std::min(lanes, s.quotients(kX));
        cut(s, p, {width, p["strip_rows"], 1}, v);
        cut_channels(s, block, v);
        s.output.reorder(concat({{v.in_tile[kX], rx, v.in_block[kX], v.channel, v.in_tile[kY], v.in_tile[kZ], ry, rz, v.in_block[kY], v.in_block[kZ]},
                                 outer_loops(s, v)}))
            .vectorize(v.in_tile[kX])
            .unroll(rx);
        share_tasks(s, p, v);

        Func strip = s.acc.in(s.output);
        const Var x_tile("sx_tile"), y_tile("sy_tile"), xi("sxi"), yi("syi");
        strip.compute_at(s.output, ry)
            .store_in(MemoryType::Stack)
            .bound_extent(s.c, block)
            .bound_extent(qx, s.quotients(kX))
            .bound_extent(qy, p["strip_rows"])
            .split(qx, x_tile, xi, p["tile_x"], TailStrategy::ShiftInwards)
            .split(qy, y_tile, yi, p["tile_y"], TailStrategy::ShiftInwards)
            .reorder({s.c, xi, yi, x_tile, y_tile, rx})
            .vectorize(s.c, lanes)
            .unroll(s.c)
            .unroll(xi)
            .unroll(yi);
        s.acc.compute_at(strip, x_tile);
    } else {
        cut(s, p, {p["tile_x"], p["tile_y"], 1}, v);
        // Whole vectors are computed; the last one is stored under a mask, and a residual read under it too.
        const TailStrategy masked = problem.residual ? TailStrategy::Predicate : TailStrategy::PredicateStores;
        s.output.split(s.c, v.vector, v.lane, lanes, s.group_out % lanes == 0 ? TailStrategy::RoundUp : masked)
            .split(v.vector, v.channel_block, v.channel, p["vectors"], s.group_out % block == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
        const bool phases_inside = p["phases_inside"] != 0;
        s.output
            .reorder(concat({{v.lane, v.channel, v.in_tile[kX], v.in_tile[kY], v.in_tile[kZ]},
                             phases_inside ? phases : in_block,
                             phases_inside ? in_block : phases,
                             outer_loops(s, v)}))
            .vectorize(v.lane)
            .unroll(v.channel)
            .unroll(v.in_tile[kX])
            .unroll(v.in_tile[kY]);
        share_tasks(s, p, v);
        s.acc.compute_at(s.output, phases_inside ? rx : v.in_block[kX]);
    }
    s.acc.bound_extent(s.c, block).bound_extent(qx, p["tile_x"]).bound_extent(qy, p["tile_y"]);
    register_tile(s, p, s.c, {s.c, qx, qy}, channels_first_reduction(s));
    stage_input(s, p, {s.ci, s.i[kX], s.i[kY], s.i[kZ], s.n});
}

void schedule_space(ConvTransposeStages& s, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    cut(s, p, {lanes * p["vectors"], p["tile_y"], 1}, v);
    cut_channels(s, p["channels"], v);
    // All phases of x in one tile: neighbouring stores become one interleaved, contiguous store.
    s.output.split(v.in_tile[kX], v.vector, v.lane, lanes)
        .reorder(concat({{v.lane, rx, v.vector, v.channel, v.in_tile[kY], v.in_tile[kZ], v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ]},
                         outer_loops(s, v)}))
        .vectorize(v.lane)
        .unroll(rx)
        .unroll(v.vector)
        .unroll(v.channel)
        .unroll(v.in_tile[kY]);
    share_tasks(s, p, v);

    s.acc.compute_at(s.output, v.in_block[kX])
        .bound_extent(s.c, p["channels"])
        .bound_extent(qx, lanes * p["vectors"])
        .bound_extent(qy, p["tile_y"])
        .reorder_storage(qx, rx, s.c, qy);
    std::vector<VarOrRVar> reduction{s.taps.y, s.taps.x, s.taps.z, s.taps.w};
    std::vector<VarOrRVar> tile{qx, rx, s.c, qy};
    register_tile(s, p, qx, tile, reduction);
    s.acc.reorder(qx, rx, s.c, qy);
    s.acc.update().unroll(s.taps.y);
    stage_input(s, p, {s.i[kX], s.ci, s.i[kY], s.i[kZ], s.n});
}

void schedule_phases(ConvTransposeStages& s, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"], phases = lanes * p["vectors"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    cut(s, p, {p["tile_x"], 1, 1}, v);
    cut_channels(s, p["channels"], v);
    const Var rx_block("rx_block"), rx_in_block("rx_in_block");
    s.output.split(rx, rx_block, rx_in_block, phases)
        .reorder(concat({{rx_in_block, v.in_tile[kX], v.channel, v.in_tile[kY], v.in_tile[kZ], rx_block, v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ]},
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
    register_tile(s, p, rx, {rx, qx, s.c}, channels_first_reduction(s));
    stage_input(s, p, {s.i[kX], s.ci, s.i[kY], s.i[kZ], s.n});
}

void schedule_groups(ConvTransposeStages& s, const Schedule& p) {
    const Loops v;
    const int lanes = p["lanes"];
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    cut(s, p, {p["tile_x"], 1, 1}, v);
    cut_channels(s, 1, v);
    const Var group_block("group_block"), group("group");
    s.output.split(s.g, group_block, group, lanes, s.groups % lanes == 0 ? TailStrategy::RoundUp : TailStrategy::ShiftInwards)
        .reorder({group, v.in_tile[kX], v.in_tile[kY], v.in_tile[kZ], group_block, rx, v.in_block[kX], ry, rz, v.in_block[kY], v.in_block[kZ], v.channel,
                  v.channel_block, v.block[kX], v.block[kY], v.block[kZ], s.n})
        .vectorize(group)
        .unroll(v.in_tile[kX]);
    share_tasks(s, p, v);
    s.acc.compute_at(s.output, group_block).bound_extent(s.g, lanes).bound_extent(qx, p["tile_x"]).reorder_storage(s.g, qx);
    register_tile(s, p, s.g, {s.g, qx}, channels_first_reduction(s));
    stage_input(s, p, {s.ci, s.i[kX], s.i[kY], s.i[kZ], s.n});
}

// ---- The cost model: cycles of one core for one run, from registers, ports and caches. ------------------------------------------------

constexpr double kTileOverhead = 24;        // cycles to start and finish a tile's reduction
constexpr double kTransposePerOutput = 2.0; // cycles to move one element of a strip into its plane
constexpr double kStreamBytes = 8;          // bytes per cycle from beyond the second-level cache
constexpr double kCacheBytes = 32;          // bytes per cycle from the second-level cache

int ceil_div(long long a, long long b) { return static_cast<int>((a + b - 1) / b); }

struct Shape {
    PerAxis<AxisMap> axes;
    PerAxis<int> quotients{};
    long long group_in = 1, group_out = 1, groups = 1, batch = 1;
    bool channels_first_in = true, channels_first_out = true, pads = false;

    explicit Shape(const Problem& problem) : axes(xyz_axes(problem)) {
        groups = std::get<ConvTranspose>(problem.op).groups;
        group_in = problem.in_channels / groups;
        group_out = problem.out_channels / groups;
        batch = problem.batch;
        channels_first_in = problem.input_layout == Layout::nchw;
        channels_first_out = problem.output_layout == Layout::nchw;
        for (int a = 0; a < kAxes; a++) {
            quotients[a] = ceil_div(axes[a].output, axes[a].period);
            const Range inside = axes[a].interior();
            pads = pads || inside.begin > 0 || inside.end < quotients[a];
        }
    }
    /// Taps of all phases of an axis together.
    long long all_taps(int axis) const {
        long long sum = 0;
        for (const Phase& phase : axes[axis].phases) sum += phase.taps;
        return sum;
    }
    /// Distinct input offsets among the phases of x.
    int offsets() const {
        int distinct = 1;
        for (size_t r = 1; r < axes[kX].phases.size(); r++)
            distinct += axes[kX].phases[r].first_input != axes[kX].phases[r - 1].first_input;
        return distinct;
    }
    /// Every phase of x reads the same inputs, so that phases can be lanes.
    bool uniform_x() const {
        const Phase& first = axes[kX].phases.front();
        return std::all_of(axes[kX].phases.begin(), axes[kX].phases.end(), [&](const Phase& phase) {
            return phase.taps == first.taps && phase.first_input == first.first_input;
        });
    }
    long long flops() const { return 2 * groups * group_in * group_out * batch * all_taps(kX) * all_taps(kY) * all_taps(kZ) * quotients[kX] * quotients[kY] * quotients[kZ]; }
};

// A block's input stays in half of the second-level cache while every channel block passes over it; blocks are of equal size.
void choose_blocks(Schedule& p, const Shape& shape, const Machine& m, const PerAxis<int>& tile) {
    static const char* const kBlock[] = {"block_x", "block_y", "block_z"};
    long long pixels = std::max<long long>(1, m.l2 / 2 / (4 * shape.group_in));
    for (int a = 0; a < kAxes; a++) {
        const int tiles = ceil_div(shape.quotients[a], tile[a]);
        const long long fit = std::clamp<long long>(pixels / tile[a], 1, tiles);
        p.params[kBlock[a]] = ceil_div(tiles, ceil_div(tiles, fit));
        pixels = std::max<long long>(1, pixels / shape.quotients[a]);
    }
}

long long block_count(const Schedule& p, const Shape& shape, const PerAxis<int>& tile) {
    static const char* const kBlock[] = {"block_x", "block_y", "block_z"};
    long long blocks = 1;
    for (int a = 0; a < kAxes; a++) blocks *= ceil_div(ceil_div(shape.quotients[a], tile[a]), p[kBlock[a]]);
    return blocks;
}

// One step of a tile: `sums` FMAs and `loads` loads.
double step_cycles(const Machine& m, double sums, double loads) {
    const double issue = sums / m.fma_per_cycle * (m.fma ? 1 : 2);
    return std::max({issue, loads / m.loads_per_cycle, static_cast<double>(m.fma_latency) * (m.fma ? 1 : 2)});
}

// Everything but the reduction: weights from the level of the hierarchy that holds them, and the staged input.
double finish(Schedule& p, const Shape& shape, const Machine& m, const PerAxis<int>& tile, double packed_channels, double reduction, double stage_per_input,
              double per_output) {
    const double weights = 4.0 * shape.groups * shape.group_in * packed_channels * shape.all_taps(kX) * shape.all_taps(kY) * shape.all_taps(kZ);
    const double traffic = weights * block_count(p, shape, tile) / (weights > m.l2 / 2 ? kStreamBytes : kCacheBytes);
    double inputs = static_cast<double>(shape.groups * shape.group_in), outputs = static_cast<double>(shape.groups * shape.group_out);
    for (const AxisMap& axis : shape.axes) {
        inputs *= axis.input;
        outputs *= axis.output;
    }
    return shape.batch * (std::max(reduction, traffic) + inputs * stage_per_input * p["stage"] + outputs * per_output);
}

Schedule new_schedule(const char* family, const Shape& shape, int lanes, bool stage) {
    // Waking threads costs more than a tenth of a millisecond's work is worth.
    const bool parallel = shape.flops() > 4'000'000;
    return {.family = family, .params = {{"lanes", lanes}, {"stage", stage}, {"parallel", parallel}, {"vectors_outside", 0}}, .source = "cost model"};
}

void add_channels(std::vector<Schedule>& out, const Shape& s, const Machine& m) {
    const double taps = static_cast<double>(s.all_taps(kX) * s.all_taps(kY) * s.all_taps(kZ));
    const bool transpose = s.channels_first_out;
    for (int vectors = 1; vectors <= 4; vectors++) {
        const int block = m.lanes * vectors;
        if (vectors > 1 && block - m.lanes >= s.group_out) break;
        for (int tile_x = 1; tile_x <= std::min(s.quotients[kX], 14); tile_x++) {
            for (const int tile_y : {1, 2, 3, 4}) {
                if (tile_y > s.quotients[kY]) break;
                const int pixels = tile_x * tile_y, sums = pixels * vectors;
                if (sums + std::min(vectors, pixels) + 1 > m.registers - (m.registers > 16 ? 3 : 0)) continue;
                Schedule p = new_schedule("channels", s, m.lanes, s.pads || s.channels_first_in);
                p.params["vectors"] = vectors;
                p.params["tile_x"] = tile_x;
                p.params["tile_y"] = tile_y;
                p.params["transpose"] = transpose;
                p.params["vectors_outside"] = m.registers <= 16 && vectors < pixels;
                // k = s: one tap a phase, so that the phases share their input and should follow each other.
                p.params["phases_inside"] = !transpose && taps == static_cast<double>(s.axes[kX].period * s.axes[kY].period * s.axes[kZ].period);
                PerAxis<int> tile{tile_x, tile_y, 1};
                p.params["strip_rows"] = 0;
                if (transpose) {
                    // The strip stays in the first-level cache beside the weights, at least one tile of rows.
                    const long long row = 4LL * block * s.axes[kX].period * s.quotients[kX];
                    const int rows = static_cast<int>(std::clamp<long long>(m.l1 / 2 / row / tile_y, 1, ceil_div(s.quotients[kY], tile_y))) * tile_y;
                    if (row * std::max(rows, tile_y) > 128 << 10) continue;
                    p.params["strip_rows"] = std::min(rows, s.quotients[kY]);
                    tile = {s.quotients[kX], p["strip_rows"], 1};
                }
                choose_blocks(p, s, m, transpose ? PerAxis<int>{std::min(m.lanes, s.quotients[kX]), p["strip_rows"], 1} : tile);
                if (transpose) p.params["block_x"] = ceil_div(s.quotients[kX], std::min(m.lanes, s.quotients[kX]));
                const double tiles = static_cast<double>(s.groups) * ceil_div(s.group_out, block) * s.quotients[kZ] *
                                     ceil_div(s.quotients[kX], tile_x) *
                                     (transpose ? ceil_div(s.quotients[kY], tile[kY]) * ceil_div(tile[kY], tile_y) : ceil_div(s.quotients[kY], tile_y));
                const double phases = static_cast<double>(s.axes[kX].period) * s.axes[kY].period * s.axes[kZ].period;
                const double reduction = tiles * (taps * s.group_in * step_cycles(m, sums, vectors + pixels) + phases * (kTileOverhead + sums));
                const double packed = static_cast<double>(ceil_div(s.group_out, block)) * block;
                p.predicted_cycles = finish(p, s, m, tile, packed, reduction, s.channels_first_in ? 2.0 : 4.0 / m.lanes, transpose ? kTransposePerOutput : 0);
                out.push_back(p);
            }
        }
    }
}

void add_space(std::vector<Schedule>& out, const Shape& s, const Machine& m) {
    if (!s.channels_first_out) return;
    const int period = s.axes[kX].period, max_taps = std::max(s.axes[kX].taps(), 1);
    for (const int lanes : {m.lanes, m.lanes / 2}) {
        if (lanes < 4 || lanes > s.quotients[kX]) continue;
        for (int vectors = 1; vectors <= 4 && vectors * lanes <= s.quotients[kX]; vectors++) {
            for (const int channels : {1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14}) {
                if (channels > s.group_out) break;
                for (const int tile_y : {1, 2}) {
                    if (tile_y > s.quotients[kY]) break;
                    const int sums = vectors * period * channels * tile_y;
                    if (sums + std::min(vectors * tile_y, period * channels) + 1 > m.registers - (m.registers > 16 ? 3 : 0)) continue;
                    if (sums * max_taps > 512) continue;
                    Schedule p = new_schedule("space", s, lanes, true);
                    p.params["vectors"] = vectors;
                    p.params["channels"] = channels;
                    p.params["tile_y"] = tile_y;
                    const PerAxis<int> tile{lanes * vectors, tile_y, 1};
                    choose_blocks(p, s, m, tile);
                    const double tiles = static_cast<double>(s.groups) * ceil_div(s.group_out, channels) * ceil_div(s.quotients[kX], lanes * vectors) *
                                         ceil_div(s.quotients[kY], tile_y) * s.quotients[kZ];
                    const double fmas = static_cast<double>(s.all_taps(kX)) * vectors * channels * tile_y;
                    const double loads = vectors * tile_y * (max_taps + s.offsets() - 1.0) + s.all_taps(kX) * channels;
                    const double yz = static_cast<double>(s.all_taps(kY) * s.all_taps(kZ));
                    const double step = std::max({fmas / m.fma_per_cycle * (m.fma ? 1 : 2), loads / m.loads_per_cycle,
                                                  static_cast<double>(max_taps) * m.fma_latency * (m.fma ? 1 : 2)});
                    const double phases = static_cast<double>(s.axes[kY].period) * s.axes[kZ].period;
                    const double reduction = tiles * (yz * s.group_in * step + phases * (kTileOverhead + 2 * sums));
                    const double packed = static_cast<double>(ceil_div(s.group_out, channels)) * channels;
                    p.predicted_cycles = finish(p, s, m, tile, packed, reduction, s.channels_first_in ? 4.0 / m.lanes : 2.0, 0);
                    out.push_back(p);
                }
            }
        }
    }
}

void add_phases(std::vector<Schedule>& out, const Shape& s, const Machine& m) {
    const int period = s.axes[kX].period;
    if (!s.channels_first_out || !s.uniform_x()) return;
    for (int lanes = m.lanes; lanes >= 4; lanes /= 2) {
        for (int vectors = 1; vectors <= 4; vectors++) {
            if (period % (lanes * vectors) != 0) continue;
            for (int channels = 1; channels <= std::min<long long>(8, s.group_out); channels++) {
                for (int tile_x = 1; tile_x <= std::min(14, s.quotients[kX]); tile_x++) {
                    const int sums = vectors * channels * tile_x;
                    if (sums + std::min(vectors * channels, tile_x) + 1 > m.registers - (m.registers > 16 ? 3 : 0)) continue;
                    Schedule p = new_schedule("phases", s, lanes, true);
                    p.params["vectors"] = vectors;
                    p.params["channels"] = channels;
                    p.params["tile_x"] = tile_x;
                    const PerAxis<int> tile{tile_x, 1, 1};
                    choose_blocks(p, s, m, tile);
                    const double tiles = static_cast<double>(s.groups) * ceil_div(s.group_out, channels) * ceil_div(s.quotients[kX], tile_x) *
                                         s.quotients[kY] * s.quotients[kZ];
                    const double steps = static_cast<double>(s.all_taps(kX) * s.all_taps(kY) * s.all_taps(kZ)) / (lanes * vectors) * s.group_in;
                    const double tasks = static_cast<double>(period / (lanes * vectors)) * s.axes[kY].period * s.axes[kZ].period;
                    const double reduction =
                        tiles * (steps * step_cycles(m, sums, vectors * channels + tile_x) + tasks * (kTileOverhead + sums));
                    const double packed = static_cast<double>(ceil_div(s.group_out, channels)) * channels;
                    p.predicted_cycles = finish(p, s, m, tile, packed, reduction, s.channels_first_in ? 4.0 / m.lanes : 2.0, 0);
                    out.push_back(p);
                }
            }
        }
    }
}

void add_groups(std::vector<Schedule>& out, const Shape& s, const Machine& m) {
    if (s.group_in != 1 || s.group_out != 1 || s.channels_first_out) return;
    int lanes = m.lanes;
    while (lanes > s.groups) lanes /= 2;
    for (int tile_x = 1; tile_x <= std::min(12, s.quotients[kX]); tile_x++) {
        if (tile_x + 3 > m.registers) break;
        Schedule p = new_schedule("groups", s, lanes, s.pads || s.channels_first_in);
        p.params["tile_x"] = tile_x;
        const PerAxis<int> tile{tile_x, 1, 1};
        choose_blocks(p, s, m, tile);
        const double tiles = static_cast<double>(ceil_div(s.groups, lanes)) * ceil_div(s.quotients[kX], tile_x) * s.quotients[kY] * s.quotients[kZ];
        const double steps = static_cast<double>(s.all_taps(kX) * s.all_taps(kY) * s.all_taps(kZ));
        const double phases = static_cast<double>(s.axes[kX].period) * s.axes[kY].period * s.axes[kZ].period;
        p.predicted_cycles = s.batch * tiles * (steps * step_cycles(m, tile_x, tile_x + 1.0) + phases * (kTileOverhead + tile_x));
        out.push_back(p);
    }
}

}  // namespace

std::vector<Schedule> conv_transpose_candidates(const Problem& problem, const Machine& machine) {
    const Shape shape(problem);
    std::vector<Schedule> candidates;
    add_channels(candidates, shape, machine);
    add_space(candidates, shape, machine);
    add_phases(candidates, shape, machine);
    add_groups(candidates, shape, machine);
    return candidates;
}

Packing conv_transpose_packing(const Problem&, const Schedule& p) {
    using D = PackedDim;
    // Innermost first: the order in which the tile's reduction reads its weights, so that one block streams through cache once.
    if (p.family == "channels")
        return {p["lanes"] * p["vectors"], {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group}};
    if (p.family == "space")
        return {p["channels"], {D::rx, D::co_in_block, D::tx, D::ci, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    if (p.family == "phases")
        return {p["channels"], {D::rx, D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    return {1, {D::group, D::co_in_block, D::ci, D::tx, D::rx, D::ty, D::tz, D::ry, D::rz, D::co_block}};
}

void schedule_conv_transpose(ConvTransposeStages& s, const Problem& problem, const Machine&, const Schedule& p) {
    if (p.family == "channels") schedule_channels(s, problem, p);
    else if (p.family == "space") schedule_space(s, p);
    else if (p.family == "phases") schedule_phases(s, p);
    else if (p.family == "groups") schedule_groups(s, p);
    else s.acc.compute_at(s.output, s.c);  // reference: one output at a time
}

}  // namespace polyphase::x86
