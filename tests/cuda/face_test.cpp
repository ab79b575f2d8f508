// The C and C++ faces of generated CUDA kernels, and what their host code does, with a driver that executes nothing.
#include <cuda_linear.h>
#include <cuda_plain.h>
#include <cuda_pool.h>
#include <cuda_skip.h>
#include <cuda_unpool.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "tests/support/child_process.h"
#include "tests/support/fake_cuda.h"
#include "tests/support/temporary_directory.h"

namespace polyphase::testing {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// Stands for device memory: nothing runs, so one piece will do for every tensor.
struct alignas(256) Piece {
    float floats[1024];
    int64_t indices[1024];
    unsigned char bytes[1 << 16];
};

class FaceTest : public ::testing::Test {
  protected:
    FaceTest() {
        fake_cuda::reset();
        static int contexts;
        fake_cuda::set_context(&contexts, static_cast<uint64_t>(++contexts));
    }

    /// The calls that `queue` makes; it must succeed.
    static std::vector<std::string> calls_of(const std::function<Status()>& queue) {
        const size_t before = fake_cuda::calls().size();
        const Status status = queue();
        EXPECT_TRUE(status) << status.message();
        std::vector<std::string> calls = fake_cuda::calls();
        calls.erase(calls.begin(), calls.begin() + static_cast<std::ptrdiff_t>(before));
        return calls;
    }
    /// A run that finds its code loaded launches kernels on its stream, and that is all.
    static void expect_launches_only(const std::vector<std::string>& calls) {
        EXPECT_THAT(calls, Not(SizeIs(0)));
        EXPECT_THAT(calls, Each(StartsWith("cuLaunchKernel 0x51: ")));
    }

