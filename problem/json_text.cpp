#include "problem/json_text.h"

#include <algorithm>
#include <set>

namespace polyphase {
namespace {

constexpr size_t kDeepestNesting = 16;
constexpr size_t kMostKeys = 256;
constexpr size_t kLongestShown = 60;
constexpr size_t kLongestPrintable = 300;

/// First pass over the text: where it goes wrong, and which keys an object holds twice (a value keeps one of them
/// only).
class Checker : public nlohmann::json_sax<Json> {
  public:
    explicit Checker(std::string_view text) : text_(text) {}

    bool null() override { return element(); }
    bool boolean(bool) override { return element(); }
    bool number_integer(number_integer_t) override { return element(); }
    bool number_unsigned(number_unsigned_t) override { return element(); }
    bool number_float(number_float_t, const string_t&) override { return element(); }
    bool string(string_t&) override { return element(); }
    bool binary(binary_t&) override { return element(); }
    bool start_object(std::size_t) override { return open(false); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(true); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        Level& level = levels_.back();
        level.key = name;
        if (level.keys.size() == kMostKeys) {
            error = "expected at most " + std::to_string(kMostKeys) + " fields in an object, found more";
            return false;
        }
        if (!level.keys.insert(name).second) duplicates.push_back({levels_[0].list ? levels_[0].index : 0, path()});
        return true;
    }

    bool parse_error(std::size_t position, const std::string&, const Json::exception& exception) override {
        const std::string_view before = text_.substr(0, position == 0 ? 0 : std::min(position, text_.size()) - 1);
        const auto line = 1 + std::ranges::count(before, '\n');
        const size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
        error = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + reason(exception.what());
        return false;
    }

    std::string error;
    std::vector<DuplicateKey> duplicates;

  private:
    struct Level {
        bool list = false;
        size_t index = 0;  // of the next element of a list
        std::string key;   // of an object
        std::set<std::string> keys;
    };

    bool element() {
        if (!levels_.empty() && levels_.back().list) levels_.back().index++;
        return true;
    }

    bool open(bool list) {
        if (levels_.size() == kDeepestNesting) {
            error = "expected at most " + std::to_string(kDeepestNesting) + " levels of nesting, found more";
            return false;
        }
        levels_.push_back({list, 0, {}, {}});
        return true;
    }

    bool close() {
        levels_.pop_back();
        return element();
    }

    std::string path() const {
        std::string path;
        for (size_t depth = levels_[0].list ? 1 : 0; depth < levels_.size(); depth++) {
            const Level& level = levels_[depth];
            if (level.list) {
                path.append("[").append(std::to_string(level.index)).append("]");
            } else {
                if (!path.empty()) path += '.';
                path += printable(level.key);
            }
        }
        return path;
    }

    /// The library's message without its own prefix and position.
    static std::string reason(std::string_view what) {
        if (const size_t end = what.find("] "); end != what.npos) what.remove_prefix(end + 2);
        if (what.starts_with("parse error at"))
            if (const size_t end = what.find(": "); end != what.npos) what.remove_prefix(end + 2);
        return printable(what);
    }

    std::string_view text_;
    std::vector<Level> levels_;
};

}  // namespace

std::string printable(std::string_view text) {
    std::string result(text.substr(0, kLongestPrintable));
    if (text.size() > kLongestPrintable) result += "...";
    std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

std::string shown(const Json& value) {
    if (value.is_structured() && value.size() > kLongestShown)
        return std::string(value.is_array() ? "a list" : "an object") + " of " + std::to_string(value.size());
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > kLongestShown) text = text.substr(0, kLongestShown - 3) + "...";
    return printable(text);
}

JsonText parse_json(std::string_view text) {
    Checker checker(text);
    Json::sax_parse(text.begin(), text.end(), &checker);
    if (!checker.error.empty()) return {nullptr, std::move(checker.error), {}};
    return {Json::parse(text.begin(), text.end(), nullptr, false), "", std::move(checker.duplicates)};
}

}  // namespace polyphase
