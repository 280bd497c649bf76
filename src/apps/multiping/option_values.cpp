// Texts to values by std::from_chars, which follows no locale.
// See option_values.hpp.
#include "apps/multiping/option_values.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <system_error>

#include "multiping/result.hpp"

namespace multiping::command {
namespace {

/// What a message shows of a value: a line fits a terminal.
std::string shown(std::string_view value) {
  constexpr std::size_t most = 60;
  return printable(value.substr(0, most)) + (value.size() > most ? "..." : "");
}

std::string text_of(double number) {
  const auto whole = static_cast<long long>(number);
  return static_cast<double>(whole) == number ? std::to_string(whole) : std::to_string(number);
}

constexpr double longest_seconds = 1e9;

Duration to_time(std::string_view option, std::string_view text, double least_s, double unit_s) {
  const double seconds = to_real(option, text, least_s / unit_s, longest_seconds / unit_s) * unit_s;
  return Timeout{std::chrono::duration<double>{seconds}};
}

}  // namespace

void refuse_value(std::string_view option, std::string_view value, std::string_view wanted) {
  throw std::invalid_argument{std::string{option} + " is " + (value.empty() ? "empty" : shown(value)) +
                              "; it must be " + std::string{wanted}};
}

std::string in_options(std::string text) {
  constexpr std::array<std::array<std::string_view, 2>, 14> names{{{"ProbeOptions::source_v4", "-S"},
                                                                   {"ProbeOptions::source_v6", "-S"},
                                                                   {"ProbeOptions::device", "-I"},
                                                                   {"ProbeOptions::mark", "-k"},
                                                                   {"ProbeOptions::ttl", "-H"},
                                                                   {"ProbeOptions::tos", "-O"},
                                                                   {"ProbeOptions::payload_size", "-b"},
                                                                   {"ProbeOptions::random_payload", "-R"},
                                                                   {"ProbeOptions::dont_fragment", "-M"},
                                                                   {"ProbeOptions::protocol tcp", "--tcp"},
                                                                   {"ProbeOptions::protocol udp", "--udp"},
                                                                   {"ProbeOptions::protocol sctp", "--sctp"},
                                                                   {"Options::max_rate", "--rate"},
                                                                   {"Options::threads", "--threads"}}};
  for (const auto& [member, option] : names)
    for (std::size_t at = text.find(member); at != std::string::npos; at = text.find(member, at))
      text.replace(at, member.size(), option);
  return text;
}

std::uint64_t to_number(std::string_view option, std::string_view text, NumberRange range) {
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size() || value < range.least || value > range.most)
    refuse_value(option, text, "a number, " + std::to_string(range.least) + " to " + std::to_string(range.most));
  return value;
}

double to_real(std::string_view option, std::string_view text, double least, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool read = error == std::errc{} && end == text.data() + text.size();
  if (!read || !std::isfinite(value) || value < least || value > most)
    refuse_value(option, text, "a number, " + text_of(least) + " to " + text_of(most));
  return value;
}

Duration to_time_ms(std::string_view option, std::string_view text, Duration least) {
  return to_time(option, text, std::chrono::duration<double>{least}.count(), 1e-3);
}

Duration to_time_s(std::string_view option, std::string_view text) { return to_time(option, text, 0, 1); }

int to_rounds(std::string_view option, std::string_view text) {
  return static_cast<int>(to_number(option, text, {1, 1'000'000}));
}

std::string to_health_file(std::string_view text) {
  if (text.empty() || text == "-") refuse_value("--health", text, "the name of a file");
  return std::string{text};
}

TransportKind to_transport(std::string_view text) {
  if (text == "raw") return TransportKind::raw;
  if (text == "ping" || text == "ping-socket") return TransportKind::ping_socket;
  if (text == "broker") return TransportKind::broker;
  if (text == "proxy") return TransportKind::proxy;
  refuse_value("--transport", text, "raw, ping, broker or proxy");
}

ColorChoice to_color(std::string_view text) {
  if (text == "auto") return ColorChoice::automatic;
  if (text == "always") return ColorChoice::always;
  if (text == "never") return ColorChoice::never;
  refuse_value("--color", text, "auto, always or never");
}

Format to_format(std::string_view text) {
  if (text == "lines") return Format::lines;
  if (text == "json") return Format::json;
  if (text == "jsonl") return Format::jsonl;
  if (text == "csv") return Format::csv;
  if (text == "openmetrics") return Format::openmetrics;
  refuse_value("--format", text, "lines, json, jsonl, csv or openmetrics");
}

Personality to_personality(std::string_view text) {
  if (text == "multiping") return Personality::multiping;
  if (text == "fping") return Personality::fping;
  if (text == "check_icmp") return Personality::check_icmp;
  refuse_value("--as", text, "multiping, fping or check_icmp");
}

}  // namespace multiping::command
