// What becomes of a CUDA kernel's host code on its way into a library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"
#include "tools/cuda_calls.h"

namespace polyphase::testing {
namespace {

using ::testing::ElementsAre;

const Halide::Target kTarget("x86-64-linux-cuda-cuda_capability_80-no_runtime-no_asserts-no_bounds_query-user_context");

/// Two stages, both on the device, or the last one on the host.
Halide::Module two_stages(bool all_on_device) {
    Halide::ImageParam input(Halide::Float(32), 1, "input");
    Halide::Var x("x"), xi("xi");
    Halide::Func stage("stage"), output("output");
    stage(x) = 2 * input(x);
    output(x) = stage(x) + stage(x + 1);
    output.bound(x, 0, 64);
    stage.compute_root().gpu_tile(x, xi, 32);
    if (all_on_device) output.gpu_tile(x, xi, 32);
    return output.compile_to_module({input}, "two_stages", kTarget);
}

TEST(CudaCalls, GoToTheRuntime) {
    const TemporaryDirectory directory;
    const std::string object = directory / "two_stages.o";
    with_our_cuda_calls(two_stages(true)).compile({{Halide::OutputFileType::object, object}});
    ChildResult names;
    try {
        names = run_child({"nm", "--undefined-only", "--format=just-symbols", object});
    } catch (const std::exception& error) {
        GTEST_SKIP() << error.what();
    }
    std::istringstream lines(names.output);
    std::vector<std::string> found;
    for (std::string name; std::getline(lines, name);)
        if (name.find("cuda") != std::string::npos || name.find("device") != std::string::npos) found.push_back(name);
    EXPECT_THAT(
        found, ElementsAre("polyphase_copy_to_device", "polyphase_cuda_device_interface",
                           "polyphase_cuda_finalize_kernels", "polyphase_cuda_initialize_kernels", "polyphase_cuda_run",
                           "polyphase_device_free", "polyphase_device_free_as_destructor", "polyphase_device_malloc"));
}

TEST(CudaCalls, ThatWouldCopyToTheHostAreRefused) {
    try {
        with_our_cuda_calls(two_stages(false));
        FAIL() << "nothing was refused";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("a CUDA kernel's host code may only launch kernels"));
    }
}

}  // namespace
}  // namespace polyphase::testing
