// The C functions of kernels compiled ahead of time: memory that may not be touched, arguments that are wrong, scratch,
// strides, threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/status.h>
#include <polyphase/threads.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/abi/kernel_table.h"
#include "tests/support/guarded_buffer.h"

namespace polyphase::testing {
namespace {

using ::testing::HasSubstr;
using Side = GuardedBuffer::Side;

class Abi : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override { polyphase_set_num_threads(1); }
    void TearDown() override {
        polyphase_set_thread_pool(nullptr);
        polyphase_set_num_threads(0);
    }

    Subject subject_{kernel_named(GetParam())};
};

std::vector<const char*> kernel_names() {
    std::vector<const char*> names;
    for (const KernelFunctions& kernel : kernels()) names.push_back(kernel.name);
    return names;
}
INSTANTIATE_TEST_SUITE_P(Kernels, Abi, ::testing::ValuesIn(kernel_names()),
                         [](const auto& name) { return std::string(name.param); });

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// A guarded read-only copy, or nothing for a tensor that the problem does not have.
std::unique_ptr<GuardedBuffer> guarded(const std::vector<float>& values, Side side, size_t gap) {
    if (values.empty()) return nullptr;
    auto buffer = std::make_unique<GuardedBuffer>(values.size() * sizeof(float), side, gap);
    std::memcpy(buffer->data(), values.data(), buffer->size());
    buffer->make_read_only();
    return buffer;
}

void* data_of(const std::unique_ptr<GuardedBuffer>& buffer) {
    return buffer ? buffer->data() : nullptr;
}

TEST_P(Abi, AgreesWithTheOracle) {
    EXPECT_EQ(subject_.mismatch(subject_.output().data()), "");
}

TEST_P(Abi, ReportsItself) {
    const auto info = nlohmann::json::parse(subject_.functions().info());
    EXPECT_EQ(info.at("name"), GetParam());
    EXPECT_EQ(info.at("instruction_set"), subject_.functions().instruction_set());
    EXPECT_EQ(subject_.functions().packed_size() == 0, !subject_.has_weights());
}

/// Guard pages at both ends of every tensor, at every distance of whole floats within a cache line, with scratch of the
/// exact size at any distance of bytes.
TEST_P(Abi, StaysInsideEveryBufferAtEveryAlignment) {
    const ProblemData& data = subject_.data();
    const bool large = data.input.size() > 50'000;
    for (const Side side : {Side::begin, Side::end}) {
        for (size_t gap = 0; gap < 64; gap += large ? 28 : 4) {
            SCOPED_TRACE((side == Side::begin ? "begin, gap " : "end, gap ") + std::to_string(gap));
            const auto weights = guarded(data.weights, side, gap), bias = guarded(data.bias, side, gap),
                       slopes = guarded(data.slopes, side, gap), input = guarded(data.input, side, gap),
                       residual = guarded(data.residual, side, gap);
            std::unique_ptr<GuardedBuffer> packed;
            if (subject_.has_weights()) {
                packed = std::make_unique<GuardedBuffer>(subject_.functions().packed_size(), side, gap);
                ASSERT_EQ(subject_.pack(data_of(weights), data_of(bias), data_of(slopes), packed->data()), 0)
                    << subject_.functions().last_error();
                ASSERT_TRUE(packed->surroundings_intact());
                packed->make_read_only();
            }
            GuardedBuffer workspace(subject_.functions().workspace_size(), side, gap / 3);
            GuardedBuffer output(subject_.output_bytes(), side, gap);
            output.fill(0xFF);  // NaN where nothing is written
            ASSERT_EQ(subject_.run(input->data(), data_of(packed), data_of(residual), output.data(), workspace.data()),
                      0)
                << subject_.functions().last_error();
            ASSERT_EQ(subject_.mismatch(output.floats()), "");
            ASSERT_TRUE(output.surroundings_intact());
            ASSERT_TRUE(workspace.surroundings_intact());
        }
    }
}

TEST_P(Abi, ScratchHoldsNothingThatMatters) {
    const std::vector<float> expected = subject_.output();
    const void* packed = subject_.packed();
    const ProblemData& data = subject_.data();
    for (const int fill : {0x00, 0xFF, 0x3C}) {
        std::vector<uint8_t> workspace(subject_.functions().workspace_size() + 1, static_cast<uint8_t>(fill));
        std::vector<float> output(expected.size(), std::nanf(""));
        ASSERT_EQ(subject_.run(data.input.data(), packed, data.residual.empty() ? nullptr : data.residual.data(),
                               output.data(), workspace.data()),
                  0);
        EXPECT_TRUE(same_bits(output, expected)) << "filled with " << fill;
        // A second run in the scratch that the first one left.
        ASSERT_EQ(subject_.run(data.input.data(), packed, data.residual.empty() ? nullptr : data.residual.data(),
                               output.data(), workspace.data()),
                  0);
        EXPECT_TRUE(same_bits(output, expected));
    }
}

TEST_P(Abi, PackIsDeterministicAndLeavesNothingUnwritten) {
    if (!subject_.has_weights()) return;
    const ProblemData& data = subject_.data();
    const size_t size = subject_.functions().packed_size();
    std::vector<uint8_t> zeros(size, 0x00), ones(size, 0xFF);
    for (auto* packed : {&zeros, &ones}) {
        ASSERT_EQ(subject_.pack(data.weights.data(), data.bias.empty() ? nullptr : data.bias.data(),
                                data.slopes.empty() ? nullptr : data.slopes.data(), packed->data()),
                  0);
    }
    EXPECT_EQ(zeros, ones);
}

/// One wrong call: an error with a message that names the kernel, and not a byte of the output changed.
class WrongCalls {
  public:
    explicit WrongCalls(Subject& subject)
        : subject_(subject),
          output_(subject.output_bytes(), Side::end),
          workspace_(subject.functions().workspace_size() + 64) {
        output_.fill(0xA5);
    }

