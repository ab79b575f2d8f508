#include "generators/convolution.h"

#include <algorithm>

#include "generators/epilogue.h"
#include "generators/lookup.h"
#include "generators/tap_tables.h"

namespace polyphase {
namespace {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Var;

// A small table as a function of a phase: constant where it can be, else one select per change of value. A phase's taps
// and first input change at most twice along the phases when the dilation is 1.
Expr by_phase(const Expr& r, const std::vector<int>& values) {
    Expr result = values.front();
    for (size_t i = 1; i < values.size(); i++) {
        if (values[i] != values[i - 1]) result = select(r >= static_cast<int>(i), values[i], result);
    }
    return result;
}

template <typename Member>
std::vector<int> collect(const AxisMap& axis, Member member) {
    std::vector<int> values;
    for (const Phase& phase : axis.phases) values.push_back(phase.*member);
    return values;
}

bool all_equal(const std::vector<int>& values) {
    return std::all_of(values.begin(), values.end(), [&](int v) { return v == values.front(); });
}

const Convolution& conv_of(const Problem& problem) {
    return *convolution_of(problem);
}

// `image` at (c, x, y, z, n) inside the extents of `axes`, else zero. `any_x`: the image is defined for every x.
Expr zero_outside(const Func& image, const PerAxis<AxisMap>& axes, const std::vector<Expr>& at, bool any_x) {
    std::vector<Expr> nearest = at;
    Expr outside = Halide::Internal::const_false();
    for (int a = 0; a < kAxes; a++) {
        const Expr& i = at[a + 1];
        if (a != kX || !any_x) nearest[a + 1] = clamp(likely(i), 0, axes[a].input - 1);
        outside = outside || i < 0 || i >= axes[a].input;
    }
    return select(outside, 0.0f, likely(image(nearest)));
}

// The inputs, counted beyond both ends, that the phases of quotient 0 read. Halide sees one number of taps for all
// phases: the most.
Range reads(const AxisMap& axis) {
    const int span = (std::max(axis.taps(), 1) - 1) * axis.input_step;
    int low = axis.phases.front().first_input, high = low;
    for (const Phase& phase : axis.phases) {
        low = std::min({low, phase.first_input, phase.first_input + span});
        high = std::max({high, phase.first_input, phase.first_input + span});
    }
    return {low, high + 1};
}

// The inputs that all quotients together read, if they advance by one.
Range inputs_read(const AxisMap& axis) {
    const Range first = reads(axis);
    const int last = (axis.output - 1) / axis.period;
    return {std::max(first.begin, 0), std::min(first.end + last, axis.input)};
}

// Coordinates of one packed element. `taps` and `phases` are x, y, z.
struct FilterIndex {
    Expr co, group, ci;
    PerAxis<Expr> tap, phase;
};

std::vector<Expr> packed_args(const Packing& packing, const FilterIndex& f) {
    std::vector<Expr> args;
    for (const PackedDim dim : packing.order) {
        switch (dim) {
            case PackedDim::co_in_block:
                args.push_back(f.co % packing.block);
                break;
            case PackedDim::co_block:
                args.push_back(f.co / packing.block);
                break;
            case PackedDim::group:
                args.push_back(f.group);
                break;
            case PackedDim::ci:
                args.push_back(f.ci);
                break;
            case PackedDim::tx:
                args.push_back(f.tap[kX]);
                break;
            case PackedDim::ty:
                args.push_back(f.tap[kY]);
                break;
            case PackedDim::tz:
                args.push_back(f.tap[kZ]);
                break;
            case PackedDim::rx:
                args.push_back(f.phase[kX]);
                break;
            case PackedDim::ry:
                args.push_back(f.phase[kY]);
                break;
            case PackedDim::rz:
                args.push_back(f.phase[kZ]);
                break;
        }
    }
    return args;
}

// The kernel indices whose weights one tap of one phase carries: `count` of them, from `first` on.
struct KernelIndices {
    int most = 1;  // of any tap
    Expr first, count;

