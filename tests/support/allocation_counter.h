// Counts heap allocations of the whole process, every thread, C and C++. Linking polyphase_allocation_counter replaces
// malloc and its family in the program (glibc).
#pragma once

#include <cstdint>

namespace polyphase::testing {

/// Allocations (malloc, calloc, realloc, aligned forms, and so operator new) since the program began.
int64_t allocations();

}  // namespace polyphase::testing
