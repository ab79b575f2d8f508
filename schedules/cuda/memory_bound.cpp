// A GPU reaches the bandwidth of its memory when every warp touches whole lines and enough of them are on their way:
// neighbouring threads write neighbouring 16 bytes, and all dimensions are one flat range of threads, so that no shape
// leaves a multiprocessor idle. What several outputs read in common comes from the first-level cache.
//   flat       one output per thread, or four neighbours
//   phases     resampling along dense rows: whole periods per thread, whose inputs are blended along y and z once, in
//              registers. At the bandwidth of an H200 there is time for some 30 instructions per output: four outputs
//              of a bicubic resampling take 340 apart, sharing columns a third of that
#include "schedules/cuda/memory_bound.h"

#include <numeric>

#include "generators/tap_tables.h"

namespace polyphase::cuda {
namespace {

using Halide::Func;
using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;

constexpr int kThreads = 128;                    // of a block: small enough that the last wave is short
constexpr int kVector = 4;                       // 16 bytes
constexpr int kMostOutputs = 12, kMostRows = 4;  // of a thread

// Dimensions of an output, innermost in memory first.
std::vector<Var> memory_order(const Problem& problem, const Var& c, const PerAxis<Var>& o, const Var& n) {
    if (problem.output_layout == Layout::nhwc) return {c, o[kX], o[kY], o[kZ], n};
    return {o[kX], o[kY], o[kZ], c, n};
}

int innermost_extent(const Problem& problem) {
    return problem.output_layout == Layout::nhwc ? problem.out_channels : problem.output.back();
}

int lanes_of(const Schedule& p) {
    return p.family == "reference" ? 1 : p["lanes"];
}

// Maps `loops`, innermost first, to one range of threads. Returns the loop over a block's threads.
Var flat_threads(Func f, const std::vector<Var>& loops) {
    const Var flat("flat"), block("block"), thread("thread");
    Var all = loops.front();
    for (size_t i = 1; i < loops.size(); i++) {
        f.fuse(all, loops[i], flat);
        all = flat;
    }
    f.gpu_tile(all, block, thread, kThreads, TailStrategy::GuardWithIf);
    return thread;
}

}  // namespace

Var one_pass(Func f, const std::vector<Var>& order, int lanes, const std::vector<Var>& unrolled) {
    const Var vector("vector"), lane("lane");
    Var inner = order.front();
    if (lanes > 1) {
        f.split(order.front(), vector, lane, lanes, TailStrategy::RoundUp);
        inner = vector;
    }
    std::vector<Halide::VarOrRVar> loops;
    if (lanes > 1) loops.push_back(lane);
    loops.insert(loops.end(), unrolled.begin(), unrolled.end());
    loops.push_back(inner);
    loops.insert(loops.end(), order.begin() + 1, order.end());
    f.reorder(loops);
    if (lanes > 1) f.vectorize(lane);
    for (const Var& loop : unrolled) f.unroll(loop);
    std::vector<Var> threads{inner};
    threads.insert(threads.end(), order.begin() + 1, order.end());
    return flat_threads(f, threads);
}

// Outputs of a thread of the family "phases": whole periods and whole vectors; 0 if a row has no such parts.
int outputs_in_phases(const Problem& problem) {
    if (!std::holds_alternative<Resize>(problem.op) || problem.output_layout == Layout::nhwc) return 0;
    const AxisMap x = xyz_axes(problem)[kX];
    if (!phases_along_x(x)) return 0;
    // More than one vector would leave gaps between those that neighbouring threads write at a time.
    for (const int vector : {kVector, 2}) {
        const int outputs = std::lcm(x.period, vector);
        if (outputs <= kMostOutputs && x.output % outputs == 0) return outputs;
    }
    return 0;
}

// Rows of a resampling's thread: all phases of y, which read nearly the same inputs.
int rows_of(const Problem& problem) {
    if (!std::holds_alternative<Resize>(problem.op)) return 1;
    const AxisMap y = xyz_axes(problem)[kY];
    return y.edge_replicated && y.taps() > 1 && y.period <= std::min(kMostRows, y.output) ? y.period : 1;
}

std::vector<Schedule> memory_bound_candidates(const Problem& problem) {
    if (const int outputs = outputs_in_phases(problem); outputs > 0)
        return {{.family = "phases",
                 .params = {{"outputs", outputs}, {"rows", rows_of(problem)}, {"x_phases", 1}},
                 .source = "cost model"}};
    const int lanes = innermost_extent(problem) % kVector == 0 ? kVector : 1;
    return {{.family = "flat", .params = {{"lanes", lanes}, {"rows", rows_of(problem)}}, .source = "cost model"}};
}

std::optional<std::string> reject_memory_bound(const Problem& problem, const Schedule& schedule) {
    const std::string own = memory_bound_candidates(problem).front().family;
    if (schedule.family != own)
        return "schedule: field family: expected " + own + " or reference, found " + schedule.family;
    if (own == "phases")
        return reject_params(schedule, {{"outputs", outputs_in_phases(problem), outputs_in_phases(problem)},
                                        {"rows", 1, rows_of(problem), rows_of(problem)},
                                        {"x_phases", 1, 1}});
    return reject_params(
        schedule, {{"lanes", 1, kVector, innermost_extent(problem)}, {"rows", 1, rows_of(problem), rows_of(problem)}});
}

void schedule_tables(const std::vector<Func>& tables) {
    for (Func table : tables) {
        table.compute_root();
        one_pass(table, table.args(), 1);
    }
}

void schedule_resize(ResizeStages& s, const Problem& problem, const Schedule& p) {
    s.output.bound(s.c, 0, s.channels);
    schedule_tables(s.tables);
    const auto [x, y, z] = s.o;
    const Var rows("rows"), row("row");
    if (p.family == "reference") {
        one_pass(s.output, memory_order(problem, s.c, s.o, s.n), 1);
        return;
    }
    s.output.split(y, rows, row, p["rows"],
                   s.axes[kY].output % p["rows"] == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
    if (p.family == "flat") {
        one_pass(s.output, memory_order(problem, s.c, {x, rows, z}, s.n), p["lanes"], {row});
        return;
    }
    const int outputs = p["outputs"], lanes = outputs % kVector == 0 ? kVector : 2;
    const Var periods("periods"), in_thread("in_thread"), vector("vector"), lane("lane"), q("q"), r("r");
    s.output.split(x, periods, in_thread, outputs, TailStrategy::RoundUp)
        .split(in_thread, vector, lane, lanes)
        .reorder(lane, vector, row, periods, rows, z, s.c, s.n)
        .vectorize(lane)
        .unroll(vector)
        .unroll(row);
    const Var thread = flat_threads(s.output, {periods, rows, z, s.c, s.n});
    s.resampled.compute_at(s.output, thread).store_in(MemoryType::Register).split(x, q, r, s.axes[kX].period);
    s.resampled.unroll(r).unroll(q).unroll(y);
    s.source.compute_at(s.output, thread).store_in(MemoryType::Register).unroll(x).unroll(y);
}

void schedule_gather(GatherStages& s, const Problem& problem, const Schedule& p) {
    one_pass(s.output, memory_order(problem, s.c, s.o, s.n), lanes_of(p));
}

void schedule_max_pool(MaxPoolStages& s, const Problem& problem, const Schedule& p) {
    const Var thread = one_pass(s.output, memory_order(problem, s.c, s.o, s.n), lanes_of(p));
    s.best.compute_at(s.output, thread);
}

void schedule_pack(PackStages& s) {
    one_pass(s.packed, s.packed.args(), 1);
}

}  // namespace polyphase::cuda
