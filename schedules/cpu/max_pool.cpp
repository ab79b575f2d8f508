// Max pooling with indices: one vector of values and one of positions in registers, over the window.
//   rows         channels first: vectors along x, strided loads
//   channels     channels last: vectors along channels
//   interleaved  channels last, few channels: vectors along the whole row, inputs gathered
#include "schedules/cpu/max_pool.h"

#include "generators/convolution.h"
#include "schedules/cpu/memory_bound.h"

namespace polyphase::cpu {
namespace {

using Halide::TailStrategy;
using Halide::Var;

constexpr int kMostUnrolledTaps = 9;

}  // namespace

std::vector<Schedule> max_pool_candidates(const Problem& problem, const Machine& m) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const int channels = problem.out_channels, width = axes[kX].output;
    const bool planes = problem.output_layout == Layout::nchw;
    const bool wide = channels * 2 >= m.lanes;
    // Halide 21 fails on clamped positions whose distance is a multiple of four, where it makes dense loads of gathers:
    // on ARM, the only ones with lane operands.
    const bool fails = planes && m.lane_operands && axes[kX].advance % 4 == 0 && reads_outside(axes[kX]);
    const int extent = fails ? 1 : planes ? width : wide ? channels : width * channels;
    return {{.family = planes ? "rows"
                       : wide ? "channels"
                              : "interleaved",
             .params = {{"lanes", lanes_within(m.lanes, extent)},
                        {"planes", planes_per_task(output_elements(problem) / problem.batch / channels, channels)},
                        {"rows", rows_per_task(problem)},
                        {"parallel", worth_threads(problem)}},
             .source = "cost model"}};
}

std::optional<std::string> reject_max_pool(const Problem& problem, const Machine& machine, const Schedule& schedule) {
    // The problem leaves no choice of family, only of numbers.
    Schedule own = max_pool_candidates(problem, machine).front();
    if (schedule.family != own.family)
        return "schedule: field family: expected " + own.family + " or reference, found " + schedule.family;
    return reject_params(schedule, {{"lanes", 1, own.params["lanes"]},
                                    {"planes", 1, problem.out_channels, problem.out_channels},
                                    {"rows", 1, output_rows(problem)},
                                    {"parallel", 0, 1}});
}

void schedule_max_pool(MaxPoolStages& s, const Problem& problem, const Schedule& p) {
    if (p.family == "reference") return;  // one output at a time
    const auto [x, y, z] = s.o;
    const Var vector("vector"), lane("lane"), yb("yb"), yi("yi"), task("task"), flat("flat");
    const auto [ax, ay, az] = s.axes;
    const int lanes = p["lanes"];
    Halide::Func out = s.output;
    out.bound(s.c, 0, s.channels).bound(x, 0, ax.output).bound(y, 0, ay.output).bound(z, 0, az.output);
    out.split(y, yb, yi, p["rows"], TailStrategy::GuardWithIf);
    const bool reads_planes = problem.input_layout == Layout::nchw;
    if (p.family == "rows") {
        out.split(x, vector, lane, lanes, tail(ax.output, lanes, TailStrategy::ShiftInwards)).vectorize(lane);
        if (reads_planes)
            split_into_tasks(out.reorder(lane, vector, yi, yb, z, s.c, s.n), yb, z, s.c, s.n, p["planes"], task);
        else
            out.reorder(lane, vector, s.c, yi, yb, z, s.n).fuse(yb, z, task);
        s.best.compute_at(out, vector).vectorize(x).update().vectorize(x);
    } else if (p.family == "channels") {
        out.split(s.c, vector, lane, lanes, tail(s.channels, lanes, TailStrategy::ShiftInwards)).vectorize(lane);
        if (reads_planes)
            out.reorder(lane, x, vector, yi, yb, z, s.n);
        else
            out.reorder(lane, vector, x, yi, yb, z, s.n);
        out.fuse(yb, z, task);
        s.best.compute_at(out, reads_planes ? x : vector).vectorize(s.c).update().vectorize(s.c);
    } else {
        out.reorder(s.c, x, yi, yb, z, s.n)
            .fuse(s.c, x, flat)
            .vectorize(flat, lanes, tail(ax.output * s.channels, lanes, TailStrategy::ShiftInwards))
            .fuse(yb, z, task);
    }
    if (p.family != "interleaved" && ax.taps() * ay.taps() * az.taps() <= kMostUnrolledTaps)
        s.best.update().unroll(s.taps.x).unroll(s.taps.y).unroll(s.taps.z);
    if (p["parallel"]) out.parallel(task);
}

}  // namespace polyphase::cpu
