/* What a generated library tells the runtime about itself, and what it calls. Generated code and the runtime that it
 * links must come from the same release of Polyphase; applications use the generated NAME.h instead. C99. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Increased whenever anything in this header changes meaning. */
#define POLYPHASE_KERNEL_ABI 1

/* Dimensions of a Halide tensor: c, x, y, z, n, whatever the order in memory. */
#define POLYPHASE_TENSOR_DIMS 5
/* Most dimensions of a Halide buffer: packed weights, or an output with its phases as dimensions. */
#define POLYPHASE_MAX_DIMS 12

/* A tensor as the kernel's problem describes it. */
typedef struct polyphase_tensor_spec {
    int32_t rank;                         /* 3, 4 or 5 */
    int32_t channels_last;                /* 0: [N, C, spatial...]; 1: [N, spatial..., C] */
    int64_t shape[POLYPHASE_TENSOR_DIMS]; /* in memory order, outermost first; `rank` entries */
} polyphase_tensor_spec;

/* One dimension of a Halide buffer over a tensor: `extent` elements, `step` elements of tensor dimension `dim` apart
 * (dim counts c, x, y, z, n = 0..4, whatever the order in memory). A kernel sees its output with phases as dimensions
 * of their own, for example x as (rx: step 1, extent stride) and (qx: step stride, extent quotients). Steps and extents
 * of one tensor dimension may reach past its end; the kernel writes nothing there. */
typedef struct polyphase_dim {
    int32_t dim, step, extent;
} polyphase_dim;

/* A tensor in memory: element strides in memory order, outermost first; the innermost stride is 1. */
typedef struct polyphase_view {
    void* data;
    int64_t stride[POLYPHASE_TENSOR_DIMS];
} polyphase_view;

/* One instruction set's code. `run` and `pack` are Halide's argv functions: an array of pointers to arguments in the
 * order run:  user context, input, [packed weights, packed bias, [slopes]], [residual], output pack: user context,
 * weights, packed weights where every argument but the user context is a halide_buffer_t* of f32 with min 0 in every
 * dimension. The user context argument points to the void* itself. Tensors have the dimensions c, x, y, z, n (the
 * output and the residual: output_dim); those that the problem lacks have extent 1 and stride 0. Code is compiled with
 * Halide's features user_context, no_runtime, no_bounds_query and no_asserts; data is aligned to its element only. */
typedef struct polyphase_variant {
    const char* instruction_set; /* "avx512_skylake", "avx2-f16c-fma", "baseline" */
    uint64_t features[2];        /* for halide_can_use_target_features */
    int (*run)(void** args);
    int (*pack)(void** args); /* null without weights */
    int32_t weight_dims;      /* the packed weights: dense, innermost dimension first */
    int32_t weight_extent[POLYPHASE_MAX_DIMS];
    size_t packed_size;    /* bytes: header, bias, slopes, packed weights */
    size_t workspace_size; /* bytes, slack for alignment included */
    const char* info;      /* the report, JSON, naming this instruction set as the chosen one */
} polyphase_variant;

typedef struct polyphase_kernel {
    int32_t abi; /* POLYPHASE_KERNEL_ABI */
    const char* name;
    uint64_t hash; /* of problem and schedules: packed weights carry it */
    polyphase_tensor_spec input, output;
    int32_t output_dims; /* of the Halide buffers of output and residual, innermost first; 0: c, x, y, z, n, as inputs
                            always are */
    polyphase_dim output_dim[POLYPHASE_MAX_DIMS];
    int32_t has_weights, has_bias, has_slopes, has_residual;
    int32_t out_channels; /* of bias and slopes */
    int32_t bias_extent; /* elements of the packed bias (and slopes): out_channels rounded up by the widest block of any
                            variant */
    int32_t source_dims; /* the weights as the application hands them over: dense, innermost dimension first */
    int32_t source_extent[5];
    int32_t variant_count; /* at least 1; best first */
    const polyphase_variant* variants;
} polyphase_kernel;

/* Which variant runs: decided at the first call of any function of this kernel, then fixed. Stored in `*state` (0
 * before). */
typedef struct polyphase_state {
    int32_t chosen; /* 0: undecided; otherwise variant index + 1. Accessed atomically. */
} polyphase_state;

/* Where things lie in the packed weights, in bytes from their start. The header names kernel and instruction set; bias
 * and slopes are padded with zeros to bias_extent (a kernel without a bias has a bias of zeros); the weights follow at
 * the next multiple of 64. */
#define POLYPHASE_PACKED_BIAS 64
#define POLYPHASE_PACKED_WEIGHTS(bias_extent, has_slopes) \
    ((size_t)(64 + 4 * (size_t)(bias_extent) * ((has_slopes) ? 2 : 1) + 63) / 64 * 64)

/* A workspace may have any alignment: polyphase_kernel_run starts at its first multiple of 64, so 63 bytes of
 * workspace_size are slack. Each allocation of a kernel (halide_malloc) takes its bytes rounded up to 64; a freed one
 * is used again as soon as everything that was allocated after it is free too. At most POLYPHASE_ALLOCATIONS live at
 * once. Inside a parallel loop kernels must not allocate. `pack` may: it takes memory from the application's allocator.
 */
#define POLYPHASE_ALLOCATIONS 32

/* These return 0 or a polyphase_error (status.h) with a message in polyphase_last_error. Every argument is checked
 * before the output or `packed` is touched. A null view, bias, slopes or packed means "no such tensor". */
int polyphase_kernel_pack(const polyphase_kernel* kernel, polyphase_state* state, const void* weights, const void* bias,
                          const void* slopes, void* packed);
int polyphase_kernel_run(const polyphase_kernel* kernel, polyphase_state* state, const polyphase_view* input,
                         const void* packed, const polyphase_view* residual, const polyphase_view* output,
                         void* workspace);
/* The same with dense tensors. */
int polyphase_kernel_run_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                               const void* packed, const void* residual, void* output, void* workspace);

/* The variant that runs on this machine; null (and a message in polyphase_last_error) if none does. */
const polyphase_variant* polyphase_kernel_variant(const polyphase_kernel* kernel, polyphase_state* state);
/* Its fields, for the functions that generated code exports. Where no variant runs: "{}", "" and 0. */
const char* polyphase_kernel_info(const polyphase_kernel* kernel, polyphase_state* state);
const char* polyphase_kernel_instruction_set(const polyphase_kernel* kernel, polyphase_state* state);
size_t polyphase_kernel_packed_size(const polyphase_kernel* kernel, polyphase_state* state);
size_t polyphase_kernel_workspace_size(const polyphase_kernel* kernel, polyphase_state* state);

/* The message of the last error on the calling thread; "" if there was none. A success does not clear it. */
const char* polyphase_last_error(void);

#ifdef __cplusplus
}
#endif
