// Resampling. Bound by memory when the output exceeds the cache, by loads and shuffles otherwise.
//   planes       channels first, small periods: a vector of q per phase, phases interleaved when stored: no gather, no
//   table gather       channels first, any ratio: vectors along x, inputs and weights gathered through x's table
//   channels     channels last: vectors along channels, one broadcast weight per tap; all phases of a quotient share
//                their inputs where periods are small
//   pixels       channels last with few channels, small periods: as planes, with channels interleaved at the store too
//   permuted     x86, few channels last or more phases than taps: vectors along the whole row, each tap a permutation
//                of one or two vectors of the input. `pattern` elements are unrolled: a short row of any ratio, whose
//                inputs may then stay in registers, or those after which all repeats
//   interleaved  channels last with few channels, any ratio: vectors along the whole row, gathered through x's table
// The row blended along y and z is computed once per output row into a buffer that stays in the first-level cache. Its
// ends go on with their edge values there, which costs a few scalar stores; clamped loads would make the first and last
// vectors of each row gathers, two of three where a row has 32 inputs. Channels last, all channels of a pixel are done
// before the next pixel, so that every stream of memory is read and written in order. A whole row of many channels
// would push its outputs out of the first-level cache; where phases say which inputs a part of it needs, it is blended
// part by part: 64 channels x2 to 256 x 256 take 0.65 ms instead of 1.0 on one core of an AMD EPYC (Zen 4) while the
// output stays in the third-level cache. Where it does not, stores read what they overwrite, 1.0 ms; a part that is
// finished on the stack and then streams past the caches takes 0.6, which is what one core needs to fill it so.
#include "schedules/cpu/resize.h"

#include <bit>
#include <numeric>

#include "schedules/cpu/memory_bound.h"
#include "schedules/cpu/task_memory.h"

