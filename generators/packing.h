// How a convolution's weights lie in the packed tensor.
#pragma once

#include <vector>

namespace polyphase {

/// Dimensions of the packed weights. `co` is the output channel within its group, split into blocks.
enum class PackedDim { co_in_block, co_block, group, ci, tx, ty, tz, rx, ry, rz };

/// A permutation of all PackedDims, innermost first, and the extent of an output-channel block. Channels past the end
/// are zero.
struct Packing {
    int block = 1;
    std::vector<PackedDim> order;
    /// `co` counts the channels of every tap of so many axes, x first, one tap's after the other's: see Columns.
    int columns = 0;
};

}  // namespace polyphase
