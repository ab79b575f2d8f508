#include "problem/problem_file.h"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <sstream>

namespace polyphase {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Json = nlohmann::ordered_json;

Problem parsed(const std::string& json) {
    const ParseResult result = parse_problems(json);
    EXPECT_THAT(result.errors, IsEmpty()) << json;
    return result.problems.empty() ? Problem{} : result.problems[0];
}

std::vector<std::string> errors_of(const std::string& json) {
    const ParseResult result = parse_problems(json);
    EXPECT_TRUE(result.errors.empty() || result.problems.empty());
    return result.errors;
}

/// A sound problem of each operator, to be spoilt one field at a time.
Json sound(const std::string& op) {
    Json json = {{"name", "up1"}, {"op", op}, {"input", {1, 4, 5, 6}}};
    if (op == "conv_transpose") json.update({{"out_channels", 6}, {"kernel", {3, 3}}, {"stride", {2, 2}}});
    if (op == "resize") json.update({{"mode", "linear"}, {"output", {10, 12}}});
    if (op == "zero_insert") json.update({{"stride", 2}});
    if (op == "conv") json.update({{"out_channels", 6}, {"kernel", {3, 3}}, {"pads", 1}});
    if (op == "resize_conv")
        json.update({{"out_channels", 6}, {"kernel", {3, 3}}, {"pads", 1}, {"mode", "nearest"}, {"scale", 2}});
    if (op == "depth_to_space") json.update({{"block", 2}, {"order", "dcr"}});
    if (op == "col2im") json.update({{"input", {1, 8, 30}}, {"output", {6, 7}}, {"kernel", {2, 2}}});
    if (op == "max_pool_indices") json.update({{"kernel", 2}, {"stride", 2}, {"indices", "onnx"}});
    if (op == "max_unpool") json.update({{"kernel", 2}, {"stride", 2}, {"indices", "torch"}});
    return json;
}

/// `base` with the fields of `change`; null takes a field out.
Json changed(Json base, const std::string& change) {
    const Json fields = Json::parse(change);
    for (const auto& [key, value] : fields.items()) {
        base.erase(key);
        if (!value.is_null()) base[key] = value;
    }
    return base;
}

// ---- what a file says

TEST(ProblemFile, ConvTransposeWithEveryField) {
    const Problem problem = parsed(R"({
        "name": "up1", "model": "a comment", "op": "conv_transpose", "input": [2, 4, 5, 6], "out_channels": 6, "kernel": [3, 4],
        "stride": [2, 3], "dilation": [2, 1], "pads": [[1, 0], [2, -1]], "output_padding": [1, 2], "groups": 2, "bias": true,
        "weight_layout": "cout_k_cin", "layout": "nhwc", "output_layout": "nchw", "dtype": "f32", "residual": true,
        "activation": {"name": "leaky_relu", "alpha": 0.2}, "targets": ["x86-64-linux-avx2", "x86-64-linux"]})");
    EXPECT_EQ(problem.name, "up1");
    EXPECT_EQ(problem.batch, 2);
    EXPECT_EQ(problem.in_channels, 4);
    EXPECT_EQ(problem.out_channels, 6);
    EXPECT_THAT(problem.input, ElementsAre(5, 6));
    EXPECT_THAT(problem.output, ElementsAre(13, 20));  // 4*2 + 5 - 1 + 1 and 5*3 + 4 - 2 + 1 + 2
    EXPECT_EQ(problem.input_layout, Layout::nhwc);
    EXPECT_EQ(problem.output_layout, Layout::nchw);
    EXPECT_EQ(problem.activation.kind, Activation::Kind::leaky_relu);
    EXPECT_EQ(problem.activation.alpha, 0.2);
    EXPECT_TRUE(problem.residual);
    EXPECT_THAT(problem.targets, ElementsAre("x86-64-linux-avx2", "x86-64-linux"));
    const auto& conv = std::get<ConvTranspose>(problem.op);
    EXPECT_THAT(conv.kernel, ElementsAre(3, 4));
    EXPECT_THAT(conv.stride, ElementsAre(2, 3));
    EXPECT_THAT(conv.dilation, ElementsAre(2, 1));
    EXPECT_THAT(conv.pad_begin, ElementsAre(1, 2));
    EXPECT_THAT(conv.pad_end, ElementsAre(-1, -3));
    EXPECT_EQ(conv.groups, 2);
    EXPECT_TRUE(conv.bias);
    EXPECT_EQ(conv.weight_layout, WeightLayout::cout_k_cin);
}

TEST(ProblemFile, ConvTransposeDefaults) {
    const Problem problem =
        parsed(R"({"name": "up", "op": "conv_transpose", "input": [1, 2, 7], "out_channels": 3, "kernel": 5})");
    const auto& conv = std::get<ConvTranspose>(problem.op);
    EXPECT_THAT(problem.output, ElementsAre(11));
    EXPECT_THAT(conv.stride, ElementsAre(1));
    EXPECT_THAT(conv.dilation, ElementsAre(1));
    EXPECT_THAT(conv.pad_begin, ElementsAre(0));
    EXPECT_THAT(conv.pad_end, ElementsAre(0));
    EXPECT_EQ(conv.groups, 1);
    EXPECT_FALSE(conv.bias);
    EXPECT_EQ(conv.weight_layout, WeightLayout::cin_cout_k);
    EXPECT_EQ(problem.activation.kind, Activation::Kind::none);
    EXPECT_EQ(problem.input_layout, Layout::nchw);
    EXPECT_THAT(problem.targets, IsEmpty());
}

/// pad_begin and pad_end of an axis of 4 inputs, kernel 3, stride 2 (9 outputs uncropped).
std::pair<int, int> pads_of(const std::string& fields) {
    const Problem problem = parsed(
        R"({"name": "up", "op": "conv_transpose", "input": [1, 1, 4], "out_channels": 1, "kernel": 3, "stride": 2, )" +
        fields + "}");
    const auto& conv = std::get<ConvTranspose>(problem.op);
    EXPECT_EQ(problem.output.at(0), 9 - conv.pad_begin.at(0) - conv.pad_end.at(0));
    return {conv.pad_begin.at(0), conv.pad_end.at(0)};
}

