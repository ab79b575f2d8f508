/* Written by hand as the compile driver writes it; the functions that Halide would have compiled are in code.cpp. */
#include "up1.h"

int up1_better_run(void** args);
int up1_better_pack(void** args);
int up1_baseline_run(void** args);
int up1_baseline_pack(void** args);

static const polyphase_variant variants[] = {
    {
        .instruction_set = "better",
        .features = {2, 0},
        .run = up1_better_run,
        .pack = up1_better_pack,
        .weight_dims = 3,
        .weight_extent = {4, 3, 4},
        .packed_size = 64 + 64 + 4 * 48,
        .workspace_size = 1024 + 63,
        .info = "{\"name\":\"up1\",\"instruction_set\":\"better\"}",
    },
    {
        .instruction_set = "baseline",
        .features = {0, 0},
        .run = up1_baseline_run,
        .pack = up1_baseline_pack,
        .weight_dims = 3,
        .weight_extent = {4, 3, 4},
        .packed_size = 64 + 64 + 4 * 48,
        .workspace_size = 1024 + 63,
        .info = "{\"name\":\"up1\",\"instruction_set\":\"baseline\"}",
    },
};

/* Not static here only because the tests look at it. */
const polyphase_kernel up1_kernel = {
    .abi = POLYPHASE_KERNEL_ABI,
    .name = "up1",
    .hash = 0x0123456789abcdefu,
    .input = {.rank = 4, .channels_last = 0, .shape = {2, 3, 4, 5}},
    .output = {.rank = 4, .channels_last = 0, .shape = {2, 2, 8, 10}},
    .output_dims = 9,
    .output_dim = {{0, 1, 2}, {0, 2, 1}, {1, 1, 2}, {1, 2, 5}, {2, 1, 2}, {2, 2, 4}, {3, 1, 1}, {3, 1, 1}, {4, 1, 2}},
    .has_weights = 1,
    .has_bias = 1,
    .out_channels = 2,
    .bias_extent = 4,
    .source_dims = 4,
    .source_extent = {2, 2, 2, 3},
    .variant_count = 2,
    .variants = variants,
};
static polyphase_state state;

const char* up1_info(void) {
    return polyphase_kernel_info(&up1_kernel, &state);
}
const char* up1_instruction_set(void) {
    return polyphase_kernel_instruction_set(&up1_kernel, &state);
}
size_t up1_packed_size(void) {
    return polyphase_kernel_packed_size(&up1_kernel, &state);
}
size_t up1_workspace_size(void) {
    return polyphase_kernel_workspace_size(&up1_kernel, &state);
}
int up1_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&up1_kernel, &state, weights, bias, NULL, packed);
}
int up1_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&up1_kernel, &state, input, packed, NULL, output, workspace);
}
int up1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                 const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run(&up1_kernel, &state, input, packed, residual, output, workspace);
}
const char* up1_last_error(void) {
    return polyphase_kernel_last_error();
}
