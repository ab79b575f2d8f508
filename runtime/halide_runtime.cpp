// Build tool: writes the Halide runtime for one target as an object file, to travel inside libpolyphase_runtime.a.
// Usage: polyphase_halide_runtime TARGET OUTPUT.o
#include <Halide.h>

#include <iostream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " TARGET OUTPUT.o\n";
        return 2;
    }
    try {
        Halide::compile_standalone_runtime({{Halide::OutputFileType::object, argv[2]}}, Halide::Target(argv[1]));
    } catch (const std::exception& error) {
        std::cerr << argv[0] << ": " << error.what() << "\n";
        return 1;
    }
    return 0;
}
