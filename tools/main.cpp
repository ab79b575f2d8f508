// The `polyphase` command.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tools/compile.h"
#include "tools/inspect.h"
#include "tools/problems.h"

namespace {

constexpr int kBadInput = 2, kFailure = 1;

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Polyphase: kernels for transposed convolution and upsampling, generated for one exact shape each.",
                 "polyphase");
    app.require_subcommand(1);

    polyphase::CompileOptions compile;
    CLI::App* compile_command =
        app.add_subcommand("compile", "Write NAME.h, libNAME.a and NAME.json for each problem of a file");
    compile_command->add_option("FILE", compile.file, "Problem file, JSON (- for standard input)")->required();
    compile_command->add_option("--out", compile.out_directory, "Directory for the results; made if it is missing")
        ->required();
    compile_command
        ->add_option("--target", compile.targets, "Halide target, best first; replaces the file's (repeatable)")
        ->allow_extra_args(false);
    compile_command->add_flag("--shared", compile.shared, "Also write libNAME.so, which needs nothing else");
    compile_command->add_flag("--force", compile.force, "Compile even what is up to date");
    compile_command->add_flag("--json", compile.json, "Print the summary as JSON");
    compile_command->add_option("--depfile", compile.depfile, "Write the dependencies for make or Ninja");
    compile_command->add_option("--system", compile.system,
                                "arm-64-linux or another: what a problem without targets is for (default: this one)");
    compile_command->add_option("--cc", compile.cc, "C compiler for the target (default: $CC, else cc)");
    compile_command->add_option("--cc-flag", compile.cc_flags, "What that compiler needs, as --target=... (repeatable)")
        ->allow_extra_args(false);
    compile_command->add_option("--runtime", compile.runtime,
                                "libpolyphase_runtime.a of the target, for --shared (default: this system's)");
    compile_command->add_option("--sanitizer", compile.sanitizer, "Instrument the kernels, for programs built with it")
        ->check(CLI::IsMember({"address", "thread"}));
    compile_command->add_option("--jobs,-j", compile.jobs, "Kernels compiled at a time (default: one per processor)")
        ->check(CLI::PositiveNumber);

    polyphase::InspectOptions inspect;
    CLI::App* inspect_command =
        app.add_subcommand("inspect", "Print shapes, cost, phases, overlap and the chosen schedules of each problem");
    inspect_command->add_option("FILE", inspect.file, "Problem file, JSON (- for standard input)")->required();
    inspect_command->add_option("--target", inspect.targets, "Halide target; replaces the file's (repeatable)")
        ->allow_extra_args(false);
    inspect_command->add_option("--png", inspect.png, "Draw the overlap map; several problems give OUT-NAME.png each");
    inspect_command->add_flag("--json", inspect.json, "Print JSON");

    try {
        app.parse(argc, argv);
        if (compile_command->parsed()) return polyphase::compile(compile);
        return polyphase::inspect(inspect);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : kBadInput;
    } catch (const polyphase::BadInput& e) {
        for (const std::string& message : e.messages) std::cerr << "polyphase: " << message << "\n";
        return kBadInput;
    } catch (const std::exception& e) {
        std::cerr << "polyphase: " << e.what() << "\n";
        return kFailure;
    }
}
