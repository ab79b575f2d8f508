#include "tools/targets.h"

#include <Halide.h>
#include <HalideRuntime.h>

#include <algorithm>
#include <sstream>

namespace polyphase {
namespace {

using Halide::Target;

// What a processor may lack and kernels may use.
constexpr Target::Feature kFeatures[] = {
    Target::SSE41,
    Target::AVX,
    Target::AVX2,
    Target::FMA,
    Target::F16C,
    Target::AVX512,
    Target::AVX512_Skylake,
    Target::AVX512_Cannonlake,
    Target::AVX512_Zen4,
    Target::AVX512_Zen5,
    Target::AVX512_SapphireRapids,
};

}  // namespace

std::vector<std::string> default_targets() {
    return {"x86-64-linux-avx512_skylake", "x86-64-linux-avx2-f16c-fma", "x86-64-linux"};
}

std::optional<std::string> check_target(const std::string& text) {
    std::string expected =
        "expected a Halide target x86-64-linux, with -avx2-f16c-fma, -avx512_skylake or other x86 features, found \"" +
        text + "\"";
    if (!Target::validate_target_string(text) || text.rfind("x86-64-linux", 0) != 0) return expected;
    Target rest(text);
    if (rest.arch != Target::X86 || rest.bits != 64 || rest.os != Target::Linux) return expected;
    for (const Target::Feature feature : kFeatures) rest.set_feature(feature, false);
    if (rest.to_string() != "x86-64-linux") return expected + ", with features that generated kernels do not have";
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
    return name.empty() ? "baseline" : name;
}

std::array<uint64_t, 2> feature_mask(const std::string& text) {
    const Target target(text);
    std::array<uint64_t, 2> mask{};
    for (const Target::Feature feature : kFeatures) {
        const auto bit = static_cast<unsigned>(feature);
        if (target.has_feature(feature)) mask[bit / 64] |= uint64_t{1} << (bit % 64);
    }
    return mask;
}

}  // namespace polyphase
