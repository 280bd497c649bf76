// The order of the table is changed by CSS alone: a row has its rank for each column, and a chosen button says which
// rank counts. So the page has no script, and its policy forbids all.
// See html_page.hpp.
#include "apps/multiping/html_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <string_view>

#include "apps/multiping/html_chart.hpp"
#include "apps/multiping/html_text.hpp"

namespace multiping::command {
namespace {

/// A way to order the table: the value that comes first is the smallest.
struct Order {
  std::string_view id, text;
  double (*key)(const PageHost& host);
};

double first_the_greatest(Duration time) noexcept { return -static_cast<double>(time.count()); }

constexpr std::array<Order, 6> orders = {{
    {"loss", "Loss", [](const PageHost& host) { return -host.loss(); }},
    {"mean", "Mean", [](const PageHost& host) { return first_the_greatest(host.mean); }},
    {"median", "Median", [](const PageHost& host) { return first_the_greatest(host.median); }},
    {"p99", "p99", [](const PageHost& host) { return first_the_greatest(host.p99); }},
    {"most", "Max", [](const PageHost& host) { return first_the_greatest(host.most); }},
    {"jitter", "Jitter", [](const PageHost& host) { return first_the_greatest(host.jitter); }},
}};

using Ranks = std::vector<std::size_t>;

Ranks ranks_by(std::size_t count, const std::function<bool(std::size_t, std::size_t)>& less) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), less);
  Ranks ranks(count);
  for (std::size_t at = 0; at < count; ++at) ranks[order[at]] = at;
  return ranks;
}

