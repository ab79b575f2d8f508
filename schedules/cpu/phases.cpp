#include "schedules/cpu/phases.h"

#include "schedules/cpu/memory_bound.h"

namespace polyphase::cpu {
namespace {

using Halide::TailStrategy;
using Halide::Var;

constexpr int kMostInterleaved = 16;  // vectors in one interleaved store

bool unrolls_rows(const PerAxis<AxisMap>& axes) {
    return axes[kX].period * axes[kY].period <= kMostInterleaved;
}

// The rows of a period can be written at once. That costs a second stream of stores, and pays where they read the same
// inputs: overlapping columns, or the channels of a pixel. Max unpooling, which reads little, is better off without.
bool rows_share_inputs(const Problem& problem, const std::string& family) {
    const bool reads_planes = problem.input_layout == Layout::nchw;
    if (std::holds_alternative<MaxUnpool>(problem.op)) return false;
    if (family == "planes") return reads_planes && xyz_axes(problem)[kY].taps() > 1;
    return family == "channels" && !reads_planes;
}

}  // namespace

std::vector<Schedule> phase_candidates(const Problem& problem, const Machine& m) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const AxisMap& x = axes[kX];
    const int channels = problem.out_channels;
    Schedule p;
    p.source = "cost model";
    int extent = 1;
    if (problem.output_layout == Layout::nchw) {
        p.family = "planes";
        extent = quotients(x);
    } else if (channels * 2 >= m.lanes) {
        p.family = "channels";
        extent = channels;
    } else if (x.period * channels <= kMostInterleaved) {
        p.family = "pixels";
        extent = quotients(x);
    } else {
        p.family = "interleaved";
        extent = x.output * channels;
    }
    const bool compares = std::holds_alternative<MaxUnpool>(problem.op);
    const int most = compares ? m.lanes : std::min(m.lanes, kMostShuffledLanes);
    p.params = {{"lanes", lanes_within(most, extent)},
                {"planes", planes_per_task(output_elements(problem) / problem.batch / channels, channels)},
                {"rows", rows_per_task(problem)},
                {"row_phases", rows_share_inputs(problem, p.family) && unrolls_rows(axes)},
                {"parallel", worth_threads(problem)}};
    return {p};
}

std::optional<std::string> reject_phases(const Problem& problem, const Machine& machine, const Schedule& schedule) {
    // The problem leaves no choice of family, only of numbers.
    Schedule own = phase_candidates(problem, machine).front();
    if (schedule.family != own.family)
        return "schedule: field family: expected " + own.family + " or reference, found " + schedule.family;
    return reject_params(schedule, {{"lanes", 1, own.params["lanes"]},
                                    {"planes", 1, problem.out_channels, problem.out_channels},
                                    {"rows", 1, output_rows(problem)},
                                    {"row_phases", 0, unrolls_rows(xyz_axes(problem))},
                                    {"parallel", 0, 1}});
}

void schedule_phases(GatherStages& s, const Problem& problem, const Schedule& p) {
    if (p.family == "reference") return;  // one output at a time
    const auto [x, y, z] = s.o;
    const Var q("q"), r("r"), qy("qy"), ry("ry"), vector("vector"), lane("lane"), yb("yb"), yi("yi"), task("task"),
        flat("flat");
    const auto [ax, ay, az] = s.axes;
    const int lanes = p["lanes"];
    Halide::Func out = s.output;
    out.bound(s.c, 0, s.channels).bound(x, 0, ax.output).bound(y, 0, ay.output).bound(z, 0, az.output);

    // Rows of one period follow each other closely, or are written at once.
    const int periods = std::max(1, p["rows"] / ay.period);
    const bool unrolls_x = ax.period * (p.family == "pixels" ? s.channels : 1) <= kMostInterleaved;
    out.split(y, qy, ry, ay.period, tail(ay.output, ay.period, TailStrategy::GuardWithIf))
        .split(qy, yb, yi, periods, TailStrategy::GuardWithIf);
    const bool reads_planes = problem.input_layout == Layout::nchw;
    if (p.family == "planes" || p.family == "pixels") {
        out.split(x, q, r, ax.period, tail(ax.output, ax.period, TailStrategy::GuardWithIf))
            .split(q, vector, lane, lanes, tail(quotients(ax), lanes, TailStrategy::ShiftInwards))
            .vectorize(lane);
        if (unrolls_x) out.unroll(r);
    }
    if (p.family == "planes") {
        if (p["row_phases"])
            out.reorder(lane, r, ry, vector, yi, yb, z, s.c, s.n).unroll(ry);
        else
            out.reorder(lane, r, vector, ry, yi, yb, z, s.c, s.n);
        // Channels of a pixel are neighbours in the input: they are read while they are near.
        if (reads_planes)
            split_into_tasks(out, yb, z, s.c, s.n, p["planes"], task);
        else
            out.reorder(lane, r, vector, s.c, ry, yi, yb, z, s.n).fuse(yb, z, task);
    } else if (p.family == "pixels") {
        out.reorder(lane, s.c, r, vector, ry, yi, yb, z, s.n).unroll(s.c).fuse(yb, z, task);
    } else if (p.family == "channels") {
        out.split(s.c, vector, lane, lanes, tail(s.channels, lanes, TailStrategy::ShiftInwards)).vectorize(lane);
        if (reads_planes)
            out.reorder(lane, x, vector, ry, yi, yb, z, s.n);
        else if (p["row_phases"])
            out.split(x, q, r, ax.period, tail(ax.output, ax.period, TailStrategy::GuardWithIf))
                .reorder(lane, r, ry, vector, q, yi, yb, z, s.n)
                .unroll(r)
                .unroll(ry);
        else
            out.reorder(lane, vector, x, ry, yi, yb, z, s.n);
        out.fuse(yb, z, task);
    } else {
        const int row = ax.output * s.channels;
        out.reorder(s.c, x, ry, yi, yb, z, s.n)
            .fuse(s.c, x, flat)
            .vectorize(flat, lanes, tail(row, lanes, TailStrategy::ShiftInwards))
            .fuse(yb, z, task);
    }
    if (p["parallel"]) out.parallel(task);
    // Vectors across pixels need pixels that follow each other; slices of wider tensors go element by element.
    if (p.family == "pixels" || p.family == "interleaved") out.specialize(s.dense_pixels);
}

}  // namespace polyphase::cpu
