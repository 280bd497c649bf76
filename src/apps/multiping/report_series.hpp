// Round-trip times over a run of any length in bounded memory: neighbouring points are merged when there are too many.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "multiping/duration.hpp"

namespace multiping::command {

/// What is known of a stretch of a series.
struct SeriesPoint {
  std::uint32_t answered = 0, lost = 0;
  Duration least{}, most{}, total{};

  void add(Duration time) noexcept;  ///< Below zero: lost.
  void add(const SeriesPoint& other) noexcept;
  [[nodiscard]] Duration mean() const noexcept { return answered == 0 ? Duration{} : total / answered; }
};

class ReportSeries {
 public:
  static constexpr std::size_t most_points = 240;

  /// Adds a result at a place: the number of the probe, or a time in some unit. Places may come in any order.
  void add(std::uint64_t place, Duration time);
  /// Point i stands for the places from i * stride() on.
  [[nodiscard]] std::span<const SeriesPoint> points() const noexcept { return points_; }
  [[nodiscard]] std::uint64_t stride() const noexcept { return stride_; }

 private:
  std::vector<SeriesPoint> points_{};
  std::uint64_t stride_ = 1;
};

/// The same points, neighbours merged, so that there are at most `most` of them; `most` is at least 1.
[[nodiscard]] std::vector<SeriesPoint> thinned(std::span<const SeriesPoint> points, std::size_t most);

}  // namespace multiping::command
