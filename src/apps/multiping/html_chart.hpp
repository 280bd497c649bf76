// The pictures of the report: times over the run, strips of losses (inline SVG), bars of a distribution.
// Pure. They stretch to any width, so no text is inside them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "apps/multiping/report_series.hpp"
#include "multiping/statistics.hpp"

namespace multiping::command {

/// The line of the means and the band from the least to the greatest time, with a scale at the left, and the losses
/// beneath. The scale is logarithmic where the times differ much. `from` and `to` stand at the ends of the time axis.
struct ChartTexts {
  std::string label{};  ///< What it shows, for readers without eyes.
  std::string from{}, to{};
};
[[nodiscard]] std::string chart_html(std::span<const SeriesPoint> points, const ChartTexts& texts);

/// Losses over the run, left to right: nothing lost, some lost, half or more lost.
[[nodiscard]] std::string strip_html(std::span<const SeriesPoint> points, std::string_view label);

/// A bar for each bucket of the distribution.
[[nodiscard]] std::string distribution_html(const Statistics& statistics);

}  // namespace multiping::command
