// The tools of the other tests must themselves notice what they are for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <set>
#include <thread>

#include "tests/reference/reference.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/child_process.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/random_problem.h"
#include "tests/support/temporary_directory.h"

namespace polyphase::testing {
namespace {

TEST(GuardedBuffer, FaultsOnBothSides) {
    const auto touch = [](volatile float* where) { *where = 1.0F; };
    const GuardedBuffer left(12, GuardedBuffer::Side::begin), right(12, GuardedBuffer::Side::end);
    EXPECT_EXIT(touch(left.floats() - 1), ::testing::KilledBySignal(SIGSEGV), "");
    EXPECT_EXIT(touch(right.floats() + 3), ::testing::KilledBySignal(SIGSEGV), "");
    touch(left.floats());
    touch(right.floats() + 2);
}

TEST(GuardedBuffer, SeesWritesBetweenTheDataAndTheGuards) {
    const GuardedBuffer left(12, GuardedBuffer::Side::begin, 8);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(left.data()) % 4096, 8U);
    std::memset(left.data(), 0, 12);
    EXPECT_TRUE(left.surroundings_intact());
    left.floats()[3] = 0;
    EXPECT_FALSE(left.surroundings_intact());

    const GuardedBuffer right(12, GuardedBuffer::Side::end, 4);
    EXPECT_TRUE(right.holds_only(GuardedBuffer::kPoison));
    right.floats()[2] = 0;
    EXPECT_FALSE(right.holds_only(GuardedBuffer::kPoison));
    EXPECT_TRUE(right.surroundings_intact());
    right.floats()[3] = 0;
    EXPECT_FALSE(right.surroundings_intact());
}

TEST(GuardedBuffer, ReadOnlyMeansIt) {
    GuardedBuffer buffer(8, GuardedBuffer::Side::end);
    buffer.make_read_only();
    EXPECT_EXIT(*static_cast<volatile float*>(buffer.floats()) = 1.0F, ::testing::KilledBySignal(SIGSEGV), "");
}

TEST(AllocationCounter, CountsEveryWayToTheHeap) {
    void* volatile keep = nullptr;  // keeps the compiler from removing the pairs
    const auto counted = [&](auto&& allocate, auto&& release) {
        const int64_t before = allocations();
        keep = allocate();
        const int64_t after = allocations();
        release(keep);
        return after - before;
    };
    const auto c_free = [](void* p) { std::free(p); };
    EXPECT_EQ(counted([] { return std::malloc(10); }, c_free), 1);
    EXPECT_EQ(counted([] { return std::calloc(10, 2); }, c_free), 1);
    EXPECT_EQ(counted([] { return std::realloc(nullptr, 5); }, c_free), 1);
    EXPECT_EQ(counted([] { return std::aligned_alloc(64, 128); }, c_free), 1);
    EXPECT_EQ(counted(
                  [] {
                      void* p = nullptr;
                      return posix_memalign(&p, 64, 100) == 0 ? p : nullptr;
                  },
                  c_free),
              1);
    EXPECT_EQ(counted([]() -> void* { return new int(1); }, [](void* p) { delete static_cast<int*>(p); }), 1);
    const int64_t before = allocations();
    std::thread([&] {
        keep = std::malloc(1);
        std::free(keep);
    }).join();
    EXPECT_GE(allocations() - before, 1);
}

TEST(ChildProcess, KeepsOutputErrorAndExitCode) {
    const ChildResult result =
        run_child({"sh", "-c", "echo out; echo $COLOUR >&2; pwd; exit 3"}, {{{"COLOUR", "blue"}}, "/"});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.output, "out\n/\n");
    EXPECT_EQ(result.error, "blue\n");
    EXPECT_EQ(run_child({"sh", "-c", "kill -9 $$"}).exit_code, 128 + 9);
#ifndef POLYPHASE_EMULATED  // qemu's vfork is a fork, after which the parent does not learn why the child failed
    EXPECT_THROW(run_child({"/nonexistent/program"}), std::runtime_error);
#endif
}

