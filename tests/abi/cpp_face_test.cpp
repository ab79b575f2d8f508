// The typed C++ face of generated headers, and that running allocates nothing through either face.
#include <abi_conv.h>
#include <abi_double.h>
#include <abi_large.h>
#include <abi_nearest.h>
#include <abi_plain.h>
#include <abi_pool.h>
#include <abi_skip.h>
#include <abi_unpool.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/polyphase.h>

#include <cmath>
#include <thread>
#include <type_traits>

#include "tests/abi/c_face.h"
#include "tests/abi/kernel_table.h"
#include "tests/support/allocation_counter.h"

namespace polyphase::testing {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

// Shapes, strides, sizes and FLOPs are constants.
static_assert(abi_plain::input_shape == Extents<4>{2, 5, 7, 9});
static_assert(abi_plain::output_shape == Extents<4>{2, 13, 14, 18});
static_assert(abi_plain::output_strides == Extents<4>{13 * 14 * 18, 14 * 18, 18, 1});
static_assert(abi_plain::output_elements == 2 * 13 * 14 * 18);
static_assert(abi_nearest::input_shape == Extents<4>{2, 5, 6, 4} &&
              abi_nearest::output_shape == Extents<4>{2, 4, 15, 12});
// Each axis: 2 taps per output, but for one at either border.
static_assert(abi_plain::flops == 2LL * 2 * 13 * 5 * (2 * 14 - 2) * (2 * 18 - 2));
static_assert(abi_unpool::input_shape == abi_pool::output_shape && abi_unpool::index_count == 10 * 14);
// Nothing throws, and one kernel's weights are no other's.
static_assert(noexcept(abi_plain::run(abi_plain::Input(), std::declval<abi_plain::Weights&>(), abi_plain::Output())));
static_assert(!std::is_convertible_v<abi_skip::Weights, const abi_plain::Weights&>);

TEST(CFace, Works) {
    EXPECT_EQ(c_face_check(), 0) << "a line of c_face.c";
}

class CppFace : public ::testing::Test {
  protected:
    void SetUp() override { polyphase::set_num_threads(1); }

    Subject plain_{kernel_named("abi_plain")};
    std::vector<float> output_ = std::vector<float>(abi_plain::output_elements, -7.0F);
    abi_plain::Weights weights_ = abi_plain::pack(plain_.data().weights, plain_.data().bias);

