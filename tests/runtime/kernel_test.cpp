// Running and packing through descriptors: arguments, checks, the choice of instruction set.
#include "tests/runtime/fakes/near2.h"
#include "tests/runtime/fakes/skip1.h"
#include "tests/runtime/fakes/up1.h"
#include "tests/runtime/fixture.h"

namespace {

using testing::HasSubstr;

class KernelTest : public RuntimeTest {
  protected:
    KernelTest()
        : packed(polyphase_kernel_packed_size(&up1_kernel, &state)),
          workspace(polyphase_kernel_workspace_size(&up1_kernel, &state)) {
        EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, weights.data(), bias.data(), nullptr, packed.data()), 0)
            << polyphase_last_error();
    }

    int run_view(const polyphase_view& in, const polyphase_view& out) {
        return polyphase_kernel_run(&up1_kernel, &state, &in, packed.data(), nullptr, &out, workspace.data());
    }

    /// A run must report `code`, name what is wrong and leave the output alone.
    void expect_refused(int result, int code, const char* message) {
        EXPECT_EQ(result, code);
        EXPECT_THAT(polyphase_last_error(), HasSubstr(message));
        EXPECT_EQ(runs, 0) << "the kernel ran";
        EXPECT_THAT(output, testing::Each(7.0f));
    }

    void count_runs() {
        fake::code = [this](const fake::Call& call) {
            ++runs;
            call.data(static_cast<int>(call.buffers.size()) - 1)[0] = 1.0f;
            return 0;
        };
    }

    int runs = 0;
    polyphase_state state = {0};
    std::vector<float> weights = std::vector<float>(24, 1.0f), bias = {5.0f, 6.0f};
    std::vector<float> input = std::vector<float>(120), output = std::vector<float>(320, 7.0f);
    std::vector<unsigned char> packed, workspace;
    polyphase_view dense_in = {input.data(), {60, 20, 5, 1}}, dense_out = {output.data(), {160, 80, 10, 1}};
};

TEST_F(KernelTest, RunPassesBuffersInOrder) {
    fake::code = [&](const fake::Call& call) {
        ++runs;
        EXPECT_EQ(call.function, "up1_better_run");
        EXPECT_NE(call.user_context, nullptr);
        EXPECT_EQ(call.data(0), input.data());
        EXPECT_EQ(call.dims(0), "3*20, 5*1, 4*5, 1*0, 2*60") << "c, x, y, z, n";
        EXPECT_EQ(reinterpret_cast<unsigned char*>(call.data(1)), packed.data() + 128);
        EXPECT_EQ(call.dims(1), "4*1, 3*4, 4*12");
        EXPECT_EQ(reinterpret_cast<unsigned char*>(call.data(2)), packed.data() + 64);
        EXPECT_EQ(call.dims(2), "4*1");
        EXPECT_EQ(call.data(3), output.data());
        EXPECT_EQ(call.dims(3), "2*80, 1*160, 2*1, 5*2, 2*10, 4*20, 1*0, 1*0, 2*160") << "the phases are dimensions";
        for (const halide_buffer_t* buffer : call.buffers) {
            EXPECT_EQ(buffer->type, halide_type_t(halide_type_float, 32));
            for (int d = 0; d < buffer->dimensions; ++d) EXPECT_EQ(buffer->dim[d].min, 0);
        }
        const float* packed_bias = call.data(2);
        EXPECT_THAT(std::vector<float>(packed_bias, packed_bias + 4), testing::ElementsAre(5, 6, 0, 0));
        return 0;
    };
    EXPECT_EQ(run_view(dense_in, dense_out), 0) << polyphase_last_error();
    EXPECT_EQ(polyphase_kernel_run_dense(&up1_kernel, &state, input.data(), packed.data(), nullptr, output.data(),
                                         workspace.data()),
              0);
    EXPECT_EQ(runs, 2);
}