TEST(ProblemFile, EveryFormOfPads) {
    EXPECT_EQ(pads_of(R"("pads": 1)"), std::pair(1, 1));
    EXPECT_EQ(pads_of(R"("pads": [2])"), std::pair(2, 2));
    EXPECT_EQ(pads_of(R"("pads": [[2, 1]])"), std::pair(2, 1));
    EXPECT_EQ(pads_of(R"("pads": [[-2, -3]])"), std::pair(-2, -3));
    EXPECT_EQ(pads_of(R"("pads": "onnx_same_upper")"), std::pair(0, 1));
    EXPECT_EQ(pads_of(R"("pads": "openvino_same_upper", "output": 8)"), std::pair(1, 0));
    EXPECT_EQ(pads_of(R"("pads": "keras_same", "output_padding": 0)"), std::pair(1, 1));
    EXPECT_EQ(pads_of(R"("pads": "onnx_output_shape", "output_padding": 1, "output": 7)"), std::pair(2, 0));
    EXPECT_EQ(pads_of(R"("pads": [[1, 1]], "output_padding": 1)"), std::pair(1, 0));
    EXPECT_EQ(pads_of(R"("pads": 1, "output": 12)"), std::pair(1, -4));
    EXPECT_EQ(pads_of(R"("output": 5)"), std::pair(0, 4));
}

TEST(ProblemFile, ResizeByOutput) {
    const Problem problem =
        parsed(R"({"name": "r", "op": "resize", "input": [1, 3, 4, 5], "output": [8, 10], "mode": "cubic",
        "coordinates": "asymmetric", "nearest_rounding": "ceil", "cubic_coeff": -0.5, "exclude_outside": true, "antialias": true})");
    EXPECT_EQ(problem.out_channels, 3);
    EXPECT_THAT(problem.output, ElementsAre(8, 10));
    const ResampleAxis& axis = std::get<Resize>(problem.op).axes[1];
    EXPECT_EQ(axis.input, 5);
    EXPECT_EQ(axis.output, 10);
    EXPECT_EQ(axis.scale, 2.0);
    EXPECT_EQ(axis.mode, ResizeMode::cubic);
    EXPECT_EQ(axis.coordinates, Coordinates::asymmetric);
    EXPECT_EQ(axis.nearest_rounding, NearestRounding::ceil);
    EXPECT_EQ(axis.cubic_coeff, -0.5);
    EXPECT_TRUE(axis.exclude_outside);
    EXPECT_TRUE(axis.antialias);
}

TEST(ProblemFile, ResizeByScaleRoundsTheOutputDownAndKeepsTheScale) {
    const Problem problem =
        parsed(R"({"name": "r", "op": "resize", "input": [1, 3, 3, 100], "scale": [1.5, 0.29], "mode": "nearest"})");
    EXPECT_THAT(problem.output, ElementsAre(4, 29));
    EXPECT_EQ(std::get<Resize>(problem.op).axes[0].scale, 1.5);
}

TEST(ProblemFile, ResizeOfARegion) {
    const Problem problem =
        parsed(R"({"name": "r", "op": "resize", "input": [1, 3, 10, 10], "scale": 2, "mode": "linear",
        "coordinates": "tf_crop_and_resize", "roi": [[0.2, 0.5], [0, 1]], "extrapolation": -1.5})");
    EXPECT_THAT(problem.output, ElementsAre(6, 20));
    const auto& resize = std::get<Resize>(problem.op);
    EXPECT_EQ(resize.axes[0].roi_begin, 0.2);
    EXPECT_EQ(resize.axes[0].roi_end, 0.5);
    EXPECT_EQ(resize.extrapolation_value, -1.5);
}

TEST(ProblemFile, ZeroInsert) {
    const Problem problem =
        parsed(R"({"name": "z", "op": "zero_insert", "input": [1, 3, 4, 5], "stride": [2, 3], "offset": [0, 2]})");
    EXPECT_THAT(problem.output, ElementsAre(8, 15));
    EXPECT_EQ(problem.out_channels, 3);
    EXPECT_THAT(std::get<ZeroInsert>(problem.op).offset, ElementsAre(0, 2));
    EXPECT_THAT(parsed(R"({"name": "z", "op": "zero_insert", "input": [1, 3, 4], "stride": 2, "output": 7})").output,
                ElementsAre(7));
}

TEST(ProblemFile, Activations) {
    const auto activation = [](const std::string& value) {
        return parsed(changed(sound("conv_transpose"), R"({"activation": )" + value + "}").dump()).activation;
    };
    EXPECT_EQ(activation(R"("prelu")").kind, Activation::Kind::prelu);
    EXPECT_EQ(activation(R"({"name": "tanh"})").kind, Activation::Kind::tanh);
    EXPECT_EQ(activation(R"("leaky_relu")").alpha, 0.01);
    const Activation relu6 = activation(R"("relu6")");
    EXPECT_EQ(relu6.kind, Activation::Kind::clip);
    EXPECT_EQ(relu6.min, 0.0);
    EXPECT_EQ(relu6.max, 6.0);
    const Activation clip = activation(R"({"name": "clip", "min": -1, "max": 0.5})");
    EXPECT_EQ(clip.min, -1.0);
    EXPECT_EQ(clip.max, 0.5);
}

TEST(ProblemFile, EveryRowOfTheLayerList) {
    const Json layers = Json::parse(std::ifstream(POLYPHASE_ROOT "/bench/layers.json"));
    const ParseResult result = parse_problems(layers.dump());
    EXPECT_THAT(result.errors, IsEmpty());
    ASSERT_THAT(result.problems, SizeIs(layers.size()));
    for (size_t i = 0; i < layers.size(); i++) EXPECT_EQ(result.problems[i].name, layers[i]["name"].get<std::string>());
}

TEST(ProblemFile, Conv) {
    const Problem problem = parsed(R"({"name": "c", "op": "conv", "input": [1, 4, 5, 6], "out_channels": 6,
        "kernel": [3, 2], "dilation": [1, 4], "pads": [[1, 0], [2, 3]], "groups": 2})");
    EXPECT_THAT(problem.output, ElementsAre(4, 7));
    const auto& conv = std::get<Conv>(problem.op);
    EXPECT_THAT(conv.pad_begin, ElementsAre(1, 2));
    EXPECT_THAT(conv.pad_end, ElementsAre(0, 3));
    EXPECT_THAT(conv.stride, ElementsAre(1, 1));
    EXPECT_EQ(conv.weight_layout, WeightLayout::cout_cin_k);
}

TEST(ProblemFile, NamedPadsOfAConv) {
    const auto pads = [](const std::string& name) {
        const Problem problem =
            parsed(R"({"name": "c", "op": "conv", "input": [1, 1, 9], "out_channels": 1, "kernel": 4,
            "pads": ")" +
                   name + "\"}");
        const auto& conv = std::get<Conv>(problem.op);
        return std::vector<int>{conv.pad_begin[0], conv.pad_end[0], problem.output[0]};
    };
    EXPECT_THAT(pads("valid"), ElementsAre(0, 0, 6));
    EXPECT_THAT(pads("same_upper"), ElementsAre(1, 2, 9));
    EXPECT_THAT(pads("same_lower"), ElementsAre(2, 1, 9));
}

