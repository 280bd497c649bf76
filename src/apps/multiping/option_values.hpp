// Values of options: texts to numbers, times and names, with messages that say option, value and what it must be.
// Pure; std::invalid_argument is the only exception.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "apps/multiping/command_options.hpp"
#include "multiping/duration.hpp"

namespace multiping::command {

/// "-c is 0; it must be 1 or more"
[[noreturn]] void refuse_value(std::string_view option, std::string_view value, std::string_view wanted);

/// A message of the library, in which options have their names on the command line: "-S" for "ProbeOptions::source_v4".
[[nodiscard]] std::string in_options(std::string text);

struct NumberRange {
  std::uint64_t least = 0, most = 0;
};
/// A decimal number, or with 0x a hexadecimal one.
[[nodiscard]] std::uint64_t to_number(std::string_view option, std::string_view text, NumberRange range);
/// A number with an optional fraction, at least `least` and at most `most`.
[[nodiscard]] double to_real(std::string_view option, std::string_view text, double least, double most);
/// A number of milliseconds (or seconds) with an optional fraction.
[[nodiscard]] Duration to_time_ms(std::string_view option, std::string_view text, Duration least = Duration{0});
[[nodiscard]] Duration to_time_s(std::string_view option, std::string_view text);

/// A number of rounds in a row, 1 to 1,000,000.
[[nodiscard]] int to_rounds(std::string_view option, std::string_view text);
/// The name of a file that is read and replaced.
[[nodiscard]] std::string to_health_file(std::string_view text);
[[nodiscard]] TransportKind to_transport(std::string_view text);
[[nodiscard]] ColorChoice to_color(std::string_view text);
[[nodiscard]] Format to_format(std::string_view text);
[[nodiscard]] Personality to_personality(std::string_view text);

}  // namespace multiping::command
