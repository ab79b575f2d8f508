// A kernel as it is shipped, behind the one thing that these tests ask of it.
#pragma once

#include <memory>
#include <string>

#include "problem/problem.h"
#include "tests/property/property_case.h"
#include "tests/support/random_problem.h"

namespace polyphase::testing {

class ShippedKernel {
  public:
    virtual ~ShippedKernel() = default;

    /// Packs the weights and runs with tensors in this process's memory, dense, in the problem's layouts; makes
    /// `outputs`. Returns what went wrong, in words, or "".
    virtual std::string run(const Problem& problem, const ProblemData& data, Outputs& outputs) = 0;
};

/// libNAME.so in `directory`, called through its C functions with guard pages around every tensor. Throws
/// std::runtime_error if it cannot be loaded.
std::unique_ptr<ShippedKernel> open_shared_library(const std::string& directory, const std::string& name);

/// The same on this machine's CUDA device, tensors in device memory between bytes that must stay. Throws
/// CudaDevice::NoDevice where there is none.
std::unique_ptr<ShippedKernel> open_cuda_library(const std::string& directory, const std::string& name);

}  // namespace polyphase::testing
