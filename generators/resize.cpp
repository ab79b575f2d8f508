#include "generators/resize.h"

#include <algorithm>

#include "generators/epilogue.h"

namespace polyphase {
namespace {

using Halide::Buffer;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

constexpr int kMaxUnrolledTaps = 8;  // more taps become a loop

bool is_choice(const AxisMap& axis) {
    return std::all_of(axis.rows.begin(), axis.rows.end(),
                       [](const ResampleRow& row) { return row.weights == std::vector<double>{1.0}; });
}

bool is_identity(const AxisMap& axis) {
    if (axis.rows.empty()) return true;
    if (axis.input != axis.output || !is_choice(axis)) return false;
    for (int o = 0; o < axis.output; o++)
        if (axis.rows[o].first_input != o) return false;
    return true;
}

// One axis as constant tables: output o reads `taps` inputs from first(o) on, with weight(t, o).
struct Table {
    int input = 1, taps = 1;
    bool identity = true, choice = true;
    Buffer<int> first;
    Buffer<float> weights;

    Table(const AxisMap& axis, const std::string& name)
        : input(axis.input), taps(std::max(axis.taps(), 1)), identity(is_identity(axis)), choice(is_choice(axis)) {
        if (identity) return;
        first = Buffer<int>(std::vector<int>{axis.output}, name + "_first");
        weights = Buffer<float>(std::vector<int>{taps, axis.output}, name + "_weights");
        for (int o = 0; o < axis.output; o++) {
            first(o) = axis.rows[o].first_input;
            for (int t = 0; t < taps; t++) weights(t, o) = static_cast<float>(axis.rows[o].weights[t]);
        }
    }
    // The promise holds by construction: windows never leave the input.
    Expr index(const Expr& o, const Expr& t) const {
        return identity ? o : unsafe_promise_clamped(first(o), 0, input - taps) + t;
    }
    Expr weight(const Expr& o, const Expr& t) const { return choice ? Expr(1.0f) : weights(t, o); }
};

// Sum over the taps of z, y and x, each with its table; `term` maps the three taps to a product.
template <typename Term>
Expr sum_of_taps(const PerAxis<int>& taps, Term term) {
    if (taps[kX] * taps[kY] * taps[kZ] <= kMaxUnrolledTaps) {
        Expr sum;
        for (int tz = 0; tz < taps[kZ]; tz++)
            for (int ty = 0; ty < taps[kY]; ty++)
                for (int tx = 0; tx < taps[kX]; tx++) {
                    const Expr product = term(tx, ty, tz);
                    sum = sum.defined() ? sum + product : product;
                }
        return sum;
    }
    const RDom r(0, taps[kX], 0, taps[kY], 0, taps[kZ], "resize_taps");
    return Halide::sum(term(r.x, r.y, r.z), "sum_of_taps");
}

// x by constant phases: x must have been split into period*q + r with r unrolled, so that every select below folds
// away.
Expr phases_of_x(const AxisMap& axis, const Func& source, const ResizeStages& s) {
    const auto [x, y, z] = s.o;
    const Expr q = x / axis.period, r = x % axis.period;
    Expr value;
    for (int i = axis.period - 1; i >= 0; i--) {
        const Phase& phase = axis.phases[i];
        Expr sum;
        for (int t = 0; t < phase.taps; t++) {
            if (phase.weights[t] == 0.0) continue;
            Expr term = source(s.c, q * axis.advance + phase.first_input + t * axis.input_step, y, z, s.n);
            if (phase.weights[t] != 1.0) term *= static_cast<float>(phase.weights[t]);
            sum = sum.defined() ? sum + term : term;
        }
        if (!sum.defined()) sum = 0.0f;
        value = value.defined() ? select(r == i, sum, value) : sum;
    }
    return value;
}

bool phases_leave_input(const AxisMap& axis) {
    const int last = (axis.output - 1) / axis.period;
    return std::any_of(axis.phases.begin(), axis.phases.end(), [&](const Phase& phase) {
        return phase.first_input < 0 ||
               last * axis.advance + phase.first_input + (phase.taps - 1) * axis.input_step >= axis.input;
    });
}

}  // namespace

ResizeStages resize_stages(const Problem& problem, const Func& input, const Func& residual, bool x_phases) {
    ResizeStages s;
    s.axes = xyz_axes(problem);
    s.channels = problem.in_channels;
    const auto [x, y, z] = s.o;
    const Table tx(s.axes[kX], "x"), ty(s.axes[kY], "y"), tz(s.axes[kZ], "z");
    s.resamples_rows = !(ty.choice && tz.choice);
    s.x_phases = x_phases;
    s.extends_x = x_phases && phases_leave_input(s.axes[kX]);

    // THE ALGORITHM. First whole rows are blended, then each row is resampled along x.
    s.rows(s.c, x, y, z, s.n) = sum_of_taps({1, ty.taps, tz.taps}, [&](const Expr&, const Expr& ky, const Expr& kz) {
        return input(s.c, x, ty.index(y, ky), tz.index(z, kz), s.n) * (ty.weight(y, ky) * tz.weight(z, kz));
    });
    Expr value;
    if (x_phases) {
        if (s.extends_x) {
            const Expr last = s.axes[kX].input - 1;
            s.source(s.c, x, y, z, s.n) = s.rows(s.c, clamp(likely(x), 0, last), y, z, s.n);
        } else {
            s.source(s.c, x, y, z, s.n) = s.rows(s.c, x, y, z, s.n);
        }
        value = phases_of_x(s.axes[kX], s.source, s);
    } else {
        s.source(s.c, x, y, z, s.n) = s.rows(s.c, x, y, z, s.n);
        value = sum_of_taps({tx.taps, 1, 1}, [&](const Expr& kx, const Expr&, const Expr&) {
            return s.source(s.c, tx.index(x, kx), y, z, s.n) * tx.weight(x, kx);
        });
    }

    // Outputs whose coordinate lies outside the input, along any axis.
    Expr inside;
    for (int a = 0; a < kAxes; a++) {
        const Range& range = s.axes[a].inside;
        if (s.axes[a].rows.empty() || range.size() == s.axes[a].output) continue;
        const Expr within = s.o[a] >= range.begin && s.o[a] < range.end;
        inside = inside.defined() ? inside && within : within;
    }
    if (inside.defined()) {
        const auto outside = static_cast<float>(std::get<Resize>(problem.op).extrapolation_value);
        value = select(inside, value, outside);
    }
    if (problem.residual) value += residual(s.c, x, y, z, s.n);
    s.output(s.c, x, y, z, s.n) = activate(problem.activation, value, Expr());
    return s;
}

}  // namespace polyphase