    void expect(int expected, int status, const char* what) {
        EXPECT_EQ(status, expected) << what;
        EXPECT_THAT(subject_.functions().last_error(), HasSubstr(subject_.functions().name)) << what;
        EXPECT_TRUE(output_.holds_only(0xA5)) << what << ": the output was touched";
        EXPECT_TRUE(output_.surroundings_intact()) << what;
    }
    void* output() { return output_.data(); }
    void* workspace() { return workspace_.data(); }

  private:
    Subject& subject_;
    GuardedBuffer output_;
    std::vector<uint8_t> workspace_;
};

TEST_P(Abi, WrongPointersLeaveTheOutputUntouched) {
    WrongCalls wrong(subject_);
    const void* packed = subject_.packed();
    const float* input = subject_.data().input.data();
    const float* residual = subject_.data().residual.empty() ? nullptr : subject_.data().residual.data();
    const auto run = [&](const void* in, const void* weights, const void* res, void* out, void* work) {
        return subject_.run(in, weights, res, out, work);
    };
    const auto shifted = [](const void* pointer, int bytes) {
        return const_cast<char*>(static_cast<const char*>(pointer)) + bytes;
    };

    wrong.expect(POLYPHASE_NULL_POINTER, run(nullptr, packed, residual, wrong.output(), wrong.workspace()),
                 "null input");
    wrong.expect(POLYPHASE_NULL_POINTER, run(input, packed, residual, nullptr, wrong.workspace()), "null output");
    for (const int bytes : {1, 2, 3}) {
        wrong.expect(POLYPHASE_MISALIGNED,
                     run(shifted(input, bytes), packed, residual, wrong.output(), wrong.workspace()),
                     "misaligned input");
        wrong.expect(POLYPHASE_MISALIGNED,
                     run(input, packed, residual, shifted(wrong.output(), bytes), wrong.workspace()),
                     "misaligned output");
    }
    if (subject_.functions().workspace_size() > 0) {
        wrong.expect(POLYPHASE_NULL_POINTER, run(input, packed, residual, wrong.output(), nullptr), "null workspace");
    }
    if (subject_.has_weights()) {
        wrong.expect(POLYPHASE_NULL_POINTER, run(input, nullptr, residual, wrong.output(), wrong.workspace()),
                     "null weights");
        wrong.expect(POLYPHASE_MISALIGNED, run(input, shifted(packed, 2), residual, wrong.output(), wrong.workspace()),
                     "misaligned weights");
        const std::vector<float> garbage(subject_.functions().packed_size() / sizeof(float) + 1, 1.0F);
        wrong.expect(POLYPHASE_WRONG_PACKED_WEIGHTS,
                     run(input, garbage.data(), residual, wrong.output(), wrong.workspace()),
                     "weights that were never packed");
        Subject other(kernel_named(std::string(GetParam()) == "abi_plain" ? "abi_large" : "abi_plain"));
        wrong.expect(POLYPHASE_WRONG_PACKED_WEIGHTS,
                     run(input, other.packed(), residual, wrong.output(), wrong.workspace()),
                     "another kernel's weights");
    } else if (!subject_.functions().has_indices()) {
        wrong.expect(POLYPHASE_UNEXPECTED_TENSOR, run(input, input, residual, wrong.output(), wrong.workspace()),
                     "weights for an operator without");
    }
    if (subject_.functions().run_residual) {
        wrong.expect(POLYPHASE_MISSING_TENSOR, run(input, packed, nullptr, wrong.output(), wrong.workspace()),
                     "null residual");
        wrong.expect(POLYPHASE_MISALIGNED, run(input, packed, shifted(residual, 2), wrong.output(), wrong.workspace()),
                     "misaligned residual");
        wrong.expect(POLYPHASE_MISSING_TENSOR,
                     subject_.functions().run(input, packed, wrong.output(), wrong.workspace()),
                     "run without the residual");
    }
}

TEST_P(Abi, WrongPackCallsLeaveThePackedMemoryUntouched) {
    const ProblemData& data = subject_.data();
    GuardedBuffer packed(subject_.functions().packed_size() + 64, Side::end);
    packed.fill(0xA5);
    const auto expect = [&](int expected, int status, const char* what) {
        EXPECT_EQ(status, expected) << what;
        EXPECT_THAT(subject_.functions().last_error(), HasSubstr(GetParam())) << what;
        EXPECT_TRUE(packed.holds_only(0xA5)) << what;
    };
    const float* weights = data.weights.data();
    const float* bias = data.bias.empty() ? nullptr : data.bias.data();
    const float* slopes = data.slopes.empty() ? nullptr : data.slopes.data();
    if (!subject_.has_weights()) {
        expect(POLYPHASE_UNEXPECTED_TENSOR, subject_.functions().pack(data.input.data(), nullptr, packed.data()),
               "no weights");
        return;
    }
    expect(POLYPHASE_NULL_POINTER, subject_.pack(nullptr, bias, slopes, packed.data()), "null weights");
    expect(POLYPHASE_NULL_POINTER, subject_.pack(weights, bias, slopes, nullptr), "null packed");
    expect(POLYPHASE_MISALIGNED, subject_.pack(weights, bias, slopes, static_cast<char*>(packed.data()) + 1),
           "misaligned packed");
    if (bias) {
        expect(POLYPHASE_MISSING_TENSOR, subject_.pack(weights, nullptr, slopes, packed.data()), "no bias");
    } else {
        expect(POLYPHASE_UNEXPECTED_TENSOR, subject_.pack(weights, weights, slopes, packed.data()), "unexpected bias");
    }
    if (slopes) {
        expect(POLYPHASE_MISSING_TENSOR, subject_.pack(weights, bias, nullptr, packed.data()), "no slopes");
        expect(POLYPHASE_MISSING_TENSOR, subject_.functions().pack(weights, bias, packed.data()),
               "pack without slopes");
    }
}

TEST_P(Abi, WrongViewsLeaveTheOutputUntouched) {
    WrongCalls wrong(subject_);
    const void* packed = subject_.packed();
    const std::vector<int64_t> in_shape = subject_.input_shape(), out_shape = subject_.output_shape();
    const polyphase_view input = dense_view(subject_.data().input.data(), in_shape);
    const polyphase_view output = dense_view(wrong.output(), out_shape);
    const polyphase_view residual_view = dense_view(subject_.data().residual.data(), out_shape);
    const polyphase_view* residual = subject_.data().residual.empty() ? nullptr : &residual_view;
    const auto run = [&](const polyphase_view* in, const polyphase_view* res, const polyphase_view* out) {
        return subject_.run_view(in, packed, res, out, wrong.workspace());
    };
    wrong.expect(POLYPHASE_NULL_POINTER, run(nullptr, residual, &output), "null input view");
    wrong.expect(POLYPHASE_NULL_POINTER, run(&input, residual, nullptr), "null output view");
    const auto last = in_shape.size() - 1;
    for (size_t d = 0; d <= last; ++d) {
        for (const int64_t stride : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
            polyphase_view bad = input;
            bad.stride[d] = stride;
            if (in_shape[d] > 1) wrong.expect(POLYPHASE_WRONG_STRIDES, run(&bad, residual, &output), "input stride");
            bad = output;
            bad.stride[d] = stride;
            if (out_shape[d] > 1) wrong.expect(POLYPHASE_WRONG_STRIDES, run(&input, residual, &bad), "output stride");
        }
    }
    polyphase_view bad = input;
    bad.stride[last] = 2;
    wrong.expect(POLYPHASE_WRONG_STRIDES, run(&bad, residual, &output), "input not dense in its innermost dimension");
    if (out_shape[last] > 1 && out_shape[last - 1] > 1) {
        bad = output;
        bad.stride[last - 1] = out_shape[last] - 1;
        wrong.expect(POLYPHASE_WRONG_STRIDES, run(&input, residual, &bad), "output rows overlap");
    }
    if (residual) {
        wrong.expect(POLYPHASE_MISSING_TENSOR, run(&input, nullptr, &output), "no residual");
        bad = *residual;
        bad.stride[last] = 0;
        wrong.expect(POLYPHASE_WRONG_STRIDES, run(&input, &bad, &output), "residual stride");
    } else if (!subject_.functions().has_indices()) {
        wrong.expect(POLYPHASE_UNEXPECTED_TENSOR, run(&input, &output, &output), "unexpected residual");
    }
}

/// A tensor of `shape` inside a larger one that lies against a guard page: margins before it or behind it in every
/// dimension.
class Embedded {
  public:
    Embedded(const std::vector<int64_t>& shape, Side side, Rng& rng) : shape_(shape), strides_(shape.size()) {
        int64_t stride = 1, first = 0;
        for (size_t d = shape.size(); d-- > 0;) {
            const int64_t margin = rng.uniform(0, 3);
            strides_[d] = stride;
            if (side == Side::end) first += margin * stride;  // the tensor's last element is the memory's
            stride *= shape[d] + margin;
        }
        buffer_ = std::make_unique<GuardedBuffer>(static_cast<size_t>(stride) * sizeof(float), side);
        buffer_->fill(kMargin);
        first_ = buffer_->floats() + first;
    }

