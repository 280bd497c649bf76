// Nine steps a decade, steps of 1-2-5, and one step a decade are tried in turn until the bars are few enough.
// See histogram_report.hpp.
#include "apps/multiping/histogram_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "apps/multiping/fping_text.hpp"
#include "apps/multiping/terminal_settings.hpp"

namespace multiping::command {
namespace {

constexpr std::int64_t shortest = 1000, longest = 1'000'000'000'000;  // 1 us to 1000 s, in nanoseconds
constexpr std::array<std::int64_t, 9> fine = {100, 150, 200, 250, 300, 400, 500, 600, 800};
constexpr std::array<std::int64_t, 3> medium = {100, 200, 500};
constexpr std::array<std::int64_t, 1> coarse = {100};
constexpr std::array<std::span<const std::int64_t>, 3> ladders = {{fine, medium, coarse}};

std::vector<HistogramBar> bars_of(const Statistics& statistics, std::span<const std::int64_t> steps) {
  std::vector<HistogramBar> bars;
  std::uint64_t before = 0;
  for (std::int64_t decade = shortest; decade <= longest; decade *= 10) {
    for (const std::int64_t step : steps) {
      const Duration bound{decade / 100 * step};
      const auto within = statistics.received_within(bound);
      if (!within) continue;
      bars.push_back({.bound = bound, .count = *within - before});
      before = *within;
      if (before == statistics.received()) return bars;
    }
  }
  bars.push_back({.bound = Duration::max(), .count = statistics.received() - before});
  return bars;
}

std::vector<HistogramBar> without_empty_front(std::vector<HistogramBar> bars) {
  const auto first = std::ranges::find_if(bars, [](const HistogramBar& bar) { return bar.count > 0; });
  bars.erase(bars.begin(), first);
  return bars;
}

std::string heading(std::string_view name, const Statistics& statistics) {
  if (statistics.received() == 0) return fmt::format("{}: {} probes, no answer\n", name, statistics.rounds());
  return fmt::format("{}: {} answers, min {}, median {}, p99 {}, max {} ms\n", name, statistics.received(),
                     time_text(statistics.min()), time_text(statistics.percentile(50)),
                     time_text(statistics.percentile(99)), time_text(statistics.max()));
}

std::string percent_text(std::uint64_t count, std::uint64_t all) {
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(count) / static_cast<double>(all));
}

}  // namespace

std::string bound_text(Duration bound) {
  if (bound == Duration::max()) return "longer";
  const auto count = static_cast<double>(bound.count());
  if (count < 1e6) return fmt::format("{:.4g} us", count / 1e3);
  if (count < 1e9) return fmt::format("{:.4g} ms", count / 1e6);
  return fmt::format("{:.4g} s", count / 1e9);
}

std::vector<HistogramBar> histogram_bars(const Statistics& statistics, std::size_t most) {
  if (statistics.received() == 0) return {};
  std::vector<HistogramBar> bars;
  for (const std::span<const std::int64_t> steps : ladders) {
    bars = without_empty_front(bars_of(statistics, steps));
    if (bars.size() <= most) break;
  }
  return bars;
}

std::string histogram_text(std::string_view name, const Statistics& statistics, const HistogramLook& look) {
  constexpr std::size_t most_bars = 16, least_columns = 8, labels = 33;  // "  <= 1000 us 123456789  100.0 %  "
  std::string text = heading(name, statistics);
  const std::vector<HistogramBar> bars = histogram_bars(statistics, most_bars);
  std::uint64_t greatest = 1;
  for (const HistogramBar& bar : bars) greatest = std::max(greatest, bar.count);
  const std::size_t room = std::max(look.columns, labels + least_columns + 1) - labels - 1;
  for (const HistogramBar& bar : bars) {
    const double share = static_cast<double>(bar.count) / static_cast<double>(greatest);
    auto eighths = static_cast<std::size_t>(share * static_cast<double>(room * 8));
    if (bar.count > 0) eighths = std::max<std::size_t>(eighths, look.set.utf8 ? 1 : 4);
    const std::string_view sign = bar.bound == Duration::max() ? "  " : look.set.utf8 ? "≤ " : "<=";
    text += fmt::format("  {}{:>8} {:>9} {:>8}  {}\n", sign, bound_text(bar.bound), bar.count,
                        percent_text(bar.count, statistics.received()), bar_text(eighths, look.set));
  }
  return text;
}

void HistogramReport::part_over() {
  if (!each_host_) return;
  const HistogramLook look{.columns = terminal_columns(outputs_.out), .set = character_set()};
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    hosts_ +=
        "\n" + histogram_text(cell_text(printable(view().targets[at].shown()), look.set), view().statistics[at], look);
}

void HistogramReport::finish() {
  part_over();
  outputs_.err.flush();
  const HistogramLook look{.columns = terminal_columns(outputs_.out), .set = character_set()};
  outputs_.out.write("\n" + histogram_text("all hosts", all_, look));
  outputs_.out.write(hosts_);
}

}  // namespace multiping::command
