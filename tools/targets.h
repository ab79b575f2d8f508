// Which targets kernels can be compiled for, and what their instruction sets are called.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace polyphase {

/// The build machine's family, best first: what a problem without targets is compiled for.
std::vector<std::string> default_targets();

/// Whether a target's kernels run on a GPU: "x86-64-linux-cuda-cuda_capability_80". The rest of it names the CPU's
/// system.
bool is_cuda(const std::string& target);

/// Why `target` cannot be compiled for, as "expected ..., found ..."; nothing if it can.
std::optional<std::string> check_target(const std::string& target);

/// Why these valid targets cannot share one library, likewise.
std::optional<std::string> check_targets(const std::vector<std::string>& targets);

/// The target without architecture, bits and system: "avx512_skylake", "avx2-f16c-fma", "baseline"; plain ARM is
/// "neon"; "cuda-cuda_capability_80".
std::string instruction_set_of(const std::string& target);

/// The target's features as halide_can_use_target_features takes them.
std::array<uint64_t, 2> feature_mask(const std::string& target);

}  // namespace polyphase
