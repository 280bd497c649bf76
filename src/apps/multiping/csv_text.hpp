// The rows of --format csv, each with the end of its line. Pure.
// RFC 4180, but that a line ends with LF, as other programs of this system expect it; readers of CSV take both.
#pragma once

#include <string>
#include <string_view>

#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/report.hpp"
#include "apps/multiping/run_figures.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/result.hpp"
#include "multiping/route.hpp"

namespace multiping::command {

/// A field: in double quotes where RFC 4180 asks for them, in UTF-8. A text that a spreadsheet would take for a formula
/// (it begins with =, +, -, @, a tab or a carriage return) gets an apostrophe in front.
[[nodiscard]] std::string csv_field(std::string_view text);

/// The header of the rows of targets.
[[nodiscard]] std::string_view csv_target_header() noexcept;
/// The figures of one target.
[[nodiscard]] std::string csv_target_row(const RunFigures& view, std::size_t target, const HostScope& scope);
/// A target without an address.
[[nodiscard]] std::string csv_unresolved_row(const RunTarget& target, const HostScope& scope);

/// The header of the rows of probes, and one probe; `kind` is "reply", "timeout" or "duplicate".
[[nodiscard]] std::string_view csv_probe_header() noexcept;
[[nodiscard]] std::string csv_probe_row(std::string_view kind, const RunFigures& view, const ProbeEvent& event);

/// --trace: a row for each probe of each hop; a route without hops has one row.
[[nodiscard]] std::string_view csv_route_header() noexcept;
[[nodiscard]] std::string csv_route_rows(const RunFigures& view, std::size_t target, const Route& route);
[[nodiscard]] std::string csv_unresolved_route_row(const RunTarget& target);

/// --mtu
[[nodiscard]] std::string_view csv_mtu_header() noexcept;
[[nodiscard]] std::string csv_mtu_row(const RunFigures& view, std::size_t target, const PathMtu& path);
[[nodiscard]] std::string csv_unresolved_mtu_row(const RunTarget& target);

}  // namespace multiping::command