    KernelIndices(const AxisMap& axis, const Expr& tap, const Expr& phase) {
        // Along phases kernel indices mostly follow each other; along the taps of one phase they may, too.
        const int taps = std::max(axis.taps(), 1);
        const bool along_phases = axis.period > taps;
        std::vector<int> firsts(static_cast<size_t>(taps) * axis.period, 0), counts(firsts);
        for (int r = 0; r < axis.period; r++) {
            const Phase& p = axis.phases[r];
            for (int t = 0; t < p.taps; t++) {
                const int k = p.first_kernel + t * axis.kernel_step;
                const Range kernels = p.kernels.empty() ? Range{k, k + 1} : p.kernels[t];
                const int i = along_phases ? r + t * axis.period : t + r * taps;
                firsts[i] = kernels.begin;
                counts[i] = kernels.size();
                most = std::max(most, kernels.size());
            }
        }
        const Expr index = along_phases ? phase + tap * axis.period : tap + phase * taps;
        first = lookup(index, firsts);
        count = lookup(index, counts);
    }
};

// The columns of every input of a row, and of no x outside.
void columns_of_rows(ConvolutionStages& s) {
    const AxisMap& axis = s.axes[kX];
    const auto [qx, qy, qz] = s.q;
    const auto [rx, ry, rz] = s.r;
    const int at_once = s.form.columns_at_once;
    s.inside = RDom(0, at_once, 0, (axis.input + at_once - 1) / at_once, "inside");
    const Expr x = min(s.inside.y * at_once, axis.input - at_once) + s.inside.x;
    s.columns(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n) = Halide::undef<float>();
    s.columns(s.c, s.g, x, qy, qz, rx, ry, rz, s.n) = s.acc(s.c, s.g, x, qy, qz, rx, ry, rz, s.n);
    const Range read = reads(axis);
    const int left = std::max(-read.begin, 0), right = std::max(read.end + s.quotients(kX) - 1 - axis.input, 0);
    if (left + right == 0) return;
    s.outside = RDom(0, left + right, "outside");
    const Expr at = select(s.outside.x < left, s.outside.x - left, s.outside.x - left + axis.input);
    s.columns(s.c, s.g, at, qy, qz, rx, ry, rz, s.n) = 0.0f;
}

// The columns of a block of quotients, side by side with the channels: its first input, and how many it has. Blocks at
// the ends of a row that read outside begin further inside.
struct ColumnsBlock {
    int quotients, inputs;
    explicit ColumnsBlock(const ConvolutionStages& s)
        : quotients(s.form.columns_block), inputs(std::min(quotients + reach(s.axes[kX]), s.axes[kX].input)) {}
    Expr first(const AxisMap& axis, const Expr& block) const {
        return clamp(block * quotients + first_read(axis), 0, axis.input - inputs);
    }
};

// Adds `part` to the likely conditions of `all`. Each is likely by itself: of a conjunction Halide 21 forgets the rest
// where it knows one part.
void require(Expr& all, const Expr& part) {
    all = all.defined() ? all && likely(part) : likely(part);
}

// What the taps of phase rx add up to for quotient qx: `term` of each tap's column, by phase, and input, where both
// exist. `anywhere`: every input outside has a term, too.
template <typename Term>
Expr sum_along_x(const ConvolutionStages& s, bool anywhere, const Term& term) {
    const AxisMap& axis = s.axes[kX];
    const Var qx = s.q[kX], rx = s.r[kX];
    const Columns columns(axis);
    const std::vector<int> counts = collect(axis, &Phase::taps);
    const Expr first = qx + by_phase(rx, collect(axis, &Phase::first_input));
    Expr sum = 0.0f;
    for (int t = 0; t < axis.taps(); t++) {
        const Expr x = first + t * axis.input_step, of_tap = term(columns.of[t], x);
        Expr exists;
        if (!anywhere && reads_outside(axis)) {
            require(exists, x >= 0);
            require(exists, x < axis.input);
        }
        if (std::any_of(counts.begin(), counts.end(), [&](int count) { return count <= t; }))
            require(exists, by_phase(rx, counts) > t);
        sum += exists.defined() ? select(exists, of_tap, 0.0f) : of_tap;
    }
    return sum;
}

// Channel c of a column, of `count`. Of a vector that goes past the last channel, only what exists may be loaded.
Expr channel_of_column(const ConvolutionStages& s, const Expr& column, int count) {
    return unsafe_promise_clamped(column * s.group_out + s.c, 0, count * s.group_out - 1);
}

// The taps of x apart from each other, and what they add up to for an output.
Expr sum_of_columns(ConvolutionStages& s) {
    const AxisMap& axis = s.axes[kX];
    const auto [qx, qy, qz] = s.q;
    const auto [rx, ry, rz] = s.r;
    if (!s.form.columns_of_channels) {
        columns_of_rows(s);
        return sum_along_x(s, true, [&](const std::vector<int>& column, const Expr& x) -> Expr {
            return s.columns(s.c, s.g, x, qy, qz, by_phase(rx, column), ry, rz, s.n);
        });
    }
    const ColumnsBlock of(s);
    const Expr block = qx / of.quotients;
    s.columns(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n) = s.acc(s.c, s.g, of.first(axis, rx) + qx, qy, qz, 0, ry, rz, s.n);
    return sum_along_x(s, false, [&](const std::vector<int>& column, const Expr& x) -> Expr {
        const Expr at = clamp(likely(x - of.first(axis, block)), 0, of.inputs - 1);
        return s.columns(channel_of_column(s, lookup(rx, column), Columns(axis).count()), s.g, at, qy, qz, block, ry,
                         rz, s.n);
    });
}

// The products of every input with all taps, and what they add up to for an output.
Expr gather_columns(ConvolutionStages& s, const Expr& bias) {
    const auto [qx, qy, qz] = s.q;
    const auto [rx, ry, rz] = s.r;
    const auto [ax, ay, az] = s.axes;
    s.columns(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n) = s.acc(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n);
    s.gather = RDom(0, ay.taps(), 0, az.taps(), "gather");
    const PerAxis<Expr> tap{0, s.gather.x, s.gather.y};
    PerAxis<Expr> at, column;
    for (const int a : {kY, kZ}) {
        const AxisMap& axis = s.axes[a];
        std::vector<int> of;
        for (const std::vector<int>& of_tap : Columns(axis).of) of.insert(of.end(), of_tap.begin(), of_tap.end());
        column[a] = lookup(s.r[a] + tap[a] * axis.period, of);
        at[a] = s.q[a] + by_phase(s.r[a], collect(axis, &Phase::first_input)) + tap[a] * axis.input_step;
        const std::vector<int> counts = collect(axis, &Phase::taps);
        if (!all_equal(counts)) s.gather.where(tap[a] < by_phase(s.r[a], counts));
        if (reads_outside(axis)) s.gather.where(at[a] >= 0 && at[a] < axis.input);
        at[a] = unsafe_promise_clamped(at[a], 0, axis.input - 1);
    }
    const int of_x = Columns(ax).count(), of_y = Columns(ay).count(), count = of_x * of_y * Columns(az).count();
    const Expr sum = sum_along_x(s, false, [&](const std::vector<int>& column_of_x, const Expr& x) -> Expr {
        const Expr of = (column[kZ] * of_y + column[kY]) * of_x + lookup(rx, column_of_x);
        return s.columns(channel_of_column(s, of, count), s.g, clamp(likely(x), 0, ax.input - 1), at[kY], at[kZ], 0, 0,
                         0, s.n);
    });
    s.gathered(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n) = bias;
    s.gathered(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n) += sum;
    return s.gathered(s.c, s.g, qx, qy, qz, rx, ry, rz, s.n);
}

// Reads the input as it is, not resampled.
bool reads_input(const Problem& problem) {
    const auto* resize = std::get_if<ResizeConv>(&problem.op);
    return !resize || presummed(*resize);
}

}  // namespace

bool reads_outside(const AxisMap& axis) {
    const int last = (axis.output - 1) / axis.period;
    for (size_t r = 0; r < axis.phases.size(); r++) {
        const Phase& phase = axis.phases[r];
        for (int t = 0; t < axis.taps(); t++) {
            const int first = phase.first_input + t * axis.input_step;
            if (first < 0 || first + last * axis.advance >= axis.input) return true;
        }
    }
    return false;
}

int first_read(const AxisMap& axis) {
    return reads(axis).begin;
}

int reach(const AxisMap& axis) {
    return reads(axis).size() - 1;
}

double live_share(const AxisMap& axis) {
    const int quotients = (axis.output - 1) / axis.period + 1;
    double pairs = 0;
    for (const Phase& phase : axis.phases) pairs += static_cast<double>(phase.taps) * quotients;
    return pairs == 0 ? 1 : static_cast<double>(axis.live_taps()) / pairs;
}

bool can_flatten(const Problem& problem) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    return reads_input(problem) && std::all_of(axes.begin(), axes.end(), [](const AxisMap& axis) {
               return axis.advance == 1 && axis.live_taps() > 0;
           });
}

