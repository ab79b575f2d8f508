/* The generated headers must be C99, and usable from it. */
#include "tests/abi/c_face.h"

#include <abi_nearest.h>
#include <abi_plain.h>
#include <abi_skip.h>
#include <polyphase/polyphase.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                   \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

int c_face_check(void) {
    const int channels = 13, plane = 14 * 18;
    float* input = calloc(2 * 5 * 7 * 9, sizeof(float));
    float* weights = calloc(5 * 13 * 4 * 4, sizeof(float));
    float* output = malloc(2 * 13 * 14 * 18 * sizeof(float));
    float bias[13];
    void* packed = malloc(abi_plain_packed_size());
    void* workspace = malloc(abi_plain_workspace_size() + 1);
    for (int c = 0; c < channels; ++c) bias[c] = (float)(c - 3);
    CHECK(abi_plain_pack(weights, bias, packed) == POLYPHASE_OK);
    CHECK(abi_plain_run(input, packed, output, workspace) == POLYPHASE_OK);
    for (int i = 0; i < 2 * channels * plane; ++i) {
        const float expected = bias[i / plane % channels];
        CHECK(output[i] == (expected > 0 ? expected : 0));
    }
    CHECK(abi_nearest_run(NULL, NULL, output, workspace) == POLYPHASE_NULL_POINTER);
    CHECK(strstr(abi_nearest_last_error(), "abi_nearest") != NULL);
    CHECK(abi_skip_packed_size() > 0);
    free(input);
    free(weights);
    free(output);
    free(packed);
    free(workspace);
    return 0;
}
