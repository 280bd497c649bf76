// traceroute(): engine/trace_session.hpp decides which hops are probed, and single probes are sent to them.
// See multiping/traceroute.hpp.
#include "multiping/traceroute.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "batch_plan.hpp"
#include "engine/trace_session.hpp"
#include "fate_result.hpp"
#include "resolve/resolver.hpp"
#include "shapes.hpp"
#include "single_probes.hpp"
#include "trace_checks.hpp"

namespace multiping {
namespace {

using engine::TraceSession;

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
        session_{start()} {}

  std::vector<Route> run() &&;

 private:
  [[nodiscard]] std::size_t flows() const noexcept { return static_cast<std::size_t>(options_.flows); }
  [[nodiscard]] std::size_t routes() const noexcept { return plan_.endpoints.size() * flows(); }
  static Duration probe_timeout(const TraceOptions& options) noexcept;
  [[nodiscard]] TraceSession start();
  void choose_probes();
  [[nodiscard]] Duration budget(const ProbeOptions& probe) const;
  [[nodiscard]] const ProbeOptions& probe_of(const engine::Endpoint& endpoint) const noexcept;
  void submit(const TraceSession::Ask& ask);
  void take_answers();
  [[nodiscard]] TraceSession::Answer answer(const SingleProbes::Done& done, std::uint32_t route);

  void report(std::size_t position, std::vector<Route>& out) const;
  [[nodiscard]] Route route(const Result& target, std::uint32_t endpoint, int flow) const;
  [[nodiscard]] Result result(const Result& target, std::size_t route, const engine::HopProbe& probe) const;

