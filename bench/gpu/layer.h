// One kernel of a shared library on a CUDA device: compared with what the same library computes on the processor, and
// timed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "problem/problem.h"
#include "tests/support/cuda_device.h"

namespace polyphase::gpu {

/// Checks and times libNAME.so in `directory`, whose problem this is. Never throws. A line of results:
///   ok, wrong            whether all is well, or what is not
///   largest_error        of the largest output: against the processor's result, where the library has code for one
///   load_ms              the code brought into the context; long where the driver has to compile it first
///   us, us_low, us_high  one run in a captured graph of runs on `sets` sets of tensors in turn: median, and the middle
///                        half; together the sets are larger than the L2 cache
///   launch_us            one run of a series that is queued run by run
nlohmann::ordered_json measure_layer(const testing::CudaDevice& device, const std::string& directory,
                                     const Problem& problem);

/// Loads and packs only, so that the driver compiles the code and later processes find it in its cache: ok, wrong,
/// load_ms, pack_ms.
nlohmann::ordered_json warm_layer(const std::string& directory, const Problem& problem);

}  // namespace polyphase::gpu
