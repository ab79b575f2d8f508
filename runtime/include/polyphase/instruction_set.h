// Which of a kernel's instruction sets runs. For C and C++.
#pragma once

#include <polyphase/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A kernel decides at its first call: the best of its instruction sets that the processor has, or the one that is
 * forced here or by the environment variable POLYPHASE_INSTRUCTION_SET (this function wins). Names are those of
 * NAME_info: "avx512_skylake", "avx2-f16c-fma", "baseline". A kernel that lacks the forced one, or that finds the
 * processor lacking it, reports POLYPHASE_UNSUPPORTED_INSTRUCTION_SET from every call. Null forces nothing again. The
 * name is copied; kernels that have decided are not affected; call it while no kernel makes its first call. */
int polyphase_force_instruction_set(const char* name);

#ifdef __cplusplus
}

namespace polyphase {

inline Status force_instruction_set(const char* name) noexcept {
    const int code = polyphase_force_instruction_set(name);
    return code == POLYPHASE_OK ? Status() : Status(static_cast<polyphase_error>(code), polyphase_last_error());
}

}  // namespace polyphase
#endif
