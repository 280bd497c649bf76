// See trace_mtu_runs.hpp.
#include "apps/multiping/trace_mtu_runs.hpp"

#include <algorithm>
#include <chrono>
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
  return {
      .probe = options.probe, .max_rate = probe_rate(options), .transport = support.transport, .stop = stop.token()};
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

/// Sockets can be opened where IPv6 is switched off, but there is no address to send from then.
bool has_ipv6(const std::shared_ptr<Transport>& transport) {
  const Result own = ping("::1", std::chrono::seconds{1}, {.transport = transport});
  return own.outcome != Outcome::send_failed || own.error != std::errc::address_not_available;
}

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
  Capabilities can = capabilities(*transport);
  if (can.ipv6 && can.icmp && !has_ipv6(transport)) can.ipv6 = false;
  const bool complete = can.icmp && can.ipv4 && can.ipv6;
  SelfCheck check{.text = capabilities_text(can), .complete = complete};
  if (!can.icmp) check.text += remedies(options);
  if (!can.ipv6) check.text += "IPv6 is switched off on this host: net.ipv6.conf.all.disable_ipv6, ipv6.disable\n";
  if (!can.sctp) check.text += "SCTP and half-open TCP need raw sockets: setcap cap_net_raw+ep PROGRAM\n";
  if (!can.mark) check.text += "Marks need CAP_NET_ADMIN or CAP_NET_RAW\n";
  return check;
}

}  // namespace multiping::command