TEST(ProblemFile, ResizeConv) {
    const Problem problem = parsed(R"({"name": "c", "op": "resize_conv", "input": [1, 4, 5, 6], "out_channels": 3,
        "kernel": 3, "pads": "same_upper", "mode": "linear", "resized": [10, 13], "weight_initializer": "icnr"})");
    EXPECT_THAT(problem.output, ElementsAre(10, 13));
    const auto& op = std::get<ResizeConv>(problem.op);
    EXPECT_EQ(op.axes[1].output, 13);
    EXPECT_EQ(op.axes[1].mode, ResizeMode::linear);
    EXPECT_EQ(op.weight_initializer, Initializer::icnr);
    EXPECT_EQ(op.bias_initializer, Initializer::zeros);
}

TEST(ProblemFile, DepthToSpace) {
    const Problem problem =
        parsed(R"({"name": "d", "op": "depth_to_space", "input": [2, 12, 5, 6], "block": [2, 3], "order": "crd"})");
    EXPECT_EQ(problem.out_channels, 2);
    EXPECT_THAT(problem.output, ElementsAre(10, 18));
    EXPECT_EQ(std::get<DepthToSpace>(problem.op).order, DepthOrder::crd);
}

TEST(ProblemFile, Col2Im) {
    // Blocks of 3 x 2 (5 x 2 dilated), steps of 2 and 1: (6 + 1 - 5)/2 + 1 = 2 by 7 + 2 - 2 + 1 = 8.
    const Problem problem =
        parsed(R"({"name": "f", "op": "col2im", "input": [2, 18, 16], "output": [6, 7], "kernel": [3, 2],
        "stride": [2, 1], "dilation": [2, 1], "pads": [[0, 1], 1]})");
    EXPECT_EQ(problem.out_channels, 3);
    EXPECT_THAT(problem.input, ElementsAre(2, 8));
    EXPECT_THAT(problem.output, ElementsAre(6, 7));
    EXPECT_THAT(std::get<Col2Im>(problem.op).pad_begin, ElementsAre(0, 1));
}

TEST(ProblemFile, MaxPool) {
    const Problem problem = parsed(R"({"name": "m", "op": "max_pool_indices", "input": [1, 3, 7, 8], "kernel": [3, 2],
        "stride": 2, "dilation": [2, 1], "pads": [1, 0], "indices": "onnx", "storage_order": "column_major"})");
    EXPECT_THAT(problem.output, ElementsAre(3, 4));  // (7 + 2 - 5)/2 + 1
    const auto& op = std::get<MaxPool>(problem.op);
    EXPECT_THAT(op.pad_begin, ElementsAre(1, 0));
    EXPECT_TRUE(op.indices.whole_tensor);
    EXPECT_TRUE(op.indices.column_major);
}

/// Outputs of an axis pooled with ceil_mode, counted: every window that starts at an input or a begin pad, as far as
/// needed to see the whole padded input.
int ceil_mode_outputs(int input, int kernel, int stride, int pad) {
    int outputs = 0;
    for (int start = -pad; start < input; start += stride) {
        outputs++;
        if (start + kernel >= input + pad) break;
    }
    return outputs;
}

TEST(ProblemFile, CeilModeOfEverySmallShape) {
    for (int input = 1; input < 9; input++)
        for (int kernel = 1; kernel <= 4; kernel++)
            for (int stride = 1; stride <= 5; stride++)
                for (int pad = 0; pad <= kernel / 2 && input + 2 * pad >= kernel; pad++) {
                    const Json json = {{"name", "m"},       {"op", "max_pool_indices"}, {"input", {1, 1, input}},
                                       {"kernel", kernel},  {"stride", stride},         {"pads", pad},
                                       {"ceil_mode", true}, {"indices", "torch"}};
                    SCOPED_TRACE(json.dump());
                    const Problem problem = parsed(json.dump());
                    EXPECT_THAT(problem.output, ElementsAre(ceil_mode_outputs(input, kernel, stride, pad)));
                    EXPECT_TRUE(parsed(to_json(problem).dump()) == problem);
                }
}

TEST(ProblemFile, MaxUnpool) {
    const std::string fields =
        R"("name": "u", "op": "max_unpool", "input": [1, 3, 4, 5], "kernel": [3, 2], "stride": 2)";
    const Problem onnx = parsed("{" + fields + R"(, "indices": "onnx", "output": [10, 11]})");
    EXPECT_THAT(onnx.output, ElementsAre(10, 11));
    EXPECT_THAT(std::get<MaxUnpool>(onnx.op).index_extent, ElementsAre(9, 10));
    const Problem torch = parsed("{" + fields + R"(, "indices": "torch", "output": [10, 11]})");
    EXPECT_THAT(std::get<MaxUnpool>(torch.op).index_extent, ElementsAre(10, 11));
    EXPECT_THAT(parsed("{" + fields + R"(, "indices": "torch", "pads": [1, 0]})").output, ElementsAre(7, 10));
}

TEST(ProblemFile, OutputAndScaleOfAResizeAreIndependent) {
    const Problem problem =
        parsed(R"({"name": "r", "op": "resize", "input": [1, 1, 100], "output": 28, "scale": 0.29, "mode": "linear"})");
    EXPECT_THAT(problem.output, ElementsAre(28));
    EXPECT_EQ(std::get<Resize>(problem.op).axes[0].scale, 0.29);
}

// ---- the canonical form

