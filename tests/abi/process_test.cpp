// What takes other processes: forced instruction sets, and shared libraries loaded as any language would load them.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/status.h>
#include <polyphase/threads.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/abi/kernel_table.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace polyphase::testing {
namespace {

using ::testing::HasSubstr;

// The kernels' instruction sets, best first.
#if defined(__aarch64__)
constexpr const char* kInstructionSets[] = {"arm_dot_prod-arm_fp16", "neon"};
#else
constexpr const char* kInstructionSets[] = {"avx512_skylake", "avx2-f16c-fma", "baseline"};
#endif
const std::string kLeast = std::end(kInstructionSets)[-1];

bool processor_has(const std::string& instruction_set) {
    if (instruction_set == kLeast) return true;
#if defined(__aarch64__)
    constexpr unsigned long kNeeded = HWCAP_ASIMDDP | HWCAP_FPHP | HWCAP_ASIMDHP;
    return (getauxval(AT_HWCAP) & kNeeded) == kNeeded;
#else
    if (instruction_set == "avx512_skylake") {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq");
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
}

ChildResult worker(const std::string& instruction_set, const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {POLYPHASE_ABI_WORKER};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_child(command, {{{"POLYPHASE_INSTRUCTION_SET", instruction_set}}, ""});
}

class InstructionSets : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Forced, InstructionSets, ::testing::ValuesIn(kInstructionSets), [](const auto& name) {
    std::string text = name.param;
    for (char& c : text) c = c == '-' ? '_' : c;
    return text;
});

TEST_P(InstructionSets, PackAndRunAgree) {
    if (!processor_has(GetParam())) GTEST_SKIP() << "this processor lacks " << GetParam();
    for (const KernelFunctions& kernel : kernels()) {
        const ChildResult result = worker(GetParam(), {"run", kernel.name});
        EXPECT_EQ(result.exit_code, 0) << kernel.name << ": " << result.output << result.error;
        EXPECT_EQ(result.output, std::string(GetParam()) + "\n") << kernel.name;
    }
}

TEST_P(InstructionSets, RefuseEachOthersWeights) {
    const std::string other = GetParam() == kLeast ? std::end(kInstructionSets)[-2] : kLeast;
    if (!processor_has(GetParam()) || !processor_has(other)) {
        GTEST_SKIP() << "this processor lacks " << GetParam() << " or " << other;
    }
    const TemporaryDirectory directory;
    const std::string file = directory / "packed";
    ASSERT_EQ(worker(GetParam(), {"pack", "abi_plain", file}).exit_code, 0);
    EXPECT_EQ(worker(GetParam(), {"run-packed", "abi_plain", file}).exit_code, 0);
    const ChildResult result = worker(other, {"run-packed", "abi_plain", file});
    EXPECT_EQ(result.exit_code, POLYPHASE_WRONG_PACKED_WEIGHTS) << result.output << result.error;
    EXPECT_THAT(result.error, HasSubstr(GetParam()));
    EXPECT_THAT(result.error, HasSubstr(other));
}

TEST(InstructionSet, OneThatNoKernelHasIsAnError) {
    for (const std::string& name : {std::string("arm_sve"), std::string("AVX2"), kLeast + " "}) {
        const ChildResult result = worker(name, {"run", "abi_plain"});
        EXPECT_EQ(result.exit_code, POLYPHASE_UNSUPPORTED_INSTRUCTION_SET) << name;
        EXPECT_THAT(result.error, HasSubstr("\"" + name + "\""));
    }
}

TEST(InstructionSet, BestIsTheDefault) {
    const char* const* best = std::find_if(std::begin(kInstructionSets), std::end(kInstructionSets), processor_has);
    const ChildResult result = worker("", {"run", "abi_plain"});
    EXPECT_EQ(result.output, std::string(*best) + "\n");
}

#if defined(__aarch64__)
TEST(InstructionSet, AProcessorWithPlainNeonGetsPlainNeon) {
    const std::vector<std::string> emulator = {POLYPHASE_ABI_WORKER};
    if (emulator.size() == 1) GTEST_SKIP() << "without an emulator there is only this processor";
    const ChildResult result =
        run_child({POLYPHASE_ABI_WORKER, "run", "abi_plain"}, {{{"QEMU_CPU", "cortex-a57"}}, ""});
    EXPECT_EQ(result.output, "neon\n") << result.error;
}
#endif

/// A shared library opened by name, its functions found by theirs, nothing else known: what ctypes or a JVM does.
class Library {
  public:
    Library(const std::string& path, const std::string& name, int visibility = RTLD_LOCAL)
        : handle_(dlopen(path.c_str(), RTLD_NOW | visibility)), name_(name) {
        if (!handle_) throw std::runtime_error(dlerror());
    }
    ~Library() { dlclose(handle_); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    template <typename Function>
    Function function(const std::string& what) const {
        return symbol<Function>(name_ + "_" + what);
    }
    /// A setting of the library's runtime.
    template <typename Function>
    Function setting(const std::string& what) const {
        return symbol<Function>("polyphase_" + what);
    }

  private:
    template <typename Function>
    Function symbol(const std::string& symbol) const {
        void* found = dlsym(handle_, symbol.c_str());
        if (!found) throw std::runtime_error("no " + symbol);
        return reinterpret_cast<Function>(found);
    }

    void* handle_;
    std::string name_;
};

void compile_shared(const std::string& kernel, const TemporaryDirectory& directory) {
    const ChildResult compiled = run_child({POLYPHASE_COMPILE, POLYPHASE_TEST_KERNELS "/" + kernel + ".json", "--out",
                                            directory.path().string(), "--shared"});
    ASSERT_EQ(compiled.exit_code, 0) << compiled.error;
}

using TextFunction = const char* (*)();
using SizeFunction = size_t (*)();
using PackFunction = int (*)(const void*, const void*, void*);
using RunFunction = int (*)(const void*, const void*, void*, void*);

TEST(SharedLibrary, IsCompleteInItself) {
    const TemporaryDirectory directory;
    for (const char* name : {"abi_plain", "abi_linear"}) ASSERT_NO_FATAL_FAILURE(compile_shared(name, directory));
    // Both at once in one process.
    const Library plain(directory / "libabi_plain.so", "abi_plain"),
        linear(directory / "libabi_linear.so", "abi_linear");
    EXPECT_EQ(nlohmann::json::parse(plain.function<TextFunction>("info")()).at("name"), "abi_plain");
    EXPECT_EQ(nlohmann::json::parse(linear.function<TextFunction>("info")()).at("name"), "abi_linear");

    const Subject expected_plain(kernel_named("abi_plain")), expected_linear(kernel_named("abi_linear"));
    const ProblemData& data = expected_plain.data();
    std::vector<char> packed(plain.function<SizeFunction>("packed_size")()),
        workspace(plain.function<SizeFunction>("workspace_size")() + 1);
    std::vector<float> output(output_count(expected_plain.problem()), std::nanf(""));
    ASSERT_EQ(plain.function<PackFunction>("pack")(data.weights.data(), data.bias.data(), packed.data()), 0);
    ASSERT_EQ(plain.function<RunFunction>("run")(data.input.data(), packed.data(), output.data(), workspace.data()), 0);
    EXPECT_EQ(expected_plain.mismatch(output.data()), "");

    std::vector<float> resized(output_count(expected_linear.problem()), std::nanf(""));
    EXPECT_EQ(linear.function<SizeFunction>("packed_size")(), 0U);
    std::vector<char> scratch(linear.function<SizeFunction>("workspace_size")() + 1);
    ASSERT_EQ(linear.function<RunFunction>("run")(expected_linear.data().input.data(), nullptr, resized.data(),
                                                  scratch.data()),
              0);
    EXPECT_EQ(expected_linear.mismatch(resized.data()), "");

    EXPECT_EQ(plain.function<RunFunction>("run")(nullptr, packed.data(), output.data(), workspace.data()),
              POLYPHASE_NULL_POINTER);
    EXPECT_THAT(plain.function<TextFunction>("last_error")(), HasSubstr("abi_plain"));
}

/// Only the documented names leave the library, so that two of them, or a Halide of the application's own, cannot meet.
TEST(SharedLibrary, ExportsItsOwnFunctionsOnly) {
    const std::vector<std::string> common = {"info", "instruction_set", "packed_size", "workspace_size", "pack",
                                             "run",  "run_view",        "last_error"};
    const std::vector<std::pair<std::string, std::vector<std::string>>> own = {
        {"abi_plain", {}},
        {"abi_skip", {"pack_prelu", "run_residual"}},
        {"abi_unpool", {"run_indexed", "run_indexed_view"}},
        {"abi_pool", {"run_with_indices", "run_with_indices_view"}},
    };
    const TemporaryDirectory directory;
    for (const auto& [kernel, functions] : own) {
        ASSERT_NO_FATAL_FAILURE(compile_shared(kernel, directory));
        ChildResult names;
        try {
            names = run_child(
                {"nm", "-D", "--defined-only", "--format=just-symbols", directory / ("lib" + kernel + ".so")});
        } catch (const std::exception& error) {
            GTEST_SKIP() << error.what();
        }
        ASSERT_EQ(names.exit_code, 0) << names.error;
        std::vector<std::string> expected, found;
        for (const std::vector<std::string>& list : {common, functions})
            for (const std::string& function : list) expected.push_back(kernel + "_" + function);
        std::istringstream lines(names.output);
        for (std::string name; std::getline(lines, name);)
            if (name.rfind("polyphase_", 0) != 0) found.push_back(name);
        EXPECT_THAT(found, ::testing::UnorderedElementsAreArray(expected));
    }
}

/// The pair of an encoder and a decoder, from any language: indices go from one library to the other.
TEST(SharedLibrary, PoolsAndUnpools) {
    const TemporaryDirectory directory;
    for (const char* name : {"abi_pool", "abi_unpool"}) ASSERT_NO_FATAL_FAILURE(compile_shared(name, directory));
    const Library pool(directory / "libabi_pool.so", "abi_pool"), unpool(directory / "libabi_unpool.so", "abi_unpool");
    const Subject pooling(kernel_named("abi_pool"));
    std::vector<float> image(pooling.data().input.size()), pooled(image.size() / 4), result(image.size(), -7.0F);
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i * 37 % 101) + 1.0F;
    std::vector<int64_t> indices(pooled.size());
    std::vector<char> scratch(
        std::max(pool.function<SizeFunction>("workspace_size")(), unpool.function<SizeFunction>("workspace_size")()) +
        1);
    using RunWithIndices = int (*)(const void*, void*, int64_t*, void*);
    using RunIndexed = int (*)(const void*, const int64_t*, void*, void*);
    ASSERT_EQ(
        pool.function<RunWithIndices>("run_with_indices")(image.data(), pooled.data(), indices.data(), scratch.data()),
        0);
    ASSERT_EQ(unpool.function<RunIndexed>("run_indexed")(pooled.data(), indices.data(), result.data(), scratch.data()),
              0);
    size_t kept = 0;
    for (size_t i = 0; i < image.size(); ++i) {
        EXPECT_TRUE(result[i] == 0 || result[i] == image[i]) << i;
        kept += result[i] != 0;
    }
    EXPECT_EQ(kept, pooled.size()) << "one of every window";

