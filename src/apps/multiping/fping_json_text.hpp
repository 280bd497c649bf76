// The JSON lines of fping 5.5 (-J), as text without the end of the line. Pure.
// Times are numbers of milliseconds with the digits of time_text().
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "apps/multiping/run_figures.hpp"
#include "multiping/result.hpp"

namespace multiping::command {

/// What an answer is printed with beside its figures, and when.
struct Stamp {
  const Printing& printing;
  std::chrono::system_clock::time_point now{};
};

/// {"resp": {"host": "127.0.0.1", "seq": 0, "size": 64, "rtt": 0.035}}
[[nodiscard]] std::string response_json(std::string_view host, std::uint64_t sequence, const Result& result,
                                        const Stamp& stamp);
/// {"timeout": {"host": "127.0.0.1", "seq": 0}}
[[nodiscard]] std::string timeout_json(std::string_view host, std::uint64_t sequence, const Stamp& stamp);
/// {"summary": {"host": "127.0.0.1", "xmt": 1, "rcv": 1, "loss": 0, "rttMin": 0.064, "rttAvg": 0.064, "rttMax": 0.064}}
[[nodiscard]] std::string summary_json(std::string_view host, const Tally& tally, const CommandOptions& options);
/// {"vSum": {"host": "127.0.0.1", "values": [0.051, null]}}; a time below zero is a lost probe.
[[nodiscard]] std::string values_json(std::string_view host, std::span<const Duration> times);
/// {"intSum": {"time": 1795994601, "host": "127.0.0.1", "xmt": 1, ...}}
[[nodiscard]] std::string interval_json(std::string_view host, const Tally& tally, const CommandOptions& options,
                                        std::chrono::system_clock::time_point now);
/// {"stats": {"targets": 1, "alive": 1, ...}}
[[nodiscard]] std::string totals_json(const RunTotals& totals);

}  // namespace multiping::command
