// The operators as Halide generators: an algorithm from generators/, a schedule from schedules/. Parameters:
//   problem   one problem in the format of a problem file, as JSON
//   schedule  "" for the planner's choice, "reference", or {"family": ..., "params": {...}}
// `polyphase compile` drives them in process; any tool that understands Halide generators can drive them too.
#include <Halide.h>

#include <stdexcept>

#include "generators/col2im.h"
#include "generators/convolution.h"
#include "generators/depth_to_space.h"
#include "generators/kernel_shape.h"
#include "generators/max_pool.h"
#include "generators/max_unpool.h"
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

constexpr int kDeviceAlignment = 16;  // bytes, of every tensor in a device's memory

// A tensor of the problem: the spatial extents of its input or output.
struct TensorShape {
    std::vector<BufferDim> dims;
    Layout layout;
    std::vector<int64_t> dense;  // strides of c, x, y, z, n if the tensor must be dense, else empty

    static TensorShape input(const Problem& p, const Halide::Target& target) {
        return {input_dims(p), p.input_layout, strides(p.in_channels, p.input, p.input_layout, target)};
    }
    static TensorShape output(const Problem& p, const Halide::Target& target) {
        return {output_dims(p), p.output_layout, strides(p.out_channels, p.output, p.output_layout, target)};
    }

  private:
    static std::vector<int64_t> strides(int channels, const std::vector<int>& spatial, Layout layout,
                                        const Halide::Target& target) {
        if (!runs_on_device(target)) return {};
        return dense_strides(channels, spatial, layout);
    }
};

// Tells Halide all that is known about a tensor: its extents, that the innermost dimension in memory is dense, and that
// the parts of a split dimension are steps of one stride; in a device's memory all strides.
template <typename Tensor>
void constrain(Tensor& tensor, const TensorShape& shape) {
    const auto& [dims, layout, dense] = shape;
    if (!dense.empty()) {
        for (int i = 0; i < static_cast<int>(dims.size()); i++)
            tensor.dim(i).set_bounds(0, dims[i].extent).set_stride(static_cast<int>(dense[dims[i].dim] * dims[i].step));
        tensor.set_host_alignment(kDeviceAlignment);
        return;
    }
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

TableForm table_form(const Halide::Target& target) {
    return runs_on_device(target) ? TableForm::computed : TableForm::embedded;
}

// GatherStages::dense_pixels; true of channels-first tensors, which have no say in it.
template <typename In, typename Out>
Halide::Expr dense_pixels(const Problem& problem, In& input, Out& output) {
    Halide::Expr dense = Halide::Internal::const_true();
    if (problem.input_layout == Layout::nhwc) dense = dense && input.dim(1).stride() == problem.in_channels;
    if (problem.output_layout == Layout::nhwc) dense = dense && output.dim(1).stride() == problem.out_channels;
    return dense;
}

// What a convolution's generators make when nobody names a problem.
template <typename Op>
constexpr const char* kExample = nullptr;
template <>
constexpr const char* kExample<ConvTranspose> =
    R"({"name":"k","op":"conv_transpose","input":[1,16,16,16],"out_channels":16,"kernel":[4,4],"stride":[2,2],
        "pads":[[1,1],[1,1]]})";
template <>
constexpr const char* kExample<Conv> =
    R"({"name":"k","op":"conv","input":[1,16,16,16],"out_channels":16,"kernel":[3,3],"pads":[[1,1],[1,1]]})";
template <>
constexpr const char* kExample<ResizeConv> =
    R"({"name":"k","op":"resize_conv","input":[1,16,16,16],"scale":[2,2],"mode":"nearest","out_channels":16,
        "kernel":[3,3],"pads":[[1,1],[1,1]]})";

template <typename Op>
class ConvolutionGenerator : public Halide::Generator<ConvolutionGenerator<Op>> {
    using Base = Halide::Generator<ConvolutionGenerator<Op>>;
    template <typename T>
    using Input = typename Base::template Input<T>;
    template <typename T>
    using Output = typename Base::template Output<T>;
    using Parameter = typename Base::template GeneratorParam<std::string>;

