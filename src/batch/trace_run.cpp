// The schedule of a trace decides which hop to ask next; single probes ask it.
// See trace_run.hpp.
#include "batch/trace_run.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "batch/batch_plan.hpp"
#include "batch/outcome_to_result.hpp"
#include "batch/profile_numbering.hpp"
#include "batch/single_probes.hpp"
#include "engine/trace_schedule.hpp"
#include "resolve/resolve_names.hpp"
#include "values/trace_option_checks.hpp"

namespace multiping {
namespace {

using engine::TraceSchedule;

/// The most answers that may arrive at once; it sets the size of the receive buffers.
constexpr std::size_t most_expected = 10'000;
constexpr std::size_t expected_of_route = 30;
/// How often a silent probe is sent with the default budget.
constexpr std::uint32_t usual_attempts = 3;

std::int64_t most_probes_of_route(const TraceOptions& options) noexcept {
  return std::int64_t{options.max_ttl - options.first_ttl + 1} * options.probes_per_hop;
}

Duration times(Duration time, double factor) noexcept {
  return Timeout{std::chrono::duration<double, Duration::period>{static_cast<double>(time.count()) * factor}};
}

/// Goes on waiting after an error: one router may report a probe as unreachable that another router then answers.
Options hop_options(Options options) {
  options.fail_fast = false;
  return options;
}

class Tracer {
 public:
  Tracer(BatchPlan plan, const TraceOptions& options)
      : plan_{std::move(plan)},
        options_{options},
        timeout_{probe_timeout(options)},
        probes_{hop_options(options.ping), std::min(most_expected, routes() * expected_of_route),
                SingleProbes::Purpose::trace},
        schedule_{start()} {}

  std::vector<Route> run() &&;

 private:
  [[nodiscard]] std::size_t flows() const noexcept { return static_cast<std::size_t>(options_.flows); }
  [[nodiscard]] std::size_t routes() const noexcept { return plan_.destinations.size() * flows(); }
  static Duration probe_timeout(const TraceOptions& options) noexcept;
  [[nodiscard]] TraceSchedule start();
  void choose_probes();
  [[nodiscard]] Duration budget(const ProbeOptions& probe) const;
  [[nodiscard]] const ProbeOptions& probe_of(const engine::TargetKey& destination) const noexcept;
  void submit(const TraceSchedule::Ask& ask);
  void take_answers();
  [[nodiscard]] TraceSchedule::Answer answer(const SingleProbes::Done& done, std::uint32_t route);

  void report(std::size_t position, std::vector<Route>& out);
  [[nodiscard]] Route route(const Result& target, std::uint32_t destination, int flow);
  [[nodiscard]] Result result(const Result& target, std::size_t route, const engine::HopProbe& probe);
  void explain(const TraceSchedule::Answer& answer, std::size_t route, Result& result);

