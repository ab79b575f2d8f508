// Scratch memory, threads, errors and allocators, seen from inside a kernel and from the application's own Halide
// pipelines.
#include <climits>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "tests/runtime/fakes/near2.h"
#include "tests/runtime/fakes/up1.h"
#include "tests/runtime/fixture.h"

namespace {

using fake::Call;
using polyphase::Status;
using testing::HasSubstr;

class HooksTest : public RuntimeTest {
  protected:
    /// Runs up1 with `code` in place of its run.
    Status run(std::function<int(const Call&)> code) {
        fake::code = [](const Call&) { return 0; };
        const up1::Weights weights = up1::pack(std::vector<float>(24), std::vector<float>(2));
        fake::code = std::move(code);
        return up1::run(input, weights, output);
    }

    std::vector<float> input = std::vector<float>(120), output = std::vector<float>(320);
};

TEST_F(HooksTest, ScratchComesFromTheWorkspace) {
    fake::code = [](const Call&) { return 0; };
    const up1::Weights weights = up1::pack(std::vector<float>(24), std::vector<float>(2));
    std::vector<unsigned char> memory(up1::workspace_size() + 1);
    CountingAllocator allocator;
    fake::code = [&](const Call& call) {
        auto* a = static_cast<unsigned char*>(halide_malloc(call.user_context, 100));
        auto* b = static_cast<unsigned char*>(halide_malloc(call.user_context, 1));
        EXPECT_GE(a, memory.data());
        EXPECT_LE(b + 64, memory.data() + memory.size());
        EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 64, 0u);
        EXPECT_EQ(b - a, 128);
        halide_free(call.user_context, a);
        EXPECT_EQ(static_cast<unsigned char*>(halide_malloc(call.user_context, 8)) - a, 192)
            << "b is still live above a";
        halide_free(call.user_context, a + 192);
        halide_free(call.user_context, b);
        EXPECT_EQ(halide_malloc(call.user_context, 1024), a) << "everything is free again";
        halide_free(call.user_context, a);
        return 0;
    };
    for (int misaligned : {0, 1}) {
        EXPECT_TRUE(up1::run(input, weights, output, {memory.data() + misaligned, up1::workspace_size()}))
            << up1_last_error();
    }
    EXPECT_EQ(allocator.allocations, 0);
}

TEST_F(HooksTest, ExhaustionIsReported) {
    Status status = run([](const Call& call) {
        void* a = halide_malloc(call.user_context, 1025);
        EXPECT_NE(a, nullptr) << "generated code does not check for null";
        static_cast<char*>(a)[1024] = 1;
        halide_free(call.user_context, a);
        return 0;
    });
    EXPECT_EQ(status.code(), POLYPHASE_KERNEL_FAILED);
    EXPECT_THAT(status.message(), HasSubstr("asked for 1025 bytes of scratch, but its workspace has 1024 left"));

    status = run([](const Call& call) {
        EXPECT_EQ(halide_malloc(call.user_context, SIZE_MAX - 10), nullptr);
        return 0;
    });
    EXPECT_EQ(status.code(), POLYPHASE_KERNEL_FAILED);

    polyphase_variant roomy = near2_kernel.variants[0];
    roomy.workspace_size = 100 * 64;
    polyphase_kernel kernel = near2_kernel;
    kernel.variants = &roomy;
    polyphase_state state = {0};
    std::vector<float> out(240);
    std::vector<unsigned char> workspace(roomy.workspace_size);
    fake::code = [](const Call& call) {
        std::vector<void*> blocks;
        for (int i = 0; i <= POLYPHASE_ALLOCATIONS; ++i) blocks.push_back(halide_malloc(call.user_context, 1));
        for (void* block : blocks) halide_free(call.user_context, block);
        return 0;
    };
    EXPECT_EQ(polyphase_kernel_run_dense(&kernel, &state, input.data(), nullptr, nullptr, out.data(), workspace.data()),
              POLYPHASE_KERNEL_FAILED);
    EXPECT_THAT(polyphase_last_error(), HasSubstr("more than 32 pieces"));
}

TEST_F(HooksTest, NoScratchInsideParallelLoops) {
    for (int threads : {1, 2}) {
        polyphase::set_num_threads(threads);
        const Status status = run([](const Call& call) {
            const auto task = [](void* user_context, int, uint8_t*) {
                void* memory = halide_malloc(user_context, 16);
                EXPECT_NE(memory, nullptr);
                halide_free(user_context, memory);
                return 0;
            };
            return halide_do_par_for(call.user_context, task, 0, 8, nullptr);
        });
        EXPECT_EQ(status.code(), POLYPHASE_KERNEL_FAILED);
        EXPECT_THAT(status.message(), HasSubstr("asked for 16 bytes of scratch inside a parallel loop"));
    }
}

