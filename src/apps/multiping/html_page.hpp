// The page of --report as a whole: one file that fetches nothing and runs nothing, from the values of a run.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/multiping/report_series.hpp"
#include "multiping/statistics.hpp"

namespace multiping::command {

/// A line of the table, and a chart. Times below zero are not known.
struct PageHost {
  std::string name{}, address{};  ///< As they came; the page escapes them.
  bool found = true;              ///< False: the name has no address.
  std::uint64_t sent = 0, received = 0;
  Duration least{-1}, mean{-1}, median{-1}, p99{-1}, most{-1}, jitter{-1};
  std::vector<SeriesPoint> points{};

  /// From 0 to 1; 1 where nothing was sent.
  [[nodiscard]] double loss() const noexcept {
    return sent == 0 ? 1 : static_cast<double>(sent - received) / static_cast<double>(sent);
  }
};

struct ReportPage {
  std::string begun{}, ended{};  ///< Wall-clock times as text.
  Duration elapsed{};
  std::size_t targets = 0, alive = 0, not_found = 0;
  bool complete = true;  ///< False: the run was ended early, or goes on.
  Statistics all{};
  std::vector<SeriesPoint> over_time{};
  std::vector<PageHost> hosts{};  ///< Those that are shown, in the order of the list.
};

/// How many hosts a page shows; of more, the worst.
constexpr std::size_t most_page_hosts = 2000;

[[nodiscard]] std::string html_page(const ReportPage& page);

}  // namespace multiping::command
