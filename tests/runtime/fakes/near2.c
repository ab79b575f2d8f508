/* Written by hand as the compile driver writes it; the functions that Halide would have compiled are in code.cpp. */
#include "near2.h"

int near2_baseline_run(void** args);

static const polyphase_variant variants[] = {
    {
        .instruction_set = "baseline",
        .features = {0, 0},
        .run = near2_baseline_run,
        .info = "{\"name\":\"near2\",\"instruction_set\":\"baseline\"}",
    },
};

/* Not static here only because the tests look at it. */
const polyphase_kernel near2_kernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "near2",
    .hash = 2,
    .input = {.rank = 4, .channels_last = 1, .shape = {1, 5, 4, 3}},
    .output = {.rank = 4, .channels_last = 1, .shape = {1, 10, 8, 3}},
    .output_dims = 5,
    .output_dim = {{0, 1, 3}, {1, 1, 8}, {2, 1, 10}, {3, 1, 1}, {4, 1, 1}},
    .variant_count = 1,
    .variants = variants,
};
static polyphase_state state;

const char* near2_info(void) {
    return polyphase_kernel_info(&near2_kernel, &state);
}
const char* near2_instruction_set(void) {
    return polyphase_kernel_instruction_set(&near2_kernel, &state);
}
size_t near2_packed_size(void) {
    return polyphase_kernel_packed_size(&near2_kernel, &state);
}
size_t near2_workspace_size(void) {
    return polyphase_kernel_workspace_size(&near2_kernel, &state);
}
int near2_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&near2_kernel, &state, weights, bias, NULL, packed);
}
int near2_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&near2_kernel, &state, input, packed, NULL, output, workspace);
}
int near2_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                   const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run(&near2_kernel, &state, input, packed, residual, output, workspace);
}
const char* near2_last_error(void) {
    return polyphase_kernel_last_error();
}
