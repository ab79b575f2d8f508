// A transposed convolution in an application of the CUDA runtime's: packed once, run on the application's stream, then
// from a captured graph; the result beside the processor's. Ends with status 77 where there is no GPU.
#include <cuda_runtime_api.h>
#include <cuda_up1.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void check(cudaError_t error) {
    if (error == cudaSuccess) return;
    std::fprintf(stderr, "%s\n", cudaGetErrorString(error));
    std::exit(1);
}

void check(const polyphase::Status& status) {
    if (status) return;
    std::fprintf(stderr, "%s\n", status.message());
    std::exit(1);
}

/// Device memory of the application's. An example: nothing is freed.
float* on_device(const std::vector<float>& values) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, values.size() * sizeof(float)));
    check(cudaMemcpy(memory, values.data(), values.size() * sizeof(float), cudaMemcpyHostToDevice));
    return static_cast<float*>(memory);
}

std::vector<float> wave(size_t count, float step) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; i++) values[i] = std::sin(step * static_cast<float>(i));
    return values;
}

float largest_difference(const std::vector<float>& expected, const float* device) {
    std::vector<float> found(expected.size());
    check(cudaMemcpy(found.data(), device, found.size() * sizeof(float), cudaMemcpyDeviceToHost));
    float largest = 0;
    for (size_t i = 0; i < found.size(); i++) {
        if (std::isnan(found[i])) return found[i];
        largest = std::max(largest, std::abs(found[i] - expected[i]));
    }
    return largest;
}

}  // namespace

int main() {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts("skipped: the CUDA runtime finds no GPU");
        return 77;
    }
    check(cudaSetDevice(0));
    cudaStream_t stream = nullptr;
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));

    const std::vector<float> weights = wave(cuda_up1::weight_elements, 0.7F),
                             bias = wave(cuda_up1::bias_elements, 0.3F), input = wave(cuda_up1::input_elements, 0.1F);
    std::vector<float> expected(cuda_up1::output_elements);
    const cuda_up1::Weights packed_on_host = cuda_up1::pack(weights, bias);
    check(cuda_up1::run(input, packed_on_host, expected));

    float *device_weights = on_device(weights), *device_bias = on_device(bias), *device_input = on_device(input);
    float *output = on_device(std::vector<float>(expected.size(), NAN)),
          *output_of_graph = on_device(std::vector<float>(expected.size(), NAN));
    void *packed = nullptr, *scratch = nullptr;
    check(cudaMalloc(&packed, cuda_up1::cuda_packed_size()));
    check(cudaMalloc(&scratch, std::max<size_t>(cuda_up1::cuda_workspace_size(), 1)));
    check(cudaDeviceSynchronize());
    const polyphase::Workspace workspace(scratch, cuda_up1::cuda_workspace_size());

    const cuda_up1::CudaWeights ready = cuda_up1::pack_cuda(device_weights, device_bias, packed, stream);
    check(cuda_up1::run_cuda(device_input, ready, output, workspace, stream));
    check(cudaStreamSynchronize(stream));

    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    check(cuda_up1::run_cuda(device_input, ready, output_of_graph, workspace, stream));
    check(cudaStreamEndCapture(stream, &graph));
    check(cudaGraphInstantiate(&executable, graph, 0));
    check(cudaGraphLaunch(executable, stream));
    check(cudaStreamSynchronize(stream));

    const float direct = largest_difference(expected, output), captured = largest_difference(expected, output_of_graph);
    std::printf("largest difference to the processor's result: %g, from a graph %g\n", static_cast<double>(direct),
                static_cast<double>(captured));
    return direct < 1e-4F && captured < 1e-4F ? 0 : 1;
}