TEST_F(HooksTest, PackTakesScratchFromTheAllocator) {
    CountingAllocator allocator;
    fake::code = [&](const Call& call) {
        void* memory = halide_malloc(call.user_context, 1 << 20);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u);
        EXPECT_GE(allocator.bytes_live, size_t{1} << 20);
        halide_free(call.user_context, memory);
        return 0;
    };
    {
        const up1::Weights weights = up1::pack(std::vector<float>(24), std::vector<float>(2));
        EXPECT_TRUE(weights) << weights.status().message();
        EXPECT_EQ(allocator.allocations, 2) << "the weights themselves, and the scratch";
    }
    EXPECT_EQ(allocator.releases, 2);
    EXPECT_EQ(allocator.bytes_live, 0u);
}

TEST(DefaultAllocator, BeginsLargeBlocksOnHugePages) {
    const polyphase_allocator allocator = polyphase_get_allocator();
    for (const auto& [bytes, alignment] :
         {std::pair<size_t, size_t>{100, 64}, {(1 << 20) - 1, 64}, {1 << 20, 2 << 20}, {(2 << 20) + 1, 2 << 20}}) {
        void* memory = allocator.allocate(allocator.context, bytes, 64);
        ASSERT_NE(memory, nullptr);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u) << bytes;
        std::memset(memory, 1, bytes);
        allocator.release(allocator.context, memory, bytes);
    }
    EXPECT_EQ(allocator.allocate(allocator.context, SIZE_MAX - 10, 64), nullptr);
}

/// A parallel loop over [min, min + size) that records which indices ran, and where.
struct Loop {
    std::mutex mutex;
    std::multiset<int> indices;
    std::set<std::thread::id> threads;
    int fail_at = INT_MIN;

    int run(void* user_context, int min, int size) {
        const auto task = [](void*, int index, uint8_t* closure) {
            auto* self = reinterpret_cast<Loop*>(closure);
            const std::lock_guard lock(self->mutex);
            self->indices.insert(index);
            self->threads.insert(std::this_thread::get_id());
            return index == self->fail_at ? -7 : 0;
        };
        return halide_do_par_for(user_context, task, min, size, reinterpret_cast<uint8_t*>(this));
    }
    bool complete(int min, int size) const {
        if (indices.size() != static_cast<size_t>(size)) return false;
        for (int i = min; i < min + size; ++i) {
            if (indices.count(i) != 1) return false;
        }
        return true;
    }
};

TEST_F(HooksTest, OneThreadIsTheCallers) {
    polyphase::set_num_threads(1);
    EXPECT_EQ(polyphase::num_threads(), 1);
    Loop loop;
    int pool_calls = 0;
    const polyphase_thread_pool pool = {
        [](void* calls, int, void (*)(void*, int), void*) { ++*static_cast<int*>(calls); }, &pool_calls};
    polyphase::set_thread_pool(pool);
    EXPECT_TRUE(run([&](const Call& call) { return loop.run(call.user_context, 3, 50); }));
    EXPECT_TRUE(loop.complete(3, 50));
    EXPECT_THAT(loop.threads, testing::ElementsAre(std::this_thread::get_id()));
    EXPECT_EQ(pool_calls, 0);
}

TEST_F(HooksTest, DefaultPoolRunsEverythingOnce) {
    for (int threads : {0, 2, 4}) {
        polyphase::set_num_threads(threads);
        EXPECT_GE(polyphase::num_threads(), 1);
        if (threads > 0) {
            EXPECT_EQ(polyphase::num_threads(), threads);
        }
        Loop loop;
        const Status status = run([&](const Call& call) { return loop.run(call.user_context, -2, 1000); });
        EXPECT_TRUE(status) << status.message();
        EXPECT_TRUE(loop.complete(-2, 1000));
    }
}

TEST_F(HooksTest, NegativeThreadCountsAsOne) {
    polyphase::set_num_threads(-3);
    EXPECT_EQ(polyphase::num_threads(), 1);
}

TEST_F(HooksTest, ApplicationsPoolIsUsed) {
    struct Pool {
        int calls = 0, count = 0;
        static void parallel_for(void* context, int count, void (*task)(void*, int), void* argument) {
            auto* self = static_cast<Pool*>(context);
            ++self->calls;
            self->count = count;
            std::vector<std::thread> threads;
            for (int i = 0; i < count; ++i) threads.emplace_back(task, argument, i);
            for (std::thread& thread : threads) thread.join();
        }
    } pool;
    polyphase::set_thread_pool({Pool::parallel_for, &pool});
    Loop loop;
    EXPECT_TRUE(run([&](const Call& call) { return loop.run(call.user_context, 5, 6); }));
    EXPECT_TRUE(loop.complete(5, 6));
    EXPECT_EQ(pool.calls, 1);
    EXPECT_EQ(pool.count, 6);

    polyphase::reset_thread_pool();
    EXPECT_TRUE(run([&](const Call& call) { return loop.run(call.user_context, 0, 6); }));
    EXPECT_EQ(pool.calls, 1);
}

TEST_F(HooksTest, ErrorsInTasksAreReported) {
    const polyphase_thread_pool serial = {[](void*, int count, void (*task)(void*, int), void* argument) {
                                              for (int i = 0; i < count; ++i) task(argument, i);
                                          },
                                          nullptr};
    for (int mode : {0, 1, 2}) {
        polyphase::set_num_threads(mode == 0 ? 1 : 2);
        if (mode == 2) polyphase::set_thread_pool(serial);
        Loop loop;
        loop.fail_at = 4;
        const Status status = run([&](const Call& call) { return loop.run(call.user_context, 0, 9); });
        EXPECT_EQ(status.code(), POLYPHASE_KERNEL_FAILED) << mode;
        EXPECT_THAT(status.message(), HasSubstr("code -7"));
    }
}