/// For each host "--list:0;--name:4;--loss:2": its ranks.
std::vector<std::string> rank_styles(const std::vector<PageHost>& hosts) {
  std::vector<std::string> styles(hosts.size());
  const Ranks names =
      ranks_by(hosts.size(), [&](std::size_t a, std::size_t b) { return hosts[a].name < hosts[b].name; });
  for (std::size_t at = 0; at < hosts.size(); ++at) styles[at] = fmt::format("--list:{};--name:{}", at, names[at]);
  for (const Order& order : orders) {
    std::vector<double> keys(hosts.size());
    std::ranges::transform(hosts, keys.begin(), order.key);
    const Ranks ranks = ranks_by(hosts.size(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    for (std::size_t at = 0; at < hosts.size(); ++at) styles[at] += fmt::format(";--{}:{}", order.id, ranks[at]);
  }
  return styles;
}

void append_choice(std::string& style, std::string_view id) {
  style += fmt::format("#by-{0}:checked ~ .scroll tr {{ --at: var(--{0}); }}\n", id);
  style += fmt::format(
      "#by-{0}:checked ~ .order label[for=by-{0}] {{ background: var(--line); color: var(--back); }}\n", id);
  style += fmt::format("#by-{0}:focus-visible ~ .order label[for=by-{0}] {{ outline: 3px solid var(--some); }}\n", id);
}

std::string order_style() {
  std::string style;
  append_choice(style, "list");
  append_choice(style, "name");
  for (const Order& order : orders) append_choice(style, order.id);
  style +=
      "#turn:checked ~ .scroll { --turn: -1; }\n"
      "#trouble:checked ~ .scroll tr.whole > td { display: none; }\n"
      "#turn:checked ~ .order label[for=turn], #trouble:checked ~ .order label[for=trouble] "
      "{ background: var(--line); color: var(--back); }\n"
      "#turn:focus-visible ~ .order label[for=turn], #trouble:focus-visible ~ .order label[for=trouble] "
      "{ outline: 3px solid var(--some); }\n";
  return style;
}

std::string head_html(const ReportPage& page) {
  return fmt::format(
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\"/>\n"
      R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; )"
      "base-uri 'none'; form-action 'none'\"/>\n"
      "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>multiping: {} hosts, {}</title>\n<style>{}{}</style>\n</head>\n",
      page.targets + page.not_found, escaped(page.begun), report_style(), order_style());
}

std::string figure_html(std::string_view name, std::string_view value, std::string_view kind = "") {
  return fmt::format("<div><dt>{}</dt><dd class=\"{}\">{}</dd></div>\n", name, kind, value);
}

std::string percent_html(double share) { return fmt::format("{:.3g} %", share * 100); }

std::string figures_html(const ReportPage& page) {
  const std::size_t silent = page.targets - std::min(page.alive, page.targets);
  std::string html =
      "<dl>\n" + figure_html("Alive", fmt::format("{} of {}", page.alive, page.targets), silent == 0 ? "good" : "some");
  if (silent > 0) html += figure_html("Without an answer", fmt::format("{}", silent), "bad");
  if (page.not_found > 0) html += figure_html("Names not found", fmt::format("{}", page.not_found), "some");
  if (page.all.sent() > 0)
    html += figure_html("Loss", percent_html(page.all.loss()), page.all.lost() > 0 ? "bad" : "good");
  html += figure_html("Results", fmt::format("{}", page.all.rounds()));
  if (page.all.received() > 0)
    html += figure_html("Median", time_html(page.all.percentile(50))) +
            figure_html("Mean", time_html(page.all.mean())) + figure_html("p99", time_html(page.all.percentile(99))) +
            figure_html("Max", time_html(page.all.max()));
  return html + "</dl>\n";
}

std::string buttons_html() {
  std::string inputs, labels;
  const auto add = [&](std::string_view id, std::string_view text, std::string_view checked) {
    inputs += fmt::format("<input class=\"pick\" type=\"radio\" name=\"by\" id=\"by-{}\"{}/>\n", id, checked);
    labels += fmt::format("<label for=\"by-{}\">{}</label>\n", id, text);
  };
  add("list", "List", R"( checked="checked")");
  add("name", "Name", "");
  for (const Order& order : orders) add(order.id, order.text, "");
  inputs +=
      "<input class=\"pick\" type=\"checkbox\" id=\"turn\"/>\n<input class=\"pick\" type=\"checkbox\" "
      "id=\"trouble\"/>\n";
  labels += "<label for=\"turn\">Reverse</label>\n<label for=\"trouble\">Only with losses</label>\n";
  return inputs + "<div class=\"order\"><span class=\"soft\">Order</span>\n" + labels + "</div>\n";
}

std::string state_html(const PageHost& host) {
  if (!host.found) return R"(<span class="some">no name</span>)";
  if (host.received == 0) return R"(<span class="bad">silent</span>)";
  return R"(<span class="good">alive</span>)";
}

std::string row_html(const PageHost& host, std::string_view style) {
  const bool whole = host.found && host.loss() == 0;
  std::string html = fmt::format(R"(<tr role="row" class="{}" style="{}">)", whole ? "whole" : "lossy", style);
  const auto cell = [&](std::string_view text) { html += fmt::format(R"(<td role="cell">{}</td>)", text); };
  cell(name_html(host.name) + (host.address.empty() || host.address == host.name
                                   ? ""
                                   : R"(<br/><span class="soft">)" + escaped(host.address) + "</span>"));
  cell(state_html(host));
  cell(host.sent == 0 ? "–" : percent_html(host.loss()));
  cell(fmt::format("{}/{}", host.received, host.sent));
  for (const Duration time : {host.least, host.mean, host.median, host.p99, host.most, host.jitter})
    cell(time_html(time));
  cell(host.points.empty() ? "" : strip_html(host.points, "losses over time"));
  return html + "</tr>\n";
}

std::string table_html(const ReportPage& page) {
  std::string html = "<h2>Hosts</h2>\n";
  const std::size_t all = page.targets + page.not_found;
  if (all > page.hosts.size())
    html += fmt::format("<p class=\"soft\">The {} with the most loss, of {}.</p>\n", page.hosts.size(), all);
  html += buttons_html() + R"(<div class="scroll" tabindex="0"><table role="table"><thead><tr role="row">)";
  for (const std::string_view name :
       {"Host", "State", "Loss", "Answers", "Min", "Mean", "Median", "p99", "Max", "Jitter", "Losses over time"})
    html += fmt::format(R"(<th role="columnheader">{}</th>)", name);
  html += "</tr></thead><tbody>\n";
  const std::vector<std::string> styles = rank_styles(page.hosts);
  for (std::size_t at = 0; at < page.hosts.size(); ++at) html += row_html(page.hosts[at], styles[at]);
  return html + "</tbody></table></div>\n";
}

std::string charts_html(const ReportPage& page) {
  constexpr std::size_t open_ones = 10;
  std::string html;
  for (const PageHost& host : page.hosts) {
    if (host.points.size() < 2) continue;
    const bool open = page.hosts.size() <= open_ones;
    html += fmt::format(
        "<details{}><summary>{} <span class=\"soft\">{}</span></summary>\n{}</details>\n",
        open ? R"( open="open")" : "", name_html(host.name), percent_html(host.loss()) + " loss",
        chart_html(host.points, {.label = "round-trip times over time", .from = "0 s", .to = time_html(page.elapsed)}));
  }
  return html.empty() ? html : "<h2>Each host over time</h2>\n" + html;
}

}  // namespace

std::string html_page(const ReportPage& page) {
  std::string html = head_html(page) + "<body>\n<h1>multiping</h1>\n";
  html += fmt::format("<p class=\"soft\">{} to {} ({}){}</p>\n", escaped(page.begun), escaped(page.ended),
                      time_html(page.elapsed), page.complete ? "" : "; the run was not complete");
  html += figures_html(page) + "<h2>Round-trip times over time</h2>\n";
  html +=
      chart_html(page.over_time,
                 {.label = "round-trip times of all hosts over time", .from = "0 s", .to = time_html(page.elapsed)});
  html += "<p class=\"soft\">Line: mean. Band: least to greatest. Strip: losses.</p>\n";
  html += "<h2>Distribution</h2>\n" + distribution_html(page.all);
  return html + table_html(page) + charts_html(page) + "</body>\n</html>\n";
}

}  // namespace multiping::command