  public:
    Parameter problem{"problem", kExample<Op>};
    Parameter schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Output<Buffer<float, 9>> output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, this->get_target(), schedule_request);
        packing_ = packing_of(problem_, this->get_target(), plan_);
        weights_ = this->template add_input<Buffer<float>>("weights", static_cast<int>(packing_.order.size()));
        bias_ = this->template add_input<Buffer<float, 1>>("bias");
        if (problem_.activation.kind == Activation::Kind::prelu)
            slopes_ = this->template add_input<Buffer<float, 1>>("slopes");
        if (problem_.residual) residual_ = this->template add_input<Buffer<float, 9>>("residual");
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, this->get_target()));
        constrain_dense(*weights_, packed_extents(problem_, packing_));
        constrain_dense(*bias_, {padded_channels(problem_, packing_)});
        if (slopes_) constrain_dense(*slopes_, {padded_channels(problem_, packing_)});
        if (residual_) constrain(*residual_, TensorShape::output(problem_, this->get_target()));
        stages_ = convolution_stages(problem_, packing_, form_of(problem_, this->get_target(), plan_),
                                     {.input = input,
                                      .weights = *weights_,
                                      .bias = *bias_,
                                      .slopes = slopes_ ? Func(*slopes_) : Func(),
                                      .residual = residual_ ? Func(*residual_) : Func(),
                                      .tables = table_form(this->get_target())});
        output = stages_.output;
        stages_.dense_input = input.dim(1).stride() == problem_.in_channels;
        constrain(output, TensorShape::output(problem_, this->get_target()));
    }

    void schedule() {
        polyphase::apply(plan_, problem_, this->get_target(), stages_);
        add_lowering_passes(problem_, this->get_target(), this->get_pipeline());
    }

  private:
    Problem problem_;
    Schedule plan_;
    Packing packing_;
    ConvolutionStages stages_;
    Input<Buffer<float>>* weights_ = nullptr;
    Input<Buffer<float, 1>>*bias_ = nullptr, *slopes_ = nullptr;
    Input<Buffer<float, 9>>* residual_ = nullptr;
};

template <typename Op>
class PackGenerator : public Halide::Generator<PackGenerator<Op>> {
    using Base = Halide::Generator<PackGenerator<Op>>;
    using Input = typename Base::template Input<Buffer<float>>;
    using Output = typename Base::template Output<Buffer<float>>;
    using Parameter = typename Base::template GeneratorParam<std::string>;

  public:
    Parameter problem{"problem", kExample<Op>};
    Parameter schedule_request{"schedule", ""};

    void configure() {
        problem_ = one_problem(problem);
        const Halide::Target target = this->get_target();
        plan_ = plan(problem_, target, schedule_request);
        packing_ = packing_of(problem_, target, plan_);
        weights_ = this->template add_input<Buffer<float>>("weights", problem_.rank() + 2);
        packed_ = this->template add_output<Buffer<float>>("packed", static_cast<int>(packing_.order.size()));
    }

    void generate() {
        constrain_dense(*weights_, weight_extents(problem_));
        stages_.packed = pack_convolution(problem_, packing_, *weights_);
        *packed_ = stages_.packed;
        constrain_dense(*packed_, packed_extents(problem_, packing_));
    }

