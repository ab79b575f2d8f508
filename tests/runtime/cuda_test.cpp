// What the runtime asks of the CUDA driver, with a driver that executes nothing (tests/support/fake_cuda.h). The host
// code of these kernels is written here, in the way of Halide's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/cuda.h>
#include <polyphase/kernel.h>
#include <polyphase/status.h>

#include <HalideRuntime.h>

#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/fake_cuda.h"

extern "C" {
const halide_device_interface_t* polyphase_cuda_device_interface();
int polyphase_cuda_initialize_kernels(void* user_context, void** state, const char* ptx, int size);
void polyphase_cuda_finalize_kernels(void* user_context, void* state);
int polyphase_cuda_run(void* user_context, void* state, const char* name, int grid_x, int grid_y, int grid_z,
                       int block_x, int block_y, int block_z, int shared_bytes, size_t sizes[], void* arguments[],
                       int8_t is_buffer[]);
int polyphase_device_malloc(void* user_context, halide_buffer_t* buffer, const halide_device_interface_t* interface);
int polyphase_copy_to_device(void* user_context, halide_buffer_t* buffer, const halide_device_interface_t* interface);
int polyphase_device_free(void* user_context, halide_buffer_t* buffer);
}

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kRunPtx = R"(.version 7.0
.target sm_80
.visible .entry stage(
    .param .u64 .ptr .align 1 stage_param_0,
    .param .u64 .ptr .align 1 stage_param_1
)
.visible .entry store(
    .param .u64 .ptr .align 1 store_param_0,
    .param .u64 .ptr .align 1 store_param_1,
    .param .u64 .ptr .align 1 store_param_2,
    .param .u64 .ptr .align 1 store_param_3,
    .param .u32 store_param_4
)
)";
constexpr const char* kPackPtx = R"(.visible .entry pack(
    .param .u64 .ptr .align 1 pack_param_0,
    .param .u64 .ptr .align 1 pack_param_1
)
)";

int launch(void* user, const char* kernel, const std::vector<halide_buffer_t*>& buffers, std::vector<int> numbers = {},
           int shared = 0) {
    std::vector<size_t> sizes;
    std::vector<void*> arguments;
    std::vector<int8_t> is_buffer;
    for (halide_buffer_t* buffer : buffers) {
        sizes.push_back(8);
        arguments.push_back(buffer);
        is_buffer.push_back(1);
    }
    for (int& number : numbers) {
        sizes.push_back(4);
        arguments.push_back(&number);
        is_buffer.push_back(0);
    }
    sizes.push_back(0);
    arguments.push_back(nullptr);
    is_buffer.push_back(0);
    return polyphase_cuda_run(user, nullptr, kernel, 3, 2, 1, 32, 4, 1, shared, sizes.data(), arguments.data(),
                              is_buffer.data());
}

void* run_state;
void* pack_state;
int intermediates = 1;       // how many of 1000 floats each `run` takes
int shared_bytes = 0;        // of its last launch
bool input_on_host = false;  // whether the input says that the host's copy is newer
std::function<void(void**)> look = [](void**) {};

/// user context, input, packed weights, packed bias, output.
int run(void** args) {
    look(args);
    void* user = *static_cast<void**>(args[0]);
    auto buffer = [&](int i) { return static_cast<halide_buffer_t*>(args[i]); };
    polyphase_cuda_initialize_kernels(user, &run_state, kRunPtx, static_cast<int>(std::strlen(kRunPtx)) + 1);
    const halide_device_interface_t* interface = polyphase_cuda_device_interface();
    if (input_on_host) buffer(1)->set_host_dirty();
    polyphase_copy_to_device(user, buffer(1), interface);
    std::vector<halide_buffer_t> staged(static_cast<size_t>(intermediates));
    halide_dimension_t dim = {0, 1000, 1};
    halide_buffer_t* last = buffer(1);
    for (halide_buffer_t& stage : staged) {
        stage = {};
        stage.type = halide_type_of<float>();
        stage.dimensions = 1;
        stage.dim = &dim;
        polyphase_device_malloc(user, &stage, interface);
        launch(user, "stage", {last, &stage});
        last = &stage;
    }
    polyphase_device_malloc(user, buffer(4), interface);
    const int code = launch(user, "store", {last, buffer(2), buffer(3), buffer(4)}, {7}, shared_bytes);
    for (halide_buffer_t& stage : staged) polyphase_device_free(user, &stage);
    polyphase_cuda_finalize_kernels(user, run_state);
    return code;
}

