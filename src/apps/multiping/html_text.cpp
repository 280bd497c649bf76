// See html_text.hpp.
#include "apps/multiping/html_text.hpp"

#include <fmt/format.h>

#include "apps/multiping/fping_text.hpp"
#include "apps/multiping/screen_cell_text.hpp"
#include "multiping/result.hpp"

namespace multiping::command {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string name_html(std::string_view name) {
  return fmt::format("<bdi>{}</bdi>", escaped(cell_text(printable(name), {.utf8 = true})));
}

std::string time_html(Duration time) {
  if (time.count() < 0) return "–";
  if (time >= std::chrono::seconds{1}) return fmt::format("{:.3g} s", to_milliseconds(time) / 1000);
  return time_text(time) + " ms";
}

std::string_view report_style() noexcept {
  return R"(
:root { color-scheme: light dark; --back: #ffffff; --text: #1b1f24; --soft: #59636e; --edge: #d1d9e0; --panel: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --some: #bf8700; --line: #0969da; --band: #b6d4fb; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --soft: #9198a1; --edge: #3d444d;
  --panel: #151b23; --good: #3fb950; --bad: #f85149; --some: #d29922; --line: #58a6ff; --band: #1f3d66; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 75rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
.soft { color: var(--soft); } p { margin: .3rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .6rem; margin: 1rem 0; }
dl div { background: var(--panel); border: 1px solid var(--edge); border-radius: .5rem; padding: .5rem .7rem; }
dt { color: var(--soft); font-size: .8rem; } dd { margin: 0; font-size: 1.2rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .some { color: var(--some); }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .2rem .5rem; }
.chart .y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; }
.chart .x { grid-column: 2; display: flex; justify-content: space-between; } .chart .strip { grid-column: 2; }
.y, .x { color: var(--soft); font-size: .75rem; white-space: nowrap; }
svg { display: block; width: 100%; } .plot { height: 11rem; background: var(--panel); border: 1px solid var(--edge); }
details .plot { height: 6rem; } .strip { height: .9rem; min-width: 7rem; background: var(--good); }
.band { fill: var(--band); } .mean { fill: none; stroke: var(--line); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.none { fill: var(--back); } .few { fill: var(--some); } .many { fill: var(--bad); }
.bars { display: grid; grid-template-columns: auto auto minmax(0, 1fr); gap: .15rem .6rem; align-items: center; }
.bars span { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bars i { display: block; height: .9rem; background: var(--line); }
.order { margin: .5rem 0; display: flex; flex-wrap: wrap; gap: .3rem; align-items: center; }
.order label { border: 1px solid var(--edge); border-radius: .4rem; padding: .25rem .6rem; cursor: pointer; }
.pick { position: absolute; opacity: 0; pointer-events: none; }
.scroll { overflow-x: auto; --turn: 1; }
table { display: grid; grid-template-columns: minmax(10rem, 1fr) repeat(10, auto); min-width: 56rem; font-variant-numeric: tabular-nums; }
thead, tbody, tr { display: contents; }
th, td { order: calc(var(--at) * var(--turn)); padding: .3rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--edge); }
th { order: -9999999; color: var(--soft); font-weight: 600; background: var(--panel); }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 10rem; }
td:last-child { min-width: 8rem; align-content: center; }
details { border-bottom: 1px solid var(--edge); padding: .4rem 0; } summary { cursor: pointer; }
@media print { body { max-width: none; padding: 0; font-size: 9pt; } .order { display: none; }
  .scroll { overflow: visible; } table { min-width: 0; } th, td { padding: .1rem .25rem; white-space: normal; }
  td, figure, details { break-inside: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";
}

}  // namespace multiping::command
