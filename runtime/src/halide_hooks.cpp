// The Halide runtime calls that generated code makes, answered from its Context. Halide's own definitions are weak, so
// these replace them for the whole application; calls from pipelines that are not ours go where they would have gone
// without us, custom handlers that the application sets through Halide's API included (except a do_par_for set through
// halide_set_custom_parallel_runtime).
#include <polyphase/threads.h>

#include <HalideRuntime.h>

#include <atomic>

#include "runtime/src/context.h"

namespace polyphase {
namespace {

/// Whose generated code the calling thread is in.
struct ThreadState {
    Context* context;  ///< null outside generated code
    bool in_parallel;  ///< inside a task of a parallel loop
};
thread_local ThreadState thread_state = {nullptr, false};

// What the application set through Halide's own API.
std::atomic<halide_malloc_t> foreign_malloc{halide_default_malloc};
std::atomic<halide_free_t> foreign_free{halide_default_free};
std::atomic<halide_error_handler_t> foreign_error{halide_default_error};
std::atomic<halide_print_t> foreign_print{halide_default_print};
std::atomic<halide_do_par_for_t> foreign_do_par_for{halide_default_do_par_for};

Context* own(void* user_context) {
    return user_context != nullptr && user_context == thread_state.context ? thread_state.context : nullptr;
}

/// One parallel loop.
struct Loop {
    Context* context;
    halide_task_t task;
    int min;
    uint8_t* closure;
    std::atomic<int> error;

    void run(int index) {
        if (error.load(std::memory_order_relaxed) != 0) return;
        const ContextScope scope(*context, true);
        const int code = task(context, min + index, closure);
        if (code != 0) error.store(code, std::memory_order_relaxed);
    }
};

void run_task(void* loop, int index) {
    static_cast<Loop*>(loop)->run(index);
}

}  // namespace

// Defined here, so that a linker that takes kernel.o from the archive takes this file and with it the definitions
// below.
ContextScope::ContextScope(Context& context, bool in_parallel)
    : outer_(thread_state.context), outer_in_parallel_(thread_state.in_parallel) {
    thread_state = {&context, in_parallel};
}

ContextScope::~ContextScope() {
    thread_state = {outer_, outer_in_parallel_};
}

}  // namespace polyphase

using namespace polyphase;

extern "C" {

void* halide_malloc(void* user_context, size_t bytes) {
    if (Context* context = own(user_context)) return context->allocate(bytes, thread_state.in_parallel);
    return foreign_malloc.load()(user_context, bytes);
}

void halide_free(void* user_context, void* pointer) {
    if (Context* context = own(user_context)) return context->release(pointer);
    foreign_free.load()(user_context, pointer);
}

void halide_error(void* user_context, const char* message) {
    if (Context* context = own(user_context)) return context->set_error(message);
    foreign_error.load()(user_context, message);
}

void halide_print(void* user_context, const char* message) {
    if (own(user_context) == nullptr) foreign_print.load()(user_context, message);
}

int halide_do_par_for(void* user_context, halide_task_t task, int min, int size, uint8_t* closure) {
    Context* context = own(user_context);
    if (context == nullptr) return foreign_do_par_for.load()(user_context, task, min, size, closure);
    Loop loop = {context, task, min, closure, {0}};
    polyphase_parallel_for(size, run_task, &loop);
    return loop.error.load(std::memory_order_relaxed);
}

halide_malloc_t halide_set_custom_malloc(halide_malloc_t replacement) {
    return foreign_malloc.exchange(replacement);
}
halide_free_t halide_set_custom_free(halide_free_t replacement) {
    return foreign_free.exchange(replacement);
}
halide_error_handler_t halide_set_error_handler(halide_error_handler_t replacement) {
    return foreign_error.exchange(replacement);
}
halide_print_t halide_set_custom_print(halide_print_t replacement) {
    return foreign_print.exchange(replacement);
}
halide_do_par_for_t halide_set_custom_do_par_for(halide_do_par_for_t replacement) {
    return foreign_do_par_for.exchange(replacement);
}
}
