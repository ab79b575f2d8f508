// The GPU's schedules, run by an OpenCL platform, against the oracle. They use nothing that only CUDA has, so the same
// blocks, threads, barriers and shared memory run there; without a platform the tests are skipped. POLYPHASE_SEED picks
// another run, POLYPHASE_CASES the number of problems per operator, POLYPHASE_CASE one problem alone.
#include <Halide.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "problem/problem_file.h"
#include "schedules/planner.h"
#include "tests/property/jit_run.h"

namespace polyphase::testing {
namespace {

constexpr const char* kTarget = "host-opencl";

/// Why nothing can run here; nothing if it can.
std::optional<std::string> missing_platform() {
    void* library = dlopen("libOpenCL.so.1", RTLD_NOW);
    if (library == nullptr) return "libOpenCL.so.1 is not there";
    using GetPlatforms = int (*)(unsigned, void*, unsigned*);
    const auto get_platforms = reinterpret_cast<GetPlatforms>(dlsym(library, "clGetPlatformIDs"));
    unsigned platforms = 0;
    if (get_platforms == nullptr || get_platforms(0, nullptr, &platforms) != 0 || platforms == 0)
        return "libOpenCL.so.1 knows no platform; pocl-opencl-icd is one";
    return std::nullopt;
}

/// The planner's choice, the reference and, where there is a choice, one of the other candidates.
std::vector<std::string> schedules_of(const Problem& problem, Rng& rng) {
    std::vector<std::string> requests{"", "reference"};
    std::vector<Schedule> all = candidates(problem, Halide::Target(kTarget));
    std::erase_if(all,
                  [](const Schedule& schedule) { return schedule.family != "tiles" && schedule.family != "split"; });
    for (int i = 0; i < 2 && !all.empty(); ++i) requests.push_back(to_json(rng.pick(all)).dump());
    return requests;
}

class OpenCl : public ::testing::TestWithParam<std::pair<std::string, Op>> {};

TEST_P(OpenCl, AgreesWithTheOracle) {
    if (const auto missing = missing_platform()) GTEST_SKIP() << "no OpenCL platform: " << *missing;
    const char* only = std::getenv("POLYPHASE_CASE");
    const uint64_t seed = seed_from_environment(), begin = only ? std::strtoull(only, nullptr, 10) : 0;
    const uint64_t end = only ? begin + 1 : static_cast<uint64_t>(cases_from_environment(8));
    for (uint64_t index = begin; index < end; ++index) {
        const Case one = make_case(seed, index, GetParam().second);
        if (GetParam().second == Op::max_unpool && !own_windows(one.problem, one.data.indices)) continue;
        Rng rng(case_seed(~seed, index));
        for (const std::string& schedule : schedules_of(one.problem, rng)) {
            SCOPED_TRACE(describe(one) + "\nschedule: " + schedule);
            Outputs outputs;
            try {
                const JitKernel kernel = JitKernel::compile(one.problem, {.schedule = schedule, .target = kTarget});
                ASSERT_EQ(run_kernel(kernel, one.problem, one.data, outputs), 0);
            } catch (const std::exception& error) {
                FAIL() << error.what();
            }
            ASSERT_EQ(mismatch(one, outputs), std::nullopt);
        }
    }
}

/// Layers of the size that schedules are made for, in both layouts, with the schedules that they get.
TEST(OpenClLayers, AgreeWithTheOracle) {
    if (const auto missing = missing_platform()) GTEST_SKIP() << "no OpenCL platform: " << *missing;
    const char* layers = R"([
        {"name":"wide","op":"conv_transpose","input":[1,64,16,32],"out_channels":64,"kernel":4,"stride":2,"pads":1},
        {"name":"uneven","op":"conv_transpose","input":[1,32,24,32],"out_channels":64,"kernel":3,"stride":2,"pads":1},
        {"name":"blocks","op":"conv_transpose","input":[1,64,32,33],"out_channels":32,"kernel":2,"stride":2},
        {"name":"one_channel","op":"conv_transpose","input":[1,16,40,48],"out_channels":1,"kernel":9,"stride":4,"pads":4,
         "output_padding":3},
        {"name":"line","op":"conv_transpose","input":[1,64,256],"out_channels":32,"kernel":16,"stride":8,"pads":4},
        {"name":"classes","op":"conv_transpose","input":[1,21,9,11],"out_channels":21,"kernel":16,"stride":8},
        {"name":"small_image","op":"conv_transpose","input":[1,512,2,2],"out_channels":128,"kernel":4,"stride":2,"pads":1},
        {"name":"volume","op":"conv_transpose","input":[1,32,6,8,8],"out_channels":32,"kernel":2,"stride":2},
        {"name":"depthwise","op":"conv_transpose","input":[1,32,20,20],"out_channels":32,"kernel":4,"stride":2,"pads":1,
         "groups":32},
        {"name":"upsampled","op":"resize_conv","input":[1,32,16,16],"scale":2,"mode":"nearest","out_channels":32,"kernel":3,
         "pads":1}])";
    const ParseResult parsed = parse_problems(layers);
    ASSERT_TRUE(parsed.errors.empty()) << parsed.errors[0];
    for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
        for (const Problem& problem : parsed.problems) {
            Case one;
            one.problem = problem;
            one.problem.input_layout = one.problem.output_layout = layout;
            one.numbers = Numbers::whole;
            Rng rng(seed_from_environment());
            one.data = random_data(rng, one.problem, one.numbers);
            const JitKernel kernel = JitKernel::compile(one.problem, {.schedule = "", .target = kTarget});
            SCOPED_TRACE(describe(one) + "\nschedule: " + to_json(kernel.schedule()).dump());
            Outputs outputs;
            ASSERT_EQ(run_kernel(kernel, one.problem, one.data, outputs), 0);
            ASSERT_EQ(mismatch(one, outputs), std::nullopt);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Every, OpenCl, ::testing::ValuesIn(kOps), [](const auto& op) { return op.param.first; });

}  // namespace
}  // namespace polyphase::testing
