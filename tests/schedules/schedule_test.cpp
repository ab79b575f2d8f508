// Schedules are data: every candidate of the cost model has to be possible, and whatever is not has to be rejected with
// a sentence.
#include <Halide.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>

#include "generators/jit.h"
#include "problem/problem_file.h"
#include "schedules/cpu/task_memory.h"
#include "schedules/planner.h"
#include "schedules/x86/lowered_names.h"
#include "schedules/x86/prefetched_stores.h"
#include "tests/property/jit_run.h"
#include "tests/property/property_case.h"

namespace polyphase::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

const char* const kTargets[] = {"x86-64-linux-avx512_skylake", "x86-64-linux-avx2-f16c-fma", "x86-64-linux"};
const char* const kForeignTargets[] = {"arm-64-linux"};  // plans only: nothing here can run their code

Problem problem_from(const char* json) {
    const ParseResult parsed = parse_problems(json);
    EXPECT_TRUE(parsed.errors.empty());
    return parsed.problems.at(0);
}

std::string request(const Schedule& schedule) {
    return Json{{"family", schedule.family}, {"params", schedule.params}}.dump();
}

TEST(Candidates, ObeyTheRules) {
    for (int i = 0; i < 150; i++) {
        Case one = make_case(seed_from_environment(), static_cast<uint64_t>(i));
        if (i % 2 == 1) one.problem.machine = "znver4";
        std::vector<std::string> targets(std::begin(kTargets), std::end(kTargets));
        targets.insert(targets.end(), std::begin(kForeignTargets), std::end(kForeignTargets));
        for (const std::string& name : targets) {
            const Halide::Target target(name);
            if (target.arch != Halide::Target::X86 && !one.problem.machine.empty()) continue;
            for (const Schedule& candidate : candidates(one.problem, target)) {
                if (candidate.family == "reference") continue;
                EXPECT_NO_THROW(plan(one.problem, target, request(candidate))) << request(candidate) << "\n"
                                                                               << describe(one);
            }
        }
    }
}

TEST(Candidates, AnyOfThemAgreesWithTheOracle) {
    std::mt19937_64 generator(seed_from_environment());
    for (int i = 0; i < cases_from_environment(40); i++) {
        const Case one = make_case(seed_from_environment() + 1, static_cast<uint64_t>(i));
        const std::vector<Schedule> all = candidates(one.problem, Halide::get_host_target());
        const Schedule& candidate = all[generator() % all.size()];
        SCOPED_TRACE(request(candidate) + "\n" + describe(one));
        const JitKernel kernel = JitKernel::compile(
            one.problem, {.schedule = candidate.family == "reference" ? "reference" : request(candidate)});
        Outputs outputs;
        ASSERT_EQ(run_kernel(kernel, one.problem, one.data, outputs), 0);
        EXPECT_EQ(mismatch(one, outputs), std::nullopt);
    }
}

void expect_oracle(const Problem& problem, const std::string& target, const std::string& schedule) {
    SCOPED_TRACE(target + " " + schedule);
    Rng rng(seed_from_environment());
    Case one;
    one.problem = problem;
    one.data = random_data(rng, problem, Numbers::real);
    const JitKernel kernel = JitKernel::compile(problem, {.schedule = schedule, .target = target});
    Outputs outputs;
    ASSERT_EQ(run_kernel(kernel, problem, one.data, outputs), 0);
    EXPECT_EQ(mismatch(one, outputs), std::nullopt);
}

/// Some of the candidates of a family, or of all.
void expect_oracle_of_any(const char* json, const std::string& family = "", int picks = 6) {
    const Problem problem = problem_from(json);
    Rng rng(seed_from_environment());
    for (const char* target : kTargets) {
        std::vector<Schedule> all = candidates(problem, Halide::Target(target));
        std::erase_if(all, [&](const Schedule& s) { return !family.empty() && s.family != family; });
        ASSERT_FALSE(all.empty()) << target;
        for (int i = 0; i < picks; i++) expect_oracle(problem, target, request(rng.pick(all)));
    }
}

