#include "schedules/cuda/convolution.h"

#include "schedules/cuda/memory_bound.h"

namespace polyphase::cuda {
namespace {

using Halide::Func;
using Halide::MemoryType;
using Halide::Var;

// Dimensions of the output, innermost in memory first.
std::vector<Var> memory_order(const ConvolutionStages& s, const Problem& problem) {
    const auto [rx, ry, rz] = s.r;
    const auto [qx, qy, qz] = s.q;
    if (problem.output_layout == Layout::nhwc) return {s.c, s.g, rx, qx, ry, qy, rz, qz, s.n};
    return {rx, qx, ry, qy, rz, qz, s.c, s.g, s.n};
}

}  // namespace

Packing convolution_packing(const Problem&, const Schedule&) {
    using D = PackedDim;
    return {4, {D::co_in_block, D::ci, D::tx, D::ty, D::tz, D::rx, D::ry, D::rz, D::co_block, D::group}};
}

void schedule_convolution(ConvolutionStages& s, const Problem& problem, const Schedule&) {
    schedule_tables(s.tables);
    s.acc.compute_at(s.output, one_pass(s.output, memory_order(s, problem), 1)).store_in(MemoryType::Register);
}

}  // namespace polyphase::cuda
