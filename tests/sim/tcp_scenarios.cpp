// Scenarios with TCP probes, by connect() and by a lone SYN: open, refused and filtered ports, and forged packets.
// connect() needs no privilege; half-open probes need raw sockets.
#include "sim/scenarios.hpp"

#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = Edit::Kind;

constexpr std::uint8_t number_and_port = 47;
constexpr std::size_t rst_ack = 0x14, ack_alone = 0x10, syn_alone = 0x02, rst_alone = 0x04;

/// One of the two ways to probe TCP.
struct Asking {
  const char* name;
  bool half_open;
};

Scenario scenario_of(const Asking& asking, const char* name) {
  return {.name = std::string{asking.name} + "_" + name, .kinds = asking.half_open ? raw_only() : all_kinds()};
}

ProbeOptions probe_of(const Asking& asking, int port = 0) { return asking.half_open ? half_open(port) : tcp(port); }

void finish(Scenario& s, const Asking& asking) {
  probe_all(s, probe_of(asking));
  all_prove(s, number_and_port);
  // The kernel takes an ICMP error about a connection with either of two sequence numbers.
  for (Expected& target : s.targets)
    if (!asking.half_open && target.type) target.auth_at_least = target.auth_at_most = number_and_port - 1;
}

Scenario open_ports(const Asking& asking) {
  Scenario s = scenario_of(asking, "open");
  s.timeout = 2s;
  s.hosts = {with_open("10.20.0.0/16", Protocol::tcp, {.jitter = 5ms}), with_open("fd20::/16", Protocol::tcp)};
  for (int i = 1; i <= 100; ++i) s.targets.push_back(replies("10.20.1." + std::to_string(i)));
  for (int i = 1; i <= 20; ++i) s.targets.push_back(replies("fd20::" + std::to_string(i)));
  finish(s, asking);
  s.counters = {both("sent", &Counters::sent, 120), both("received", &Counters::received, 120)};
  return s;
}

// One host answers differently at each port; 80 is the default port.
Scenario ports(const Asking& asking) {
  Scenario s = scenario_of(asking, "ports");
  for (const std::string host : {"10.20.0.1", "fd20::1"}) {
    s.hosts.push_back({.block = host, .replies = {}});
    auto& rules = s.hosts.back().ports;
    rules.push_back({.protocol = Protocol::tcp, .port = 80, .accepts = {{}}});
    rules.push_back({.protocol = Protocol::tcp, .port = 443, .declines = {{}}});
    s.targets.push_back(probed(replies(host), probe_of(asking)));
    s.targets.push_back(probed(refused(host), probe_of(asking, 443)));
    s.targets.push_back(probed(no_reply(host), probe_of(asking, 7)));
  }
  all_prove(s, number_and_port);
  s.counters = {both("received", &Counters::received, 4), both("icmp_errors", &Counters::icmp_errors, 0)};
  return s;
}

// A closed port answers with a RST, a host without TCP with "protocol unreachable". No other ICMP error is a refusal.
Scenario states(const Asking& asking) {
  Scenario s = scenario_of(asking, "states");
  s.hosts = {with_closed("10.20.0.1", Protocol::tcp),
             with_closed("fd20::1", Protocol::tcp),
             silent("10.20.0.2"),
             only_error("10.20.0.3", {.from = router(), .code = 13}),
             only_error("10.20.0.4", {.from = router(), .code = 3}),
             only_error("10.20.0.5", {.from = router(), .code = 1}),
             only_error("fd20::3", {.from = router6(), .type = 1, .code = 1}),
             only_error("fd20::4", {.from = router6(), .type = 1, .code = 0}),
             only_error("10.20.0.6", {.code = 2}),
             only_error("fd20::6", {.type = 4, .code = 1}),
             only_error("10.20.0.7", {.from = router(), .code = 2}),
             only_error("fd20::7", {.from = router6(), .type = 4, .code = 1})};
  s.targets = {refused("10.20.0.1"),
               refused("fd20::1"),
               no_reply("10.20.0.2"),
               unreachable("10.20.0.3", router(), 3, 13),
               unreachable("10.20.0.4", router(), 3, 3),
               unreachable("10.20.0.5", router(), 3, 1),
               unreachable("fd20::3", router6(), 1, 1),
               unreachable("fd20::4", router6(), 1, 0),
               refused_by_protocol("10.20.0.6"),
               refused_by_protocol("fd20::6"),
               unreachable("10.20.0.7", router(), 3, 2),
               unreachable("fd20::7", router6(), 4, 1)};
  finish(s, asking);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 9), both("received", &Counters::received, 4)};
  return s;
}