  BatchPlan plan_;
  const TraceOptions& options_;
  Duration timeout_;
  SingleProbes probes_;
  std::vector<std::array<ProbeOptions, 2>> profiles_;  ///< By profile number and family: the options that are sent.
  std::unordered_map<SingleProbes::Token, TraceSchedule::Ask> asked_;
  TraceSchedule schedule_;
  bool time_is_up_ = false;  ///< The budget of the last route is used up.
  Instant ended_{};          ///< When the last answer was taken, and what the wall clock showed more then.
  Duration wall_offset_{};
};

/// The timeout of a probe, which is at most the budget of the call.
Duration Tracer::probe_timeout(const TraceOptions& options) noexcept {
  const Duration budget = options.budget, timeout = options.timeout;
  return budget > Duration{} ? std::min(budget, timeout) : timeout;
}

const ProbeOptions& Tracer::probe_of(const engine::TargetKey& destination) const noexcept {
  return profiles_[destination.profile][destination.address.family() == Family::ipv6 ? 1 : 0];
}

/// Sends lone SYNs instead of TCP connections when that is allowed: a flow can have several probes in flight only with
/// lone SYNs.
void Tracer::choose_probes() {
  for (ProbeOptions& probe : plan_.profiles) {
    probe.ttl = options_.first_ttl;
    probe.flow = 0;
  }
  probes_.prepare(plan_.profiles, plan_.destinations);
  for (const ProbeOptions& probe : plan_.profiles) {
    auto& chosen = profiles_.emplace_back(std::array{probe, probe});
    if (!connects(probe)) continue;
    ProbeOptions half_open = probe;
    half_open.half_open = true;
    if (probes_.can_send(Family::ipv4, half_open)) chosen[0] = half_open;
    if (probes_.can_send(Family::ipv6, half_open)) chosen[1] = half_open;
  }
}

Duration Tracer::budget(const ProbeOptions& probe) const {
  if (const Duration wanted = options_.budget; wanted > Duration{}) return wanted;
  const auto probes = static_cast<double>(most_probes_of_route(options_));
  const double rate = options_.ping.max_rate;
  const Duration paced =
      rate > 0 ? times(std::chrono::seconds{1}, probes * static_cast<double>(routes()) / rate) : Duration{};
  const Duration asking = times(timeout_, connects(probe) ? std::max(probes, 1.0) : usual_attempts);
  return asking > Duration::max() - paced ? Duration::max() : asking + paced;
}

TraceSchedule Tracer::start() {
  choose_probes();
  const bool own_budget = Duration{options_.budget} > Duration{};
  std::vector<engine::TraceRequest> requests;
  requests.reserve(routes());
  for (const engine::TargetKey& destination : plan_.destinations) {
    const ProbeOptions& probe = probe_of(destination);
    const std::uint32_t attempts = own_budget ? 0 : connects(probe) ? 1 : usual_attempts;
    requests.insert(requests.end(), flows(),
                    {.target = destination.address,
                     .one_by_one = connects(probe),
                     .alike = probe.protocol == Protocol::udp,
                     .budget = budget(probe),
                     .most_attempts = attempts});
  }
  const engine::TraceRules rules{.first_ttl = options_.first_ttl,
                                 .max_ttl = options_.max_ttl,
                                 .probes_per_hop = options_.probes_per_hop,
                                 .max_silent_hops = options_.max_silent_hops,
                                 .timeout = timeout_};
  return {rules, requests, probes_.now()};
}

/// A probe that has not left within its timeout goes back to the schedule, which knows better by then which hop to ask.
void Tracer::submit(const TraceSchedule::Ask& ask) {
  const engine::TargetKey& destination = plan_.destinations[ask.route / flows()];
  ProbeOptions probe = probe_of(destination);
  probe.ttl = ask.ttl;
  probe.flow = static_cast<std::uint16_t>(ask.route % flows());
  const auto token = probes_.submit({.address = destination.address,
                                     .probe = probe,
                                     .waits = {.first = ask.timeout},
                                     .leave_by = after(probes_.now(), ask.timeout)});
  asked_.emplace(token, ask);
}

TraceSchedule::Answer Tracer::answer(const SingleProbes::Done& done, std::uint32_t route) {
  const Protocol protocol = probe_of(plan_.destinations[route / flows()]).protocol;
  const bool error = done.record.outcome == Outcome::unreachable;
  return {
      .record = done.record, .detail = done.detail, .own = error && probes_.is_own(done.detail.responder, protocol)};
}

void Tracer::take_answers() {
  const Instant now = probes_.now();
  for (const SingleProbes::Done& heard : probes_.heard()) {
    const TraceSchedule::Ask& asked = asked_.at(heard.token);
    schedule_.heard(asked.id, answer(heard, asked.route));
  }
  for (const SingleProbes::Done& done : probes_.take_done()) {
    const TraceSchedule::Ask asked = asked_.extract(done.token).mapped();
    schedule_.done(asked.id, answer(done, asked.route), now);
  }
}

std::vector<Route> Tracer::run() && {
  std::vector<TraceSchedule::Ask> asks;
  while (!schedule_.over() && !probes_.stopped() && !time_is_up_) {
    const Instant now = probes_.now();
    schedule_.due(now, probes_.may_submit(), asks);
    for (const TraceSchedule::Ask& ask : asks) submit(ask);
    probes_.push();
    if (schedule_.over()) break;
    probes_.wait_for_done(schedule_.next(probes_.may_submit_at()));
    take_answers();
    time_is_up_ = now >= schedule_.end();  // the answers that had arrived by then were taken above
  }
  ended_ = probes_.now();
  wall_offset_ = probes_.wall_offset();
  std::vector<Route> out;
  for (std::size_t position = 0; position < plan_.results.size(); ++position) report(position, out);
  return out;
}

void Tracer::report(std::size_t position, std::vector<Route>& out) {
  const Result& target = plan_.results[position];
  const std::uint32_t destination = plan_.unique_targets.target_of(position);
  if (destination == engine::UniqueTargets::no_target) {
    out.push_back({.host = target.host, .address = target.address, .hops = {}, .error = target.error});
    return;
  }
  for (int flow = 0; flow < options_.flows; ++flow) out.push_back(route(target, destination, flow));
}

/// A router's answer is a hop. An error of this host itself is none: it has a cause of its own.
void Tracer::explain(const TraceSchedule::Answer& answer, std::size_t route, Result& result) {
  if (answer.own)
    probes_.explain(probe_of(plan_.destinations[route / flows()]), timeout_, result);
  else if (result.responder && result.cause == Cause::unknown)
    result.cause = Cause::remote;
}

Result Tracer::result(const Result& target, std::size_t route, const engine::HopProbe& probe) {
  Result result{.host = target.host, .address = target.address};
  result.position = target.position;
  result.protocol = target.protocol;
  result.port = target.port;
  if (const auto* answer = schedule_.answer(probe)) {
    copy_outcome(answer->record, &answer->detail, wall_offset_, result);
    explain(*answer, route, result);
  } else if (probe.attempts > 0) {
    const bool over = time_is_up_ || probe.state == engine::HopProbe::State::over || schedule_.given_up(route, probe);
    result.outcome = over ? Outcome::no_reply : Outcome::pending;
    if (over) result.at = wall_time(probe.silent_at.value_or(ended_), wall_offset_);
  }
  result.attempt = probe.attempts;
  return result;
}

Route Tracer::route(const Result& target, std::uint32_t destination, int flow) {
  const std::size_t number = destination * flows() + static_cast<std::size_t>(flow);
  Route route{.host = target.host, .address = target.address, .hops = {}, .flow = flow};
  route.reached = schedule_.reached(number);
  bool failed = true, heard = false;
  for (int ttl = options_.first_ttl; ttl <= schedule_.last_ttl(number); ++ttl) {
    Hop& hop = route.hops.emplace_back(Hop{.ttl = ttl});
    for (int i = 0; i < options_.probes_per_hop; ++i) {
      const Result& probe = hop.probes.emplace_back(result(target, number, schedule_.probe(number, ttl, i)));
      if (probe.outcome == Outcome::send_failed) route.error = probe.error;
      failed = failed && (probe.outcome == Outcome::send_failed || probe.outcome == Outcome::pending);
      heard = heard || probe.responder;
    }
    hop.names.resize(hop.probes.size());
  }
  if (heard) route.error = {};
  if (failed && route.error) route.hops.clear();
  return route;
}

/// Calls `visit` with the responder of each probe that has one, and its place for a name.
template <class Visit>
void each_responder(std::vector<Route>& routes, Visit visit) {
  for (Route& route : routes)
    for (Hop& hop : route.hops)
      for (std::size_t i = 0; i < hop.probes.size(); ++i)
        if (hop.probes[i].responder) visit(hop.probes[i].responder, hop.names[i]);
}

/// Looks the names of responders up. Called after the last probe, so that lookups delay no probe.
void name_responders(std::vector<Route>& routes, const Options& options) {
  std::vector<Address> responders;
  each_responder(routes, [&](const Address& responder, std::string&) { responders.push_back(responder); });
  std::sort(responders.begin(), responders.end());
  responders.erase(std::unique(responders.begin(), responders.end()), responders.end());
  ResolveOptions both_families = options.resolve;
  both_families.family = Family::any;
  const auto named = resolver::reverse_names(responders, both_families, options.stop);
  each_responder(routes, [&](const Address& responder, std::string& name) {
    const auto place = std::lower_bound(responders.begin(), responders.end(), responder) - responders.begin();
    name = named[static_cast<std::size_t>(place)].name;
  });
}

/// The routes of a list without a position that can be probed.
std::vector<Route> unprobed(const BatchPlan& plan) {
  std::vector<Route> routes;
  for (const Result& target : plan.results)
    routes.push_back({.host = target.host, .address = target.address, .hops = {}, .error = target.error});
  return routes;
}

}  // namespace

std::vector<Route> trace(TargetList targets, const TraceOptions& options) {
  TraceOptions opened = options;
  BatchPlan plan = plan_batch(std::move(targets), opened.ping);
  if (plan.destinations.empty()) return unprobed(plan);
  std::vector<Route> routes = Tracer{std::move(plan), opened}.run();
  if (options.resolve_names) name_responders(routes, options.ping);
  return routes;
}

}  // namespace multiping
