#include "runtime/src/error.h"

#include <polyphase/status.h>

#include <cstdarg>
#include <cstdio>

namespace polyphase {
namespace {

struct LastError {
    int code;
    char message[256];
};
thread_local LastError last_error = {POLYPHASE_OK, ""};

}  // namespace

int fail(int code, const char* format, ...) {
    last_error.code = code;
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(last_error.message, sizeof last_error.message, format, arguments);
    va_end(arguments);
    return code;
}

int last_error_code() {
    return last_error.code;
}

}  // namespace polyphase

extern "C" {

const char* polyphase_last_error(void) {
    return polyphase::last_error.message;
}

const char* polyphase_kernel_last_error(void) {
    return polyphase::last_error.message;
}
}
