// Compiles every problem of a file in both layouts for one CUDA target and leaves the PTX in a directory. Prints a line
// of JSON for each.
#include <Halide.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "problem/problem_file.h"
#include "tools/code.h"

namespace polyphase::testing {
namespace {

std::string read_text(const std::string& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

nlohmann::ordered_json compile(Problem problem, Layout layout, const std::string& target, const std::string& out) {
    problem.input_layout = problem.output_layout = layout;
    problem.name += layout == Layout::nchw ? "_nchw" : "_nhwc";
    nlohmann::ordered_json line{{"name", problem.name}, {"op", op_name(problem)}, {"flops", flops(problem)}};
    try {
        const Code code = compile_code(problem, target, out);
        line["schedule"] = to_json(code.schedule);
        line["predicted_cycles"] = code.schedule.predicted_cycles;
        line["device_code"] = code.device_code;
        line["workspace_size"] = code.workspace_size;
        line["seconds"] = code.seconds;
    } catch (const Halide::Error& error) {
        line["error"] = error.what();
    } catch (const std::exception& error) {
        line["error"] = error.what();
    }
    return line;
}

}  // namespace
}  // namespace polyphase::testing

int main(int argc, char** argv) {
    using namespace polyphase;
    std::string layers, out, target;
    std::vector<std::string> names;
    CLI::App app("Compiles problems in both layouts to PTX.");
    app.add_option("--layers", layers, "A problem file")->required();
    app.add_option("--out", out, "A directory")->required();
    app.add_option("--target", target, "A CUDA target")->required();
    app.add_option("--name", names, "Only the problem of this name");
    CLI11_PARSE(app, argc, argv);
    const ParseResult parsed = parse_problems(testing::read_text(layers));
    for (const std::string& error : parsed.errors) std::cerr << error << "\n";
    for (const Problem& problem : parsed.problems) {
        if (!names.empty() && std::find(names.begin(), names.end(), problem.name) == names.end()) continue;
        for (const Layout layout : {Layout::nchw, Layout::nhwc})
            std::cout << testing::compile(problem, layout, target, out) << std::endl;
    }
    return parsed.errors.empty() ? 0 : 2;
}
