// See summary_report.hpp.
#include "apps/multiping/summary_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "apps/multiping/fping_text.hpp"
#include "apps/multiping/line_colours.hpp"
#include "apps/multiping/terminal_settings.hpp"

namespace multiping::command {
namespace {

constexpr std::size_t most_named = 5;

/// A host that was not asked has lost nothing.
double known_loss(const HostFigures& figures) noexcept { return figures.all.loss().value_or(0); }

std::string in_ink(bool colors, Ink ink, const std::string& text) { return colors ? painted(ink, text) : text; }

std::string hosts_line(const RunFigures& view, bool colors) {
  const RunTotals& totals = view.totals;
  const std::size_t silent = totals.targets - std::min(totals.alive, totals.targets);
  std::string text = fmt::format("{} hosts: ", totals.targets + view.unresolved.size());
  text += in_ink(colors, totals.alive > 0 ? Ink::good : Ink::plain, fmt::format("{} alive", totals.alive));
  if (silent > 0) text += ", " + in_ink(colors, Ink::bad, fmt::format("{} without an answer", silent));
  if (!view.unresolved.empty())
    text += ", " + in_ink(colors, Ink::warning, fmt::format("{} not found", view.unresolved.size()));
  return text +
         fmt::format("; {:.1f} s{}\n", to_milliseconds(totals.elapsed) / 1000, view.stopped ? ", stopped early" : "");
}

std::string probes_line(const RunTotals& totals) {
  if (totals.sent == 0) return {};
  const std::uint64_t lost = totals.sent - std::min(totals.received, totals.sent);
  std::string text = fmt::format("{} probes, {} answers, {:.3g} % lost", totals.sent, totals.received,
                                 100.0 * static_cast<double>(lost) / static_cast<double>(totals.sent));
  if (totals.times.received > 0)
    text += fmt::format("; min/mean/max {}/{}/{} ms", time_text(totals.times.least), time_text(totals.times.mean()),
                        time_text(totals.times.most));
  return text + '\n';
}

/// The hosts that lost most, where some lost and some did not lose all.
std::string losses_line(const RunFigures& view) {
  std::vector<std::size_t> some;
  for (std::size_t at = 0; at < view.figures.size(); ++at)
    if (const double loss = known_loss(view.figures[at]); loss > 0 && loss < 1) some.push_back(at);
  if (some.empty()) return {};
  const std::size_t named = std::min(some.size(), most_named);
  const auto worse = [&](std::size_t a, std::size_t b) {
    return known_loss(view.figures[a]) > known_loss(view.figures[b]);
  };
  std::ranges::partial_sort(some, some.begin() + static_cast<std::ptrdiff_t>(named), worse);
  std::string text = "most loss:";
  for (std::size_t at = 0; at < named; ++at)
    text += fmt::format("{} {} {:.3g} %", at == 0 ? "" : ",", printable(view.targets[some[at]].shown()),
                        100 * known_loss(view.figures[some[at]]));
  return text + (some.size() > named ? fmt::format(", and {} more\n", some.size() - named) : "\n");
}

}  // namespace

std::string summary_text(const RunFigures& view, bool colors) {
  std::string text = hosts_line(view, colors) + probes_line(view.totals);
  return sends_rounds(view.options->mode) ? text + losses_line(view) : text;
}

void SummaryReport::finish() {
  if (!always_ && view().targets.size() + view().unresolved.size() < 2) return;
  outputs_.out.flush();
  outputs_.err.write(summary_text(view(), colors_for(*view().options, outputs_.err)));
}

}  // namespace multiping::command
