// The operators as Halide generators: an algorithm from generators/, a schedule from schedules/. Parameters:
//   problem   one problem in the format of a problem file, as JSON
//   schedule  "" for the planner's choice, "reference", or {"family": ..., "params": {...}}
// `polyphase compile` drives them in process; any tool that understands Halide generators can drive them too.
#include <Halide.h>

#include <stdexcept>

#include "generators/conv_transpose.h"
#include "generators/kernel_shape.h"
#include "generators/resize.h"
#include "generators/zero_insert.h"
#include "problem/problem_file.h"
#include "schedules/planner.h"

namespace polyphase {
namespace {

using Halide::Buffer;
using Halide::Func;

Problem one_problem(const std::string& json) {
    ParseResult result = parse_problems(json, [](const std::string&) { return std::nullopt; });
    std::string message;
    for (const std::string& error : result.errors) message += error + "\n";
    if (!result.errors.empty() || result.problems.size() != 1)
        throw std::invalid_argument("GeneratorParam problem: expected one valid problem as JSON\n" + message);
    return result.problems.front();
}

// Tells Halide all that is known about a tensor: its extents, that the innermost dimension in memory is dense, and that
// the parts of a split dimension are steps of one stride.
template <typename Tensor>
void constrain(Tensor& tensor, const std::vector<BufferDim>& dims, Layout layout) {
    const int innermost = layout == Layout::nhwc ? 0 : 1;
    for (int i = 0; i < static_cast<int>(dims.size()); i++) {
        Halide::Expr stride;
        if (dims[i].dim == innermost) {
            stride = dims[i].step;
        } else if (i > 0 && dims[i].dim == dims[i - 1].dim) {
            stride = tensor.dim(i - 1).stride() * (dims[i].step / dims[i - 1].step);
        }
        tensor.dim(i).set_bounds(0, dims[i].extent).set_stride(stride);
    }
}

template <typename Tensor>
void constrain_dense(Tensor& tensor, const std::vector<int>& extents) {
    int stride = 1;
    for (int i = 0; i < static_cast<int>(extents.size()); i++) {
        tensor.dim(i).set_bounds(0, extents[i]).set_stride(stride);
        stride *= extents[i];
    }
}

// What the generators make when nobody names a problem.
constexpr const char* kExample =
    R"({"name":"k","op":"conv_transpose","input":[1,16,16,16],"out_channels":16,"kernel":[4,4],"stride":[2,2],
        "pads":[[1,1],[1,1]]})";

class ConvTransposeGenerator : public Halide::Generator<ConvTransposeGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Output<Buffer<float, 9>> output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
        packing_ = packing_of(problem_, plan_);
        weights_ = add_input<Buffer<float>>("weights", static_cast<int>(packing_.order.size()));
        bias_ = add_input<Buffer<float, 1>>("bias");
        if (problem_.activation.kind == Activation::Kind::prelu) slopes_ = add_input<Buffer<float, 1>>("slopes");
        if (problem_.residual) residual_ = add_input<Buffer<float, 9>>("residual");
    }

    void generate() {
        constrain(input, input_dims(problem_), problem_.input_layout);
        constrain_dense(*weights_, packed_extents(problem_, packing_));
        constrain_dense(*bias_, {padded_channels(problem_, packing_)});
        if (slopes_) constrain_dense(*slopes_, {padded_channels(problem_, packing_)});
        if (residual_) constrain(*residual_, output_dims(problem_), problem_.output_layout);
        stages_ = conv_transpose_stages(problem_, packing_,
                                        {.input = input,
                                         .weights = *weights_,
                                         .bias = *bias_,
                                         .slopes = slopes_ ? Func(*slopes_) : Func(),
                                         .residual = residual_ ? Func(*residual_) : Func()});
        output = stages_.output;
        constrain(output, output_dims(problem_), problem_.output_layout);
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    Packing packing_;
    ConvTransposeStages stages_;
    Input<Buffer<float>>* weights_ = nullptr;
    Input<Buffer<float, 1>>*bias_ = nullptr, *slopes_ = nullptr;
    Input<Buffer<float, 9>>* residual_ = nullptr;
};

class PackConvTransposeGenerator : public Halide::Generator<PackConvTransposeGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};

    void configure() {
        problem_ = one_problem(problem);
        packing_ = packing_of(problem_, plan(problem_, get_target(), schedule_request));
        weights_ = add_input<Buffer<float>>("weights", problem_.rank() + 2);
        packed_ = add_output<Buffer<float>>("packed", static_cast<int>(packing_.order.size()));
    }

    void generate() {
        constrain_dense(*weights_, weight_extents(problem_));
        *packed_ = pack_conv_transpose(problem_, packing_, *weights_);
        constrain_dense(*packed_, packed_extents(problem_, packing_));
    }

    void schedule() {}

  private:
    Problem problem_;
    Packing packing_;
    Input<Buffer<float>>* weights_ = nullptr;
    Output<Buffer<float>>* packed_ = nullptr;
};

ResizeStages stages_of(const Problem& problem, const Schedule& schedule, const Func& input, const Func& residual,
                       ResizeStages*) {
    const auto phases = schedule.params.find("x_phases");
    return resize_stages(problem, input, residual, phases != schedule.params.end() && phases->second != 0);
}

ZeroInsertStages stages_of(const Problem& problem, const Schedule&, const Func& input, const Func& residual,
                           ZeroInsertStages*) {
    return zero_insert_stages(problem, input, residual);
}

// An operator without weights: one input, perhaps a residual, one output.
template <typename Stages>
class UpsamplerGenerator : public Halide::Generator<UpsamplerGenerator<Stages>> {
    using Base = Halide::Generator<UpsamplerGenerator<Stages>>;
    using Input = typename Base::template Input<Buffer<float, 5>>;
    using Output = typename Base::template Output<Buffer<float, 5>>;
    using Parameter = typename Base::template GeneratorParam<std::string>;
    static constexpr bool kIsResize = std::is_same_v<Stages, ResizeStages>;

  public:
    Parameter problem{"problem",
                      kIsResize ? R"({"name":"k","op":"resize","input":[1,16,16,16],"output":[32,32],"mode":"linear"})"
                                : R"({"name":"k","op":"zero_insert","input":[1,16,16,16],"stride":[2,2]})"};
    Parameter schedule_request{"schedule", ""};
    Input input{"input"};
    Output output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, this->get_target(), schedule_request);
        if (problem_.residual) residual_ = this->template add_input<Buffer<float, 5>>("residual");
    }

    void generate() {
        constrain(input, input_dims(problem_), problem_.input_layout);
        if (residual_) constrain(*residual_, output_dims(problem_), problem_.output_layout);
        stages_ = stages_of(problem_, plan_, input, residual_ ? Func(*residual_) : Func(), &stages_);
        output = stages_.output;
        constrain(output, output_dims(problem_), problem_.output_layout);
    }

    void schedule() { polyphase::apply(plan_, problem_, this->get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    Stages stages_;
    Input* residual_ = nullptr;
};

using ResizeGenerator = UpsamplerGenerator<ResizeStages>;
using ZeroInsertGenerator = UpsamplerGenerator<ZeroInsertStages>;

}  // namespace
}  // namespace polyphase

HALIDE_REGISTER_GENERATOR(polyphase::ConvTransposeGenerator, conv_transpose)
HALIDE_REGISTER_GENERATOR(polyphase::PackConvTransposeGenerator, conv_transpose_pack)
HALIDE_REGISTER_GENERATOR(polyphase::ResizeGenerator, resize)
HALIDE_REGISTER_GENERATOR(polyphase::ZeroInsertGenerator, zero_insert)
