#include "tools/emit.h"

#include <Halide.h>
#include <polyphase/kernel.h>
#include <polyphase/version.h>

#include <algorithm>

#include "generators/convolution.h"
#include "generators/kernel_shape.h"
#include "problem/inspect.h"
#include "problem/names.h"
#include "problem/problem_file.h"
#include "tools/targets.h"

namespace polyphase {
namespace {

using Json = nlohmann::ordered_json;

template <typename Range>
std::string join(const Range& values, const std::string& separator) {
    std::string text;
    for (const auto& value : values) {
        if (!text.empty()) text += separator;
        if constexpr (std::is_convertible_v<decltype(value), std::string>)
            text += value;
        else
            text += std::to_string(value);
    }
    return text;
}

std::string replaced(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
    for (const auto& [key, value] : values) {
        for (size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + value.size()))
            text.replace(at, key.size(), value);
    }
    return text;
}

std::string quoted(const std::string& text) {
    std::string literal = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') literal += '\\';
        literal += c;
    }
    return literal + "\"";
}

// What a kernel takes besides input and output.
struct Tensors {
    bool weights = false, bias = false, slopes = false, residual = false;
    bool reads_indices = false, writes_indices = false;
    bool cuda = false;  // whether its library runs on CUDA devices

    explicit Tensors(const Problem& problem) : residual(problem.residual) {
        const Convolution* conv = convolution_of(problem);
        weights = conv != nullptr;
        bias = conv != nullptr && conv->bias;
        slopes = problem.activation.kind == Activation::Kind::prelu;
        reads_indices = std::holds_alternative<MaxUnpool>(problem.op);
        writes_indices = std::holds_alternative<MaxPool>(problem.op);
        cuda = std::any_of(problem.targets.begin(), problem.targets.end(), is_cuda);
    }
    bool indices() const { return reads_indices || writes_indices; }
};

std::vector<std::string> dimension_names(int rank, Layout layout) {
    static const std::vector<std::string> kSpatial{"D", "H", "W"};
    std::vector<std::string> names{"N"};
    if (layout == Layout::nchw) names.emplace_back("C");
    names.insert(names.end(), kSpatial.end() - rank, kSpatial.end());
    if (layout == Layout::nhwc) names.emplace_back("C");
    return names;
}

std::string weight_dimensions(const Problem& problem) {
    static const std::vector<std::string> kKernel{"Kd", "Kh", "Kw"};
    const Convolution& conv = *convolution_of(problem);
    const std::string k = join(std::vector<std::string>(kKernel.end() - problem.rank(), kKernel.end()), ", ");
    const std::string groups = conv.groups == 1 ? "" : "/" + std::to_string(conv.groups);
    switch (conv.weight_layout) {
        case WeightLayout::cin_cout_k:
            return "Cin, Cout" + groups + ", " + k;
        case WeightLayout::k_cout_cin:
            return k + ", Cout, Cin";
        case WeightLayout::cout_k_cin:
            return "Cout, " + k + ", Cin" + groups;
        case WeightLayout::cout_cin_k:
            return "Cout, Cin" + groups + ", " + k;
        case WeightLayout::k_cin_cout:
            return k + ", Cin" + groups + ", Cout";
    }
    return "";
}

std::string summary(const Problem& problem) {
    return std::string(op_name(problem)) + " f32 " + join(input_shape(problem), "x") + " (" +
           join(dimension_names(problem.rank(), problem.input_layout), "") + ") -> " +
           join(output_shape(problem), "x") + " (" + join(dimension_names(problem.rank(), problem.output_layout), "") +
           ")";
}

std::string tensor_spec(const std::vector<int>& shape, Layout layout) {
    return "{.rank = " + std::to_string(shape.size()) + ", .channels_last = " + (layout == Layout::nhwc ? "1" : "0") +
           ", .shape = {" + join(shape, ", ") + "}}";
}

std::string hex(uint64_t value) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%016llxu", static_cast<unsigned long long>(value));
    return text;
}

int widest_bias(const std::vector<Code>& codes) {
    int widest = 0;
    for (const Code& code : codes) widest = std::max(widest, code.packed_channels);
    return widest;
}

