// The named stages that an operator's algorithm exposes to its schedules.
#pragma once

#include <Halide.h>

#include <array>
#include <vector>

#include "problem/problem.h"

namespace polyphase {

/// Spatial axes inside a generator: x is innermost. An axis that the problem lacks has extent 1.
inline constexpr int kX = 0, kY = 1, kZ = 2, kAxes = 3;

/// Axis maps, outermost first, as x, y, z; the problem's own if it is given.
std::array<AxisMap, kAxes> xyz_axes(const std::vector<AxisMap>& maps);
/// For a convolution, an axis with a single input has each output as a phase of its own.
std::array<AxisMap, kAxes> xyz_axes(const Problem& problem);

template <typename T>
using PerAxis = std::array<T, kAxes>;

/// How the constant tables of a resampling are held.
enum class TableForm {
    embedded,  ///< as constants in the code's own memory
    computed,  ///< by stages that compute them, because memory of a device holds no constants
};

/// What a schedule chooses of a convolution's stages.
struct ConvolutionForm {
    bool flattens = false;  ///< rows of a plane follow each other as one; only of a problem that can_flatten
    /// Axes, x first, whose taps have sums of their own, which outputs add up: none, x, or all, if they are
    /// `columns_of_channels`. At most column_axes of the problem.
    int columns = 0;
    bool columns_of_channels = false;  ///< those sums lie side by side with the channels: c counts both
    int columns_block = 0;  ///< quotients of x whose columns are made together, if they are `columns_of_channels`
    /// If not 0: an update makes `columns` of the inputs of a whole row, so many at a time, and zeros of all other x.
    int columns_at_once = 0;
    bool in_place = false;  ///< `padded` is the input itself: nothing outside is read, because of `columns` and `skips`
    /// Axes whose taps are passed over where they read outside the input: those of which no tile has more than one
    /// quotient.
    PerAxis<bool> skips{};
};

/// Transposed convolution, convolution of stride 1, resampling followed by one. An output coordinate is period*q + r
/// along each axis.
///   rows (ci, x, y, z, n)                        the input resampled along y and z, if `resamples`; x still counts
///                                                inputs, and goes on past both ends if `image_period` is not 0
///   padded (ci, x, y, z, n)                      the input or the resampled image, zero outside its extents
///   flat (ci, x, z, n)                           if it `flattens`: the rows of `padded` that the taps read, joined;
///                                                x counts a plane's pixels, `pitch` to a row. Zeros, and an update
///                                                that writes the input into them
///   filter (c, g, ci, tx, ty, tz, rx, ry, rz)    weights by output channel c of group g, tap and phase: a view of the
///                                                packed tensor
///   acc (c, g, qx, qy, qz, rx, ry, rz, n)        bias plus sums of products over `taps` = (ci, tx, ty, tz); where
///                                                there is a `flat`, qx counts its pixels and qy is 0; where there are
///                                                `columns`, qx is the x of an input, rx a column (or, if they are
///                                                `columns_of_channels`, c is column * group_out + channel), and there
///                                                is no bias
///   columns (c, g, x, qy, qz, rx, ry, rz, n)     if there are: acc for the x of an input. With `columns_at_once` it
///                                                consists of updates: over `inside`, as many inputs in a step, then
///                                                zeros for the other x that are read, `outside`. If they are
///                                                `columns_of_channels`, rx counts blocks of quotients, and x the
///                                                inputs of one. Of all axes, it is acc for every input
///   gathered (c, g, qx, qy, qz, rx, ry, rz, n)   if they are of all axes: bias plus each phase's columns, over
///                                                `gather` = (ty, tz)
///   output (c, g, rx, qx, ry, qy, rz, qz, n)     epilogue of acc, of bias plus each phase's columns, or of gathered
struct ConvolutionStages {
    PerAxis<AxisMap> axes;
    int group_in = 1, group_out = 1, groups = 1;  ///< input and output channels of a group
    bool pads = false;                            ///< `padded` is defined everywhere: some tap reads outside the input
    bool resamples = false;                       ///< the input is resampled on its way to `padded`
    bool blends_rows = false;                     ///< `rows` are more than a choice among the input's
    int row = 1;                                  ///< extent along x of the input, or of what `flat` takes of it
    int image_period = 0;                         ///< of x, if it is resampled by its phases; 0: through its table
    ConvolutionForm form;
    Halide::Expr dense_input;          ///< of channels last: its pixels follow each other, see GatherStages
    int pitch = 0;                     ///< of `flat`, from a row to the next
    std::vector<Halide::Func> tables;  ///< of the resampling, those that are computed
    Halide::Func input;                ///< what `padded` reads, unless it is resampled
    Halide::Func rows{"rows"}, padded{"padded"}, flat{"flat"}, filter{"filter"}, acc{"acc"}, columns{"columns"},
        gathered{"gathered"}, output{"output"};
    Halide::RDom taps, inside, outside, gather;  ///< inside, outside: of the updates of `flat`, or of `columns`
    Halide::Var c{"c"}, g{"g"}, n{"n"}, ci{"ci"};
    PerAxis<Halide::Var> i{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
    PerAxis<Halide::Var> q{Halide::Var("qx"), Halide::Var("qy"), Halide::Var("qz")};
    PerAxis<Halide::Var> r{Halide::Var("rx"), Halide::Var("ry"), Halide::Var("rz")};

    int quotients(int axis) const { return (axes[axis].output + axes[axis].period - 1) / axes[axis].period; }
    /// Where `flat` holds the input (x, y) of a plane.
    Halide::Expr pixel(const Halide::Expr& x, const Halide::Expr& y) const;
};

/// What a schedule chooses of a resampling's stages.
struct ResizeForm {
    bool x_phases = false;    ///< x is resampled by its constant phases; otherwise through its table
    bool row_buffer = false;  ///< `source` is computed, not read through
    int pattern = 0;          ///< elements of a row after which x_phases repeat, if they are looked up by element
    bool streams = false;     ///< `output` copies `finished`
    TableForm tables = TableForm::embedded;
};

/// Resampling by tap tables.
///   rows      (c, x, y, z, n)   the input resampled along y and z: x still counts inputs
///   source    (c, x, y, z, n)   rows, going on past both ends with their edge values where phases read there. With
///                               x_phases and row_buffer it consists of updates: over `inside`, then each end
///   patterned (0, x, y, z, n)   with a pattern instead of source: the same, x counts the elements of a row of channels
///                               last; (c, x, y, z, n) of channels first
///   resampled (c, x, y, z, n)   source resampled along x
///   finished  (c, x, y, z, n)   if it `streams`: epilogue of resampled
///   output    (c, x, y, z, n)   the same, or a copy of finished
struct ResizeStages {
    PerAxis<AxisMap> axes;
    int channels = 1;
    bool blends_rows = false;  ///< y or z are more than a choice of rows
    int row_channels = 1;      ///< of `patterned`: those whose elements its x counts
    ResizeForm form;
    Halide::Expr dense_pixels;         ///< as in GatherStages
    std::vector<Halide::Func> tables;  ///< those that are computed
    Halide::Func rows{"rows"}, source{"source"}, resampled{"resampled"}, finished{"finished"}, output{"output"};
    Halide::RDom inside;
    Halide::Var c{"c"}, n{"n"};
    PerAxis<Halide::Var> o{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
};

/// A convolution's packer.
///   packed (in the order of Packing)   weights
struct PackStages {
    Halide::Func packed{"packed"};
};

/// What operators without intermediate stages have: output (c, x, y, z, n).
struct GatherStages {
    PerAxis<AxisMap> axes;
    int channels = 1;
    /// Channels last: pixels of input and output follow each other, as in whole tensors; false for a slice of the
    /// channels of a wider one.
    Halide::Expr dense_pixels;
    Halide::Func output{"output"};
    Halide::Var c{"c"}, n{"n"};
    PerAxis<Halide::Var> o{Halide::Var("x"), Halide::Var("y"), Halide::Var("z")};
};

struct ZeroInsertStages : GatherStages {};
struct DepthToSpaceStages : GatherStages {};
struct Col2ImStages : GatherStages {};

/// Max pooling with indices: output is the pair of value and index.
///   best (c, x, y, z, n)   bits of the window's largest value and its position in the plane, over `taps` = (x, y, z)
struct MaxPoolStages : GatherStages {
    Halide::Func best{"best"};
    Halide::RDom taps;
};

/// Max unpooling through the positions that its check leaves, or through the indices themselves.
struct MaxUnpoolStages : GatherStages {};

/// The check of max unpooling's indices, which are seen as the flat memory of a dense tensor of the input's shape.
///   start[axis] (e)      first output of the window of a plane's element e; window (e): where in the plane that is
///   positions   (f)      the index' place in its own input's window, row-major; 254 if it lies elsewhere, 255 if it
///   names no element
///   worst       (lane)   largest position of every `lanes`-th element, over `blocks`
///   verdict     (0)      UnpoolVerdict of the largest
struct UnpoolCheckStages {
    static constexpr int kMostLanes = 64;
    int lanes = 1;
    PerAxis<Halide::Func> start{Halide::Func("start_x"), Halide::Func("start_y"), Halide::Func("start_z")};
    Halide::Func window{"window"}, positions{"positions"}, worst{"worst"}, verdict{"verdict"};
    Halide::RDom blocks;
    Halide::Var e{"e"}, f{"f"}, lane{"lane"};
};

/// Max unpooling by its definition: output is zero, then takes one input after the other.
struct UnpoolScatterStages : GatherStages {};

}  // namespace polyphase
