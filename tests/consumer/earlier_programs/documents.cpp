// Every piece of C++ in the README and the manual pages as they were, made by tests/docs/examples.awk.
// Nothing here is run.
#include <poll.h>
#include <iostream>
#include <multiping/multiping.hpp>
#include <span>
using namespace std::chrono_literals;
extern std::vector<std::string> hosts;
extern std::vector<multiping::Result> no_responses;
extern std::stop_source stop;
extern int my_own_socket;

namespace example_1 {

int example_main() try {
  const auto [responses, no_responses] =
      multiping::multi_ping({"127.0.0.1", "localhost", "::1", "fe80::1%lo"}, 2s, 3, {.ignore_lookup_errors = true});
  for (const auto& r : responses) std::cout << r.host << " responded in " << r.rtt.count() / 1e6 << " ms\n";
  for (const auto& r : no_responses) std::cout << r << '\n';
} catch (const multiping::PermissionError& error) {
  std::cerr << error.what() << '\n';  // each line is one way to let this process ping
  return 1;
}
}  // namespace example_1

namespace example_2 {

int example_main(int argc, char** argv) try {
  const std::span hosts{argv + 1, argv + argc};
  const auto [responses, no_responses] = multiping::multi_ping(hosts, 2s, 3, {.ignore_lookup_errors = true});
  for (const auto& r : responses) std::cout << r << '\n';
  for (const auto& r : no_responses) std::cout << r << '\n';
  return no_responses.empty() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
}  // namespace example_2

namespace example_3 {
void fragment() {
  multiping::MultiPing mp{hosts};
  mp.send();
  auto [responses, no_responses] = mp.receive(1s);
  mp.send();  // only to those that are still silent
  auto [more, still_silent] = mp.receive(1s);
  mp.reset();
}
}  // namespace example_3

namespace example_4 {
void fragment() {
  using multiping::Protocol;
  auto [alive, others] = multiping::multi_ping({{"192.0.2.1", {.protocol = Protocol::tcp, .port = 443}},
                                                {"192.0.2.1", {.protocol = Protocol::udp, .port = 53}},
                                                {"192.0.2.1", {.ttl = 3, .tos = 0xb8, .payload_size = 1400}},
                                                {"2001:db8::1", {.flow_label = 0x12345, .dont_fragment = true}}},
                                               2s, 1);
}
}  // namespace example_4

namespace example_5 {
void fragment() {
  for (const auto& series : multiping::ping_series(hosts, {.count = 10, .interval = 0.2s}))
    std::cout << series.host << ": " << series.statistics << '\n';
}
}  // namespace example_5

namespace example_6 {
void fragment() {
  for (const auto& round : multiping::PingSeries{hosts, {.count = 0, .ping = {.stop = stop.get_token()}}})
    for (const auto& result : round.results) std::cout << round.number << ' ' << result << '\n';
}
}  // namespace example_6

namespace example_7 {
void fragment() {
  multiping::Prober prober;
  const auto token = prober.submit(*multiping::Address::parse("192.0.2.1"), {.ttl = 3}, 0.5s, 1);
  pollfd waiting[] = {{prober.native_handle(), POLLIN, 0}, {my_own_socket, POLLIN, 0}};
  while (prober.in_flight() > 0 && poll(waiting, 2, -1) > 0)
    for (const auto& [done, result] : prober.poll(0s))
      if (done == token) std::cout << result << '\n';
}
}  // namespace example_7

namespace example_8 {
void fragment() {
  for (const auto& route : multiping::traceroute(hosts, {.resolve_names = true}))
    for (const auto& hop : route.hops)
      for (const auto& probe : hop.probes) std::cout << route.host << ' ' << hop.ttl << ' ' << probe << '\n';
}
}  // namespace example_8

namespace example_9 {
void fragment() {
  for (const auto& route : multiping::diagnose(no_responses, 3s))
    if (!route.hops.empty()) std::cout << route.host << " is lost after " << route.hops.back().probes.front() << '\n';
}
}  // namespace example_9

namespace example_10 {
void fragment() {
  for (const auto& path : multiping::discover_mtu(hosts)) std::cout << path.host << ' ' << path.mtu << '\n';
}
}  // namespace example_10

namespace example_11 {
void fragment() { std::cout << to_string(capabilities(*multiping::open_transport()).kind) << '\n'; }
}  // namespace example_11

namespace example_12 {
void fragment() {
  const auto transport = multiping::open_transport({.kinds = {multiping::TransportKind::broker}});
  const auto result = multiping::ping("192.0.2.1", 1s, {.transport = transport});
}
}  // namespace example_12