Scenario ttls(const Asking& asking) {
  Scenario s = scenario_of(asking, "ttls");
  const std::vector<Hop> path = {{.address = Address::v4({10, 1, 0, 1})}, {.address = router(), .silent = true}};
  const std::vector<Hop> path6 = {{.address = *Address::parse("fd01::1")}};
  s.hosts = {with_open("10.20.0.0/16", Protocol::tcp), with_open("fd20::/16", Protocol::tcp)};
  s.hosts[0].path = path;
  s.hosts[1].path = path6;
  s.targets = {expired("10.20.0.1", 1, path[0].address), no_reply("10.20.0.1"), replies("10.20.0.1"),
               expired("fd20::1", 1, path6[0].address), replies("fd20::1")};
  s.targets[1].ttl = 2;
  s.targets[2].ttl = 3;
  s.targets[4].ttl = 2;
  finish(s, asking);
  return s;
}

// A wrong acknowledgement number, no acknowledgement at all, another port or address, a wrong checksum: none of these
// answers ends the wait, and the true answer, thirty milliseconds later, counts.
Scenario forged_segments(const Asking& asking) {
  Scenario s = scenario_of(asking, "forged");
  s.timeout = 2s;
  const std::vector<std::vector<Edit>> tricks = {
      {{Kind::add_to_handshake, 1}},  {{Kind::add_to_handshake, 1}, {Kind::tcp_flags, rst_ack}},
      {{Kind::tcp_flags, rst_alone}}, {{Kind::tcp_flags, ack_alone}},
      {{Kind::add_to_id, 1}},         {{Kind::spoil_checksum}},
  };
  int number = 0;
  for (const auto& edits : tricks) {
    const std::string host = "10.20.9." + std::to_string(++number), host6 = "fd20::9:" + std::to_string(number);
    for (const std::string& each : {host, host6}) {
      PortRule port = open(Protocol::tcp, {.delay = 30ms});
      port.accepts.push_back({.delay = 1ms, .edits = edits});
      s.hosts.push_back(with_port(each, port));
      s.targets.push_back(replies(each));
      s.targets.back().rtt_at_least = 30ms;
    }
  }
  finish(s, asking);
  s.counters = {both("received", &Counters::received, 12)};
  return s;
}

// Errors that quote another sequence number, port, destination or source than the probe has.
Scenario forged_errors(const Asking& asking) {
  Scenario s = scenario_of(asking, "forged_errors");
  s.hosts = {
      only_error("10.20.9.1", {.from = router(), .quote_edits = {{Kind::add_to_sequence, 0x10000}}}),
      only_error("10.20.9.2", {.from = router(), .quoted = 8, .quote_edits = {{Kind::add_to_sequence, 0x01020304}}}),
      only_error("10.20.9.3", {.from = router(), .quote_edits = {{Kind::add_to_id, 1}}}),
      only_error("10.20.9.4", {.from = router(), .quoted_destination = Address::v4({10, 20, 9, 99})}),
      only_error("10.20.9.5", {.from = router(), .quote_edits = {{Kind::add_to_port, 1}}}),
      only_error("fd20::9:1", {.from = router6(), .type = 1, .quote_edits = {{Kind::add_to_sequence, 0x10000}}}),
      only_error("fd20::9:4", {.from = router6(), .type = 1, .quoted_destination = *Address::parse("fd20::99")})};
  for (const HostRule& host : s.hosts) s.targets.push_back(no_reply(host.block));
  finish(s, asking);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 0)};
  return s;
}