TEST_F(KernelTest, RunPassesStridesOfSlices) {
    std::vector<float> larger(2 * 5 * 9 * 12);
    fake::code = [&](const fake::Call& call) {
        ++runs;
        EXPECT_EQ(call.data(3), larger.data() + 7);
        EXPECT_EQ(call.dims(3), "2*108, 1*216, 2*1, 5*2, 2*12, 4*24, 1*0, 1*0, 2*540");
        return 0;
    };
    EXPECT_EQ(run_view(dense_in, {larger.data() + 7, {540, 108, 12, 1}}), 0) << polyphase_last_error();
    EXPECT_EQ(runs, 1);
}

TEST_F(KernelTest, ChannelsLastAndNoWeights) {
    std::vector<float> in(60), out(240);
    fake::code = [&](const fake::Call& call) {
        ++runs;
        EXPECT_EQ(call.function, "near2_baseline_run");
        EXPECT_EQ(call.dims(0), "3*1, 4*3, 5*12, 1*0, 1*0");
        EXPECT_EQ(call.dims(1), "3*1, 8*3, 10*24, 1*0, 1*0");
        return 0;
    };
    EXPECT_EQ(near2_run(in.data(), nullptr, out.data(), nullptr), 0) << near2_last_error();
    EXPECT_TRUE(near2::run(in, out));
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(near2_run(in.data(), packed.data(), out.data(), nullptr), POLYPHASE_UNEXPECTED_TENSOR);
    EXPECT_EQ(near2_pack(weights.data(), nullptr, packed.data()), POLYPHASE_UNEXPECTED_TENSOR);
    EXPECT_EQ(near2_packed_size(), 0u);
    EXPECT_EQ(near2_workspace_size(), 0u);
}

TEST_F(KernelTest, ResidualAndSlopes) {
    std::vector<float> in(12), residual(12), out(12), w = {1, 2, 3, 4}, slopes = {8, 9};
    fake::code = [&](const fake::Call& call) {
        if (call.function == "skip1_baseline_pack") {
            EXPECT_EQ(call.data(0), w.data());
            EXPECT_EQ(call.dims(0), "1*1, 2*1, 2*2");
            EXPECT_EQ(call.dims(1), "8*1, 2*8");
            return 0;
        }
        ++runs;
        EXPECT_EQ(call.function, "skip1_baseline_run");
        EXPECT_EQ(call.dims(0), "2*6, 6*1, 1*0, 1*0, 1*0");
        EXPECT_THAT(std::vector<float>(call.data(2), call.data(2) + 8), testing::Each(0.0f))
            << "no bias is a bias of zeros";
        EXPECT_THAT(std::vector<float>(call.data(3), call.data(3) + 8), testing::ElementsAre(8, 9, 0, 0, 0, 0, 0, 0));
        EXPECT_EQ(call.data(4), residual.data());
        EXPECT_EQ(call.dims(4), "2*6, 6*1, 1*0, 1*0, 1*0");
        EXPECT_EQ(call.data(5), out.data());
        return 0;
    };
    std::vector<unsigned char> blob(skip1_packed_size());
    ASSERT_EQ(skip1_pack_prelu(w.data(), nullptr, slopes.data(), blob.data()), 0) << skip1_last_error();
    EXPECT_EQ(skip1_run_residual(in.data(), blob.data(), residual.data(), out.data(), nullptr), 0)
        << skip1_last_error();
    const skip1::Weights packed_weights = skip1::pack(w, slopes);
    EXPECT_TRUE(skip1::run(in, packed_weights, residual, out));
    EXPECT_EQ(runs, 2);

    EXPECT_EQ(skip1_run(in.data(), blob.data(), out.data(), nullptr), POLYPHASE_MISSING_TENSOR);
    EXPECT_STREQ(skip1_last_error(), "skip1: this kernel needs a residual, found null");
    EXPECT_EQ(skip1_pack(w.data(), nullptr, blob.data()), POLYPHASE_MISSING_TENSOR);
    EXPECT_EQ(skip1_pack_prelu(w.data(), slopes.data(), slopes.data(), blob.data()), POLYPHASE_UNEXPECTED_TENSOR);
    EXPECT_EQ(runs, 2);
}

