// The C++ face: packing, weights, workspaces, typed arguments.
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "tests/runtime/fakes/near2.h"
#include "tests/runtime/fakes/skip1.h"
#include "tests/runtime/fakes/up1.h"
#include "tests/runtime/fixture.h"

namespace {

using fake::Call;
using polyphase::Status;
using testing::HasSubstr;

static_assert(up1::input_strides == polyphase::Extents<4>{60, 20, 5, 1});
static_assert(up1::output_elements == polyphase::element_count(up1::output_shape));
static_assert(noexcept(up1::run(up1::Input(), up1::Weights(), up1::Output())));
static_assert(!std::is_convertible_v<skip1::Weights, const up1::Weights&>, "weights are their kernel's own");
static_assert(!std::is_copy_constructible_v<up1::Weights> && std::is_nothrow_move_constructible_v<up1::Weights>);

class WeightsTest : public RuntimeTest {
  protected:
    std::vector<float> weights = std::vector<float>(24), bias = std::vector<float>(2);
    std::vector<float> input = std::vector<float>(120), output = std::vector<float>(320, 7.0f);
};

TEST_F(WeightsTest, PackAndRun) {
    std::vector<std::string> calls;
    fake::code = [&](const Call& call) {
        calls.push_back(call.function);
        return 0;
    };
    up1::Weights w = up1::pack(weights, bias);
    ASSERT_TRUE(w) << w.status().message();
    EXPECT_EQ(w.size(), up1_packed_size());
    const Status s = up1::run(input, w, output);
    EXPECT_TRUE(s) << s.message();
    EXPECT_TRUE(up1::run(input.data(), w, output.data()));
    EXPECT_TRUE(
        up1::run(std::span<const float>(input), w, polyphase::TensorView<float, 4>(output.data(), up1::output_shape)));
    EXPECT_EQ(up1_run(input.data(), w.data(), output.data(), nullptr), POLYPHASE_NULL_POINTER) << "the workspace";
    EXPECT_THAT(calls, testing::ElementsAre("up1_better_pack", "up1_better_run", "up1_better_run", "up1_better_run"));
    EXPECT_STREQ(up1::instruction_set(), "better");
    EXPECT_THAT(up1::info(), HasSubstr("\"name\":\"up1\""));
}

TEST_F(WeightsTest, OutputMayBeAChannelSlice) {
    const up1::Weights w = up1::pack(weights, bias);
    std::vector<float> concatenated(2 * 6 * 8 * 10);
    const polyphase::TensorView<float, 4> whole(concatenated.data(), {2, 6, 8, 10});
    fake::code = [&](const Call& call) {
        EXPECT_EQ(call.data(3), concatenated.data() + 4 * 80);
        EXPECT_EQ(call.buffers[3]->dim[8].stride, 480);
        return 0;
    };
    EXPECT_TRUE(up1::run(input, w, whole.slice(up1::output_channel_dimension, 4, 2)));
}

TEST_F(WeightsTest, WrongArgumentsLeaveTheOutputAlone) {
    const up1::Weights w = up1::pack(weights, bias);
    fake::code = [](const Call& call) {
        call.data(3)[0] = 0;
        return 0;
    };
    const auto refuse = [&](const Status& status, polyphase_error code, const char* message) {
        EXPECT_EQ(status.code(), code);
        EXPECT_THAT(status.message(), HasSubstr(message));
        EXPECT_THAT(output, testing::Each(7.0f));
    };
    const polyphase::TensorView<float, 4> view(output.data(), up1::output_shape);
    refuse(up1::run(std::span(input).first(119), w, output), POLYPHASE_WRONG_SIZE,
           "up1: the input: expected 120 elements, found 119");
    refuse(up1::run(input, w, std::vector<float>(321)), POLYPHASE_WRONG_SIZE,
           "up1: the output: expected 320 elements, found 321");
    refuse(up1::run(input, w, polyphase::TensorView<float, 4>(output.data(), {2, 2, 10, 8})), POLYPHASE_WRONG_SHAPE,
           "up1: the output: expected extent 8 in dimension 2, found 10");
    refuse(up1::run(input, w, polyphase::TensorView<float, 4>(output.data(), {2, 2, INT64_MAX, INT64_MAX})),
           POLYPHASE_WRONG_SHAPE, "up1: the output: expected extent 8 in dimension 2, found 9223372036854775807");
    refuse(up1::run(input, w, view.slice(1, 1, 2)), POLYPHASE_WRONG_SHAPE, "slice that leaves its tensor");
    refuse(up1::run(nullptr, w, output), POLYPHASE_NULL_POINTER, "up1: the input is null");
    refuse(up1::run(input, w, output, {nullptr, 0}), POLYPHASE_NULL_POINTER, "workspace");
    std::vector<unsigned char> memory(up1::workspace_size());
    refuse(up1::run(input, w, output, {memory.data(), memory.size() - 1}), POLYPHASE_WRONG_SIZE,
           "up1: the workspace: expected at least 1087 bytes, found 1086");
    refuse(up1::run(input, up1::Weights(), output), POLYPHASE_WRONG_PACKED_WEIGHTS, "never packed");
    refuse(up1::run(input, up1::Weights(), output, {memory.data(), memory.size()}), POLYPHASE_WRONG_PACKED_WEIGHTS,
           "never packed");
}

TEST_F(WeightsTest, PackReportsErrors) {
    const auto refuse = [](const up1::Weights& w, polyphase_error code, const char* message) {
        EXPECT_FALSE(w);
        EXPECT_EQ(w.status().code(), code);
        EXPECT_THAT(w.status().message(), HasSubstr(message));
        EXPECT_EQ(w.data(), nullptr);
    };
    refuse(up1::pack(std::vector<float>(23), bias), POLYPHASE_WRONG_SIZE,
           "up1: the weights: expected 24 elements, found 23");
    refuse(up1::pack(weights, std::vector<float>(3)), POLYPHASE_WRONG_SIZE,
           "up1: the bias: expected 2 elements, found 3");
    refuse(up1::pack(nullptr, bias), POLYPHASE_NULL_POINTER, "the weights are null");
    refuse(up1::pack(weights, nullptr), POLYPHASE_MISSING_TENSOR, "needs a bias");
    refuse(up1::pack({weights.data(), {12}, {2}}, bias), POLYPHASE_WRONG_SIZE, "24 dense elements");
    refuse(up1::pack({weights.data(), {24}, {2}}, bias), POLYPHASE_WRONG_SIZE, "24 dense elements");
    EXPECT_FALSE(skip1::pack(std::vector<float>(4), std::vector<float>(1)));
    CountingAllocator allocator;
    allocator.empty = true;
    refuse(up1::pack(weights, bias), POLYPHASE_OUT_OF_MEMORY, "allocator has no memory");
    allocator.empty = false;
    fake::code = [](const Call&) { return -1; };
    refuse(up1::pack(weights, bias), POLYPHASE_KERNEL_FAILED, "up1: the generated code failed");
    EXPECT_EQ(allocator.allocations, allocator.releases);
}

TEST_F(WeightsTest, MovesKeepWeightsAndEmptyTheSource) {
    CountingAllocator allocator;
    {
        up1::Weights a = up1::pack(weights, bias), b;
        const void* data = a.data();
        b = std::move(a);
        EXPECT_EQ(b.data(), data);
        EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): this is the point
        EXPECT_EQ(up1::run(input, a, output).code(), POLYPHASE_WRONG_PACKED_WEIGHTS);
        const up1::Weights c = std::move(b);
        EXPECT_TRUE(up1::run(input, c, output));
    }
    EXPECT_EQ(allocator.bytes_live, 0u);
}

