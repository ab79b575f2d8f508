// oneDNN. Its primitives may choose the layout of their tensors ("blocked": what it is best at, data already there), or
// are held to a plain one. Weights are always in the primitive's own layout, reordered beforehand.
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <dnnl.hpp>
#include <optional>
#include <unordered_map>

#include "bench/compare/contender.h"

// OpenMP's own; its header belongs to GCC.
extern "C" void omp_set_num_threads(int count);

namespace polyphase::compare {
namespace {

using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

constexpr auto kFloat = memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;

/// How a primitive's tensors lie in memory, and whether a run begins and ends with plain ones.
enum class Storage { nchw, nhwc, blocked, blocked_with_reorders };

Dims dims(const std::vector<int>& values) {
    return {values.begin(), values.end()};
}

Dims tensor_dims(int batch, int channels, const std::vector<int>& spatial) {
    Dims result{batch, channels};
    result.insert(result.end(), spatial.begin(), spatial.end());
    return result;
}

memory::desc plain_desc(const Dims& dims, Layout layout) {
    const Tag channels_first[] = {Tag::ncw, Tag::nchw, Tag::ncdhw}, channels_last[] = {Tag::nwc, Tag::nhwc, Tag::ndhwc};
    return {dims, kFloat, (layout == Layout::nchw ? channels_first : channels_last)[dims.size() - 3]};
}

/// Channels in blocks of a vector, where a primitive has no preference of its own.
memory::desc blocked_desc(const Dims& dims, InstructionSet isa) {
    const Tag blocks_of_16[] = {Tag::nCw16c, Tag::nChw16c, Tag::nCdhw16c};
    const Tag blocks_of_8[] = {Tag::nCw8c, Tag::nChw8c, Tag::nCdhw8c};
    return {dims, kFloat, (isa == InstructionSet::avx512 ? blocks_of_16 : blocks_of_8)[dims.size() - 3]};
}

/// Weights as the problem's owner holds them, in oneDNN's order of dimensions: [groups,] Cout/groups, Cin/groups, k...
memory::desc weights_desc(const Problem& problem, const Convolution& op) {
    const auto groups = op.groups, cin = problem.in_channels / groups, cout = problem.out_channels / groups;
    Dims sizes{cout, cin}, strides;
    sizes.insert(sizes.end(), op.kernel.begin(), op.kernel.end());
    memory::dim taps = 1;
    for (const int k : op.kernel) taps *= k;
    const bool cin_first = op.weight_layout == WeightLayout::cin_cout_k;
    if (!cin_first && op.weight_layout != WeightLayout::cout_cin_k)
        throw Unsupported("only weights in the order of PyTorch and ONNX are prepared for oneDNN");
    strides = cin_first ? Dims{taps, cout * taps} : Dims{cin * taps, taps};
    for (memory::dim rest = taps; const int k : op.kernel) strides.push_back(rest /= k);
    if (groups > 1) {
        sizes.insert(sizes.begin(), groups);
        strides.insert(strides.begin(), cin * cout * taps);
    }
    return {sizes, kFloat, strides};
}

dnnl::primitive_attr epilogue(const Activation& activation) {
    using dnnl::algorithm;
    dnnl::post_ops post_ops;
    switch (activation.kind) {
        case Activation::Kind::none:
            break;
        case Activation::Kind::relu:
            post_ops.append_eltwise(algorithm::eltwise_relu, 0, 0);
            break;
        case Activation::Kind::leaky_relu:
            post_ops.append_eltwise(algorithm::eltwise_relu, static_cast<float>(activation.alpha), 0);
            break;
        case Activation::Kind::clip:
            post_ops.append_eltwise(algorithm::eltwise_clip, static_cast<float>(activation.min),
                                    static_cast<float>(activation.max));
            break;
        case Activation::Kind::tanh:
            post_ops.append_eltwise(algorithm::eltwise_tanh, 0, 0);
            break;
        case Activation::Kind::sigmoid:
            post_ops.append_eltwise(algorithm::eltwise_logistic, 0, 0);
            break;
        case Activation::Kind::prelu:
            throw Unsupported("slopes per channel are not prepared for oneDNN");
    }
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(post_ops);
    return attributes;
}

dnnl::algorithm resampling_of(const std::vector<ResampleAxis>& axes) {
    const ResizeMode mode = axes.front().mode;
    if (mode != ResizeMode::nearest && mode != ResizeMode::linear)
        throw Unsupported("oneDNN resamples by nearest and linear only");
    for (const ResampleAxis& axis : axes)
        if (axis.coordinates != Coordinates::half_pixel || axis.antialias)
            throw Unsupported("oneDNN resamples with half-pixel coordinates and without antialiasing only");
    return mode == ResizeMode::nearest ? dnnl::algorithm::resampling_nearest : dnnl::algorithm::resampling_linear;
}

/// oneDNN asks its threading runtime, OpenMP or oneTBB, how many threads there are: when a primitive is created, and
/// again when it runs.
class Threads {
  public:
    explicit Threads(int count) : count_(count), arena_(count) {}

