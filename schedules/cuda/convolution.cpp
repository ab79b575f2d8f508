// Convolutions on GPUs.
//
//   tiles      A block computes a tile of outputs, of one phase or of all phases of x and y. Each thread keeps its part
//              of the sums in registers while the block walks through the input channels, a chunk at a time. A chunk
//              of the padded input goes through shared memory, and so do its weights: all loads of a chunk are on
//              their way together and are waited for once. Without that each step waits for its weights from the
//              second-level cache, 2,700 cycles under load, which costs half of the speed and more.
//   direct     One thread per output or four of them, nothing shared: groups of few channels, which memory binds.
//   reference  One thread per output.
//
// A multiprocessor starts 128 FMAs a cycle but brings 32 words from shared memory or its cache, so a thread that keeps
// a x b sums and loads a + b words for them wants a*b/4 > a + b: 8 x 8 is the least that does not wait for loads, 16 x
// 8 the most that fits 255 registers without spilling.
//
// Where the lanes of a warp lie decides whether stores are coalesced: along channels (channels last), along the phases
// and quotients of x (channels first), so that a warp writes whole lines. It also decides which banks of the shared
// memory they meet: pixels and phases lie at pitches (pixel_pitch, filter_pitch) that keep neighbouring lanes apart,
// without which channels first took up to three times as long.
//
// On an H200 (docs/benchmarks/gpu.md): 35 to 56 % of the FMA peak over 1 GFLOP, and up to 136 % in direct FLOPs where
// weights are summed beforehand, which is 60 % of the FMAs that are left. What limits it: the warps of a block wait for
// each other at every chunk, and 12 to 16 warps of 128 to 168 registers are all that a multiprocessor holds.
#include "schedules/cuda/convolution.h"

#include <algorithm>
#include <array>

#include "generators/convolution.h"
#include "schedules/cuda/memory_bound.h"

namespace polyphase::cuda {
namespace {

using Halide::Func;
using Halide::MemoryType;
using Halide::RVar;
using Halide::Stage;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

constexpr int kVector = 4;           // 16 bytes
constexpr int kCopyRegisters = 144;  // for the sums and what is on its way to shared memory

// Dimensions of the output, innermost in memory first.
std::vector<Var> memory_order(const ConvolutionStages& s, const Problem& problem) {
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    if (problem.output_layout == Layout::nhwc) return {s.c, s.g, rx, qx, ry, qy, rz, qz, s.n};
    return {rx, qx, ry, qy, rz, qz, s.c, s.g, s.n};
}

// The loops of one thread's tile and of the threads of a block, the same in every stage.
struct Tile {
    int lanes_c, lanes_r, lanes_x, lanes_y;  // threads along channels, phases of x, quotients of x, of y
    int c, x, y;                             // of a thread
    bool phases_x, phases_y;                 // a thread computes all phases
    bool lanes_c_first;                      // lanes along channels are the innermost
    bool channels_last;

    Var vector{"c_vector"}, lane_c{"c_lane"}, in_vector{"c_in_vector"}, lane_x{"x_lane"}, in_x{"x_in_thread"},
        lane_y{"y_lane"}, in_y{"y_in_thread"};

    Tile(const Problem& problem, const Schedule& p)
        : lanes_c(p["lanes_c"]),
          lanes_r(p["lanes_r"]),
          lanes_x(p["lanes_x"]),
          lanes_y(p["lanes_y"]),
          c(p["tile_c"]),
          x(p["tile_x"]),
          y(p["tile_y"]),
          phases_x(p["phases_x"] != 0),
          phases_y(p["phases_y"] != 0),
          lanes_c_first(p["lanes_c_first"] != 0),
          channels_last(problem.output_layout == Layout::nhwc) {}

    int block_c() const { return lanes_c * c; }
    int block_x() const { return lanes_x * x; }
    int block_y() const { return lanes_y * y; }
    int threads() const { return lanes_c * lanes_r * lanes_x * lanes_y; }
    int width() const { return std::min(c, kVector); }
    int sums(const PerAxis<AxisMap>& axes) const {  // of a thread
        return c * x * y * (phases_x ? axes[kX].period : 1) * (phases_y ? axes[kY].period : 1);
    }

