/* A kernel used from C. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Runs abi_plain on zeros and checks that every output is the bias after relu. 0 if all is well, else the line that was
 * not. */
int c_face_check(void);

#ifdef __cplusplus
}
#endif
