// One problem, compiled by Halide for one target.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "problem/problem.h"
#include "schedules/schedule.h"

namespace polyphase {

/// The object files of one instruction set, and what the runtime must know about them.
///
/// Code for CUDA has the same argv functions, with the same arguments. Their buffers lie on the device: host is null,
/// device is set. Tensors are dense, and each begins on 16 bytes. Functions start kernels and return; the only memory
/// that they take is `workspace_size`, through halide_device_malloc, in pieces that are multiples of 256 bytes.
/// max_unpool has neither check nor scatter: `run` takes user context, input, indices, output, and ignores an index
/// that does not lie in its own window.
struct Code {
    std::string target, instruction_set;
    Schedule schedule;
    std::string run_symbol, pack_symbol;       ///< Halide's argv functions; pack_symbol is empty without weights
    std::string check_symbol, scatter_symbol;  ///< empty unless the kernel reads indices
    std::vector<std::string> objects;          ///< paths
    std::vector<std::string> device_code;      ///< paths of what the objects hold for a GPU, as PTX
    std::vector<int> packed_extents;           ///< innermost first
    int packed_channels = 0;                   ///< elements of packed bias and slopes
    size_t workspace_size = 0;                 ///< bytes, slack for alignment included
    size_t object_size = 0;                    ///< bytes of all objects
    double seconds = 0;                        ///< of compilation
};

/// Compiles into `directory`. Throws std::runtime_error with a sentence if Halide refuses, or if the code would need
/// memory that the workspace cannot give: an allocation of unknown size or inside a parallel loop; or, on CUDA, if the
/// host would do more than start kernels. `sanitizer` is "",
/// "address" or "thread".
Code compile_code(const Problem& problem, const std::string& target, const std::string& directory,
                  const std::string& sanitizer = "");

}  // namespace polyphase
