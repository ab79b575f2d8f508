/* What a generated library tells the runtime about itself, and what it calls. Generated code and the runtime that it
 * links must come from the same release of Polyphase; applications use the generated NAME.h instead. C99. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Increased whenever anything in this header changes meaning. */
#define POLYPHASE_KERNEL_ABI 4

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

/* What a kernel does with int64 indices, a tensor beside its input or output. */
typedef enum polyphase_indices {
    POLYPHASE_NO_INDICES = 0,
    POLYPHASE_WRITES_INDICES = 1, /* max pooling: a second output, dense, of the output's shape and layout */
    POLYPHASE_READS_INDICES = 2   /* max unpooling: a second input, dense, of the input's shape and layout */
} polyphase_indices;

/* One instruction set's code: Halide's argv functions, which take an array of pointers to arguments:
 *   pack                user context, weights, packed weights
 *   run                 user context, input, [packed weights, packed bias, [slopes]], [residual], output
 *   run, with indices   written: user context, input, output, indices; read: user context, input, positions, output
 *   check               user context, indices, positions, verdict (int32, 1-D, one element: a polyphase_verdict)
 *   scatter             user context, input, indices, output
 * Every argument but the user context is a halide_buffer_t* with min 0 in every dimension, of f32 where nothing else is
 * said. Positions (uint8, one per index) are what `check` tells `run`. The user context argument points to the void*
 * itself. Tensors have the dimensions c, x, y, z, n (the output and the residual: output_dim); those that the problem
 * lacks have extent 1 and stride 0. Code is compiled with Halide's features user_context, no_runtime, no_bounds_query
 * and no_asserts; data is aligned to its element only. */
typedef struct polyphase_variant {
    const char* instruction_set; /* "avx512_skylake", "avx2-f16c-fma", "baseline" */
    uint64_t features[2];        /* for halide_can_use_target_features */
    int (*run)(void** args);
    int (*pack)(void** args);    /* null without weights */
    int (*check)(void** args);   /* null unless the kernel reads indices: see polyphase_verdict */
    int (*scatter)(void** args); /* likewise */
    int32_t parallel;            /* whether run has parallel loops: then pack starts the threads */
    int32_t weight_dims;         /* the packed weights: dense, innermost dimension first */
    int32_t weight_extent[POLYPHASE_MAX_DIMS];
    size_t packed_size;    /* bytes: header, bias, slopes, packed weights */
    size_t workspace_size; /* bytes, slack for alignment included */
    const char* info;      /* the report, JSON, naming this instruction set as the chosen one */
} polyphase_variant;

/* What `check` found out about the indices of a max unpooling, and so which function computes it. */
typedef enum polyphase_verdict {
    POLYPHASE_INDICES_IN_WINDOWS = 0, /* each names an element of its own pooling window: `run` */
    POLYPHASE_INDICES_ANYWHERE = 1,   /* all name elements: `scatter` */
    POLYPHASE_INDICES_OUTSIDE = 2     /* some name none: an error */
} polyphase_verdict;

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
    int32_t indices;       /* a polyphase_indices */
    int64_t index_count;   /* where they are read: they go from 0 to index_count - 1 */
    int32_t variant_count; /* of this machine's processor, best first; 0: CUDA only */
    const polyphase_variant* variants;
    const polyphase_variant* cuda; /* null: none; see below */
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

/* A kernel that reads indices keeps their positions, so many bytes, at the start of its workspace. */
#define POLYPHASE_POSITIONS(indices) (((size_t)(indices) + 63) / 64 * 64)

/* CUDA. A variant's functions are host code that launches kernels; they take the arguments above with `device` set and
 * `host` null, and `run` of a kernel that reads indices takes the indices themselves. The calls that Halide makes to
 * its GPU runtime go to functions of ours, which are named after Halide's: polyphase_cuda_run for halide_cuda_run.
 * Tensors are dense; all addresses are multiples of POLYPHASE_CUDA_ALIGNMENT. workspace_size is the sum of what `run`
 * takes from halide_device_malloc, each time rounded up to POLYPHASE_CUDA_ALLOCATION; `pack` takes nothing. `features`,
 * `parallel`, `check` and `scatter` are unused. */
