#include "bench/gpu/ceilings.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace polyphase::gpu {
namespace {

using testing::DeviceMemory;
using testing::DeviceModule;
using testing::DeviceStream;

constexpr int kRepetitions = 9;
constexpr size_t kBytes = size_t{1} << 30;

/// The median of several, in seconds; the first is not counted.
double median_seconds(const DeviceStream& stream, const std::function<void()>& queue) {
    std::vector<double> times;
    stream.milliseconds(queue);
    for (int i = 0; i < kRepetitions; i++) times.push_back(stream.milliseconds(queue) / 1e3);
    std::nth_element(times.begin(), times.begin() + kRepetitions / 2, times.end());
    return times[kRepetitions / 2];
}

/// Terabytes a second where `times` copies of `bytes` bytes are queued.
double copy_tbs(const DeviceModule& module, const DeviceStream& stream, unsigned blocks, const DeviceMemory& to,
                const DeviceMemory& from, size_t bytes, int times) {
    void *target = to.data(), *source = from.data();
    size_t count = bytes / 16;
    const double seconds = median_seconds(stream, [&] {
        for (int i = 0; i < times; i++) module.launch("copy_rate", blocks, 512, stream, {&target, &source, &count});
    });
    return 2.0 * static_cast<double>(bytes) * times / seconds / 1e12;
}

}  // namespace

Ceilings measure_ceilings(const testing::CudaDevice& device, const std::string& image) {
    const DeviceModule module(image);
    const DeviceStream stream;
    Ceilings result;
    // As many threads as fit at once: 2048 a multiprocessor.
    const auto fma_blocks = static_cast<unsigned>(device.multiprocessors() * 8);
    const auto copy_blocks = static_cast<unsigned>(device.multiprocessors() * 4);
    const DeviceMemory from(kBytes), to(kBytes);
    void* sink = to.data();
    int rounds = 4000;
    float a = 0.999F, b = 0.001F;
    const double operations = 2.0 * 16 * 16 * rounds * 256 * fma_blocks;
    result.fma_tflops = operations / 1e12 / median_seconds(stream, [&] {
                            module.launch("fma_peak", fma_blocks, 256, stream, {&sink, &rounds, &a, &b});
                        });
    for (const unsigned blocks : {copy_blocks, copy_blocks * 8, static_cast<unsigned>(kBytes / 16 / 512)})
        result.copy_tbs = std::max(result.copy_tbs, copy_tbs(module, stream, blocks, to, from, kBytes, 1));
    result.l2_copy_tbs =
        copy_tbs(module, stream, copy_blocks, to, from, static_cast<size_t>(device.l2_bytes()) / 4 / 4096 * 4096, 50);
    void* target = to.data();
    size_t count = kBytes / 16;
    float value = 1;
    result.fill_tbs = static_cast<double>(kBytes) / 1e12 / median_seconds(stream, [&] {
                          module.launch("fill_rate", copy_blocks, 512, stream, {&target, &count, &value});
                      });
    result.memcpy_tbs = 2.0 * static_cast<double>(kBytes) / 1e12 /
                        median_seconds(stream, [&] { stream.copy(to.data(), from.data(), kBytes); });
    return result;
}

}  // namespace polyphase::gpu
