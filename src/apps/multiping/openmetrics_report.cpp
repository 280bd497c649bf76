// See openmetrics_report.hpp.
#include "apps/multiping/openmetrics_report.hpp"

#include <stdexcept>
#include <string>

namespace multiping::command {

void OpenmetricsReport::begin(const RunFigures& view) {
  Report::begin(view);
  if (view.totals.targets > view.targets.size() + view.unresolved.size())
    throw std::invalid_argument{"--format openmetrics takes a block of at most " + std::to_string(view.targets.size()) +
                                " addresses; the page has all of them"};
  start_ = std::chrono::steady_clock::now();
}

void OpenmetricsReport::page(const RunTotals& totals) {
  outputs_.out.write(openmetrics_text({.view = view(),
                                       .fates = fates_,
                                       .totals = totals,
                                       .routes = routes_,
                                       .mtus = mtus_,
                                       .time = std::chrono::system_clock::now(),
                                       .health = health_}));
}

/// The file is complete at any time: a collector may read it between two intervals.
void OpenmetricsReport::interval_over(std::chrono::system_clock::time_point) {
  RunTotals totals = view().totals;
  totals.elapsed = std::chrono::steady_clock::now() - start_;
  totals.unreachable = view().targets.size() - totals.alive;
  page(totals);
  outputs_.out.commit();
}

void OpenmetricsReport::routes(std::span<const Route> routes) {
  const auto flows = static_cast<std::size_t>(view().options->flows);
  for (std::size_t at = 0; at < routes.size(); ++at)
    routes_.push_back(
        {.target = at / flows, .flow = routes[at].flow, .hops = routes[at].hops.size(), .reached = routes[at].reached});
}

void OpenmetricsReport::path_mtu(const PathMtu& path) { mtus_.push_back({.target = mtus_.size(), .mtu = path.mtu}); }

void OpenmetricsReport::finish() { page(view().totals); }

}  // namespace multiping::command
