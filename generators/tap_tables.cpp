#include "generators/tap_tables.h"

#include <algorithm>

#include "generators/lookup.h"

namespace polyphase {
namespace {

using Halide::Buffer;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

constexpr int kMaxUnrolledTaps = 8;  // more taps become a loop
constexpr int kMostPhases = 8;       // more would unroll into too much code

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

}  // namespace

TapTable::TapTable(const AxisMap& axis, const std::string& name, TableForm form)
    : input(axis.input),
      taps(std::max(axis.taps(), 1)),
      identity(is_identity(axis)),
      choice(is_choice(axis)),
      periodic(form == TableForm::computed && phases_along_x(axis)),
      axis(axis) {
    if (identity || periodic) return;
    std::vector<int> firsts;
    std::vector<float> all_weights;
    for (const ResampleRow& row : axis.rows) {
        firsts.push_back(row.first_input);
        for (const double weight : row.weights) all_weights.push_back(static_cast<float>(weight));
    }
    const Halide::Var t("t"), o("o");
    first = Func(name + "_first");
    weights = Func(name + "_weights");
    if (form == TableForm::computed) {
        first(o) = lookup(o, firsts);
        weights(t, o) = lookup(t + o * taps, all_weights);
    } else {
        Buffer<int> first_table(std::vector<int>{axis.output}, name + "_first");
        Buffer<float> weight_table(std::vector<int>{taps, axis.output}, name + "_weights");
        std::copy(firsts.begin(), firsts.end(), first_table.begin());
        std::copy(all_weights.begin(), all_weights.end(), weight_table.begin());
        first(o) = first_table(o);
        weights(t, o) = weight_table(t, o);
    }
}

// The promise holds by construction: windows never leave the input.
Expr TapTable::index(const Expr& o, const Expr& t) const {
    if (identity) return o;
    if (!periodic) return unsafe_promise_clamped(first(o), 0, input - taps) + t;
    std::vector<int> firsts;
    for (const Phase& phase : axis.phases) firsts.push_back(phase.first_input);
    const Expr at = o / axis.period * axis.advance + lookup(o % axis.period, firsts) + t * axis.input_step;
    return clamp(at, 0, input - 1);
}

Expr TapTable::weight(const Expr& o, const Expr& t) const {
    if (choice) return 1.0f;
    if (!periodic) return weights(t, o);
    std::vector<float> all;
    for (const Phase& phase : axis.phases)
        for (int i = 0; i < taps; i++) all.push_back(i < phase.taps ? static_cast<float>(phase.weights[i]) : 0.0f);
    return lookup(t + o % axis.period * taps, all);
}

TapTables::TapTables(const PerAxis<AxisMap>& maps, TableForm form)
    : axes{TapTable(maps[kX], "x", form), TapTable(maps[kY], "y", form), TapTable(maps[kZ], "z", form)}, form(form) {}

std::vector<Func> TapTables::computed() const {
    std::vector<Func> all;
    for (const TapTable& table : axes) {
        if (form == TableForm::embedded || table.identity || table.periodic) continue;
        all.push_back(table.first);
        if (!table.choice) all.push_back(table.weights);
    }
    return all;
}

Expr TapTables::along_yz(const Func& input, const Expr& c, const PerAxis<Expr>& at, const Expr& n) const {
    const TapTable &y = axes[kY], &z = axes[kZ];
    return sum_of_taps({1, y.taps, z.taps}, [&](const Expr&, const Expr& ty, const Expr& tz) {
        return input(c, at[kX], y.index(at[kY], ty), z.index(at[kZ], tz), n) *
               (y.weight(at[kY], ty) * z.weight(at[kZ], tz));
    });
}

Expr TapTables::along_x(const Func& rows, const Expr& c, const PerAxis<Expr>& at, const Expr& n) const {
    const TapTable& x = axes[kX];
    return sum_of_taps({x.taps, 1, 1}, [&](const Expr& tx, const Expr&, const Expr&) {
        return rows(c, x.index(at[kX], tx), at[kY], at[kZ], n) * x.weight(at[kX], tx);
    });
}

bool phases_along_x(const AxisMap& x) {
    return x.edge_replicated && x.period <= kMostPhases;
}

Expr along_x_by_phases(const AxisMap& x, const Func& rows, const Expr& c, const PerAxis<Expr>& at, const Expr& n) {
    const Expr q = at[kX] / x.period, r = at[kX] % x.period;
    Expr value;
    for (int i = x.period - 1; i >= 0; i--) {
        const Phase& phase = x.phases[i];
        Expr sum;
        for (int t = 0; t < phase.taps; t++) {
            if (phase.weights[t] == 0.0) continue;
            Expr term = rows(c, q * x.advance + phase.first_input + t * x.input_step, at[kY], at[kZ], n);
            if (phase.weights[t] != 1.0) term *= static_cast<float>(phase.weights[t]);
            sum = sum.defined() ? sum + term : term;
        }
        if (!sum.defined()) sum = 0.0f;
        value = value.defined() ? select(r == i, sum, value) : sum;
    }
    return value;
}

Expr along_x_by_pattern(const AxisMap& x, int channels, int elements, const Func& rows, const Expr& c,
                        const PerAxis<Expr>& at, const Expr& n) {
    const bool whole_row = elements >= x.output * channels;
    Buffer<int> offsets(std::vector<int>{elements, x.taps()}, "x_offsets");
    Buffer<float> weights(std::vector<int>{elements, x.taps()}, "x_weights");
    for (int e = 0; e < elements; e++) {
        const int pixel = e / channels;
        const Phase& phase = x.phases[pixel % x.period];
        for (int t = 0; t < x.taps(); t++) {
            const int from = pixel / x.period * x.advance + phase.first_input + t * x.input_step;
            offsets(e, t) = (whole_row ? std::clamp(from, 0, x.input - 1) : from) * channels + e % channels;
            weights(e, t) = t < phase.taps ? static_cast<float>(phase.weights[t]) : 0.0f;
        }
    }
    const auto [least, most] = std::minmax_element(offsets.begin(), offsets.end());
    const Expr within = at[kX] % elements, begin = at[kX] / elements * (elements / x.period * x.advance);
    Expr sum;
    for (int t = 0; t < x.taps(); t++) {
        bool same = true;
        for (int e = 1; e < elements; e++) same = same && weights(e, t) == weights(0, t);
        Expr term = rows(c, begin + unsafe_promise_clamped(offsets(within, t), *least, *most), at[kY], at[kZ], n);
        if (!same)
            term *= weights(within, t);
        else if (weights(0, t) != 1.0f)
            term *= weights(0, t);
        sum = sum.defined() ? sum + term : term;
    }
    return sum;
}

}  // namespace polyphase