    polyphase_view view() const {
        polyphase_view view = {first_, {}};
        std::copy(strides_.begin(), strides_.end(), view.stride);
        return view;
    }

    /// Element `i` of the tensor in dense order.
    float& at(size_t i) {
        int64_t offset = 0;
        auto rest = static_cast<int64_t>(i);
        for (size_t d = shape_.size(); d-- > 0;) {
            offset += rest % shape_[d] * strides_[d];
            rest /= shape_[d];
        }
        return first_[offset];
    }

    void write(const std::vector<float>& values) {
        for (size_t i = 0; i < values.size(); ++i) at(i) = values[i];
    }

    /// Takes the tensor out, leaving the margin's bytes, so that margin_intact() can look at everything.
    std::vector<float> take(size_t count) {
        std::vector<float> values(count);
        for (size_t i = 0; i < count; ++i) {
            values[i] = at(i);
            std::memset(&at(i), kMargin, sizeof(float));
        }
        return values;
    }
    bool margin_intact() const { return buffer_->holds_only(kMargin) && buffer_->surroundings_intact(); }

  private:
    static constexpr uint8_t kMargin = 0x5A;
    std::vector<int64_t> shape_, strides_;
    std::unique_ptr<GuardedBuffer> buffer_;
    float* first_ = nullptr;
};

TEST_P(Abi, SlicesOfLargerTensorsInAndOut) {
    const std::vector<float> expected = subject_.output();
    const void* packed = subject_.packed();
    std::vector<uint8_t> workspace(subject_.functions().workspace_size() + 1);
    Rng rng(17);
    for (int round = 0; round < 12; ++round) {
        const Side side = round % 2 == 0 ? Side::begin : Side::end;
        Embedded input(subject_.input_shape(), side, rng), output(subject_.output_shape(), side, rng),
            residual(subject_.output_shape(), side, rng);
        input.write(subject_.data().input);
        if (!subject_.data().residual.empty()) residual.write(subject_.data().residual);
        const polyphase_view input_view = input.view(), output_view = output.view(), residual_view = residual.view();
        ASSERT_EQ(subject_.run_view(&input_view, packed, subject_.data().residual.empty() ? nullptr : &residual_view,
                                    &output_view, workspace.data()),
                  0)
            << subject_.functions().last_error();
        EXPECT_TRUE(same_bits(output.take(expected.size()), expected)) << "round " << round;
        EXPECT_TRUE(output.margin_intact()) << "round " << round;
    }
}

TEST_P(Abi, ThreadCountsDoNotChangeASingleBit) {
    const std::vector<float> expected = subject_.output();
    for (const int threads : {2, 3, 7, 0}) {
        polyphase_set_num_threads(threads);
        EXPECT_TRUE(same_bits(subject_.output(), expected)) << threads << " threads";
    }
}

/// A pool as an application may bring it: one std::thread per stride of the tasks, last ones first.
struct StdThreadPool {
    std::atomic<int> loops{0}, tasks{0};