/// user context, weights, packed weights.
int pack(void** args) {
    void* user = *static_cast<void**>(args[0]);
    polyphase_cuda_initialize_kernels(user, &pack_state, kPackPtx, static_cast<int>(std::strlen(kPackPtx)) + 1);
    return launch(user, "pack", {static_cast<halide_buffer_t*>(args[1]), static_cast<halide_buffer_t*>(args[2])});
}

const polyphase_variant kCuda = {
    .instruction_set = "cuda-cuda_capability_80",
    .features = {},
    .run = run,
    .pack = pack,
    .check = nullptr,
    .scatter = nullptr,
    .parallel = 0,
    .weight_dims = 1,
    .weight_extent = {24},
    .packed_size = 64 + 64 + 4 * 24,
    .workspace_size = 4096 + 255,
    .info = "{\"name\":\"gpu1\"}",
};

/// A transposed convolution of two output channels, bias padded to 4, slopes.
const polyphase_kernel kKernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "gpu1",
    .hash = 0x0123456789abcdefU,
    .input = {4, 0, {1, 3, 4, 5}},
    .output = {4, 0, {1, 2, 8, 10}},
    .output_dims = 0,
    .output_dim = {},
    .has_weights = 1,
    .has_bias = 1,
    .has_slopes = 0,
    .has_residual = 0,
    .out_channels = 2,
    .bias_extent = 4,
    .source_dims = 4,
    .source_extent = {2, 2, 2, 3},
    .indices = POLYPHASE_NO_INDICES,
    .index_count = 0,
    .variant_count = 0,
    .variants = nullptr,
    .cuda = &kCuda,
};

struct alignas(256) DeviceMemory {
    float weights[24], bias[4], slopes[4], input[64], residual[160], output[160];
    unsigned char packed[64 + 64 + 4 * 24];
    alignas(256) unsigned char workspace[4096 + 256 + 255];
    int64_t indices[160];
};

class CudaTest : public testing::Test {
  protected:
    CudaTest() {
        fake_cuda::reset();
        fake_cuda::set_context(context);
        // Loaded code stays as long as its context, so leak checkers shall find it.
        static auto* const kLoaded = new std::vector<void*>;
        kLoaded->insert(kLoaded->end(), {run_state, pack_state});
        run_state = pack_state = nullptr;
        intermediates = 1;
        shared_bytes = 0;
        input_on_host = false;
        look = [](void**) {};
    }

    int pack_weights() {
        return polyphase_kernel_pack_cuda(&kKernel, memory.weights, memory.bias, nullptr, memory.packed, stream);
    }
    int run_kernel(const polyphase_kernel& kernel = kKernel) {
        return polyphase_kernel_run_cuda(&kernel, memory.input, memory.packed, nullptr, memory.output, memory.workspace,
                                         stream);
    }
    static std::string text(const void* pointer) {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "0x%llx",
                      static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(pointer)));
        return buffer;
    }
    /// Forgets what was called so far.
    std::vector<std::string> calls_of(const std::function<int()>& work, int expected = POLYPHASE_OK) {
        const size_t before = fake_cuda::calls().size();
        const int code = work();
        EXPECT_EQ(code, expected) << polyphase_last_error();
        std::vector<std::string> calls = fake_cuda::calls();
        calls.erase(calls.begin(), calls.begin() + static_cast<long>(before));
        return calls;
    }
    void expect_refused(int code, int expected, const char* message) {
        EXPECT_EQ(code, expected);
        EXPECT_THAT(polyphase_last_error(), HasSubstr(message));
        for (const std::string& call : fake_cuda::calls())
            EXPECT_THAT(call, testing::Not(StartsWith("cuLaunchKernel")));
    }

    void* const context = reinterpret_cast<void*>(0xc0de);
    void* const stream = reinterpret_cast<void*>(0x51);
    DeviceMemory memory = {};
};