Scenario quotes(const Asking& asking) {
  Scenario s = scenario_of(asking, "quotes");
  for (const std::size_t quoted : {8U, 12U, 20U}) {
    const std::string host = "10.20.8." + std::to_string(quoted);
    s.hosts.push_back(only_error(host, {.from = router(), .quoted = quoted, .quoted_options = 40 - quoted}));
    s.targets.push_back(unreachable(host, router(), 3, 1));
  }
  s.hosts.push_back(only_error("10.20.8.4", {.from = router(), .quoted = 4}));
  s.targets.push_back(no_reply("10.20.8.4"));
  s.hosts.push_back(only_error("fd20::8", {.from = router6(), .type = 1, .code = 3, .quoted_options = 16}));
  s.targets.push_back(unreachable("fd20::8", router6(), 1, 3));
  finish(s, asking);
  return s;
}

// The kernel sends its SYN again after a second. This is not a further attempt, and the time counts from the first SYN.
Scenario retransmitted() {
  Scenario s{.name = "tcp_retransmitted", .kinds = all_kinds(), .timeout = 3s};
  s.hosts = {with_open("10.20.0.1", Protocol::tcp), with_open("10.20.0.2", Protocol::tcp)};
  s.hosts[0].lost = {1};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2")};
  s.targets[0].rtt_at_least = 1s;
  probe_all(s, tcp());
  s.counters = {both("sent", &Counters::sent, 2), both("received", &Counters::received, 2)};
  return s;
}

// The kernel does not repeat half-open probes: the retries are the batch's, each with its own sequence number.
Scenario half_open_retries() {
  Scenario s{.name = "half_open_retries", .kinds = raw_only(), .timeout = 800ms, .retry = 2};
  s.hosts = {with_open("10.20.0.1", Protocol::tcp), with_open("fd20::1", Protocol::tcp), silent("10.20.0.2")};
  s.hosts[0].lost = {1};
  s.hosts[1].lost = {1, 2};
  s.targets = {replies("10.20.0.1"), replies("fd20::1"), no_reply("10.20.0.2")};
  s.targets[0].attempt = 2;
  s.targets[1].attempt = 3;
  probe_all(s, half_open());
  s.counters = {both("sent", &Counters::sent, 8), both("received", &Counters::received, 2)};
  return s;
}

// Repeated SYN/ACKs, and a RST after a SYN/ACK, as a load balancer may send it.
Scenario half_open_duplicates() {
  Scenario s{.name = "half_open_duplicates", .kinds = raw_only()};
  s.hosts = {with_open("10.20.0.1", Protocol::tcp, {.copies = 3}),
             with_open("10.20.0.2", Protocol::tcp, {.delay = 60ms})};
  s.hosts[0].ports[0].declines = {{.delay = 5ms}};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2")};
  probe_all(s, half_open());
  s.counters = {both("received", &Counters::received, 2), both("duplicates", &Counters::duplicates, 3)};
  return s;
}

// A lone SYN does not answer a SYN.
Scenario half_open_crossing() {
  Scenario s{.name = "half_open_crossing", .kinds = raw_only()};
  s.hosts = {with_open("10.20.0.1", Protocol::tcp, {.edits = {{Kind::tcp_flags, syn_alone}}})};
  s.targets = {no_reply("10.20.0.1")};
  probe_all(s, half_open());
  return s;
}

}  // namespace

std::vector<Scenario> tcp_scenarios() {
  std::vector<Scenario> list;
  for (const Asking& asking : {Asking{"tcp", false}, Asking{"half_open", true}}) {
    list.push_back(open_ports(asking));
    list.push_back(ports(asking));
    list.push_back(states(asking));
    list.push_back(ttls(asking));
    list.push_back(forged_segments(asking));
    list.push_back(forged_errors(asking));
    list.push_back(quotes(asking));
  }
  list.push_back(retransmitted());
  list.push_back(half_open_retries());
  list.push_back(half_open_duplicates());
  list.push_back(half_open_crossing());
  return list;
}

}  // namespace multiping::test