size_t packed_size(const Code& code, const Tensors& has, int bias_extent) {
    if (!has.weights) return 0;
    size_t elements = 1;
    for (const int extent : code.packed_extents) elements *= extent;
    return POLYPHASE_PACKED_WEIGHTS(bias_extent, has.slopes ? 1 : 0) + 4 * elements;
}

// How many values an index that this kernel reads can have.
int64_t index_count(const Problem& problem) {
    const auto& unpool = std::get<MaxUnpool>(problem.op);
    int64_t count = unpool.indices.whole_tensor ? int64_t{problem.batch} * problem.in_channels : 1;
    for (const int extent : unpool.index_extent) count *= extent;
    return count;
}

// [1, kh, kw] as the initialisers' three axes.
std::string three_axes(const std::vector<int>& extents) {
    std::vector<int> all(3 - extents.size(), 1);
    all.insert(all.end(), extents.begin(), extents.end());
    return "{" + join(all, ", ") + "}";
}

// The functions that fill weights and bias as the problem says. All take a seed, so that another initialiser is no
// other signature.
std::string initializer_functions(const Problem& problem) {
    const Convolution& conv = *convolution_of(problem);
    const bool transposed = std::holds_alternative<ConvTranspose>(problem.op);
    const std::string weights(name_in(kInitializers, conv.weight_initializer)),
        bias(name_in(kInitializers, conv.bias_initializer));
    std::string text =
        "inline constexpr polyphase::initializers::Shape weight_shape = {" +
        std::string(transposed ? "true" : "false") + ", " + std::to_string(problem.in_channels) + ", " +
        std::to_string(problem.out_channels) + ", " + std::to_string(conv.groups) + ", " + three_axes(conv.kernel) +
        ", polyphase::initializers::Shape::Layout::" + std::string(name_in(kWeightLayouts, conv.weight_layout)) +
        "};\n";
    std::string parameter, arguments;
    bool seeded = true;
    switch (conv.weight_initializer) {
        case Initializer::zeros:
        case Initializer::ones:
            arguments = "weight_elements";
            seeded = false;
            break;
        case Initializer::bilinear:
            arguments = "weight_shape";
            seeded = false;
            break;
        case Initializer::icnr:
            parameter = transposed ? "" : "polyphase::initializers::SubPixel sub_pixel, ";
            arguments = "weight_shape, " + (transposed ? "std::array<int, 3>" + three_axes(conv.stride) : "sub_pixel");
            break;
        default:
            arguments = "weight_shape";
    }
    text += "\n/// Fills weights to start training from: " + weights +
            ".\ninline polyphase::Status initialize_weights(polyphase::initializers::Values weights, " + parameter +
            "std::uint64_t" + (seeded ? " seed" : "") + ") noexcept {\n    return polyphase::initializers::" + weights +
            "(weights, " + arguments + (seeded ? ", seed" : "") + ");\n}\n";
    if (!conv.bias) return text;
    seeded = conv.bias_initializer != Initializer::zeros && conv.bias_initializer != Initializer::ones;
    return text + "\n/// The same for the bias: " + bias +
           ".\ninline polyphase::Status initialize_bias(polyphase::initializers::Values bias, std::uint64_t" +
           (seeded ? " seed" : "") + ") noexcept {\n    return polyphase::initializers::" + bias +
           "(bias, bias_elements" + (seeded ? ", seed" : "") + ");\n}\n";
}

// One `run` of the C++ face, and its twin with a workspace. `parameters` and `arguments` are those besides the kernel.
std::string run_pair(const std::string& function, const std::string& parameters, const std::string& arguments,
                     const std::string& workspace_arguments) {
    const std::string head = "\ninline polyphase::Status run(" + parameters,
                      call = ") noexcept {\n    return polyphase::generated::" + function + "(kernel, ";
    return head + call + arguments + ");\n}\n" + head + ", const polyphase::Workspace& workspace" + call +
           workspace_arguments + ", workspace);\n}\n";
}

