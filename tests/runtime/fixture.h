// What the runtime's tests share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <polyphase/polyphase.h>

#include <cstdlib>
#include <vector>

#include "tests/runtime/fakes/code.h"

/// Brings every process-wide setting back. The processor that the tests see lacks feature bit 0 and has feature bit 1.
class RuntimeTest : public testing::Test {
  protected:
    RuntimeTest() {
        halide_set_custom_can_use_target_features(
            [](int, const uint64_t* features) { return (features[0] & 1) == 0 && (features[1] & 1) == 0 ? 1 : 0; });
        reset();
    }
    ~RuntimeTest() override { reset(); }

    static void reset() {
        fake::code = [](const fake::Call&) { return 0; };
        polyphase::set_num_threads(0);
        polyphase::reset_thread_pool();
        polyphase::reset_allocator();
        polyphase_force_instruction_set(nullptr);
        unsetenv("POLYPHASE_INSTRUCTION_SET");
    }
};

/// Counts what the application's allocator is asked for.
class CountingAllocator {
  public:
    CountingAllocator() { polyphase::set_allocator({allocate, release, this}); }
    ~CountingAllocator() { polyphase::reset_allocator(); }

    std::atomic<int> allocations{0}, releases{0};
    std::atomic<size_t> bytes_live{0};
    std::atomic<bool> empty{false};

  private:
    static void* allocate(void* context, size_t bytes, size_t alignment) {
        auto* self = static_cast<CountingAllocator*>(context);
        if (self->empty) return nullptr;
        ++self->allocations;
        self->bytes_live += bytes;
        return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    }
    static void release(void* context, void* pointer, size_t bytes) {
        auto* self = static_cast<CountingAllocator*>(context);
        ++self->releases;
        self->bytes_live -= bytes;
        std::free(pointer);
    }
};
