/* up1: conv_transpose f32 2x3x4x5 -> 2x2x8x10 (NCHW), kernel 2x2, stride 2x2, bias, relu.
 * Written by hand as the compile driver writes it, for (a) an operator with weights and a bias. Generated headers look
 * like this. */
#pragma once

#include <polyphase/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The report as JSON; it names the instruction set that runs. */
const char* up1_info(void);
const char* up1_instruction_set(void);
size_t up1_packed_size(void);
size_t up1_workspace_size(void);
/* All return 0 or an error, whose message is up1_last_error(). */
int up1_pack(const void* weights, const void* bias, void* packed);
int up1_run(const void* input, const void* packed, void* output, void* workspace);
int up1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                 const polyphase_view* output, void* workspace);
const char* up1_last_error(void);

#ifdef __cplusplus
}

#include <polyphase/polyphase.h>

namespace up1 {

inline constexpr polyphase::Extents<4> input_shape = {2, 3, 4, 5};    // N, C, H, W
inline constexpr polyphase::Extents<4> output_shape = {2, 2, 8, 10};  // N, C, H, W
inline constexpr auto input_strides = polyphase::dense_strides(input_shape);
inline constexpr auto output_strides = polyphase::dense_strides(output_shape);
inline constexpr std::int64_t input_elements = 120, output_elements = 320;
inline constexpr int input_channel_dimension = 1, output_channel_dimension = 1;
inline constexpr std::int64_t weight_elements = 24;  // Cin, Cout, Kh, Kw
inline constexpr std::int64_t bias_elements = 2;
inline constexpr std::int64_t flops = 1920;

inline constexpr polyphase::generated::Kernel<4> kernel = {
    "up1",         input_shape,
    output_shape,  weight_elements,
    bias_elements, {up1_last_error, up1_packed_size, up1_workspace_size, up1_pack, nullptr, up1_run_view},
};

using Input = polyphase::TensorView<const float, 4>;
using Output = polyphase::TensorView<float, 4>;
using Values = polyphase::generated::Values;
using Weights = polyphase::generated::Weights<struct Tag>;

/// Brings weights [Cin, Cout, Kh, Kw] and bias [Cout] into this kernel's layout; see Weights::status() for errors.
inline Weights pack(Values weights, Values bias, int concurrent_runs = 1) noexcept {
    return Weights::pack(kernel, weights, &bias, nullptr, concurrent_runs);
}

inline polyphase::Status run(Input input, const Weights& weights, Output output) noexcept {
    return polyphase::generated::run(kernel, input, weights, nullptr, output);
}

inline polyphase::Status run(Input input, const Weights& weights, Output output,
                             const polyphase::Workspace& workspace) noexcept {
    return polyphase::generated::run(kernel, input, &weights, nullptr, output, workspace);
}

inline std::size_t workspace_size() noexcept {
    return up1_workspace_size();
}
inline const char* info() noexcept {
    return up1_info();
}
inline const char* instruction_set() noexcept {
    return up1_instruction_set();
}

}  // namespace up1
#endif