    // Cuts what a block computes along c, qx and qy into threads and their tiles, and maps the threads. Returns the
    // loops of a thread's tile, innermost first.
    std::vector<VarOrRVar> spread(const ConvolutionStages& s, Stage stage, const Var& block_c, const Var& block_x,
                                  const Var& block_y, const std::vector<VarOrRVar>& reduction_in,
                                  const std::vector<VarOrRVar>& outside, bool vectors) {
        // A thread's channels are vectors of four, those of neighbouring lanes follow each other.
        stage.split(block_c, vector, lane_c, lanes_c * width()).split(lane_c, lane_c, in_vector, width());
        // Lanes that are many follow each other; few have tiles that do, so that neighbouring taps share inputs.
        if (lanes_x >= 8)
            stage.split(block_x, in_x, lane_x, lanes_x);
        else
            stage.split(block_x, lane_x, in_x, x);
        stage.split(block_y, lane_y, in_y, y);
        std::vector<VarOrRVar> tile{in_vector, vector, in_x, in_y};
        if (phases_x) tile.push_back(s.r[kX]);
        if (phases_y) tile.push_back(s.r[kY]);
        std::vector<VarOrRVar> threads;
        if (lanes_c_first) threads.push_back(lane_c);
        if (lanes_r > 1) threads.push_back(s.r[kX]);
        threads.insert(threads.end(), {lane_x, lane_y});
        if (!lanes_c_first) threads.push_back(lane_c);
        std::vector<VarOrRVar> all = tile;
        all.insert(all.end(), reduction_in.begin(), reduction_in.end());
        all.insert(all.end(), threads.begin(), threads.end());
        all.insert(all.end(), outside.begin(), outside.end());
        stage.reorder(all);
        for (size_t i = 0; i < tile.size(); i++) {
            if (i == 0 && vectors)
                stage.vectorize(tile[i]);
            else
                stage.unroll(tile[i]);
        }
        if (lanes_r > 1) stage.fuse(s.r[kX], lane_x, lane_x);
        if (lanes_c_first)
            stage.gpu_threads(lane_c, lane_x, lane_y);
        else
            stage.gpu_threads(lane_x, lane_y, lane_c);
        return tile;
    }

    // Gives `thread`, the loop over as many iterations as a block has threads, to them; `inside` runs in each.
    void share(Func staged, const Var& thread, std::vector<VarOrRVar> inside) const {
        const Var t0("t0"), t1("t1"), t2("t2"), rest("rest");
        const auto [n0, n1, n2] = block();
        inside.insert(inside.end(), {t0, t1, t2});
        staged.split(thread, rest, t0, n0).split(rest, t2, t1, n1).reorder(inside).gpu_threads(t0, t1, t2);
    }

