// Tensors of a problem with the outputs that somebody else expects, as a file.
#pragma once

#include <string>
#include <vector>

#include "tests/property/property_case.h"

namespace polyphase::testing {

struct TensorsFile {
    struct Set {
        ProblemData data;
        Outputs expected;
    };
    Problem problem;
    double rtol = 0, atol = 0;  ///< of values: |found - expected| <= atol + rtol * |expected|
    std::vector<Set> sets;
    std::vector<std::string> messages;  ///< why there is no kernel
};

/// Reads {"problem": {...}, "rtol": r, "atol": a, "sets": [{"input": [...], "weights": [...], "bias": [...],
/// "indices": [...], "output": [...], "output_indices": [...]}], "messages": [...]}; a set has what its problem has.
/// Throws std::exception.
TensorsFile read_tensors_file(const std::string& file);

/// What differs between `found` and the expected outputs, in words; "" if nothing does.
std::string difference(const TensorsFile& tensors, const TensorsFile::Set& set, const Outputs& found);

}  // namespace polyphase::testing
