// What schedules of memory-bound operators share.
#pragma once

#include <algorithm>

#include "generators/stages.h"

namespace polyphase::cpu {

/// More phases than this would unroll into too much code.
inline constexpr int kMaxPeriod = 8;

/// Longer vectors gain nothing where their phases are interleaved: on one core of an AMD EPYC (Zen 4), with AVX-512,
/// depth to space of 3 x 3 phases with channels last takes 0.33 ms with 8 lanes, 0.56 with 16, and bilinear x4 to
/// 513 x 513 x 21 with channels first 0.8 ms instead of 1.1.
inline constexpr int kMostShuffledLanes = 8;

/// How to cut `extent` by `factor`: plainly if that leaves nothing over.
inline Halide::TailStrategy tail(int extent, int factor, Halide::TailStrategy otherwise) {
    return extent % factor == 0 ? Halide::TailStrategy::RoundUp : otherwise;
}

/// Periods of an axis, the last one perhaps cut short.
inline int quotients(const AxisMap& axis) {
    return (axis.output + axis.period - 1) / axis.period;
}

/// Largest power of two that is at most `limit` and at most `extent`.
inline int lanes_within(int limit, int extent) {
    int lanes = 1;
    while (lanes * 2 <= std::min(limit, extent)) lanes *= 2;
    return lanes;
}

/// Rows of a plane of the output.
inline int output_rows(const Problem& problem) {
    return problem.rank() > 1 ? problem.output[problem.rank() - 2] : 1;
}

/// Output rows per task, so that a task writes about 64 kB: enough to hide the cost of handing it to a thread.
inline int rows_per_task(const Problem& problem) {
    const long long row_bytes =
        4LL * problem.output.back() * (problem.output_layout == Layout::nhwc ? problem.out_channels : 1);
    return static_cast<int>(std::clamp<long long>((64 << 10) / row_bytes, 1, output_rows(problem)));
}

/// Whole planes of `plane` elements per task, where one alone is too little. A divisor of `channels`.
inline int planes_per_task(long long plane, int channels) {
    int planes = static_cast<int>(std::clamp<long long>((64 << 10) / (4 * plane), 1, channels));
    while (channels % planes != 0) planes--;
    return planes;
}

/// Parallel tasks of a channels-first output whose rows are split into yb and others inside: `planes` planes each, or
/// if that is 1 the rows of one yb.
inline void split_into_tasks(Halide::Func out, const Halide::Var& yb, const Halide::Var& z, const Halide::Var& c,
                             const Halide::Var& n, int planes, const Halide::Var& task) {
    const Halide::Var plane("plane");
    if (planes > 1)
        out.split(c, task, plane, planes, Halide::TailStrategy::RoundUp).fuse(task, n, task);
    else
        out.fuse(yb, z, task).fuse(task, c, task).fuse(task, n, task);
}

/// Waking a thread takes some 10 us, so a kernel should last 50 us before it is shared out: 2 MB at the 40 GB/s at
/// which one core copies what its second-level cache holds.
inline bool worth_threads(const Problem& problem) {
    return min_bytes(problem) > 2 << 20;
}

/// Whether outputs leave the caches anyway: stores past them need not read what they overwrite.
inline bool worth_streaming(const Problem& problem) {
    return min_bytes(problem) > 16 << 20;
}

}  // namespace polyphase::cpu
