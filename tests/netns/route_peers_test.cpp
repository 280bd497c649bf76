// Compares the hop tables of traceroute(), Debian's traceroute and mtr on one network: the same responder and labels at
// each TTL, by ICMP, UDP and TCP.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <iterator>
#include <sstream>

#include "netns/batch.hpp"
#include "netns/hop_views.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "sim/route_networks.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(route_peers_test,
                      *precondition(needs_tun) * precondition(needs_to_work("command -v mtr && command -v traceroute")))

constexpr int routers = 7, silent_hop = 4;

/// A fixed path with labels at two hops and a silent hop.
Scenario fixed_path(Family family) {
  const auto labels = [](const std::vector<MplsLabel>& stack) {
    return IcmpExtensionData{.objects = {mpls_object(stack)}};
  };
  HostRule host = host_behind(family, routers, host_of(family));
  host.path[1].extension = labels({{16001, 0, true, 1}});
  host.path[silent_hop - 1].silent = true;
  host.path[5].extension = labels({{24, 3, false, 1}, {1048575, 7, true, 254}});
  return {.name = "fixed path", .hosts = {host}};
}

View expected_view(Family family) {
  View view;
  for (int ttl = 1; ttl <= routers; ++ttl)
    if (ttl != silent_hop) view[ttl] = router_of(family, ttl).to_string();
  view[2] += " 16001/0/1/1";
  view[6] += " 24/3/0/1 1048575/7/1/254";
  view[routers + 1] = host_of(family);
  return view;
}

View seen_by_multiping(Family family, TransportKind kind, const ProbeOptions& probe) {
  TraceOptions options{.probes_per_hop = 1, .timeout = 1s};
  options.ping = options_for(kind);
  options.ping.probe = probe;
  View view;
  for (const Route& route : traceroute(host_of(family), options)) {
    if (!route.reached) return {};
    for (const multiping::Hop& hop : route.hops) {
      const Result& result = hop.probes.at(0);
      if (!result.responder) continue;
      view[hop.ttl] = words_of(result);
    }
  }
  return view;
}

/// Reads raw lines: "h 1 10.1.0.2" for a responder, then "m 1 16001 0 1 1" for each of its labels. Hops count from 0.
View seen_by_mtr(Family family, const std::string& method) {
  std::istringstream lines{output_of("mtr --raw -n -e -c 1 -G 1 -i 0.5 " + method + " " + host_of(family))};
  View view;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    char what = 0;
    int hop = 0;
    if (!(fields >> what >> hop)) continue;
    std::string word, joined;
    while (fields >> word) joined += (joined.empty() ? "" : "/") + word;
    if (what == 'h') view[hop + 1] = joined;
    if (what == 'm') view[hop + 1] += " " + joined;
  }
  // mtr probes further hops while the answer of the target is on its way.
  const auto target = std::ranges::find_if(view, [&](const auto& each) { return each.second == host_of(family); });
  if (target != view.end()) view.erase(std::next(target), view.end());
  return view;
}

/// Looks up to five times, since on a busy machine an answer may be too late for any program.
void check_view(const std::string& who, const std::function<View()>& look, const View& expected) {
  View view = look();
  for (int again = 0; again < 4 && view != expected; ++again) view = look();
  check_same(who, view, expected);
}

BOOST_AUTO_TEST_CASE(traceroute_and_mtr_see_the_same_hops) {
  struct Method {
    const char *traceroute, *mtr;
    ProbeOptions probe;
  };
  const Method methods[] = {{"-I", "", {}}, {"-U", "-u", parts::udp()}, {"-T", "-T -P 80", parts::tcp()}};
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    in_namespace(
        [&] {
          allow_ping_sockets();
          const TunDevice device{fixed_path(family)};
          const View ours = expected_view(family);
          for (const Method& method : methods) {
            const auto by = [&](TransportKind kind) { return seen_by_multiping(family, kind, method.probe); };
            check_view(
                "raw sockets", [&] { return by(TransportKind::raw); }, ours);
            check_view(
                "ping sockets", [&] { return by(TransportKind::ping_socket); }, ours);
            const std::string options = std::string{method.traceroute} + " -w 2 " + host_of(family);
            check_view(
                "traceroute " + options, [&] { return seen_by_traceroute(options); }, ours);
            check_view(
                std::string{"mtr "} + method.mtr, [&] { return seen_by_mtr(family, method.mtr); }, ours);
          }
        },
        120s);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
