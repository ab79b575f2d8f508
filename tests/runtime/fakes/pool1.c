/* Written by hand as the compile driver writes it; the functions that Halide would have compiled are in code.cpp. */
#include "pool1.h"

int pool1_baseline_run(void** args);

static const polyphase_variant variants[] = {
    {
        .instruction_set = "baseline",
        .features = {0, 0},
        .run = pool1_baseline_run,
        .workspace_size = 0,
        .info = "{\"name\":\"pool1\",\"instruction_set\":\"baseline\"}",
    },
};

/* Not static here only because the tests look at it. */
const polyphase_kernel pool1_kernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "pool1",
    .hash = 4,
    .input = {.rank = 4, .channels_last = 1, .shape = {1, 4, 6, 2}},
    .output = {.rank = 4, .channels_last = 1, .shape = {1, 2, 3, 2}},
    .output_dims = 5,
    .output_dim = {{0, 1, 2}, {1, 1, 3}, {2, 1, 2}, {3, 1, 1}, {4, 1, 1}},
    .indices = POLYPHASE_WRITES_INDICES,
    .variant_count = 1,
    .variants = variants,
};
static polyphase_state state;

const char* pool1_info(void) {
    return polyphase_kernel_info(&pool1_kernel, &state);
}
const char* pool1_instruction_set(void) {
    return polyphase_kernel_instruction_set(&pool1_kernel, &state);
}
size_t pool1_packed_size(void) {
    return polyphase_kernel_packed_size(&pool1_kernel, &state);
}
size_t pool1_workspace_size(void) {
    return polyphase_kernel_workspace_size(&pool1_kernel, &state);
}
int pool1_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&pool1_kernel, &state, weights, bias, NULL, packed);
}
int pool1_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&pool1_kernel, &state, input, packed, NULL, output, workspace);
}
int pool1_run_with_indices(const void* input, void* output, int64_t* indices, void* workspace) {
    return polyphase_kernel_run_with_indices_dense(&pool1_kernel, &state, input, output, indices, workspace);
}
int pool1_run_with_indices_view(const polyphase_view* input, const polyphase_view* output, int64_t* indices,
                                void* workspace) {
    return polyphase_kernel_run_with_indices(&pool1_kernel, &state, input, output, indices, workspace);
}
int pool1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                   const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run(&pool1_kernel, &state, input, packed, residual, output, workspace);
}
const char* pool1_last_error(void) {
    return polyphase_kernel_last_error();
}