TEST(CanonicalForm, ReadsBackAsTheSameProblem) {
    const char* files[] = {
        R"({"name": "a", "op": "conv_transpose", "input": [2, 4, 5, 6], "out_channels": 6, "kernel": [3, 4], "stride": [2, 3],
            "dilation": [2, 1], "pads": [[1, 0], [2, -1]], "output_padding": [1, 2], "groups": 2, "bias": true, "residual": true,
            "layout": "nhwc", "weight_layout": "cout_k_cin", "activation": {"name": "leaky_relu", "alpha": 0.1}, "targets": ["host"], "machine": "neoverse-n1"})",
        R"({"name": "b", "op": "conv_transpose", "input": [1, 2, 3, 4, 5], "out_channels": 2, "kernel": 3, "stride": 2, "pads": "tf_same",
            "activation": "relu6"})",
        R"({"name": "c", "op": "resize", "input": [1, 2, 3, 4], "scale": [1.5, 2.3], "mode": "cubic", "cubic_coeff": -0.3, "antialias": true})",
        R"({"name": "d", "op": "resize", "input": [1, 2, 3, 7], "output": [5, 11], "mode": "nearest", "nearest_rounding": "ceil"})",
        R"({"name": "e", "op": "resize", "input": [1, 2, 13, 49], "scale": [2, 0.6], "mode": "linear", "coordinates": "tf_crop_and_resize",
            "roi": [[0.1, 0.7], [0, 1]], "extrapolation": 3.5, "exclude_outside": true, "input_layout": "nhwc"})",
        R"({"name": "f", "op": "zero_insert", "input": [1, 2, 13], "stride": 3, "offset": 1, "output": 37, "activation": "sigmoid"})",
        R"({"name": "g", "op": "resize", "input": [1, 2, 13], "output": 7, "scale": 0.6, "mode": "lanczos5", "antialias": true})",
        R"({"name": "h", "op": "resize", "input": [1, 2, 13], "scale": 0.6, "mode": "area"})",
        R"({"name": "o", "op": "resize", "input": [1, 2, 13], "output": 82, "mode": "nearest", "nearest_rounding": "round_prefer_ceil",
            "single_precision": true})",
        R"({"name": "i", "op": "conv", "input": [1, 4, 13, 9], "out_channels": 6, "kernel": [3, 2], "pads": "same_lower", "groups": 2,
            "dilation": [2, 1], "weight_layout": "cout_k_cin", "weight_initializer": "he_normal", "bias_initializer": "ones", "bias": true})",
        R"({"name": "j", "op": "resize_conv", "input": [1, 4, 13, 9], "out_channels": 6, "kernel": 3, "pads": 1, "scale": [2, 1.5],
            "mode": "nearest", "coordinates": "asymmetric", "nearest_rounding": "floor", "weight_layout": "k_cin_cout"})",
        R"({"name": "k", "op": "depth_to_space", "input": [1, 24, 3, 4, 5], "block": [2, 3, 2], "order": "crd", "layout": "nhwc"})",
        R"({"name": "l", "op": "col2im", "input": [2, 8, 6], "output": [6, 7], "kernel": 2, "stride": [3, 4], "pads": [[0, 0], [1, 3]]})",
        R"({"name": "m", "op": "max_pool_indices", "input": [1, 3, 7, 8], "kernel": 3, "stride": 2, "pads": 1, "ceil_mode": true,
            "indices": "onnx", "storage_order": "column_major"})",
        R"({"name": "n", "op": "max_unpool", "input": [1, 3, 7, 8], "kernel": 3, "stride": 2, "pads": 1, "indices": "onnx",
            "output": [15, 17]})",
    };
    for (const char* file : files) {
        const Problem problem = parsed(file);
        const std::string canonical = to_json(problem).dump();
        const Problem again = parsed(canonical);
        EXPECT_EQ(to_json(again).dump(), canonical);
        EXPECT_TRUE(again == problem) << canonical;
    }
}

TEST(CanonicalForm, HasEveryFieldOfTheOperator) {
    // Comments, ways to say the same, fields of one mode only, and a machine that nobody named are left out.
    const std::vector<std::string_view> other = {"model", "layout",        "output_padding", "scale",
                                                 "roi",   "extrapolation", "ceil_mode",      "machine"};
    for (const std::string_view op : op_names()) {
        const Json json = to_json(parsed(sound(std::string(op)).dump()));
        for (const std::string_view field : fields_of(op))
            EXPECT_EQ(json.contains(field), std::ranges::find(other, field) == other.end()) << op << " " << field;
    }
}

TEST(CanonicalForm, IsTheSameForEveryWayToSayIt) {
    const auto canonical = [](const std::string& fields) {
        return to_json(parsed(changed(sound("conv_transpose"), fields).dump())).dump();
    };
    const std::string plain =
        canonical(R"({"pads": [[1, 0], [1, 0]], "activation": {"name": "clip", "min": 0, "max": 6}})");
    EXPECT_EQ(canonical(R"({"pads": 1, "output_padding": 1, "activation": "relu6", "model": "any"})"), plain);
    EXPECT_EQ(canonical(R"({"pads": 1, "output": [10, 12], "stride": 2, "kernel": 3, "activation": "relu6"})"), plain);
    EXPECT_EQ(canonical(R"({"pads": "onnx_same_lower", "activation": {"name": "relu6"}})"), plain);
}

// ---- errors

struct WrongField {
    const char* op;
    const char* change;    ///< to a sound problem
    const char* field;     ///< that the message must name
    const char* sentence;  ///< that it must contain
};

void PrintTo(const WrongField& wrong, std::ostream* out) {
    *out << wrong.op << " with " << wrong.change;
}

constexpr const char* kConv = "conv_transpose";
constexpr const char* kResize = "resize";
constexpr const char* kZero = "zero_insert";
constexpr const char* kPlain = "conv";
constexpr const char* kResizeConv = "resize_conv";
constexpr const char* kDepth = "depth_to_space";
constexpr const char* kFold = "col2im";
constexpr const char* kPool = "max_pool_indices";
constexpr const char* kUnpool = "max_unpool";

