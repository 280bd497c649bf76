// See report_series.hpp.
#include "apps/multiping/report_series.hpp"

#include <algorithm>
#include <utility>

namespace multiping::command {

void SeriesPoint::add(Duration time) noexcept {
  if (time.count() < 0) {
    ++lost;
  } else {
    add(SeriesPoint{.answered = 1, .least = time, .most = time, .total = time});
  }
}

void SeriesPoint::add(const SeriesPoint& other) noexcept {
  lost += other.lost;
  if (other.answered == 0) return;
  least = answered == 0 ? other.least : std::min(least, other.least);
  most = std::max(most, other.most);
  total += other.total;
  answered += other.answered;
}

std::vector<SeriesPoint> thinned(std::span<const SeriesPoint> points, std::size_t most) {
  const std::size_t each = (points.size() + most - 1) / most;
  std::vector<SeriesPoint> fewer(each == 0 ? 0 : (points.size() + each - 1) / each);
  for (std::size_t at = 0; at < points.size(); ++at) fewer[at / each].add(points[at]);
  return fewer;
}

void ReportSeries::add(std::uint64_t place, Duration time) {
  while (place / stride_ >= most_points) {
    std::vector<SeriesPoint> half((points_.size() + 1) / 2);
    for (std::size_t at = 0; at < points_.size(); ++at) half[at / 2].add(points_[at]);
    points_ = std::move(half);
    stride_ *= 2;
  }
  const auto at = static_cast<std::size_t>(place / stride_);
  if (at >= points_.size()) points_.resize(at + 1);
  points_[at].add(time);
}

}  // namespace multiping::command
