// See trace_mtu_wait_runs.hpp.
#include "apps/multiping/trace_mtu_wait_runs.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "apps/multiping/stop_on_signal.hpp"
#include "apps/multiping/trace_mtu_wait_text.hpp"
#include "multiping/diagnose.hpp"
#include "multiping/error.hpp"
#include "multiping/multi_ping.hpp"
#include "multiping/traceroute.hpp"

namespace multiping::command {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration silent_hops_budget = std::chrono::seconds{3};
constexpr Duration names_budget = std::chrono::seconds{1};  // for the names of routers; later ones are left out
constexpr std::size_t tried_hosts = 256;                    // --why asks for the routes to so many targets at once

/// Each target is asked by its address: the name was looked up before, for the whole run.
TargetList addresses_of(const RunFigures& view) {
  std::vector<Target> list;
  for (const RunTarget& target : view.targets) {
    ProbeOptions probe = view.options->probe;
    if (target.port != 0) probe.port = target.port;
    list.push_back(target.port == 0 ? Target{target.address} : Target{target.address.to_string(), probe});
  }
  return TargetList{std::move(list)};
}

Options library_options(const RunInputs& support, const StopOnSignal& stop) {
  const CommandOptions& options = *support.view.options;
  const double rate = options.interval > Duration{0} ? 1e9 / static_cast<double>(options.interval.count()) : 0;
  return {.probe = options.probe, .max_rate = rate, .transport = support.transport, .stop = stop.token()};
}

TraceOptions trace_options(const RunInputs& support, const StopOnSignal& stop) {
  const CommandOptions& options = *support.view.options;
  TraceOptions trace{.flows = options.flows, .resolve_names = options.names, .ping = library_options(support, stop)};
  trace.ping.resolve = {.timeout = names_budget, .budget = names_budget};
  if (options.timeout) trace.timeout = *options.timeout;
  // With -H a trace goes no farther.
  if (options.probe.ttl) trace.max_ttl = *options.probe.ttl;
  trace.ping.probe.ttl.reset();
  return trace;
}

void sum_up(RunFigures& view, const StopOnSignal& stop, Steady::time_point start) {
  view.stopped = stop.stopped();
  view.totals.elapsed = Steady::now() - start;
}

/// Pauses that a stop ends.
class Pauses {
 public:
  explicit Pauses(std::stop_token stop) : stop_{std::move(stop)} {}

  void until(Steady::time_point time) {
    std::unique_lock lock{mutex_};
    changed_.wait_until(lock, stop_, time, [] { return false; });
  }

 private:
  std::stop_token stop_;
  std::mutex mutex_{};
  std::condition_variable_any changed_{};
};

/// The names and addresses as the user wrote them, those without an address included.
TargetList written_targets(const RunFigures& view) {
  std::vector<Target> list;
  for (const RunTarget& target : view.targets) {
    ProbeOptions probe = view.options->probe;
    if (target.port != 0) probe.port = target.port;
    list.emplace_back(target.host, std::move(probe));
  }
  return TargetList{std::move(list)};
}

class Wait {
 public:
  Wait(const RunInputs& support, StopOnSignal& stop)
      : view_{support.view},
        report_{support.report},
        stop_{stop},
        pauses_{stop.token()},
        pings_{written_targets(support.view), options_of(support, stop)} {}

  void run() {
    const Steady::time_point end = Steady::now() + view_.options->within;
    Steady::time_point round = Steady::now(), lookup = round + lookup_every;
    while (!over(end)) {
      pings_.send();
      round = std::min(round + view_.options->period, end);
      while (!over(end) && Steady::now() < round) listen(round, end);
      if (Steady::now() < lookup) continue;
      pings_.resolve();
      lookup = Steady::now() + lookup_every;
    }
  }

 private:
  static constexpr Duration lookup_every = std::chrono::seconds{5}, look_every = std::chrono::milliseconds{100};

  static Options options_of(const RunInputs& support, const StopOnSignal& stop) {
    Options options = library_options(support, stop);
    options.ignore_lookup_errors = true;
    options.resolve.family = options.probe.family;
    options.resolve.budget = std::chrono::seconds{2};
    return options;
  }

  [[nodiscard]] bool over(Steady::time_point end) const {
    return stop_.stopped() || view_.totals.alive >= wanted_of(view_) || Steady::now() >= end;
  }

  void listen(Steady::time_point round, Steady::time_point end) {
    const Steady::time_point until = std::min(round, Steady::now() + look_every);
    for (const Result& result : pings_.receive(until - Steady::now()).responses) take(result);
    report_.progress(view_.totals.alive, wanted_of(view_), end - Steady::now());
    if (pings_.awaited() == 0 && !over(end)) pauses_.until(until);
  }

