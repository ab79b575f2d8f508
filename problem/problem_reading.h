// Reading one problem's fields: what problem_file.cpp and the read_*.cpp files share.
#pragma once

#include <string>

#include "problem/field_reader.h"
#include "problem/problem_file.h"

namespace polyphase {

/// A problem in the making.
struct ProblemReading {
    FieldReader fields;
    Problem problem;
    int rank = 0;  ///< spatial axes; 0 if unknown, since "input" is wrong
};

/// The fields that every operator has; they come first, since they set the rank.
void read_common(ProblemReading& r, const CheckTarget& check_target);

/// Each reads its operator's own fields, after the common ones.
void read_conv_transpose(ProblemReading& r);
void read_resize(ProblemReading& r);
void read_zero_insert(ProblemReading& r);

/// Reports strides that make more phases than a map may list.
void check_phases(ProblemReading& r, const std::vector<int>& stride);

/// Reports tensors of more than 2^31 - 1 elements.
void check_elements(ProblemReading& r);

inline std::string text(int64_t number) {
    return std::to_string(number);
}

}  // namespace polyphase