TEST(Machines, DecideWhichCandidateIsBest) {
    Problem problem = problem_from(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 1024, 16, 16], "out_channels": 256, "kernel": [4, 4],
            "stride": [2, 2], "pads": [[1, 1], [1, 1]], "layout": "nhwc"})");
    const Halide::Target target("x86-64-linux-avx2-f16c-fma");
    const std::string by_default = request(plan(problem, target, ""));
    problem.machine = "znver4";
    EXPECT_NE(request(plan(problem, target, "")), by_default);
    problem.machine = "host";  // either
    EXPECT_NO_THROW(plan(problem, target, ""));
    problem.machine = "neoverse-n1";
    EXPECT_THROW(plan(problem, target, ""), std::invalid_argument);
}

/// Three phases of three quotients make nine lanes: registers of four or eight leave a masked piece of one.
TEST(Schedules, MaskASingleLane) {
    const Problem problem = problem_from(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 4, 3], "out_channels": 2, "kernel": 1, "stride": 3,
            "dilation": 3, "groups": 2})");
    for (const char* target : {"x86-64-linux-avx2-f16c-fma", "x86-64-linux"}) expect_oracle(problem, target, "");
}

/// Fewer taps than phases and an output that the stride does not divide: nothing is padded, so no tile may read past
/// the input's end.
TEST(Schedules, StayInsideAnInputWithoutPadding) {
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 11, 1837], "out_channels": 9, "kernel": 3, "stride": 8})");
}

/// Rows as one: taps that differ from phase to phase, inputs cut off at either end or never read, a last period that is
/// cut short, and channels first and last.
TEST(Schedules, Flatten) {
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [2, 6, 5, 4, 7], "out_channels": 4, "kernel": [2, 5, 3],
            "stride": [1, 3, 2], "pads": [[0, 0], [4, 1], [1, -1]], "groups": 2})",
        "flat");
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [2, 5, 9, 19], "out_channels": 3, "kernel": [4, 4],
            "stride": [2, 2], "pads": [[5, 3], [7, -2]], "layout": "nhwc"})",
        "flat");
}

/// Taps of x apart: phases that have more taps than others or none, inputs cut off at either end or never read, a last
/// period that is cut short, rows that are no multiple of a tile, in place and staged.
TEST(Schedules, SumColumns) {
    const std::string problems[] = {
        R"("op": "conv_transpose", "input": [2, 6, 5, 4, 19], "out_channels": 4, "kernel": [2, 5, 3],
           "stride": [1, 3, 2], "pads": [[0, 0], [4, 1], [1, -1]], "groups": 2)",
        R"("op": "conv_transpose", "input": [1, 7, 9, 37], "out_channels": 3, "kernel": [4, 9], "stride": [2, 4],
           "pads": [[5, 3], [7, -2]])",
        R"("op": "conv_transpose", "input": [1, 3, 33], "out_channels": 2, "kernel": [7], "stride": [5],
           "dilation": [2], "pads": [[2, 3]])",
        R"("op": "conv", "input": [1, 5, 6, 40], "out_channels": 2, "kernel": [3, 5], "dilation": [1, 2],
           "pads": [[1, 1], [3, 4]])"};
    for (size_t i = 0; i < std::size(problems); i++) {
        const std::string layout = i % 2 == 0 ? "nchw" : "nhwc";
        const auto json = [&](const std::string& input, const std::string& output) {
            return R"({"name": "k", )" + problems[i] + R"(, "input_layout": ")" + input + R"(", "output_layout": ")" +
                   output + "\"}";
        };
        expect_oracle_of_any(json(layout, layout).c_str(), "columns");
        expect_oracle_of_any(json(layout, "nhwc").c_str(), "wide_columns");
    }
    // Several blocks to a row, the last one cut short.
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 150, 701], "out_channels": 7, "kernel": [5],
            "stride": [2], "pads": [[3, 2]], "layout": "nhwc"})",
        "wide_columns");
}

