// Where the files that generated code is compiled and linked with lie, and what machine they are for.
#pragma once

#include <optional>
#include <string>

namespace polyphase {

struct RuntimeFiles {
    std::string include_directory;  ///< contains polyphase/kernel.h
    std::string archive;            ///< libpolyphase_runtime.a
};

/// Beside this program after an install, otherwise in the build tree. Throws std::runtime_error if neither has them.
RuntimeFiles find_runtime_files();

/// Why code for `target` cannot be linked with `file`, an ELF object or an archive of such objects, as "expected code
/// for ..., found ..."; nothing if it can.
std::optional<std::string> check_machine(const std::string& file, const std::string& target);

}  // namespace polyphase
