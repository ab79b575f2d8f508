// What a device can do at best: kernels of one purpose each, launched by ceilings.cpp through the driver.

// Independent multiply-adds in registers; two operations each. Every thread does `rounds` rounds of kChains * kDepth.
constexpr int kChains = 16, kDepth = 16;

extern "C" __global__ void __launch_bounds__(256) fma_peak(float* result, int rounds, float a, float b) {
    float sum[kChains];
#pragma unroll
    for (int i = 0; i < kChains; i++) sum[i] = threadIdx.x + i;
    for (int round = 0; round < rounds; round++) {
#pragma unroll
        for (int d = 0; d < kDepth; d++) {
#pragma unroll
            for (int i = 0; i < kChains; i++) sum[i] = fmaf(sum[i], a, b);
        }
    }
    float all = 0;
#pragma unroll
    for (int i = 0; i < kChains; i++) all += sum[i];
    if (all == -1.0f) *result = all;  // never, but the compiler does not know
}

// 16 bytes a thread and step.
extern "C" __global__ void __launch_bounds__(512) copy_rate(float4* to, const float4* from, size_t count) {
    const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
    for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) to[i] = from[i];
}

extern "C" __global__ void __launch_bounds__(512) fill_rate(float4* to, size_t count, float value) {
    const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
    for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step)
        to[i] = make_float4(value, value, value, value);
}