/// All taps apart: phases that have more taps than others or none, inputs cut off at either end or never read, channels
/// that leave part of a vector empty or lie apart, weights that are sums.
TEST(Schedules, GatherColumns) {
    const std::string problems[] = {
        R"("op": "conv_transpose", "input": [2, 6, 5, 4, 7], "out_channels": 4, "kernel": [2, 5, 3],
           "stride": [1, 3, 2], "pads": [[0, 0], [4, 1], [1, -1]], "groups": 2)",
        R"("op": "conv_transpose", "input": [1, 7, 9, 18], "out_channels": 19, "kernel": [4, 9], "stride": [2, 4],
           "pads": [[5, 3], [7, -2]], "residual": true, "activation": "prelu")",
        R"("op": "conv_transpose", "input": [1, 3, 33], "out_channels": 2, "kernel": [3], "stride": [5],
           "dilation": [2], "pads": [[2, 3]])",
        R"("op": "resize_conv", "input": [1, 5, 6, 8], "out_channels": 3, "resized": [12, 16], "mode": "nearest",
           "kernel": [3, 3], "pads": [[1, 1], [1, 1]])"};
    for (size_t i = 0; i < std::size(problems); i++) {
        for (const std::string input : {"nchw", "nhwc"}) {
            const std::string output = (i % 2 == 0) == (input == "nchw") ? "nchw" : "nhwc";
            expect_oracle_of_any((R"({"name": "k", )" + problems[i] + R"(, "input_layout": ")" + input +
                                  R"(", "output_layout": ")" + output + "\"}")
                                     .c_str(),
                                 "col2im");
        }
    }
    // Last periods cut short along both axes, where phases have no taps.
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 23, 9, 9], "out_channels": 26, "kernel": [4, 4],
            "stride": [4, 2], "dilation": [2, 2], "pads": [[-1, 1], [0, 0]], "output": [39, 23], "layout": "nhwc"})",
        "col2im");
}

/// Depthwise, channels last: phases of x that have different taps, read before and behind the input, or have none; a
/// last period and a last vector of groups that are cut short; strides whose phases do not fit registers.
TEST(Schedules, ShareInputsOfGroups) {
    for (const char* const of_21_channels :
         {R"("op": "conv_transpose", "input": [2, 21, 6, 11], "kernel": [4, 5], "stride": [2, 3],
             "pads": [[1, 2], [4, -1]], "residual": true)",
          R"("op": "conv_transpose", "input": [1, 21, 3, 4, 5], "kernel": [3, 4, 6], "stride": [1, 2, 2],
             "dilation": [1, 1, 2], "pads": [[0, 0], [1, 1], [0, 3]])",
          R"("op": "conv_transpose", "input": [1, 21, 5, 4], "kernel": [3, 40], "stride": [2, 20])",
          R"("op": "resize_conv", "input": [1, 21, 4, 9], "resized": [8, 18], "mode": "linear", "kernel": [3, 3],
             "pads": [[1, 1], [1, 1]], "activation": "relu")"}) {
        expect_oracle_of_any((R"({"name": "k", "layout": "nhwc", "groups": 21, "out_channels": 21, )" +
                              std::string(of_21_channels) + "}")
                                 .c_str(),
                             "groups", 2);
    }
}

/// One input along y, which most outputs do not see: reductions of one step under a test.
TEST(Schedules, FlattenASingleRow) {
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 32, 5, 1, 1], "out_channels": 32, "kernel": [5, 4, 3],
            "stride": [3, 1, 4], "pads": [[1, 0], [1, -1], [0, -1]], "groups": 32})",
        "flat");
}

/// Parts of rows that are copied past the caches: whole periods or a last one cut short, parts that overlap, ratios
/// without periods, epilogues, volumes.
TEST(Schedules, StreamRows) {
    for (const char* op :
         {R"("input": [2, 16, 5, 67], "scale": [2, 2], "mode": "linear", "residual": true)",
          R"("input": [1, 64, 7, 129], "output": [19, 513], "mode": "linear", "coordinates": "align_corners")",
          R"("input": [1, 32, 3, 9, 71], "scale": [2, 3, 4], "mode": "nearest")",
          R"("input": [1, 48, 4, 97], "output": [9, 231], "mode": "cubic", "activation": "relu")"}) {
        SCOPED_TRACE(op);
        const Problem problem =
            problem_from((R"({"name": "k", "op": "resize", "layout": "nhwc", )" + std::string(op) + "}").c_str());
        for (const char* target : {"x86-64-linux-avx512_skylake", "x86-64-linux-avx2-f16c-fma"}) {
            Schedule schedule = plan(problem, Halide::Target(target), "");
            schedule.params["streams"] = 1;
            expect_oracle(problem, target, request(schedule));
        }
    }
}

