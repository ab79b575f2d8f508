// The `polyphase` command as a user or a build system meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.h"
#include "tests/support/temporary_directory.h"

namespace polyphase::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kBadInput = 2;

json conv_problem() {
    return json::parse(
        R"({"name": "up1", "op": "conv_transpose", "input": [1, 6, 5, 7], "out_channels": 4, "kernel": [4, 4],
                           "stride": [2, 2], "pads": [[1, 1], [1, 1]], "bias": true, "activation": "relu",
                           "targets": ["x86-64-linux"]})");
}

json resize_problem() {
    return json::parse(R"({"name": "big", "op": "resize", "input": [1, 3, 5, 7], "output": [10, 14], "mode": "linear",
                           "targets": ["x86-64-linux"]})");
}

json nails_problem() {
    return json::parse(
        R"({"name": "nails", "op": "zero_insert", "input": [1, 3, 5, 7], "stride": [2, 2], "targets": ["x86-64-linux"]})");
}

json shuffle_problem() {
    return json::parse(
        R"({"name": "shuffle", "op": "depth_to_space", "input": [1, 12, 5, 7], "block": 2, "order": "crd",
                           "targets": ["x86-64-linux"]})");
}

json unpool_problem() {
    return json::parse(
        R"({"name": "unpool", "op": "max_unpool", "input": [1, 3, 5, 7], "kernel": 2, "stride": 2, "indices": "onnx",
                           "targets": ["x86-64-linux"]})");
}

class Cli : public ::testing::Test {
  protected:
    ChildResult polyphase(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), POLYPHASE_COMMAND);
        return run_child(arguments, {{}, directory_.path().string()});
    }

    /// Compiles `problems` into out/ and returns what was said.
    ChildResult compile(const json& problems, const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments = {"compile", directory_.write("problems.json", problems.dump()), "--out",
                                              out().string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return polyphase(arguments);
    }

    fs::path out() const { return directory_.path() / "out"; }

    /// Every file under out/, sorted.
    std::vector<std::string> written() const {
        std::vector<std::string> names;
        if (!fs::exists(out())) return names;
        for (const auto& entry : fs::recursive_directory_iterator(out()))
            names.push_back(entry.path().filename().string());
        std::sort(names.begin(), names.end());
        return names;
    }

    TemporaryDirectory directory_;
};

// ---------------------------------------------------------------- bad input

struct BadField {
    const char* test;
    const char* base;    // "conv", "resize", "nails", "shuffle" or "unpool"
    const char* patch;   // merged into the base; null removes a field
    const char* named;   // what the message must name
    const char* quoted;  // and what was found or expected
};

void PrintTo(const BadField& field, std::ostream* stream) {
    *stream << field.base << " with " << field.patch;
}

class BadFields : public Cli, public ::testing::WithParamInterface<BadField> {};

TEST_P(BadFields, AreNamedAndNothingIsWritten) {
    const std::string base = GetParam().base;
    json problem = base == "conv"      ? conv_problem()
                   : base == "resize"  ? resize_problem()
                   : base == "shuffle" ? shuffle_problem()
                   : base == "unpool"  ? unpool_problem()
                                       : nails_problem();
    problem.merge_patch(json::parse(GetParam().patch));
    const ChildResult result = compile(problem);
    EXPECT_EQ(result.exit_code, kBadInput) << result.output << result.error;
    EXPECT_THAT(result.error, HasSubstr(GetParam().named));
    EXPECT_THAT(result.error, HasSubstr(GetParam().quoted));
    EXPECT_THAT(written(), IsEmpty());
}

