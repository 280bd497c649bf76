// The lines of fping, as text. Pure: nothing here knows where they go.
// Times are in milliseconds with three significant digits, in every locale.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "apps/multiping/run_figures.hpp"
#include "multiping/error.hpp"
#include "multiping/result.hpp"

namespace multiping::command {

/// "0.035", "1.23", "45.6", "1234", "1.234e+06"
[[nodiscard]] std::string time_text(Duration time);

/// "[1795994601.11840] ", or the time as -D and --timestamp-format say; "" without -D.
[[nodiscard]] std::string timestamp_text(const Printing& printing, std::chrono::system_clock::time_point now);

/// What stands in front of the colon in lines of -c, -C and -l: the name, filled up to the longest.
struct LineHead {
  std::string_view name{};
  std::size_t width = 0;
};
/// "host : [0], 64 bytes, 0.035 ms (0.035 avg, 0% loss)", and what --print-ttl and the like ask for.
[[nodiscard]] std::string answer_line(const LineHead& head, std::uint64_t sequence, const Result& result,
                                      const Tally& tally);
/// " (TTL 64) [<- 192.0.2.1]": what options add to the line of an answer.
[[nodiscard]] std::string answer_extras(const Printing& printing, const Result& result);
/// "host : [0], timed out (NaN avg, 100% loss)"
[[nodiscard]] std::string timeout_line(const LineHead& head, std::uint64_t sequence, const Tally& tally);
/// "host : duplicate for [0], 64 bytes, 0.035 ms"
[[nodiscard]] std::string duplicate_line(std::string_view name, std::uint64_t sequence, const Result& result);
/// "ICMP Host Unreachable from 192.0.2.1 for ICMP Echo sent to host"
[[nodiscard]] std::string icmp_error_line(std::string_view name, const Result& result);
/// "host : xmt/rcv/%loss = 3/3/0%, min/avg/max = 0.019/0.044/0.057"; with -o the outage.
[[nodiscard]] std::string summary_line(const LineHead& head, const Tally& tally, const CommandOptions& options);
/// "host : 0.032 - 0.010"; a time below zero is a lost probe.
[[nodiscard]] std::string times_line(const LineHead& head, std::span<const Duration> times);
/// The block of -s.
[[nodiscard]] std::string totals_text(const RunTotals& totals);
/// "[23:23:26]", in local time.
[[nodiscard]] std::string clock_text(std::chrono::system_clock::time_point now);
/// -N: one interval of one host; the charts' definitions are `first`.
[[nodiscard]] std::string netdata_text(std::string_view name, const Tally& tally, Duration every, bool first);
/// "nosuch.example: Name or service not known"
/// --wait: "10.9.0.1 is not up: no-reply"
[[nodiscard]] std::string not_up_line(const RunTarget& target, const Result& result);
[[nodiscard]] std::string unresolved_line(const RunTarget& target);
/// How fping calls an ICMP error: "ICMP Host Unreachable".
[[nodiscard]] std::string icmp_error_name(const IcmpError& error, Family family);
/// " [<- 192.0.2.9]" where another address answered; else "".
[[nodiscard]] std::string other_source(const Result& result);

}  // namespace multiping::command
