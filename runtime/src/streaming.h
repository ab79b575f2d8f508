// What kernels for x86 with AVX call to write past the caches.
#pragma once

extern "C" {

/// Copies `rows` rows of `row` elements each, the first `to_offset` and `from_offset` elements behind `to` and `from`,
/// the next ones `to_stride` and `from_stride` further on. Lengths are not negative. Whole cache lines of
/// `to` are written to memory without being read first, and leave no trace in the caches; other threads see them after
/// polyphase_stream_fence. Returns 0.
int polyphase_stream(float* to, int to_offset, const float* from, int from_offset, int row, int rows, int to_stride,
                     int from_stride);

/// What this thread has streamed precedes what it writes from now on. Returns 0.
int polyphase_stream_fence();
}