TEST_F(CudaTest, ARunLaunchesOnItsStreamAndDoesNothingElse) {
    ASSERT_EQ(pack_weights(), 0) << polyphase_last_error();
    const std::string stage = text(memory.workspace);
    EXPECT_THAT(
        calls_of([&] { return run_kernel(); }),
        ElementsAre("cuLaunchKernel 0x51: stage <<<3x2x1, 32x4x1, 0>>> " + text(memory.input) + " " + stage,
                    "cuLaunchKernel 0x51: store <<<3x2x1, 32x4x1, 0>>> " + stage + " " + text(memory.packed + 128) +
                        " " + text(memory.packed + 64) + " " + text(memory.output) + " 7"));
}

TEST_F(CudaTest, TheStreamMayBeTheDefaultOne) {
    const auto calls = calls_of([&] {
        return polyphase_kernel_run_cuda(&kKernel, memory.input, memory.packed, nullptr, memory.output,
                                         memory.workspace, polyphase::CudaStream(nullptr).handle());
    });
    EXPECT_THAT(calls.back(), StartsWith("cuLaunchKernel 0x0: store"));
}

TEST_F(CudaTest, IntermediatesFollowEachOtherInTheWorkspace) {
    polyphase_variant two = kCuda;
    two.workspace_size = 8192 + 255;
    polyphase_kernel kernel = kKernel;
    kernel.cuda = &two;
    intermediates = 2;
    alignas(256) static unsigned char workspace[8192 + 255];
    const auto calls = calls_of([&] {
        return polyphase_kernel_run_cuda(&kernel, memory.input, memory.packed, nullptr, memory.output, workspace,
                                         stream);
    });
    const std::string first = text(workspace), second = text(workspace + 4096);  // 4000 bytes, rounded up to 256
    EXPECT_THAT(calls, testing::Contains("cuLaunchKernel 0x51: stage <<<3x2x1, 32x4x1, 0>>> " + first + " " + second));
}

TEST_F(CudaTest, AWorkspaceMayBeginAnywhereThatTensorsMay) {
    const auto calls = calls_of([&] {
        return polyphase_kernel_run_cuda(&kKernel, memory.input, memory.packed, nullptr, memory.output,
                                         memory.workspace + 16, stream);
    });
    EXPECT_THAT(calls, testing::Contains(testing::EndsWith(text(memory.input) + " " + text(memory.workspace + 256))));
}

TEST_F(CudaTest, CodeThatWantsMoreThanItsWorkspaceLaunchesNothingMore) {
    ASSERT_EQ(polyphase_kernel_load_cuda(&kKernel), 0);
    intermediates = 2;
    EXPECT_THAT(calls_of([&] { return run_kernel(); }, POLYPHASE_CUDA_FAILED),
                ElementsAre(StartsWith("cuLaunchKernel 0x51: stage")));
    EXPECT_THAT(polyphase_last_error(), HasSubstr("gpu1: it asked for 4000 bytes of device memory, but "
                                                  "its workspace has 0 left"));
}

TEST_F(CudaTest, PackingLoadsTheCodeAndQueuesEverythingOnItsStream) {
    memory.bias[0] = 5;
    memory.bias[1] = 6;
    memory.bias[2] = 99;  // not of this kernel
    std::memset(memory.packed, 0xee, sizeof memory.packed);
    const auto calls = calls_of([&] { return pack_weights(); });
    for (const std::string& call : calls) {
        EXPECT_THAT(call, testing::AnyOf(StartsWith("cuModule"), HasSubstr(" 0x51: ")));
    }
    EXPECT_THAT(calls, testing::Contains("cuModuleGetFunction store"));
    EXPECT_THAT(calls, testing::Contains("cuLaunchKernel 0x51: pack <<<3x2x1, 32x4x1, 0>>> " + text(memory.weights) +
                                         " " + text(memory.packed + 128)));
    EXPECT_THAT(calls, testing::Contains("cuMemcpyDtoDAsync 0x51: " + text(memory.packed + 64) + " = " +
                                         text(memory.bias) + ", 8"));
    float bias[4];
    std::memcpy(bias, memory.packed + 64, sizeof bias);
    EXPECT_THAT(bias, ElementsAre(5, 6, 0, 0));
    EXPECT_EQ(std::memcmp(memory.packed, "pophase1", 8), 0);
    EXPECT_STREQ(reinterpret_cast<const char*>(memory.packed) + 16, "cuda-cuda_capability_80");
    EXPECT_EQ(memory.packed[128], 0xee) << "the weights are the kernel's to write";
    // Nothing is loaded a second time.
    for (const std::string& call : calls_of([&] { return pack_weights(); }))
        EXPECT_THAT(call, testing::Not(StartsWith("cuModule")));
}