TEST_F(WeightsTest, MemoryGoesBackToWhereItCameFrom) {
    auto first = std::make_unique<CountingAllocator>();
    up1::Weights w = up1::pack(weights, bias);
    CountingAllocator second;
    w = up1::pack(weights, bias);
    EXPECT_EQ(first->bytes_live, 0u);
    EXPECT_EQ(second.allocations, 1);
    w = up1::Weights();
    EXPECT_EQ(second.bytes_live, 0u);
}

/// Blocks `expected` threads inside the kernel until all have arrived, and notes their workspaces.
struct Rendezvous {
    explicit Rendezvous(int threads) : expected(threads) {}

    int arrive(const Call& call) {
        void* scratch = halide_malloc(call.user_context, 512);
        std::unique_lock lock(mutex);
        workspaces.insert(scratch);
        ++arrived;
        all.notify_all();
        all.wait(lock, [&] { return arrived >= expected; });
        lock.unlock();
        halide_free(call.user_context, scratch);
        return 0;
    }

    const int expected;
    int arrived = 0;
    std::set<void*> workspaces;
    std::mutex mutex;
    std::condition_variable all;
};

TEST_F(WeightsTest, ConcurrentRunsHaveWorkspacesOfTheirOwn) {
    for (int slots : {1, 2, 5}) {
        CountingAllocator allocator;
        fake::code = [](const Call&) { return 0; };
        const up1::Weights w = up1::pack(weights, bias, slots);
        EXPECT_EQ(w.concurrent_runs(), slots);
        EXPECT_EQ(allocator.allocations, 1);
        for (int round = 0; round < 3; ++round) {
            Rendezvous rendezvous(4);
            fake::code = [&](const Call& call) { return rendezvous.arrive(call); };
            std::vector<std::thread> threads;
            for (int i = 0; i < 4; ++i) {
                threads.emplace_back([&] {
                    std::vector<float> own(320);
                    EXPECT_TRUE(up1::run(input, w, own));
                });
            }
            for (std::thread& thread : threads) thread.join();
            EXPECT_EQ(rendezvous.workspaces.size(), 4u);
            EXPECT_EQ(allocator.allocations, 1 + (round + 1) * std::max(0, 4 - slots)) << "only the surplus allocates";
        }
        EXPECT_EQ(allocator.allocations - allocator.releases, 1);
    }
}