const WrongField kWrongFields[] = {
    {kConv, R"({"name": null})", "name", "expected a C identifier, found nothing"},
    {kConv, R"({"name": "1up"})", "name",
     "expected a C identifier (letters, digits and underscores, no digit first), found \"1up\""},
    {kConv, R"({"name": ""})", "name", "C identifier"},
    {kConv, R"({"name": "up-1"})", "name", "C identifier"},
    {kConv, R"({"name": "../up"})", "name", "C identifier"},
    {kConv, R"({"name": "größe"})", "name", "C identifier"},
    {kConv, R"({"name": "namespace"})", "name", "no keyword"},
    {kConv, R"({"name": "restrict"})", "name", "no keyword"},
    {kConv, R"({"name": "math"})", "name", "header"},
    {kConv, R"({"name": "std"})", "name", "does not use itself"},
    {kConv, R"({"name": "polyphase_kernel"})", "name", "does not use itself"},
    {kConv, R"({"name": 7})", "name", "found 7"},
    {kConv, R"({"op": null})", "op",
     "expected one of conv_transpose, conv, resize_conv, resize, zero_insert, depth_to_space, col2im, "
     "max_pool_indices, "
     "max_unpool, found nothing"},
    {kConv, R"({"op": "deconv"})", "op", "found \"deconv\""},
    {kConv, R"({"op": "max_unpool"})", "out_channels", "expected a field of max_unpool"},
    {kConv, R"({"op": 3})", "op", "found 3"},
    {kConv, R"({"model": 3})", "model", "expected a string, found 3"},
    {kConv, R"({"input": null})", "input", "expected a list [N, C, spatial...] of 3 to 5 whole numbers, found nothing"},
    {kConv, R"({"input": [1, 2]})", "input", "found [1,2]"},
    {kConv, R"({"input": [1, 2, 3, 4, 5, 6]})", "input", "3 to 5"},
    {kConv, R"({"input": 5})", "input", "found 5"},
    {kConv, R"({"input": [1, 4, 0, 6]})", "input[2]", "expected a whole number from 1 to 2147483647, found 0"},
    {kConv, R"({"input": [1, 4, -5, 6]})", "input[2]", "found -5"},
    {kConv, R"({"input": [1, 4, 5.0, 6]})", "input[2]", "found 5.0"},
    {kConv, R"({"input": [1, 4, "5", 6]})", "input[2]", "found \"5\""},
    {kConv, R"({"input": [1, 4, 3000000000, 6]})", "input[2]", "found 3000000000"},
    {kConv, R"({"input": [1, 4, 18446744073709551615, 6]})", "input[2]", "found 18446744073709551615"},
    {kConv, R"({"input": [1, 4, 99999999999999999999999, 6]})", "input[2]", "found 9.999999999999999e+22"},
    {kConv, R"({"input": [70000, 4, 100, 100]})", "input",
     "expected an input of at most 2147483647 elements, found 2800000000"},
    {kConv, R"({"input": [2147483647, 2147483647, 2147483647], "kernel": 1, "stride": 1})", "input",
     "at most 2147483647 elements"},
    {kConv, R"({"out_channels": null})", "out_channels", "found nothing"},
    {kConv, R"({"out_channels": 0})", "out_channels", "from 1 to 2147483647, found 0"},
    {kConv, R"({"out_channels": 100000000})", "output", "expected an output of at most 2147483647 elements"},
    {kResize, R"({"out_channels": 4})", "out_channels", "expected a field of resize, found an unknown one"},
    {kConv, R"({"kernel": null})", "kernel", "found nothing"},
    {kConv, R"({"kernel": [3]})", "kernel",
     "expected a whole number or a list of 2 (one entry per spatial axis), found [3]"},
    {kConv, R"({"kernel": [3, 0]})", "kernel[1]", "found 0"},
    {kConv, R"({"kernel": 0})", "kernel", "found 0"},
    {kConv, R"({"kernel": "3x3"})", "kernel", "found \"3x3\""},
    {kConv, R"({"kernel": [2147483647, 3], "dilation": 2147483647})", "kernel[0]",
     "expected an uncropped output of at most 2147483647"},
    {kConv, R"({"kernel": 20000, "out_channels": 100, "pads": 9999})", "kernel",
     "expected weights of at most 2147483647 elements"},
    {kConv, R"({"stride": [-1, 2]})", "stride[0]", "expected a whole number from 1 to 2147483647, found -1"},
    {kConv, R"({"stride": [2, 100000]})", "stride[1]", "expected at most 65536 phases per axis, found 100000"},
    {kConv, R"({"stride": {"x": 2}})", "stride", "found {\"x\":2}"},
    {kConv, R"({"dilation": [1, 0]})", "dilation[1]", "found 0"},
    {kConv, R"({"dilation": true})", "dilation", "found true"},
    {kConv, R"({"pads": [[1, 1]]})", "pads", "(2 axes), found [[1,1]]"},
    {kConv, R"({"pads": [[1, 1, 1], 0]})", "pads[0]", "expected [begin, end], found [1,1,1]"},
    {kConv, R"({"pads": [[1, "1"], 0]})", "pads[0][1]", "found \"1\""},
    {kConv, R"({"pads": [0, 0.5]})", "pads[1]", "found 0.5"},
    {kConv, R"({"pads": [[9, 9], [1, 1]]})", "pads[0]",
     "leave 1 to 2147483647 outputs of the uncropped 11, found [9,9], which leave -7"},
    {kConv, R"({"pads": [[0, 11], 0]})", "pads[0]", "which leave 0"},
    {kConv, R"({"pads": -2147483647})", "pads[0]", "found [-2147483647,-2147483647]"},
    {kConv, R"({"pads": "same_upper"})", "pads", "a framework's own convention"},
    {kConv, R"({"pads": "full"})", "pads", "expected pads or one of \"valid\""},
    {kConv, R"({"pads": "tf_same", "output": 99})", "output[0]", "for this convention, found 99"},
    {kConv, R"({"pads": "keras_same", "dilation": 2})", "dilation[0]", "Keras"},
    {kConv, R"({"pads": "tf_same", "output_padding": 1})", "output_padding[0]", "TensorFlow"},
    {kConv, R"({"output_padding": [1, 2]})", "output_padding[1]",
     "less than the larger of stride and dilation (2), found 2"},
    {kConv, R"({"output_padding": -1})", "output_padding", "found -1"},
    {kConv, R"({"output_padding": 1, "output": 12})", "output_padding", "expected it or \"output\", found both"},
    {kConv, R"({"output": [0, 12]})", "output[0]", "found 0"},
    {kConv, R"({"output": [12, 12, 12]})", "output", "found [12,12,12]"},
    {kConv, R"({"output": 60000})", "output", "expected an output of at most 2147483647 elements"},
    {kConv, R"({"groups": 3})", "groups", "expected a divisor of the 4 input channels, found 3"},
    {kConv, R"({"groups": 4})", "groups", "expected a divisor of out_channels (6), found 4"},
    {kConv, R"({"groups": 0})", "groups", "found 0"},
    {kConv, R"({"groups": 2, "weight_layout": "k_cout_cin"})", "groups", "expected 1 with weight_layout"},
    {kConv, R"({"bias": 1})", "bias", "expected true or false, found 1"},
    {kConv, R"({"bias": "yes"})", "bias", "found \"yes\""},
    {kConv, R"({"weight_layout": "oihw"})", "weight_layout",
     "expected one of \"cin_cout_k\", \"k_cout_cin\", \"cout_k_cin\", \"cout_cin_k\", \"k_cin_cout\", found \"oihw\""},
    {kConv, R"({"weight_layout": "k_cin_cout"})", "weight_layout",
     "expected one of \"cin_cout_k\", \"k_cout_cin\", \"cout_k_cin\" for this operator, found \"k_cin_cout\""},
    {kConv, R"({"weight_initializer": "lecun"})", "weight_initializer", "expected one of \"zeros\""},
    {kConv, R"({"bias_initializer": 0})", "bias_initializer", "found 0"},
    {kPlain, R"({"stride": 2})", "stride", "expected a field of conv, found an unknown one"},
    {kPlain, R"({"weight_layout": "cin_cout_k"})", "weight_layout", "for this operator"},
    {kPlain, R"({"pads": -1})", "pads", "from 0 to 2147483647, found -1"},
    {kPlain, R"({"pads": "same"})", "pads", "expected pads or one of \"valid\", \"same_upper\", \"same_lower\""},
    {kPlain, R"({"kernel": [9, 3]})", "pads[0]", "found [1,1], which give -1"},
    {kPlain, R"({"kernel": 2147483647, "dilation": 2147483647})", "kernel[0]", "of at most 1073741823"},
    {kPlain, R"({"kernel": 1, "pads": 2147483647})", "pads[0]", "expected pads that give 1 to 2147483647 outputs"},
    {kPlain, R"({"groups": 3})", "groups", "expected a divisor of the 4 input channels"},
    {kResizeConv, R"({"scale": null})", "scale", "expected it or \"resized\", found neither"},
    {kResizeConv, R"({"scale": null, "resized": 0})", "resized", "from 1 to 4194304, found 0"},
    {kResizeConv, R"({"coordinates": "tf_crop_and_resize"})", "coordinates", "expected other coordinates"},
    {kResizeConv, R"({"extrapolation": 1})", "extrapolation", "expected a field of resize_conv"},
    {kDepth, R"({"block": null})", "block", "found nothing"},
    {kDepth, R"({"block": 3})", "block", "product divides the 4 input channels, found 9"},
    {kDepth, R"({"block": 65536, "input": [1, 2147483647, 5, 6]})", "block", "found 4294967296"},
    {kDepth, R"({"block": [65537, 1]})", "block[0]", "at most 65536 phases"},
    {kDepth, R"({"block": [65536, 1], "input": [1, 65536, 65536, 1]})", "block[0]", "found input*block = 4294967296"},
    {kDepth, R"({"order": null})", "order", "expected one of \"dcr\", \"crd\", found nothing"},
    {kDepth, R"({"order": "DCR"})", "order", "found \"DCR\""},
    {kFold, R"({"output": null})", "output", "1 to 3), found nothing"},
    {kFold, R"({"output": [6, 7, 8, 9]})", "output", "found [6,7,8,9]"},
    {kFold, R"({"output": 6})", "output", "found 6"},
    {kFold, R"({"output": [1, 7]})", "output[0]", "holds a block of extent 2, found 1"},
    {kFold, R"({"input": [1, 8, 5, 6]})", "input", "expected [N, C*prod(kernel), L]"},
    {kFold, R"({"input": [1, 7, 30]})", "input[1]", "expected a multiple of the kernel's 4 elements, found 7"},
    {kFold, R"({"input": [1, 8, 31]})", "input[2]", "expected the 30 blocks that this image has, found 31"},
    {kFold, R"({"input": [1, 2147483647, 30], "kernel": 65536, "pads": 2147483647})", "input[1]",
     "kernel's 2147483648"},
    {kFold, R"({"input": [1, 4, 2147483647], "pads": 2147483647, "output": [2147483647, 2147483647]})", "input[2]",
     "expected the 2147483648 blocks"},
    {kFold, R"({"kernel": [2, 2, 2]})", "kernel", "a list of 2"},
    {kFold, R"({"pads": -1})", "pads", "found -1"},
    {kFold, R"({"stride": 65537})", "stride[0]", "at most 65536 phases"},
    {kPool, R"({"kernel": null})", "kernel", "found nothing"},
    {kPool, R"({"stride": null})", "stride", "found nothing"},
    {kPool, R"({"kernel": 4194305})", "kernel", "from 1 to 4194304, found 4194305"},
    {kPool, R"({"dilation": 0})", "dilation", "found 0"},
    {kPool, R"({"kernel": 9})", "pads[0]", "in every window, found [0,0], with which window 0 has none"},
    {kPool, R"({"pads": 2})", "pads[0]", "found [2,2], with which window 0 has none"},
    {kPool, R"({"pads": [[0, 5], 0]})", "pads[0]", "with which window 3 has none"},
    {kPool, R"({"pads": [[-1, 1], 0]})", "pads[0]", "expected a begin pad of at least 0, found -1"},
    {kPool, R"({"pads": 8388609})", "pads", "found 8388609"},
    {kPool, R"({"kernel": 4194304, "dilation": 4194304, "pads": 4194304})", "pads[0]", "window 0 has none"},
    {kPool, R"({"input": [1, 1, 4194305, 2]})", "input[2]", "at most 4194304 for a pooled axis"},
    {kPool, R"({"ceil_mode": 1})", "ceil_mode", "true or false"},
    {kPool, R"({"indices": "tf"})", "indices", "found \"tf\""},
    {kPool, R"({"storage_order": 1})", "storage_order", "expected one of \"row_major\", \"column_major\""},
    {kPool, R"({"residual": true})", "residual", "expected none with this operator"},
    {kPool, R"({"activation": "relu"})", "activation", "expected none with this operator, found \"relu\""},
    {kUnpool, R"({"dilation": 2})", "dilation", "expected a field of max_unpool"},
    {kUnpool, R"({"pads": 8})", "pads[0]", "leave 1 to 2147483647 outputs, found [8,8], which leave -6"},
    {kUnpool, R"({"stride": 65537})", "stride[0]", "at most 65536 phases"},
    {kUnpool, R"({"indices": "onnx", "output": [9, 12]})", "output[0]", "indices count (10), found 9"},
    {kUnpool, R"({"index_extent": [10, 13]})", "output[1]", "indices count (13), found 12"},
    {kUnpool, R"({"index_extent": 0})", "index_extent", "found 0"},
    {kUnpool, R"({"input": [1, 1, 2147483647, 1], "stride": 65536})", "pads[0]", "outputs, found [0,0]"},
    {kUnpool, R"({"activation": "relu"})", "activation", "expected none with this operator"},
    {kConv, R"({"layout": "nwhc"})", "layout", "expected one of \"nchw\", \"nhwc\", found \"nwhc\""},
    {kConv, R"({"input_layout": 0})", "input_layout", "found 0"},
    {kConv, R"({"output_layout": "NHWC"})", "output_layout", "found \"NHWC\""},
    {kConv, R"({"dtype": "f16"})", "dtype", "expected \"f32\", found \"f16\""},
    {kConv, R"({"activation": "gelu"})", "activation", "expected one of \"none\""},
    {kConv, R"({"activation": 1})", "activation", "found 1"},
    {kConv, R"({"activation": "clip"})", "activation", "\"min\" and \"max\""},
    {kConv, R"({"activation": {"alpha": 1}})", "activation.name", "found nothing"},
    {kConv, R"({"activation": {"name": 1}})", "activation.name", "found 1"},
    {kConv, R"({"activation": {"name": "gelu"}})", "activation.name", "found \"gelu\""},
    {kConv, R"({"activation": {"name": "relu", "alpha": 1}})", "activation.alpha", "parameter of \"relu\""},
    {kConv, R"({"activation": {"name": "clip", "min": 1}})", "activation.max", "found nothing"},
    {kConv, R"({"activation": {"name": "clip", "min": 1, "max": 0}})", "activation.max",
     "not below \"min\" (1.0), found 0.0"},
    {kConv, R"({"activation": {"name": "leaky_relu", "alpha": "big"}})", "activation.alpha", "found \"big\""},
    {kConv, R"({"activation": {"name": "leaky_relu", "alpha": 1e300}})", "activation.alpha", "found 1e+300"},
    {kResize, R"({"activation": "prelu"})", "activation",
     "with operators that have weights only, found it with resize"},
    {kConv, R"({"residual": 0})", "residual", "expected true or false"},
    {kConv, R"({"targets": 5})", "targets", "expected a list of target strings, found 5"},
    {kConv, R"({"targets": ["host", 5]})", "targets[1]", "found 5"},
    {kConv,
     R"({"targets": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,
                  1,1,1,1,1,1,1,1,1,1]})",
     "targets", "expected at most 64 targets, found a list of 65"},
    {kConv, R"({"targets": ["host", "host"]})", "targets[1]", "each target once"},
    {kConv, R"({"machine": 5})", "machine", "expected a processor's name such as \"neoverse-n1\", found 5"},
    {kConv, R"({"machine": ""})", "machine", "expected a processor's name"},
    {kResize, R"({"output": null})", "scale", "expected it or \"output\", found neither"},
    {kResize, R"({"output": [10, -1]})", "output[1]", "found -1"},
    {kResize, R"({"output": 5000000})", "output", "from 1 to 4194304, found 5000000"},
    {kResize, R"({"input": [1, 1, 5000000, 1]})", "input[2]", "expected at most 4194304 for a resized axis"},
    {kResize, R"({"output": null, "scale": [2, 0]})", "scale[1]", "found 0"},
    {kResize, R"({"output": null, "scale": [2, -1.5]})", "scale[1]", "found -1.5"},
    {kResize, R"({"output": null, "scale": "2x"})", "scale", "found \"2x\""},
    {kResize, R"({"output": null, "scale": 0.1})", "scale[0]", "expected 1 to 4194304 outputs, found 0 of 5 inputs"},
    {kResize, R"({"output": null, "scale": 4000000})", "scale[0]", "found 20000000 of 5 inputs"},
    {kResize, R"({"mode": null})", "mode", "\"lanczos4\", \"lanczos5\", found nothing"},
    {kResize, R"({"mode": "bilinear"})", "mode", "found \"bilinear\""},
    {kResize, R"({"coordinates": "corners"})", "coordinates", "expected one of \"half_pixel\""},
    {kResize, R"({"nearest_rounding": "round"})", "nearest_rounding", "expected one of \"round_prefer_floor\""},
    {kResize, R"({"cubic_coeff": "a"})", "cubic_coeff", "expected a number from -16.0 to 16.0, found \"a\""},
    {kResize, R"({"exclude_outside": 1})", "exclude_outside", "true or false"},
    {kResize, R"({"single_precision": true})", "single_precision", "expected it with mode \"nearest\""},
    {kResize, R"({"single_precision": true, "mode": "nearest"})", "single_precision", "nearest_rounding"},
    {kResize, R"({"antialias": "on"})", "antialias", "true or false"},
    {kResize, R"({"antialias": true, "coordinates": "tf_crop_and_resize", "roi": [[-16, 16], [0, 1]], "output": null,
                  "scale": [1e-6, 1], "input": [1, 1, 4000000, 2]})",
     "antialias", "weights per axis"},
    {kResize, R"({"roi": [[0, 1], [0, 1]]})", "roi", "tf_crop_and_resize"},
    {kResize, R"({"extrapolation": 1})", "extrapolation", "tf_crop_and_resize"},
    {kResize, R"({"coordinates": "tf_crop_and_resize", "extrapolation": "edge"})", "extrapolation", "found \"edge\""},
    {kResize, R"({"coordinates": "tf_crop_and_resize", "roi": [0, 1, 0, 1]})", "roi", "[begin, end] per spatial axis"},
    {kResize, R"({"coordinates": "tf_crop_and_resize", "roi": [[0, 1], [0]]})", "roi[1]", "found [0]"},
    {kResize, R"({"coordinates": "tf_crop_and_resize", "roi": [[0, 1], [0, 100]]})", "roi[1][1]", "found 100"},
    {kZero, R"({"stride": null})", "stride", "found nothing"},
    {kZero, R"({"stride": [2, 0]})", "stride[1]", "found 0"},
    {kZero, R"({"stride": 65536, "input": [1, 1, 65536, 1]})", "stride[0]", "found input*stride = 4294967296"},
    {kZero, R"({"offset": [0, 2]})", "offset[1]", "expected less than the stride (2), found 2"},
    {kZero, R"({"offset": -1})", "offset", "found -1"},
    {kZero, R"({"output": 0})", "output", "found 0"},
    {kZero, R"({"bias": true})", "bias", "expected a field of zero_insert"},
    {kConv, R"({"strides": 2})", "strides", "found an unknown one (did you mean \"stride\"?)"},
    {kConv, R"({"Kernel": 2})", "Kernel", "did you mean \"kernel\"?"},
    {kConv, R"({"zzz": 2})", "zzz", "found an unknown one"},
};