int column_axes(const Problem& problem) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    int count = 0;
    while (reads_input(problem) && count < kAxes && axes[count].advance == 1 && axes[count].taps() > 0) count++;
    return count;
}

Columns::Columns(const AxisMap& axis) {
    for (int t = 0; t < axis.taps(); t++) {
        of.emplace_back(axis.period, 0);
        for (int r = 0; r < axis.period; r++) {
            if (t >= axis.phases[r].taps) continue;
            of[t][r] = count();
            phase.push_back(r);
            tap.push_back(t);
        }
    }
}

Expr ConvolutionStages::pixel(const Expr& x, const Expr& y) const {
    return x - first_read(axes[kX]) + pitch * (y - first_read(axes[kY]));
}

ConvolutionStages convolution_stages(const Problem& problem, const Packing& packing, const ConvolutionForm& form,
                                     const ConvolutionTensors& in) {
    ConvolutionStages s;
    s.form = form;
    s.axes = xyz_axes(problem);
    s.groups = conv_of(problem).groups;
    s.group_in = problem.in_channels / s.groups;
    s.group_out = problem.out_channels / s.groups;
    const auto* resize = std::get_if<ResizeConv>(&problem.op);
    s.resamples = !reads_input(problem);
    s.pads = s.resamples || (!form.in_place && std::any_of(s.axes.begin(), s.axes.end(), reads_outside));

    const Var c = s.c, g = s.g, n = s.n;
    const auto [qx, qy, qz] = s.q;
    const auto [rx, ry, rz] = s.r;
    const auto [x, y, z] = s.i;

    // What the taps read: the input or the resampled image, zero outside so that every tap may be read.
    s.input = in.input;
    Func image = s.input;
    if (s.resamples) {
        const PerAxis<AxisMap> maps = xyz_axes(resampling_maps(*resize));
        const TapTables tables(maps, in.tables);
        s.tables = tables.computed();
        s.blends_rows = tables.blends_rows();
        s.row = maps[kX].input;
        s.image_period = phases_along_x(maps[kX]) ? maps[kX].period : 0;
        const Expr row_x = s.image_period ? clamp(likely(x), 0, s.row - 1) : Expr(x);
        s.rows(s.ci, x, y, z, n) = tables.along_yz(in.input, s.ci, {row_x, y, z}, n);
        image = Func("image");
        image(s.ci, x, y, z, n) = s.image_period ? along_x_by_phases(maps[kX], s.rows, s.ci, {x, y, z}, n)
                                                 : tables.along_x(s.rows, s.ci, {x, y, z}, n);
    }
    s.padded(s.ci, x, y, z, n) = s.pads && !form.flattens
                                     ? zero_outside(image, s.axes, {s.ci, x, y, z, n}, s.image_period != 0)
                                     : image(s.ci, x, y, z, n);
    if (form.flattens) {
        s.pitch = s.quotients(kX) + reach(s.axes[kX]);
        PerAxis<Range> range;
        for (int a = 0; a < kAxes; a++) range[a] = inputs_read(s.axes[a]);
        s.row = range[kX].size();
        s.inside = RDom(range[kX].begin, range[kX].size(), range[kY].begin, range[kY].size(), range[kZ].begin,
                        range[kZ].size(), "inside");
        s.flat(s.ci, x, z, n) = 0.0f;
        s.flat(s.ci, s.pixel(s.inside.x, s.inside.y), s.inside.z, n) =
            s.padded(s.ci, s.inside.x, s.inside.y, s.inside.z, n);
    }

    Var co("co"), group("group"), ci("fci"), tx("tx"), ty("ty"), tz("tz");
    s.filter(co, group, ci, tx, ty, tz, rx, ry, rz) =
        in.weights(packed_args(packing, {co, group, ci, {tx, ty, tz}, {rx, ry, rz}}));

    // Taps of the phases; where phases differ, the shorter ones stop early.
    PerAxis<int> most{};
    for (int a = 0; a < kAxes; a++) most[a] = a < form.columns ? 1 : std::max(s.axes[a].taps(), 1);
    s.taps = RDom(0, s.group_in, 0, most[kX], 0, most[kY], 0, most[kZ], "taps");
    PerAxis<Expr> tap{s.taps.y, s.taps.z, s.taps.w}, phase{rx, ry, rz}, input;
    for (int a = 0; a < kAxes; a++) {
        const AxisMap& axis = s.axes[a];
        if (a < form.columns && form.columns_of_channels) {
            tap[a] = phase[a] = 0;
            // Columns are of inputs that exist, which Halide cannot tell.
            input[a] = unsafe_promise_clamped(s.q[a], 0, axis.input - 1);
            continue;
        }
        if (a < form.columns) {
            const Columns columns(axis);
            tap[a] = by_phase(rx, columns.tap), phase[a] = by_phase(rx, columns.phase), input[a] = qx;
            continue;
        }
        const std::vector<int> counts = collect(axis, &Phase::taps);
        if (!all_equal(counts) || counts.front() == 0) s.taps.where(tap[a] < by_phase(s.r[a], counts));
        input[a] =
            s.q[a] * axis.advance + by_phase(s.r[a], collect(axis, &Phase::first_input)) + tap[a] * axis.input_step;
        if (!form.skips[a]) continue;
        s.taps.where(input[a] >= 0 && input[a] < axis.input);
        if (form.in_place) input[a] = Halide::unsafe_promise_clamped(input[a], 0, axis.input - 1);
    }

    // THE ALGORITHM. Output phase (rx, ry, rz) is a plain correlation of the input with the taps of that phase.
    const Expr channel = g * s.group_out + c, in_channel = g * s.group_in + s.taps.x;
    const Expr read = form.flattens ? s.flat(in_channel, s.pixel(input[kX], input[kY] - qy), input[kZ], n)
                                    : s.padded(in_channel, input[kX], input[kY], input[kZ], n);
    s.acc(c, g, qx, qy, qz, rx, ry, rz, n) = form.columns > 0 ? Expr(0.0f) : in.bias(channel);
    s.acc(c, g, qx, qy, qz, rx, ry, rz, n) +=
        read * s.filter(c, g, s.taps.x, tap[kX], tap[kY], tap[kZ], phase[kX], phase[kY], phase[kZ]);

    // Sums across the end of a flat row mix it with the next; nobody reads them.
    Expr value =
        form.flattens ? s.acc(c, g, qx + s.pitch * qy, 0, qz, rx, ry, rz, n) : s.acc(c, g, qx, qy, qz, rx, ry, rz, n);
    if (form.columns == 1) value = in.bias(channel) + sum_of_columns(s);
    if (form.columns == kAxes) value = gather_columns(s, in.bias(channel));
    if (problem.residual) value += in.residual(c, g, rx, qx, ry, qy, rz, qz, n);
    Expr slope;
    if (problem.activation.kind == Activation::Kind::prelu) slope = in.slopes(channel);
    value = activate(problem.activation, value, slope);

    // The last period may be cut short: what lies past the end is not stored. Whole tiles know that at compile time.
    Expr exists;
    for (int a = 0; a < kAxes; a++) {
        const AxisMap& axis = s.axes[a];
        if (axis.output % axis.period == 0) continue;
        // From the usual condition Halide would deduce, where blocks cut y, that a row's columns are those of all rows.
        const int whole = axis.output / axis.period, rest = axis.output % axis.period;
        if (form.columns == 1 && form.columns_of_channels && a != kX)
            require(exists, s.q[a] < whole || s.r[a] < rest);
        else
            require(exists, s.q[a] * axis.period + s.r[a] < axis.output);
    }
    if (exists.defined()) value = select(exists, value, Halide::undef<float>());
    s.output(c, g, rx, qx, ry, qy, rz, qz, n) = value;
    return s;
}

