#include "generators/epilogue.h"

namespace polyphase {
namespace {

using Halide::Expr;

// For |x| <= 0.625 an odd polynomial, fitted for least maximal relative error (4.4e-9); beyond, tanh x = 1 - 2/(e^2x +
// 1), which does not cancel there. Past 9.1 the result is 1 in single precision.
Expr tanh_f32(const Expr& x) {
    const Expr z = x * x;
    const Expr p = -0.33333281941522247f +
                   z * (0.1333144218736915f +
                        z * (-0.05373971431252277f + z * (0.020639085015878716f + z * -0.005704984749996298f)));
    const Expr small = x + x * z * p;
    const Expr magnitude = min(abs(x), 9.1f);
    const Expr large = 1.0f - 2.0f / (exp(2.0f * magnitude) + 1.0f);
    return select(magnitude <= 0.625f, small, select(x < 0.0f, -large, large));
}

Expr sigmoid_f32(const Expr& x) {
    return 1.0f / (1.0f + exp(-max(x, -87.0f)));
}

}  // namespace

Expr activate(const Activation& activation, const Expr& value, const Expr& slope) {
    const auto constant = [](double v) { return Expr(static_cast<float>(v)); };
    switch (activation.kind) {
        case Activation::Kind::none:
            return value;
        case Activation::Kind::relu:
            return max(value, 0.0f);
        case Activation::Kind::leaky_relu:
            return select(value < 0.0f, value * constant(activation.alpha), value);
        case Activation::Kind::prelu:
            return select(value < 0.0f, value * slope, value);
        case Activation::Kind::clip:
            return clamp(value, constant(activation.min), constant(activation.max));
        case Activation::Kind::tanh:
            return tanh_f32(value);
        case Activation::Kind::sigmoid:
            return sigmoid_f32(value);
    }
    return value;
}

}  // namespace polyphase