    void expect_error(const Status& status, polyphase_error code) {
        EXPECT_FALSE(status);
        EXPECT_EQ(status.code(), code);
        EXPECT_THAT(status.message(), HasSubstr("abi_plain"));
        EXPECT_THAT(output_, Each(-7.0F)) << "the output was touched";
    }
};

TEST_F(CppFace, RunsWithPointersContainersAndViews) {
    const auto& input = plain_.data().input;
    ASSERT_TRUE(weights_.status()) << weights_.status().message();
    const auto run_ok = [&](const Status& status) {
        EXPECT_TRUE(status) << status.message();
        EXPECT_EQ(plain_.mismatch(output_.data()), "");
        output_.assign(output_.size(), -7.0F);
    };
    run_ok(abi_plain::run(input, weights_, output_));
    run_ok(abi_plain::run(input.data(), weights_, output_.data()));
    run_ok(abi_plain::run({input.data(), abi_plain::input_shape}, weights_, {output_.data(), abi_plain::output_shape}));
    std::vector<char> scratch(abi_plain::workspace_size());
    run_ok(abi_plain::run(input, weights_, output_, Workspace(scratch.data(), scratch.size())));
}

/// What a U-Net's concatenation needs: the output is a slice of the channels of a larger tensor.
TEST_F(CppFace, WritesAChannelSlice) {
    const Extents<4> whole_shape = {2, 20, 14, 18};
    std::vector<float> whole(static_cast<size_t>(element_count(whole_shape)), -7.0F);
    const TensorView<float, 4> all(whole.data(), whole_shape);
    const Status status = abi_plain::run(plain_.data().input, weights_, channel_slice(all, 4, 13));
    ASSERT_TRUE(status) << status.message();
    for (size_t n = 0; n < 2; ++n) {
        const size_t plane = 14 * 18;
        const auto begin = whole.begin() + static_cast<std::ptrdiff_t>((n * 20 + 4) * plane);
        std::copy(begin, begin + 13 * plane, output_.begin() + static_cast<std::ptrdiff_t>(n * 13 * plane));
        std::fill(begin, begin + 13 * plane, -7.0F);
    }
    EXPECT_EQ(plain_.mismatch(output_.data()), "");
    EXPECT_THAT(whole, Each(-7.0F)) << "the other channels were touched";
}

TEST_F(CppFace, RefusesWrongShapes) {
    const auto& input = plain_.data().input;
    std::vector<float> small(output_.size() - 1), large(output_.size() + 1);
    expect_error(abi_plain::run(input, weights_, small), POLYPHASE_WRONG_SIZE);
    expect_error(abi_plain::run(input, weights_, large), POLYPHASE_WRONG_SIZE);
    expect_error(abi_plain::run(small, weights_, output_), POLYPHASE_WRONG_SIZE);
    for (size_t d = 0; d < 4; ++d) {
        for (const int64_t wrong : {int64_t{0}, int64_t{-1}, abi_plain::output_shape[d] + 1}) {
            Extents<4> shape = abi_plain::output_shape;
            shape[d] = wrong;
            expect_error(abi_plain::run(input, weights_, {output_.data(), shape}), POLYPHASE_WRONG_SHAPE);
            shape = abi_plain::input_shape;
            shape[d] = wrong;
            expect_error(abi_plain::run({input.data(), shape}, weights_, output_), POLYPHASE_WRONG_SHAPE);
        }
    }
    const TensorView<float, 4> view(output_.data(), abi_plain::output_shape);
    expect_error(abi_plain::run(input, weights_, view.slice(1, 5, 13)), POLYPHASE_WRONG_SHAPE);
    expect_error(
        abi_plain::run(input, weights_, TensorView<float, 4>(output_.data(), abi_plain::output_shape, {1, 1, 1, 1})),
        POLYPHASE_WRONG_STRIDES);
    expect_error(abi_plain::run(nullptr, weights_, output_), POLYPHASE_NULL_POINTER);
    expect_error(abi_plain::run(input, weights_, abi_plain::Output(nullptr)), POLYPHASE_NULL_POINTER);
}

TEST_F(CppFace, RefusesUnpackedWeightsAndWrongSizes) {
    const abi_plain::Weights empty;
    const Status status = abi_plain::run(plain_.data().input, empty, output_);
    EXPECT_EQ(status.code(), POLYPHASE_WRONG_PACKED_WEIGHTS);
    EXPECT_THAT(output_, Each(-7.0F));

    const std::vector<float> few(10);
    expect_error(abi_plain::pack(few, plain_.data().bias).status(), POLYPHASE_WRONG_SIZE);
    expect_error(abi_plain::pack(plain_.data().weights, few).status(), POLYPHASE_WRONG_SIZE);
    expect_error(abi_plain::pack(nullptr, plain_.data().bias).status(), POLYPHASE_NULL_POINTER);
    if (abi_plain::workspace_size() > 0) {
        std::vector<char> scratch(abi_plain::workspace_size());
        expect_error(
            abi_plain::run(plain_.data().input, weights_, output_, Workspace(scratch.data(), scratch.size() - 1)),
            POLYPHASE_WRONG_SIZE);
    }
}

TEST_F(CppFace, RunsFromManyThreadsWithTheSameWeights) {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
        threads.emplace_back([&] {
            std::vector<float> output(abi_plain::output_elements);
            for (int i = 0; i < 30; ++i) {
                output.assign(output.size(), std::nanf(""));
                wrong +=
                    !abi_plain::run(plain_.data().input, weights_, output) || !plain_.mismatch(output.data()).empty();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

/// Generated headers know the shape of their weights and the problem's initialisers.
TEST_F(CppFace, InitializesWeightsAsTheProblemSays) {
    const auto filled = [](auto size, auto fill) {
        std::vector<float> values(static_cast<size_t>(size), -7.0F);
        const Status status = fill(values);
        EXPECT_TRUE(status) << status.message();
        return values;
    };
    using Shape = initializers::Shape;
    const Shape plain = {true, 5, 13, 1, {1, 4, 4}, Shape::Layout::cin_cout_k};
    EXPECT_EQ(filled(abi_plain::weight_elements, [](auto& w) { return abi_plain::initialize_weights(w, 3); }),
              filled(5 * 13 * 16, [&](auto& w) { return initializers::glorot_uniform(w, plain, 3); }));
    EXPECT_EQ(filled(abi_plain::bias_elements, [](auto& b) { return abi_plain::initialize_bias(b, 3); }),
              std::vector<float>(13));

    const Shape conv = {false, 6, 8, 1, {1, 3, 3}, Shape::Layout::cout_cin_k};
    const initializers::SubPixel shuffle = {4, initializers::SubPixel::Order::dcr};
    EXPECT_EQ(filled(abi_conv::weight_elements, [&](auto& w) { return abi_conv::initialize_weights(w, shuffle, 4); }),
              filled(6 * 8 * 9, [&](auto& w) { return initializers::icnr(w, conv, shuffle, 4); }));
    EXPECT_EQ(filled(abi_conv::bias_elements, [](auto& b) { return abi_conv::initialize_bias(b, 4); }),
              filled(8, [](auto& b) { return initializers::he_uniform(b, 8, 4); }));
    EXPECT_EQ(filled(abi_double::weight_elements, [](auto& w) { return abi_double::initialize_weights(w, 5); }),
              std::vector<float>(7 * 9 * 9));

    std::vector<float> few(7, -7.0F);
    EXPECT_EQ(abi_conv::initialize_bias(few, 1).code(), POLYPHASE_WRONG_SIZE);
    EXPECT_EQ(abi_plain::initialize_weights(few, 1).code(), POLYPHASE_WRONG_SIZE);
    EXPECT_THAT(few, Each(-7.0F));
}

class Allocations : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, Allocations, ::testing::Values(1, 3));

/// No run of any kernel goes to the heap: from the very first one on, unless it has to start the pool's threads because
/// there were no weights to pack.
TEST_P(Allocations, NoRunOfTheCFaceMakesAny) {
    polyphase::set_num_threads(GetParam());
    for (const KernelFunctions& kernel : kernels()) {
        Subject subject(kernel);
        const ProblemData& data = subject.data();
        const void* packed = subject.packed();
        const void* residual = data.residual.empty() ? nullptr : data.residual.data();
        std::vector<char> workspace(kernel.workspace_size() + 1);
        std::vector<float> output(output_count(subject.problem()));
        if (GetParam() > 1 && packed == nullptr) {
            ASSERT_EQ(subject.run(data.input.data(), packed, residual, output.data(), workspace.data()), 0);
        }
        const int64_t before = allocations();
        for (int i = 0; i < 20; ++i) {
            if (subject.run(data.input.data(), packed, residual, output.data(), workspace.data()) != 0)
                FAIL() << kernel.last_error();
        }
        const int64_t after = allocations();
        EXPECT_EQ(after - before, 0) << kernel.name;
        EXPECT_EQ(subject.mismatch(output.data()), "") << kernel.name;
    }
    polyphase::set_num_threads(0);
}

TEST_P(Allocations, NoRunOfTheCppFaceMakesAny) {
    polyphase::set_num_threads(GetParam());
    Subject large(kernel_named("abi_large")), skip(kernel_named("abi_skip")), nearest(kernel_named("abi_nearest")),
        unpool(kernel_named("abi_unpool"));
    std::vector<float> image(abi_pool::input_elements, 1.0F), pooled(abi_pool::output_elements),
        unpooled(abi_unpool::output_elements);
    std::vector<int64_t> indices(abi_pool::output_elements);
    const Memory memory(abi_unpool::workspace_size());
    const Workspace scratch = memory;
    const abi_large::Weights large_weights = abi_large::pack(large.data().weights, large.data().bias);
    const abi_skip::Weights skip_weights = abi_skip::pack(skip.data().weights, skip.data().bias, skip.data().slopes);
    std::vector<float> large_output(abi_large::output_elements), skip_output(abi_skip::output_elements),
        nearest_output(abi_nearest::output_elements);
    bool ok = true;
    const auto run_all = [&] {
        ok &= static_cast<bool>(abi_large::run(large.data().input, large_weights, large_output));
        ok &= static_cast<bool>(abi_skip::run(skip.data().input, skip_weights, skip.data().residual, skip_output));
        ok &= static_cast<bool>(abi_nearest::run(nearest.data().input, nearest_output));
        ok &= !abi_nearest::run(nullptr, nearest_output);  // an error costs no memory either
        ok &= static_cast<bool>(abi_pool::run(image, pooled, indices));
        ok &= static_cast<bool>(abi_unpool::run(unpool.data().input, unpool.data().indices, unpooled, scratch));
        ok &= abi_unpool::run(pooled, nullptr, unpooled, scratch).code() == POLYPHASE_NULL_POINTER;
    };
    if (GetParam() > 1) run_all();
    const int64_t before = allocations();
    for (int i = 0; i < 5; ++i) run_all();
    const int64_t after = allocations();
    EXPECT_EQ(after - before, 0);
    EXPECT_TRUE(ok);
    EXPECT_EQ(large.mismatch(large_output.data()), "");
    EXPECT_EQ(skip.mismatch(skip_output.data()), "");
    EXPECT_EQ(nearest.mismatch(nearest_output.data()), "");
    EXPECT_EQ(unpool.mismatch(unpooled.data()), "");
    polyphase::set_num_threads(0);
}

}  // namespace
}  // namespace polyphase::testing