namespace polyphase::cpu {
namespace {

using Halide::Func;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;
using Halide::Internal::is_const_one;

constexpr int kMostInterleaved = 16;     // vectors in one interleaved store
constexpr int kMostRowBytes = 64 << 10;  // of stack, for each row that is kept
constexpr int kPartBytes = 8 << 10;      // of outputs: with their blended inputs well within the first-level cache
constexpr int kMostUnrolled = 384;       // elements of a row, or until its inputs and weights repeat
constexpr int kMostGathered = 1024;      // the same, where each would be gathered otherwise
constexpr int kMostTaps = 8;             // of each of these
constexpr int kStreamedTask = 8;         // times the rows of other tasks: each waits for what it has streamed

// Whole vectors of x, phase by phase: the stores of a vector's phases, and of its channels if these lie together,
// become one dense store of their interleave.
void interleave_phases(ResizeStages& s, const Var& vector, int lanes, bool channels) {
    const Var q("q"), r("r"), lane("lane");
    const AxisMap& x = s.axes[kX];
    s.output.split(s.o[kX], q, r, x.period, tail(x.output, x.period, TailStrategy::GuardWithIf))
        .split(q, vector, lane, lanes, tail(quotients(x), lanes, TailStrategy::ShiftInwards));
    if (channels)
        s.output.reorder(lane, s.c, r, vector).unroll(s.c);
    else
        s.output.reorder(lane, r, vector);
    s.output.vectorize(lane).unroll(r);
}

// The row that the taps of x read is a buffer, made anew for each row of the output.
void buffer_row(ResizeStages& s, const Var& row, const RVar& outer, const RVar& inner, int lanes) {
    s.source.compute_at(s.output, row).store_in(kTaskStack);
    s.source.update()
        .split(s.inside, outer, inner, lanes, TailStrategy::GuardWithIf)
        .allow_race_conditions()  // there are none, but Halide cannot tell for patterned
        .vectorize(inner);
    for (int i = 1; i < s.source.num_update_definitions(); i++) s.source.update(i).unscheduled();
}

// How many elements the row spans that whole patterns read, with what repeats its ends.
int elements_read(const ResizeStages& s, int pattern) {
    const AxisMap& x = s.axes[kX];
    if (pattern >= x.output * s.row_channels) return x.input * s.row_channels;
    const int periods = ceil_div(x.output * s.row_channels, pattern) * (pattern / (x.period * s.row_channels));
    int begin = 0, end = x.input;
    for (const Phase& phase : x.phases) {
        begin = std::min(begin, phase.first_input);
        end = std::max(end, (periods - 1) * x.advance + phase.first_input + x.taps());
    }
    return (end - begin) * s.row_channels;
}

// The parts of a row, of equal size, in whole periods.
int part_of_row(const ResizeStages& s, int period) {
    const int row = ceil_div(s.axes[kX].output, period), most = std::max(1, kPartBytes / (4 * period * s.channels));
    return ceil_div(row, ceil_div(row, most)) * period;
}

// Channels that lie beside each other in a row.
int row_channels(const Problem& problem) {
    return problem.output_layout == Layout::nhwc ? problem.in_channels : 1;
}

// What element `element` of a row reads first, counting elements.
int first_read(const AxisMap& x, int channels, int element) {
    const int pixel = element / channels;
    return (pixel / x.period * x.advance + x.phases[pixel % x.period].first_input) * channels + element % channels;
}

// Whether each tap of `lanes` elements lies within two vectors.
bool within_two_vectors(const AxisMap& x, int channels, int begin, int lanes) {
    int first = first_read(x, channels, begin), last = first;
    for (int element = begin + 1; element < begin + lanes; element++) {
        first = std::min(first, first_read(x, channels, element));
        last = std::max(last, first_read(x, channels, element));
    }
    return last - first < 2 * lanes;
}

// Elements of a row that are permuted at once: all of it, or those after which inputs and weights of whole vectors
// repeat; 0 if both are too many.
int pattern_of(int row, int repeat, int most, int lanes) {
    const int whole = ceil_div(row, lanes) * lanes;
    if (whole <= most) return whole;
    const int pattern = repeat <= most ? std::lcm(repeat, lanes) : repeat;
    return pattern <= most ? pattern : 0;
}

// Whether the vectors of a row of the input are what is permuted, and never leave the registers.
bool in_registers(int input, int output, int pattern, int lanes) {
    return pattern >= output && output <= kMostUnrolled && input % lanes == 0;
}

// The elements of `permuted`; 0 where that is not the fastest way, or impossible. On an AMD EPYC (Zen 4), with 3
// channels last: bilinear x1.5 takes 0.45 of the time of `pixels`, x2 0.55, bicubic x2 0.8; planes: bilinear x4 0.5 of
// the time of `planes`, x1.5 0.6, but x2 1.1 unless rows are short: of 32 0.6, of 128 0.75, bicubic of 32 0.75, of 64
// 1.2 with AVX2, whose registers they fill. Ratios without small periods take 0.07 to 0.4 of the time of gathers, and
// up to 70 kB of code. Channels that fill vectors of 8 have no use for it; nearest of 1, 2 or 4 channels is mostly a
// cheap interleave.
int pattern_of_row(const Problem& problem, const Machine& m) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const AxisMap& x = axes[kX];
    const int channels = row_channels(problem), row = x.output * channels;
    const int most = x.period <= kMaxPeriod ? kMostUnrolled : kMostGathered;
    const int pattern = pattern_of(row, x.period * channels, most, m.lanes);
    if (!m.permuted_loads || !x.edge_replicated || problem.input_layout != problem.output_layout) return 0;
    if (pattern == 0 || x.taps() > kMostTaps) return 0;
    const bool short_row =
        in_registers(x.input * channels, row, pattern, m.lanes) && (x.taps() <= 2 || row <= 8 * m.lanes);
    if (problem.output_layout == Layout::nchw && x.period <= x.taps() && !short_row) return 0;
    const bool interleaves =
        x.taps() == 1 && x.period <= kMaxPeriod && std::has_single_bit(static_cast<unsigned>(channels));
    if (channels > 16 || channels % 8 == 0 || interleaves) return 0;
    if (4LL * channels * (x.input + 4 * m.lanes) > kMostRowBytes) return 0;
    for (int begin = 0; begin < std::min(pattern, row); begin += m.lanes)
        if (!within_two_vectors(x, channels, begin, m.lanes)) return 0;
    return pattern;
}

// Pixels of whole cache lines, because of a line that parts share stores have to read the rest; a period on the stack.
bool can_stream(const Problem& problem, const Machine& machine, const std::string& family) {
    const long long pixel_bytes = 4LL * problem.out_channels;
    return machine.streaming_stores && family == "channels" && pixel_bytes % (4 * kLine) == 0 &&
           pixel_bytes * kMaxPeriod <= kMostTaskBytes;
}

}  // namespace