TEST(TemporaryDirectory, Vanishes) {
    std::string path;
    {
        const TemporaryDirectory directory;
        path = directory.write("a.txt", "text");
        EXPECT_EQ(read_text(path), "text");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Rng, IsTheSameEverywhere) {
    Rng rng(1);
    std::vector<int> values(5);
    for (int& value : values) value = rng.uniform(-10, 10);
    EXPECT_THAT(values, ::testing::ElementsAre(-8, -1, 8, 2, -1));
    EXPECT_NE(case_seed(1, 0), case_seed(1, 1));
    EXPECT_NE(case_seed(1, 0), case_seed(2, 0));
}

/// The generator must reach the corners that it promises, and its problems must be consistent.
TEST(RandomProblem, ReachesItsCorners) {
    Rng rng(7);
    std::set<std::string> seen;
    const auto note = [&](bool condition, const char* what) {
        if (condition) seen.insert(what);
    };
    for (int i = 0; i < 1500; ++i) {
        const Problem problem = random_problem(rng, Op::conv_transpose);
        const auto& op = std::get<ConvTranspose>(problem.op);
        ASSERT_EQ(problem.in_channels % op.groups, 0);
        ASSERT_EQ(problem.out_channels % op.groups, 0);
        for (size_t a = 0; a < problem.input.size(); ++a) {
            const int extent = (op.kernel[a] - 1) * op.dilation[a] + 1;
            ASSERT_EQ(problem.output[a],
                      (problem.input[a] - 1) * op.stride[a] + extent - op.pad_begin[a] - op.pad_end[a]);
            ASSERT_GE(problem.output[a], 1);
            note(std::gcd(op.stride[a], op.dilation[a]) > 1, "gcd");
            note(op.kernel[a] == 16, "kernel 16");
            note(op.stride[a] == 8, "stride 8");
            note(op.stride[a] > extent, "stride beyond the kernel");
            note(op.pad_begin[a] < 0, "negative begin");
            note(op.pad_end[a] < 0, "negative end");
            note(op.pad_begin[a] != op.pad_end[a], "asymmetric");
            note(problem.output[a] % op.stride[a] != 0, "indivisible output");
        }
        note(problem.rank() == 1, "1-D");
        note(problem.rank() == 3, "3-D");
        note(op.groups > 1 && op.groups == problem.in_channels && op.groups == problem.out_channels, "depthwise");
        note(op.groups > 1 && op.groups < problem.in_channels, "groups");
        note(op.weight_layout == WeightLayout::k_cout_cin, "k_cout_cin");
        note(op.weight_layout == WeightLayout::cout_k_cin && op.groups > 1, "cout_k_cin in groups");
        note(problem.input_layout != problem.output_layout, "mixed layouts");
        note(problem.residual, "residual");
        note(!op.bias, "no bias");
        note(problem.batch == 3, "batch");
        note(problem.in_channels == 40, "40 channels");
        note(problem.activation.kind == Activation::Kind::prelu, "prelu");
    }
    EXPECT_EQ(seen.size(), 20U) << ::testing::PrintToString(seen);

    std::set<std::tuple<ResizeMode, Coordinates, NearestRounding, bool, bool>> kinds;
    for (int i = 0; i < 10000; ++i) {
        const Problem problem = random_problem(rng, Op::resize);
        for (const ResampleAxis& axis : std::get<Resize>(problem.op).axes) {
            kinds.insert({axis.mode, axis.coordinates, axis.nearest_rounding, axis.exclude_outside, axis.antialias});
        }
    }
    // nearest: 7 coordinates x 4 roundings; linear, cubic and three of lanczos: 6 coordinates x exclude_outside x
    // antialias; area.
    EXPECT_EQ(kinds.size(), 7U * 4 + 5U * 6 * 4 + 1);
}

TEST(RandomProblem, ConvolutionsReachTheirCorners) {
    Rng rng(8);
    std::set<std::string> seen;
    const auto note = [&](bool condition, const char* what) {
        if (condition) seen.insert(what);
    };
    const auto note_both = [&](const Problem& problem, const Convolution& op, const std::vector<int>& image) {
        for (size_t a = 0; a < image.size(); ++a) {
            const int extent = (op.kernel[a] - 1) * op.dilation[a] + 1;
            ASSERT_EQ(op.stride[a], 1);
            ASSERT_EQ(problem.output[a], image[a] + op.pad_begin[a] + op.pad_end[a] - extent + 1);
            ASSERT_GE(op.pad_begin[a], 0);
            ASSERT_GE(op.pad_end[a], 0);
            note(op.pad_begin[a] != op.pad_end[a], "asymmetric");
            note(op.pad_begin[a] >= extent, "outputs in the padding alone");
            note(extent > image[a], "kernel beyond the image");
            note(op.dilation[a] > 1, "dilation");
        }
        note(op.groups > 1 && op.groups == problem.in_channels && op.groups == problem.out_channels, "depthwise");
        note(op.groups > 1 && op.groups < problem.in_channels, "groups");
        note(op.weight_layout == WeightLayout::cout_cin_k && op.groups > 1, "cout_cin_k in groups");
        note(op.weight_layout == WeightLayout::cout_k_cin && op.groups > 1, "cout_k_cin in groups");
        note(op.weight_layout == WeightLayout::k_cin_cout && op.groups > 1, "k_cin_cout in groups");
    };
    for (int i = 0; i < 1000; ++i) {
        const Problem conv = random_problem(rng, Op::conv);
        note_both(conv, std::get<Conv>(conv.op), conv.input);
    }
    EXPECT_EQ(seen.size(), 9U) << ::testing::PrintToString(seen);

    seen.clear();
    std::set<ResizeMode> modes;
    for (int i = 0; i < 1000; ++i) {
        const Problem problem = random_problem(rng, Op::resize_conv);
        const auto& op = std::get<ResizeConv>(problem.op);
        std::vector<int> image;
        for (const ResampleAxis& axis : op.axes) {
            image.push_back(axis.output);
            modes.insert(axis.mode);
            ASSERT_EQ(axis.input, problem.input[image.size() - 1]);
            note(axis.output % axis.input != 0 && axis.mode == ResizeMode::nearest, "nearest by a fraction");
            note(axis.output == 4 * axis.input && axis.mode == ResizeMode::nearest, "nearest by four");
            note(axis.output < axis.input, "smaller");
        }
        note_both(problem, op, image);
    }
    EXPECT_EQ(seen.size(), 12U) << ::testing::PrintToString(seen);
    EXPECT_EQ(modes.size(), 7U);
}

TEST(RandomProblem, DataMoversReachTheirCorners) {
    Rng rng(9);
    std::set<std::string> seen;
    const auto note = [&](bool condition, const char* what) {
        if (condition) seen.insert(what);
    };
    for (int i = 0; i < 600; ++i) {
        const Problem depth = random_problem(rng, Op::depth_to_space);
        const auto& block = std::get<DepthToSpace>(depth.op).block;
        note(depth.rank() == 3, "3-D depth to space");
        note(depth.rank() > 1 && block[0] != block[1], "oblong block");

        const Problem fold = random_problem(rng, Op::col2im);
        const auto& blocks = std::get<Col2Im>(fold.op);
        note(blocks.stride[0] < blocks.kernel[0], "overlapping blocks");
        note(blocks.stride[0] > (blocks.kernel[0] - 1) * blocks.dilation[0] + 1, "blocks with gaps");
        note(blocks.dilation[0] > 1, "dilated blocks");

        const Problem pool = random_problem(rng, Op::max_pool_indices);
        const auto& windows = std::get<MaxPool>(pool.op);
        const int last = (pool.output[0] - 1) * windows.stride[0] - windows.pad_begin[0];
        note(last + (windows.kernel[0] - 1) * windows.dilation[0] >= pool.input[0], "window cut at the end");
        note(windows.stride[0] < windows.kernel[0], "overlapping windows");
        note(windows.stride[0] > windows.kernel[0], "windows with gaps");
        note(windows.indices.column_major, "column major");
        const ProblemData data = random_data(rng, pool, Numbers::whole);
        const reference::Pooled pooled = reference::max_pool(pool, {.input = data.input.data()});
        for (size_t o = 0; o < pooled.indices.size(); ++o) {
            ASSERT_GE(pooled.indices[o], 0) << "a window without inputs";
            note(std::isnan(pooled.sums.value[o]), "NaN");
            note(std::isinf(pooled.sums.value[o]) && pooled.sums.value[o] < 0, "nothing but -inf");
        }

        const Problem unpool = random_problem(rng, Op::max_unpool);
        const auto& places = std::get<MaxUnpool>(unpool.op);
        const ProblemData indexed = random_data(rng, unpool, Numbers::whole);
        ASSERT_TRUE(reference::indices_inside(unpool, indexed.indices.data()));
        const std::set<int64_t> distinct(indexed.indices.begin(), indexed.indices.end());
        note(places.indices.whole_tensor && distinct.size() < indexed.indices.size(), "duplicate indices");
        note(places.index_extent != unpool.output, "output larger than indices reach");
        note(places.pad_begin[0] > 0, "padded unpooling");
    }
    EXPECT_EQ(seen.size(), 14U) << ::testing::PrintToString(seen);
}

TEST(RandomProblem, SameSeedSameProblemAndData) {
    Rng a(3), b(3);
    const Problem p = random_problem(a), q = random_problem(b);
    EXPECT_EQ(p.input, q.input);
    EXPECT_EQ(p.op.index(), q.op.index());
    EXPECT_EQ(random_data(a, p, Numbers::real).input, random_data(b, q, Numbers::real).input);
}

/// Whole numbers really make exact sums: the oracle's magnitudes stay far below 2^24.
TEST(RandomProblem, WholeNumbersStayExact) {
    Rng rng(11);
    for (int i = 0; i < 50; ++i) {
        const Problem problem = random_problem(rng, Op::conv_transpose);
        const ProblemData data = random_data(rng, problem, Numbers::whole);
        const reference::Sums sums =
            reference::conv_transpose(problem, {.input = data.input.data(), .weights = data.weights.data()});
        for (const double magnitude : sums.magnitude) ASSERT_LT(magnitude, 0x1p22);
    }
}

}  // namespace
}  // namespace polyphase::testing
