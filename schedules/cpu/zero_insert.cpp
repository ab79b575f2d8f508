// Zero insertion: bound by the stores. Phases of x are unrolled, so that a row is an interleave of the input
// with zeros.
#include "schedules/cpu/zero_insert.h"

#include "schedules/cpu/memory_bound.h"

namespace polyphase::cpu {
namespace {

using Halide::TailStrategy;
using Halide::Var;

}  // namespace

std::vector<Schedule> zero_insert_candidates(const Problem& problem, const Machine& m) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const bool planes = problem.output_layout == Layout::nchw;
    const bool interleave = planes && axes[kX].period <= kMaxPeriod;
    const int quotients = (axes[kX].output + axes[kX].period - 1) / axes[kX].period;
    const int extent = interleave ? quotients : planes ? axes[kX].output : problem.in_channels;
    return {{.family = interleave ? "interleave"
                       : planes   ? "rows"
                                  : "channels",
             .params = {{"lanes", lanes_within(m.lanes, extent)},
                        {"rows", rows_per_task(problem)},
                        {"parallel", worth_threads(problem)}},
             .source = "cost model"}};
}

std::optional<std::string> reject_zero_insert(const Problem& problem, const Machine& machine,
                                              const Schedule& schedule) {
    // The problem leaves no choice of family, only of numbers.
    Schedule own = zero_insert_candidates(problem, machine).front();
    if (schedule.family != own.family)
        return "schedule: field family: expected " + own.family + " or reference, found " + schedule.family;
    return reject_params(schedule,
                         {{"lanes", 1, own.params["lanes"]}, {"rows", 1, output_rows(problem)}, {"parallel", 0, 1}});
}

void schedule_zero_insert(ZeroInsertStages& s, const Schedule& p) {
    if (p.family == "reference") return;  // one output at a time
    const auto [x, y, z] = s.o;
    const Var q("q"), r("r"), vector("vector"), lane("lane"), yb("yb"), yi("yi"), task("task");
    const int lanes = p["lanes"];
    const AxisMap& ax = s.axes[kX];
    Halide::Func out = s.output;
    out.bound(s.c, 0, s.channels).bound(x, 0, ax.output).bound(y, 0, s.axes[kY].output).bound(z, 0, s.axes[kZ].output);
    out.split(y, yb, yi, p["rows"], TailStrategy::GuardWithIf);
    if (p.family == "interleave") {
        const int quotients = (ax.output + ax.period - 1) / ax.period;
        out.split(x, q, r, ax.period, tail(ax.output, ax.period, TailStrategy::GuardWithIf))
            .split(q, vector, lane, lanes, tail(quotients, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, r, vector, yi, yb, z, s.c, s.n)
            .vectorize(lane)
            .unroll(r)
            .fuse(yb, z, task)
            .fuse(task, s.c, task);
    } else if (p.family == "rows") {
        out.split(x, vector, lane, lanes, tail(ax.output, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, vector, yi, yb, z, s.c, s.n)
            .vectorize(lane)
            .fuse(yb, z, task)
            .fuse(task, s.c, task);
    } else {
        out.split(s.c, vector, lane, lanes, tail(s.channels, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, vector, x, yi, yb, z, s.n)
            .vectorize(lane)
            .fuse(yb, z, task);
    }
    if (p["parallel"]) out.parallel(task);
}

}  // namespace polyphase::cpu
