// Where the files that generated code is compiled and linked with lie.
#pragma once

#include <string>

namespace polyphase {

struct RuntimeFiles {
    std::string include_directory;  ///< contains polyphase/kernel.h
    std::string archive;            ///< libpolyphase_runtime.a
};

/// Beside this program after an install, otherwise in the build tree. Throws std::runtime_error if neither has them.
RuntimeFiles find_runtime_files();

}  // namespace polyphase
