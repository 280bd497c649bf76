// Checks a JSON value against the part of JSON Schema (draft 2020-12) that multiping's own schema uses.
// A keyword that it does not know is a fault of the schema, so that nothing is left unchecked.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace multiping::test {

class JsonSchema {
 public:
  explicit JsonSchema(nlohmann::json schema) : root_(std::move(schema)) {}

  /// Returns what is wrong with the value, with its place; "" for nothing.
  [[nodiscard]] std::string fault(const nlohmann::json& value) const { return check(root_, value, "$"); }

 private:
  using Json = nlohmann::json;
  [[nodiscard]] std::string check(const Json& schema, const Json& value, const std::string& place) const;
  [[nodiscard]] std::string check_keyword(const Json& schema, const std::string& keyword, const Json& value,
                                          const std::string& place) const;
  [[nodiscard]] std::string check_one_of(const Json& schemas, const Json& value, const std::string& place) const;
  [[nodiscard]] std::string check_properties(const Json& schema, const Json& value, const std::string& place) const;

  Json root_;
};

}  // namespace multiping::test