// The C++ face of CUDA.
std::string cuda_cxx_face(const Problem& problem, const Tensors& has) {
    const std::string pack_parameters = std::string("const float* weights, ") +
                                        (has.bias ? "const float* bias, " : "") +
                                        (has.slopes ? "const float* slopes, " : "") + "void* packed";
    const std::string pack_call = std::string(has.slopes ? "pack_prelu_cuda" : "pack_cuda") + "(weights, " +
                                  (has.bias ? "bias" : "nullptr") + (has.slopes ? ", slopes" : "") + ", packed";
    const std::string packed = has.weights ? "weights.data()" : "nullptr";
    std::string parameters = "const float* input, ", call = "run_cuda(input, " + packed + ", output";
    if (has.weights) parameters += "const CudaWeights& weights, ";
    if (has.reads_indices) {
        parameters += "const std::int64_t* indices, ";
        call = "run_indexed_cuda(input, indices, output";
    }
    if (has.residual) {
        parameters += "const float* residual, ";
        call = "run_residual_cuda(input, " + packed + ", residual, output";
    }
    parameters += "float* output, ";
    if (has.writes_indices) {
        parameters += "std::int64_t* indices, ";
        call = "run_with_indices_cuda(input, output, indices";
    }
    std::string text = R"(
// On CUDA devices: all pointers are device memory of the current context, multiples of 16. Work is queued on the stream.
inline std::size_t cuda_workspace_size() noexcept { return @name@_workspace_size_cuda(); }

/// Brings the code into the current context: before streams are captured; otherwise the first call does it.
inline polyphase::Status load_cuda() noexcept {
    return polyphase::generated::status_of(@name@_load_cuda(), kernel.functions);
}
)";
    if (has.weights) {
        text += R"(
using CudaWeights = polyphase::generated::CudaWeights<struct Tag>;
inline std::size_t cuda_packed_size() noexcept { return @name@_packed_size_cuda(); }

/// `packed`: cuda_packed_size() bytes. See CudaWeights::status() for errors.
inline CudaWeights pack_cuda(@pack_parameters@, polyphase::CudaStream stream) noexcept {
    const polyphase::Status status = polyphase::generated::status_of(@name@_@pack_call@, stream.handle()), kernel.functions);
    return status ? CudaWeights(packed) : CudaWeights(status);
}
)";
    }
    text += R"(
/// `workspace`: cuda_workspace_size() bytes of device memory, of one run at a time.
inline polyphase::Status run_cuda(@parameters@polyphase::Workspace workspace, polyphase::CudaStream stream) noexcept {
@check_weights@    if (polyphase::Status s = polyphase::generated::check_workspace(kernel.name, @name@_workspace_size_cuda(), workspace); !s) return s;
    return polyphase::generated::status_of(@name@_@call@, workspace.data(), stream.handle()), kernel.functions);
}
)";
    return replaced(text, {{"@pack_parameters@", pack_parameters},
                           {"@pack_call@", pack_call},
                           {"@parameters@", parameters},
                           {"@call@", call},
                           {"@check_weights@", has.weights ? "    if (!weights) return weights.status();\n" : ""},
                           {"@name@", problem.name}});
}

