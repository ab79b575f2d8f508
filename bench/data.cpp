#include "bench/data.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

namespace polyphase {
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

std::vector<float> random_values(size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> values(-1, 1);
    std::vector<float> result(count);
    for (float& value : result) value = values(generator);
    return result;
}

std::vector<int64_t> random_indices(const Problem& problem, const MaxUnpool& op) {
    std::mt19937 generator(5);
    const int rank = problem.rank();
    std::vector<int64_t> indices(static_cast<size_t>(input_elements(problem)));
    int64_t plane = 1;
    for (const int extent : op.index_extent) plane *= extent;
    for (size_t i = 0; i < indices.size(); i++) {
        size_t rest = i, channel = 0;
        const bool channels_last = problem.input_layout == Layout::nhwc;
        if (channels_last) {
            channel = rest % problem.in_channels;
            rest /= problem.in_channels;
        }
        int64_t index = 0, step = 1;
        for (int a = rank - 1; a >= 0; a--) {
            const int start = static_cast<int>(rest % problem.input[a]) * op.stride[a] - op.pad_begin[a];
            rest /= problem.input[a];
            const int first = std::clamp(start, 0, op.index_extent[a] - 1);
            const int last = std::clamp(start + op.kernel[a] - 1, first, op.index_extent[a] - 1);
            index += std::uniform_int_distribution<int>(first, last)(generator) * step;
            step *= op.index_extent[a];
        }
        if (channels_last) rest = rest * problem.in_channels + channel;
        indices[i] = index + (op.indices.whole_tensor ? static_cast<int64_t>(rest) * plane : 0);
    }
    return indices;
}

}  // namespace polyphase