TEST_F(KernelTest, RefusesNullPointers) {
    count_runs();
    expect_refused(run_view({nullptr, {60, 20, 5, 1}}, dense_out), POLYPHASE_NULL_POINTER, "up1: the input is null");
    expect_refused(run_view(dense_in, {nullptr, {160, 80, 10, 1}}), POLYPHASE_NULL_POINTER, "up1: the output is null");
    expect_refused(
        polyphase_kernel_run(&up1_kernel, &state, nullptr, packed.data(), nullptr, &dense_out, workspace.data()),
        POLYPHASE_NULL_POINTER, "input");
    expect_refused(
        polyphase_kernel_run(&up1_kernel, &state, &dense_in, packed.data(), nullptr, nullptr, workspace.data()),
        POLYPHASE_NULL_POINTER, "output");
    expect_refused(polyphase_kernel_run(&up1_kernel, &state, &dense_in, nullptr, nullptr, &dense_out, workspace.data()),
                   POLYPHASE_NULL_POINTER, "packed weights are null");
    expect_refused(polyphase_kernel_run(&up1_kernel, &state, &dense_in, packed.data(), nullptr, &dense_out, nullptr),
                   POLYPHASE_NULL_POINTER, "workspace is null; expected 1087 bytes");
    expect_refused(
        polyphase_kernel_run(&up1_kernel, &state, &dense_in, packed.data(), &dense_out, &dense_out, workspace.data()),
        POLYPHASE_UNEXPECTED_TENSOR, "no residual");
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, nullptr, bias.data(), nullptr, packed.data()),
              POLYPHASE_NULL_POINTER);
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, weights.data(), nullptr, nullptr, packed.data()),
              POLYPHASE_MISSING_TENSOR);
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, weights.data(), bias.data(), nullptr, nullptr),
              POLYPHASE_NULL_POINTER);
    EXPECT_EQ(runs, 0);
}

TEST_F(KernelTest, TakesAnyAlignmentOfTheElement) {
    count_runs();
    unsigned char* bytes = reinterpret_cast<unsigned char*>(input.data());
    expect_refused(run_view({bytes + 2, {60, 20, 5, 1}}, dense_out), POLYPHASE_MISALIGNED, "multiple of 4");
    expect_refused(run_view(dense_in, {reinterpret_cast<unsigned char*>(output.data()) + 1, {160, 80, 10, 1}}),
                   POLYPHASE_MISALIGNED, "output");
    expect_refused(
        polyphase_kernel_run(&up1_kernel, &state, &dense_in, packed.data() + 1, nullptr, &dense_out, workspace.data()),
        POLYPHASE_MISALIGNED, "packed");
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, bytes + 1, bias.data(), nullptr, packed.data()),
              POLYPHASE_MISALIGNED);
    input.resize(121);
    EXPECT_EQ(run_view({input.data() + 1, {60, 20, 5, 1}}, dense_out), 0);
}

TEST_F(KernelTest, RefusesBadStrides) {
    count_runs();
    const auto in = [&](int64_t n, int64_t c, int64_t h, int64_t w) {
        return polyphase_view{input.data(), {n, c, h, w}};
    };
    const auto out = [&](int64_t n, int64_t c, int64_t h, int64_t w) {
        return polyphase_view{output.data(), {n, c, h, w}};
    };
    const int code = POLYPHASE_WRONG_STRIDES;
    expect_refused(run_view(in(60, 20, 5, 2), dense_out), code,
                   "up1: the input's strides: expected 1 in the innermost dimension, found 2");
    expect_refused(run_view(in(60, 20, 0, 1), dense_out), code, "in dimension 2, found 0");
    expect_refused(run_view(in(60, -20, 5, 1), dense_out), code, "in dimension 1, found -20");
    expect_refused(run_view(in(INT64_MAX, 20, 5, 1), dense_out), code, "in dimension 0");
    expect_refused(run_view(in(INT32_MAX, 20, 5, 1), dense_out), code, "in dimension 0");  // the sum counts
    expect_refused(run_view(dense_in, out(160, 80, 9, 1)), code,
                   "elements of shape 2x2x8x10 overlap; expected at least 10 in dimension 2, found 9");
    expect_refused(run_view(dense_in, out(160, 79, 10, 1)), code, "expected at least 80 in dimension 1, found 79");
    expect_refused(run_view(dense_in, out(80, 80, 10, 1)), code, "overlap");
    EXPECT_EQ(run_view(in(1, 20, 5, 1), dense_out), 0) << "an input may overlap itself";
    EXPECT_EQ(run_view(dense_in, out(80, 160, 10, 1)), 0) << "any order of the outer dimensions will do";
}