// C++ parameters and arguments of run, for the tensors that this kernel has.
std::string cxx_face(const Problem& problem, const Tensors& has) {
    const std::string rank = std::to_string(problem.rank() + 2);
    std::string text =
        replaced(R"(
#include <polyphase/polyphase.h>

namespace @name@ {

inline constexpr polyphase::Extents<@rank@> input_shape = {@in_shape@};  // @in_dims@
inline constexpr polyphase::Extents<@rank@> output_shape = {@out_shape@};  // @out_dims@
inline constexpr auto input_strides = polyphase::dense_strides(input_shape);
inline constexpr auto output_strides = polyphase::dense_strides(output_shape);
inline constexpr std::int64_t input_elements = @in_elements@, output_elements = @out_elements@;
inline constexpr int input_channel_dimension = @in_channel@, output_channel_dimension = @out_channel@;
)",
                 {{"@name@", problem.name},
                  {"@rank@", rank},
                  {"@in_shape@", join(input_shape(problem), ", ")},
                  {"@out_shape@", join(output_shape(problem), ", ")},
                  {"@in_dims@", join(dimension_names(problem.rank(), problem.input_layout), ", ")},
                  {"@out_dims@", join(dimension_names(problem.rank(), problem.output_layout), ", ")},
                  {"@in_elements@", std::to_string(input_elements(problem))},
                  {"@out_elements@", std::to_string(output_elements(problem))},
                  {"@in_channel@", problem.input_layout == Layout::nchw ? "1" : std::to_string(problem.rank() + 1)},
                  {"@out_channel@", problem.output_layout == Layout::nchw ? "1" : std::to_string(problem.rank() + 1)}});
    const std::string channels = std::to_string(problem.out_channels);
    if (has.weights)
        text += "inline constexpr std::int64_t weight_elements = " + std::to_string(weight_elements(problem)) +
                ";  // " + weight_dimensions(problem) + "\n";
    if (has.bias) text += "inline constexpr std::int64_t bias_elements = " + channels + ";\n";
    if (has.slopes) text += "inline constexpr std::int64_t slope_elements = " + channels + ";\n";
    if (has.reads_indices)
        text += "inline constexpr std::int64_t index_count = " + std::to_string(index_count(problem)) +
                ";  // indices go from 0 to index_count - 1\n";
    text += "inline constexpr std::int64_t flops = " + std::to_string(flops(problem)) + ";\n";

    const std::string& n = problem.name;
    text += "\ninline constexpr polyphase::generated::Kernel<" + rank + "> kernel = {\n    \"" + n +
            "\",\n    input_shape,\n    output_shape,\n    " + (has.weights ? "weight_elements" : "0") + ",\n    " +
            (has.bias || has.slopes ? channels : "0") + ",\n    {" + n + "_last_error, " + n + "_packed_size, " + n +
            "_workspace_size, " + (has.weights ? n + "_pack" : "nullptr") + ", " +
            (has.slopes ? n + "_pack_prelu" : "nullptr") + ", " + n + "_run_view" +
            (has.reads_indices    ? ", " + n + "_run_indexed_view"
             : has.writes_indices ? ", nullptr, " + n + "_run_with_indices_view"
                                  : "") +
            "},\n};\n";
    text += "\nusing Input = polyphase::TensorView<const float, " + rank +
            ">;\nusing Output = polyphase::TensorView<float, " + rank + ">;\n";

    const std::string residual_parameter = has.residual ? "Input residual, " : "",
                      residual = has.residual ? "&residual" : "nullptr";
    if (has.weights) {
        text +=
            "using Values = polyphase::generated::Values;\nusing Weights = polyphase::generated::Weights<struct "
            "Tag>;\n";
        text += "\n/// Brings weights [" + weight_dimensions(problem) + "]" + (has.bias ? ", bias [Cout]" : "") +
                (has.slopes ? ", slopes [Cout]" : "") +
                " into this kernel's layout; see Weights::status() for errors.\n";
        text += std::string("inline Weights pack(Values weights, ") + (has.bias ? "Values bias, " : "") +
                (has.slopes ? "Values slopes, " : "") +
                "int concurrent_runs = 1) noexcept {\n    return Weights::pack(kernel, weights, " +
                (has.bias ? "&bias" : "nullptr") + ", " + (has.slopes ? "&slopes" : "nullptr") +
                ", concurrent_runs);\n}\n";
        text += run_pair("run", "Input input, const Weights& weights, " + residual_parameter + "Output output",
                         "input, weights, " + residual + ", output", "input, &weights, " + residual + ", output");
        text += "\n" + initializer_functions(problem);
    } else if (has.reads_indices) {
        text += "using Indices = polyphase::TensorView<const std::int64_t, " + rank + ">;\n";
        text +=
            "\n/// `indices`: dense, one per element of the input. Allocates nothing when given a workspace of "
            "workspace_size() bytes;\n/// otherwise takes a temporary one from the allocator.";
        text += run_pair("run_indexed", "Input input, Indices indices, Output output", "input, indices, output",
                         "input, indices, output");
    } else if (has.writes_indices) {
        text += "using Indices = polyphase::TensorView<std::int64_t, " + rank + ">;\n";
        text += "\n/// `indices`: dense, one per element of the output.";
        text += run_pair("run_with_indices", "Input input, Output output, Indices indices", "input, output, indices",
                         "input, output, indices");
    } else {
        text += run_pair("run", "Input input, " + residual_parameter + "Output output",
                         "input, " + residual + ", output", "input, nullptr, " + residual + ", output");
    }
    text += replaced(R"(
inline std::size_t workspace_size() noexcept { return @name@_workspace_size(); }
inline const char* info() noexcept { return @name@_info(); }
inline const char* instruction_set() noexcept { return @name@_instruction_set(); }
)",
                     {{"@name@", n}});
    if (has.cuda) text += cuda_cxx_face(problem, has);
    return text + "\n}  // namespace " + n + "\n";
}