    indices[5] = 140;
    EXPECT_EQ(unpool.function<RunIndexed>("run_indexed")(pooled.data(), indices.data(), result.data(), scratch.data()),
              POLYPHASE_INDEX_OUTSIDE);
    EXPECT_THAT(unpool.function<TextFunction>("last_error")(),
                HasSubstr("abi_unpool: the index at [0, 0, 0, 5]: expected 0 to 139, found 140"));
}

/// A kernel of a shared library with tensors to run it on.
class SharedKernel {
  public:
    SharedKernel(const std::string& path, const std::string& name, int threads, int visibility = RTLD_LOCAL)
        : library(path, name, visibility),
          subject_(kernel_named(name)),
          packed_(library.function<SizeFunction>("packed_size")()),
          workspace_(library.function<SizeFunction>("workspace_size")() + 1) {
        library.setting<void (*)(int)>("set_num_threads")(threads);
        const ProblemData& data = subject_.data();
        EXPECT_EQ(library.function<PackFunction>("pack")(data.weights.data(), data.bias.data(), packed_.data()), 0);
    }
    /// What differs from the truth, in words.
    std::string run() {
        std::vector<float> output(output_count(subject_.problem()), std::nanf(""));
        const int error = library.function<RunFunction>("run")(subject_.data().input.data(), packed_.data(),
                                                               output.data(), workspace_.data());
        return error != 0 ? library.function<TextFunction>("last_error")() : subject_.mismatch(output.data());
    }

