// The named stages that an operator's algorithm exposes to its schedules.
#pragma once

#include <Halide.h>

#include <array>
#include <vector>

#include "problem/problem.h"

namespace polyphase {

/// Spatial axes inside a generator: x is innermost. An axis that the problem lacks has extent 1.
inline constexpr int kX = 0, kY = 1, kZ = 2, kAxes = 3;

/// The problem's axis maps as x, y, z.
std::array<AxisMap, kAxes> xyz_axes(const Problem& problem);

template <typename T>
using PerAxis = std::array<T, kAxes>;

/// Transposed convolution. An output coordinate is period*q + r along each axis.
///   padded (ci, x, y, z, n)                            the input, zero outside its extents
///   filter (c, g, ci, tx, ty, tz, rx, ry, rz)          weights by output channel c of group g, tap and phase: a view
///   of the packed tensor acc    (c, g, qx, qy, qz, rx, ry, rz, n)           bias plus sums of products over `taps` =
///   (ci, tx, ty, tz) output (c, g, rx, qx, ry, qy, rz, qz, n)           epilogue of acc
struct ConvTransposeStages {
    PerAxis<AxisMap> axes;
    int group_in = 1, group_out = 1, groups = 1;  ///< input and output channels of a group
    bool pads = false;                            ///< some tap reads outside the input
    Halide::Func padded{"padded"}, filter{"filter"}, acc{"acc"}, output{"output"};
    Halide::RDom taps;
    Halide::Var c{"c"}, g{"g"}, n{"n"}, ci{"ci"};
    PerAxis<Halide::Var> i{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
    PerAxis<Halide::Var> q{Halide::Var("qx"), Halide::Var("qy"), Halide::Var("qz")};
    PerAxis<Halide::Var> r{Halide::Var("rx"), Halide::Var("ry"), Halide::Var("rz")};

    int quotients(int axis) const { return (axes[axis].output + axes[axis].period - 1) / axes[axis].period; }
};

/// Resampling by tap tables.
///   rows   (c, x, y, z, n)   the input resampled along y and z: x still counts inputs
///   source (c, x, y, z, n)   rows, with x continued beyond both ends by its edge values where phases reach there
///   output (c, x, y, z, n)   epilogue of source resampled along x
struct ResizeStages {
    PerAxis<AxisMap> axes;
    int channels = 1;
    bool resamples_rows = false;  ///< y or z are more than a choice of rows; otherwise `rows` is free and stays inline
    bool x_phases = false;        ///< x is resampled by its constant phases; otherwise through its table
    bool extends_x = false;       ///< `source` differs from `rows`
    Halide::Func rows{"rows"}, source{"source"}, output{"output"};
    Halide::Var c{"c"}, n{"n"};
    PerAxis<Halide::Var> o{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
};

/// Bed of nails: output (c, x, y, z, n).
struct ZeroInsertStages {
    PerAxis<AxisMap> axes;
    int channels = 1;
    Halide::Func output{"output"};
    Halide::Var c{"c"}, n{"n"};
    PerAxis<Halide::Var> o{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
};

}  // namespace polyphase