std::vector<int> packed_extents(const Problem& problem, const Packing& packing) {
    const Convolution& conv = conv_of(problem);
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    int group_out = problem.out_channels / conv.groups;
    for (int a = 0; a < packing.columns; a++) group_out *= Columns(axes[a]).count();
    const auto taps = [&](int a) { return a < packing.columns ? 1 : std::max(axes[a].taps(), 1); };
    const auto phases = [&](int a) { return a < packing.columns ? 1 : axes[a].period; };
    std::vector<int> extents;
    for (const PackedDim dim : packing.order) {
        switch (dim) {
            case PackedDim::co_in_block:
                extents.push_back(packing.block);
                break;
            case PackedDim::co_block:
                extents.push_back((group_out + packing.block - 1) / packing.block);
                break;
            case PackedDim::group:
                extents.push_back(conv.groups);
                break;
            case PackedDim::ci:
                extents.push_back(problem.in_channels / conv.groups);
                break;
            case PackedDim::tx:
                extents.push_back(taps(kX));
                break;
            case PackedDim::ty:
                extents.push_back(taps(kY));
                break;
            case PackedDim::tz:
                extents.push_back(taps(kZ));
                break;
            case PackedDim::rx:
                extents.push_back(phases(kX));
                break;
            case PackedDim::ry:
                extents.push_back(phases(kY));
                break;
            case PackedDim::rz:
                extents.push_back(phases(kZ));
                break;
        }
    }
    return extents;
}