    void schedule() { polyphase::apply(plan_, problem_, this->get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    Packing packing_;
    PackStages stages_;
    Input* weights_ = nullptr;
    Output* packed_ = nullptr;
};

using ConvTransposeGenerator = ConvolutionGenerator<ConvTranspose>;
using ConvGenerator = ConvolutionGenerator<Conv>;
using ResizeConvGenerator = ConvolutionGenerator<ResizeConv>;
using PackConvTransposeGenerator = PackGenerator<ConvTranspose>;
using PackConvGenerator = PackGenerator<Conv>;
using PackResizeConvGenerator = PackGenerator<ResizeConv>;

ResizeStages stages_of(const Problem& problem, const Schedule& schedule, TableForm tables, const Func& input,
                       const Func& residual, ResizeStages*) {
    const auto chosen = [&](const std::string& name) {
        const auto param = schedule.params.find(name);
        return param != schedule.params.end() ? param->second : 0;
    };
    return resize_stages(problem, input, residual,
                         {.x_phases = chosen("x_phases") != 0,
                          .row_buffer = chosen("row_buffer") != 0,
                          .pattern = chosen("pattern"),
                          .streams = chosen("streams") != 0,
                          .tables = tables});
}

ZeroInsertStages stages_of(const Problem& problem, const Schedule&, TableForm, const Func& input, const Func& residual,
                           ZeroInsertStages*) {
    return zero_insert_stages(problem, input, residual);
}

DepthToSpaceStages stages_of(const Problem& problem, const Schedule&, TableForm, const Func& input,
                             const Func& residual, DepthToSpaceStages*) {
    return depth_to_space_stages(problem, input, residual);
}

Col2ImStages stages_of(const Problem& problem, const Schedule&, TableForm, const Func& input, const Func& residual,
                       Col2ImStages*) {
    return col2im_stages(problem, input, residual);
}

// What such an operator's generator makes when nobody names a problem.
template <typename Stages>
constexpr const char* kUpsamplerExample = nullptr;
template <>
constexpr const char* kUpsamplerExample<ResizeStages> =
    R"({"name":"k","op":"resize","input":[1,16,16,16],"output":[32,32],"mode":"linear"})";
template <>
constexpr const char* kUpsamplerExample<ZeroInsertStages> =
    R"({"name":"k","op":"zero_insert","input":[1,16,16,16],"stride":[2,2]})";
template <>
constexpr const char* kUpsamplerExample<DepthToSpaceStages> =
    R"({"name":"k","op":"depth_to_space","input":[1,16,16,16],"block":2})";
template <>
constexpr const char* kUpsamplerExample<Col2ImStages> =
    R"({"name":"k","op":"col2im","input":[1,36,256],"output":[32,32],"kernel":[2,2],"stride":[2,2]})";

// An operator without weights: one input, perhaps a residual, one output.
template <typename Stages>
class UpsamplerGenerator : public Halide::Generator<UpsamplerGenerator<Stages>> {
    using Base = Halide::Generator<UpsamplerGenerator<Stages>>;
    using Input = typename Base::template Input<Buffer<float, 5>>;
    using Output = typename Base::template Output<Buffer<float, 5>>;
    using Parameter = typename Base::template GeneratorParam<std::string>;

  public:
    Parameter problem{"problem", kUpsamplerExample<Stages>};
    Parameter schedule_request{"schedule", ""};
    Input input{"input"};
    Output output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, this->get_target(), schedule_request);
        if (problem_.residual) residual_ = this->template add_input<Buffer<float, 5>>("residual");
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, this->get_target()));
        if (residual_) constrain(*residual_, TensorShape::output(problem_, this->get_target()));
        stages_ = stages_of(problem_, plan_, table_form(this->get_target()), input,
                            residual_ ? Func(*residual_) : Func(), &stages_);
        output = stages_.output;
        stages_.dense_pixels = dense_pixels(problem_, input, output);
        constrain(output, TensorShape::output(problem_, this->get_target()));
    }

    void schedule() {
        polyphase::apply(plan_, problem_, this->get_target(), stages_);
        add_lowering_passes(problem_, this->get_target(), this->get_pipeline());
    }

  private:
    Problem problem_;
    Schedule plan_;
    Stages stages_;
    Input* residual_ = nullptr;
};

using ResizeGenerator = UpsamplerGenerator<ResizeStages>;
using ZeroInsertGenerator = UpsamplerGenerator<ZeroInsertStages>;
using DepthToSpaceGenerator = UpsamplerGenerator<DepthToSpaceStages>;
using Col2ImGenerator = UpsamplerGenerator<Col2ImStages>;

constexpr const char* kPoolExample =
    R"({"name":"k","op":"max_pool_indices","input":[1,16,16,16],"kernel":[2,2],"stride":[2,2],"indices":"torch"})";
constexpr const char* kUnpoolExample =
    R"({"name":"k","op":"max_unpool","input":[1,16,16,16],"kernel":[2,2],"stride":[2,2],"indices":"torch"})";

// input -> output, indices (int64, of the output's shape).
class MaxPoolGenerator : public Halide::Generator<MaxPoolGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kPoolExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Output<Func> output{"output", {Halide::Float(32), Halide::Int(64)}, 5};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, get_target()));
        stages_ = max_pool_stages(problem_, input);
        output = stages_.output;
        std::vector<Halide::OutputImageParam> buffers = stages_.output.output_buffers();
        const TensorShape shape = TensorShape::output(problem_, get_target());
        constrain(buffers[0], shape);
        // The indices' extents follow from the values'.
        buffers[1].dim(0).set_stride(Halide::Expr());
        for (int i = 0; i < static_cast<int>(shape.dense.size()); i++)
            buffers[1].dim(i).set_stride(static_cast<int>(shape.dense[i]));
        buffers[1].dim(problem_.output_layout == Layout::nhwc ? 0 : 1).set_stride(1);
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    MaxPoolStages stages_;
};

