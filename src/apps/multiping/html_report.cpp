// See html_report.hpp.
#include "apps/multiping/html_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <numeric>
#include <utility>

namespace multiping::command {
namespace {

constexpr Duration lost{-1};

std::string wall_text(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S %z}", fmt::localtime(std::chrono::system_clock::to_time_t(time)));
}

/// A host that was not asked is as bad as one that lost all.
double loss_of(const HostFigures& figures) noexcept { return figures.all.loss().value_or(1); }

}  // namespace

HtmlReport::HtmlReport(std::string path) : path_{std::move(path)} { file_.emplace(path_); }

void HtmlReport::begin(const RunFigures& view) {
  Report::begin(view);
  if (start_ == std::chrono::steady_clock::time_point{}) {
    begun_ = std::chrono::system_clock::now();
    start_ = std::chrono::steady_clock::now();
  }
  if (view.totals.targets > most_page_hosts) return;
  statistics_.resize(view.targets.size());
  series_.resize(view.targets.size());
}

void HtmlReport::add(const ProbeEvent& event, Duration time) {
  all_.add(event.result);
  constexpr Duration unit = std::chrono::milliseconds{10};
  over_time_.add(static_cast<std::uint64_t>((std::chrono::steady_clock::now() - start_) / unit), time);
  if (!detailed()) return;
  statistics_[event.target].add(event.result);
  series_[event.target].add(view().options->mode == Mode::once ? 0 : event.sequence, time);
}

void HtmlReport::answered(const ProbeEvent& event) { add(event, event.result.rtt); }

void HtmlReport::timed_out(const ProbeEvent& event) { add(event, lost); }

/// All targets, or the worst of a long list, in the order of the list.
std::vector<PageHost> HtmlReport::hosts() const {
  std::vector<std::size_t> order(view().targets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > most_page_hosts) {
    const auto worse = [&](std::size_t a, std::size_t b) {
      return loss_of(view().figures[a]) > loss_of(view().figures[b]);
    };
    std::ranges::stable_sort(order, worse);
    order.resize(most_page_hosts);
    std::ranges::sort(order);
  }
  std::vector<PageHost> hosts = kept_;
  for (const std::size_t target : order) hosts.push_back(host_of(target));
  if (kept_.empty()) return hosts;
  std::ranges::stable_sort(hosts, std::greater{}, &PageHost::loss);
  hosts.resize(std::min(hosts.size(), most_page_hosts));
  return hosts;
}

void HtmlReport::part_over() { kept_ = hosts(); }

PageHost HtmlReport::host_of(std::size_t target) const {
  constexpr std::size_t few_hosts = 100, many_points = ReportSeries::most_points, some_points = 100;
  const Tally& all = view().figures[target].all;
  PageHost host{.name = view().targets[target].shown(),
                .address = view().targets[target].address.to_string(),
                .sent = all.sent,
                .received = all.received};
  if (all.received > 0) {
    host.least = all.least;
    host.mean = all.mean();
    host.most = all.most;
  }
  if (!detailed()) return host;
  host.points = thinned(series_[target].points(), series_.size() <= few_hosts ? many_points : some_points);
  if (all.received == 0) return host;
  host.median = statistics_[target].percentile(50);
  host.p99 = statistics_[target].percentile(99);
  host.jitter = statistics_[target].jitter();
  return host;
}

ReportPage HtmlReport::page(bool complete) const {
  ReportPage page{.begun = wall_text(begun_),
                  .ended = wall_text(std::chrono::system_clock::now()),
                  .elapsed = std::chrono::steady_clock::now() - start_,
                  .targets = view().totals.targets,
                  .alive = view().totals.alive,
                  .not_found = view().unresolved.size(),
                  .complete = complete,
                  .all = all_};
  const auto points = over_time_.points();
  page.over_time.assign(points.begin(), points.end());
  page.hosts = hosts();
  for (const RunTarget& target : view().unresolved) {
    if (page.hosts.size() >= most_page_hosts) break;
    page.hosts.push_back({.name = target.shown(), .found = false});
  }
  return page;
}

void HtmlReport::write(bool complete) {
  if (!file_) file_.emplace(path_);
  file_->write(html_page(page(complete)));
  file_->commit();
  file_.reset();
}

void HtmlReport::snapshot(std::chrono::system_clock::time_point) { write(false); }

void HtmlReport::finish() { write(!view().stopped); }

}  // namespace multiping::command