    const Library library;

  private:
    Subject subject_;
    std::vector<char> packed_, workspace_;
};

int all_threads() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

const int kFirstThreads = all_threads();

/// Threads of this process beside those that it began with: the calling one, and in an emulator the emulator's.
int other_threads() {
    return all_threads() - kFirstThreads;
}

/// A thread that was joined may be listed a moment longer.
bool is_alone() {
    for (int i = 0; i < 10'000 && other_threads() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return other_threads() == 0;
}

TEST(SharedLibrary, EndsItsThreadsWhereItIsUnloaded) {
    const TemporaryDirectory directory;
    ASSERT_NO_FATAL_FAILURE(compile_shared("abi_large", directory));
    for (int round = 0; round < 10; ++round) {
        {
            SharedKernel kernel(directory / "libabi_large.so", "abi_large", 3);
            EXPECT_EQ(kernel.run(), "");
            EXPECT_EQ(other_threads(), 2);
            if (round % 2 == 1) std::this_thread::sleep_for(std::chrono::milliseconds(10));  // until they sleep
        }
        ASSERT_TRUE(is_alone());
    }
    // Nothing of the library is left in the process.
    const pid_t child = fork();
    if (child == 0) _exit(7);
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(SharedLibrary, StartsThreadsWhereItPacksAndOnlyIfRunsNeedThem) {
    const TemporaryDirectory directory;
    for (const auto& [name, threads] : {std::pair("abi_plain", 0), std::pair("abi_large", 2)}) {
        ASSERT_TRUE(is_alone());
        ASSERT_NO_FATAL_FAILURE(compile_shared(name, directory));
        SharedKernel kernel(directory / ("lib" + std::string(name) + ".so"), name, 3);
        EXPECT_EQ(other_threads(), threads) << name;
        EXPECT_EQ(kernel.run(), "");
        EXPECT_EQ(other_threads(), threads) << name;
    }
}

TEST(SharedLibrary, ThoseThatSeeEachOtherShareSettings) {
    const TemporaryDirectory directory;
    ASSERT_NO_FATAL_FAILURE(compile_shared("abi_plain", directory));
    ASSERT_NO_FATAL_FAILURE(compile_shared("abi_large", directory));
    SharedKernel first(directory / "libabi_plain.so", "abi_plain", 2, RTLD_GLOBAL);
    SharedKernel second(directory / "libabi_large.so", "abi_large", 2, RTLD_GLOBAL);
    static int loops;
    loops = 0;
    const polyphase_thread_pool pool = {[](void*, int count, void (*task)(void*, int), void* argument) {
                                            ++loops;
                                            for (int i = 0; i < count; ++i) task(argument, i);
                                        },
                                        nullptr};
    first.library.setting<void (*)(const polyphase_thread_pool*)>("set_thread_pool")(&pool);
    EXPECT_EQ(second.run(), "");
    EXPECT_GE(loops, 1);
    first.library.setting<void (*)(const polyphase_thread_pool*)>("set_thread_pool")(nullptr);

    EXPECT_NE(first.library.function<RunFunction>("run")(nullptr, nullptr, nullptr, nullptr), 0);
    EXPECT_NE(second.library.function<RunFunction>("run")(nullptr, nullptr, nullptr, nullptr), 0);
    EXPECT_THAT(first.library.function<TextFunction>("last_error")(), HasSubstr("abi_plain"));
    EXPECT_THAT(second.library.function<TextFunction>("last_error")(), HasSubstr("abi_large"));
}

}  // namespace
}  // namespace polyphase::testing
