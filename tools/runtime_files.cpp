#include "tools/runtime_files.h"

#include <filesystem>
#include <stdexcept>

namespace polyphase {

RuntimeFiles find_runtime_files() {
    namespace fs = std::filesystem;
    const fs::path bin = fs::canonical("/proc/self/exe").parent_path();
    const RuntimeFiles places[] = {
        {(bin / POLYPHASE_INSTALLED_INCLUDE).lexically_normal().string(),
         (bin / POLYPHASE_INSTALLED_ARCHIVE).lexically_normal().string()},
        {POLYPHASE_BUILD_INCLUDE, POLYPHASE_BUILD_ARCHIVE},
    };
    for (const RuntimeFiles& files : places)
        if (fs::exists(fs::path(files.include_directory) / "polyphase/kernel.h") && fs::exists(files.archive))
            return files;
    throw std::runtime_error("the runtime's files are missing: expected " + places[0].archive + " and " +
                             places[0].include_directory + "/polyphase/kernel.h");
}

}  // namespace polyphase
