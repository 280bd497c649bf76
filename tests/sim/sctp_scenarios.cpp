// Scenarios with SCTP probes: an INIT is acknowledged, aborted, lost, or answered by an ICMP error.
// With raw sockets only.
#include "sim/scenarios.hpp"

#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = Edit::Kind;

constexpr std::uint8_t whole_tag = 32, port_of_quote = 15;
constexpr std::size_t chunk_type_at = 12;

Scenario sctp_scenario(const char* name) { return {.name = name, .kinds = raw_only()}; }

Scenario sctp_open() {
  Scenario s = sctp_scenario("sctp_open");
  s.timeout = 2s;
  s.hosts = {with_open("10.20.0.0/16", Protocol::sctp, {.jitter = 5ms}), with_open("fd20::/16", Protocol::sctp)};
  for (int i = 1; i <= 100; ++i) s.targets.push_back(replies("10.20.1." + std::to_string(i)));
  for (int i = 1; i <= 20; ++i) s.targets.push_back(replies("fd20::" + std::to_string(i)));
  probe_all(s, sctp());
  all_prove(s, whole_tag);
  s.counters = {both("sent", &Counters::sent, 120), both("received", &Counters::received, 120)};
  return s;
}

Scenario sctp_states() {
  Scenario s = sctp_scenario("sctp_states");
  s.hosts = {with_closed("10.20.0.1", Protocol::sctp),
             with_closed("fd20::1", Protocol::sctp),
             silent("10.20.0.2"),
             only_error("10.20.0.3", {.code = 2}),
             only_error("fd20::3", {.type = 4, .code = 1}),
             only_error("10.20.0.4", {.from = router(), .code = 13}),
             only_error("10.20.0.5", {.code = 3})};
  s.targets = {refused("10.20.0.1"),
               refused("fd20::1"),
               no_reply("10.20.0.2"),
               refused_by_protocol("10.20.0.3"),
               refused_by_protocol("fd20::3"),
               unreachable("10.20.0.4", router(), 3, 13),
               unreachable("10.20.0.5", Address::v4({10, 20, 0, 5}), 3, 3)};
  probe_all(s, sctp());
  all_prove(s, whole_tag);
  s.counters = {both("received", &Counters::received, 4), both("icmp_errors", &Counters::icmp_errors, 4)};
  return s;
}

// Forged answers with another verification tag, another port, another chunk, a wrong checksum, or half a chunk; the
// true answer comes later.
Scenario sctp_forged() {
  Scenario s = sctp_scenario("sctp_forged");
  s.timeout = 2s;
  const std::vector<std::vector<Edit>> tricks = {{{Kind::add_to_handshake, 1}}, {{Kind::add_to_handshake, 0x10000}},
                                                 {{Kind::add_to_id, 1}},        {{Kind::flip, chunk_type_at}},
                                                 {{Kind::spoil_checksum}},      {{Kind::cut_to, chunk_type_at + 2}}};
  int number = 0;
  for (const auto& edits : tricks) {
    const std::string host = "10.20.9." + std::to_string(++number), host6 = "fd20::9:" + std::to_string(number);
    for (const std::string& each : {host, host6}) {
      PortRule port = open(Protocol::sctp, {.delay = 30ms});
      port.accepts.push_back({.delay = 1ms, .edits = edits});
      port.declines.push_back({.delay = 2ms, .edits = edits});
      s.hosts.push_back(with_port(each, port));
      s.targets.push_back(replies(each));
      s.targets.back().rtt_at_least = 30ms;
    }
  }
  probe_all(s, sctp());
  s.counters = {both("received", &Counters::received, 12)};
  return s;
}

// A quote of eight bytes has only the ports; from twenty bytes on it has the initiate tag.
Scenario sctp_quotes() {
  Scenario s = sctp_scenario("sctp_quotes");
  for (const std::size_t quoted : {8U, 12U, 20U, 32U}) {
    const std::string host = "10.20.8." + std::to_string(quoted);
    s.hosts.push_back(only_error(host, {.from = router(), .code = 2, .quoted = quoted, .quoted_options = 8}));
    s.targets.push_back(unreachable(host, router(), 3, 2));
    s.targets.back().auth_at_least = s.targets.back().auth_at_most = quoted < 20 ? port_of_quote : whole_tag;
  }
  s.hosts.push_back(only_error("10.20.9.1", {.from = router(), .quote_edits = {{Kind::add_to_sequence, 1}}}));
  s.hosts.push_back(only_error("10.20.9.2", {.from = router(), .quoted = 8, .quote_edits = {{Kind::add_to_id, 1}}}));
  s.hosts.push_back(only_error("10.20.9.3", {.from = router(), .quoted_destination = Address::v4({10, 20, 9, 99})}));
  s.hosts.push_back(only_error("10.20.9.4", {.from = router(), .quote_edits = {{Kind::add_to_port, 1}}}));
  s.hosts.push_back(only_error("10.20.9.5", {.from = router(), .quote_edits = {{Kind::add_to_id, 1}}}));
  for (int i = 1; i <= 5; ++i) s.targets.push_back(no_reply("10.20.9." + std::to_string(i)));
  probe_all(s, sctp());
  return s;
}

Scenario sctp_retries() {
  Scenario s = sctp_scenario("sctp_retries");
  s.timeout = 800ms;
  s.retry = 2;
  s.hosts = {with_open("10.20.0.1", Protocol::sctp), with_open("fd20::1", Protocol::sctp)};
  s.hosts[0].lost = {1};
  s.hosts[1].lost = {1, 2};
  s.targets = {replies("10.20.0.1"), replies("fd20::1")};
  s.targets[0].attempt = 2;
  s.targets[1].attempt = 3;
  probe_all(s, sctp(9899));
  return s;
}

}  // namespace

std::vector<Scenario> sctp_scenarios() {
  return {sctp_open(), sctp_states(), sctp_forged(), sctp_quotes(), sctp_retries()};
}

}  // namespace multiping::test