TEST_F(KernelTest, IgnoresStridesOfSingletons) {
    std::vector<float> in(60), out(240);
    const polyphase_view in_view = {in.data(), {-5, 12, 3, 1}}, out_view = {out.data(), {0, 24, 3, 1}};
    EXPECT_EQ(near2_run_view(&in_view, nullptr, nullptr, &out_view, nullptr), 0) << near2_last_error();
}

TEST_F(KernelTest, RefusesForeignPackedWeights) {
    count_runs();
    const auto run_with = [&](const polyphase_kernel& kernel, const void* blob) {
        return polyphase_kernel_run(&kernel, &state, &dense_in, blob, nullptr, &dense_out, workspace.data());
    };
    const std::vector<unsigned char> raw(packed.size(), 1);
    expect_refused(run_with(up1_kernel, raw.data()), POLYPHASE_WRONG_PACKED_WEIGHTS,
                   "expected the result of this kernel's pack");
    polyphase_kernel rebuilt = up1_kernel;
    ++rebuilt.hash;
    expect_refused(run_with(rebuilt, packed.data()), POLYPHASE_WRONG_PACKED_WEIGHTS, "packed by another kernel");
    state.chosen = 2;
    expect_refused(run_with(up1_kernel, packed.data()), POLYPHASE_WRONG_PACKED_WEIGHTS,
                   "up1: the weights were packed for better, but this process runs baseline");
}

TEST_F(KernelTest, RefusesAnotherRelease) {
    count_runs();
    polyphase_kernel old = up1_kernel;
    old.abi = POLYPHASE_KERNEL_ABI - 1;
    expect_refused(polyphase_kernel_run(&old, &state, &dense_in, packed.data(), nullptr, &dense_out, workspace.data()),
                   POLYPHASE_WRONG_RELEASE, "generate it again");
}

TEST_F(KernelTest, ReportsWhatTheCodeReports) {
    fake::code = [](const fake::Call& call) {
        halide_error(call.user_context, "first complaint");
        halide_error(call.user_context, "second complaint");
        return -5;
    };
    EXPECT_EQ(run_view(dense_in, dense_out), POLYPHASE_KERNEL_FAILED);
    EXPECT_STREQ(polyphase_last_error(), "up1: the generated code failed with code -5: first complaint");
}

TEST_F(KernelTest, PackWritesNoHeaderWhenItFails) {
    std::fill(packed.begin(), packed.end(), 0xee);
    fake::code = [](const fake::Call&) { return -1; };
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, weights.data(), bias.data(), nullptr, packed.data()),
              POLYPHASE_KERNEL_FAILED);
    fake::code = [](const fake::Call&) { return 0; };
    EXPECT_EQ(run_view(dense_in, dense_out), POLYPHASE_WRONG_PACKED_WEIGHTS);
}

class InstructionSetTest : public RuntimeTest {
  protected:
    const char* chosen(const polyphase_kernel& kernel = up1_kernel) {
        polyphase_state fresh = {0};
        return polyphase_kernel_instruction_set(&kernel, &fresh);
    }
};

TEST_F(InstructionSetTest, BestThatTheProcessorHas) {
    EXPECT_STREQ(chosen(), "better");
    halide_set_custom_can_use_target_features([](int, const uint64_t* features) { return features[0] == 0 ? 1 : 0; });
    EXPECT_STREQ(chosen(), "baseline");
}

