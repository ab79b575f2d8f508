#include "bench/compare/contender.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "bench/data.h"

namespace polyphase::compare {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kReadPastEnd = 64;

}  // namespace

void Buffer::Free::operator()(void* data) const {
    std::free(data);
}

Buffer::Buffer(size_t bytes) {
    const size_t whole_pages = (bytes + kReadPastEnd + kPage - 1) / kPage * kPage;
    data_.reset(std::aligned_alloc(kPage, whole_pages));
    if (!data_) throw std::bad_alloc();
    std::memset(data_.get(), 0, whole_pages);
}

Buffer::Buffer(const std::vector<float>& values) : Buffer(values.size() * sizeof(float)) {
    std::memcpy(data_.get(), values.data(), values.size() * sizeof(float));
}

std::vector<float> relaid(const std::vector<float>& values, int batch, int channels, const std::vector<int>& spatial,
                          Layout from, Layout to) {
    if (from == to) return values;
    size_t pixels = 1;
    for (const int extent : spatial) pixels *= static_cast<size_t>(extent);
    const size_t depth = static_cast<size_t>(channels);
    std::vector<float> result(values.size());
    for (size_t n = 0; n < static_cast<size_t>(batch); n++)
        for (size_t c = 0; c < depth; c++)
            for (size_t p = 0; p < pixels; p++) {
                const size_t first = (n * depth + c) * pixels + p, last = (n * pixels + p) * depth + c;
                (to == Layout::nchw ? result[first] : result[last]) = values[to == Layout::nchw ? last : first];
            }
    return result;
}

Work::Work(const Problem& work_problem) : problem(work_problem) {
    input = relaid(random_values(static_cast<size_t>(input_elements(problem)), 1), problem.batch, problem.in_channels,
                   problem.input, Layout::nchw, problem.input_layout);
    weights = random_values(static_cast<size_t>(weight_elements(problem)), 3);
    const Convolution* convolution = convolution_of(problem);
    if (convolution && convolution->bias) bias = random_values(static_cast<size_t>(problem.out_channels), 4);
    if (const auto* unpool = std::get_if<MaxUnpool>(&problem.op)) indices = random_indices(problem, *unpool);
}

}  // namespace polyphase::compare
