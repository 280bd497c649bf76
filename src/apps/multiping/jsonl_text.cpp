// Members that are not known are left out; a reader needs no null.
// See jsonl_text.hpp.
#include "apps/multiping/jsonl_text.hpp"

#include <array>
#include <cmath>
#include <utility>

#include "apps/multiping/exact_number_text.hpp"
#include "apps/multiping/last_failures.hpp"
#include "apps/multiping/trace_mtu_wait_text.hpp"
#include "multiping/version.hpp"

namespace multiping::command {
namespace {

JsonObject line_of(std::string_view kind) {
  JsonObject line;
  line.text("schema", "multiping/1").text("kind", kind);
  return line;
}

void add_address(JsonObject& object, std::string_view name, const Address& address) {
  if (address) object.text(name, address.to_string());
}

void add_target(JsonObject& line, const RunTarget& target, const CommandOptions& options) {
  line.text("host", target.host);
  if (!target.label.empty() && target.label != target.host) line.text("name", target.label);
  add_address(line, "address", target.address);
  line.text("protocol", to_string(options.probe.protocol));
  if (const std::uint16_t port = port_of(target, options); port != 0) line.count("port", port);
}

std::string error_object(const std::error_code& error) {
  JsonObject object;
  object.text("category", error.category().name());
  object.raw("value", std::to_string(error.value())).text("text", error.message());
  return object.done();
}

void add_error(JsonObject& object, const std::error_code& error) {
  if (error) object.raw("error", error_object(error));
}

std::string labels_array(const IcmpError& error) {
  JsonArray labels;
  for (const MplsLabel& label : error.mpls)
    labels.add(JsonObject{}
                   .count("label", label.label)
                   .count("traffic_class", unsigned{label.traffic_class})
                   .flag("bottom_of_stack", label.bottom_of_stack)
                   .count("ttl", unsigned{label.ttl})
                   .done());
  return labels.done();
}

std::string_view role_text(InterfaceInfo::Role role) noexcept {
  constexpr std::array<std::string_view, 4> names = {"incoming", "sub-ip", "outgoing", "next-hop"};
  return names[static_cast<std::size_t>(role)];
}

std::string interface_object(const InterfaceInfo& info) {
  JsonObject object;
  object.text("role", role_text(info.role));
  if (info.index != 0) object.count("index", info.index);
  add_address(object, "address", info.address);
  if (!info.name.empty()) object.text("name", info.name);
  if (info.mtu != 0) object.count("mtu", info.mtu);
  return object.done();
}

std::string icmp_object(const IcmpError& error, Family family) {
  JsonObject object;
  object.count("type", unsigned{error.type}).count("code", unsigned{error.code}).text("text", describe(error, family));
  if (error.mtu != 0) object.count("mtu", error.mtu);
  if (!error.mpls.empty()) object.raw("mpls", labels_array(error));
  if (error.interfaces.empty()) return object.done();
  JsonArray interfaces;
  for (const InterfaceInfo& info : error.interfaces) interfaces.add(interface_object(info));
  return object.raw("interfaces", interfaces.done()).done();
}

/// What an answer, an ICMP error or a silence has to say.
void add_outcome(JsonObject& line, const Result& result) {
  line.text("outcome", to_string(result.outcome));
  if (result.rtt > Duration{0}) line.time("rtt_ms", result.rtt);
  add_address(line, "responder", result.responder);
  if (result.reply_ttl != 0) line.count("ttl", unsigned{result.reply_ttl});
  if (result.reply_tos) line.count("tos", unsigned{*result.reply_tos});
  if (result.reply_size != 0) line.count("size", result.reply_size);
  if (result.timestamps != TimestampSource::none) line.text("timestamps", to_string(result.timestamps));
  if (result.payload_altered) line.flag("payload_altered", true);
  if (result.icmp) line.raw("icmp", icmp_object(*result.icmp, result.address.family()));
  add_error(line, result.error);
}

void add_cause(JsonObject& line, const Result& result) {
  if (result.cause == Cause::none) return;
  line.text("cause", to_string(result.cause));
  add_address(line, "cause_address", result.cause_address);
}

void add_tally(JsonObject& line, const Tally& tally) {
  line.count("sent", tally.sent).count("received", tally.received).count("lost", tally.sent - tally.received);
  if (tally.sent != 0)
    line.raw("loss", real_text(static_cast<double>(tally.sent - tally.received) / static_cast<double>(tally.sent)));
}

void add_times(JsonObject& line, const Tally& tally) {
  if (tally.received == 0) return;
  line.time("min_ms", tally.least).time("mean_ms", tally.mean()).time("max_ms", tally.most);
}

/// The figures that a Tally has not.
void add_statistics(JsonObject& line, const Statistics& statistics) {
  constexpr std::array<std::string_view, 10> wanted = {"not_sent",  "longest_loss", "loss_periods", "mean_loss_period",
                                                       "stddev_ms", "jitter_ms",    "p50_ms",       "p90_ms",
                                                       "p95_ms",    "p99_ms"};
  for (const Statistics::Figure& figure : statistics.figures())
    for (const std::string_view name : wanted)
      if (figure.name == name) line.raw(name, figure.text());
}

std::string hop_probe(const Hop& hop, std::size_t at) {
  JsonObject object;
  add_outcome(object, hop.probes[at]);
  if (at < hop.names.size() && !hop.names[at].empty()) object.text("name", hop.names[at]);
  return object.done();
}

std::string hops_array(const std::vector<Hop>& hops) {
  JsonArray array;
  for (const Hop& hop : hops) {
    JsonArray probes;
    for (std::size_t at = 0; at < hop.probes.size(); ++at) probes.add(hop_probe(hop, at));
    array.add(JsonObject{}.count("ttl", static_cast<unsigned>(hop.ttl)).raw("probes", probes.done()).done());
  }
  return array.done();
}

std::string_view mode_text(Mode mode) noexcept {
  constexpr std::array<std::string_view, 7> names = {"once", "count", "loop", "trace", "mtu", "wait", "check"};
  return names[static_cast<std::size_t>(mode)];
}

}  // namespace

std::string start_jsonl(const RunFigures& view, WallTime now) {
  return line_of("start")
      .text("time", utc_text(now))
      .text("version", version())
      .text("mode", mode_text(view.options->mode))
      .count("targets", view.totals.targets)
      .count("unresolved", view.unresolved.size())
      .done();
}

std::string probe_jsonl(std::string_view kind, const RunFigures& view, const ProbeEvent& event) {
  JsonObject line = line_of(kind);
  if (event.result.at != WallTime{}) line.text("time", utc_text(event.result.at));
  add_target(line, view.targets[event.target], *view.options);
  line.count("sequence", event.sequence);
  if (event.result.attempt != 0) line.count("attempt", event.result.attempt);
  add_outcome(line, event.result);
  add_cause(line, event.result);
  return line.done();
}

std::string unresolved_jsonl(const RunTarget& target) {
  JsonObject line = line_of("unresolved");
  line.text("host", target.host);
  add_error(line, target.error);
  return line.done();
}

std::string round_jsonl(std::uint64_t round, std::uint64_t sent, std::uint64_t received) {
  return line_of("round")
      .count("round", round)
      .count("sent", sent)
      .count("received", received)
      .count("lost", sent - received)
      .done();
}

std::string host_jsonl(const RunFigures& view, std::size_t target, const HostScope& scope) {
  const HostFigures& figures = view.figures[target];
  const Tally& tally = scope.interval ? figures.interval : figures.all;
  JsonObject line = line_of("host");
  line.text("scope", scope.name).text("time", utc_text(scope.time));
  add_target(line, view.targets[target], *view.options);
  line.flag("alive", tally.received > 0);
  add_tally(line, tally);
  if (!scope.interval) line.count("duplicates", figures.duplicates);
  add_times(line, tally);
  if (!scope.interval && target < view.statistics.size()) add_statistics(line, view.statistics[target]);
  if (tally.received > 0 || scope.fate == nullptr) return line.done();
  line.text("outcome", to_string(scope.fate->outcome));
  add_cause(line, *scope.fate);
  add_error(line, scope.fate->error);
  return line.done();
}

std::string route_jsonl(const RunFigures& view, std::size_t target, const Route& route) {
  JsonObject line = line_of("route");
  add_target(line, view.targets[target], *view.options);
  line.count("flow", static_cast<unsigned>(route.flow)).flag("reached", route.reached);
  add_error(line, route.error);
  return line.raw("hops", hops_array(route.hops)).done();
}

std::string mtu_jsonl(const RunFigures& view, std::size_t target, const PathMtu& path) {
  JsonObject line = line_of("mtu");
  add_target(line, view.targets[target], *view.options);
  if (path.mtu != 0) line.count("mtu", path.mtu);
  add_address(line, "limiting_hop", path.limiting_hop);
  if (path.fits != 0) line.count("fits", path.fits);
  line.flag("finished", !path.unfinished);
  add_error(line, path.error);
  return line.done();
}

std::string why_jsonl(const RunFigures& view, std::size_t target, const Result& result, const Route* route) {
  JsonObject line = line_of("why");
  add_target(line, view.targets[target], *view.options);
  add_outcome(line, result);
  add_cause(line, result);
  line.text("text", why_text(result, route));
  if (route == nullptr) return line.done();
  line.flag("reached", route->reached);
  add_error(line, result.error ? std::error_code{} : route->error);
  return line.raw("hops", hops_array(route->hops)).done();
}

std::string change_jsonl(const Transition& change, WallTime now) {
  JsonObject line = line_of("health");
  line.text("scope", "change").text("time", utc_text(now)).text(change.group ? "group" : "host", change.name);
  line.text("from", to_string(change.from)).text("state", to_string(change.to)).count("round", change.round);
  line.text("reason", change.reason);
  if (!change.group) return line.done();
  JsonArray members;
  for (const std::string& member : change.members) members.add(json_quoted(member));
  return line.raw("members", members.done()).done();
}

std::string host_state_jsonl(const HealthFacts& facts, const std::string& host, WallTime now) {
  JsonObject line = line_of("health");
  line.text("scope", "state").text("time", utc_text(now)).text("host", host);
  line.text("state", to_string(facts.tracker.host(host)));
  const auto silent = facts.silent.find(host);
  if (silent == facts.silent.end()) return line.done();
  line.text("outcome", to_string(silent->second.outcome));
  add_cause(line, silent->second);
  return line.done();
}

std::string group_state_jsonl(const HealthFacts& facts, const std::string& group, WallTime now) {
  const HealthTracker& tracker = facts.tracker;
  JsonObject line = line_of("health");
  line.text("scope", "state").text("time", utc_text(now)).text("group", group);
  line.text("state", to_string(tracker.group(group))).count("up", tracker.up(group)).count("size", tracker.size(group));
  return line.flag("quorum", tracker.quorum(group)).done();
}

std::string run_jsonl(const RunFigures& view, WallTime now) {
  const RunTotals& totals = view.totals;
  JsonObject line = line_of("run");
  line.text("time", utc_text(now))
      .count("targets", view.totals.targets)
      .count("alive", totals.alive)
      .count("unreachable", totals.unreachable)
      .count("unresolved", totals.unresolved);
  if (view.options->mode == Mode::once || sends_rounds(view.options->mode)) {
    line.count("sent", totals.sent).count("received", totals.received).count("timeouts", totals.timeouts);
    line.count("icmp_errors", totals.other_icmp);
    add_times(line, totals.times);
  }
  return line.time("elapsed_ms", totals.elapsed).flag("stopped", view.stopped).done();
}

}  // namespace multiping::command
