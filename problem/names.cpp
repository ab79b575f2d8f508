#include "problem/names.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

namespace polyphase {
namespace {

// C23's and C++23's, alternative tokens included; the generated header is read by both.
constexpr std::string_view kKeywords[] = {"alignas",
                                          "alignof",
                                          "and",
                                          "and_eq",
                                          "asm",
                                          "auto",
                                          "bitand",
                                          "bitor",
                                          "bool",
                                          "break",
                                          "case",
                                          "catch",
                                          "char",
                                          "char16_t",
                                          "char32_t",
                                          "char8_t",
                                          "class",
                                          "co_await",
                                          "co_return",
                                          "co_yield",
                                          "compl",
                                          "concept",
                                          "const",
                                          "const_cast",
                                          "consteval",
                                          "constexpr",
                                          "constinit",
                                          "continue",
                                          "decltype",
                                          "default",
                                          "delete",
                                          "do",
                                          "double",
                                          "dynamic_cast",
                                          "else",
                                          "enum",
                                          "explicit",
                                          "export",
                                          "extern",
                                          "false",
                                          "float",
                                          "for",
                                          "friend",
                                          "goto",
                                          "if",
                                          "inline",
                                          "int",
                                          "long",
                                          "mutable",
                                          "namespace",
                                          "new",
                                          "noexcept",
                                          "not",
                                          "not_eq",
                                          "nullptr",
                                          "operator",
                                          "or",
                                          "or_eq",
                                          "private",
                                          "protected",
                                          "public",
                                          "register",
                                          "reinterpret_cast",
                                          "requires",
                                          "restrict",
                                          "return",
                                          "short",
                                          "signed",
                                          "sizeof",
                                          "static",
                                          "static_assert",
                                          "static_cast",
                                          "struct",
                                          "switch",
                                          "template",
                                          "this",
                                          "thread_local",
                                          "throw",
                                          "true",
                                          "try",
                                          "typedef",
                                          "typeid",
                                          "typename",
                                          "typeof",
                                          "typeof_unqual",
                                          "union",
                                          "unsigned",
                                          "using",
                                          "virtual",
                                          "void",
                                          "volatile",
                                          "wchar_t",
                                          "while",
                                          "xor",
                                          "xor_eq"};

// NAME.h must not hide a header of the C library.
constexpr std::string_view kHeaders[] = {
    "assert",  "complex",   "ctype",   "errno",  "fenv",     "inttypes", "iso646",      "limits",
    "locale",  "math",      "setjmp",  "signal", "stdalign", "stdarg",   "stdatomic",   "stdbit",
    "stdbool", "stdckdint", "stddef",  "stdint", "stdio",    "stdlib",   "stdnoreturn", "string",
    "strings", "tgmath",    "threads", "time",   "uchar",    "unistd",   "wchar",       "wctype"};

// Names that the generated code or its libraries use at global scope.
constexpr std::string_view kTaken[] = {"main", "std", "posix", "polyphase"};
constexpr std::string_view kTakenPrefixes[] = {"polyphase_", "halide_"};
constexpr size_t kLongestName = 128;

bool is_identifier(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && !digit(name[0]) && std::ranges::all_of(name, [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
    std::vector<int> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (size_t i = 0; i < a.size(); i++) {
        int diagonal = row[0]++;
        for (size_t j = 0; j < b.size(); j++) {
            const int replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

std::string why_no_problem_name(std::string_view name) {
    if (!is_identifier(name)) return "expected a C identifier (letters, digits and underscores, no digit first)";
    if (std::ranges::find(kKeywords, name) != std::end(kKeywords))
        return "expected a name that is no keyword of C or C++";
    if (std::ranges::find(kHeaders, name) != std::end(kHeaders))
        return "expected a name that is no header of the C library";
    const bool prefixed =
        std::ranges::any_of(kTakenPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
    if (prefixed || std::ranges::find(kTaken, name) != std::end(kTaken))
        return "expected a name that the library does not use itself";
    if (name.size() > kLongestName) return "expected a name of at most " + std::to_string(kLongestName) + " characters";
    return "";
}

}  // namespace polyphase
