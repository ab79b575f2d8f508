#include "generators/lookup.h"

namespace polyphase {
namespace {

using Halide::Expr;

// Indices begin, begin + 1, ... of a table whose values are `first` plus `step` each.
template <typename T>
struct Run {
    int begin;
    T first;
    int step;
};

template <typename T>
Expr value_of(const Expr& index, const Run<T>& run) {
    if (run.step == 0) return Expr(run.first);
    return run.step * index + Expr(run.first - run.step * run.begin);
}

// A balanced tree of selects over runs [begin, end).
template <typename T>
Expr tree(const Expr& index, const std::vector<Run<T>>& runs, size_t begin, size_t end) {
    if (end - begin == 1) return value_of(index, runs[begin]);
    const size_t middle = begin + (end - begin) / 2;
    return select(index < runs[middle].begin, tree(index, runs, begin, middle), tree(index, runs, middle, end));
}

std::vector<Run<int>> runs_of(const std::vector<int>& values) {
    std::vector<Run<int>> runs;
    for (int i = 0; i < static_cast<int>(values.size()); i++) {
        if (!runs.empty()) {
            Run<int>& last = runs.back();
            if (i == last.begin + 1) last.step = values[i] - last.first;
            if (values[i] == last.first + last.step * (i - last.begin)) continue;
        }
        runs.push_back({i, values[i], 0});
    }
    return runs;
}

}  // namespace

int linear_runs(const std::vector<int>& values) {
    return static_cast<int>(runs_of(values).size());
}

Expr lookup(const Expr& index, const std::vector<int>& values) {
    const std::vector<Run<int>> runs = runs_of(values);
    return tree(index, runs, 0, runs.size());
}

Expr lookup(const Expr& index, const std::vector<float>& values) {
    std::vector<Run<float>> runs;
    for (int i = 0; i < static_cast<int>(values.size()); i++)
        if (runs.empty() || values[i] != runs.back().first) runs.push_back({i, values[i], 0});
    return tree(index, runs, 0, runs.size());
}

}  // namespace polyphase
