// Bed of nails, literally: zeros, then every input at its place.
#include <cmath>

#include "tests/reference/reference.h"

namespace polyphase::reference {

Sums zero_insert(const Problem& problem, const Tensors& tensors) {
    const auto& op = std::get<ZeroInsert>(problem.op);
    const Shape in = input_shape(problem), out = output_shape(problem);
    const size_t count = static_cast<size_t>(out.elements());
    Sums sums{std::vector<double>(count), std::vector<double>(count), std::vector<int64_t>(count)};
    const size_t missing = 3 - op.stride.size();
    const auto place = [&](size_t axis, int64_t i) {
        if (axis < missing) return i;
        return i * op.stride[axis - missing] + op.offset[axis - missing];
    };
    for (int64_t n = 0; n < in.batch; ++n) {
        for (int64_t c = 0; c < in.channels; ++c) {
            for (int64_t z = 0; z < in.depth; ++z) {
                for (int64_t y = 0; y < in.height; ++y) {
                    for (int64_t x = 0; x < in.width; ++x) {
                        const int64_t oz = place(0, z), oy = place(1, y), ox = place(2, x);
                        if (oz >= out.depth || oy >= out.height || ox >= out.width) continue;
                        const auto o = static_cast<size_t>(out.canonical(n, c, oz, oy, ox));
                        sums.value[o] = tensors.input[in.offset(problem.input_layout, n, c, z, y, x)];
                        sums.magnitude[o] = std::abs(sums.value[o]);
                        sums.terms[o] = 1;
                    }
                }
            }
        }
    }
    return sums;
}

}  // namespace polyphase::reference
