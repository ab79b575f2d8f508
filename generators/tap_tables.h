// The tap tables of a resampling as constants of generated code.
#pragma once

#include <Halide.h>

#include <string>
#include <vector>

#include "generators/stages.h"

namespace polyphase {

/// One axis of a resampling: output o is the sum over t of weight(o, t) * input(index(o, t)).
struct TapTable {
    int input = 1, taps = 1;
    bool identity = true;   ///< output o is input o
    bool choice = true;     ///< every output is some input
    bool periodic = false;  ///< computed, and short enough to need no table
    Halide::Func first, weights;
    AxisMap axis;

    TapTable(const AxisMap& axis, const std::string& name, TableForm form);
    Halide::Expr index(const Halide::Expr& o, const Halide::Expr& t) const;
    Halide::Expr weight(const Halide::Expr& o, const Halide::Expr& t) const;
};

/// The tables of all axes, and the two passes of a separable resampling.
struct TapTables {
    PerAxis<TapTable> axes;
    TableForm form;

    explicit TapTables(const PerAxis<AxisMap>& maps, TableForm form = TableForm::embedded);
    /// The tables in use, if they are computed.
    std::vector<Halide::Func> computed() const;
    /// y or z are more than a choice of rows.
    bool blends_rows() const { return !(axes[kY].choice && axes[kZ].choice); }
    /// `input` (c, x, y, z, n) resampled along y and z at output `at`; at[kX] still counts inputs.
    Halide::Expr along_yz(const Halide::Func& input, const Halide::Expr& c, const PerAxis<Halide::Expr>& at,
                          const Halide::Expr& n) const;
    /// `rows` (c, x, y, z, n), the result of `along_yz`, resampled along x.
    Halide::Expr along_x(const Halide::Func& rows, const Halide::Expr& c, const PerAxis<Halide::Expr>& at,
                         const Halide::Expr& n) const;
};

/// Whether x can be resampled by its constant phases: its edges repeat and its period is short enough to unroll.
bool phases_along_x(const AxisMap& x);

/// `TapTables::along_x` by the axis' constant phases, where its edges repeat (AxisMap::edge_replicated): reads `rows`
/// past both ends. x must be split into period*q + r with r unrolled, so that every select folds away.
Halide::Expr along_x_by_phases(const AxisMap& x, const Halide::Func& rows, const Halide::Expr& c,
                               const PerAxis<Halide::Expr>& at, const Halide::Expr& n);

/// The same for the elements of rows whose pixels have `channels` each, by tables of what `elements` of them read and
/// weigh, after which that repeats: at[kX] and the x of `rows` count elements. `elements` is a multiple of
/// period * channels.
Halide::Expr along_x_by_pattern(const AxisMap& x, int channels, int elements, const Halide::Func& rows,
                                const Halide::Expr& c, const PerAxis<Halide::Expr>& at, const Halide::Expr& n);

}  // namespace polyphase