int padded_channels(const Problem& problem, const Packing& packing) {
    const int groups = conv_of(problem).groups;
    const int group_out = problem.out_channels / groups;
    return (groups - 1) * group_out + (group_out + packing.block - 1) / packing.block * packing.block;
}

std::vector<int> weight_extents(const Problem& problem) {
    const Convolution& conv = conv_of(problem);
    const int group_in = problem.in_channels / conv.groups, group_out = problem.out_channels / conv.groups;
    std::vector<int> spatial(conv.kernel.rbegin(), conv.kernel.rend()), extents;
    switch (conv.weight_layout) {
        case WeightLayout::cin_cout_k:
            extents = spatial;
            extents.insert(extents.end(), {group_out, problem.in_channels});
            break;
        case WeightLayout::k_cout_cin:
            extents = {problem.in_channels, problem.out_channels};
            extents.insert(extents.end(), spatial.begin(), spatial.end());
            break;
        case WeightLayout::cout_k_cin:
            extents = {group_in};
            extents.insert(extents.end(), spatial.begin(), spatial.end());
            extents.push_back(problem.out_channels);
            break;
        case WeightLayout::cout_cin_k:
            extents = spatial;
            extents.insert(extents.end(), {group_in, problem.out_channels});
            break;
        case WeightLayout::k_cin_cout:
            extents = {problem.out_channels, group_in};
            extents.insert(extents.end(), spatial.begin(), spatial.end());
            break;
    }
    return extents;
}

