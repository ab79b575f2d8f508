#include "bench/compare/contender.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bench/data.h"

namespace polyphase::compare {
Work::Work(const Problem& work_problem) : problem(work_problem) {
    input = relaid(random_values(static_cast<size_t>(input_elements(problem)), 1), problem.batch, problem.in_channels,
                   problem.input, Layout::nchw, problem.input_layout);
    weights = random_values(static_cast<size_t>(weight_elements(problem)), 3);
    const Convolution* convolution = convolution_of(problem);
    if (convolution && convolution->bias) bias = random_values(static_cast<size_t>(problem.out_channels), 4);
    if (const auto* unpool = std::get_if<MaxUnpool>(&problem.op)) {
        Problem channels_first = problem;
        channels_first.input_layout = Layout::nchw;
        indices = relaid(random_indices(channels_first, *unpool), problem.batch, problem.in_channels, problem.input,
                         Layout::nchw, problem.input_layout);
    }
}

double largest_difference(const std::vector<float>& found, const std::vector<float>& expected) {
    double largest = 0, difference = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
        const double here = std::abs(static_cast<double>(found[i]) - expected[i]);
        if (!(here <= difference)) difference = here;  // a NaN stays
    }
    return difference / largest;
}

}  // namespace polyphase::compare
