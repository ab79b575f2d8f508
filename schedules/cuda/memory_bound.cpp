// A GPU reaches the bandwidth of its memory when every warp touches whole lines and enough of them are on their way:
// neighbouring threads write neighbouring 16 bytes, and all dimensions are one flat range of threads, so that no shape
// leaves a multiprocessor idle. What several outputs read in common comes from the first-level cache.
#include "schedules/cuda/memory_bound.h"

namespace polyphase::cuda {
namespace {

using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

constexpr int kThreads = 128;  // of a block: small enough that the last wave is short
constexpr int kVector = 4;     // 16 bytes

// Dimensions of an output, innermost in memory first.
std::vector<Var> memory_order(const Problem& problem, const Var& c, const PerAxis<Var>& o, const Var& n) {
    if (problem.output_layout == Layout::nhwc) return {c, o[kX], o[kY], o[kZ], n};
    return {o[kX], o[kY], o[kZ], c, n};
}

int innermost_extent(const Problem& problem) {
    return problem.output_layout == Layout::nhwc ? problem.out_channels : problem.output.back();
}

int lanes_of(const Schedule& p) {
    return p.family == "reference" ? 1 : p["lanes"];
}

}  // namespace

Var one_pass(Func f, const std::vector<Var>& order, int lanes) {
    const Var vector("vector"), lane("lane"), flat("flat"), block("block"), thread("thread");
    Var inner = order.front();
    if (lanes > 1) {
        f.split(order.front(), vector, lane, lanes, TailStrategy::RoundUp);
        inner = vector;
    }
    std::vector<Halide::VarOrRVar> loops;
    if (lanes > 1) loops.push_back(lane);
    loops.push_back(inner);
    loops.insert(loops.end(), order.begin() + 1, order.end());
    f.reorder(loops);
    if (lanes > 1) f.vectorize(lane);
    Var all = inner;
    for (size_t i = 1; i < order.size(); i++) {
        f.fuse(all, order[i], flat);
        all = flat;
    }
    f.gpu_tile(all, block, thread, kThreads, TailStrategy::GuardWithIf);
    return thread;
}

std::vector<Schedule> memory_bound_candidates(const Problem& problem) {
    const int lanes = innermost_extent(problem) % kVector == 0 ? kVector : 1;
    return {{.family = "flat", .params = {{"lanes", lanes}}, .source = "cost model"}};
}

std::optional<std::string> reject_memory_bound(const Problem& problem, const Schedule& schedule) {
    if (schedule.family != "flat")
        return "schedule: field family: expected flat or reference, found " + schedule.family;
    return reject_params(schedule, {{"lanes", 1, kVector, innermost_extent(problem)}});
}

void schedule_tables(const std::vector<Func>& tables) {
    for (Func table : tables) {
        table.compute_root();
        one_pass(table, table.args(), 1);
    }
}

void schedule_resize(ResizeStages& s, const Problem& problem, const Schedule& p) {
    s.output.bound(s.c, 0, s.channels);
    one_pass(s.output, memory_order(problem, s.c, s.o, s.n), lanes_of(p));
    schedule_tables(s.tables);
}

void schedule_gather(GatherStages& s, const Problem& problem, const Schedule& p) {
    one_pass(s.output, memory_order(problem, s.c, s.o, s.n), lanes_of(p));
}

void schedule_max_pool(MaxPoolStages& s, const Problem& problem, const Schedule& p) {
    const Var thread = one_pass(s.output, memory_order(problem, s.c, s.o, s.n), lanes_of(p));
    s.best.compute_at(s.output, thread);
}

void schedule_pack(PackStages& s) {
    one_pass(s.packed, s.packed.args(), 1);
}

}  // namespace polyphase::cuda