    void use() {
        omp_set_num_threads(count_);
        limit.reset();
        limit.emplace(tbb::global_control::max_allowed_parallelism, count_);
    }

    template <typename Step>
    void inside(Step&& step) {
        use();
        arena_.execute(step);
    }

  private:
    static std::optional<tbb::global_control> limit;
    const int count_;
    tbb::task_arena arena_;
};

std::optional<tbb::global_control> Threads::limit;

/// One for all: SYCL takes long to start.
const dnnl::engine& engine() {
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

class OneDnnContender : public Contender {
  public:
    OneDnnContender(const Work& work, Storage storage, InstructionSet isa, int threads)
        : work_(work), storage_(storage), isa_(isa), threads_(threads) {
        threads_.inside([&] {
            std::visit([&](const auto& op) { create(op); }, work.problem.op);
            output_ = allocate(plain_output());
            if (storage_ == Storage::blocked_with_reorders) {
                append_reorder(result_, output_);
            }
        });
        setup.first_run_ms = milliseconds([&] { run(); });
        if (storage_ == Storage::blocked) reorder(result_, output_);
    }

    void use_threads() override { threads_.use(); }

    void run() override {
        for (const Step& step : steps_) step.primitive.execute(stream_, step.arguments);
        stream_.wait();
    }

    std::vector<float> output() override {
        memory& plain = storage_ == Storage::blocked || storage_ == Storage::blocked_with_reorders ? output_ : result_;
        if (storage_ == Storage::blocked) reorder(result_, output_);
        const auto* values = static_cast<const float*>(plain.get_data_handle());
        return {values, values + output_elements(work_.problem)};
    }

  private:
    struct Step {
        dnnl::primitive primitive;
        std::unordered_map<int, memory> arguments;
    };

    // The operators.

    void create(const ConvTranspose& op) {
        convolve<dnnl::deconvolution_forward>(dnnl::algorithm::deconvolution_direct, op, work_.problem.input);
    }
    void create(const Conv& op) {
        convolve<dnnl::convolution_forward>(dnnl::algorithm::convolution_auto, op, work_.problem.input);
    }
    void create(const ResizeConv& op) {
        std::vector<int> resized;
        for (const ResampleAxis& axis : op.axes) resized.push_back(axis.output);
        resampling_ = resampling_of(op.axes);
        convolve<dnnl::convolution_forward>(dnnl::algorithm::convolution_auto, op, resized);
    }
    void create(const Resize& op) {
        const dnnl::algorithm algorithm = resampling_of(op.axes);
        const Dims from = input_dims(work_.problem.input), to = output_dims();
        const auto stored = [&](const Dims& dims) {
            return plain() ? plain_desc(dims, *plain()) : blocked_desc(dims, isa_);
        };
        dnnl::resampling_forward::primitive_desc description;
        dnnl::primitive primitive;
        setup.creation_ms = milliseconds([&] {
            description = {engine_,      kInference, algorithm,
                           stored(from), stored(to), epilogue(work_.problem.activation)};
            primitive = dnnl::resampling_forward(description);
        });
        result_ = allocate(description.dst_desc());
        steps_.push_back({primitive, {{DNNL_ARG_SRC, source(stored(from))}, {DNNL_ARG_DST, result_}}});
    }
    /// A reorder: the channel's digits and the blocks are dimensions of their own.
    void create(const DepthToSpace& op) {
        if (!plain()) throw Unsupported("depth to space is a reorder of plain tensors in oneDNN");
        if (work_.problem.rank() != 2 || work_.problem.activation.kind != Activation::Kind::none)
            throw Unsupported("depth to space is prepared for oneDNN in two dimensions and without activation only");
        const memory::dim channels = work_.problem.out_channels, by = op.block[0], bx = op.block[1];
        const memory::dim height = work_.problem.input[0], width = work_.problem.input[1], images = work_.problem.batch;
        const memory::dim planes = channels * by * bx, wide = width * bx, high = height * by;
        const bool last = *plain() == Layout::nhwc;
        // Steps between input channels and input pixels, output channels and output pixels.
        const memory::dim ic = last ? 1 : height * width, ip = last ? planes : 1;
        const memory::dim oc = last ? 1 : high * wide, op_step = last ? channels : 1;
        const bool crd = op.order == DepthOrder::crd;
        const memory::dim channel_step = crd ? by * bx : 1, phase_step = crd ? 1 : channels;
        const Dims sizes{images, channels, height, by, width, bx};
        const memory::desc from(
            sizes, kFloat,
            {planes * height * width, channel_step * ic, width * ip, bx * phase_step * ic, ip, phase_step * ic});
        const memory::desc to(sizes, kFloat,
                              {channels * high * wide, oc, by * wide * op_step, wide * op_step, bx * op_step, op_step});
        const Buffer& numbers = keep(Buffer(work_.input));
        memory input(from, engine_, const_cast<float*>(numbers.data()));
        result_ = allocate(to);
        setup.creation_ms = milliseconds([&] { append_reorder(input, result_); });
    }
    template <typename Other>
    void create(const Other&) {
        throw Unsupported(std::string("oneDNN has no ") + op_name(work_.problem));
    }
    void create(const MaxUnpool&) {
        throw Unsupported("oneDNN unpools by the workspace of its own max pooling, not by indices");
    }

    template <typename Primitive, typename Operator>
    void convolve(dnnl::algorithm algorithm, const Operator& op, const std::vector<int>& image) {
        const Problem& problem = work_.problem;
        if (problem.residual) throw Unsupported("a residual is not prepared for oneDNN");
        Dims dilation;
        for (const int d : op.dilation) dilation.push_back(d - 1);
        const auto wanted = [&](const Dims& dims) {
            return plain() ? plain_desc(dims, *plain()) : memory::desc(dims, kFloat, Tag::any);
        };
        const memory::desc from = wanted(input_dims(image)), to = wanted(output_dims());
        const memory::desc given = weights_desc(problem, op);
        const memory::desc chosen(given.get_dims(), kFloat, Tag::any);
        const memory::desc bias = op.bias ? memory::desc({problem.out_channels}, kFloat, Tag::x) : memory::desc();
        typename Primitive::primitive_desc description;
        dnnl::primitive primitive;
        setup.creation_ms = milliseconds([&] {
            description = {engine_,
                           kInference,
                           algorithm,
                           from,
                           chosen,
                           bias,
                           to,
                           dims(op.stride),
                           dilation,
                           dims(op.pad_begin),
                           dims(op.pad_end),
                           epilogue(problem.activation)};
            primitive = Primitive(description);
        });
        memory weights = allocate(description.weights_desc());
        setup.pack_ms = milliseconds([&] { reorder(allocate(given, work_.weights), weights); });
        const memory image_memory = resampling_ ? resampled(description.src_desc()) : source(description.src_desc());
        result_ = allocate(description.dst_desc());
        Step step{primitive, {{DNNL_ARG_SRC, image_memory}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, result_}}};
        if (op.bias) step.arguments.emplace(DNNL_ARG_BIAS, allocate(bias, work_.bias));
        steps_.push_back(std::move(step));
    }

    /// The resampled image in the layout that the convolution wants, made from an input in the same one.
    memory resampled(const memory::desc& image) {
        const Dims from_dims = input_dims(work_.problem.input);
        const bool last = image == plain_desc(image.get_dims(), Layout::nhwc);
        const memory::desc from = plain() ? plain_desc(from_dims, *plain())
                                  : last  ? plain_desc(from_dims, Layout::nhwc)
                                          : blocked_desc(from_dims, isa_);
        dnnl::resampling_forward::primitive_desc description;
        dnnl::primitive primitive;
        setup.creation_ms += milliseconds([&] {
            description = {engine_, kInference, *resampling_, from, image};
            primitive = dnnl::resampling_forward(description);
        });
        memory result = allocate(image);
        steps_.push_back({primitive, {{DNNL_ARG_SRC, source(from)}, {DNNL_ARG_DST, result}}});
        return result;
    }

    // Memory.

    std::optional<Layout> plain() const {
        if (storage_ == Storage::nchw) return Layout::nchw;
        if (storage_ == Storage::nhwc) return Layout::nhwc;
        return std::nullopt;
    }

    Dims input_dims(const std::vector<int>& spatial) const {
        return tensor_dims(work_.problem.batch, work_.problem.in_channels, spatial);
    }
    Dims output_dims() const {
        return tensor_dims(work_.problem.batch, work_.problem.out_channels, work_.problem.output);
    }
    memory::desc plain_output() const { return plain_desc(output_dims(), work_.problem.output_layout); }

    const Buffer& keep(Buffer buffer) {
        buffers_.push_back(std::move(buffer));
        return buffers_.back();
    }
    memory allocate(const memory::desc& desc) {
        return {desc, engine_, const_cast<float*>(keep(Buffer(desc.get_size())).data())};
    }
    memory allocate(const memory::desc& desc, const std::vector<float>& values) {
        return {desc, engine_, const_cast<float*>(keep(Buffer(values)).data())};
    }

    /// The input in the layout `desc`, brought there beforehand or, with reorders, in every run.
    memory source(const memory::desc& desc) {
        memory given = allocate(plain_desc(desc.get_dims(), work_.problem.input_layout), work_.input);
        if (desc == given.get_desc()) return given;
        memory wanted = allocate(desc);
        if (storage_ == Storage::blocked_with_reorders)
            append_reorder(given, wanted);
        else
            reorder(given, wanted);
        return wanted;
    }

    void append_reorder(const memory& from, const memory& to) {
        if (from.get_desc() == to.get_desc())
            output_ = from;
        else
            steps_.push_back({dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
    }
    void reorder(memory from, memory to) {
        dnnl::reorder(from, to).execute(stream_, from, to);
        stream_.wait();
    }

    const Work& work_;
    const Storage storage_;
    const InstructionSet isa_;
    Threads threads_;
    dnnl::engine engine_ = engine();
    dnnl::stream stream_{engine_};
    std::optional<dnnl::algorithm> resampling_;
    std::vector<Buffer> buffers_;
    std::vector<Step> steps_;
    memory result_;  ///< what the last primitive writes
    memory output_;  ///< the same in the work's layout
};

}  // namespace

std::vector<Library> onednn_libraries(InstructionSet isa) {
    dnnl::set_max_cpu_isa(isa == InstructionSet::avx512 ? dnnl::cpu_isa::isa_default : dnnl::cpu_isa::avx2);
    // oneTBB counts the cores that it may use once, so before anybody confines this process to one.
    engine();
    tbb::this_task_arena::max_concurrency();
    const auto library = [&](const char* name, const char* layout, Layout plain, Storage storage) {
        return Library{name, layout, plain, [=](const Work& work, int threads) {
                           try {
                               return std::make_unique<OneDnnContender>(work, storage, isa, threads);
                           } catch (const dnnl::error& e) {
                               if (e.status != dnnl_unimplemented) throw;
                               throw Unsupported(std::string("oneDNN: ") + e.what());
                           }
                       }};
    };
    return {library("onednn", "blocked", Layout::nchw, Storage::blocked),
            library("onednn", "nchw", Layout::nchw, Storage::nchw),
            library("onednn", "nhwc", Layout::nhwc, Storage::nhwc),
            library("onednn_with_reorders", "nchw", Layout::nchw, Storage::blocked_with_reorders)};
}

std::string onednn_version() {
    const dnnl_version_t* version = dnnl::version();
    return std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
           std::to_string(version->patch) +
           (version->cpu_runtime == DNNL_RUNTIME_OMP ? ", OpenMP" : ", SYCL and oneTBB");
}

}  // namespace polyphase::compare