TEST_F(CudaTest, SlopesAreCopiedAfterTheBias) {
    polyphase_variant variant = kCuda;
    polyphase_kernel kernel = kKernel;
    kernel.cuda = &variant;
    kernel.has_slopes = 1;
    kernel.has_bias = 0;
    memory.slopes[1] = 3;
    std::memset(memory.packed, 0xee, sizeof memory.packed);
    ASSERT_EQ(polyphase_kernel_pack_cuda(&kernel, memory.weights, nullptr, memory.slopes, memory.packed, stream), 0)
        << polyphase_last_error();
    float values[8];
    std::memcpy(values, memory.packed + 64, sizeof values);
    EXPECT_THAT(values, ElementsAre(0, 0, 0, 0, 0, 3, 0, 0));
}

TEST_F(CudaTest, LoadingLaunchesNothing) {
    EXPECT_THAT(calls_of([&] { return polyphase_kernel_load_cuda(&kKernel); }),
                ElementsAre("cuModuleLoadDataEx", "cuModuleGetFunction stage", "cuModuleGetFunction store"));
    EXPECT_THAT(calls_of([&] { return polyphase_kernel_load_cuda(&kKernel); }), ElementsAre());
}

TEST_F(CudaTest, ARunLoadsWhatNobodyLoaded) {
    const auto calls = calls_of([&] { return run_kernel(); });
    EXPECT_EQ(calls.front(), "cuModuleLoadDataEx");
    EXPECT_THAT(calls.back(), StartsWith("cuLaunchKernel"));
}

TEST_F(CudaTest, EveryContextGetsTheCodeOnce) {
    ASSERT_EQ(pack_weights(), 0);
    fake_cuda::set_context(reinterpret_cast<void*>(0xbeef), 2);
    EXPECT_EQ(calls_of([&] { return run_kernel(); }).front(), "cuModuleLoadDataEx");
    // A context that has the address of one that is gone.
    fake_cuda::set_context(context, 3);
    EXPECT_EQ(calls_of([&] { return run_kernel(); }).front(), "cuModuleLoadDataEx");
    fake_cuda::set_context(context, 1);
    EXPECT_THAT(calls_of([&] { return run_kernel(); }).front(), StartsWith("cuLaunchKernel"));
}

TEST_F(CudaTest, ThreadsThatLoadTogetherLoadOnce) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_EQ(run_kernel(), 0) << polyphase_last_error(); });
    for (std::thread& thread : threads) thread.join();
    const auto calls = fake_cuda::calls();
    EXPECT_EQ(std::count(calls.begin(), calls.end(), "cuModuleLoadDataEx"), 1);
}

TEST_F(CudaTest, WithoutAContextEverythingIsRefused) {
    constexpr const char* kMessage =
        "gpu1: no CUDA context is current on this thread: call cudaSetDevice or cuCtxSetCurrent first";
    fake_cuda::set_context(nullptr);
    expect_refused(polyphase_kernel_load_cuda(&kKernel), POLYPHASE_NO_CUDA, kMessage);
    expect_refused(pack_weights(), POLYPHASE_NO_CUDA, kMessage);
    expect_refused(run_kernel(), POLYPHASE_NO_CUDA, kMessage);
    fake_cuda::reset();  // the driver has never been used
    expect_refused(run_kernel(), POLYPHASE_NO_CUDA, kMessage);
}

TEST_F(CudaTest, ADriverWithoutADeviceIsNamed) {
    fake_cuda::reset();
    setenv("FAKE_CUDA_NO_GPU", "1", 1);
    expect_refused(run_kernel(), POLYPHASE_NO_CUDA,
                   "gpu1: the CUDA driver finds no GPU that it can use: CUDA_ERROR_NO_DEVICE");
    unsetenv("FAKE_CUDA_NO_GPU");
}