#define POLYPHASE_CUDA_ALIGNMENT 16
#define POLYPHASE_CUDA_ALLOCATION 256

/* These return 0 or a polyphase_error (status.h) with a message in polyphase_last_error. Every argument is checked
 * before the output or `packed` is touched. A null view, bias, slopes or packed means "no such tensor". */
int polyphase_kernel_pack(const polyphase_kernel* kernel, polyphase_state* state, const void* weights, const void* bias,
                          const void* slopes, void* packed);
int polyphase_kernel_run(const polyphase_kernel* kernel, polyphase_state* state, const polyphase_view* input,
                         const void* packed, const polyphase_view* residual, const polyphase_view* output,
                         void* workspace);
/* The same for kernels that read indices, and for those that write them; the other functions refuse such kernels. An
 * index that names no element is POLYPHASE_INDEX_OUTSIDE. */
int polyphase_kernel_run_indexed(const polyphase_kernel* kernel, polyphase_state* state, const polyphase_view* input,
                                 const int64_t* indices, const polyphase_view* output, void* workspace);
int polyphase_kernel_run_with_indices(const polyphase_kernel* kernel, polyphase_state* state,
                                      const polyphase_view* input, const polyphase_view* output, int64_t* indices,
                                      void* workspace);
/* The same with dense tensors. */
int polyphase_kernel_run_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                               const void* packed, const void* residual, void* output, void* workspace);
int polyphase_kernel_run_indexed_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                                       const int64_t* indices, void* output, void* workspace);
int polyphase_kernel_run_with_indices_dense(const polyphase_kernel* kernel, polyphase_state* state, const void* input,
                                            void* output, int64_t* indices, void* workspace);

/* The variant that runs on this machine; null (and a message in polyphase_last_error) if none does. */
const polyphase_variant* polyphase_kernel_variant(const polyphase_kernel* kernel, polyphase_state* state);
/* Its fields, for the functions that generated code exports. Where no variant runs: "{}", "" and 0. */
const char* polyphase_kernel_info(const polyphase_kernel* kernel, polyphase_state* state);
const char* polyphase_kernel_instruction_set(const polyphase_kernel* kernel, polyphase_state* state);
size_t polyphase_kernel_packed_size(const polyphase_kernel* kernel, polyphase_state* state);
size_t polyphase_kernel_workspace_size(const polyphase_kernel* kernel, polyphase_state* state);

/* The same on the GPU of the calling thread's current context: device pointers, and work is queued on `stream` (a
 * CUstream or cudaStream_t; null: the default stream). They do not wait, copy to or from the host or allocate device
 * memory; what the GPU meets later is the application's to see where it waits. `load` brings the code into the context,
 * which takes memory and time and may not happen while a stream is captured: `pack` does it too, and a run that finds
 * it undone. Only kernels with a CUDA variant may call these. */
int polyphase_kernel_load_cuda(const polyphase_kernel* kernel);
int polyphase_kernel_pack_cuda(const polyphase_kernel* kernel, const void* weights, const void* bias,
                               const void* slopes, void* packed, void* stream);
int polyphase_kernel_run_cuda(const polyphase_kernel* kernel, const void* input, const void* packed,
                              const void* residual, void* output, void* workspace, void* stream);
/* An index that names no element is not an error here: its value goes nowhere. */
int polyphase_kernel_run_indexed_cuda(const polyphase_kernel* kernel, const void* input, const int64_t* indices,
                                      void* output, void* workspace, void* stream);
int polyphase_kernel_run_with_indices_cuda(const polyphase_kernel* kernel, const void* input, void* output,
                                           int64_t* indices, void* workspace, void* stream);
size_t polyphase_kernel_packed_size_cuda(const polyphase_kernel* kernel);
size_t polyphase_kernel_workspace_size_cuda(const polyphase_kernel* kernel);

/* The message of the last error on the calling thread; "" if there was none. A success does not clear it. A generated
 * function calls the second: a shared library keeps that name to itself, so it gets the message of its own runtime. */
const char* polyphase_last_error(void);
const char* polyphase_kernel_last_error(void);

#ifdef __cplusplus
}
#endif