// Cache lines that the lowered code asks for beforehand.
template <typename Pass>
int prefetched_lines(const Halide::Func& output) {
    class Count final : public Halide::Internal::IRVisitor {
      public:
        int lines = 0;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Call* op) override {
            lines += op->is_intrinsic(Halide::Internal::Call::prefetch) ? 1 : 0;
            IRVisitor::visit(op);
        }
    } count;
    Halide::Pipeline pipeline(output);
    Pass::add_to(pipeline);
    const Halide::Module module =
        pipeline.compile_to_module({}, "k", Halide::Target("x86-64-linux-avx512_skylake-no_runtime"));
    for (const auto& function : module.functions()) function.body.accept(&count);
    return count.lines;
}

/// Tiles of four vectors, each of two cache lines and a half: straight from registers, and copied by a loop.
TEST(Schedules, PrefetchWhatTilesStore) {
    for (const bool by_a_loop : {false, true}) {
        const Halide::Var x("x"), y("y"), xo("xo"), yo("yo");
        Halide::Func sums("sums"), output("output");
        const Halide::RDom r(0, 9);
        sums(x, y) += Halide::cast<float>(r * x + y);
        output(x, y) = sums(x, y);
        output.tile(x, y, xo, yo, x, y, 40, 4).vectorize(x);
        if (!by_a_loop) output.unroll(y);
        sums.compute_at(output, xo);
        EXPECT_EQ(prefetched_lines<x86::PrefetchedTiles>(output), by_a_loop ? 0 : 4 * 3);
    }
}

/// The innermost loop over vectors asks for what one of them will store later, once per line.
TEST(Schedules, PrefetchWhatRowsStore) {
    const Halide::Var x("x"), y("y"), vector("vector"), lane("lane");
    Halide::Func output("output");
    output(x, y) = Halide::cast<float>(x + y);
    output.bound(x, 0, 640).split(x, vector, lane, 32).vectorize(lane);
    EXPECT_EQ(prefetched_lines<x86::PrefetchedRows>(output), 2);
}

// Shows `visitor` the code that the schedule is lowered to.
void show_lowered(const Problem& problem, const Schedule& schedule, const std::string& target_text,
                  Halide::Internal::IRVisitor& visitor) {
    const Halide::Target target(target_text + "-no_runtime");
    const auto generator =
        Halide::Internal::GeneratorRegistry::create(op_name(problem), Halide::GeneratorContext(target));
    generator->set_generatorparam_value("problem", to_json(problem).dump());
    generator->set_generatorparam_value("schedule", request(schedule));
    Halide::Pipeline pipeline = generator->build_pipeline();
    const Halide::Module module = pipeline.compile_to_module(pipeline.infer_arguments(), "k", target);
    for (const auto& function : module.functions()) function.body.accept(&visitor);
}

/// The processor whose rows of pixels ask for what they store leaves rows that stream past the caches alone.
TEST(Schedules, StreamLargeOutputs) {
    class Count final : public Halide::Internal::IRVisitor {
      public:
        int streams = 0, output_stores = 0;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Call* op) override {
            streams += op->name == "polyphase_stream" ? 1 : 0;
            IRVisitor::visit(op);
        }
        void visit(const Halide::Internal::Store* op) override {
            output_stores += x86::is_stage(op->name, "output") ? 1 : 0;
            IRVisitor::visit(op);
        }
    } count;
    const Problem problem =
        problem_from(R"({"name": "k", "op": "resize", "layout": "nhwc", "input": [1, 64, 160, 160], "scale": [2, 2],
                         "mode": "linear", "machine": "znver4"})");
    const char* target = "x86-64-linux-avx2-f16c-fma";
    show_lowered(problem, plan(problem, Halide::Target(target), ""), target, count);
    EXPECT_GT(count.streams, 0);
    EXPECT_EQ(count.output_stores, 0);
}

// How many loads of the rows that outputs are permuted from take their lanes one by one, and how many whole vectors.
std::pair<int, int> gathers_and_vectors(const Problem& problem, const std::string& target) {
    class Count final : public Halide::Internal::IRVisitor {
      public:
        int gathers = 0, vectors = 0;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Load* op) override {
            if (x86::is_stage(op->name, "patterned") && op->type.is_vector())
                (op->index.as<Halide::Internal::Ramp>() != nullptr ? vectors : gathers)++;
            IRVisitor::visit(op);
        }
    } count;
    show_lowered(problem, plan(problem, Halide::Target(target), ""), target, count);
    return {count.gathers, count.vectors};
}

