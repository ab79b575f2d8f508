// The built-in thread pool: everything runs once and in parallel, whoever calls, whatever happened before.
#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "runtime/src/thread_pool.h"
#include "tests/runtime/fixture.h"

#if defined(__SANITIZE_THREAD__)
#define POLYPHASE_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define POLYPHASE_THREAD_SANITIZER
#endif
#endif

namespace {

constexpr std::chrono::seconds kPatience(20);  // until a test gives up

/// Calls body(i) for every i in [0, count), as kernels run their loops.
template <typename Body>
void parallel_for(int count, Body body) {
    polyphase_parallel_for(count, [](void* argument, int index) { (*static_cast<Body*>(argument))(index); }, &body);
}

/// A place where `size` threads wait for each other.
class Meeting {
  public:
    explicit Meeting(int size) : missing_(size) {}
    /// Whether all came before patience ran out.
    bool join() {
        std::unique_lock lock(mutex_);
        if (--missing_ <= 0) all_came_.notify_all();
        return all_came_.wait_for(lock, kPatience, [this] { return missing_ <= 0; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable all_came_;
    int missing_;
};

/// Whether a loop of `threads` tasks runs on as many threads at once.
bool runs_at_once(int threads) {
    Meeting meeting(threads);
    std::atomic<int> met{0};
    parallel_for(threads, [&](int) { met += meeting.join(); });
    return met == threads;
}

/// The states of the pool's threads ('S' sleeps), one letter each.
std::string worker_states() {
    std::string states;
    DIR* tasks = opendir("/proc/self/task");
    while (const dirent* task = readdir(tasks)) {
        std::ifstream stat(std::string("/proc/self/task/") + task->d_name + "/stat");
        std::string id, name;
        char state = 0;
        if (stat >> id >> name >> state && name == "(polyphase)") states += state;
    }
    closedir(tasks);
    return states;
}

/// Runs `body` in a child process and returns its exit code, or -1 if it crashed or hung.
template <typename Body>
int exit_code_of_child(Body body) {
    halide_shutdown_thread_pool();  // which at exit would wait for threads that the child does not have
    const pid_t child = fork();
    if (child == 0) {
        alarm(static_cast<unsigned>(kPatience.count()));
        body();
        _exit(99);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class ThreadPoolTest : public RuntimeTest {};

TEST_F(ThreadPoolTest, EveryTaskRunsOnce) {
    for (const int threads : {1, 2, 3, 7, 100, 2, 0}) {
        polyphase::set_num_threads(threads);
        for (const int count : {0, 1, 2, 3, 5, 64, 65, 1000}) {
            std::vector<std::atomic<int>> runs(static_cast<size_t>(count));
            parallel_for(count, [&](int i) { ++runs[static_cast<size_t>(i)]; });
            for (const std::atomic<int>& run : runs) ASSERT_EQ(run, 1) << threads << " threads, " << count << " tasks";
        }
    }
}

TEST_F(ThreadPoolTest, UsesAsManyThreadsAsAskedFor) {
    for (const int threads : {2, 7, 3, 1, 5, 2}) {
        polyphase::set_num_threads(threads);
        std::mutex mutex;
        std::set<std::thread::id> used;
        parallel_for(200, [&](int) {
            std::this_thread::sleep_for(std::chrono::microseconds(20));
            const std::lock_guard lock(mutex);
            used.insert(std::this_thread::get_id());
        });
        EXPECT_LE(used.size(), static_cast<size_t>(threads)) << "threads of an earlier loop are still awake";
        EXPECT_TRUE(runs_at_once(threads)) << threads;
    }
}

TEST_F(ThreadPoolTest, CountsAreLimited) {
    polyphase::set_num_threads(1'000'000);
    EXPECT_EQ(polyphase::num_threads(), polyphase::kMostThreads);
}

TEST_F(ThreadPoolTest, IdleThreadsSleepAndWake) {
    polyphase::set_num_threads(3);
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(runs_at_once(3));
        const auto begin = std::chrono::steady_clock::now();
        std::string states = worker_states();
        while (states.find_first_not_of('S') != std::string::npos &&
               std::chrono::steady_clock::now() - begin < kPatience) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            states = worker_states();
        }
        EXPECT_GE(states.size(), 2U);
        EXPECT_EQ(states.find_first_not_of('S'), std::string::npos) << states;
    }
}

/// One slow task does not keep the tasks behind it from the other threads.
TEST_F(ThreadPoolTest, ThreadsHelpEachOther) {
    polyphase::set_num_threads(2);
    for (const int slow : {0, 50, 99}) {
        std::atomic<int> others{0};
        bool patient = true;
        parallel_for(100, [&](int i) {
            if (i != slow) {
                ++others;
                return;
            }
            const auto begin = std::chrono::steady_clock::now();
            while (others < 99 && patient) {
                std::this_thread::yield();
                patient = std::chrono::steady_clock::now() - begin < kPatience;
            }
        });
        EXPECT_TRUE(patient) << slow;
    }
}

TEST_F(ThreadPoolTest, LoopsNest) {
    polyphase::set_num_threads(3);
    std::atomic<int> inner{0};
    parallel_for(20, [&](int) { parallel_for(20, [&](int) { parallel_for(3, [&](int) { ++inner; }); }); });
    EXPECT_EQ(inner, 1200);
}

TEST_F(ThreadPoolTest, ACallerDoesNotWaitForAnothersLoop) {
    polyphase::set_num_threads(3);
    Meeting busy(4), released(4);  // all of one loop's threads, and this one
    std::thread other([&] {
        parallel_for(3, [&](int) {
            busy.join();
            released.join();
        });
    });
    EXPECT_TRUE(busy.join());
    std::atomic<int> tasks{0};
    parallel_for(100, [&](int) { ++tasks; });
    EXPECT_EQ(tasks, 100);
    released.join();
    other.join();
}

/// More callers than the pool has places for, loops that nest, and a count that changes meanwhile.
TEST_F(ThreadPoolTest, ManyCallersAtOnce) {
    std::atomic<bool> done{false};
    std::thread changer([&] {
        for (unsigned i = 0; !done; ++i) polyphase::set_num_threads(static_cast<int>(i % 9));
    });
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    for (unsigned c = 0; c < 12; ++c) {
        callers.emplace_back([&, c] {
            std::mt19937 random(c);
            for (int loop = 0; loop < 300; ++loop) {
                const int count = static_cast<int>(random() % 40);
                std::vector<int> values(static_cast<size_t>(count), 0);  // plain ints: the pool orders the accesses
                parallel_for(count, [&](int i) {
                    values[static_cast<size_t>(i)] = i + 1;
                    if (i % 16 == 5) parallel_for(3, [&](int) {});
                });
                wrong += std::accumulate(values.begin(), values.end(), 0) != count * (count + 1) / 2;
            }
        });
    }
    for (std::thread& caller : callers) caller.join();
    done = true;
    changer.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadPoolTest, WorkersLeaveSignalsToTheApplication) {
    polyphase::set_num_threads(2);
    Meeting meeting(2);
    const std::thread::id caller = std::this_thread::get_id();
    std::atomic<bool> blocked{false};
    parallel_for(2, [&](int) {
        meeting.join();
        if (std::this_thread::get_id() == caller) return;
        sigset_t mask;
        pthread_sigmask(SIG_BLOCK, nullptr, &mask);
        blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGUSR1) == 1;
    });
    EXPECT_TRUE(blocked);
}

#ifdef POLYPHASE_THREAD_SANITIZER
constexpr const char* kNoFork = "the thread sanitizer does not support threads in a child process";
#endif

TEST_F(ThreadPoolTest, AChildProcessHasThreadsOfItsOwn) {
#ifdef POLYPHASE_THREAD_SANITIZER
    GTEST_SKIP() << kNoFork;
#endif
#ifdef POLYPHASE_EMULATED
    GTEST_SKIP() << "qemu aborts where the child of a process that had threads starts one";
#endif
    polyphase::set_num_threads(3);
    ASSERT_TRUE(runs_at_once(3));
    EXPECT_EQ(exit_code_of_child([] { std::exit(runs_at_once(3) ? 0 : 1); }), 0);
    EXPECT_TRUE(runs_at_once(3));
}

TEST_F(ThreadPoolTest, ExitsInTheMidstOfWork) {
#ifdef POLYPHASE_THREAD_SANITIZER
    GTEST_SKIP() << kNoFork;
#endif
    polyphase::set_num_threads(4);
    for (int round = 0; round < 20; ++round) {
        const int code = exit_code_of_child([round] {
            static std::atomic<int> loops{0};
            std::thread([] {
                for (;; ++loops) parallel_for(16, [](int) {});
            }).detach();
            while (loops <= round) std::this_thread::yield();
            std::atexit([] { parallel_for(16, [](int) {}); });
            std::exit(7);
        });
        ASSERT_EQ(code, 7) << round;
    }
}

TEST_F(ThreadPoolTest, TasksMayEndTheProgram) {
#ifdef POLYPHASE_THREAD_SANITIZER
    GTEST_SKIP() << kNoFork;
#endif
    polyphase::set_num_threads(3);
    const int code = exit_code_of_child([] {
        Meeting meeting(2);
        const std::thread::id caller = std::this_thread::get_id();
        parallel_for(2, [&](int) {
            meeting.join();
            if (std::this_thread::get_id() != caller) std::exit(7);
        });
        pause();
    });
    EXPECT_EQ(code, 7);
}

}  // namespace
