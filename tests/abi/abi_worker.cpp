// One kernel in a process of its own, whose environment decides the instruction set.
//   abi_worker run KERNEL               packs, runs, compares with the oracle; prints the instruction set
//   abi_worker pack KERNEL FILE         writes the packed weights
//   abi_worker run-packed KERNEL FILE   runs with packed weights from a file
// Exits with the kernel's status, or with 100 where a result is wrong or an output was touched in spite of an error.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

#include "tests/abi/kernel_table.h"
#include "tests/support/temporary_directory.h"

namespace {

constexpr int kWrong = 100;

int failed(const polyphase::testing::KernelFunctions& kernel, int status) {
    std::fprintf(stderr, "%s\n", kernel.last_error());
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    using polyphase::testing::Subject;
    if (argc < 3) return kWrong;
    const std::string mode = argv[1];
    const auto& kernel = polyphase::testing::kernel_named(argv[2]);
    Subject subject(kernel);
    const auto& data = subject.data();
    const auto pointer = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };

    std::string packed(kernel.packed_size(), '\0');
    if (mode == "run-packed") {
        packed = polyphase::testing::read_text(argv[3]);
    } else if (subject.has_weights()) {
        const int status = subject.pack(pointer(data.weights), pointer(data.bias), pointer(data.slopes), packed.data());
        if (status != 0) return failed(kernel, status);
    }
    if (mode == "pack") {
        std::ofstream(argv[3], std::ios::binary) << packed;
        return 0;
    }
    std::vector<char> workspace(kernel.workspace_size() + 1);
    std::vector<float> output(subject.output_bytes() / sizeof(float), -7.0F);
    const int status = subject.run(pointer(data.input), subject.has_weights() ? packed.data() : nullptr,
                                   pointer(data.residual), output.data(), workspace.data());
    if (status != 0) {
        for (const float value : output) {
            if (value != -7.0F) return kWrong;
        }
        return failed(kernel, status);
    }
    const std::string wrong = subject.mismatch(output.data());
    if (!wrong.empty()) {
        std::fprintf(stderr, "%s: %s\n", kernel.name, wrong.c_str());
        return kWrong;
    }
    std::printf("%s\n", kernel.instruction_set());
    return 0;
}