/// Vectors along rows, short ones and long ones: channels that divide no vector, patterns of several vectors, rows that
/// end within one, inputs that fill vectors, more phases than taps, short rows of any ratio, taps that one vector holds
/// and taps that two do not share, epilogues, volumes.
TEST(Schedules, PermuteRows) {
    for (
        const char* problem_json :
        {R"("layout": "nhwc", "input": [2, 3, 5, 23], "scale": [2, 2], "mode": "linear", "residual": true)",
         R"("layout": "nhwc", "input": [1, 1, 6, 40], "output": [9, 60], "mode": "linear")",
         R"("layout": "nhwc", "input": [1, 7, 5, 20], "output": [9, 30], "mode": "cubic", "activation": "relu")",
         R"("layout": "nhwc", "input": [1, 4, 5, 13], "output": [9, 26], "mode": "cubic")",
         R"("layout": "nhwc", "input": [1, 6, 3, 5, 22], "scale": [2, 1, 2], "mode": "nearest")",
         R"("layout": "nhwc", "input": [1, 12, 3, 33], "output": [9, 65], "mode": "linear", "coordinates": "align_corners")",
         R"("layout": "nchw", "input": [1, 5, 9, 33], "output": [33, 129], "mode": "linear", "coordinates": "align_corners")",
         R"("layout": "nhwc", "input": [1, 3, 4, 150], "output": [9, 300], "mode": "cubic")",
         R"("layout": "nhwc", "input": [1, 5, 4, 202], "output": [9, 303], "mode": "linear", "residual": true)",
         R"("layout": "nchw", "input": [1, 2, 4, 130], "output": [9, 517], "mode": "linear",
             "coordinates": "align_corners")",
         R"("layout": "nchw", "input": [2, 3, 3, 4, 32], "output": [5, 8, 64], "mode": "linear")",
         R"("layout": "nchw", "input": [1, 3, 6, 32], "output": [12, 64], "mode": "cubic", "activation": "relu")",
         R"("layout": "nchw", "input": [1, 3, 6, 33], "output": [10, 100], "mode": "cubic")",
         R"("layout": "nhwc", "input": [1, 3, 6, 20], "output": [11, 37], "mode": "linear", "activation": "relu")",
         R"("layout": "nchw", "input": [2, 2, 5, 30], "output": [7, 71], "mode": "nearest")",
         R"("layout": "nchw", "input": [2, 2, 4, 50], "output": [4, 75], "mode": "linear")"}) {
        SCOPED_TRACE(problem_json);
        const Problem problem =
            problem_from((R"({"name": "k", "op": "resize", )" + std::string(problem_json) + "}").c_str());
        for (const char* target : {"x86-64-linux-avx512_skylake", "x86-64-linux-avx2-f16c-fma"}) {
            SCOPED_TRACE(target);
            EXPECT_EQ(plan(problem, Halide::Target(target), "").family, "permuted");
            const auto [gathers, vectors] = gathers_and_vectors(problem, target);
            EXPECT_EQ(gathers, 0);
            EXPECT_GT(vectors, 0);
            expect_oracle(problem, target, "");
        }
    }
}

// Whether the lowered code stores vectors of neighbouring elements of the output.
bool stores_runs(const Problem& problem, const Schedule& schedule) {
    class Find final : public Halide::Internal::IRVisitor {
      public:
        bool run = false;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Store* op) override {
            const auto* ramp = op->index.as<Halide::Internal::Ramp>();
            run = run || (x86::is_stage(op->name, "output") && ramp != nullptr &&
                          Halide::Internal::is_const_one(ramp->stride));
        }
    } find;
    show_lowered(problem, schedule, kTargets[0], find);
    return find.run;
}

