// What this machine's CUDA device can do at best, measured now.
#pragma once

#include <string>

#include "tests/support/cuda_device.h"

namespace polyphase::gpu {

struct Ceilings {
    double fma_tflops = 0;   ///< f32, a multiply-add counted as two operations
    double copy_tbs = 0;     ///< of a gigabyte, in TB/s (1e12), read plus written
    double fill_tbs = 0;     ///< written only
    double memcpy_tbs = 0;   ///< the driver's own copy, read plus written
    double l2_copy_tbs = 0;  ///< of what fits the L2 cache with its copy
};

/// `image`: ceilings.cu, compiled. About two seconds.
Ceilings measure_ceilings(const testing::CudaDevice& device, const std::string& image);

}  // namespace polyphase::gpu