class WrongFields : public ::testing::TestWithParam<WrongField> {};

TEST_P(WrongFields, IsReportedByName) {
    const WrongField& wrong = GetParam();
    ASSERT_THAT(errors_of(sound(wrong.op).dump()), IsEmpty());
    const auto errors = errors_of(changed(sound(wrong.op), wrong.change).dump());
    const std::string subject = std::string(": field \"") + wrong.field + "\": expected ";
    EXPECT_THAT(errors, Contains(AllOf(HasSubstr(subject), HasSubstr(wrong.sentence))));
}

INSTANTIATE_TEST_SUITE_P(All, WrongFields, ::testing::ValuesIn(kWrongFields));

TEST(Errors, EveryFieldHasACase) {
    for (const std::string_view op : op_names())
        for (const std::string_view field : fields_of(op)) {
            const bool covered = std::ranges::any_of(kWrongFields, [&](const WrongField& wrong) {
                return std::string_view(wrong.field).starts_with(field);
            });
            EXPECT_TRUE(covered) << field;
        }
}

TEST(Errors, TheSentence) {
    EXPECT_THAT(errors_of(changed(sound(kConv), R"({"stride": [-1, 2]})").dump()),
                ElementsAre(R"(up1: field "stride[0]": expected a whole number from 1 to 2147483647, found -1)"));
}

