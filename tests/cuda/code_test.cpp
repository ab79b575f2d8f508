// What compile_code makes for CUDA, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "problem/problem_file.h"
#include "schedules/cuda/convolution.h"
#include "schedules/planner.h"
#include "tests/support/temporary_directory.h"
#include "tools/code.h"
#include "tools/targets.h"

namespace polyphase::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTarget = "x86-64-linux-cuda-cuda_capability_80";

Code compile(const std::string& json, const std::string& target = kTarget) {
    const TemporaryDirectory directory;
    const ParseResult parsed = parse_problems(json);
    EXPECT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    Code code = compile_code(parsed.problems.at(0), target, directory.path().string());
    for (const std::string& file : code.device_code) EXPECT_THAT(read_text(file), HasSubstr(".target sm_80"));
    for (const std::string& file : code.objects) EXPECT_TRUE(std::filesystem::exists(file));
    return code;
}

constexpr const char* kSmallImage =
    R"({"name":"k","op":"conv_transpose","input":[1,1024,2,2],"out_channels":512,"kernel":4,"stride":2,"pads":1})";

TEST(CudaCode, RunsAndPacksOnTheDevice) {
    const Code code = compile(
        R"({"name":"k","op":"conv_transpose","input":[1,64,32,32],"out_channels":32,"kernel":4,"stride":2,"pads":1})");
    EXPECT_EQ(code.instruction_set, "cuda-cuda_capability_80");
    EXPECT_EQ(code.device_code.size(), 2U);
    EXPECT_THAT(code.run_symbol, HasSubstr("cuda_capability_80_run_argv"));
    EXPECT_THAT(code.pack_symbol, HasSubstr("cuda_capability_80_pack_argv"));
    EXPECT_EQ(code.workspace_size, 0U);
}

/// Few outputs, many weights: parts of the reduction are added up from the workspace.
TEST(CudaCode, PartialSumsLieInTheWorkspace) {
    const Code code = compile(kSmallImage);
    ASSERT_EQ(code.schedule.family, "tiles");
    const auto splits = static_cast<size_t>(code.schedule["splits"]);
    EXPECT_GT(splits, 1U);
    EXPECT_GE(code.workspace_size, splits * 512 * 4 * 4 * sizeof(float));
    EXPECT_EQ((code.workspace_size + 1) % 256, 0U);  // whole pieces, and slack for alignment
}

TEST(CudaCode, IsForArmToo) {
    EXPECT_EQ(compile(kSmallImage, "arm-64-linux-cuda-cuda_capability_80").instruction_set, "cuda-cuda_capability_80");
}

TEST(CudaCode, UnpoolingIsOneGather) {
    const Code code =
        compile(R"({"name":"k","op":"max_unpool","input":[1,8,6,6],"kernel":2,"stride":2,"indices":"torch"})");
    EXPECT_FALSE(code.run_symbol.empty());
    EXPECT_TRUE(code.check_symbol.empty() && code.scatter_symbol.empty());
    EXPECT_EQ(code.workspace_size, 0U);
}

/// Tables of a resampling whose phases are many: a kernel computes them, nothing is copied.
TEST(CudaCode, LongTablesAreComputed) {
    const Code code = compile(R"({"name":"k","op":"resize","input":[1,3,13,17],"output":[31,40],"mode":"linear"})");
    EXPECT_GT(code.workspace_size, 0U);
}

TEST(CudaCode, LargeStridesNeedNoTable) {
    compile(R"({"name":"k","op":"col2im","input":[1,32,9],"output":[160],"kernel":[32],"stride":[16]})");
}

/// Kernel indices in no order, for 64 phases: that table would have to lie in the device's memory.
TEST(CudaCode, CopiesAreRefused) {
    const std::string scattered =
        R"({"name":"k","op":"col2im","input":[1,64,9],"output":[702],"kernel":[64],"stride":[64],"dilation":[3]})";
    try {
        compile(scattered);
        FAIL() << "expected it to be refused";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("would be copied to the device"));
    }
}

/// The planner's own choice with one number changed.
TEST(CudaSchedules, ImpossibleOnesAreRefused) {
    const ParseResult parsed = parse_problems(kSmallImage);
    const Problem& problem = parsed.problems.at(0);
    const Halide::Target target(kTarget);
    const Schedule own = plan(problem, target);
    EXPECT_EQ(plan(problem, target, to_json(own).dump()).params, own.params);
    const auto refusal = [&](const std::string& name, int value) -> std::string {
        Schedule changed = own;
        changed.params.at(name) = value;
        try {
            plan(problem, target, to_json(changed).dump());
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_THAT(refusal("lanes_y", 32), HasSubstr("lanes in all"));
    EXPECT_THAT(refusal("tile_x", 16), HasSubstr("quotients at most"));
    EXPECT_THAT(refusal("splits", 3), HasSubstr("divisor of 1024"));
    EXPECT_THAT(refusal("tile_c", 5), HasSubstr("multiple of 4"));
    EXPECT_THAT(refusal("depth", 0), HasSubstr("expected 1 to 64"));
    EXPECT_THAT(refusal("depth", 64), HasSubstr("of inputs, with weights 49152"));
    EXPECT_THAT(refusal("lanes_c_first", 2), HasSubstr("lanes_c_first"));
}

TEST(CudaSchedules, LanesNextToEachOtherMeetDifferentBanks) {
    constexpr int kBanks = 32, kLanes = 4;
    for (const int depth : {4, 8, 16, 20, 32}) {
        for (const int tile_x : {1, 2, 4, 6, 8}) {
            const int pitch = cuda::pixel_pitch(depth, tile_x), width = std::gcd(pitch, 4);
            std::set<int> banks;
            for (int word = 0; word < kLanes * width; ++word)
                banks.insert((word / width * tile_x * pitch + word % width) % kBanks);
            EXPECT_EQ(banks.size(), static_cast<size_t>(kLanes * width)) << "depth " << depth << ", tile_x " << tile_x;
        }
    }
}

TEST(CudaTargets, AreToldByTheirFeature) {
    EXPECT_TRUE(is_cuda(kTarget));
    EXPECT_TRUE(is_cuda("arm-64-linux-cuda-cuda_capability_86"));
    EXPECT_FALSE(is_cuda("x86-64-linux-avx2-f16c-fma"));
}

}  // namespace
}  // namespace polyphase::testing