  void take(const Result& result) {
    HostFigures& figures = view_.figures[result.position];
    if (std::exchange(figures.decided, true)) return;  // its address changed, and it answered again
    figures.all.add_answer(result.rtt);
    view_.targets[result.position].address = result.address;
    ++view_.totals.alive;
    report_.came_up({.target = result.position, .sequence = result.attempt - 1, .result = result});
  }

  RunFigures& view_;
  Report& report_;
  StopOnSignal& stop_;
  Pauses pauses_;
  MultiPing pings_;
};

std::string remedies(const TransportOptions& options) {
  try {
    TransportOptions icmp = options;
    if (icmp.kinds.empty()) icmp.kinds = {TransportKind::raw, TransportKind::ping_socket, TransportKind::broker};
    static_cast<void>(open_transport(icmp));
  } catch (const std::system_error& error) {
    return std::string{error.what()} + "\n";
  }
  return {};
}

}  // namespace

void run_trace(const RunInputs& support) {
  StopOnSignal stop{support.signals};
  const auto start = Steady::now();
  std::vector<Route> routes = traceroute(addresses_of(support.view), trace_options(support, stop));
  const auto flows = static_cast<std::size_t>(support.view.options->flows);
  for (std::size_t at = 0; at < routes.size(); ++at) {
    const std::size_t target = at / flows;
    routes[at].host = support.view.targets[target].shown();
    HostFigures& figures = support.view.figures[target];
    if (routes[at].reached && !std::exchange(figures.decided, true)) ++support.view.totals.alive;
  }
  support.report.routes(routes);
  sum_up(support.view, stop, start);
}

void run_mtu(const RunInputs& support) {
  StopOnSignal stop{support.signals};
  const CommandOptions& options = *support.view.options;
  const auto start = Steady::now();
  MtuOptions mtu{.tries = std::min(options.retry + 1, 255), .ping = library_options(support, stop)};
  if (options.timeout) mtu.timeout = *options.timeout;
  mtu.ping.probe.dont_fragment = false;  // every probe of the search has it
  std::vector<PathMtu> paths = discover_mtu(addresses_of(support.view), mtu);
  for (std::size_t at = 0; at < paths.size(); ++at) {
    paths[at].host = support.view.targets[at].shown();
    if (paths[at].mtu != 0) ++support.view.totals.alive;
    support.report.path_mtu(paths[at]);
  }
  sum_up(support.view, stop, start);
}

std::size_t wanted_of(const RunFigures& view) noexcept { return view.options->wait_for.value_or(view.targets.size()); }

void run_wait(const RunInputs& support) {
  StopOnSignal stop{support.signals};
  const auto start = Steady::now();
  Wait{support, stop}.run();
  sum_up(support.view, stop, start);
}

void explain_failures(const RunInputs& support) {
  std::vector<FailedTarget>& failures = support.view.failures;
  const auto is_explained = [](const FailedTarget& failed) {
    return is_local(failed.result.cause) || failed.result.cause == Cause::neighbour_silent;
  };
  std::vector<Result> asked;
  for (const FailedTarget& failed : failures)
    if (!is_explained(failed) && asked.size() < tried_hosts) asked.push_back(failed.result);
  StopOnSignal stop{support.signals};
  TraceOptions trace = trace_options(support, stop);
  trace.flows = 1;
  trace.max_ttl = TraceOptions{}.max_ttl;
  const std::vector<Route> routes = asked.empty() ? std::vector<Route>{} : diagnose(asked, silent_hops_budget, trace);
  std::size_t at = 0;
  for (const FailedTarget& failed : failures) {
    const Route* route = is_explained(failed) || at >= routes.size() ? nullptr : &routes[at++];
    support.report.why(failed.target, failed.result, route);
  }
}

SelfCheck check_this_machine(const TransportOptions& options) {
  const auto transport = open_transport(options);
  const Capabilities can = capabilities(*transport);
  const bool complete = can.icmp && can.ipv4 && can.ipv6;
  SelfCheck check{.text = capabilities_text(can), .complete = complete};
  if (!can.icmp) check.text += remedies(options);
  if (!can.ipv6) check.text += "IPv6 is switched off on this host: net.ipv6.conf.all.disable_ipv6, ipv6.disable\n";
  if (!can.sctp) check.text += "SCTP and half-open TCP need raw sockets: setcap cap_net_raw+ep PROGRAM\n";
  if (!can.mark) check.text += "Marks need CAP_NET_ADMIN or CAP_NET_RAW\n";
  return check;
}

}  // namespace multiping::command