TEST_F(HooksTest, LoopsNest) {
    polyphase::set_num_threads(3);
    static std::atomic<int> inner_tasks;
    inner_tasks = 0;
    EXPECT_TRUE(run([](const Call& call) {
        const auto inner = [](void*, int, uint8_t*) {
            ++inner_tasks;
            return 0;
        };
        const auto outer = [](void* user_context, int, uint8_t* inner_task) {
            return halide_do_par_for(user_context, *reinterpret_cast<halide_task_t*>(inner_task), 0, 20, nullptr);
        };
        halide_task_t task = inner;
        return halide_do_par_for(call.user_context, outer, 0, 20, reinterpret_cast<uint8_t*>(&task));
    }));
    EXPECT_EQ(inner_tasks, 400);
}

TEST_F(HooksTest, ErrorsFromOtherThreadsReachTheStatus) {
    polyphase::set_num_threads(4);
    const Status status = run([](const Call& call) {
        const auto task = [](void* user_context, int, uint8_t*) {
            halide_error(user_context, "from a task");
            return 0;
        };
        return halide_do_par_for(call.user_context, task, 0, 64, nullptr);
    });
    EXPECT_EQ(status.code(), POLYPHASE_KERNEL_FAILED);
    EXPECT_THAT(status.message(), HasSubstr("from a task"));
}

TEST_F(HooksTest, NothingIsPrinted) {
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    EXPECT_FALSE(run([](const Call& call) {
        halide_print(call.user_context, "printed\n");
        halide_error(call.user_context, "wrong\n");
        return -1;
    }));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

/// What pipelines of the application see: as if the runtime were not there.
class ForeignPipelineTest : public HooksTest {
  protected:
    // Any value may be a user context, also one that cannot be read.
    void* const contexts[3] = {nullptr, reinterpret_cast<void*>(1), this};
};

TEST_F(ForeignPipelineTest, AllocatesByDefaultAndByItsOwnHandlers) {
    CountingAllocator allocator;
    for (void* context : contexts) {
        void* memory = halide_malloc(context, 1000);
        ASSERT_NE(memory, nullptr);
        std::memset(memory, 1, 1000);
        halide_free(context, memory);
    }
    EXPECT_EQ(allocator.allocations, 0);

    static int mallocs, frees;
    static float block[4];
    mallocs = frees = 0;
    const halide_malloc_t old_malloc = halide_set_custom_malloc([](void*, size_t) -> void* {
        ++mallocs;
        return block;
    });
    const halide_free_t old_free = halide_set_custom_free([](void*, void*) { ++frees; });
    for (void* context : contexts) {
        EXPECT_EQ(halide_malloc(context, 16), block);
        halide_free(context, block);
    }
    EXPECT_TRUE(run([&](const Call& call) {
        void* ours = halide_malloc(call.user_context, 16);
        EXPECT_NE(ours, block);
        EXPECT_EQ(halide_malloc(contexts[1], 16), block) << "a foreign pipeline inside of ours";
        halide_free(contexts[1], block);
        halide_free(call.user_context, ours);
        return 0;
    }));
    EXPECT_EQ(mallocs, 4);
    EXPECT_EQ(frees, 4);
    halide_set_custom_malloc(old_malloc);
    halide_set_custom_free(old_free);
}

TEST_F(ForeignPipelineTest, KeepsItsErrorHandlerPrinterAndLoops) {
    static std::vector<std::string> texts;
    texts.clear();
    const halide_error_handler_t old_error =
        halide_set_error_handler([](void*, const char* text) { texts.push_back(text); });
    const halide_print_t old_print = halide_set_custom_print([](void*, const char* text) { texts.push_back(text); });
    halide_error(contexts[1], "error");
    halide_print(contexts[1], "print");
    EXPECT_THAT(texts, testing::ElementsAre("error", "print"));
    halide_set_error_handler(old_error);
    halide_set_custom_print(old_print);

    polyphase::set_num_threads(2);
    for (void* context : contexts) {
        Loop loop;
        EXPECT_EQ(loop.run(context, 0, 100), 0);
        EXPECT_TRUE(loop.complete(0, 100));
    }
    static int loops;
    loops = 0;
    const halide_do_par_for_t old_loop = halide_set_custom_do_par_for([](void*, halide_task_t, int, int, uint8_t*) {
        ++loops;
        return -9;
    });
    Loop loop, own;
    EXPECT_EQ(loop.run(contexts[1], 0, 4), -9);
    EXPECT_TRUE(run([&](const Call& call) { return own.run(call.user_context, 0, 4); }));
    EXPECT_TRUE(own.complete(0, 4));
    EXPECT_EQ(loops, 1);
    halide_set_custom_do_par_for(old_loop);
}

}  // namespace
