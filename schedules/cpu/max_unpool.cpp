#include "schedules/cpu/max_unpool.h"

#include "schedules/cpu/memory_bound.h"

namespace polyphase::cpu {
using Halide::TailStrategy;
using Halide::Var;

void schedule_unpool_check(UnpoolCheckStages& s, const Problem& problem, const Machine& m, const Schedule& p) {
    s.positions.compute_root();
    s.worst.compute_root();
    if (p.family == "reference") return;
    constexpr int kTask = 16 << 10;  // inputs, 128 kB of indices
    const int elements = static_cast<int>(input_elements(problem));
    const int plane = elements / problem.batch / problem.in_channels;
    const Var outer("outer"), inner("inner"), vector("vector"), lane("flat_lane"), task("task"), rest("rest");
    const auto by_rows = [&](int row) {
        const int lanes = lanes_within(m.lanes, row), rows = elements / row;
        s.positions.split(s.f, outer, inner, row, TailStrategy::RoundUp)
            .split(outer, task, rest, std::clamp(kTask / row, 1, rows), TailStrategy::GuardWithIf)
            .split(inner, vector, lane, lanes, tail(row, lanes, TailStrategy::ShiftInwards))
            .vectorize(lane);
    };
    if (problem.input_layout == Layout::nchw && plane * 2 >= m.lanes) {
        // Every plane has the same windows: they are worked out once.
        s.window.compute_root().vectorize(s.e, m.lanes, TailStrategy::GuardWithIf);
        for (Halide::Func start : s.start) start.compute_root().vectorize(s.e, m.lanes, TailStrategy::GuardWithIf);
        by_rows(plane);
    } else if (problem.input_layout == Layout::nhwc && problem.in_channels * 2 >= m.lanes) {
        by_rows(problem.in_channels);
    } else {
        const int lanes = lanes_within(m.lanes, elements), vectors = (elements + lanes - 1) / lanes;
        s.positions.split(s.f, vector, lane, lanes, tail(elements, lanes, TailStrategy::ShiftInwards))
            .split(vector, task, rest, std::clamp(kTask / lanes, 1, vectors), TailStrategy::GuardWithIf)
            .vectorize(lane);
    }
    if (p["parallel"]) s.positions.parallel(task);
    s.worst.vectorize(s.lane).update().vectorize(s.lane);
}

void schedule_unpool_scatter(UnpoolScatterStages& s, const Problem& problem, const Machine& m, const Schedule& p) {
    if (p.family == "reference") return;
    const auto [x, y, z] = s.o;
    const bool planes = problem.output_layout == Layout::nchw;
    const int row = planes ? s.axes[kX].output : s.channels, lanes = lanes_within(m.lanes, row);
    if (planes)
        s.output.reorder(x, y, z, s.c, s.n).vectorize(x, lanes, tail(row, lanes, TailStrategy::ShiftInwards));
    else
        s.output.reorder(s.c, x, y, z, s.n).vectorize(s.c, lanes, tail(row, lanes, TailStrategy::ShiftInwards));
    s.output.update().unscheduled();  // one after the other
}

}  // namespace polyphase::cpu
