/* The release, for C and C++; the build reads it from here. */
#pragma once

#define POLYPHASE_VERSION "0.1.0"