// The C functions of kernels with indices.
constexpr const char* kRunIndexed =
    R"(/* `indices`: dense, one per element of the input, from 0 to @last_index@; another one is an error. */
int @name@_run_indexed(const void* input, const int64_t* indices, void* output, void* workspace);
int @name@_run_indexed_view(const polyphase_view* input, const int64_t* indices, const polyphase_view* output, void* workspace);
)";
constexpr const char* kRunWithIndices =
    R"(/* `indices`: dense, one per element of the output. */
int @name@_run_with_indices(const void* input, void* output, int64_t* indices, void* workspace);
int @name@_run_with_indices_view(const polyphase_view* input, const polyphase_view* output, int64_t* indices, void* workspace);
)";

// A C function of CUDA: its name after NAME_, its parameters, and the body's call into the runtime.
struct CudaFunction {
    std::string name, parameters, call, comment;
};

std::vector<CudaFunction> cuda_functions(const Tensors& has) {
    const std::string pack = "const void* weights, const void* bias, ", end = "void* workspace, void* stream";
    std::vector<CudaFunction> functions{
        {"load_cuda", "void", "load_cuda(&kernel)",
         "/* Brings the code into the current context: call it, or pack, before a stream is captured. */\n"},
        {"packed_size_cuda", "void", "packed_size_cuda(&kernel)", ""},
        {"workspace_size_cuda", "void", "workspace_size_cuda(&kernel)", ""},
        {"pack_cuda", pack + "void* packed, void* stream", "pack_cuda(&kernel, weights, bias, NULL, packed, stream)",
         has.slopes    ? "/* An error, always: this kernel needs slopes. */\n"
         : has.weights ? ""
                       : "/* An error, always: this operator has no weights; `packed` is null in runs. */\n"},
        {"run_cuda", "const void* input, const void* packed, void* output, " + end,
         "run_cuda(&kernel, input, packed, NULL, output, workspace, stream)",
         has.residual    ? "/* An error, always: this kernel needs a residual. */\n"
         : has.indices() ? "/* An error, always: this kernel has indices too. */\n"
                         : ""},
    };
    if (has.slopes)
        functions.push_back({"pack_prelu_cuda", pack + "const void* slopes, void* packed, void* stream",
                             "pack_cuda(&kernel, weights, bias, slopes, packed, stream)", ""});
    if (has.residual)
        functions.push_back({"run_residual_cuda",
                             "const void* input, const void* packed, const void* residual, void* output, " + end,
                             "run_cuda(&kernel, input, packed, residual, output, workspace, stream)", ""});
    if (has.reads_indices)
        functions.push_back(
            {"run_indexed_cuda", "const void* input, const int64_t* indices, void* output, " + end,
             "run_indexed_cuda(&kernel, input, indices, output, workspace, stream)",
             "/* An index from outside 0 to @last_index@ is no error here; its value goes nowhere. */\n"});
    if (has.writes_indices)
        functions.push_back({"run_with_indices_cuda", "const void* input, void* output, int64_t* indices, " + end,
                             "run_with_indices_cuda(&kernel, input, output, indices, workspace, stream)", ""});
    return functions;
}

std::string cuda_signature(const CudaFunction& function) {
    const bool size = function.name.find("_size") != std::string::npos;
    return std::string(size ? "size_t" : "int") + " @name@_" + function.name + "(" + function.parameters + ")";
}