// Max unpooling is three pipelines. The check comes first: indices -> positions, verdict. Then, by the verdict
// (UnpoolVerdict), the gather: input, positions -> output, or the scatter: input, indices -> output. indices (int64)
// and positions (uint8) have one dimension, the elements of a dense tensor of the input's shape and layout; positions
// are aligned to kUnpoolAlignment.
class UnpoolCheckGenerator : public Halide::Generator<UnpoolCheckGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kUnpoolExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<int64_t, 1>> indices{"indices"};
    Output<Buffer<uint8_t, 1>> positions{"positions"};
    Output<Buffer<int32_t, 1>> verdict{"verdict"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
    }

    void generate() {
        const int elements = static_cast<int>(input_elements(problem_));
        constrain_dense(indices, {elements});
        stages_ = unpool_check_stages(problem_, indices);
        positions = stages_.positions;
        verdict = stages_.verdict;
        constrain_dense(positions, {elements});
        positions.set_host_alignment(kUnpoolAlignment);
        constrain_dense(verdict, {1});
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    UnpoolCheckStages stages_;
};

class MaxUnpoolGenerator : public Halide::Generator<MaxUnpoolGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kUnpoolExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Input<Buffer<uint8_t, 1>> positions{"positions"};
    Output<Buffer<float, 5>> output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, get_target()));
        constrain_dense(positions, {static_cast<int>(input_elements(problem_))});
        stages_ = max_unpool_stages(problem_, input, positions);
        output = stages_.output;
        stages_.dense_pixels = dense_pixels(problem_, input, output);
        constrain(output, TensorShape::output(problem_, get_target()));
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    MaxUnpoolStages stages_;
};

// max_unpool where nobody can look at a verdict: input, indices -> output.
class UnpoolByIndexGenerator : public Halide::Generator<UnpoolByIndexGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kUnpoolExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Input<Buffer<int64_t, 1>> indices{"indices"};
    Output<Buffer<float, 5>> output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, get_target()));
        constrain_dense(indices, {static_cast<int>(input_elements(problem_))});
        stages_ = unpool_by_index_stages(problem_, input, indices);
        output = stages_.output;
        stages_.dense_pixels = dense_pixels(problem_, input, output);
        constrain(output, TensorShape::output(problem_, get_target()));
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    MaxUnpoolStages stages_;
};

class UnpoolScatterGenerator : public Halide::Generator<UnpoolScatterGenerator> {
  public:
    GeneratorParam<std::string> problem{"problem", kUnpoolExample};
    GeneratorParam<std::string> schedule_request{"schedule", ""};
    Input<Buffer<float, 5>> input{"input"};
    Input<Buffer<int64_t, 1>> indices{"indices"};
    Output<Buffer<float, 5>> output{"output"};

    void configure() {
        problem_ = one_problem(problem);
        plan_ = plan(problem_, get_target(), schedule_request);
    }

    void generate() {
        constrain(input, TensorShape::input(problem_, get_target()));
        constrain_dense(indices, {static_cast<int>(input_elements(problem_))});
        stages_ = unpool_scatter_stages(problem_, input, indices);
        output = stages_.output;
        constrain(output, TensorShape::output(problem_, get_target()));
    }

    void schedule() { polyphase::apply(plan_, problem_, get_target(), stages_); }

  private:
    Problem problem_;
    Schedule plan_;
    UnpoolScatterStages stages_;
};

}  // namespace
}  // namespace polyphase

HALIDE_REGISTER_GENERATOR(polyphase::ConvTransposeGenerator, conv_transpose)
HALIDE_REGISTER_GENERATOR(polyphase::PackConvTransposeGenerator, conv_transpose_pack)
HALIDE_REGISTER_GENERATOR(polyphase::ConvGenerator, conv)
HALIDE_REGISTER_GENERATOR(polyphase::PackConvGenerator, conv_pack)
HALIDE_REGISTER_GENERATOR(polyphase::ResizeConvGenerator, resize_conv)
HALIDE_REGISTER_GENERATOR(polyphase::PackResizeConvGenerator, resize_conv_pack)
HALIDE_REGISTER_GENERATOR(polyphase::ResizeGenerator, resize)
HALIDE_REGISTER_GENERATOR(polyphase::ZeroInsertGenerator, zero_insert)
HALIDE_REGISTER_GENERATOR(polyphase::DepthToSpaceGenerator, depth_to_space)
HALIDE_REGISTER_GENERATOR(polyphase::Col2ImGenerator, col2im)
HALIDE_REGISTER_GENERATOR(polyphase::MaxPoolGenerator, max_pool_indices)
HALIDE_REGISTER_GENERATOR(polyphase::MaxUnpoolGenerator, max_unpool)
HALIDE_REGISTER_GENERATOR(polyphase::UnpoolByIndexGenerator, max_unpool_by_index)
HALIDE_REGISTER_GENERATOR(polyphase::UnpoolCheckGenerator, max_unpool_check)
HALIDE_REGISTER_GENERATOR(polyphase::UnpoolScatterGenerator, max_unpool_scatter)