TEST_F(InstructionSetTest, StaysAsDecided) {
    polyphase_state state = {0};
    EXPECT_STREQ(polyphase_kernel_instruction_set(&up1_kernel, &state), "better");
    ASSERT_TRUE(polyphase::force_instruction_set("baseline"));
    EXPECT_STREQ(polyphase_kernel_instruction_set(&up1_kernel, &state), "better");
    EXPECT_THAT(polyphase_kernel_info(&up1_kernel, &state), HasSubstr("\"better\""));
    EXPECT_STREQ(chosen(), "baseline");
}

TEST_F(InstructionSetTest, ForcedByEnvironment) {
    setenv("POLYPHASE_INSTRUCTION_SET", "baseline", 1);
    EXPECT_STREQ(chosen(), "baseline");
    ASSERT_TRUE(polyphase::force_instruction_set("better"));
    EXPECT_STREQ(chosen(), "better") << "the function wins";
}

TEST_F(InstructionSetTest, UnknownOrMissingOneIsAnError) {
    setenv("POLYPHASE_INSTRUCTION_SET", "avx9000", 1);
    polyphase_state state = {0};
    EXPECT_EQ(polyphase_kernel_variant(&up1_kernel, &state), nullptr);
    EXPECT_STREQ(polyphase_last_error(),
                 "up1: POLYPHASE_INSTRUCTION_SET asks for \"avx9000\"; the kernel has better, baseline");
    EXPECT_EQ(polyphase_kernel_packed_size(&up1_kernel, &state), 0u);
    EXPECT_STREQ(polyphase_kernel_info(&up1_kernel, &state), "{}");
    float x[320] = {};
    EXPECT_EQ(polyphase_kernel_run_dense(&up1_kernel, &state, x, x, nullptr, x, x),
              POLYPHASE_UNSUPPORTED_INSTRUCTION_SET);
    EXPECT_EQ(polyphase_kernel_pack(&up1_kernel, &state, x, x, nullptr, x), POLYPHASE_UNSUPPORTED_INSTRUCTION_SET);

    setenv("POLYPHASE_INSTRUCTION_SET", "better", 1);
    halide_set_custom_can_use_target_features([](int, const uint64_t* features) { return features[0] == 0 ? 1 : 0; });
    EXPECT_EQ(polyphase_kernel_variant(&up1_kernel, &state), nullptr);
    EXPECT_THAT(polyphase_last_error(), HasSubstr("which this processor lacks"));
    halide_set_custom_can_use_target_features([](int, const uint64_t*) { return 0; });
    unsetenv("POLYPHASE_INSTRUCTION_SET");
    EXPECT_EQ(polyphase_kernel_variant(&up1_kernel, &state), nullptr);
    EXPECT_THAT(polyphase_last_error(),
                HasSubstr("this processor has none of the kernel's instruction sets: better, baseline"));
    EXPECT_FALSE(polyphase::force_instruction_set(std::string(100, 'x').c_str()));
}

TEST_F(InstructionSetTest, TheRealProcessorHasBaselineAndNotEverything) {
    halide_set_custom_can_use_target_features(halide_default_can_use_target_features);
    polyphase_variant variants[] = {{}, {}};
    variants[0].instruction_set = "everything";
#if defined(__x86_64__)
    // Xeon Phi and Diamond Rapids in one.
    variants[0].features[halide_target_feature_avx512_knl / 64] |= uint64_t{1}
                                                                   << (halide_target_feature_avx512_knl % 64);
    variants[0].features[halide_target_feature_avx10_1 / 64] |= uint64_t{1} << (halide_target_feature_avx10_1 % 64);
#else
    GTEST_SKIP() << "knows no impossible combination for this processor family";
#endif
    variants[1].instruction_set = "baseline";
    polyphase_kernel kernel = near2_kernel;
    kernel.variants = variants;
    kernel.variant_count = 2;
    EXPECT_STREQ(chosen(kernel), "baseline");
}

}  // namespace
