#include "generators/stages.h"

namespace polyphase {

std::array<AxisMap, kAxes> xyz_axes(const Problem& problem) {
    const std::vector<AxisMap> maps = axis_maps(problem);
    PerAxis<AxisMap> axes;
    for (AxisMap& axis : axes) axis = conv_transpose_axis(1, 1, 1, 1, 0, 1);
    for (size_t i = 0; i < maps.size(); i++) axes[i] = maps[maps.size() - 1 - i];
    return axes;
}

}  // namespace polyphase
