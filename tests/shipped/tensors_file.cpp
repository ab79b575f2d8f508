#include "tests/shipped/tensors_file.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "problem/problem_file.h"
#include "tests/support/temporary_directory.h"

namespace polyphase::testing {
namespace {

template <typename T>
std::vector<T> tensor(const nlohmann::json& set, const char* name) {
    return set.value(name, std::vector<T>());
}

}  // namespace

TensorsFile read_tensors_file(const std::string& file) {
    const auto json = nlohmann::json::parse(read_text(file));
    const ParseResult parsed = parse_problems(json.at("problem").dump());
    if (!parsed.errors.empty()) throw std::runtime_error(parsed.errors[0]);
    TensorsFile result{parsed.problems.at(0), json.at("rtol"), json.at("atol"), {}, json.at("messages")};
    for (const nlohmann::json& set : json.at("sets")) {
        result.sets.push_back({{tensor<float>(set, "input"),
                                tensor<float>(set, "weights"),
                                tensor<float>(set, "bias"),
                                {},
                                {},
                                tensor<int64_t>(set, "indices")},
                               {tensor<float>(set, "output"), tensor<int64_t>(set, "output_indices")}});
    }
    if (result.sets.empty()) throw std::runtime_error(file + ": no tensors");
    return result;
}

std::string difference(const TensorsFile& tensors, const TensorsFile::Set& set, const Outputs& found) {
    std::ostringstream text;
    text.precision(9);
    const Outputs& expected = set.expected;
    if (found.values.size() != expected.values.size() || found.indices.size() != expected.indices.size()) {
        text << "expected " << expected.values.size() << " outputs and " << expected.indices.size()
             << " indices, found " << found.values.size() << " and " << found.indices.size();
        return text.str();
    }
    for (size_t i = 0; i < found.values.size(); ++i) {
        const double ours = found.values[i], theirs = expected.values[i];
        const bool same = ours == theirs || (std::isnan(ours) && std::isnan(theirs));
        // Not "greater", which a NaN never is.
        if (same || std::abs(ours - theirs) <= tensors.atol + tensors.rtol * std::abs(theirs)) continue;
        text << "output " << i << ": expected " << theirs << ", found " << ours;
        return text.str();
    }
    for (size_t i = 0; i < found.indices.size(); ++i) {
        if (found.indices[i] == expected.indices[i]) continue;
        text << "index " << i << ": expected " << expected.indices[i] << ", found " << found.indices[i];
        return text.str();
    }
    return "";
}

}  // namespace polyphase::testing