const BadField kBadFields[] = {
    {"UnknownField", "conv", R"({"strides": [2, 2]})", "\"strides\"", "unknown"},
    {"FieldOfAnotherOperator", "conv", R"({"mode": "linear"})", "\"mode\"", "unknown"},
    {"NameNumber", "conv", R"({"name": 5})", "\"name\"", "5"},
    {"NameMissing", "conv", R"({"name": null})", "\"name\"", "found"},
    {"OpUnknown", "conv", R"({"op": "deconvolve"})", "\"op\"", "deconvolve"},
    {"OpMissing", "conv", R"({"op": null})", "\"op\"", "conv_transpose"},
    {"InputMissing", "conv", R"({"input": null})", "\"input\"", "found nothing"},
    {"InputTooShort", "conv", R"({"input": [1, 6]})", "\"input\"", "[1"},
    {"InputTooLong", "conv", R"({"input": [1, 6, 2, 2, 2, 2]})", "\"input\"", "[1"},
    {"InputZero", "conv", R"({"input": [1, 6, 0, 7]})", "\"input[2]\"", "found 0"},
    {"InputNegativeBatch", "conv", R"({"input": [-1, 6, 5, 7]})", "\"input[0]\"", "found -1"},
    {"InputFraction", "conv", R"({"input": [1, 6, 5.5, 7]})", "\"input[2]\"", "5.5"},
    {"InputText", "conv", R"({"input": "1x6x5x7"})", "\"input\"", "1x6x5x7"},
    {"OutChannelsZero", "conv", R"({"out_channels": 0})", "\"out_channels\"", "found 0"},
    {"OutChannelsMissing", "conv", R"({"out_channels": null})", "\"out_channels\"", "found nothing"},
    {"KernelZero", "conv", R"({"kernel": [4, 0]})", "\"kernel[1]\"", "found 0"},
    {"KernelWrongRank", "conv", R"({"kernel": [4, 4, 4]})", "\"kernel\"", "[4"},
    {"KernelMissing", "conv", R"({"kernel": null})", "\"kernel\"", "found nothing"},
    {"StrideNegative", "conv", R"({"stride": [-1, 2]})", "\"stride[0]\"", "found -1"},
    {"StrideText", "conv", R"({"stride": "2"})", "\"stride\"", "\"2\""},
    {"StrideHuge", "conv", R"({"stride": [3000000000, 2]})", "\"stride[0]\"", "3000000000"},
    {"DilationZero", "conv", R"({"dilation": [1, 0]})", "\"dilation[1]\"", "found 0"},
    {"PadsLeaveNothing", "conv", R"({"pads": [[6, 6], [1, 1]]})", "\"pads[0]\"", "[6"},
    {"PadsUnknownConvention", "conv", R"({"pads": "same"})", "\"pads\"", "same"},
    {"PadsTriple", "conv", R"({"pads": [[1, 1, 1], [1, 1]]})", "\"pads[0]\"", "[1"},
    {"OutputPaddingTooLarge", "conv", R"({"output_padding": [2, 0]})", "\"output_padding[0]\"", "found 2"},
    {"OutputPaddingNegative", "conv", R"({"output_padding": [-1, 0]})", "\"output_padding[0]\"", "found -1"},
    {"OutputZero", "conv", R"({"output": [10, 0]})", "\"output[1]\"", "found 0"},
    {"OutputNegative", "conv", R"({"output": [-10, 14]})", "\"output[0]\"", "found -10"},
    {"GroupsDoNotDivideInput", "conv", R"({"groups": 4})", "\"groups\"", "found 4"},
    {"GroupsDoNotDivideOutput", "conv", R"({"groups": 3})", "\"groups\"", "found 3"},
    {"GroupsZero", "conv", R"({"groups": 0})", "\"groups\"", "found 0"},
    {"BiasNumber", "conv", R"({"bias": 1})", "\"bias\"", "1"},
    {"LayoutUnknown", "conv", R"({"layout": "chwn"})", "\"layout\"", "chwn"},
    {"InputLayoutUnknown", "conv", R"({"input_layout": "hwc"})", "\"input_layout\"", "hwc"},
    {"OutputLayoutNumber", "conv", R"({"output_layout": 1})", "\"output_layout\"", "1"},
    {"WeightLayoutUnknown", "conv", R"({"weight_layout": "oihw"})", "\"weight_layout\"", "oihw"},
    {"WeightLayoutWithGroups", "conv", R"({"weight_layout": "k_cout_cin", "groups": 2})", "\"groups\"", "k_cout_cin"},
    {"DtypeUnknown", "conv", R"({"dtype": "f64"})", "\"dtype\"", "f64"},
    {"ActivationUnknown", "conv", R"({"activation": "gelu"})", "\"activation\"", "gelu"},
    {"ActivationNumber", "conv", R"({"activation": 3})", "\"activation\"", "3"},
    {"ActivationParameterUnknown", "conv", R"({"activation": {"name": "leaky_relu", "slope": 0.1}})", "slope",
     "unknown"},
    {"ClipWithoutBounds", "conv", R"({"activation": "clip"})", "\"activation\"", "min"},
    {"ClipBoundsReversed", "conv", R"({"activation": {"name": "clip", "min": 2, "max": 1}})", "activation.max", "2"},
    {"ResidualText", "conv", R"({"residual": "yes"})", "\"residual\"", "yes"},
    {"TargetUnknown", "conv", R"({"targets": ["x86-64-linux", "vax-32-vms"]})", "\"targets[1]\"", "vax-32-vms"},
    {"TargetFeatureUnknown", "conv", R"({"targets": ["x86-64-linux-avx9"]})", "\"targets[0]\"", "avx9"},
    {"TargetsOfTwoSystems", "conv", R"({"targets": ["x86-64-linux", "arm-64-linux"]})", "\"targets\"", "one system"},
    {"MachineUnknown", "conv", R"({"targets": ["arm-64-linux"], "machine": "z80"})", "\"machine\"", "neoverse-n1"},
    {"MachineOfAnotherFamily", "conv", R"({"targets": ["x86-64-linux"], "machine": "neoverse-n1"})", "\"machine\"",
     "one of znver4, host"},
    {"MachineWithoutNames", "conv", R"({"targets": ["x86-64-linux-cuda-cuda_capability_80"], "machine": "z80"})",
     "\"machine\"", "none"},
    {"TargetsNumber", "conv", R"({"targets": 7})", "\"targets\"", "7"},
    {"TargetTwice", "conv", R"({"targets": ["x86-64-linux", "x86-64-linux"]})", "\"targets[1]\"", "once"},
    {"TargetCudaWithoutCapability", "conv", R"({"targets": ["x86-64-linux-cuda"]})", "\"targets[0]\"", "capability_80"},
    {"TargetCudaWithCpuFeatures", "conv", R"({"targets": ["x86-64-linux-avx2-cuda-cuda_capability_80"]})",
     "\"targets[0]\"", "avx2"},
    {"TargetCudaTwice", "conv",
     R"({"targets": ["x86-64-linux-cuda-cuda_capability_80", "x86-64-linux-cuda-cuda_capability_86"]})", "\"targets\"",
     "one CUDA target"},
    {"InputOver2To31", "conv", R"({"input": [1, 6, 60000, 60000], "groups": 2})", "\"input\"", "2147483647"},
    {"WeightsOver2To31", "conv", R"({"kernel": [30000, 30000], "pads": 0})", "\"kernel\"", "2147483647"},
    {"ModeUnknown", "resize", R"({"mode": "bilinear"})", "\"mode\"", "bilinear"},
    {"ModeMissing", "resize", R"({"mode": null})", "\"mode\"", "found nothing"},
    {"CoordinatesUnknown", "resize", R"({"coordinates": "half"})", "\"coordinates\"", "half"},
    {"RoundingUnknown", "resize", R"({"nearest_rounding": "up"})", "\"nearest_rounding\"", "up"},
    {"CubicCoeffText", "resize", R"({"cubic_coeff": "a"})", "\"cubic_coeff\"", "\"a\""},
    {"ExcludeOutsideNumber", "resize", R"({"exclude_outside": 1})", "\"exclude_outside\"", "1"},
    {"AntialiasNumber", "resize", R"({"antialias": 0})", "\"antialias\"", "0"},
    {"NeitherOutputNorScale", "resize", R"({"output": null})", "\"scale\"", "neither"},
    {"ScaleNegative", "resize", R"({"output": null, "scale": [-2, 2]})", "\"scale[0]\"", "-2"},
    {"ScaleGivesNothing", "resize", R"({"output": null, "scale": [0.1, 2]})", "\"scale[0]\"", "found 0"},
    {"RoiWithoutCrop", "resize", R"({"roi": [[0, 1], [0, 1]]})", "\"roi\"", "tf_crop_and_resize"},
    {"ExtrapolationWithoutCrop", "resize", R"({"extrapolation": 1})", "\"extrapolation\"", "tf_crop_and_resize"},
    {"RoiWrongRank", "resize", R"({"coordinates": "tf_crop_and_resize", "roi": [[0, 1]]})", "\"roi\"", "[[0"},
    {"PreluWithoutSlopes", "resize", R"({"activation": "prelu"})", "\"activation\"", "prelu"},
    {"OffsetTooLarge", "nails", R"({"offset": [0, 2]})", "\"offset[1]\"", "found 2"},
    {"OffsetNegative", "nails", R"({"offset": [-1, 0]})", "\"offset[0]\"", "found -1"},
    {"BlockDoesNotDivide", "shuffle", R"({"block": 3})", "\"block\"", "12"},
    {"OrderMissing", "shuffle", R"({"order": null})", "\"order\"", "found nothing"},
    {"IndicesUnknown", "unpool", R"({"indices": "numpy"})", "\"indices\"", "numpy"},
    {"ActivationOfAPooling", "unpool", R"({"activation": "relu"})", "\"activation\"", "relu"},
    {"InitializerUnknown", "conv", R"({"weight_initializer": "xavier"})", "\"weight_initializer\"", "xavier"},
    {"InitializerOfNoVector", "conv", R"({"bias_initializer": "bilinear"})", "\"bias_initializer\"", "bilinear"},
    {"StrideMissing", "nails", R"({"stride": null})", "\"stride\"", "found nothing"},
};
INSTANTIATE_TEST_SUITE_P(Fields, BadFields, ::testing::ValuesIn(kBadFields),
                         [](const auto& field) { return std::string(field.param.test); });