  BatchPlan plan_;
  const TraceOptions& options_;
  Duration timeout_;
  SingleProbes probes_;
  std::vector<std::array<ProbeOptions, 2>> shapes_;  ///< By shape number and family: the options that are sent.
  std::unordered_map<SingleProbes::Token, TraceSession::Ask> asked_;
  TraceSession session_;
  bool time_is_up_ = false;  ///< The budget of the last route is used up.
};

/// The timeout of a probe, which is at most the budget of the call.
Duration Tracer::probe_timeout(const TraceOptions& options) noexcept {
  const Duration budget = options.budget, timeout = options.timeout;
  return budget > Duration{} ? std::min(budget, timeout) : timeout;
}

const ProbeOptions& Tracer::probe_of(const engine::Endpoint& endpoint) const noexcept {
  return shapes_[endpoint.shape][endpoint.address.family() == Family::ipv6 ? 1 : 0];
}

/// Uses lone SYNs instead of TCP connections when that is allowed: only they allow several probes of a flow in flight.
void Tracer::choose_probes() {
  for (ProbeOptions& probe : plan_.shapes) {
    probe.ttl = options_.first_ttl;
    probe.flow = 0;
  }
  probes_.prepare(plan_.shapes, plan_.endpoints);
  for (const ProbeOptions& probe : plan_.shapes) {
    auto& chosen = shapes_.emplace_back(std::array{probe, probe});
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

TraceSession Tracer::start() {
  choose_probes();
  const bool own_budget = Duration{options_.budget} > Duration{};
  std::vector<engine::TraceRequest> requests;
  requests.reserve(routes());
  for (const engine::Endpoint& endpoint : plan_.endpoints) {
    const ProbeOptions& probe = probe_of(endpoint);
    const std::uint32_t attempts = own_budget ? 0 : connects(probe) ? 1 : usual_attempts;
    requests.insert(requests.end(), flows(),
                    {.target = endpoint.address,
                     .one_by_one = connects(probe),
                     .alike = probe.protocol == Protocol::udp,
                     .budget = budget(probe),
                     .most_attempts = attempts});
  }
  const engine::TraceRules rules{.first_ttl = options_.first_ttl,
                                 .max_ttl = options_.max_ttl,
                                 .probes_per_hop = options_.probes_per_hop,
                                 .max_silent_hops = options_.max_silent_hops,
                                 .timeout = timeout_,
                                 .max_rate = options_.ping.max_rate};
  return {rules, requests, probes_.now()};
}

void Tracer::submit(const TraceSession::Ask& ask) {
  const engine::Endpoint& endpoint = plan_.endpoints[ask.route / flows()];
  ProbeOptions probe = probe_of(endpoint);
  probe.ttl = ask.ttl;
  probe.flow = static_cast<std::uint16_t>(ask.route % flows());
  const auto token = probes_.submit({.address = endpoint.address, .probe = probe, .timeout = ask.timeout});
  asked_.emplace(token, ask);
}

TraceSession::Answer Tracer::answer(const SingleProbes::Done& done, std::uint32_t route) {
  const Protocol protocol = probe_of(plan_.endpoints[route / flows()]).protocol;
  const bool error = done.record.outcome == Outcome::unreachable;
  return {
      .record = done.record, .detail = done.detail, .own = error && probes_.is_own(done.detail.responder, protocol)};
}

void Tracer::take_answers() {
  const net::Instant now = probes_.now();
  for (const SingleProbes::Done& heard : probes_.heard()) {
    const TraceSession::Ask& asked = asked_.at(heard.token);
    session_.heard(asked.id, answer(heard, asked.route));
  }
  for (const SingleProbes::Done& done : probes_.take_done()) {
    const TraceSession::Ask asked = asked_.extract(done.token).mapped();
    session_.done(asked.id, answer(done, asked.route), now);
  }
}

std::vector<Route> Tracer::run() && {
  std::vector<TraceSession::Ask> asks;
  while (!session_.over() && !probes_.stopped() && !time_is_up_) {
    const net::Instant now = probes_.now();
    session_.due(now, asks);
    for (const TraceSession::Ask& ask : asks) submit(ask);
    probes_.push();
    if (session_.over()) break;
    probes_.wait_for_done(session_.next());
    take_answers();
    time_is_up_ = now >= session_.end();  // the answers that had arrived by then were taken above
  }
  std::vector<Route> out;
  for (std::size_t position = 0; position < plan_.results.size(); ++position) report(position, out);
  return out;
}

void Tracer::report(std::size_t position, std::vector<Route>& out) const {
  const Result& target = plan_.results[position];
  const std::uint32_t endpoint = plan_.roster.target_of(position);
  if (endpoint == engine::Roster::no_target) {
    out.push_back({.host = target.host, .address = target.address, .hops = {}, .error = target.error});
    return;
  }
  for (int flow = 0; flow < options_.flows; ++flow) out.push_back(route(target, endpoint, flow));
}

Result Tracer::result(const Result& target, std::size_t route, const engine::HopProbe& probe) const {
  Result result{.host = target.host, .address = target.address};
  if (const auto* answer = session_.answer(probe)) {
    copy_fate(answer->record, &answer->detail, result);
  } else if (probe.attempts > 0) {
    const bool over = time_is_up_ || probe.state == engine::HopProbe::State::over || session_.given_up(route, probe);
    result.outcome = over ? Outcome::no_reply : Outcome::pending;
  }
  result.attempt = probe.attempts;
  return result;
}

Route Tracer::route(const Result& target, std::uint32_t endpoint, int flow) const {
  const std::size_t number = endpoint * flows() + static_cast<std::size_t>(flow);
  Route route{.host = target.host, .address = target.address, .hops = {}, .flow = flow};
  route.reached = session_.reached(number);
  bool failed = true, heard = false;
  for (int ttl = options_.first_ttl; ttl <= session_.last_ttl(number); ++ttl) {
    Hop& hop = route.hops.emplace_back(Hop{.ttl = ttl});
    for (int i = 0; i < options_.probes_per_hop; ++i) {
      const Result& probe = hop.probes.emplace_back(result(target, number, session_.probe(number, ttl, i)));
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

/// The routes of a list of which no position can be probed.
std::vector<Route> unprobed(const BatchPlan& plan) {
  std::vector<Route> routes;
  for (const Result& target : plan.results)
    routes.push_back({.host = target.host, .address = target.address, .hops = {}, .error = target.error});
  return routes;
}

}  // namespace

std::vector<Route> traceroute(TargetList targets, const TraceOptions& options) {
  check(options);
  check_probes(targets, options);
  TraceOptions opened = options;
  BatchPlan plan = plan_batch(std::move(targets), opened.ping);
  if (plan.endpoints.empty()) return unprobed(plan);
  if (plan.shapes.size() * trace_shapes(options) > most_trace_shapes)
    throw std::invalid_argument{"these targets, flows and hops take more than 65536 different ProbeOptions"};
  std::vector<Route> routes = Tracer{std::move(plan), opened}.run();
  if (options.resolve_names) name_responders(routes, options.ping);
  return routes;
}

}  // namespace multiping
