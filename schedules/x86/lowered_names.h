// What Halide calls things in the statements that lowering passes see.
#pragma once

#include <string>

namespace polyphase::x86 {

/// Whether that buffer is that stage's. Halide numbers the names of pipelines that are made in one process.
inline bool is_stage(const std::string& buffer, const char* stage) {
    return buffer.substr(0, buffer.find('$')) == stage;
}

}  // namespace polyphase::x86
