#include "generators/max_unpool.h"

#include <algorithm>

#include "generators/phase_taps.h"

namespace polyphase {
namespace {

using Halide::cast;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

// Positions are bytes; the largest two say that there is none.
constexpr int kNoPosition = 254, kNoElement = 255;

// The operator's lists as x, y, z.
struct Windows {
    PerAxis<int> kernel{1, 1, 1}, stride{1, 1, 1}, pad{0, 0, 0}, index_extent{1, 1, 1}, input{1, 1, 1};
    bool whole_tensor = false;

    explicit Windows(const Problem& problem) {
        const auto& op = std::get<MaxUnpool>(problem.op);
        for (int a = 0; a < problem.rank(); a++) {
            const int i = problem.rank() - 1 - a;
            kernel[a] = op.kernel[i];
            stride[a] = op.stride[i];
            pad[a] = op.pad_begin[i];
            index_extent[a] = op.index_extent[i];
            input[a] = problem.input[i];
        }
        whole_tensor = op.indices.whole_tensor;
    }
    int64_t elements() const { return int64_t{kernel[kX]} * kernel[kY] * kernel[kZ]; }
    int plane() const { return index_extent[kX] * index_extent[kY] * index_extent[kZ]; }
    bool cut_begin(int axis) const { return pad[axis] > 0; }
    bool cut_end(int axis) const {
        return int64_t{input[axis] - 1} * stride[axis] - pad[axis] + kernel[axis] > index_extent[axis];
    }
};

// Place in memory of an element of the input.
Expr flat_index(const Problem& problem, const Windows& w, const PerAxis<Expr>& i, const Expr& c, const Expr& n) {
    const Expr row = n * w.input[kZ] + i[kZ];
    if (problem.input_layout == Layout::nhwc)
        return ((row * w.input[kY] + i[kY]) * w.input[kX] + i[kX]) * problem.in_channels + c;
    return (((n * problem.in_channels + c) * w.input[kZ] + i[kZ]) * w.input[kY] + i[kY]) * w.input[kX] + i[kX];
}

// 0 <= value < extent, in one comparison.
Expr below(const Expr& value, int extent) {
    return cast<uint32_t>(value) < Expr(static_cast<uint32_t>(extent));
}

}  // namespace

UnpoolCheckStages unpool_check_stages(const Problem& problem, const Func& indices) {
    UnpoolCheckStages s;
    const Windows w(problem);
    const int in_plane = w.input[kX] * w.input[kY] * w.input[kZ];
    const int elements = static_cast<int>(input_elements(problem));
    const bool channels_last = problem.input_layout == Layout::nhwc;

    // Where the window of a plane's element e begins, and the coordinate of that along the axes where some windows are
    // cut short.
    PerAxis<Expr> start{s.e % w.input[kX], s.e / w.input[kX] % w.input[kY], s.e / (w.input[kX] * w.input[kY])};
    for (int a = 0; a < kAxes; a++) {
        start[a] = start[a] * w.stride[a] - w.pad[a];
        s.start[a](s.e) = start[a];
    }
    s.window(s.e) = (start[kZ] * w.index_extent[kY] + start[kY]) * w.index_extent[kX] + start[kX];

    // Tensors have less than 2^31 elements, so the upper half of a good index is zero.
    const Expr index = indices(s.f);
    const Expr low = cast<int32_t>(index), high = cast<int32_t>(index >> 32);
    const int planes = problem.batch * problem.in_channels;
    const Expr element = high == 0 && below(low, w.whole_tensor ? planes * w.plane() : w.plane());

    // THE ALGORITHM. Each row of the window is a run of indices.
    const Expr pixel = channels_last ? s.f / problem.in_channels : s.f;
    const Expr e = pixel % in_plane;
    Expr window = s.window(e);
    if (w.whole_tensor) {
        const Expr plane =
            channels_last ? pixel / in_plane * problem.in_channels + s.f % problem.in_channels : Expr(s.f / in_plane);
        window += plane * w.plane();
    }
    const auto exists = [&](int axis, const Expr& k) {
        Expr inside = Halide::Internal::const_true();
        if (w.cut_begin(axis)) inside = inside && s.start[axis](e) + k >= 0;
        if (w.cut_end(axis)) inside = inside && s.start[axis](e) + k < w.index_extent[axis];
        return inside;
    };
    Expr position = kNoPosition;
    if (w.elements() <= kNoPosition)
        position = fold_taps({1, w.kernel[kY], w.kernel[kZ]}, {s.f}, position,
                             [&](const Expr& found, const Expr&, const Expr& ky, const Expr& kz) {
                                 const Expr row = window + (kz * w.index_extent[kY] + ky) * w.index_extent[kX];
                                 const Expr kx = low - row;
                                 const Expr here =
                                     below(kx, w.kernel[kX]) && exists(kX, kx) && exists(kY, ky) && exists(kZ, kz);
                                 return select(here, (kz * w.kernel[kY] + ky) * w.kernel[kX] + kx, found);
                             });
    s.positions(s.f) = cast<uint8_t>(select(element, position, kNoElement));

    // The largest of all, by lanes; the last block may repeat some.
    while (s.lanes < UnpoolCheckStages::kMostLanes && s.lanes * 2 <= elements) s.lanes *= 2;
    s.blocks = RDom(0, (elements + s.lanes - 1) / s.lanes, "blocks");
    s.worst(s.lane) = cast<uint8_t>(0);
    s.worst(s.lane) = max(s.worst(s.lane), s.positions(min(s.blocks * s.lanes, elements - s.lanes) + s.lane));
    const RDom every(0, s.lanes, "every_lane");
    const Expr worst = maximum(s.worst(every), "worst_of_all");
    const Halide::Var zero("zero");
    s.verdict(zero) = select(worst == kNoElement, static_cast<int>(kOutside), worst == kNoPosition,
                             static_cast<int>(kOtherWindow), static_cast<int>(kOwnWindow));
    return s;
}

namespace {

// THE ALGORITHM. `here(taps, input coordinates)`: the input's index names this output. Taps go from the last input to
// the first, so that the last one is asked last but counts first.
template <typename Here>
MaxUnpoolStages gather_stages(const Problem& problem, const Func& input, const Here& here) {
    MaxUnpoolStages s;
    s.axes = xyz_axes(problem);
    s.channels = problem.out_channels;
    const auto [x, y, z] = s.o;
    const PerAxis<PhaseTaps> p{PhaseTaps(s.axes[kX], x), PhaseTaps(s.axes[kY], y), PhaseTaps(s.axes[kZ], z)};
    PerAxis<int> taps{p[kX].taps(), p[kY].taps(), p[kZ].taps()};
    const Expr none = 0;
    const Expr bits = fold_taps(
        taps, {s.c, x, y, z, s.n}, none, [&](const Expr& found, const Expr& rx, const Expr& ry, const Expr& rz) {
            const PerAxis<Expr> t{taps[kX] - 1 - rx, taps[kY] - 1 - ry, taps[kZ] - 1 - rz};
            PerAxis<Expr> i, k;
            Expr live = Halide::Internal::const_true();
            for (int a = kAxes - 1; a >= 0; a--) {
                i[a] = p[a].input(t[a]);
                k[a] = p[a].kernel(t[a]);
                live = live && p[a].live(t[a]);
            }
            return select(here(s, k, i) && live, bits_of(input(s.c, i[kX], i[kY], i[kZ], s.n)), found);
        });
    s.output(s.c, x, y, z, s.n) = Halide::reinterpret<float>(bits);
    return s;
}

}  // namespace

MaxUnpoolStages max_unpool_stages(const Problem& problem, const Func& input, const Func& positions) {
    const Windows w(problem);
    return gather_stages(problem, input, [&](const MaxUnpoolStages& s, const PerAxis<Expr>& k, const PerAxis<Expr>& i) {
        const Expr position = (k[kZ] * w.kernel[kY] + k[kY]) * w.kernel[kX] + k[kX];
        return positions(flat_index(problem, w, i, s.c, s.n)) == cast<uint8_t>(position);
    });
}

MaxUnpoolStages unpool_by_index_stages(const Problem& problem, const Func& input, const Func& indices) {
    const Windows w(problem);
    return gather_stages(problem, input, [&](const MaxUnpoolStages& s, const PerAxis<Expr>&, const PerAxis<Expr>& i) {
        // The output may be larger than what indices count.
        const auto [x, y, z] = s.o;
        Expr counted = Halide::Internal::const_true();
        for (int a = 0; a < kAxes; a++)
            if (s.axes[a].output > w.index_extent[a]) counted = counted && s.o[a] < w.index_extent[a];
        Expr own = (z * w.index_extent[kY] + y) * w.index_extent[kX] + x;
        if (w.whole_tensor) own += (s.n * problem.in_channels + s.c) * w.plane();
        return indices(flat_index(problem, w, i, s.c, s.n)) == cast<int64_t>(own) && counted;
    });
}

UnpoolScatterStages unpool_scatter_stages(const Problem& problem, const Func& input, const Func& indices) {
    UnpoolScatterStages s;
    s.axes = xyz_axes(problem);
    s.channels = problem.out_channels;
    const Windows w(problem);
    const auto [x, y, z] = s.o;

    // THE ALGORITHM, which is the operator's definition. The check has seen that every index is inside.
    const RDom i(0, w.input[kX], 0, w.input[kY], 0, w.input[kZ], 0, problem.in_channels, 0, problem.batch, "inputs");
    const Expr index = cast<int32_t>(indices(flat_index(problem, w, {i[0], i[1], i[2]}, i[3], i[4])));
    const auto within = [](const Expr& value, int extent) { return unsafe_promise_clamped(value, 0, extent - 1); };
    const Expr row = index / w.index_extent[kX], slice = row / w.index_extent[kY], plane = slice / w.index_extent[kZ];
    const Expr ox = within(index % w.index_extent[kX], w.index_extent[kX]);
    const Expr oy = within(row % w.index_extent[kY], w.index_extent[kY]);
    const Expr oz = within(slice % w.index_extent[kZ], w.index_extent[kZ]);
    const Expr c = w.whole_tensor ? within(plane % s.channels, s.channels) : Expr(i[3]);
    const Expr n = w.whole_tensor ? within(plane / s.channels, problem.batch) : Expr(i[4]);
    s.output(s.c, x, y, z, s.n) = 0.0f;
    s.output(c, ox, oy, oz, n) = input(i[3], i[0], i[1], i[2], i[4]);
    return s;
}

}  // namespace polyphase
