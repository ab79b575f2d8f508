// XNNPACK: channels last, two dimensions; one-dimensional problems have height 1.
#include <pthreadpool.h>
#include <xnnpack.h>

#include <limits>

#include "bench/compare/contender.h"

namespace polyphase::compare {
namespace {

void check(xnn_status status, const char* what) {
    if (status == xnn_status_success) return;
    const std::string text = std::string("XNNPACK: ") + what + " returned status " + std::to_string(status);
    if (status == xnn_status_unsupported_parameter) throw Unsupported(text);
    throw std::runtime_error(text);
}

struct DeleteOperator {
    void operator()(xnn_operator_t op) const { xnn_delete_operator(op); }
};
struct DeletePool {
    void operator()(pthreadpool_t pool) const { pthreadpool_destroy(pool); }
};

/// Clamps are all that XNNPACK fuses.
std::pair<float, float> clamp_of(const Activation& activation) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    switch (activation.kind) {
        case Activation::Kind::none:
            return {-kInfinity, kInfinity};
        case Activation::Kind::relu:
            return {0.0F, kInfinity};
        case Activation::Kind::clip:
            return {static_cast<float>(activation.min), static_cast<float>(activation.max)};
        default:
            throw Unsupported("XNNPACK fuses no activation but clamps");
    }
}

/// A value per axis, of height and width.
struct Axes {
    explicit Axes(const std::vector<int>& values, int missing = 1)
        : height(static_cast<uint32_t>(values.size() == 2 ? values[0] : missing)),
          width(static_cast<uint32_t>(values.back())) {}
    uint32_t height, width;
};

class XnnpackContender : public Contender {
  public:
    XnnpackContender(const Work& work, int threads)
        : problem_(work.problem),
          pool_(threads > 1 ? pthreadpool_create(static_cast<size_t>(threads)) : nullptr),
          input_(work.input),
          output_(static_cast<size_t>(output_elements(work.problem)) * sizeof(float)),
          image_(problem_.input) {
        if (problem_.rank() > 2) throw Unsupported("XNNPACK has no operator with three spatial dimensions");
        if (problem_.residual) throw Unsupported("a residual is not prepared for XNNPACK");
        std::visit([&](const auto& op) { create(op, work); }, problem_.op);
        setup.first_run_ms = milliseconds([&] { run(); });
    }

    void run() override { check(xnn_run_operator(operator_.get(), pool_.get()), "xnn_run_operator"); }

    std::vector<float> output() override { return {output_.data(), output_.data() + output_elements(problem_)}; }

  private:
    /// `creator` gets the place for the operator that it creates.
    template <typename Creator>
    void create_operator(Creator&& creator) {
        xnn_operator_t created = nullptr;
        setup.creation_ms = milliseconds([&] { check(creator(&created), "creating the operator"); });
        operator_.reset(created);
    }

    void create(const ConvTranspose& op, const Work& work) {
        const Axes kernel(op.kernel), stride(op.stride), dilation(op.dilation);
        // A negative end pad is XNNPACK's adjustment.
        std::vector<int> pad_end, adjustment;
        for (const int pad : op.pad_end) {
            pad_end.push_back(std::max(pad, 0));
            adjustment.push_back(std::max(-pad, 0));
        }
        for (const int pad : op.pad_begin)
            if (pad < 0) throw Unsupported("XNNPACK cannot extend an output at its begin");
        const Axes begin(op.pad_begin, 0), end(pad_end, 0), adjust(adjustment, 0);
        const size_t groups = static_cast<size_t>(op.groups), cin = static_cast<size_t>(problem_.in_channels) / groups,
                     cout = static_cast<size_t>(problem_.out_channels) / groups;
        const std::vector<float> weights = channels_innermost(work.weights, op, groups, cin, cout);
        const auto [least, greatest] = clamp_of(problem_.activation);
        // Creating packs the weights, so this is both.
        create_operator([&](xnn_operator_t* created) {
            return xnn_create_deconvolution2d_nhwc_f32(
                begin.height, end.width, end.height, begin.width, kernel.height, kernel.width, stride.height,
                stride.width, dilation.height, dilation.width, static_cast<uint32_t>(groups), cin, cout, cin * groups,
                cout * groups, weights.data(), work.bias.empty() ? nullptr : work.bias.data(), least, greatest, 0,
                created);
        });
        check(xnn_setup_deconvolution2d_nhwc_f32(operator_.get(), static_cast<size_t>(problem_.batch), image_.height,
                                                 image_.width, adjust.height, adjust.width, input_.data(),
                                                 output_.data(), pool_.get()),
              "xnn_setup_deconvolution2d_nhwc_f32");
    }

    /// [Cin, Cout/groups, k...] as [groups, Cout/groups, k..., Cin/groups].
    static std::vector<float> channels_innermost(const std::vector<float>& weights, const Convolution& op,
                                                 size_t groups, size_t cin, size_t cout) {
        if (op.weight_layout != WeightLayout::cin_cout_k)
            throw Unsupported("only weights in the order of PyTorch and ONNX are prepared for XNNPACK");
        const size_t taps = weights.size() / (groups * cin * cout);
        std::vector<float> result(weights.size());
        for (size_t g = 0; g < groups; g++)
            for (size_t ci = 0; ci < cin; ci++)
                for (size_t co = 0; co < cout; co++)
                    for (size_t t = 0; t < taps; t++)
                        result[((g * cout + co) * taps + t) * cin + ci] =
                            weights[((g * cin + ci) * cout + co) * taps + t];
        return result;
    }

