// Calls as programs write them, each of which must go on compiling and mean the same: braces, structured bindings, and
// headers included one by one. Nothing here is run.
#include <multiping/ping_series.hpp>
#include <multiping/prober.hpp>
#include <multiping/traceroute.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

using namespace std::chrono_literals;
using namespace multiping;

/// traceroute.hpp alone has all three calls.
void routes(const std::vector<std::string>& hosts, const std::vector<Result>& down, const TraceOptions& options) {
  for (const Route& route : traceroute(hosts, {.max_ttl = 20, .flows = 4, .resolve_names = true}))
    for (const Hop& hop : route.hops) std::cout << route.host << ' ' << hop.ttl << ' ' << hop.names.front() << '\n';
  for (const auto& [host, address, flows, hops, reached] : distinct_paths(traceroute("192.0.2.1")))
    std::cout << host << address << flows.size() << hops.size() << reached << '\n';
  for (const Route& route : diagnose(down, 3s, {.timeout = 500ms})) std::cout << route.host << '\n';
  for (const Route& route : diagnose(down, 3s)) std::cout << route.error.message() << '\n';
  static_cast<void>(options);
}

/// A call with braces has the options of a trace.
void mtus(const std::vector<std::string>& hosts, const TraceOptions& options, const Options& ping) {
  for (const auto& [host, address, mtu, limit, error, unfinished, fits] : discover_mtu(hosts))
    std::cout << host << address << mtu << limit << error << unfinished << fits << '\n';
  std::vector<PathMtu> found = discover_mtu("192.0.2.1", {});
  found = discover_mtu({"192.0.2.1", "example.org"}, {.timeout = 2s});
  found = discover_mtu(hosts, {.probes_per_hop = 5, .timeout = 500ms, .ping = ping, .budget = 10s});
  found = discover_mtu(hosts, {.timeout = 2s, .ping = {.max_rate = 100}});
  found = discover_mtu(hosts, options);
  found = discover_mtu(hosts, TraceOptions{.budget = 3s});
  std::vector<PathMtu> (*const call)(TargetList, const TraceOptions&) = discover_mtu;
  found = call(hosts, {});
}

void series(const std::vector<std::string>& hosts) {
  for (const auto& [host, address, figures, slip] : ping_series(hosts, {.count = 10, .interval = 0.5s}))
    std::cout << host << address << figures << milliseconds(slip) << '\n';
  PingSeries rounds{hosts, {.count = 0}};
  for (const auto& [number, results] : rounds) std::cout << number << results.size() << '\n';
  const Series made{"host", {}, {}, 3s};
  std::cout << made.slip.count() << '\n';
}

void probes(Prober& prober, const Address& address) {
  const Prober::Token token = prober.submit(address, {.protocol = Protocol::tcp, .port = 443}, 1s, 2);
  for (const auto& [done, result] : prober.poll(0s)) std::cout << (done == token) << result << '\n';
}

/// What a program has of the headers that others include.
void values() {
  std::unordered_map<Address, Result> known;
  const Target target{"192.0.2.1", {.ttl = 3}};
  const ResolveOptions resolve{.family = Family::ipv4, .timeout = 1s, .parallel = 8, .budget = 3s};
  const Options options{.ignore_lookup_errors = true, .resolve = resolve, .probe = *target.probe(), .max_rate = 100};
  Statistics figures;
  figures.add(known[Address{}]);
  std::cout << figures.loss() << options.max_rate << '\n';
  static_assert(std::is_aggregate_v<Result> && std::is_aggregate_v<Options> && std::is_aggregate_v<TraceOptions>);
}
