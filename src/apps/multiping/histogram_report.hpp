// --histogram: the distribution of the round-trip times as bars, of all hosts and of each.
// Buckets have round bounds, finer or coarser as the times need; the text is made by a pure function.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "apps/multiping/output_streams.hpp"
#include "apps/multiping/report.hpp"
#include "apps/multiping/screen_cell_text.hpp"
#include "multiping/statistics.hpp"

namespace multiping::command {

/// One bar: the answers that took longer than the bound before, and at most `bound`.
struct HistogramBar {
  Duration bound{};
  std::uint64_t count = 0;
};

/// The bars of a distribution: at most `most` of them, none empty at the ends. The last bound is Duration::max() where
/// an answer took longer than 1000 s.
[[nodiscard]] std::vector<HistogramBar> histogram_bars(const Statistics& statistics, std::size_t most);

/// A bound as people write it: "250 us", "1.5 ms", "2 s".
[[nodiscard]] std::string bound_text(Duration bound);

/// The width of a histogram in columns, and the characters that it is drawn with.
struct HistogramLook {
  std::size_t columns = 80;
  CharacterSet set{};
};
/// A heading of the name and the figures, and a line for each bar; without answers the heading alone.
[[nodiscard]] std::string histogram_text(std::string_view name, const Statistics& statistics,
                                         const HistogramLook& look);

class HistogramReport : public Report {
 public:
  HistogramReport(Outputs outputs, bool each_host) : outputs_{outputs}, each_host_{each_host} {}

  [[nodiscard]] bool wants_statistics() const override { return each_host_; }
  void answered(const ProbeEvent& event) override { all_.add(event.result); }
  void timed_out(const ProbeEvent& event) override { all_.add(event.result); }
  void part_over() override;
  void finish() override;

 private:
  Outputs outputs_;
  bool each_host_ = false;
  Statistics all_{};
  std::string hosts_{};  ///< Of the parts that are over.
};

}  // namespace multiping::command