TEST_F(CudaTest, ErrorsOfTheDriverAreNamed) {
    fake_cuda::fail("cuModuleLoadDataEx", 209);
    expect_refused(pack_weights(), POLYPHASE_CUDA_FAILED, "cuModuleLoadDataEx: CUDA_ERROR_NO_BINARY_FOR_GPU");
    fake_cuda::fail("cuModuleLoadDataEx", 0);
    fake_cuda::fail("cuModuleGetFunction", 500);
    expect_refused(pack_weights(), POLYPHASE_CUDA_FAILED, "cuModuleGetFunction: CUDA_ERROR_NOT_FOUND");
    fake_cuda::fail("cuModuleGetFunction", 0);
    fake_cuda::fail("cuMemsetD32Async", 1);
    EXPECT_EQ(pack_weights(), POLYPHASE_CUDA_FAILED);
    EXPECT_STREQ(polyphase_last_error(), "gpu1: pack: CUDA_ERROR_INVALID_VALUE");
    fake_cuda::fail("cuLaunchKernel", 719);
    EXPECT_THAT(calls_of([&] { return run_kernel(); }, POLYPHASE_CUDA_FAILED), testing::SizeIs(1))
        << "nothing is launched after an error";
    EXPECT_THAT(polyphase_last_error(), HasSubstr("cuLaunchKernel: CUDA_ERROR_LAUNCH_FAILED"));
}

TEST_F(CudaTest, BigBlocksOfSharedMemoryAreAskedForOnce) {
    shared_bytes = 100 << 10;
    ASSERT_EQ(pack_weights(), 0);
    EXPECT_THAT(fake_cuda::calls(), testing::Contains("cuFuncSetAttribute store 8 = 102400"));
    EXPECT_THAT(calls_of([&] { return run_kernel(); }).back(), HasSubstr("store <<<3x2x1, 32x4x1, 102400>>>"));
    EXPECT_THAT(calls_of([&] { return run_kernel(); }), testing::Not(testing::Contains(StartsWith("cuFunc"))));
}

TEST_F(CudaTest, AddressesAreMultiplesOf16) {
    const auto at4 = [](void* pointer) { return static_cast<unsigned char*>(pointer) + 4; };
    const auto run_with = [&](void* input, void* packed, void* output, void* workspace) {
        return polyphase_kernel_run_cuda(&kKernel, input, packed, nullptr, output, workspace, stream);
    };
    const char* ending = "expected a device address that is a multiple of 16";
    const auto refused = [&](int code, const char* tensor) {
        expect_refused(code, POLYPHASE_MISALIGNED, ending);
        EXPECT_THAT(polyphase_last_error(), HasSubstr(std::string("gpu1: the ") + tensor + " at "));
    };
    refused(run_with(at4(memory.input), memory.packed, memory.output, memory.workspace), "input");
    refused(run_with(memory.input, at4(memory.packed), memory.output, memory.workspace), "packed weights");
    refused(run_with(memory.input, memory.packed, at4(memory.output), memory.workspace), "output");
    refused(run_with(memory.input, memory.packed, memory.output, at4(memory.workspace)), "workspace");
    const auto pack_with = [&](void* weights, void* bias, void* packed) {
        return polyphase_kernel_pack_cuda(&kKernel, weights, bias, nullptr, packed, stream);
    };
    refused(pack_with(at4(memory.weights), memory.bias, memory.packed), "weights");
    refused(pack_with(memory.weights, at4(memory.bias), memory.packed), "bias");
    refused(pack_with(memory.weights, memory.bias, at4(memory.packed)), "memory for the packed weights");
    EXPECT_THAT(fake_cuda::calls(), ElementsAre());
}

TEST_F(CudaTest, MissingAndSurplusTensorsAreRefused) {
    const auto run_with = [&](void* input, void* packed, void* residual, void* output, void* workspace) {
        return polyphase_kernel_run_cuda(&kKernel, input, packed, residual, output, workspace, stream);
    };
    void *in = memory.input, *packed = memory.packed, *out = memory.output, *work = memory.workspace;
    expect_refused(run_with(nullptr, packed, nullptr, out, work), POLYPHASE_NULL_POINTER, "the input is null");
    expect_refused(run_with(in, nullptr, nullptr, out, work), POLYPHASE_NULL_POINTER, "the packed weights are null");
    expect_refused(run_with(in, packed, nullptr, nullptr, work), POLYPHASE_NULL_POINTER, "the output is null");
    expect_refused(run_with(in, packed, nullptr, out, nullptr), POLYPHASE_NULL_POINTER,
                   "the workspace is null; expected 4351 bytes of device memory");
    expect_refused(run_with(in, packed, memory.residual, out, work), POLYPHASE_UNEXPECTED_TENSOR, "no residual");
    expect_refused(polyphase_kernel_pack_cuda(&kKernel, memory.weights, nullptr, nullptr, packed, stream),
                   POLYPHASE_MISSING_TENSOR, "needs a bias");
    expect_refused(
        polyphase_kernel_run_indexed_cuda(&kKernel, memory.input, memory.indices, memory.output, work, stream),
        POLYPHASE_UNEXPECTED_TENSOR, "gpu1: this kernel has no indices: call gpu1_run_cuda");
    polyphase_kernel old = kKernel;
    old.abi--;
    expect_refused(run_kernel(old), POLYPHASE_WRONG_RELEASE, "generate it again");
}

