// JSON text to a value, strictly: duplicate keys and deep nesting are errors, and nothing throws.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace polyphase {

using Json = nlohmann::ordered_json;

struct DuplicateKey {
    size_t element = 0;  ///< index in the outermost list, 0 in an outermost object
    std::string field;   ///< path below it, such as `activation.min`
};

struct JsonText {
    Json value;
    std::string error;  ///< empty, or "line 3, column 7: ..." (columns count bytes); then `value` is null
    std::vector<DuplicateKey> duplicates;
};

JsonText parse_json(std::string_view text);

/// `value` as a message shows it: printable ASCII on one line, cut after some 60 characters.
std::string shown(const Json& value);

/// Text of unknown origin, made printable: bytes outside ASCII and control characters become '?', and what follows some
/// 300 characters "...".
std::string printable(std::string_view text);

}  // namespace polyphase