Func pack_convolution(const Problem& problem, const Packing& packing, const Func& weights) {
    const Convolution& conv = conv_of(problem);
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const int rank = problem.rank();
    const int group_in = problem.in_channels / conv.groups, group_out = problem.out_channels / conv.groups;

    std::vector<Var> vars;
    for (size_t i = 0; i < packing.order.size(); i++) vars.emplace_back("p" + std::to_string(i));
    const auto at = [&](PackedDim dim) -> Expr {
        return vars[std::find(packing.order.begin(), packing.order.end(), dim) - packing.order.begin()];
    };
    PerAxis<Expr> tap{at(PackedDim::tx), at(PackedDim::ty), at(PackedDim::tz)};
    PerAxis<Expr> phase{at(PackedDim::rx), at(PackedDim::ry), at(PackedDim::rz)};
    Expr co = at(PackedDim::co_block) * packing.block + at(PackedDim::co_in_block),
         used = Halide::Internal::const_true();
    if (packing.columns > 0) {
        Expr column = co / group_out;
        co = co % group_out;
        for (int a = 0; a < packing.columns; a++) {
            const Columns columns(axes[a]);
            const Expr of_axis = a + 1 < packing.columns ? column % columns.count() : min(column, columns.count() - 1);
            if (a + 1 == packing.columns) used = column < columns.count();
            tap[a] = lookup(of_axis, columns.tap), phase[a] = lookup(of_axis, columns.phase);
            column = column / columns.count();
        }
    }
    const Expr ci = at(PackedDim::ci), group = at(PackedDim::group);

    // Kernel indices of each axis, kept inside the kernel where the tap has fewer of them or none.
    PerAxis<int> most{1, 1, 1};
    std::vector<KernelIndices> indices;
    for (int a = 0; a < rank; a++) {
        indices.emplace_back(axes[a], tap[a], phase[a]);
        most[a] = indices[a].most;
    }
    const RDom summands(0, most[kX], 0, most[kY], 0, most[kZ], "summands");
    const bool sums = most[kX] * most[kY] * most[kZ] > 1;
    const PerAxis<Expr> summand = sums ? PerAxis<Expr>{summands.x, summands.y, summands.z} : PerAxis<Expr>{0, 0, 0};
    used = used && co < group_out;
    std::vector<Expr> kernel;
    for (int a = 0; a < rank; a++) {
        used = used && summand[a] < indices[a].count;
        kernel.push_back(clamp(indices[a].first + summand[a], 0, conv.kernel[rank - 1 - a] - 1));
    }
    const Expr out_in_group = min(co, group_out - 1);
    const Expr out_channel = group * group_out + out_in_group, in_channel = group * group_in + ci;
    std::vector<Expr> source;
    switch (conv.weight_layout) {
        case WeightLayout::cin_cout_k:
            source = kernel;
            source.insert(source.end(), {out_in_group, in_channel});
            break;
        case WeightLayout::k_cout_cin:
            source = {in_channel, out_channel};
            source.insert(source.end(), kernel.begin(), kernel.end());
            break;
        case WeightLayout::cout_k_cin:
            source = {ci};
            source.insert(source.end(), kernel.begin(), kernel.end());
            source.push_back(out_channel);
            break;
        case WeightLayout::cout_cin_k:
            source = kernel;
            source.insert(source.end(), {ci, out_channel});
            break;
        case WeightLayout::k_cin_cout:
            source = {out_channel, ci};
            source.insert(source.end(), kernel.begin(), kernel.end());
            break;
    }
    const Expr weight = select(used, weights(source), 0.0f);
    Func packed("packed");
    packed(vars) = sums ? Halide::sum(weight, "sum_of_weights") : weight;
    return packed;
}

}  // namespace polyphase
