#pragma once

#include "schedules/backend.h"

namespace polyphase::cuda {

/// GPUs. The schedules know blocks, threads and shared memory, and nothing that only CUDA has, so that any GPU API of
/// Halide's can run them.
const Backend& backend();

}  // namespace polyphase::cuda