// The C face of CUDA.
std::string cuda_declarations(const Tensors& has) {
    std::string text = R"(
/* The same on the CUDA device of the calling thread's current context. All pointers are device memory, multiples of 16;
 * `stream` is a CUstream or cudaStream_t, null the default stream. Work is queued there: nothing waits, copies to or from
 * the host, or allocates device memory. */
)";
    for (const CudaFunction& function : cuda_functions(has))
        text += function.comment + cuda_signature(function) + ";\n";
    return text;
}

std::string cuda_definitions(const Tensors& has) {
    std::string text;
    for (const CudaFunction& function : cuda_functions(has))
        text += cuda_signature(function) + " {\n    return polyphase_kernel_" + function.call + ";\n}\n";
    return text;
}

// A variant's initialiser in the descriptor.
std::string variant(const Problem& problem, const std::vector<Code>& codes, const Code& code, uint64_t hash) {
    const Tensors has(problem);
    const int bias_extent = has.weights ? widest_bias(codes) : 0;
    std::string text = "{\n        .instruction_set = \"" + code.instruction_set + "\",\n";
    if (!is_cuda(code.target)) {
        const std::array<uint64_t, 2> features = feature_mask(code.target);
        text += "        .features = {" + hex(features[0]) + ", " + hex(features[1]) + "},\n";
        const auto parallel = code.schedule.params.find("parallel");
        if (parallel != code.schedule.params.end() && parallel->second != 0) text += "        .parallel = 1,\n";
    }
    text += "        .run = " + code.run_symbol + ",\n";
    if (has.weights) {
        text += "        .pack = " + code.pack_symbol +
                ",\n        .weight_dims = " + std::to_string(code.packed_extents.size()) +
                ",\n        .weight_extent = {" + join(code.packed_extents, ", ") +
                "},\n        .packed_size = " + std::to_string(packed_size(code, has, bias_extent)) + "u,\n";
    }
    if (!code.check_symbol.empty())
        text += "        .check = " + code.check_symbol + ",\n        .scatter = " + code.scatter_symbol + ",\n";
    return text + "        .workspace_size = " + std::to_string(code.workspace_size) +
           "u,\n        .info = " + quoted(report(problem, codes, hash, code.instruction_set).dump()) + ",\n    }";
}

}  // namespace

std::vector<std::string> exported_functions(const Problem& problem) {
    const Tensors has(problem);
    std::vector<std::string> names;
    for (const char* suffix :
         {"info", "instruction_set", "packed_size", "workspace_size", "pack", "run", "run_view", "last_error"})
        names.push_back(problem.name + "_" + suffix);
    if (has.slopes) names.push_back(problem.name + "_pack_prelu");
    if (has.residual) names.push_back(problem.name + "_run_residual");
    for (const char* suffix : {"", "_view"}) {
        if (has.reads_indices) names.push_back(problem.name + "_run_indexed" + suffix);
        if (has.writes_indices) names.push_back(problem.name + "_run_with_indices" + suffix);
    }
    if (has.cuda)
        for (const CudaFunction& function : cuda_functions(has)) names.push_back(problem.name + "_" + function.name);
    return names;
}