/// Few channels, last: whole pixels follow each other in one store, whatever sums them up.
TEST(Schedules, StoreRunsOfPixels) {
    std::set<std::string> seen;
    for (const int groups : {1, 3}) {
        const Problem problem = problem_from(
            (R"({"name": "k", "op": "conv_transpose", "input": [1, 6, 9, 40], "out_channels": 3, "kernel": [4, 4],
                 "stride": [2, 2], "layout": "nhwc", "groups": )" +
             std::to_string(groups) + "}")
                .c_str());
        for (const Schedule& schedule : candidates(problem, Halide::Target(kTargets[0]))) {
            const std::string& family = schedule.family;
            const bool whole_pixels = groups == 1 ? family == "space" || family == "flat" || family == "columns"
                                                  : family == "space" && schedule["all_groups"];
            if (!whole_pixels || !seen.insert(family + std::to_string(groups)).second) continue;
            SCOPED_TRACE(family);
            EXPECT_TRUE(stores_runs(problem, schedule));
            expect_oracle(problem, kTargets[0], request(schedule));
        }
    }
    EXPECT_EQ(seen.size(), 4u);
}

// The loops around the first store of the output, outermost first.
std::vector<std::string> loops_around_store(const Problem& problem, const Schedule& schedule) {
    class Find final : public Halide::Internal::IRVisitor {
      public:
        std::vector<std::string> found;

      private:
        std::vector<std::string> around_;

        using IRVisitor::visit;
        void visit(const Halide::Internal::For* op) override {
            around_.push_back(op->name);
            IRVisitor::visit(op);
            around_.pop_back();
        }
        void visit(const Halide::Internal::Store* op) override {
            if (found.empty() && x86::is_stage(op->name, "output")) found = around_;
        }
    } find;
    show_lowered(problem, schedule, kTargets[0], find);
    return find.found;
}

/// Few products make a large output with channels last: the channels of a pixel and the phases of x are stored before
/// the next pixel's.
TEST(Schedules, StorePixelAfterPixel) {
    const char* const json =
        R"({"name": "k", "op": "conv_transpose", "input": [1, 2, 15, 18], "out_channels": 100, "kernel": [3, 5],
            "stride": [2, 3], "layout": "nhwc", "residual": true})";
    const Problem problem = problem_from(json);
    expect_oracle_of_any(json, "channels", 2);
    bool seen = false;
    for (const Schedule& schedule : candidates(problem, Halide::Target(kTargets[0]))) {
        if (schedule.family != "channels" || !schedule["whole_pixels"] || schedule["vectors"] != 2) continue;
        seen = true;
        expect_oracle(problem, kTargets[0], request(schedule));
        const std::vector<std::string> loops = loops_around_store(problem, schedule);
        ASSERT_GE(loops.size(), 3u);
        EXPECT_THAT(loops[loops.size() - 1], HasSubstr("c_block"));
        EXPECT_THAT(loops[loops.size() - 2], HasSubstr("rx"));
        EXPECT_THAT(loops[loops.size() - 3], HasSubstr("x_in_block"));
        break;
    }
    EXPECT_TRUE(seen);
}

// Elements that the lowered code puts on the stack for buffers of a stage: the largest of them.
int most_on_stack(const Problem& problem, const Schedule& schedule, const char* stage) {
    class Find final : public Halide::Internal::IRVisitor {
      public:
        explicit Find(const char* stage) : stage_(stage) {}
        int most = 0;

      private:
        const char* stage_;

        using IRVisitor::visit;
        void visit(const Halide::Internal::Allocate* op) override {
            if (x86::is_stage(op->name, stage_)) most = std::max(most, op->constant_allocation_size());
            IRVisitor::visit(op);
        }
    } find(stage);
    show_lowered(problem, schedule, kTargets[0], find);
    return find.most;
}

/// A last period of y that is cut short, and rows in several blocks: columns are still of one row.
TEST(Schedules, HoldColumnsOfARow) {
    const Problem problem = problem_from(
        R"({"name": "k", "op": "conv_transpose", "input": [1, 48, 28, 28], "out_channels": 55, "kernel": [6, 6],
            "stride": [3, 3], "pads": [[3, 1], [0, 0]], "output": [83, 87], "layout": "nhwc"})");
    bool seen = false;
    for (const Schedule& schedule : candidates(problem, Halide::Target(kTargets[0]))) {
        if (schedule.family != "wide_columns" || schedule["block_y"] == 28 || schedule["stage"] != 0) continue;
        seen = true;
        const int most = most_on_stack(problem, schedule, "columns");
        EXPECT_GT(most, 0);
        EXPECT_LE(4 * most, cpu::kMostTaskBytes) << request(schedule);
        expect_oracle(problem, kTargets[0], request(schedule));
        break;
    }
    EXPECT_TRUE(seen);
}