TEST_F(Cli, ReportsEveryErrorOfTheFileAtOnce) {
    json first = conv_problem(), second = resize_problem();
    first["stride"] = {-1, 2};
    first["groups"] = 0;
    first["colour"] = "red";
    second["mode"] = "bilinear";
    const ChildResult result = compile({first, second});
    EXPECT_EQ(result.exit_code, kBadInput);
    EXPECT_THAT(result.error, AllOf(HasSubstr("up1: field \"stride[0]\""), HasSubstr("up1: field \"groups\""),
                                    HasSubstr("up1: field \"colour\""), HasSubstr("big: field \"mode\"")));
    EXPECT_THAT(result.error, HasSubstr("expected a whole number from 1 to 2147483647, found -1"));
    EXPECT_THAT(result.output, IsEmpty()) << "errors belong on the standard error";
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, OneBadProblemStopsTheGoodOnes) {
    json bad = resize_problem();
    bad["output"] = {0, 14};
    EXPECT_EQ(compile({conv_problem(), bad}).exit_code, kBadInput);
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, RefusesDuplicateNames) {
    json second = resize_problem();
    second["name"] = "up1";
    const ChildResult result = compile({conv_problem(), second});
    EXPECT_EQ(result.exit_code, kBadInput);
    EXPECT_THAT(result.error, AllOf(HasSubstr("up1"), HasSubstr("\"name\"")));
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, RefusesNamesThatAreNoCIdentifiers) {
    for (const char* name : {"", "1up", "up-1", "up 1", "../up", "a.b", "\xC3\xBC", "int", "class", "while"}) {
        json problem = conv_problem();
        problem["name"] = name;
        const ChildResult result = compile(problem);
        EXPECT_EQ(result.exit_code, kBadInput) << name;
        EXPECT_THAT(result.error, AllOf(HasSubstr("field \"name\": expected"), HasSubstr("found \""))) << name;
        EXPECT_THAT(written(), IsEmpty()) << name;
    }
}

