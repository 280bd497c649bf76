// Numbers, times and strings as programs read them: exact, in UTF-8, and the same in every locale. Pure.
// What all formats for machines have in common, and the writer of one JSON object.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "multiping/duration.hpp"

namespace multiping::command {

/// A time in milliseconds with all its digits and no more: "0.035123", "12", "0".
[[nodiscard]] std::string exact_milliseconds(Duration time);
/// A time in seconds with all its digits and no more: "0.000035123".
[[nodiscard]] std::string exact_seconds(Duration time);
/// The fewest digits that read back as the same number: "0.25", "1e-07". The number must be finite.
[[nodiscard]] std::string real_text(double number);
/// RFC 3339, in UTC, with microseconds: "2026-11-29T23:43:22.123456Z".
[[nodiscard]] std::string utc_text(std::chrono::sys_time<Duration> time);
/// The text, with U+FFFD for what is not UTF-8.
[[nodiscard]] std::string utf8_text(std::string_view text);
/// The text as a JSON string with its quotes, with U+FFFD for what is not UTF-8.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// Writes one JSON object on one line, member by member in the order of the calls. Names are not escaped.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) { return raw(name, json_quoted(value)); }
  JsonObject& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  template <std::unsigned_integral Number>
  JsonObject& count(std::string_view name, Number value) {
    return raw(name, std::to_string(value));
  }
  /// In milliseconds.
  JsonObject& time(std::string_view name, Duration value) { return raw(name, exact_milliseconds(value)); }
  /// A value that is JSON already.
  JsonObject& raw(std::string_view name, std::string_view json);
  [[nodiscard]] std::string done() const { return text_.empty() ? "{}" : text_ + "}"; }

 private:
  std::string text_{};
};

/// Writes one JSON array, element by element.
class JsonArray {
 public:
  JsonArray& add(std::string_view json);
  [[nodiscard]] std::string done() const { return text_.empty() ? "[]" : text_ + "]"; }

 private:
  std::string text_{};
};

}  // namespace multiping::command