std::string emit_header(const Problem& problem) {
    const Tensors has(problem);
    std::string text = "/* " + problem.name + ": " + summary(problem) +
                       ". Generated by Polyphase " POLYPHASE_VERSION "; do not edit. */\n";
    text += replaced(
        R"(#pragma once

#include <polyphase/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The report as JSON; it names the instruction set that runs. */
const char* @name@_info(void);
const char* @name@_instruction_set(void);
size_t @name@_packed_size(void);
size_t @name@_workspace_size(void);
/* All return 0 or an error, whose message is @name@_last_error(), and leave their outputs alone on error. */
@pack_comment@int @name@_pack(const void* weights, const void* bias, void* packed);
@prelu@@run_comment@int @name@_run(const void* input, const void* packed, void* output, void* workspace);
@residual@@indices@@view_comment@int @name@_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual, const polyphase_view* output,
                  void* workspace);
const char* @name@_last_error(void);
@cuda@
#ifdef __cplusplus
}
)",
        {{"@pack_comment@", has.slopes ? "/* An error, always: this kernel needs slopes. */\n"
                            : has.weights
                                ? (has.bias ? "" : "/* `bias` is null: this kernel has none. */\n")
                                : "/* An error, always: this operator has no weights; `packed` is null in runs. */\n"},
         {"@prelu@",
          has.slopes
              ? "int @name@_pack_prelu(const void* weights, const void* bias, const void* slopes, void* packed);\n"
              : ""},
         {"@run_comment@", has.residual    ? "/* An error, always: this kernel needs a residual. */\n"
                           : has.indices() ? "/* An error, always: this kernel has indices too. */\n"
                                           : ""},
         {"@view_comment@", has.indices() ? "/* An error, always. */\n" : ""},
         {"@indices@", has.reads_indices    ? kRunIndexed
                       : has.writes_indices ? kRunWithIndices
                                            : ""},
         {"@residual@", has.residual ? "int @name@_run_residual(const void* input, const void* packed, const void* "
                                       "residual, void* output, void* workspace);\n"
                                     : ""},
         {"@cuda@", has.cuda ? cuda_declarations(has) : ""},
         {"@last_index@", has.reads_indices ? std::to_string(index_count(problem) - 1) : ""},
         {"@name@", problem.name}});
    return text + cxx_face(problem, has) + "#endif\n";
}

