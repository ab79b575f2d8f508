#include "generators/resize.h"

#include <algorithm>

#include "generators/epilogue.h"
#include "generators/tap_tables.h"

namespace polyphase {
namespace {

using Halide::Expr;
using Halide::Func;

// The inputs that phases read, as if the input had no ends.
Range reach(const AxisMap& axis) {
    const int last = (axis.output - 1) / axis.period;
    Range inputs{0, axis.input};
    for (const Phase& phase : axis.phases) {
        inputs.begin = std::min(inputs.begin, phase.first_input);
        inputs.end =
            std::max(inputs.end, last * axis.advance + phase.first_input + (phase.taps - 1) * axis.input_step + 1);
    }
    return inputs;
}

// `rows` as a buffer: computed inside the input, then repeated past its ends. Updates, so that no vector straddles an
// end; the pure definition is nothing.
void buffer_rows(ResizeStages& s, const Range& inputs) {
    const auto [x, y, z] = s.o;
    const int input = s.axes[kX].input;
    const auto source = [&s, y = y, z = z](const Expr& at) { return s.source(s.c, at, y, z, s.n); };
    source(x) = Halide::undef<float>();
    s.inside = Halide::RDom(0, input, "inside");
    source(s.inside) = s.rows(s.c, s.inside, y, z, s.n);
    if (inputs.begin < 0) source(Halide::RDom(inputs.begin, -inputs.begin, "before")) = source(0);
    if (inputs.end > input) source(Halide::RDom(input, inputs.end - input, "after")) = source(input - 1);
}

// The same with the channels of a pixel beside each other: x counts elements.
void buffer_elements(ResizeStages& s, const Range& inputs) {
    const auto [x, y, z] = s.o;
    const int input = s.axes[kX].input, channels = s.channels;
    const auto source = [&s, y = y, z = z](const Expr& at) { return s.source(0, at, y, z, s.n); };
    const auto edge = [&](int begin, int end, int from, const char* name) {
        const Halide::RDom r(0, channels, begin, end - begin, name);
        source(r.y * channels + r.x) = source(from * channels + r.x);
    };
    s.source(s.c, x, y, z, s.n) = Halide::undef<float>();
    s.inside = Halide::RDom(0, input * channels, "inside");
    source(s.inside) = s.rows(s.inside % channels, s.inside / channels, y, z, s.n);
    if (inputs.begin < 0) edge(inputs.begin, 0, 0, "before");
    if (inputs.end > input) edge(input, inputs.end, input - 1, "after");
}

}  // namespace

ResizeStages resize_stages(const Problem& problem, const Func& input, const Func& residual, const ResizeForm& form) {
    ResizeStages s;
    s.axes = xyz_axes(problem);
    s.channels = problem.in_channels;
    const auto [x, y, z] = s.o;
    const TapTables tables(s.axes, form.tables);
    s.tables = tables.computed();
    s.blends_rows = tables.blends_rows();
    s.form = form;

    // THE ALGORITHM. First whole rows are blended, then each row is resampled along x.
    s.rows(s.c, x, y, z, s.n) = tables.along_yz(input, s.c, {x, y, z}, s.n);
    if (form.x_phases) {
        s.row_channels = form.pattern != 0 && problem.output_layout == Layout::nhwc ? s.channels : 1;
        const bool whole_row = form.pattern >= s.axes[kX].output * s.row_channels;
        const Range inputs = whole_row ? Range{0, s.axes[kX].input} : reach(s.axes[kX]);
        const bool leaves = inputs.size() > s.axes[kX].input;
        const Expr at = leaves ? clamp(likely(x), 0, s.axes[kX].input - 1) : Expr(x);
        if (form.pattern != 0) s.source = Func("patterned");
        if (s.row_channels > 1)
            buffer_elements(s, inputs);
        else if (form.row_buffer)
            buffer_rows(s, inputs);
        else
            s.source(s.c, x, y, z, s.n) = s.rows(s.c, at, y, z, s.n);
        const bool elements = s.row_channels > 1;
        const Expr c = elements ? Expr(0) : Expr(s.c), element = elements ? s.c + x * s.row_channels : Expr(x);
        s.resampled(s.c, x, y, z, s.n) =
            form.pattern != 0
                ? along_x_by_pattern(s.axes[kX], s.row_channels, form.pattern, s.source, c, {element, y, z}, s.n)
                : along_x_by_phases(s.axes[kX], s.source, s.c, {x, y, z}, s.n);
    } else {
        s.source(s.c, x, y, z, s.n) = s.rows(s.c, x, y, z, s.n);
        s.resampled(s.c, x, y, z, s.n) = tables.along_x(s.source, s.c, {x, y, z}, s.n);
    }
    Expr value = s.resampled(s.c, x, y, z, s.n);

    // Outputs whose coordinate lies outside the input, along any axis.
    Expr inside;
    for (int a = 0; a < kAxes; a++) {
        const Range& range = s.axes[a].inside;
        if (s.axes[a].rows.empty() || range.size() == s.axes[a].output) continue;
        const Expr within = s.o[a] >= range.begin && s.o[a] < range.end;
        inside = inside.defined() ? inside && within : within;
    }
    if (inside.defined()) {
        const auto outside = static_cast<float>(std::get<Resize>(problem.op).extrapolation_value);
        value = select(inside, value, outside);
    }
    if (problem.residual) value += residual(s.c, x, y, z, s.n);
    value = activate(problem.activation, value, Expr());
    if (form.streams) {
        s.finished(s.c, x, y, z, s.n) = value;
        value = s.finished(s.c, x, y, z, s.n);
    }
    s.output(s.c, x, y, z, s.n) = value;
    return s;
}

}  // namespace polyphase
