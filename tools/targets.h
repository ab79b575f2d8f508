// Which targets kernels can be compiled for, and what their instruction sets are called.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace polyphase {

/// A system's family, best first: what a problem without targets is compiled for. "" is the build machine's system.
std::vector<std::string> default_targets(const std::string& system = "");

/// "x86-64-linux" of "x86-64-linux-avx2-f16c-fma".
std::string system_of(const std::string& target);

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
