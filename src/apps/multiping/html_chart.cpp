// Coordinates are whole numbers in a box of the number of points times 1000, which the page stretches.
// See html_chart.hpp.
#include "apps/multiping/html_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "apps/multiping/histogram_report.hpp"
#include "apps/multiping/html_text.hpp"

namespace multiping::command {
namespace {

constexpr double height = 1000;

/// Times to heights, from the top.
class Scale {
 public:
  explicit Scale(std::span<const SeriesPoint> points) {
    Duration least = Duration::max(), most{};
    for (const SeriesPoint& point : points) {
      if (point.answered == 0) continue;
      least = std::min(least, point.least);
      most = std::max(most, point.most);
    }
    constexpr double much = 20;
    const auto low = std::max(1.0, static_cast<double>(least.count())), high = static_cast<double>(most.count());
    logarithmic_ = high > much * low;
    low_ = logarithmic_ ? std::log(low) : 0;
    high_ = logarithmic_ ? std::log(high) : high * 1.05;
  }

  [[nodiscard]] int at(Duration time) const noexcept {
    const auto count = std::max(1.0, static_cast<double>(time.count()));
    const double value = logarithmic_ ? std::log(count) : count;
    const double share = high_ > low_ ? (value - low_) / (high_ - low_) : 0.5;
    return static_cast<int>(std::lround((1 - std::clamp(share, 0.0, 1.0)) * height));
  }
  /// The time at a share of the height, from the bottom.
  [[nodiscard]] Duration time_at(double share) const noexcept {
    const double value = low_ + share * (high_ - low_);
    return Timeout{std::chrono::duration<double, std::nano>{logarithmic_ ? std::exp(value) : value}};
  }

 private:
  bool logarithmic_ = false;
  double low_ = 0, high_ = 1;
};

/// Paths of a line and of a band around it. The line is broken where all probes were lost, not where none was sent.
class Plot {
 public:
  void add(std::size_t x, const SeriesPoint& point, const Scale& scale) {
    const std::string_view command = count_++ == 0 ? "M" : "L";
    mean_ += fmt::format("{}{} {}", command, x, scale.at(point.mean()));
    band_ += fmt::format("{}{} {}", command, x, scale.at(point.most));
    back_.insert(0, fmt::format("L{} {}", x, scale.at(point.least)));
  }
  /// Ends a stretch. A single point is drawn as wide as it is.
  void end() {
    if (count_ == 0) return;
    if (count_ == 1) mean_ += "h1";
    band_ += back_ + "Z";
    back_.clear();
    count_ = 0;
  }
  [[nodiscard]] const std::string& mean() const noexcept { return mean_; }
  [[nodiscard]] const std::string& band() const noexcept { return band_; }

 private:
  std::string mean_{}, band_{}, back_{};
  std::size_t count_ = 0;
};

std::string plot_svg(std::span<const SeriesPoint> points, const Scale& scale, std::string_view label) {
  Plot plot;
  for (std::size_t x = 0; x < points.size(); ++x) {
    if (points[x].answered > 0) {
      plot.add(x, points[x], scale);
    } else if (points[x].lost > 0) {
      plot.end();
    }
  }
  plot.end();
  return fmt::format(R"(<svg class="plot" role="img" aria-label="{}" viewBox="0 0 {} 1000" preserveAspectRatio="none">)"
                     R"(<path class="band" d="{}"/><path class="mean" d="{}"/></svg>)",
                     escaped(label), std::max<std::size_t>(points.size(), 2) - 1, plot.band(), plot.mean());
}

/// Where nothing was sent, the colour before goes on.
std::string_view strip_class(const SeriesPoint& point, std::string_view before) noexcept {
  if (point.answered + point.lost == 0) return before;
  if (point.lost == 0) return "";
  return point.lost >= point.answered ? "many" : "few";
}

}  // namespace

std::string strip_html(std::span<const SeriesPoint> points, std::string_view label) {
  std::string rects;
  std::string_view kind = "none";
  for (std::size_t at = 0; at < points.size();) {
    kind = strip_class(points[at], kind);
    std::size_t end = at + 1;
    while (end < points.size() && strip_class(points[end], kind) == kind) ++end;
    if (!kind.empty()) rects += fmt::format(R"(<rect class="{}" x="{}" width="{}" height="1"/>)", kind, at, end - at);
    at = end;
  }
  return fmt::format(
      R"(<svg class="strip" role="img" aria-label="{}" viewBox="0 0 {} 1" preserveAspectRatio="none">{}</svg>)",
      escaped(label), std::max<std::size_t>(points.size(), 1), rects);
}

std::string chart_html(std::span<const SeriesPoint> points, const ChartTexts& texts) {
  const bool any = std::ranges::any_of(points, [](const SeriesPoint& point) { return point.answered > 0; });
  if (!any) return "<p class=\"soft\">No answers.</p>\n";
  const Scale scale{points};
  return fmt::format(R"(<div class="chart"><div class="y"><span>{}</span><span>{}</span><span>{}</span></div>{}{})"
                     "<div class=\"x\"><span>{}</span><span>{}</span></div></div>\n",
                     time_html(scale.time_at(1)), time_html(scale.time_at(0.5)), time_html(scale.time_at(0)),
                     plot_svg(points, scale, texts.label), strip_html(points, "losses over time"), escaped(texts.from),
                     escaped(texts.to));
}

std::string distribution_html(const Statistics& statistics) {
  constexpr std::size_t most_bars = 24;
  const auto bars = histogram_bars(statistics, most_bars);
  if (bars.empty()) return "<p class=\"soft\">No answers.</p>\n";
  std::uint64_t greatest = 1;
  for (const HistogramBar& bar : bars) greatest = std::max(greatest, bar.count);
  std::string html = R"(<div class="bars">)";
  for (const HistogramBar& bar : bars) {
    const double width = 100.0 * static_cast<double>(bar.count) / static_cast<double>(greatest);
    const std::string_view sign = bar.bound == Duration::max() ? "" : "≤ ";
    html += fmt::format("<span>{}{}</span><span>{}</span><i style=\"width:{:.1f}%\"></i>\n", sign,
                        bound_text(bar.bound), bar.count, bar.count == 0 ? 0.0 : std::max(width, 0.5));
  }
  return html + "</div>\n";
}

}  // namespace multiping::command