std::string emit_source(const Problem& problem, const std::vector<Code>& codes, uint64_t hash) {
    const Tensors has(problem);
    const int bias_extent = has.weights ? widest_bias(codes) : 0;
    std::string text = "#include \"" + problem.name + ".h\"\n\n";
    for (const Code& code : codes) {
        for (const std::string& symbol : {code.run_symbol, code.pack_symbol, code.check_symbol, code.scatter_symbol})
            if (!symbol.empty()) text += "int " + symbol + "(void** args);\n";
    }
    std::string variants, cuda;
    int variant_count = 0;
    for (const Code& code : codes) {
        if (is_cuda(code.target)) {
            cuda = "static const polyphase_variant cuda = " + variant(problem, codes, code, hash) + ";\n";
        } else {
            variants += "    " + variant(problem, codes, code, hash) + ",\n";
            variant_count++;
        }
    }
    if (variant_count > 0) text += "\nstatic const polyphase_variant variants[] = {\n" + variants + "};\n";
    text += cuda + "\nstatic const polyphase_kernel kernel = {\n    .abi = POLYPHASE_KERNEL_ABI,\n    .name = \"" +
            problem.name + "\",\n    .hash = " + hex(hash) +
            ",\n    .input = " + tensor_spec(input_shape(problem), problem.input_layout) +
            ",\n    .output = " + tensor_spec(output_shape(problem), problem.output_layout) + ",\n";
    const std::vector<BufferDim> dims = output_dims(problem);
    text += "    .output_dims = " + std::to_string(dims.size()) + ",\n    .output_dim = {";
    for (const BufferDim& d : dims)
        text += "{" + std::to_string(d.dim) + ", " + std::to_string(d.step) + ", " + std::to_string(d.extent) + "}, ";
    text += "},\n";
    if (has.weights) {
        const std::vector<int> source = weight_extents(problem);
        text += std::string("    .has_weights = 1,\n    .has_bias = ") + (has.bias ? "1" : "0") +
                ",\n    .has_slopes = " + (has.slopes ? "1" : "0") +
                ",\n    .out_channels = " + std::to_string(problem.out_channels) +
                ",\n    .bias_extent = " + std::to_string(bias_extent) +
                ",\n    .source_dims = " + std::to_string(source.size()) + ",\n    .source_extent = {" +
                join(source, ", ") + "},\n";
    }
    if (has.writes_indices) text += "    .indices = POLYPHASE_WRITES_INDICES,\n";
    if (has.reads_indices)
        text += "    .indices = POLYPHASE_READS_INDICES,\n    .index_count = " + std::to_string(index_count(problem)) +
                ",\n";
    text += std::string("    .has_residual = ") + (has.residual ? "1" : "0") +
            ",\n    .variant_count = " + std::to_string(variant_count) +
            ",\n    .variants = " + (variant_count > 0 ? "variants" : "NULL") +
            (cuda.empty() ? "" : ",\n    .cuda = &cuda") + ",\n};\nstatic polyphase_state state;\n";
    text += R"(
const char* @name@_info(void) { return polyphase_kernel_info(&kernel, &state); }
const char* @name@_instruction_set(void) { return polyphase_kernel_instruction_set(&kernel, &state); }
size_t @name@_packed_size(void) { return polyphase_kernel_packed_size(&kernel, &state); }
size_t @name@_workspace_size(void) { return polyphase_kernel_workspace_size(&kernel, &state); }
int @name@_pack(const void* weights, const void* bias, void* packed) {
    return polyphase_kernel_pack(&kernel, &state, weights, bias, NULL, packed);
}
int @name@_run(const void* input, const void* packed, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&kernel, &state, input, packed, NULL, output, workspace);
}
int @name@_run_view(const polyphase_view* input, const void* packed, const polyphase_view* residual, const polyphase_view* output,
                  void* workspace) {
    return polyphase_kernel_run(&kernel, &state, input, packed, residual, output, workspace);
}
const char* @name@_last_error(void) { return polyphase_kernel_last_error(); }
)";
    if (has.slopes) {
        text += R"(int @name@_pack_prelu(const void* weights, const void* bias, const void* slopes, void* packed) {
    return polyphase_kernel_pack(&kernel, &state, weights, bias, slopes, packed);
}
)";
    }
    if (has.residual) {
        text +=
            R"(int @name@_run_residual(const void* input, const void* packed, const void* residual, void* output, void* workspace) {
    return polyphase_kernel_run_dense(&kernel, &state, input, packed, residual, output, workspace);
}
)";
    }
    if (has.reads_indices) {
        text +=
            R"(int @name@_run_indexed(const void* input, const int64_t* indices, void* output, void* workspace) {
    return polyphase_kernel_run_indexed_dense(&kernel, &state, input, indices, output, workspace);
}
int @name@_run_indexed_view(const polyphase_view* input, const int64_t* indices, const polyphase_view* output, void* workspace) {
    return polyphase_kernel_run_indexed(&kernel, &state, input, indices, output, workspace);
}
)";
    }
    if (has.writes_indices) {
        text +=
            R"(int @name@_run_with_indices(const void* input, void* output, int64_t* indices, void* workspace) {
    return polyphase_kernel_run_with_indices_dense(&kernel, &state, input, output, indices, workspace);
}
int @name@_run_with_indices_view(const polyphase_view* input, const polyphase_view* output, int64_t* indices, void* workspace) {
    return polyphase_kernel_run_with_indices(&kernel, &state, input, output, indices, workspace);
}
)";
    }
    if (has.cuda) text += cuda_definitions(has);
    return replaced(text, {{"@name@", problem.name}});
}

Json report(const Problem& problem, const std::vector<Code>& codes, uint64_t hash, const std::string& chosen) {
    const Tensors has(problem);
    char digest[32];
    std::snprintf(digest, sizeof digest, "%016llx", static_cast<unsigned long long>(hash));
    Json json{{"name", problem.name}};
    if (!chosen.empty()) json["instruction_set"] = chosen;
    json["generator"] = "polyphase " POLYPHASE_VERSION ", Halide " + std::to_string(HALIDE_VERSION_MAJOR) + "." +
                        std::to_string(HALIDE_VERSION_MINOR) + "." + std::to_string(HALIDE_VERSION_PATCH);
    json["hash"] = digest;
    json["problem"] = to_json(problem);
    json["flops"] = flops(problem);
    json["min_bytes"] = min_bytes(problem);
    const int bias_extent = has.weights ? widest_bias(codes) : 0;
    for (const Code& code : codes) {
        json["variants"].push_back({{"instruction_set", code.instruction_set},
                                    {"target", code.target},
                                    {"schedule", to_json(code.schedule)},
                                    {"packed_size", packed_size(code, has, bias_extent)},
                                    {"workspace_size", code.workspace_size},
                                    {"object_size", code.object_size}});
    }
    return json;
}

}  // namespace polyphase