TEST_F(Cli, RefusesTextThatIsNoProblemFile) {
    for (const char* text : {"", "{", "[]", "5", "[5]", "{\"name\": \"a\",}", "\xFF\xFE", "[[]]"}) {
        const ChildResult result = polyphase({"compile", directory_.write("bad.json", text), "--out", out().string()});
        EXPECT_EQ(result.exit_code, kBadInput) << text;
        EXPECT_THAT(result.error, Not(IsEmpty())) << text;
        EXPECT_THAT(written(), IsEmpty()) << text;
    }
    const std::string deep(100'000, '[');
    EXPECT_EQ(polyphase({"compile", directory_.write("deep.json", deep), "--out", out().string()}).exit_code,
              kBadInput);
}

TEST_F(Cli, RefusesFilesThatAreNotThere) {
    const ChildResult result = polyphase({"compile", "missing.json", "--out", out().string()});
    EXPECT_EQ(result.exit_code, kBadInput);
    EXPECT_THAT(result.error, HasSubstr("missing.json"));
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, RefusesUnknownTargets) {
    for (const char* target : {"vax-32-vms", "x86-64-linux-avx9", "x86-64-linux-avx512", "", "x86"}) {
        const ChildResult result = compile(conv_problem(), {"--target", target});
        EXPECT_EQ(result.exit_code, kBadInput) << target;
        EXPECT_THAT(result.error, HasSubstr(target));
        EXPECT_THAT(written(), IsEmpty()) << target;
    }
}

TEST_F(Cli, RefusesUnknownSystems) {
    for (const char* system : {"arm-64", "vax-32-vms", "arm-64-linux-arm_fp16"}) {
        const ChildResult result = compile(conv_problem(), {"--system", system});
        EXPECT_EQ(result.exit_code, kBadInput) << system;
        EXPECT_THAT(result.error, AllOf(HasSubstr("--system"), HasSubstr(system)));
        EXPECT_THAT(written(), IsEmpty()) << system;
    }
}

TEST_F(Cli, RefusesARuntimeOfAnotherMachine) {
    for (const std::string& runtime : {std::string(), directory_.write("libtext.a", "no code")}) {
        std::vector<std::string> arguments = {"--shared", "--target", "arm-64-linux"};
        if (!runtime.empty()) arguments.insert(arguments.end(), {"--runtime", runtime});
        const ChildResult result = compile(nails_problem(), arguments);
        EXPECT_EQ(result.exit_code, kBadInput) << runtime;
        EXPECT_THAT(result.error, HasSubstr("expected code for arm-64-linux, found " +
                                            std::string(runtime.empty() ? "code for x86-64" : "no code")));
        EXPECT_THAT(result.error, HasSubstr(runtime.empty() ? "libpolyphase_runtime.a" : runtime));
        EXPECT_THAT(written(), IsEmpty()) << runtime;
    }
    EXPECT_THAT(compile(nails_problem(), {"--runtime", "missing.a"}).error,
                AllOf(HasSubstr("--runtime"), HasSubstr("missing.a")));
}

TEST_F(Cli, RefusesACompilerOfAnotherMachine) {
    json problem = nails_problem();
    problem.erase("targets");
    const ChildResult result = compile(problem, {"--system", "arm-64-linux", "--cc", "cc"});
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_THAT(result.error, HasSubstr("--cc: cc: expected code for arm-64-linux, found code for x86-64"));
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, RefusesDirectoriesThatCannotBeWritten) {
    const std::string file = directory_.write("file", "text");
    const std::string problem = directory_.write("problem.json", conv_problem().dump());
    for (const std::string& out : {file, file + "/below", std::string("/proc/polyphase")}) {
        const ChildResult result = polyphase({"compile", problem, "--out", out});
        EXPECT_EQ(result.exit_code, kBadInput) << out;
        EXPECT_THAT(result.error, HasSubstr(out));
    }
    EXPECT_EQ(read_text(file), "text");
}

TEST_F(Cli, RefusesCommandLinesThatItDoesNotKnow) {
    const std::string problem = directory_.write("problem.json", conv_problem().dump());
    const std::vector<std::vector<std::string>> lines = {{},
                                                         {"compose"},
                                                         {"compile"},
                                                         {"compile", problem},
                                                         {"compile", problem, "--out"},
                                                         {"compile", problem, "--out", out(), "--fast"},
                                                         {"inspect"},
                                                         {"inspect", problem, "--colour"}};
    for (const auto& line : lines) {
        const ChildResult result = polyphase(line);
        EXPECT_EQ(result.exit_code, kBadInput) << ::testing::PrintToString(line);
        EXPECT_THAT(result.error + result.output, Not(IsEmpty()));
    }
    EXPECT_THAT(written(), IsEmpty());
}

// ---------------------------------------------------------------- help

TEST_F(Cli, EveryCommandHasHelp) {
    const ChildResult top = polyphase({"--help"});
    EXPECT_EQ(top.exit_code, 0);
    EXPECT_THAT(top.output, AllOf(HasSubstr("compile"), HasSubstr("inspect")));
    const ChildResult compile = polyphase({"compile", "--help"});
    EXPECT_EQ(compile.exit_code, 0);
    EXPECT_THAT(compile.output, AllOf(HasSubstr("--out"), HasSubstr("--target"), HasSubstr("--shared")));
    const ChildResult inspect = polyphase({"inspect", "--help"});
    EXPECT_EQ(inspect.exit_code, 0);
    EXPECT_THAT(inspect.output, HasSubstr("--json"));
}

// ---------------------------------------------------------------- compile

TEST_F(Cli, CompileWritesLibraryHeaderAndReport) {
    const ChildResult result = compile({conv_problem(), resize_problem(), nails_problem()});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(written(), ::testing::IsSupersetOf({"up1.h", "libup1.a", "up1.json", "big.h", "libbig.a", "big.json",
                                                    "nails.h", "libnails.a", "nails.json"}));
    EXPECT_THAT(written(), Not(::testing::Contains("libup1.so")));
    const json report = json::parse(read_text(out() / "up1.json"));
    EXPECT_EQ(report.at("name"), "up1");
    const std::string header = read_text(out() / "up1.h");
    for (const char* name :
         {"up1_info", "up1_packed_size", "up1_workspace_size", "up1_pack", "up1_run", "up1_last_error"}) {
        EXPECT_THAT(header, HasSubstr(std::string(name) + "("));
    }
}

/// Every operator, with the functions that its header promises.
TEST_F(Cli, CompileKnowsEveryOperator) {
    const json targets = {"x86-64-linux"};
    const auto with = [](json problem, const char* patch) {
        problem.merge_patch(json::parse(patch));
        return problem;
    };
    const json pool = {{"name", "pool"}, {"op", "max_pool_indices"}, {"input", {1, 3, 4, 6}}, {"kernel", 2},
                       {"stride", 2},    {"indices", "torch"},       {"targets", targets}};
    const json fold = {{"name", "fold"},   {"op", "col2im"}, {"input", {1, 12, 20}},
                       {"output", {5, 6}}, {"kernel", 2},    {"targets", targets}};
    const json conv = {{"name", "same"}, {"op", "conv"}, {"input", {1, 4, 5, 6}}, {"out_channels", 3},
                       {"kernel", 3},    {"pads", 1},    {"targets", targets}};
    const json doubled = with(conv, R"({"name": "doubled", "op": "resize_conv", "scale": 2, "mode": "nearest"})");
    const ChildResult result = compile({pool, fold, conv, doubled, shuffle_problem(), unpool_problem()});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    for (const char* name : {"pool", "fold", "same", "doubled", "shuffle", "unpool"}) {
        const std::string header = read_text(out() / (std::string(name) + ".h"));
        for (const char* function :
             {"_info(", "_packed_size(", "_workspace_size(", "_pack(", "_run(", "_run_view(", "_last_error("})
            EXPECT_THAT(header, HasSubstr(std::string(name) + function));
        EXPECT_EQ(header.find("_run_indexed(") != std::string::npos, std::string(name) == "unpool") << name;
        EXPECT_EQ(header.find("_run_with_indices(") != std::string::npos, std::string(name) == "pool") << name;
        EXPECT_EQ(header.find("initialize_weights(") != std::string::npos,
                  std::string(name) == "same" || std::string(name) == "doubled")
            << name;
        EXPECT_EQ(json::parse(read_text(out() / (std::string(name) + ".json"))).at("name"), name);
    }
}

/// The layers that the benchmarks run.
TEST_F(Cli, CompileTakesEveryBenchmarkLayer) {
    const json layers = json::parse(read_text(POLYPHASE_LAYERS));
    const ChildResult result =
        polyphase({"compile", POLYPHASE_LAYERS, "--out", out().string(), "--target", "x86-64-linux-avx2-f16c-fma"});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(result.error, IsEmpty());
    for (const json& layer : layers) EXPECT_TRUE(fs::exists(out() / (layer.at("name").get<std::string>() + ".h")));
}

/// A block of all channels of a depthwise volume has to fit on a task's stack, or compile refuses the kernel.
TEST_F(Cli, CompileTakesADepthwiseVolume) {
    const json volume = {
        {"name", "volume"}, {"op", "conv_transpose"},     {"input", {1, 192, 10, 13, 15}}, {"out_channels", 192},
        {"groups", 192},    {"kernel", {7, 7, 7}},        {"stride", {3, 3, 3}},           {"pads", 2},
        {"layout", "nhwc"}, {"targets", {"x86-64-linux"}}};
    const ChildResult result = compile(volume);
    EXPECT_EQ(result.exit_code, 0) << result.error;
}

TEST_F(Cli, CompileSharedWritesASharedLibraryToo) {
    const ChildResult result = compile(nails_problem(), {"--shared"});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(written(), ::testing::IsSupersetOf({"nails.h", "libnails.a", "nails.json", "libnails.so"}));
    EXPECT_EQ(read_text(out() / "libnails.so").substr(0, 4),
              "\x7F"
              "ELF");
}

TEST_F(Cli, CompileTakesTargetsFromTheCommandLine) {
    ASSERT_EQ(
        compile(nails_problem(), {"--target", "x86-64-linux-avx2-f16c-fma", "--target", "x86-64-linux"}).exit_code, 0);
    EXPECT_THAT(read_text(out() / "nails.json"), AllOf(HasSubstr("avx2-f16c-fma"), HasSubstr("baseline")));
    EXPECT_THAT(read_text(out() / "nails.json"), Not(HasSubstr("avx512")));
}

TEST_F(Cli, CompileJsonIsOneDocument) {
    const ChildResult result = compile({conv_problem(), nails_problem()}, {"--json"});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    const json document = json::parse(result.output);
    EXPECT_THAT(document.dump(), AllOf(HasSubstr("up1"), HasSubstr("nails")));
}

/// Modification times of everything that compiling left.
std::vector<std::pair<std::string, fs::file_time_type>> times(const fs::path& directory) {
    std::vector<std::pair<std::string, fs::file_time_type>> result;
    for (const auto& entry : fs::directory_iterator(directory)) {
        result.emplace_back(entry.path().filename().string(), entry.last_write_time());
    }
    std::sort(result.begin(), result.end());
    return result;
}

TEST_F(Cli, CompilingTheSameAgainDoesNoWork) {
    ASSERT_EQ(compile({conv_problem(), nails_problem()}).exit_code, 0);
    const auto before = times(out());
    ASSERT_EQ(compile({conv_problem(), nails_problem()}).exit_code, 0);
    EXPECT_EQ(times(out()), before);
}

TEST_F(Cli, AChangedProblemIsCompiledAgainAndTheOthersAreNot) {
    ASSERT_EQ(compile({conv_problem(), nails_problem()}).exit_code, 0);
    const std::string library = read_text(out() / "libup1.a"), report = read_text(out() / "up1.json");
    const auto nails = fs::last_write_time(out() / "libnails.a");
    json changed = conv_problem();
    changed["activation"] = "tanh";
    ASSERT_EQ(compile({changed, nails_problem()}).exit_code, 0);
    EXPECT_NE(read_text(out() / "libup1.a"), library);
    EXPECT_NE(read_text(out() / "up1.json"), report);
    EXPECT_EQ(fs::last_write_time(out() / "libnails.a"), nails);
}

TEST_F(Cli, WhatWasDeletedIsMadeAgain) {
    ASSERT_EQ(compile(nails_problem()).exit_code, 0);
    for (const char* name : {"nails.h", "libnails.a", "nails.json"}) {
        fs::remove(out() / name);
        ASSERT_EQ(compile(nails_problem()).exit_code, 0);
        EXPECT_TRUE(fs::exists(out() / name)) << name;
    }
    ASSERT_EQ(compile(nails_problem(), {"--shared"}).exit_code, 0);
    EXPECT_TRUE(fs::exists(out() / "libnails.so"));
}

TEST_F(Cli, OtherTargetsAreOtherWork) {
    ASSERT_EQ(compile(nails_problem()).exit_code, 0);
    const std::string library = read_text(out() / "libnails.a");
    ASSERT_EQ(compile(nails_problem(), {"--target", "x86-64-linux-avx2-f16c-fma"}).exit_code, 0);
    EXPECT_NE(read_text(out() / "libnails.a"), library);
}

// ---------------------------------------------------------------- inspect

TEST_F(Cli, InspectSaysWhatIsKnown) {
    const ChildResult result = polyphase({"inspect", directory_.write("problem.json", conv_problem().dump())});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(result.output, AllOf(HasSubstr("up1"), HasSubstr("conv_transpose"), HasSubstr("1 x 6 x 5 x 7"),
                                     HasSubstr("1 x 4 x 10 x 14")));
    EXPECT_THAT(result.output, Not(HasSubstr("checkerboard")));
    EXPECT_THAT(written(), IsEmpty());
}

TEST_F(Cli, InspectWarnsOfCheckerboards) {
    json problem = conv_problem();
    problem["kernel"] = {3, 3};
    const ChildResult result = polyphase({"inspect", directory_.write("problem.json", problem.dump())});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(result.output, HasSubstr("checkerboard"));
}

TEST_F(Cli, InspectJsonParses) {
    const ChildResult result = polyphase(
        {"inspect", directory_.write("problems.json", json({conv_problem(), resize_problem(), nails_problem()}).dump()),
         "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.error;
    const json document = json::parse(result.output);
    ASSERT_EQ(document.size(), 3U);
    EXPECT_EQ(document[0].at("name"), "up1");
    EXPECT_EQ(document[0].at("output").at("shape"), json({1, 4, 10, 14}));
    // Every axis has 2 taps per output, but for one at either border.
    EXPECT_EQ(document[0].at("flops"), 2 * 4 * 6 * (2 * 10 - 2) * (2 * 14 - 2));
    // Input, output, weights and bias, four bytes each.
    EXPECT_EQ(document[0].at("min_bytes"), 4 * (6 * 5 * 7 + 4 * 10 * 14 + 6 * 4 * 16 + 4));
    EXPECT_EQ(document[1].at("name"), "big");
    EXPECT_EQ(document[2].at("output").at("shape"), json({1, 3, 10, 14}));
}

TEST_F(Cli, InspectRefusesBadInput) {
    json problem = conv_problem();
    problem["kernel"] = {0, 4};
    const ChildResult result = polyphase({"inspect", directory_.write("problem.json", problem.dump())});
    EXPECT_EQ(result.exit_code, kBadInput);
    EXPECT_THAT(result.error, HasSubstr("\"kernel[0]\""));
    EXPECT_THAT(result.output, IsEmpty());
}

}  // namespace
}  // namespace polyphase::testing
