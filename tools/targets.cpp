#include "tools/targets.h"

#include <Halide.h>
#include <HalideRuntime.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace polyphase {
namespace {

using Halide::Target;

// A family of processors: its targets, and what one of them may lack that kernels may use. A GPU's system is that of
// the CPU which starts its kernels.
struct Family {
    std::vector<std::string> systems;  // architecture, bits and system, as in a target string
    const char* example;               // features in a message
    const char* baseline;              // the instruction set that every processor has
    std::vector<Target::Feature> features;
    bool gpu = false;
};

const std::vector<Family>& families() {
    static const std::vector<Family> kFamilies{
        {{"x86-64-linux"},
         "-avx2-f16c-fma, -avx512_skylake",
         "baseline",
         {Target::SSE41, Target::AVX, Target::AVX2, Target::FMA, Target::F16C, Target::AVX512, Target::AVX512_Skylake,
          Target::AVX512_Cannonlake, Target::AVX512_Zen4, Target::AVX512_Zen5, Target::AVX512_SapphireRapids}},
        {{"arm-64-linux", "arm-64-android"}, "-arm_dot_prod, -arm_fp16", "neon", {Target::ARMDotProd, Target::ARMFp16}},
        {{"x86-64-linux", "arm-64-linux"},
         "-cuda-cuda_capability_80",
         "cuda",
         {Target::CUDA, Target::CUDACapability50, Target::CUDACapability61, Target::CUDACapability70,
          Target::CUDACapability75, Target::CUDACapability80, Target::CUDACapability86},
         true},
    };
    return kFamilies;
}

const Family* family_of(const std::string& target) {
    for (const Family& family : families()) {
        const std::vector<std::string>& all = family.systems;
        if (family.gpu == is_cuda(target) && std::find(all.begin(), all.end(), system_of(target)) != all.end())
            return &family;
    }
    return nullptr;
}

}  // namespace

bool is_cuda(const std::string& target) {
    return ("-" + target + "-").find("-cuda-") != std::string::npos;
}

std::string system_of(const std::string& target) {
    size_t end = 0;
    for (int part = 0; part < 3 && end != std::string::npos; part++) end = target.find('-', end + (part > 0 ? 1 : 0));
    return target.substr(0, end);
}

std::vector<std::string> default_targets(const std::string& system) {
#if defined(__aarch64__)
    const std::string build_machine = "arm-64-linux";
#else
    const std::string build_machine = "x86-64-linux";
#endif
    const std::string base = system.empty() ? build_machine : system;
    if (base == "x86-64-linux") return {base + "-avx512_skylake", base + "-avx2-f16c-fma", base};
    return {base};
}

std::optional<std::string> check_target(const std::string& text) {
    std::string expected = "expected a Halide target";
    for (const Family& family : families()) {
        for (const std::string& system : family.systems) expected += " " + system + ",";
        expected += std::string(" with ") + family.example + " or other features,";
    }
    expected += " found \"" + text + "\"";
    const Family* family = family_of(text);
    if (!family || !Target::validate_target_string(text)) return expected;
    Target rest(text);
    if (family->gpu && rest.get_cuda_capability_lower_bound() < 50)
        return expected + ", where cuda needs its capability, as in \"" + system_of(text) + family->example + "\"";
    // LLVM fails an assertion for some kernels of Halide's for a Xeon Phi.
    if (rest.has_feature(Target::AVX512) &&
        !rest.features_any_of({Target::AVX512_Skylake, Target::AVX512_Cannonlake, Target::AVX512_Zen4,
                               Target::AVX512_Zen5, Target::AVX512_SapphireRapids}))
        return expected + ", where avx512 needs avx512_skylake or what includes it";
    for (const Target::Feature feature : family->features) rest.set_feature(feature, false);
    if (rest.to_string() != system_of(text)) return expected + ", with features that generated kernels do not have";
    return std::nullopt;
}

std::optional<std::string> check_targets(const std::vector<std::string>& targets) {
    std::set<std::string> names;
    int gpus = 0;
    for (const std::string& target : targets) {
        if (system_of(target) != system_of(targets.front()))
            return "expected targets of one system, because they share a library, found \"" + targets.front() +
                   "\" and \"" + target + "\"";
        if (is_cuda(target) && ++gpus > 1)
            return "expected one CUDA target, whose code newer GPUs run too, found \"" + target + "\" besides another";
        if (!names.insert(instruction_set_of(target)).second)
            return "expected each instruction set once, found \"" + instruction_set_of(target) + "\" twice";
    }
    return std::nullopt;
}

std::string instruction_set_of(const std::string& target) {
    std::stringstream stream(target);
    std::vector<std::string> features;
    int position = 0;
    for (std::string part; std::getline(stream, part, '-'); position++)
        if (position >= 3) features.push_back(part);
    std::sort(features.begin(), features.end());
    std::string name;
    for (const std::string& feature : features) name += (name.empty() ? "" : "-") + feature;
    return name.empty() ? family_of(target)->baseline : name;
}

std::array<uint64_t, 2> feature_mask(const std::string& text) {
    const Target target(text);
    std::array<uint64_t, 2> mask{};
    for (const Target::Feature feature : family_of(text)->features) {
        const auto bit = static_cast<unsigned>(feature);
        if (target.has_feature(feature)) mask[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    return mask;
}

}  // namespace polyphase