TEST(Errors, AreAllReportedAtOnce) {
    const auto errors = errors_of(R"([
        {"name": "one", "op": "conv_transpose", "input": [1, 4, 0, 6], "kernel": [0, "x"], "bias": 1, "colour": "red"},
        {"name": "two", "op": "resize", "input": [1, 4, 4], "mode": "spline", "targets": [1]},
        {"op": "pool"}, 17])");
    EXPECT_THAT(errors, ElementsAre(HasSubstr("one: field \"colour\""), HasSubstr("one: field \"input[2]\""),
                                    HasSubstr("one: field \"out_channels\""), HasSubstr("one: field \"kernel[0]\""),
                                    HasSubstr("one: field \"kernel[1]\""), HasSubstr("one: field \"bias\""),
                                    HasSubstr("two: field \"targets[0]\""), HasSubstr("two: field \"mode\""),
                                    HasSubstr("two: field \"scale\""), HasSubstr("problem 3: field \"op\""),
                                    HasSubstr("problem 3: field \"name\""), HasSubstr("problem 3: field \"input\""),
                                    "problem 4: expected an object, found 17"));
}

TEST(Errors, OneWrongProblemLeavesNone) {
    const ParseResult result = parse_problems(std::string("[") + sound(kConv).dump() + R"(, {"name": "b"}])");
    EXPECT_THAT(result.errors, Not(IsEmpty()));
    EXPECT_THAT(result.problems, IsEmpty());
}

