// A field that is not known is empty, so that a spreadsheet leaves it out of its sums.
// See csv_text.hpp.
#include "apps/multiping/csv_text.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "apps/multiping/exact_number_text.hpp"
#include "apps/multiping/last_failures.hpp"

namespace multiping::command {
namespace {

constexpr std::array<std::string_view, 10> statistic_columns = {
    "stddev_ms", "jitter_ms",    "p50_ms",       "p90_ms",           "p95_ms",
    "p99_ms",    "longest_loss", "loss_periods", "mean_loss_period", "not_sent"};

/// Joins fields with commas.
class CsvRow {
 public:
  CsvRow& text(std::string_view value) { return raw(csv_field(value)); }
  CsvRow& count(std::uint64_t value) { return raw(std::to_string(value)); }
  CsvRow& known_count(std::uint64_t value) { return value == 0 ? raw({}) : count(value); }
  CsvRow& address(const Address& value) { return raw(value.to_string()); }
  CsvRow& time(Duration value) { return raw(value > Duration{0} ? exact_milliseconds(value) : std::string{}); }
  CsvRow& skip(int fields) {
    for (; fields > 0; --fields) raw({});
    return *this;
  }
  CsvRow& raw(std::string_view field) {
    if (!std::exchange(first_, false)) text_ += ',';
    text_ += field;
    return *this;
  }
  [[nodiscard]] std::string done() const { return text_ + "\n"; }