/// Short rows of planes are turned over as a whole: groups of channels that no vector divides, padding on either side,
/// rows above and below.
TEST(Schedules, TurnShortRows) {
    expect_oracle_of_any(
        R"({"name": "k", "op": "conv_transpose", "input": [2, 22, 3, 4, 7], "out_channels": 10, "kernel": [3, 3, 4],
            "stride": [1, 2, 2], "pads": [[1, 1], [1, 0], [0, 2]], "groups": 2})",
        "channels", 4);
}

/// A row of a prime number of quotients has no equal blocks: the last one is shifted inwards.
TEST(Schedules, ShiftTheLastBlockOfARow) {
    const int quotients = 1009;
    Rng rng(seed_from_environment());
    for (const auto& [family, groups, layout] :
         {std::tuple("channels", 1, "nhwc"), {"channels", 1, "nchw"}, {"space", 1, "nchw"}, {"groups", 32, "nhwc"}}) {
        const Problem problem = problem_from(Json{{"name", "k"},
                                                  {"op", "conv_transpose"},
                                                  {"input", {1, 32, quotients}},
                                                  {"out_channels", 32},
                                                  {"kernel", 4},
                                                  {"stride", 2},
                                                  {"pads", {{1, 1}}},
                                                  {"groups", groups},
                                                  {"layout", layout}}
                                                 .dump()
                                                 .c_str());
        std::vector<Schedule> all = candidates(problem, Halide::Target(kTargets[1]));
        std::erase_if(all, [&, family = family](const Schedule& s) {
            if (s.family != family) return true;
            const int tile = s.family == "space" ? s["lanes"] * s["vectors"] : s["tile_x"];
            return ceil_div(quotients, tile) % s["block_x"] == 0;
        });
        ASSERT_FALSE(all.empty()) << family;
        for (int i = 0; i < 2; i++) expect_oracle(problem, kTargets[1], request(rng.pick(all)));
    }
}

// Tasks of the parallel loops that store the output; 0 without one.
int tasks(const Problem& problem, const Schedule& schedule) {
    class Find final : public Halide::Internal::IRVisitor {
      public:
        int tasks = 0;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Call* op) override {
            IRVisitor::visit(op);
            if (op->name != "halide_do_par_for") return;
            std::ostringstream body;
            body << op->args[0];
            if (body.str().find("par_for_output") != std::string::npos)
                tasks = static_cast<int>(Halide::Internal::as_const_int(op->args[2]).value_or(0));
        }
    } find;
    show_lowered(problem, schedule, kTargets[0], find);
    return find.tasks;
}

/// Few output channels, and groups of them: still more than one task, whatever the family.
TEST(Schedules, HaveTasksForThreads) {
    std::set<std::string> seen;
    for (const char* shape : {R"("input": [1, 21, 34, 34], "out_channels": 21)",
                              R"("input": [1, 64, 48, 48], "out_channels": 64, "groups": 64)",
                              R"("input": [1, 96, 30, 33], "out_channels": 12, "groups": 3)"}) {
        for (const char* layout : {"nchw", "nhwc"}) {
            const Problem problem = problem_from(
                (R"({"name": "k", "op": "conv_transpose", "kernel": [4, 4], "stride": [2, 2], "layout": ")" +
                 std::string(layout) + "\", " + shape + "}")
                    .c_str());
            std::set<std::string> families;
            for (const Schedule& schedule : candidates(problem, Halide::Target(kTargets[0]))) {
                if (schedule["parallel"] == 0 || !families.insert(schedule.family).second) continue;
                EXPECT_GE(tasks(problem, schedule), 4) << shape << ", " << layout << "\n" << request(schedule);
            }
            EXPECT_FALSE(families.empty());
            seen.insert(families.begin(), families.end());
        }
    }
    EXPECT_GE(seen.size(), 6u);
}

