// Transposed convolution, convolution of stride 1, and resampling followed by one: a gather over output phases.
#pragma once

#include <Halide.h>

#include "generators/packing.h"
#include "generators/stages.h"
#include "problem/problem.h"

namespace polyphase {

/// The tensors of a convolution; undefined where the problem has none.
/// input (c, x, y, z, n); weights: see packed_extents; bias, slopes (out_channels rounded up to whole blocks); residual
/// as output.
struct ConvolutionTensors {
    Halide::Func input, weights, bias, slopes, residual;
    TableForm tables = TableForm::embedded;  ///< of a resampling
};

/// Whether a convolution along `axis` reads beyond the input, the taps that only other phases have counted as well:
/// then its input is padded.
bool reads_outside(const AxisMap& axis);

/// The first input, counted from zero or less, that the phases of quotient 0 read along an axis, the taps that only
/// other phases have counted as well.
int first_read(const AxisMap& axis);

/// Inputs that the phases of one quotient read along an axis, less one.
int reach(const AxisMap& axis);

/// How many of an axis' (quotient, tap) pairs read inside the input, as a share.
double live_share(const AxisMap& axis);

/// Whether rows of a plane can follow each other as one: neighbouring quotients read neighbouring inputs, and some
/// input is read at all.
bool can_flatten(const Problem& problem);

/// Axes, x first, whose taps can have sums of their own: neighbouring quotients read neighbouring inputs, which are not
/// resampled.
int column_axes(const Problem& problem);

/// The taps of all phases of an axis, numbered tap by tap.
struct Columns {
    std::vector<int> phase, tap;       ///< of each column
    std::vector<std::vector<int>> of;  ///< of[tap][phase]: the column; where the phase lacks the tap, some other

    explicit Columns(const AxisMap& axis);
    int count() const { return static_cast<int>(phase.size()); }
};

/// THE ALGORITHM, unscheduled.
ConvolutionStages convolution_stages(const Problem& problem, const Packing& packing, const ConvolutionForm& form,
                                     const ConvolutionTensors& in);

/// Extents of the packed weights, innermost first.
std::vector<int> packed_extents(const Problem& problem, const Packing& packing);

/// Elements of the packed bias and slopes: every output channel that a block reaches, those past the last one included.
int padded_channels(const Problem& problem, const Packing& packing);

/// The packer: from the application's weights, dimensions innermost first as `WeightLayout` names them, to the packed
/// tensor. Channels that only fill up a block and taps that a phase lacks are zero; a tap of a repeated input carries
/// the sum of the weights that see it.
Halide::Func pack_convolution(const Problem& problem, const Packing& packing, const Halide::Func& weights);

/// Extents of the application's weights, innermost first.
std::vector<int> weight_extents(const Problem& problem);

}  // namespace polyphase