    Piece& piece() {
        static Piece memory;
        return memory;
    }
    Workspace workspace() { return {piece().bytes, sizeof piece().bytes}; }
    const CudaStream stream_ = reinterpret_cast<void*>(0x51);
};

TEST_F(FaceTest, PacksAndRunsOnTheStream) {
    float* const floats = piece().floats;
    cuda_skip::CudaWeights weights(nullptr);
    const auto packing = calls_of([&] {
        weights = cuda_skip::pack_cuda(floats, floats, floats, piece().bytes, stream_);
        return weights.status();
    });
    for (const std::string& call : packing)
        EXPECT_THAT(call, ::testing::AnyOf(StartsWith("cuModule"), HasSubstr(" 0x51: ")));
    EXPECT_THAT(packing, ::testing::Contains(StartsWith("cuLaunchKernel")));
    expect_launches_only(
        calls_of([&] { return cuda_skip::run_cuda(floats, weights, floats, floats, workspace(), stream_); }));
}

TEST_F(FaceTest, RunsWithoutWeightsAfterLoading) {
    EXPECT_THAT(calls_of(cuda_linear::load_cuda), Each(StartsWith("cuModule")));
    expect_launches_only(
        calls_of([&] { return cuda_linear::run_cuda(piece().floats, piece().floats, workspace(), stream_); }));
}

TEST_F(FaceTest, RunsWithIndices) {
    calls_of(cuda_pool::load_cuda);
    expect_launches_only(calls_of(
        [&] { return cuda_pool::run_cuda(piece().floats, piece().floats, piece().indices, workspace(), stream_); }));
    calls_of(cuda_unpool::load_cuda);
    expect_launches_only(calls_of(
        [&] { return cuda_unpool::run_cuda(piece().floats, piece().indices, piece().floats, workspace(), stream_); }));
}

TEST_F(FaceTest, ArgumentsAreCheckedBeforeAnythingIsQueued) {
    float* const floats = piece().floats;
    const auto weights = cuda_plain::pack_cuda(floats, floats, piece().bytes, stream_);
    const size_t before = fake_cuda::calls().size();
    const Status misaligned = cuda_plain::run_cuda(floats + 1, weights, floats, workspace(), stream_);
    EXPECT_EQ(misaligned.code(), POLYPHASE_MISALIGNED);
    EXPECT_THAT(misaligned.message(), HasSubstr("cuda_plain: the input at "));
    const cuda_plain::CudaWeights failed = cuda_plain::pack_cuda(nullptr, floats, piece().bytes, stream_);
    EXPECT_FALSE(failed);
    EXPECT_EQ(cuda_plain::run_cuda(floats, failed, floats, workspace(), stream_).code(), POLYPHASE_NULL_POINTER)
        << "the status of the weights";
    EXPECT_EQ(cuda_skip_run_cuda(floats, floats, floats, floats, nullptr), POLYPHASE_MISSING_TENSOR);
    EXPECT_EQ(cuda_skip_pack_cuda(floats, floats, floats, nullptr), POLYPHASE_MISSING_TENSOR);
    EXPECT_EQ(cuda_pool_run_cuda(floats, nullptr, floats, floats, nullptr), POLYPHASE_MISSING_TENSOR);
    EXPECT_STREQ(cuda_pool_last_error(),
                 "cuda_pool: this kernel writes indices beside its output: call cuda_pool_run_with_indices_cuda");
    EXPECT_EQ(fake_cuda::calls().size(), before);
}

TEST_F(FaceTest, ALibraryForBothRunsOnTheProcessorToo) {
    EXPECT_STREQ(cuda_skip::instruction_set(), "baseline");
    std::vector<float> weights(cuda_skip::weight_elements, 1.0F), bias(6), slopes(6), input(240, 1.0F),
        residual(static_cast<size_t>(cuda_skip::output_elements)), output(residual.size());
    const auto packed = cuda_skip::pack(weights, bias, slopes);
    ASSERT_TRUE(packed) << packed.status().message();
    const Status status = cuda_skip::run(input, packed, residual, output);
    EXPECT_TRUE(status) << status.message();
    EXPECT_THAT(fake_cuda::calls(), SizeIs(0));
}

TEST_F(FaceTest, ALibraryForCudaOnlySaysSo) {
    EXPECT_EQ(cuda_linear_run(piece().floats, nullptr, piece().floats, piece().bytes),
              POLYPHASE_UNSUPPORTED_INSTRUCTION_SET);
    EXPECT_STREQ(cuda_linear_last_error(), "cuda_linear: this kernel runs on CUDA only: call cuda_linear_run_cuda");
    EXPECT_THAT(cuda_linear_info(), HasSubstr("cuda-cuda_capability_80"));
}

/// Only documented names leave the library, and it needs no driver to be loaded.
TEST_F(FaceTest, SharedLibrariesExportTheirFunctionsAndNeedNoDriver) {
    const TemporaryDirectory directory;
    ASSERT_EQ(run_child({POLYPHASE_COMMAND, "compile", POLYPHASE_TEST_KERNELS "/cuda_skip.json", "--out",
                         directory.path().string(), "--shared"})
                  .exit_code,
              0);
    ChildResult names, needed;
    try {
        names = run_child({"nm", "-D", "--defined-only", "--format=just-symbols", directory / "libcuda_skip.so"});
        needed = run_child({"readelf", "-d", directory / "libcuda_skip.so"});
    } catch (const std::exception& error) {
        GTEST_SKIP() << error.what();
    }
    std::vector<std::string> found;
    std::istringstream lines(names.output);
    for (std::string name; std::getline(lines, name);)
        if (name.find("_cuda") != std::string::npos) found.push_back(name);
    EXPECT_THAT(found, ::testing::UnorderedElementsAre("cuda_skip_load_cuda", "cuda_skip_packed_size_cuda",
                                                       "cuda_skip_workspace_size_cuda", "cuda_skip_pack_cuda",
                                                       "cuda_skip_pack_prelu_cuda", "cuda_skip_run_cuda",
                                                       "cuda_skip_run_residual_cuda"));
    EXPECT_THAT(needed.output, HasSubstr("NEEDED"));
    EXPECT_THAT(needed.output, Not(HasSubstr("[libcuda")));
}

}  // namespace
}  // namespace polyphase::testing
