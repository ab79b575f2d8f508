/* Written by hand as the compile driver writes it; the functions that Halide would have compiled are in code.cpp. */
#include "unpool1.h"

int unpool1_baseline_run(void** args);
int unpool1_baseline_check(void** args);
int unpool1_baseline_scatter(void** args);

static const polyphase_variant variants[] = {
    {
        .instruction_set = "baseline",
        .features = {0, 0},
        .run = unpool1_baseline_run,
        .check = unpool1_baseline_check,
        .scatter = unpool1_baseline_scatter,
        .workspace_size = 64 + 256 + 63,
        .info = "{\"name\":\"unpool1\",\"instruction_set\":\"baseline\"}",
    },
};

/* Not static here only because the tests look at it. */
const polyphase_kernel unpool1_kernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "unpool1",
    .hash = 4,
    .input = {.rank = 4, .channels_last = 0, .shape = {2, 2, 2, 3}},
    .output = {.rank = 4, .channels_last = 0, .shape = {2, 2, 4, 6}},
    .output_dims = 5,
    .output_dim = {{0, 1, 2}, {1, 1, 6}, {2, 1, 4}, {3, 1, 1}, {4, 1, 2}},
    .indices = POLYPHASE_READS_INDICES,
    .index_count = 24,
    .variant_count = 1,
    .variants = variants,
};
static polyphase_state state;

const char* unpool1_info(void) {
    return polyphase_kernel_info(&unpool1_kernel, &state);
}
const char* unpool1_instruction_set(void) {
    return polyphase_kernel_instruction_set(&unpool1_kernel, &state);
}
size_t unpool1_packed_size(void) {
    return polyphase_kernel_packed_size(&unpool1_kernel, &state);
}
size_t unpool1_workspace_size(void) {
    return polyphase_kernel_workspace_size(&unpool1_kernel, &state);
}
int unpool1_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&unpool1_kernel, &state, weights, bias, NULL, packed);
}
int unpool1_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&unpool1_kernel, &state, input, packed, NULL, output, workspace);
}
int unpool1_run_indexed(const void* input, const int64_t* indices, void* output, void* workspace) {
    return polyphase_kernel_run_indexed_dense(&unpool1_kernel, &state, input, indices, output, workspace);
}
int unpool1_run_indexed_view(const polyphase_view* input, const int64_t* indices, const polyphase_view* output,
                             void* workspace) {
    return polyphase_kernel_run_indexed(&unpool1_kernel, &state, input, indices, output, workspace);
}
int unpool1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                     const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run(&unpool1_kernel, &state, input, packed, residual, output, workspace);
}
const char* unpool1_last_error(void) {
    return polyphase_kernel_last_error();
}
