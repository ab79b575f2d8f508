// The calling thread's last error.
#pragma once

namespace polyphase {

/// Records a message for polyphase_last_error and returns `code`.
[[gnu::format(printf, 2, 3)]] int fail(int code, const char* format, ...);

/// The code of the last error.
int last_error_code();

}  // namespace polyphase
