// See json_schema.hpp.
#include "apps/multiping/json_schema.hpp"

#include <algorithm>
#include <regex>

namespace multiping::test {
namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  return type == "number" && value.is_number();
}

/// Keywords that say nothing about values, or are looked at with another.
bool is_remark(const std::string& keyword) {
  for (const char* each : {"$schema", "$id", "$defs", "title", "description", "additionalProperties"})
    if (keyword == each) return true;
  return false;
}

}  // namespace

std::string JsonSchema::check(const Json& schema, const Json& value, const std::string& place) const {
  for (const auto& [keyword, ignored] : schema.items()) {
    if (is_remark(keyword)) continue;
    if (std::string fault = check_keyword(schema, keyword, value, place); !fault.empty()) return fault;
  }
  return {};
}

std::string JsonSchema::check_keyword(const Json& schema, const std::string& keyword, const Json& value,
                                      const std::string& place) const {
  const Json& wanted = schema[keyword];
  if (keyword == "$ref") return check(root_.at(Json::json_pointer{wanted.get<std::string>().substr(1)}), value, place);
  if (keyword == "oneOf") return check_one_of(wanted, value, place);
  if (keyword == "properties") return check_properties(schema, value, place);
  bool right = false;
  if (keyword == "type") {
    right = has_type(value, wanted);
  } else if (keyword == "const") {
    right = value == wanted;
  } else if (keyword == "enum") {
    right = std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  } else if (keyword == "minimum") {
    right = value >= wanted;
  } else if (keyword == "maximum") {
    right = value <= wanted;
  } else if (keyword == "pattern") {
    right = std::regex_search(value.get<std::string>(), std::regex{wanted.get<std::string>()});
  } else if (keyword == "required") {
    right = std::all_of(wanted.begin(), wanted.end(), [&](const Json& name) { return value.contains(name); });
  } else if (keyword == "items") {
    for (const Json& item : value)
      if (std::string fault = check(wanted, item, place + "[]"); !fault.empty()) return fault;
    right = true;
  }
  return right ? "" : place + ": " + value.dump() + " is not " + keyword + " " + wanted.dump();
}

std::string JsonSchema::check_one_of(const Json& schemas, const Json& value, const std::string& place) const {
  int fitting = 0;
  std::string faults;
  for (const Json& schema : schemas) {
    const std::string fault = check(schema, value, place);
    if (fault.empty()) ++fitting;
    if (fault.find(".kind: ") == std::string::npos) faults += "\n  " + fault;
  }
  return fitting == 1 ? "" : place + ": " + std::to_string(fitting) + " alternatives fit " + value.dump() + faults;
}

std::string JsonSchema::check_properties(const Json& schema, const Json& value, const std::string& place) const {
  const Json& properties = schema["properties"];
  // The kind decides which alternative is meant, so that its fault is told first.
  if (properties.contains("kind") && value.contains("kind"))
    if (std::string fault = check(properties["kind"], value["kind"], place + ".kind"); !fault.empty()) return fault;
  for (const auto& [name, member] : value.items()) {
    if (!properties.contains(name)) {
      if (schema.value("additionalProperties", true)) continue;
      return place + ": no member " + name;
    }
    if (std::string fault = check(properties[name], member, place + "." + name); !fault.empty()) return fault;
  }
  return {};
}

}  // namespace multiping::test
