/* skip1: conv_transpose f32 1x2x6 -> 1x2x6 (NCW), kernel 1, no bias, residual, prelu.
 * Written by hand as the compile driver writes it, for (c) an operator with a residual and PReLU slopes. */
#pragma once

#include <polyphase/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

const char* skip1_info(void);
const char* skip1_instruction_set(void);
size_t skip1_packed_size(void);
size_t skip1_workspace_size(void);
/* An error, always: this kernel needs slopes. */
int skip1_pack(const void* weights, const void* bias, void* packed);
/* `bias` is null for a kernel without one. */
int skip1_pack_prelu(const void* weights, const void* bias, const void* slopes, void* packed);
/* An error, always: this kernel needs a residual. */
int skip1_run(const void* input, const void* packed, void* output, void* workspace);
int skip1_run_residual(const void* input, const void* packed, const void* residual, void* output, void* workspace);
int skip1_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual,
                   const polyphase_view* output, void* workspace);
const char* skip1_last_error(void);

#ifdef __cplusplus
}

#include <polyphase/polyphase.h>

namespace skip1 {

inline constexpr polyphase::Extents<3> input_shape = {1, 2, 6};   // N, C, W
inline constexpr polyphase::Extents<3> output_shape = {1, 2, 6};  // N, C, W
inline constexpr auto input_strides = polyphase::dense_strides(input_shape);
inline constexpr auto output_strides = polyphase::dense_strides(output_shape);
inline constexpr std::int64_t input_elements = 12, output_elements = 12;
inline constexpr int input_channel_dimension = 1, output_channel_dimension = 1;
inline constexpr std::int64_t weight_elements = 4;  // Cin, Cout, Kw
inline constexpr std::int64_t slope_elements = 2;
inline constexpr std::int64_t flops = 48;

inline constexpr polyphase::generated::Kernel<3> kernel = {
    "skip1",
    input_shape,
    output_shape,
    weight_elements,
    2,
    {skip1_last_error, skip1_packed_size, skip1_workspace_size, skip1_pack, skip1_pack_prelu, skip1_run_view},
};

using Input = polyphase::TensorView<const float, 3>;
using Output = polyphase::TensorView<float, 3>;
using Values = polyphase::generated::Values;
using Weights = polyphase::generated::Weights<struct Tag>;

/// Brings weights [Cin, Cout, Kw] and slopes [Cout] into this kernel's layout; see Weights::status() for errors.
inline Weights pack(Values weights, Values slopes, int concurrent_runs = 1) noexcept {
    return Weights::pack(kernel, weights, nullptr, &slopes, concurrent_runs);
}

inline polyphase::Status run(Input input, const Weights& weights, Input residual, Output output) noexcept {
    return polyphase::generated::run(kernel, input, weights, &residual, output);
}

inline polyphase::Status run(Input input, const Weights& weights, Input residual, Output output,
                             const polyphase::Workspace& workspace) noexcept {
    return polyphase::generated::run(kernel, input, &weights, &residual, output, workspace);
}

inline std::size_t workspace_size() noexcept {
    return skip1_workspace_size();
}
inline const char* info() noexcept {
    return skip1_info();
}
inline const char* instruction_set() noexcept {
    return skip1_instruction_set();
}

}  // namespace skip1
#endif