 private:
  std::string text_{};
  bool first_ = true;
};

void add_target(CsvRow& row, const RunTarget& target, const CommandOptions& options) {
  row.text(target.host).text(target.shown()).address(target.address);
  row.raw(to_string(options.probe.protocol)).known_count(port_of(target, options));
}

std::string icmp_text(const Result& result) {
  return result.icmp ? describe(*result.icmp, result.address.family()) : std::string{};
}

std::string error_text(const std::error_code& error) { return error ? error.message() : std::string{}; }

/// outcome, cause, cause_address, responder, icmp, error
void add_fate(CsvRow& row, const Result* fate) {
  if (fate == nullptr) {
    row.skip(6);
    return;
  }
  row.raw(to_string(fate->outcome)).raw(fate->cause == Cause::none ? "" : to_string(fate->cause));
  row.address(fate->cause_address).address(fate->responder);
  row.text(icmp_text(*fate)).text(error_text(fate->error));
}

void add_tally(CsvRow& row, const Tally& tally) {
  const std::uint64_t lost = tally.sent - tally.received;
  row.count(tally.sent).count(tally.received).count(lost);
  row.raw(tally.sent == 0 ? "" : real_text(100 * static_cast<double>(lost) / static_cast<double>(tally.sent)));
  row.time(tally.least).time(tally.mean()).time(tally.most);
}

constexpr std::size_t no_target = std::numeric_limits<std::size_t>::max();

void add_statistics(CsvRow& row, const RunFigures& view, std::size_t target) {
  if (target >= view.statistics.size()) {
    row.skip(static_cast<int>(statistic_columns.size()));
    return;
  }
  const auto figures = view.statistics[target].figures();
  for (const std::string_view name : statistic_columns) {
    const auto at = std::ranges::find(figures, name, &Statistics::Figure::name);
    row.raw(at == figures.end() ? std::string{} : at->text());
  }
}

std::string known_tos(const Result& result) { return result.reply_tos ? std::to_string(*result.reply_tos) : ""; }

std::string labels_text(const Result& probe) {
  std::string text;
  if (!probe.icmp) return text;
  for (const MplsLabel& label : probe.icmp->mpls) text += (text.empty() ? "" : " ") + std::to_string(label.label);
  return text;
}

/// The columns of a route that all its rows have.
CsvRow route_row(const RunFigures& view, std::size_t target, const Route& route) {
  CsvRow row;
  add_target(row, view.targets[target], *view.options);
  row.count(static_cast<std::uint64_t>(route.flow)).count(route.reached ? 1 : 0);
  return row;
}

std::string hop_row(CsvRow row, const Hop& hop, std::size_t at) {
  const Result& probe = hop.probes[at];
  row.count(static_cast<std::uint64_t>(hop.ttl)).count(at + 1).raw(to_string(probe.outcome)).time(probe.rtt);
  row.address(probe.responder).text(at < hop.names.size() ? hop.names[at] : std::string{});
  row.known_count(probe.reply_ttl).raw(labels_text(probe));
  return row.text(icmp_text(probe)).text(error_text(probe.error)).done();
}

}  // namespace

std::string csv_field(std::string_view text) {
  std::string field = utf8_text(text);
  // A NUL ends a field in many readers.
  for (std::size_t at = field.find('\0'); at != std::string::npos; at = field.find('\0'))
    field.replace(at, 1, "\uFFFD");
  if (!field.empty() && std::string_view{"=+-@\t\r"}.find(field.front()) != std::string_view::npos)
    field.insert(0, 1, '\'');
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string_view csv_target_header() noexcept {
  return "time,scope,host,name,address,protocol,port,alive,sent,received,lost,loss_percent,min_ms,mean_ms,max_ms,"
         "duplicates,stddev_ms,jitter_ms,p50_ms,p90_ms,p95_ms,p99_ms,longest_loss,loss_periods,mean_loss_period,not_"
         "sent,outcome,"
         "cause,cause_address,responder,icmp,error\n";
}

std::string csv_target_row(const RunFigures& view, std::size_t target, const HostScope& scope) {
  const HostFigures& figures = view.figures[target];
  const Tally& tally = scope.interval ? figures.interval : figures.all;
  CsvRow row;
  row.raw(utc_text(scope.time)).raw(scope.name);
  add_target(row, view.targets[target], *view.options);
  row.count(tally.received > 0 ? 1 : 0);
  add_tally(row, tally);
  row.raw(scope.interval ? std::string{} : std::to_string(figures.duplicates));
  add_statistics(row, view, scope.interval ? no_target : target);
  if (tally.received > 0) return row.raw(to_string(Outcome::reply)).skip(5).done();
  add_fate(row, scope.fate);
  return row.done();
}

std::string csv_unresolved_row(const RunTarget& target, const HostScope& scope) {
  CsvRow row;
  row.raw(utc_text(scope.time)).raw(scope.name).text(target.host).text(target.shown()).skip(3).count(0);
  row.skip(8 + static_cast<int>(statistic_columns.size()));
  return row.raw(to_string(Outcome::unresolved)).skip(4).text(error_text(target.error)).done();
}

std::string_view csv_probe_header() noexcept {
  return "time,event,host,name,address,protocol,port,sequence,attempt,rtt_ms,ttl,tos,size,timestamps,outcome,cause,"
         "cause_address,responder,icmp,error\n";
}

std::string csv_probe_row(std::string_view kind, const RunFigures& view, const ProbeEvent& event) {
  const Result& result = event.result;
  CsvRow row;
  row.raw(result.at == decltype(result.at){} ? std::string{} : utc_text(result.at)).raw(kind);
  add_target(row, view.targets[event.target], *view.options);
  row.count(event.sequence).known_count(result.attempt).time(result.rtt).known_count(result.reply_ttl);
  row.raw(known_tos(result)).known_count(result.reply_size);
  row.raw(result.timestamps == TimestampSource::none ? "" : to_string(result.timestamps));
  add_fate(row, &result);
  return row.done();
}

std::string_view csv_route_header() noexcept {
  return "host,name,address,protocol,port,flow,reached,hop,probe,outcome,rtt_ms,responder,responder_name,reply_ttl,"
         "mpls,"
         "icmp,error\n";
}

std::string csv_route_rows(const RunFigures& view, std::size_t target, const Route& route) {
  const CsvRow head = route_row(view, target, route);
  if (route.hops.empty()) return CsvRow{head}.skip(9).text(error_text(route.error)).done();
  std::string rows;
  for (const Hop& hop : route.hops)
    for (std::size_t at = 0; at < hop.probes.size(); ++at) rows += hop_row(head, hop, at);
  return rows;
}

std::string csv_unresolved_route_row(const RunTarget& target) {
  CsvRow row;
  row.text(target.host).text(target.shown()).skip(4).count(0).skip(9);
  return row.text(error_text(target.error)).done();
}

std::string_view csv_mtu_header() noexcept {
  return "host,name,address,protocol,port,mtu,limiting_hop,fits,finished,error\n";
}

std::string csv_mtu_row(const RunFigures& view, std::size_t target, const PathMtu& path) {
  CsvRow row;
  add_target(row, view.targets[target], *view.options);
  row.known_count(path.mtu).address(path.limiting_hop).known_count(path.fits).count(path.unfinished ? 0 : 1);
  return row.text(error_text(path.error)).done();
}

std::string csv_unresolved_mtu_row(const RunTarget& target) {
  CsvRow row;
  return row.text(target.host).text(target.shown()).skip(7).text(error_text(target.error)).done();
}

}  // namespace multiping::command
