// Everything an application may use beside its generated headers.
#pragma once

#include <polyphase/allocator.h>
#include <polyphase/instruction_set.h>
#include <polyphase/status.h>
#include <polyphase/threads.h>
#include <polyphase/version.h>

#ifdef __cplusplus
#include <polyphase/cuda.h>
#include <polyphase/generated.h>
#include <polyphase/initializers.h>
#include <polyphase/tensor_view.h>
#include <polyphase/weights.h>
#endif
