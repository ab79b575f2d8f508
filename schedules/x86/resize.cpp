// Resampling on x86. Bound by memory when the output exceeds the cache, by loads and shuffles otherwise.
//   planes       channels first, small periods: a vector of q per phase, phases interleaved when stored: no gather, no
//   table gather       channels first, any ratio: vectors along x, inputs and weights gathered through x's table
//   channels     channels last: vectors along channels, one broadcast weight per tap
//   pixels       channels last with few channels, small periods: as planes, with channels interleaved at the store too
//   interleaved  channels last with few channels, any ratio: vectors along the whole row, gathered through x's table
// The row blended along y and z is computed once per output row into a buffer that stays in the first-level cache.
#include "schedules/x86/resize.h"

#include "schedules/x86/memory_bound.h"
#include "schedules/x86/task_memory.h"

namespace polyphase::x86 {
namespace {

using Halide::TailStrategy;
using Halide::Var;

constexpr int kMostInterleaved = 16;    // vectors in one interleaved store
constexpr int kMaxRowBytes = 64 << 10;  // of stack

bool keep_row(const ResizeStages& s, const Schedule& p) {
    return p["row_buffer"] && (s.extends_x || s.resamples_rows);
}

// Rounding up is free where the row goes on with its edge values; elsewhere it would read past the input.
void keep_row_at(ResizeStages& s, const Halide::Func& out, const Var& y, const Var& x, int lanes) {
    s.source.compute_at(out, y)
        .store_in(kTaskStack)
        .vectorize(x, lanes, s.extends_x ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
}

}  // namespace

std::vector<Schedule> resize_candidates(const Problem& problem, const Machine& m) {
    const AxisMap x = xyz_axes(problem)[kX];
    const bool phases = x.edge_replicated && x.period <= kMaxPeriod;
    const bool planes = problem.output_layout == Layout::nchw;
    const int quotients = (x.output + x.period - 1) / x.period;
    Schedule p;
    p.source = "cost model";
    int lanes = 1, row_channels = 1;
    if (planes) {
        p.family = phases ? "planes" : "gather";
        lanes = lanes_within(m.lanes, phases ? quotients : x.output);
    } else if (problem.in_channels * 2 >= m.lanes) {
        p.family = "channels";
        lanes = row_channels = lanes_within(m.lanes, problem.in_channels);
    } else if (phases && x.period * problem.in_channels <= kMostInterleaved) {
        p.family = "pixels";
        row_channels = problem.in_channels;
        lanes = lanes_within(m.lanes, quotients);
    } else {
        p.family = "interleaved";
        row_channels = problem.in_channels;
        lanes = lanes_within(m.lanes, x.output * problem.in_channels);
    }
    const bool row_buffer = 4LL * (x.input + 2 * m.lanes) * row_channels <= kMaxRowBytes;
    p.params = {{"lanes", lanes},
                {"rows", rows_per_task(problem)},
                {"parallel", worth_threads(problem)},
                {"row_buffer", row_buffer},
                {"x_phases", p.family == "planes" || p.family == "pixels"}};
    return {p};
}

std::optional<std::string> reject_resize(const Problem& problem, const Machine& machine, const Schedule& schedule) {
    // The problem leaves no choice of family, only of numbers.
    Schedule own = resize_candidates(problem, machine).front();
    if (schedule.family != own.family)
        return "schedule: field family: expected " + own.family + " or reference, found " + schedule.family;
    const int rows = problem.rank() > 1 ? problem.output[problem.rank() - 2] : 1;
    return reject_params(schedule, {{"lanes", 1, own.params["lanes"]},
                                    {"rows", 1, rows},
                                    {"parallel", 0, 1},
                                    {"row_buffer", 0, own.params["row_buffer"]},
                                    {"x_phases", own.params["x_phases"], own.params["x_phases"]}});
}

void schedule_resize(ResizeStages& s, const Schedule& p) {
    if (p.family == "reference") return;  // one output at a time, everything inline
    const auto [x, y, z] = s.o;
    const Var q("q"), r("r"), q_vector("q_vector"), lane("lane"), yi("yi"), yb("yb"), task("task"), block("c_block"),
        flat("flat");
    const int lanes = p["lanes"];
    const AxisMap& ax = s.axes[kX];
    Halide::Func out = s.output;
    out.bound(s.c, 0, s.channels).bound(x, 0, ax.output).bound(y, 0, s.axes[kY].output).bound(z, 0, s.axes[kZ].output);
    out.split(y, yb, yi, p["rows"], TailStrategy::GuardWithIf);
    if (p.family == "planes") {
        const int quotients = (ax.output + ax.period - 1) / ax.period;
        out.split(x, q, r, ax.period, tail(ax.output, ax.period, TailStrategy::GuardWithIf))
            .split(q, q_vector, lane, lanes, tail(quotients, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, r, q_vector, yi, yb, z, s.c, s.n)
            .vectorize(lane)
            .unroll(r)
            .fuse(yb, z, task)
            .fuse(task, s.c, task);
        if (keep_row(s, p)) keep_row_at(s, out, yi, x, lanes);
    } else if (p.family == "pixels") {
        const int quotients = (ax.output + ax.period - 1) / ax.period;
        out.split(x, q, r, ax.period, tail(ax.output, ax.period, TailStrategy::GuardWithIf))
            .split(q, q_vector, lane, lanes, tail(quotients, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, s.c, r, q_vector, yi, yb, z, s.n)
            .vectorize(lane)
            .unroll(s.c)
            .unroll(r)
            .fuse(yb, z, task);
        // A row as planes: what was strided is read once, and the taps of x are plain vectors.
        if (p["row_buffer"]) {
            keep_row_at(s, out, yi, x, lanes);
            s.source.reorder_storage(x, s.c, y, z, s.n).reorder(x, s.c, y, z, s.n);
        }
    } else if (p.family == "gather") {
        out.split(x, q_vector, lane, lanes, tail(ax.output, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, q_vector, yi, yb, z, s.c, s.n)
            .vectorize(lane)
            .fuse(yb, z, task)
            .fuse(task, s.c, task);
        if (keep_row(s, p)) keep_row_at(s, out, yi, x, lanes);
    } else if (p.family == "channels") {
        out.split(s.c, block, lane, lanes, tail(s.channels, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, x, block, yi, yb, z, s.n)
            .vectorize(lane)
            .fuse(yb, z, task);
        if (keep_row(s, p)) s.source.compute_at(out, block).store_in(kTaskStack).vectorize(s.c, lanes);
    } else if (p.family == "interleaved") {
        const int row = ax.output * s.channels;
        out.reorder(s.c, x, yi, yb, z, s.n)
            .fuse(s.c, x, flat)
            .vectorize(flat, lanes, tail(row, lanes, TailStrategy::ShiftInwards))
            .fuse(yb, z, task);
        if (keep_row(s, p)) {
            const Var row_flat("row_flat");
            s.source.compute_at(out, yi)
                .store_in(kTaskStack)
                .bound_extent(s.c, s.channels)
                .fuse(s.c, x, row_flat)
                .vectorize(row_flat, lanes, TailStrategy::GuardWithIf);
        }
    }
    if (p["parallel"]) out.parallel(task);
    // Interleaving needs pixels that follow each other; slices of wider tensors are stored element by element.
    if (p.family == "pixels") out.specialize(out.output_buffer().dim(1).stride() == s.channels);
}

}  // namespace polyphase::x86
