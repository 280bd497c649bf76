// The options of check_icmp: letters of monitoring-plugins' program of that name, with its defaults.
// Their meaning differs from fping's (-c is a limit, not a count), so they are a table of their own.
#pragma once

#include <span>
#include <string_view>

#include "apps/multiping/option_table.hpp"

namespace multiping::command {

/// All options, in the order of the help.
[[nodiscard]] std::span<const OptionRow> check_icmp_table() noexcept;

/// What holds before any option is read.
void set_check_icmp_defaults(CommandOptions& options);
/// Checks the options together and takes what follows from them. Throws std::invalid_argument.
void settle_check_icmp(CommandOptions& options);

/// "200,40%", "200.5ms", "0.2s,40", "40%" into `limit`, whose other half stays.
void set_check_limit(CheckLimit& limit, std::string_view option, std::string_view text);

}  // namespace multiping::command
