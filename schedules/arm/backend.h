#pragma once

#include "schedules/backend.h"

namespace polyphase::arm {

/// 64-bit ARM with NEON.
const Backend& backend();

}  // namespace polyphase::arm