    void create(const Resize& op, const Work& /*work*/) {
        if (problem_.rank() != 2) throw Unsupported("XNNPACK resizes images only");
        const ResampleAxis& axis = op.axes.front();
        for (const ResampleAxis& other : op.axes)
            if (other.mode != ResizeMode::linear || other.antialias || other.coordinates != axis.coordinates)
                throw Unsupported("XNNPACK resizes bilinearly and without antialiasing only");
        uint32_t flags = 0;
        switch (axis.coordinates) {
            case Coordinates::half_pixel:
                break;
            case Coordinates::align_corners:
                flags = XNN_FLAG_ALIGN_CORNERS;
                break;
            case Coordinates::asymmetric:
                flags = XNN_FLAG_TENSORFLOW_LEGACY_MODE;
                break;
            default:
                throw Unsupported("XNNPACK resizes with half-pixel, align-corners or asymmetric coordinates only");
        }
        if (problem_.activation.kind != Activation::Kind::none) throw Unsupported("XNNPACK resizes without activation");
        const size_t channels = static_cast<size_t>(problem_.in_channels);
        create_operator([&](xnn_operator_t* created) {
            return xnn_create_resize_bilinear2d_nhwc_f32(channels, channels, channels, flags, created);
        });
        const Axes resized(problem_.output);
        check(xnn_setup_resize_bilinear2d_nhwc_f32(operator_.get(), static_cast<size_t>(problem_.batch), image_.height,
                                                   image_.width, resized.height, resized.width, input_.data(),
                                                   output_.data(), pool_.get()),
              "xnn_setup_resize_bilinear2d_nhwc_f32");
    }

    void create(const MaxUnpool& op, const Work& work) {
        const Axes kernel(op.kernel);
        if (op.stride != op.kernel) throw Unsupported("XNNPACK unpools windows that do not overlap only");
        for (const int pad : op.pad_begin)
            if (pad != 0) throw Unsupported("unpooling with pads is not prepared for XNNPACK");
        if (problem_.rank() != 2) throw Unsupported("XNNPACK unpools images only");
        places_in_window(op, work.indices);
        const size_t channels = static_cast<size_t>(problem_.in_channels);
        create_operator([&](xnn_operator_t* created) {
            return xnn_create_unpooling2d_nhwc_x32(0, 0, 0, 0, kernel.height, kernel.width, channels, channels,
                                                   channels, 0, created);
        });
        check(xnn_setup_unpooling2d_nhwc_x32(operator_.get(), static_cast<size_t>(problem_.batch), image_.height,
                                             image_.width, input_.data(), places_.data(), output_.data(), pool_.get()),
              "xnn_setup_unpooling2d_nhwc_x32");
    }

    /// Indices into a plane or the whole tensor, as XNNPACK's places in the window, which count down its columns.
    void places_in_window(const MaxUnpool& op, const std::vector<int64_t>& indices) {
        const int64_t rows = op.index_extent[0], columns = op.index_extent[1];
        for (const int64_t index : indices) {
            const int64_t in_plane = index % (rows * columns);
            const int64_t y = in_plane / columns % op.kernel[0], x = in_plane % columns % op.kernel[1];
            places_.push_back(static_cast<uint32_t>(x * op.kernel[0] + y));
        }
    }

    void create(const DepthToSpace& op, const Work& /*work*/) {
        if (op.order != DepthOrder::dcr) throw Unsupported("XNNPACK has depth to space in the order DCR only");
        if (problem_.rank() != 2 || op.block[0] != op.block[1])
            throw Unsupported("XNNPACK has depth to space with square blocks only");
        const size_t channels = static_cast<size_t>(problem_.out_channels);
        create_operator([&](xnn_operator_t* created) {
            return xnn_create_depth_to_space_nhwc_x32(channels, static_cast<size_t>(problem_.in_channels), channels,
                                                      static_cast<uint32_t>(op.block[0]), 0, created);
        });
        check(xnn_setup_depth_to_space_nhwc_x32(operator_.get(), static_cast<size_t>(problem_.batch), image_.height,
                                                image_.width, input_.data(), output_.data(), pool_.get()),
              "xnn_setup_depth_to_space_nhwc_x32");
    }

    template <typename Other>
    void create(const Other&, const Work&) {
        throw Unsupported(std::string("XNNPACK has no ") + op_name(problem_));
    }

    const Problem& problem_;
    std::unique_ptr<pthreadpool, DeletePool> pool_;
    Buffer input_, output_;
    const Axes image_;
    std::vector<uint32_t> places_;
    std::unique_ptr<xnn_operator, DeleteOperator> operator_;
};

}  // namespace

std::unique_ptr<Contender> xnnpack_contender(const Work& work, int threads) {
    check(xnn_initialize(nullptr), "xnn_initialize");
    return std::make_unique<XnnpackContender>(work, threads);
}

std::vector<Library> xnnpack_libraries(InstructionSet isa) {
    return {{"xnnpack", "nhwc", Layout::nhwc, [=](const Work& work, int threads) {
                 if (isa != InstructionSet::avx512)
                     throw Unsupported(
                         "this XNNPACK takes the machine's best instruction set and cannot be told not to");
                 return xnnpack_contender(work, threads);
             }}};
}

std::string xnnpack_version() {
    return POLYPHASE_XNNPACK_VERSION;
}

}  // namespace polyphase::compare
