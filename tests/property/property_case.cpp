#include "tests/property/property_case.h"

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "problem/problem_file.h"

namespace polyphase::testing {

namespace {

/// The operations after the sum lose nothing on whole numbers.
bool exact_epilogue(const Problem& problem) {
    return problem.activation.kind != Activation::Kind::tanh && problem.activation.kind != Activation::Kind::sigmoid;
}

/// Where an output element lies, outermost dimension first, in the output's layout.
std::string coordinates(const Problem& problem, size_t offset) {
    std::vector<int> extents = {problem.batch, problem.out_channels};
    extents.insert(extents.end(), problem.output.begin(), problem.output.end());
    if (problem.output_layout == Layout::nhwc) {
        extents.erase(extents.begin() + 1);
        extents.push_back(problem.out_channels);
    }
    std::string text;
    for (size_t d = extents.size(); d-- > 0;) {
        const auto extent = static_cast<size_t>(extents[d]);
        text = std::to_string(offset % extent) + (text.empty() ? "" : ", ") + text;
        offset /= extent;
    }
    return "[" + text + "]";
}

}  // namespace

Case make_case(uint64_t seed, uint64_t index, std::optional<Op> op) {
    Rng rng(case_seed(seed, index));
    Case one;
    one.seed = seed;
    one.index = index;
    one.problem = op ? random_problem(rng, *op) : random_problem(rng);
    const bool sums_of_products = std::holds_alternative<ConvTranspose>(one.problem.op);
    one.numbers = sums_of_products && rng.chance(50) ? Numbers::whole : Numbers::real;
    one.data = random_data(rng, one.problem, one.numbers);
    return one;
}

std::string describe(const Case& one) {
    std::ostringstream text;
    text << "seed " << one.seed << ", case " << one.index << ", " << (one.numbers == Numbers::whole ? "whole" : "real")
         << " numbers: " << to_json(one.problem);
    return text.str();
}

reference::Tensors tensors(const ProblemData& data) {
    const auto pointer = [](const std::vector<float>& values) { return values.empty() ? nullptr : values.data(); };
    return {pointer(data.input), pointer(data.weights), pointer(data.bias), pointer(data.slopes),
            pointer(data.residual)};
}

std::optional<std::string> mismatch(const Case& one, const std::vector<float>& output) {
    const reference::Result expected = reference::evaluate(one.problem, tensors(one.data));
    const bool exact = one.numbers == Numbers::whole && exact_epilogue(one.problem);
    size_t wrong = 0, worst = 0;
    double worst_ratio = -1.0;
    for (size_t i = 0; i < output.size(); ++i) {
        const double error = std::abs(output[i] - expected.value[i]);
        const double bound = exact ? 0.0 : expected.bound[i];
        if (error <= bound) continue;
        ++wrong;
        // A NaN is the worst there can be.
        const double ratio = std::isnan(error) ? HUGE_VAL : error / (bound + 1e-30);
        if (ratio > worst_ratio) {
            worst_ratio = ratio;
            worst = i;
        }
    }
    if (wrong == 0) return std::nullopt;
    std::ostringstream text;
    text.precision(9);
    text << wrong << " of " << output.size() << " outputs wrong, worst at " << coordinates(one.problem, worst)
         << ": expected " << expected.value[worst] << " +- " << (exact ? 0.0 : expected.bound[worst]) << ", found "
         << output[worst] << " (sum of " << expected.terms[worst] << " terms of magnitude " << expected.magnitude[worst]
         << ")";
    return text.str();
}

uint64_t seed_from_environment() {
    const char* text = std::getenv("POLYPHASE_SEED");
    return text ? std::strtoull(text, nullptr, 10) : 1;
}

int cases_from_environment(int standard) {
    const char* text = std::getenv("POLYPHASE_CASES");
    return text ? std::atoi(text) : standard;
}

}  // namespace polyphase::testing
