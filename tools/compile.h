// polyphase compile: problem file -> NAME.h, libNAME.a, NAME.json, [libNAME.so].
#pragma once

#include <string>
#include <vector>

namespace polyphase {

struct CompileOptions {
    std::string file, out_directory;
    std::vector<std::string> targets;  ///< replace the problems' own when not empty
    std::string system;                ///< whose family problems without targets are compiled for; "": this machine's
    bool shared = false, json = false, force = false;
    std::string depfile;                ///< written for make and Ninja when not empty
    std::string cc;                     ///< C compiler; "" means $CC, else cc
    std::vector<std::string> cc_flags;  ///< that it needs for the target
    std::string runtime;                ///< the target's libpolyphase_runtime.a; "": this system's
    std::string sanitizer;              ///< "address" or "thread": kernels that this sanitizer watches
    int jobs = 0;                       ///< kernels at a time; 0: one per processor
};

/// Returns the exit code: 0, or 1 if a kernel could not be compiled. Throws BadInput.
int compile(const CompileOptions& options);

}  // namespace polyphase