    static void parallel_for(void* context, int count, void (*task)(void*, int), void* argument) {
        auto& pool = *static_cast<StdThreadPool*>(context);
        ++pool.loops;
        std::vector<std::thread> threads;
        for (int t = 0; t < 3; ++t) {
            threads.emplace_back([&, t] {
                for (int i = count - 1 - t; i >= 0; i -= 3) {
                    task(argument, i);
                    ++pool.tasks;
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
    }
};

TEST_P(Abi, RunsOnTheApplicationsThreads) {
    const std::vector<float> expected = subject_.output();
    StdThreadPool pool;
    const polyphase_thread_pool hooks = {StdThreadPool::parallel_for, &pool};
    polyphase_set_thread_pool(&hooks);
    polyphase_set_num_threads(3);
    EXPECT_TRUE(same_bits(subject_.output(), expected));
    EXPECT_GE(pool.tasks, pool.loops);
    if (std::string(GetParam()) == "abi_large") {
        EXPECT_GE(pool.loops, 1) << "a kernel of this size is parallel";
        EXPECT_GE(pool.tasks, 2);
    }
    pool.loops = 0;
    polyphase_set_num_threads(1);
    EXPECT_TRUE(same_bits(subject_.output(), expected));
    EXPECT_EQ(pool.loops, 0) << "one thread is the calling one";
}

TEST_P(Abi, RunsOnOpenMpsThreads) {
#ifndef _OPENMP
    GTEST_SKIP() << "built without OpenMP";
#else
    const std::vector<float> expected = subject_.output();
    int loops = 0;
    const polyphase_thread_pool pool = {[](void* calls, int count, void (*task)(void*, int), void* argument) {
                                            ++*static_cast<int*>(calls);
#pragma omp parallel for num_threads(3) schedule(dynamic)
                                            for (int i = 0; i < count; ++i) task(argument, i);
                                        },
                                        &loops};
    polyphase_set_thread_pool(&pool);
    polyphase_set_num_threads(3);
    EXPECT_TRUE(same_bits(subject_.output(), expected));
    if (std::string(GetParam()) == "abi_large") {
        EXPECT_GE(loops, 1);
    }
#endif
}

TEST_P(Abi, RunsFromManyThreadsAtOnce) {
    polyphase_set_num_threads(0);
    const std::vector<float> expected = subject_.output();
    const void* packed = subject_.packed();
    const ProblemData& data = subject_.data();
    const int runs = expected.size() > 100'000 ? 4 : 40;
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&] {
            std::vector<uint8_t> workspace(subject_.functions().workspace_size() + 1);
            std::vector<float> output(expected.size());
            for (int i = 0; i < runs; ++i) {
                std::fill(output.begin(), output.end(), std::nanf(""));
                const int status =
                    subject_.run(data.input.data(), packed, data.residual.empty() ? nullptr : data.residual.data(),
                                 output.data(), workspace.data());
                wrong += status != 0 || !same_bits(output, expected);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
}

TEST(Abi, ErrorsBelongToTheThreadThatMadeThem) {
    const KernelFunctions& kernel = kernel_named("abi_nails");
    EXPECT_NE(kernel.run(nullptr, nullptr, nullptr, nullptr), 0);
    std::string elsewhere = "unset";
    std::thread([&] { elsewhere = kernel.last_error(); }).join();
    EXPECT_EQ(elsewhere, "");
    EXPECT_THAT(kernel.last_error(), HasSubstr("abi_nails"));
}

}  // namespace
}  // namespace polyphase::testing