std::vector<Schedule> resize_candidates(const Problem& problem, const Machine& m) {
    const PerAxis<AxisMap> axes = xyz_axes(problem);
    const AxisMap& x = axes[kX];
    const bool phases = x.edge_replicated && x.period <= kMaxPeriod;
    const int channels = problem.in_channels, shuffled = std::min(m.lanes, kMostShuffledLanes);
    Schedule p;
    p.source = "cost model";
    int lanes = 1;
    bool x_phases = phases;
    const int pattern = pattern_of_row(problem, m);
    if (pattern > 0) {
        p.family = "permuted";
        x_phases = true;
        lanes = m.lanes;
    } else if (problem.output_layout == Layout::nchw) {
        p.family = phases ? "planes" : "gather";
        lanes = phases ? lanes_within(shuffled, quotients(x)) : lanes_within(m.lanes, x.output);
    } else if (channels * 2 >= m.lanes) {
        p.family = "channels";
        lanes = lanes_within(m.lanes, channels);
    } else if (phases && x.period * channels <= kMostInterleaved) {
        p.family = "pixels";
        lanes = lanes_within(shuffled, quotients(x));
    } else {
        p.family = "interleaved";
        x_phases = false;
        lanes = lanes_within(m.lanes, x.output * channels);
    }
    const long long row_bytes = 4LL * (x.input + (x_phases ? 2 * m.lanes : 0)) * row_channels(problem);
    const bool blends = std::any_of(axes.begin(), axes.end(), [](const AxisMap& axis) { return axis.taps() > 1; });
    const bool in_parts = p.family == "channels" && phases;
    const bool row_buffer = !in_parts && (blends || p.family == "pixels" || p.family == "permuted") &&
                            row_bytes <= (p.family == "channels" ? kMostTaskBytes : kMostRowBytes);
    p.params = {{"lanes", lanes},
                {"rows", rows_per_task(problem)},
                {"parallel", worth_threads(problem)},
                {"row_buffer", row_buffer},
                {"streams", 0},
                {"x_phases", x_phases},
                {"pattern", pattern}};
    if (!can_stream(problem, m, p.family)) return {p};
    Schedule streaming = p;
    streaming.params["streams"] = 1;
    streaming.params["rows"] = std::min(kStreamedTask * p["rows"], output_rows(problem));
    return worth_streaming(problem) ? std::vector{streaming, p} : std::vector{p, streaming};
}

std::optional<std::string> reject_resize(const Problem& problem, const Machine& machine, const Schedule& schedule) {
    // The problem leaves no choice of family, only of numbers.
    Schedule own = resize_candidates(problem, machine).front();
    if (schedule.family != own.family)
        return "schedule: field family: expected " + own.family + " or reference, found " + schedule.family;
    const int pattern = own.params["pattern"];
    return reject_params(schedule, {{"lanes", pattern > 0 ? own.params["lanes"] : 1, own.params["lanes"]},
                                    {"pattern", pattern, pattern},
                                    {"rows", 1, output_rows(problem)},
                                    {"parallel", 0, 1},
                                    {"row_buffer", pattern > 0, own.params["row_buffer"]},
                                    {"streams", 0, can_stream(problem, machine, own.family)},
                                    {"x_phases", own.params["x_phases"], own.params["x_phases"]}});
}

