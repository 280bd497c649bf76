// fmt and std::to_string on whole numbers follow no locale; nlohmann-json knows what is UTF-8.
// See exact_number_text.hpp.
#include "apps/multiping/exact_number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace multiping::command {
namespace {

/// `nanoseconds` of a unit that has 10^digits of them.
std::string scaled_text(std::int64_t nanoseconds, int digits) {
  const bool negative = nanoseconds < 0;
  const std::uint64_t size =
      negative ? ~static_cast<std::uint64_t>(nanoseconds) + 1 : static_cast<std::uint64_t>(nanoseconds);
  std::uint64_t unit = 1;
  for (int i = 0; i < digits; ++i) unit *= 10;
  std::string text = fmt::format("{}{}.{:0{}}", negative ? "-" : "", size / unit, size % unit, digits);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
}

}  // namespace

std::string exact_milliseconds(Duration time) { return scaled_text(time.count(), 6); }
std::string exact_seconds(Duration time) { return scaled_text(time.count(), 9); }
std::string real_text(double number) { return fmt::format("{}", number); }

std::string utc_text(std::chrono::sys_time<Duration> time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::microseconds>(time - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string json_quoted(std::string_view text) {
  if (is_plain(text)) return fmt::format("\"{}\"", text);
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string utf8_text(std::string_view text) {
  if (is_plain(text)) return std::string{text};
  return nlohmann::json::parse(json_quoted(text)).get<std::string>();
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view json) {
  text_ += text_.empty() ? "{\"" : ", \"";
  text_ += name;
  text_ += "\": ";
  text_ += json;
  return *this;
}

JsonArray& JsonArray::add(std::string_view json) {
  text_ += text_.empty() ? "[" : ", ";
  text_ += json;
  return *this;
}

}  // namespace multiping::command