TEST_F(CudaTest, TensorsAreDescribedAsForProcessors) {
    int calls = 0;
    look = [&](void** args) {
        ++calls;
        const auto& input = *static_cast<halide_buffer_t*>(args[1]);
        EXPECT_EQ(input.host, nullptr);
        EXPECT_EQ(input.device, reinterpret_cast<uint64_t>(memory.input));
        EXPECT_EQ(input.device_interface, polyphase_cuda_device_interface());
        EXPECT_EQ(input.dimensions, 5);
        EXPECT_EQ(input.dim[0].extent, 3);
        EXPECT_EQ(input.dim[0].stride, 20);
        EXPECT_EQ(input.dim[1].stride, 1);
        EXPECT_FALSE(input.host_dirty());
    };
    ASSERT_EQ(run_kernel(), 0) << polyphase_last_error();
    EXPECT_EQ(calls, 1);
}

TEST_F(CudaTest, CodeThatCopiesFromTheHostFails) {
    ASSERT_EQ(polyphase_kernel_load_cuda(&kKernel), 0);
    input_on_host = true;
    expect_refused(run_kernel(), POLYPHASE_CUDA_FAILED, "it would copy from the host's memory");
}

TEST_F(CudaTest, IndicesComeAfterTheInputOrTheOutput) {
    polyphase_kernel kernel = kKernel;
    polyphase_variant variant = kCuda;
    kernel.cuda = &variant;
    kernel.has_weights = kernel.has_bias = 0;
    kernel.output = kernel.input;
    static const void* expected_indices;
    expected_indices = memory.indices;
    static int position;
    variant.run = [](void** args) {
        const auto& indices = *static_cast<halide_buffer_t*>(args[position]);
        EXPECT_EQ(indices.device, reinterpret_cast<uint64_t>(expected_indices));
        EXPECT_EQ(indices.type, halide_type_t(halide_type_int, 64));
        return 0;
    };
    kernel.indices = POLYPHASE_READS_INDICES;
    position = 2;
    EXPECT_EQ(polyphase_kernel_run_indexed_cuda(&kernel, memory.input, memory.indices, memory.output, memory.workspace,
                                                stream),
              0)
        << polyphase_last_error();
    expect_refused(run_kernel(kernel), POLYPHASE_MISSING_TENSOR, "call gpu1_run_indexed_cuda");
    kernel.indices = POLYPHASE_WRITES_INDICES;
    position = 3;
    EXPECT_EQ(polyphase_kernel_run_with_indices_cuda(&kernel, memory.input, memory.output, memory.indices,
                                                     memory.workspace, stream),
              0)
        << polyphase_last_error();
    expect_refused(run_kernel(kernel), POLYPHASE_MISSING_TENSOR, "call gpu1_run_with_indices_cuda");
}

TEST_F(CudaTest, TheProcessorsFunctionsRefuseAKernelForCudaOnly) {
    polyphase_state state = {0};
    const polyphase_view in = {memory.input, {60, 20, 5, 1}}, out = {memory.output, {160, 80, 10, 1}};
    expect_refused(polyphase_kernel_run(&kKernel, &state, &in, memory.packed, nullptr, &out, memory.workspace),
                   POLYPHASE_UNSUPPORTED_INSTRUCTION_SET, "gpu1: this kernel runs on CUDA only: call gpu1_run_cuda");
    EXPECT_EQ(polyphase_kernel_packed_size(&kKernel, &state), 0U);
    EXPECT_STREQ(polyphase_kernel_info(&kKernel, &state), "{\"name\":\"gpu1\"}");
    EXPECT_EQ(polyphase_kernel_packed_size_cuda(&kKernel), 224U);
    EXPECT_EQ(polyphase_kernel_workspace_size_cuda(&kKernel), 4351U);
}

}  // namespace