void schedule_resize(ResizeStages& s, const Schedule& p) {
    if (p.family == "reference") return;  // one output at a time, everything inline
    const auto [x, y, z] = s.o;
    const Var vector("vector"), lane("lane"), yi("yi"), yb("yb"), task("task"), flat("flat"), pattern("pattern");
    const int lanes = p["lanes"];
    const AxisMap& ax = s.axes[kX];
    const int row = ax.output * s.channels;
    const bool blended = s.blends_rows && p["row_buffer"];
    Func out = s.output;
    out.bound(s.c, 0, s.channels).bound(x, 0, ax.output).bound(y, 0, s.axes[kY].output).bound(z, 0, s.axes[kZ].output);
    out.split(y, yb, yi, p["rows"], TailStrategy::GuardWithIf);
    if (p.family == "planes" || p.family == "pixels") {
        const bool pixels = p.family == "pixels";
        interleave_phases(s, vector, lanes, pixels);
        if (p["row_buffer"]) {
            const RVar outer("outer"), inner("inner");
            buffer_row(s, yi, outer, inner, lanes);
            if (pixels) {
                // A row as planes: what was strided is read once, and the taps of x are plain vectors.
                s.source.reorder_storage(x, s.c, y, z, s.n).bound_extent(s.c, s.channels);
                s.source.update().reorder(inner, s.c, outer).unroll(s.c);
                if (s.blends_rows) {
                    s.rows.compute_at(out, yi).store_in(kTaskStack).bound_extent(s.c, s.channels);
                    s.rows.bound(x, 0, ax.input).fuse(s.c, x, flat);
                    s.rows.vectorize(flat, lanes, TailStrategy::GuardWithIf);
                }
            }
        }
        if (pixels)
            out.fuse(yb, z, task);
        else
            out.fuse(yb, z, task).fuse(task, s.c, task);
    } else if (p.family == "permuted") {
        const bool planes = s.row_channels == 1;
        const int elements = ax.output * s.row_channels, vectors = p["pattern"] / lanes;
        const Var& element = planes ? x : flat;
        if (!planes) out.reorder(s.c, x, yi, yb, z, s.n).fuse(s.c, x, element);
        out.split(element, pattern, lane, lanes, tail(elements, lanes, TailStrategy::Predicate))
            .split(pattern, pattern, vector, vectors,
                   tail(ceil_div(elements, lanes), vectors, TailStrategy::GuardWithIf))
            .reorder(lane, vector, pattern, yi, yb, z)
            .vectorize(lane)
            .unroll(vector)
            .fuse(yb, z, task);
        if (planes) out.fuse(task, s.c, task);
        const RVar outer("outer"), inner("inner");
        buffer_row(s, yi, outer, inner, lanes);
        if (in_registers(ax.input * s.row_channels, elements, p["pattern"], lanes)) s.source.update().unroll(outer);
        s.source.bound_storage(x, elements_read(s, p["pattern"]) + 2 * lanes);  // permuted vectors are read whole
    } else if (p.family == "gather") {
        out.split(x, vector, lane, lanes, tail(ax.output, lanes, TailStrategy::ShiftInwards))
            .reorder(lane, vector, yi, yb, z, s.c, s.n)
            .vectorize(lane)
            .fuse(yb, z, task)
            .fuse(task, s.c, task);
        if (blended) s.source.compute_at(out, yi).store_in(kTaskStack).vectorize(x, lanes, TailStrategy::GuardWithIf);
    } else if (p.family == "channels") {
        const Var part("part"), q("q"), r("r");
        const bool phases = p["x_phases"], streams = p["streams"];
        const int period = phases ? ax.period : 1, elements = part_of_row(s, period);
        const TailStrategy last_vector = tail(s.channels, lanes, TailStrategy::ShiftInwards);
        if (phases || streams)
            out.split(x, part, x, elements,
                      ax.output % period == 0 ? TailStrategy::ShiftInwards : TailStrategy::GuardWithIf);
        // What is computed: the output itself, or a part of a row that it copies.
        Func values = streams ? s.finished : out;
        values.split(s.c, vector, lane, lanes, last_vector).reorder(lane, vector, x).vectorize(lane);
        if (phases)
            values
                .split(x, q, r, period,
                       streams ? tail(ax.output, period, TailStrategy::GuardWithIf) : TailStrategy::RoundUp)
                .reorder(lane, r, vector, q)
                .unroll(r);
        if (streams) values.compute_at(out, part).store_in(kTaskStack);
        out.fuse(yb, z, task);
        if (phases ? s.blends_rows : blended)
            s.source.compute_at(out, phases ? part : yi).store_in(kTaskStack).vectorize(s.c, lanes, last_vector);
    } else {
        out.reorder(s.c, x, yi, yb, z, s.n)
            .fuse(s.c, x, flat)
            .vectorize(flat, lanes, tail(row, lanes, TailStrategy::ShiftInwards))
            .fuse(yb, z, task);
        if (blended) {
            const Var row_flat("row_flat");
            s.source.compute_at(out, yi)
                .store_in(kTaskStack)
                .bound_extent(s.c, s.channels)
                .fuse(s.c, x, row_flat)
                .vectorize(row_flat, lanes, TailStrategy::GuardWithIf);
        }
    }
    if (p["parallel"]) out.parallel(task);
    // Vectors across pixels need pixels that follow each other; slices of wider tensors go element by element.
    if (p.family == "pixels" || p.family == "interleaved" || (p.family == "permuted" && !is_const_one(s.dense_pixels)))
        out.specialize(s.dense_pixels);
}

}  // namespace polyphase::cpu
