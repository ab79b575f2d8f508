#include "tests/reference/reference.h"

namespace polyphase::reference {

namespace {

Shape shape_of(int batch, int channels, const std::vector<int>& spatial) {
    Shape shape{batch, channels, 1, 1, 1};
    const size_t rank = spatial.size();
    shape.width = spatial[rank - 1];
    if (rank > 1) shape.height = spatial[rank - 2];
    if (rank > 2) shape.depth = spatial[rank - 3];
    return shape;
}

}  // namespace

Shape input_shape(const Problem& problem) {
    return shape_of(problem.batch, problem.in_channels, problem.input);
}

Shape output_shape(const Problem& problem) {
    return shape_of(problem.batch, problem.out_channels, problem.output);
}

Result evaluate(const Problem& problem, const Tensors& tensors) {
    if (std::holds_alternative<ConvTranspose>(problem.op)) {
        return epilogue(problem, tensors, conv_transpose(problem, tensors));
    }
    if (std::holds_alternative<Resize>(problem.op)) return epilogue(problem, tensors, resize(problem, tensors));
    return epilogue(problem, tensors, zero_insert(problem, tensors));
}

}  // namespace polyphase::reference