    // Threads along the three axes of a block.
    std::array<int, 3> block() const {
        const int rx = lanes_r * lanes_x;
        return lanes_c_first ? std::array<int, 3>{lanes_c, rx, lanes_y} : std::array<int, 3>{rx, lanes_y, lanes_c};
    }
};

// Inputs along an axis that `outputs` quotients of a block read, all phases or one.
int inputs_of(const AxisMap& axis, int outputs, bool phases) {
    const int span = (std::max(axis.taps(), 1) - 1) * std::abs(axis.input_step);
    return (outputs - 1) * axis.advance + 1 + (phases ? reach(axis) : span);
}

// The chunk of the padded input, copied by all threads of a block in the order in which it lies in memory.
void stage_chunk(ConvolutionStages& s, const Problem& problem, const Schedule& p, const Tile& t, const Func& sums,
                 Func staged, const RVar& chunk) {
    const auto [x, y, z] = s.i;
    const bool ci_last = problem.input_layout == Layout::nhwc;
    staged.compute_at(sums, chunk).store_in(MemoryType::GPUShared);
    const PerAxis<int> extents{inputs_of(s.axes[kX], t.block_x(), t.phases_x || t.lanes_r > 1),
                               inputs_of(s.axes[kY], t.block_y(), t.phases_y), inputs_of(s.axes[kZ], 1, false)};
    staged.bound_extent(s.ci, p["depth"]).bound_extent(s.n, 1);
    for (int a = 0; a < kAxes; a++) staged.bound_extent(s.i[a], extents[a]);
    const int extent = p["depth"] * extents[kX] * extents[kY] * extents[kZ];
    // Lanes along x read neighbouring words; lanes along channels read the same word, four channels at a time.
    // The pitch of a pixel keeps lanes along x in different banks.
    if (t.lanes_x >= 8)
        staged.reorder_storage(x, y, z, s.ci, s.n);
    else
        staged.reorder_storage(s.ci, x, y, z, s.n).align_storage(s.ci, pixel_pitch(p["depth"], t.x));
    const Var flat("staged_flat"), copy("copy"), thread("staged_thread");
    const std::vector<Var> order =
        ci_last ? std::vector<Var>{s.ci, x, y, z, s.n} : std::vector<Var>{x, y, s.ci, z, s.n};
    staged.reorder(std::vector<VarOrRVar>(order.begin(), order.end()));
    staged.fuse(order[0], order[1], flat);
    for (size_t i = 2; i < order.size(); i++) staged.fuse(flat, order[i], flat);
    staged.split(flat, copy, thread, t.threads(), TailStrategy::GuardWithIf);
    t.share(staged, thread, {copy});
    if (extent <= kMostCopies * t.threads()) staged.unroll(copy);
}

// The weights of a chunk, copied by all threads of a block as they lie in memory, in vectors.
void stage_filter(ConvolutionStages& s, const Schedule& p, const Tile& t, const Func& sums, const RVar& chunk) {
    const std::vector<Var> args = s.filter.args();  // c, g, ci, tx, ty, tz, rx, ry, rz
    const bool all_x = t.phases_x || t.lanes_r > 1;
    const PerAxis<int> phases{all_x ? s.axes[kX].period : 1, t.phases_y ? s.axes[kY].period : 1, 1};
    Func staged = s.filter;
    staged.compute_at(sums, chunk).store_in(MemoryType::GPUShared);
    staged.bound_extent(args[0], t.block_c()).bound_extent(args[1], 1).bound_extent(args[2], p["depth"]);
    for (int a = 0; a < kAxes; a++)
        staged.bound_extent(args[3 + a], std::max(s.axes[a].taps(), 1)).bound_extent(args[6 + a], phases[a]);
    std::vector<Var> order{args[0], args[2], args[3], args[4], args[5], args[6], args[7], args[8], args[1]};
    if (all_x) order = {args[0], args[6], args[2], args[3], args[4], args[5], args[7], args[8], args[1]};
    staged.reorder_storage(order).align_storage(order[0], filter_pitch(t.block_c(), t.lanes_r));
    const int width = filter_vector(s.group_out, t.block_c());
    const Var vectors("filter_vectors"), lane("filter_lane"), flat("filter_flat"), copy("filter_copy"),
        copy_in("filter_copy_in"), thread("filter_thread");
    staged.split(order[0], vectors, lane, width);
    std::vector<VarOrRVar> loops{lane, vectors};
    loops.insert(loops.end(), order.begin() + 1, order.end());
    staged.reorder(loops).fuse(vectors, order[1], flat);
    for (size_t i = 2; i < order.size(); i++) staged.fuse(flat, order[i], flat);
    int vectors_in_all = t.block_c() / width * p["depth"];
    for (int a = 0; a < kAxes; a++) vectors_in_all *= std::max(s.axes[a].taps(), 1) * phases[a];
    const int copies = ceil_div(vectors_in_all, t.threads());
    const int together = divisor_within(copies, std::clamp((kCopyRegisters - t.sums(s.axes)) / width, 1, kMostCopies));
    staged
        .split(flat, copy, thread, t.threads(),
               vectors_in_all % t.threads() == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf)
        .split(copy, copy, copy_in, together);
    t.share(staged, thread, {lane, copy_in, copy});
    staged.vectorize(lane).unroll(copy_in);
}

// The reduction in `splits` parts, each the work of blocks of its own, so that few outputs fill a GPU too. Returns the
// parts' sums, which lie in memory until the output's own kernel adds them up, always in the same order.
Func split_reduction(ConvolutionStages& s, const Problem& problem, const Schedule& p, const Var& part, RVar& ci) {
    const RVar parts("parts"), in_part("in_part");
    s.acc.update().split(s.taps.x, parts, in_part, s.group_in / p["splits"]);
    Func sums = s.acc.update().rfactor(parts, part);
    ci = in_part;
    const std::vector<Var> order = memory_order(s, problem);
    s.acc.compute_at(s.output, one_pass(s.output, order, 1)).store_in(MemoryType::Register);
    return sums;
}

void schedule_tiles(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    Tile t(problem, p);
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    const Var block_c("c_block"), block_x("x_block"), block_y("y_block"), in_c("c_in_block"), in_x("x_in_block"),
        in_y("y_in_block"), place("place"), rest("rest_of_grid"), part("part");

    Func sums = s.acc, stored = s.output;
    RVar ci = s.taps.x;
    const bool splits = p["splits"] > 1;
    if (splits) {
        sums = split_reduction(s, problem, p, part, ci);
        stored = sums.in(s.acc);
        std::vector<Var> order = memory_order(s, problem);
        order.push_back(part);
        stored.compute_root().reorder_storage(order);
    } else {
        stored.bound(s.c, 0, s.group_out);
    }
    stored
        .split(s.c, block_c, in_c, t.block_c(),
               s.group_out % t.block_c() == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf)
        .split(qx, block_x, in_x, t.block_x(), TailStrategy::ShiftInwards)
        .split(qy, block_y, in_y, t.block_y(), TailStrategy::ShiftInwards);
    std::vector<VarOrRVar> outside{block_x, block_y, qz, block_c, s.g};
    if (!t.phases_x && t.lanes_r == 1) outside.push_back(rx);
    if (!t.phases_y) outside.push_back(ry);
    outside.push_back(rz);
    outside.push_back(s.n);
    if (splits) outside.push_back(part);
    // Vectors of three are stored as four by some OpenCL compilers.
    const bool whole_vectors = t.width() % 2 == 0 && s.group_out % t.width() == 0;
    t.spread(s, Stage(stored), in_c, in_x, in_y, {}, outside, t.channels_last && whole_vectors);
    stored.fuse(block_x, block_y, place).fuse(place, qz, place);
    Var grid = s.g;
    for (size_t i = 5; i < outside.size(); i++) {
        stored.fuse(grid, outside[i].var, rest);
        grid = rest;
    }
    stored.gpu_blocks(place, block_c, grid);

    sums.compute_at(stored, place)
        .store_in(MemoryType::Register)
        .bound_extent(s.c, t.block_c())
        .bound_extent(qx, t.block_x())
        .bound_extent(qy, t.block_y());
    std::vector<VarOrRVar> single{qz, s.g, rz, s.n};  // loops of one iteration
    if (!t.phases_x && t.lanes_r == 1) single.push_back(rx);
    if (!t.phases_y) single.push_back(ry);
    if (splits) single.push_back(part);
    t.spread(s, Stage(sums), s.c, qx, qy, {}, single, t.width() % 2 == 0);
    auto update = sums.update();
    const RVar chunk("chunk"), in_chunk("in_chunk"), step("step"), in_step("in_step");
    update.split(ci, chunk, in_chunk, p["depth"]).split(in_chunk, step, in_step, p["unroll"]);
    std::vector<VarOrRVar> reduction{in_step};
    const PerAxis<RVar> taps{s.taps.y, s.taps.z, s.taps.w};
    if (p["unroll_taps"])
        reduction.insert(reduction.end(), {taps[kX], taps[kY], taps[kZ], step});
    else
        reduction.insert(reduction.end(), {step, taps[kX], taps[kY], taps[kZ]});
    single.insert(single.begin(), chunk);
    t.spread(s, update, s.c, qx, qy, reduction, single, t.width() % 2 == 0);
    update.unroll(in_step);
    if (p["unroll_taps"]) update.unroll(taps[kX]).unroll(taps[kY]).unroll(taps[kZ]);

    Func staged = s.padded;
    if (s.resamples) {
        s.padded.compute_root();
        one_pass(s.padded, s.padded.args(), 1);
        staged = s.padded.in(sums);
    }
    stage_chunk(s, problem, p, t, sums, staged, chunk);
    stage_filter(s, p, t, sums, chunk);
}

void schedule_direct(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    std::vector<Var> order = memory_order(s, problem);
    if (problem.output_layout == Layout::nhwc && s.group_out == 1) std::swap(order[0], order[1]);
    const Var thread = one_pass(s.output, order, p["lanes"]);
    s.acc.compute_at(s.output, thread).store_in(MemoryType::Register);
    if (p["lanes"] > 1) {
        s.acc.vectorize(order[0]);
        s.acc.update().vectorize(order[0]);
    }
}

}  // namespace

Packing convolution_packing(const Problem& problem, const Schedule& p) {
    using D = PackedDim;
    if (p.family == "tiles") {
        const int block = p["lanes_c"] * p["tile_c"];
        if (p["lanes_r"] > 1 || p["phases_x"])
            return {block, {D::co_in_block, D::rx, D::ci, D::tx, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
        return {block, {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group}};
    }
    // The direct family and the reference: innermost what lanes run along.
    if (problem.output_layout == Layout::nchw)
        return {1, {D::rx, D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::ry, D::rz, D::co_block, D::group}};
    return {1, {D::group, D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block}};
}

void schedule_convolution(ConvolutionStages& s, const Problem& problem, const Schedule& p) {
    schedule_tables(s.tables);
    if (p.family == "tiles")
        schedule_tiles(s, problem, p);
    else if (p.family == "direct")
        schedule_direct(s, problem, p);
    else
        s.acc.compute_at(s.output, one_pass(s.output, memory_order(s, problem), 1)).store_in(MemoryType::Register);
}

}  // namespace polyphase::cuda