TEST_F(WeightsTest, OneRunAfterAnotherAllocatesNothing) {
    const up1::Weights w = up1::pack(weights, bias);
    CountingAllocator allocator;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(up1::run(input, w, output));
    EXPECT_EQ(allocator.allocations, 0);
}

TEST_F(WeightsTest, NoMemoryForASurplusRun) {
    const up1::Weights w = up1::pack(weights, bias);
    fake::code = [&](const Call& call) {
        if (call.data(3) != output.data()) return 0;
        CountingAllocator allocator;
        allocator.empty = true;
        std::vector<float> other(320, 7.0f);
        const Status inner = up1::run(input, w, other);
        EXPECT_EQ(inner.code(), POLYPHASE_OUT_OF_MEMORY);
        EXPECT_THAT(other, testing::Each(7.0f));
        return 0;
    };
    EXPECT_TRUE(up1::run(input, w, output));
}

TEST_F(WeightsTest, AbsurdNumbersOfWorkspaces) {
    EXPECT_TRUE(up1::pack(weights, bias, 0));
    EXPECT_TRUE(up1::pack(weights, bias, -1));
    CountingAllocator allocator;
    allocator.empty = true;
    EXPECT_EQ(up1::pack(weights, bias, INT_MAX).status().code(), POLYPHASE_OUT_OF_MEMORY);
}

TEST_F(WeightsTest, WeightlessKernelsTakeNoPackedWeights) {
    std::vector<float> in(60), out(240);
    EXPECT_TRUE(near2::run(in, out));
    EXPECT_TRUE(near2::run(in, out, {nullptr, 0}));
    EXPECT_EQ(near2::run(in, std::vector<float>(241)).code(), POLYPHASE_WRONG_SIZE);
}

}  // namespace
