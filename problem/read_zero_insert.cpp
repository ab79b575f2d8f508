// The fields of a zero insertion.
#include <algorithm>

#include "problem/problem_reading.h"

namespace polyphase {

void read_zero_insert(ProblemReading& r) {
    const auto stride = r.fields.per_axis("stride", r.rank, {}, std::nullopt);
    const auto offset = r.fields.per_axis("offset", r.rank, {0, kLargestInt}, 0);
    std::optional<std::vector<int>> output;
    if (r.fields.has("output")) output = r.fields.per_axis("output", r.rank, {}, std::nullopt);
    if (stride) check_phases(r, *stride);
    if (!r.fields.ok()) return;
    for (int a = 0; a < r.rank; a++) {
        const int64_t s = (*stride)[a], whole = output ? (*output)[a] : r.problem.input[a] * s;
        if ((*offset)[a] >= s)
            r.fields.expected(indexed("offset", a), "less than the stride (" + text(s) + ")", (*offset)[a]);
        if (whole > kLargestInt)
            r.fields.error(indexed("stride", a), "expected an output of at most " + text(kLargestInt) +
                                                     ", found input*stride = " + text(whole));
        r.problem.output.push_back(static_cast<int>(std::min(whole, kLargestInt)));
    }
    r.problem.out_channels = r.problem.in_channels;
    r.problem.op = ZeroInsert{*stride, *offset};
}

}  // namespace polyphase
