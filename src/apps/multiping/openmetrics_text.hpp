// The page of --format openmetrics. Pure. It is OpenMetrics 1.0 and, since it has no family but gauges, Prometheus'
// older text format too, in which # UNIT and # EOF are comments: what node_exporter's textfile collector reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "apps/multiping/health_facts.hpp"
#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/run_figures.hpp"
#include "multiping/path_mtu.hpp"
#include "multiping/route.hpp"

namespace multiping::command {

/// The value of a label, in its quotes: UTF-8, with backslashes before \, " and the end of a line.
[[nodiscard]] std::string label_value(std::string_view text);

/// What --trace found on the way to one target.
struct RouteFigures {
  std::size_t target = 0;
  int flow = 0;
  std::size_t hops = 0;
  bool reached = false;
};
/// What --mtu found.
struct MtuFigures {
  std::size_t target = 0;
  std::uint32_t mtu = 0;  ///< 0: not known.
};

/// All that a page tells. The references must outlive the call.
struct MetricsPage {
  const RunFigures& view;
  const LastFailures& fates;
  RunTotals totals{};
  std::span<const RouteFigures> routes{};
  std::span<const MtuFigures> mtus{};
  WallTime time{};
  const HealthFacts* health = nullptr;  ///< Of --health; may be null.
};
/// The whole page, from the first # HELP to # EOF. Targets whose labels are the same are summed up in one sample.
[[nodiscard]] std::string openmetrics_text(const MetricsPage& page);

}  // namespace multiping::command
