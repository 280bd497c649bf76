// With -q and -Q there are no lines for single probes. Mode::once has no lines of hosts: each has one of its own then.
// See jsonl_report.hpp.
#include "apps/multiping/jsonl_report.hpp"

#include <utility>

#include "apps/multiping/jsonl_text.hpp"

namespace multiping::command {

void JsonlReport::begin(const RunFigures& view) {
  Report::begin(view);
  each_probe_ = !view.options->printing.quiet;
  if (!std::exchange(began_, true)) line(start_jsonl(view, std::chrono::system_clock::now()));
  for (const RunTarget& target : view.unresolved) line(unresolved_jsonl(target));
}

bool JsonlReport::hides(bool alive) const noexcept {
  const CommandOptions& options = *view().options;
  if (!each_probe_) return true;
  return options.mode == Mode::once && (alive ? options.printing.unreachable : options.printing.alive);
}

void JsonlReport::line(const std::string& text) {
  outputs_.out.write(text);
  outputs_.out.write("\n");
}

void JsonlReport::answered(const ProbeEvent& event) {
  fates_.answered(event.target);
  if (sends_rounds(view().options->mode)) {
    Round& round = rounds_[event.sequence];
    ++round.sent, ++round.received;
  }
  if (!hides(true)) line(probe_jsonl("reply", view(), event));
}

void JsonlReport::duplicate(const ProbeEvent& event) {
  if (!hides(true)) line(probe_jsonl("duplicate", view(), event));
}

void JsonlReport::icmp_error(const ProbeEvent& event) {
  if (!hides(false)) line(probe_jsonl("error", view(), event));
}

void JsonlReport::send_failed(const ProbeEvent& event) {
  if (!hides(false)) line(probe_jsonl("error", view(), event));
}

void JsonlReport::timed_out(const ProbeEvent& event) {
  fates_.failed(event, view().targets.size());
  if (sends_rounds(view().options->mode)) ++rounds_[event.sequence].sent;
  if (!hides(false)) line(probe_jsonl("timeout", view(), event));
}

void JsonlReport::round_over(std::uint64_t round) {
  const Round figures = rounds_[round];
  rounds_.erase(round);
  if (each_probe_) line(round_jsonl(round, figures.sent, figures.received));
}

void JsonlReport::hosts(std::string_view scope, std::chrono::system_clock::time_point now) {
  for (std::size_t at = 0; at < view().targets.size(); ++at)
    line(host_jsonl(view(), at, {.name = scope, .time = now, .interval = scope == "interval", .fate = fates_.of(at)}));
}

void JsonlReport::interval_over(std::chrono::system_clock::time_point now) { hosts("interval", now); }
void JsonlReport::snapshot(std::chrono::system_clock::time_point now) { hosts("snapshot", now); }
void JsonlReport::idle(std::chrono::steady_clock::time_point) { outputs_.out.flush(); }
void JsonlReport::progress(std::size_t, std::size_t, Duration) { outputs_.out.flush(); }
void JsonlReport::came_up(const ProbeEvent& event) { line(probe_jsonl("up", view(), event)); }

void JsonlReport::routes(std::span<const Route> routes) {
  const auto flows = static_cast<std::size_t>(view().options->flows);
  for (std::size_t at = 0; at < routes.size(); ++at) line(route_jsonl(view(), at / flows, routes[at]));
}

void JsonlReport::path_mtu(const PathMtu& path) { line(mtu_jsonl(view(), paths_++, path)); }

void JsonlReport::why(std::size_t target, const Result& result, const Route* route) {
  line(why_jsonl(view(), target, result, route));
}

void JsonlReport::health(const HealthFacts& facts, std::span<const Transition> changes) {
  health_ = &facts;
  const auto now = std::chrono::system_clock::now();
  for (const Transition& change : changes) line(change_jsonl(change, now));
}

void JsonlReport::states(std::chrono::system_clock::time_point now) {
  if (health_ == nullptr) return;
  for (const std::string& host : health_->hosts) line(host_state_jsonl(*health_, host, now));
  for (const std::string& group : health_->groups) line(group_state_jsonl(*health_, group, now));
}

void JsonlReport::finish() {
  const auto now = std::chrono::system_clock::now();
  if (sends_rounds(view().options->mode)) hosts("run", now);
  states(now);
  line(run_jsonl(view(), now));
}

}  // namespace multiping::command
