#pragma once

#include "schedules/backend.h"

namespace polyphase::x86 {

/// x86-64 with AVX-512, AVX2 or nothing but SSE2.
const Backend& backend();

}  // namespace polyphase::x86
