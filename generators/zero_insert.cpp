#include "generators/zero_insert.h"

#include "generators/epilogue.h"

namespace polyphase {

using Halide::Expr;

ZeroInsertStages zero_insert_stages(const Problem& problem, const Halide::Func& input, const Halide::Func& residual) {
    ZeroInsertStages s;
    s.axes = xyz_axes(problem);
    s.channels = problem.in_channels;

    // THE ALGORITHM. One phase of each axis holds the input, the others are zero. With an axis split into period*q + r
    // and r unrolled, `hit` is a constant.
    Expr hit = Halide::Internal::const_true();
    PerAxis<Expr> index;
    for (int a = 0; a < kAxes; a++) {
        const AxisMap& axis = s.axes[a];
        const Expr q = s.o[a] / axis.period, r = s.o[a] % axis.period;
        int phase = 0;
        while (axis.phases[phase].taps == 0) phase++;
        const int first = axis.phases[phase].first_input;
        index[a] = clamp(q + first, 0, axis.input - 1);
        hit = hit && r == phase;
        if (first != 0 || (axis.output - 1) / axis.period >= axis.input)
            hit = hit && q + first >= 0 && q + first < axis.input;
    }
    Expr value = select(hit, input(s.c, index[kX], index[kY], index[kZ], s.n), 0.0f);
    if (problem.residual) value += residual(s.c, s.o[kX], s.o[kY], s.o[kZ], s.n);
    s.output(s.c, s.o[kX], s.o[kY], s.o[kZ], s.n) = activate(problem.activation, value, Expr());
    return s;
}

}  // namespace polyphase
