#include "generators/phase_taps.h"

#include <algorithm>

#include "generators/lookup.h"

namespace polyphase {
namespace {

using Halide::Expr;

constexpr int kMaxSelects = 8;  // a table with more steps is read from memory

// A small table as a function of a phase: one select per change of value or of slope, constant for a constant phase.
Expr by_phase(const Expr& r, const AxisMap& axis, int Phase::* member) {
    const std::vector<Phase>& phases = axis.phases;
    int changes = 0;
    for (size_t i = 1; i < phases.size(); i++) changes += phases[i].*member != phases[i - 1].*member;
    if (changes > kMaxSelects) {
        std::vector<int> values;
        for (const Phase& phase : phases) values.push_back(phase.*member);
        if (linear_runs(values) <= kMaxSelects) return lookup(r, values);
        Halide::Buffer<int> table(static_cast<int>(values.size()));
        std::copy(values.begin(), values.end(), table.begin());
        return table(r);
    }
    Expr result = phases.front().*member;
    for (size_t i = 1; i < phases.size(); i++)
        if (phases[i].*member != phases[i - 1].*member)
            result = select(r >= static_cast<int>(i), phases[i].*member, result);
    return result;
}

// As an interval, which is how Halide sees it where phases are no constants: whole periods, and every tap in every
// phase.
bool leaves_input(const AxisMap& axis) {
    const int last_q = (axis.output - 1) / axis.period, last_tap = (axis.taps() - 1) * axis.input_step;
    return std::any_of(axis.phases.begin(), axis.phases.end(), [&](const Phase& phase) {
        return phase.first_input + std::min(last_tap, 0) < 0 ||
               phase.first_input + std::max(last_tap, 0) + last_q * axis.advance >= axis.input;
    });
}

}  // namespace

PhaseTaps::PhaseTaps(const AxisMap& axis, const Expr& o)
    : axis_(&axis), q_(o / axis.period), r_(o % axis.period), taps_(axis.taps()) {
    ragged_ = std::any_of(axis.phases.begin(), axis.phases.end(), [&](const Phase& p) { return p.taps != taps_; });
    leaves_input_ = leaves_input(axis);
}

Expr PhaseTaps::unclamped(const Expr& t) const {
    return q_ * axis_->advance + by_phase(r_, *axis_, &Phase::first_input) + t * axis_->input_step;
}

Expr PhaseTaps::input(const Expr& t) const {
    const Expr i = unclamped(t);
    return leaves_input_ || ragged_ ? clamp(likely(i), 0, axis_->input - 1) : i;
}

Expr PhaseTaps::kernel(const Expr& t) const {
    return by_phase(r_, *axis_, &Phase::first_kernel) + t * axis_->kernel_step;
}

Expr PhaseTaps::live(const Expr& t) const {
    Expr live = Halide::Internal::const_true();
    if (ragged_) live = t < by_phase(r_, *axis_, &Phase::taps);
    if (leaves_input_) {
        const Expr i = unclamped(t);
        live = live && likely(i >= 0) && likely(i < axis_->input);
    }
    return live;
}

}  // namespace polyphase
