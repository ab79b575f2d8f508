/* Written by hand as the compile driver writes it; the functions that Halide would have compiled are in code.cpp. */
#include "skip1.h"

int skip1_baseline_run(void** args);
int skip1_baseline_pack(void** args);

static const polyphase_variant variants[] = {
    {
        .instruction_set = "baseline",
        .features = {0, 0},
        .run = skip1_baseline_run,
        .pack = skip1_baseline_pack,
        .weight_dims = 2,
        .weight_extent = {8, 2},
        .packed_size = 64 + 64 + 4 * 16,
        .workspace_size = 0,
        .info = "{\"name\":\"skip1\",\"instruction_set\":\"baseline\"}",
    },
};

/* Not static here only because the tests look at it. */
const polyphase_kernel skip1_kernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "skip1",
    .hash = 3,
    .input = {.rank = 3, .channels_last = 0, .shape = {1, 2, 6}},
    .output = {.rank = 3, .channels_last = 0, .shape = {1, 2, 6}},
    .output_dims = 5,
    .output_dim = {{0, 1, 2}, {1, 1, 6}, {2, 1, 1}, {3, 1, 1}, {4, 1, 1}},
    .has_weights = 1,
    .has_slopes = 1,
    .has_residual = 1,
    .out_channels = 2,
    .bias_extent = 8,
    .source_dims = 3,
    .source_extent = {1, 2, 2},
    .variant_count = 1,
    .variants = variants,
};
static polyphase_state state;

const char* skip1_info(void) {
    return polyphase_kernel_info(&skip1_kernel, &state);
}
const char* skip1_instruction_set(void) {
    return polyphase_kernel_instruction_set(&skip1_kernel, &state);
}
size_t skip1_packed_size(void) {
    return polyphase_kernel_packed_size(&skip1_kernel, &state);
}
size_t skip1_workspace_size(void) {
    return polyphase_kernel_workspace_size(&skip1_kernel, &state);
}
int skip1_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&skip1_kernel, &state, weights, bias, NULL, packed);
}
int skip1_pack_prelu(const void* weights, const void* bias, const void* slopes, void* packed) {
    return polyphase_kernel_pack(&skip1_kernel, &state, weights, bias, slopes, packed);
}
int skip1_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&skip1_kernel, &state, input, packed, NULL, output, workspace);
}
int skip1_run_residual(const void* input, const void* packed, const void* residual, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&skip1_kernel, &state, input, packed, residual, output, workspace);
}
int skip1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                   const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run(&skip1_kernel, &state, input, packed, residual, output, workspace);
}
const char* skip1_last_error(void) {
    return polyphase_kernel_last_error();
}