TEST(Errors, DuplicateNames) {
    const std::string one = sound(kConv).dump();
    EXPECT_THAT(
        errors_of(std::string("[").append(one).append(",").append(one).append("]")),
        ElementsAre(R"(up1: field "name": expected a name that no other problem has, found it again in problem 2)"));
}

TEST(Errors, DuplicateKeys) {
    const std::string twice = R"({"name": "up1", "op": "zero_insert", "input": [1, 1, 4], "stride": 2, "stride": 3})";
    EXPECT_THAT(errors_of(twice), ElementsAre(R"(up1: field "stride": expected each field once, found it twice)"));
    EXPECT_THAT(errors_of(std::string("[") + sound(kConv).dump() + "," +
                          R"({"name": "b", "op": "zero_insert", "input": [1, 1, 4], "stride": 2,
        "activation": {"name": "clip", "min": 0, "max": 1, "max": 2}}])"),
                ElementsAre(R"(b: field "activation.max": expected each field once, found it twice)"));
}

TEST(Errors, TargetsAreChecked) {
    const auto check = [](const std::string& target) -> std::optional<std::string> {
        if (target == "host") return std::nullopt;
        return "expected a Halide target, found \"" + target + "\"";
    };
    const std::string json = changed(sound(kConv), R"({"targets": ["host", "z80"]})").dump();
    EXPECT_THAT(parse_problems(json, check).errors,
                ElementsAre(R"(up1: field "targets[1]": expected a Halide target, found "z80")"));
    EXPECT_THAT(parse_problems(json).errors, IsEmpty());
}

TEST(Errors, SyntaxHasLineAndColumn) {
    EXPECT_THAT(errors_of("{\n  \"name\": up1\n}"), ElementsAre(StartsWith("not valid JSON: line 2, column 11: ")));
    EXPECT_THAT(errors_of("{"), ElementsAre(HasSubstr("line 1, column 1: ")));
    EXPECT_THAT(errors_of(""), ElementsAre(HasSubstr("line 1, column 1")));
    EXPECT_THAT(errors_of("[\n1,\n2,\n]"), ElementsAre(HasSubstr("line 4, column 1")));
    EXPECT_THAT(errors_of("{} {}"), ElementsAre(HasSubstr("line 1, column 4")));
    EXPECT_THAT(errors_of("[]"), ElementsAre(HasSubstr("at least one problem")));
}

TEST(Errors, HostileTextIsAnErrorAndNothingElse) {
    std::string far_too_long = R"({"name": "up1", "op": "zero_insert", "stride": 2, "input": [1)";
    for (int i = 0; i < 100000; i++) far_too_long += ",1";
    far_too_long += "]}";
    std::string many_fields = "{\"x\": 1";
    for (int i = 0; i < 100000; i++) many_fields += ", \"x" + std::to_string(i) + "\": 1";
    std::string many_targets =
        R"({"name": "up1", "op": "zero_insert", "stride": 2, "input": [1, 1, 4], "targets": ["a")";
    for (int i = 0; i < 100000; i++) many_targets += ", \"t" + std::to_string(i) + "\"";
    const std::string hostile[] = {
        "null",
        "true",
        "\"text\"",
        "NaN",
        R"({"name": "up1", "op": "resize", "input": [1, 1, 4], "mode": "linear", "scale": NaN})",
        R"({"name": "up1", "op": "resize", "input": [1, 1, 4], "mode": "linear", "scale": 1e400})",
        R"({"name": "up1", "op": "resize", "input": [1, 1, 4], "mode": "linear", "scale": -Infinity})",
        "{\"name\": \"\xff\xfe\"}",
        std::string("{\"name\": \"a\0b\"}", 15),
        R"({"name": "a\u0000b", "op": "zero_insert", "input": [1, 1, 4], "stride": 2})",
        R"({"name": "\ud800"})",
        std::string(1000000, '['),
        std::string(1000000, '[') + std::string(1000000, ']'),
        far_too_long,
        many_fields + "}",
        "{\"" + std::string(1000000, 'k') + "\": 1}",
        std::string(1000000, 'x'),
        many_targets + "]}",
        R"({"op": {"op": {"op": 1}}})",
        R"({"activation": "prelu"})",
        R"({"name": [], "op": [], "input": {}, "targets": {}})",
        R"([[{"name": "up1"}]])",
    };
    for (const std::string& text : hostile) {
        SCOPED_TRACE(text.substr(0, 80));
        const auto errors = errors_of(text);
        EXPECT_THAT(errors, Not(IsEmpty()));
        for (const std::string& error : errors) {
            EXPECT_LT(error.size(), 1000U);
            EXPECT_TRUE(std::ranges::all_of(error, [](char c) { return c >= ' ' && c <= '~'; })) << error;
        }
    }
}

TEST(Errors, EveryTruncationAndEveryChangedByteIsHandled) {
    const std::string sound_text =
        changed(sound(kConv), R"({"pads": [[1, 1], [1, 1]], "activation": {"name": "clip", "min": 0, "max": 1}})")
            .dump();
    for (size_t length = 0; length < sound_text.size(); length++)
        ASSERT_THAT(parse_problems(sound_text.substr(0, length)).errors, Not(IsEmpty())) << length;
    for (size_t at = 0; at < sound_text.size(); at++)
        for (const char byte : {'\0', '\n', '"', '-', '9', '{', ']', '\x80', '\xff'}) {
            std::string text = sound_text;
            text[at] = byte;
            const ParseResult result = parse_problems(text);
            ASSERT_NE(result.problems.empty(), result.errors.empty()) << text;
        }
}

}  // namespace
}  // namespace polyphase
