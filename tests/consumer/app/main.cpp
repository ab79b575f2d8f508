// Two kernels in one program: the classic transposed convolution of [[0,1],[2,3]] with itself, and a nearest
// upsampling.
#include <classic.h>
#include <twice.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>
#include <vector>

namespace {

int failures = 0;

void check(const char* what, const float* found, const std::vector<float>& expected) {
    if (std::equal(expected.begin(), expected.end(), found)) return;
    ++failures;
    std::printf("%s: expected", what);
    for (float value : expected) std::printf(" %g", value);
    std::printf(", found");
    for (size_t i = 0; i < expected.size(); ++i) std::printf(" %g", found[i]);
    std::printf("\n");
}

void check(const polyphase::Status& status) {
    if (status) return;
    ++failures;
    std::printf("%s\n", status.message());
}

}  // namespace

int main() {
    const std::vector<float> square = {0, 1, 2, 3};
    const classic::Weights weights = classic::pack(square, std::array{0.5F});
    check(weights.status());
    static_assert(classic::output_shape[2] == 3 && classic::output_elements == 9);
    std::vector<float> output(classic::output_elements);
    check(classic::run(square, weights, output));
    check("classic", output.data(), {0.5F, 0.5F, 1.5F, 0.5F, 4.5F, 6.5F, 4.5F, 12.5F, 9.5F});

    std::vector<float> image(twice::input_elements), larger(twice::output_elements);
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i);
    check(twice::run(image, larger));
    std::vector<float> expected;
    for (size_t y = 0; y < 4; ++y) {
        for (size_t x = 0; x < 6; ++x) {
            for (size_t c = 0; c < 2; ++c) expected.push_back(image[((y / 2) * 3 + x / 2) * 2 + c]);
        }
    }
    check("twice", larger.data(), expected);

    // Wrong sizes are reported, not computed.
    if (twice::run(square, larger).code() != POLYPHASE_WRONG_SIZE) {
        ++failures;
        std::printf("a wrong size was accepted\n");
    }
    std::printf("Polyphase %s, %s: %d failures\n", POLYPHASE_VERSION, classic::instruction_set(), failures);
    return failures;
}
