#include "tools/runtime_files.h"

#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tools/targets.h"

namespace polyphase {
namespace {

struct Machine {
    const char* architecture;  // in target strings
    unsigned elf;
};
constexpr Machine kMachines[] = {{"x86-64", EM_X86_64}, {"arm-64", EM_AARCH64}};

}  // namespace

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

std::optional<std::string> check_machine(const std::string& file, const std::string& target) {
    std::ifstream stream(file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    // The first object: the file's beginning, or in an archive behind the members that list symbols and long names.
    const size_t begin = bytes.find(std::string(ELFMAG, SELFMAG));
    std::string found = "no code";
    if (begin != std::string::npos && begin + sizeof(Elf64_Ehdr) <= bytes.size()) {
        Elf64_Ehdr header;
        std::memcpy(&header, bytes.data() + begin, sizeof header);
        found = "code for machine " + std::to_string(header.e_machine) + " of ELF's list";
        for (const Machine& machine : kMachines) {
            if (machine.elf != header.e_machine) continue;
            if (target.rfind(machine.architecture, 0) == 0) return std::nullopt;
            found = std::string("code for ") + machine.architecture;
        }
    }
    return "expected code for " + system_of(target) + ", found " + found;
}

}  // namespace polyphase