// Vectors that the lowered code stores under a mask.
int masked_stores(const Problem& problem, const Schedule& schedule, const std::string& target) {
    class Count final : public Halide::Internal::IRVisitor {
      public:
        int masked = 0;

      private:
        using IRVisitor::visit;
        void visit(const Halide::Internal::Store* op) override {
            masked += Halide::Internal::is_const_one(op->predicate) ? 0 : 1;
            IRVisitor::visit(op);
        }
    } count;
    show_lowered(problem, schedule, target, count);
    return count.masked;
}

/// Channels that do not fill their last vector, which is shorter then: of one block of channels and of several, from
/// registers and from the stack.
TEST(Schedules, StorePartsOfVectors) {
    const std::string target = "x86-64-linux-avx2-f16c-fma";
    for (const int channels : {19, 41}) {
        const Problem problem =
            problem_from((R"({"name": "k", "op": "conv_transpose", "input": [1, 12, 5, 9], "out_channels": )" +
                          std::to_string(channels) + R"(, "kernel": [4, 4], "stride": [2, 2], "layout": "nhwc"})")
                             .c_str());
        std::set<std::string> seen;
        for (const Schedule& schedule : candidates(problem, Halide::Target(target))) {
            const std::string& family = schedule.family;
            const bool several = family == "channels" && schedule["vectors"] * schedule["lanes"] < channels;
            if (!seen.insert(family + (several ? " in blocks" : "")).second) continue;
            SCOPED_TRACE(request(schedule));
            EXPECT_EQ(masked_stores(problem, schedule, target), 0);
            expect_oracle(problem, target, request(schedule));
        }
        EXPECT_TRUE(seen.contains("channels in blocks") && seen.contains("wide_columns"));
    }
}

/// A resampled row of whole periods, in tiles that go on past its end.
TEST(Schedules, RoundUpAResampledRow) {
    const Problem problem = problem_from(
        R"({"name": "k", "op": "resize_conv", "input": [1, 33, 34], "resized": [102], "mode": "linear",
            "antialias": true, "out_channels": 17, "kernel": [12], "dilation": [3], "pads": [[16, 17]],
            "weight_layout": "cout_k_cin", "layout": "nhwc"})");
    expect_oracle(problem, kTargets[0], "");
}

class Rejected : public ::testing::Test {
  protected:
    // The sentence with which the planner refuses its own choice after `change`.
    std::string why(const std::function<void(Schedule&)>& change) const {
        Schedule schedule = plan(problem_, target_);
        change(schedule);
        try {
            plan(problem_, target_, request(schedule));
        } catch (const std::invalid_argument& e) {
            return e.what();
        }
        return "accepted";
    }

    const Problem problem_ = problem_from(
        R"({"name":"k","op":"conv_transpose","input":[1,64,32,32],"out_channels":32,"kernel":[4,4],"stride":[2,2],"pads":[[1,1],[1,1]]})");
    const Halide::Target target_{"x86-64-linux-avx512_skylake"};
};

TEST_F(Rejected, NotTheChoiceItself) {
    EXPECT_EQ(why([](Schedule&) {}), "accepted");
}

TEST_F(Rejected, UnknownFamily) {
    EXPECT_THAT(why([](Schedule& s) { s.family = "magic"; }), HasSubstr("found magic"));
}

TEST_F(Rejected, MissingParameter) {
    EXPECT_THAT(why([](Schedule& s) { s.params.erase("block_y"); }), HasSubstr("block_y is missing"));
}

TEST_F(Rejected, UnknownParameter) {
    EXPECT_THAT(why([](Schedule& s) { s.params["speed"] = 1; }), HasSubstr("speed is unknown"));
}

TEST_F(Rejected, TileBeyondTheProblem) {
    EXPECT_THAT(why([](Schedule& s) { s.params["tile_y"] = 33; }), HasSubstr("tile_y: expected 1 to 32, found 33"));
}

TEST_F(Rejected, BlockOfRowsThatLeavesARemainder) {
    EXPECT_THAT(why([](Schedule& s) { s.params["block_y"] = 31; }), HasSubstr("block_y: expected a divisor"));
}

TEST_F(Rejected, NoSchedule) {
    EXPECT_THROW(plan(problem_, target_, "fast please"), std::invalid_argument);
    EXPECT_THROW(plan(problem_, target_, R"({"family": "space"})"), std::invalid_argument);
}

}  // namespace
}  // namespace polyphase::testing
