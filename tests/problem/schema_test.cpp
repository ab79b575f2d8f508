// The published schema and the parser know the same fields and the same names.
#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "problem/conventions.h"
#include "problem/names.h"
#include "problem/problem_file.h"

namespace polyphase {
namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

const Json& schema() {
    static const Json parsed = Json::parse(std::ifstream(POLYPHASE_ROOT "/docs/problem.schema.json"));
    return parsed;
}

const Json& definition(const char* name) {
    return schema().at("$defs").at(name);
}

Names names_of_enum(const Json& definition) {
    return definition.at("enum").get<Names>();
}

template <typename Enum, size_t N>
Names names_of_table(const NameTable<Enum, N>& table) {
    Names names;
    for (const auto& [value, name] : table) names.emplace(name);
    return names;
}

TEST(Schema, HasTheFieldsOfEveryOperator) {
    Names ops;
    for (const Json& reference : definition("problem").at("oneOf")) {
        const auto path = reference.at("$ref").get<std::string>();
        ops.insert(path.substr(path.rfind('/') + 1));
    }
    const auto known = op_names();
    EXPECT_EQ(ops, Names(known.begin(), known.end()));
    for (const std::string& op : ops) {
        SCOPED_TRACE(op);
        const Json& object = definition(op.c_str());
        Names fields;
        for (const auto& [name, value] : object.at("properties").items()) fields.insert(name);
        const auto expected = fields_of(op);
        EXPECT_EQ(fields, Names(expected.begin(), expected.end()));
        EXPECT_EQ(object.at("properties").at("op").at("const").get<std::string>(), op);
        EXPECT_FALSE(object.at("additionalProperties").get<bool>());
    }
}

TEST(Schema, HasTheNamesOfEveryEnumeration) {
    EXPECT_EQ(names_of_enum(definition("layout")), names_of_table(kLayouts));
    EXPECT_EQ(names_of_enum(definition("weight_layout")), names_of_table(kWeightLayouts));
    EXPECT_EQ(names_of_enum(definition("mode")), names_of_table(kResizeModes));
    EXPECT_EQ(names_of_enum(definition("coordinates")), names_of_table(kCoordinates));
    EXPECT_EQ(names_of_enum(definition("nearest_rounding")), names_of_table(kNearestRoundings));
    Names named;
    for (const Convention& convention : conventions()) named.emplace(convention.name);
    EXPECT_EQ(names_of_enum(definition("padding_convention")), named);
}

TEST(Schema, HasTheNamesOfEveryActivation) {
    Names names;
    for (const Json& form : definition("activation").at("oneOf")) {
        const Json& name = form.contains("properties") ? form.at("properties").at("name") : form;
        if (name.contains("const"))
            names.insert(name.at("const").get<std::string>());
        else
            names.merge(names_of_enum(name));
    }
    Names expected = names_of_table(kActivations);
    expected.insert("relu6");
    EXPECT_EQ(names, expected);
}

TEST(Schema, HasTheDefaultsOfTheCanonicalForm) {
    const auto parsed = parse_problems(R"([
        {"name": "a", "op": "conv_transpose", "input": [1, 2, 3], "out_channels": 4, "kernel": 2},
        {"name": "b", "op": "resize", "input": [1, 2, 3], "output": 4, "mode": "cubic"}])");
    ASSERT_THAT(parsed.errors, ::testing::IsEmpty());
    for (const Problem& problem : parsed.problems) {
        const Json canonical = to_json(problem);
        for (const auto& [field, property] : definition(op_name(problem)).at("properties").items()) {
            if (!property.contains("default") || !canonical.contains(field)) continue;
            const Json& value = canonical[field];
            const Json& one = value.is_array() ? value.front() : value;
            EXPECT_EQ(one.is_array() ? one.front() : one, property["default"]) << field;
        }
    }
}

}  // namespace
}  // namespace polyphase
