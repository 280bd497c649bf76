// Scenarios with UDP probes: open, closed and filtered ports, other content, forged errors, and quotes of many lengths.
// With every kind of transport, since UDP needs no privilege.
#include "sim/scenarios.hpp"

#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = Edit::Kind;

constexpr std::uint8_t tag_and_port = 80, port_alone = 16;

Scenario udp_scenario(const char* name) { return {.name = name, .kinds = all_kinds()}; }

Scenario udp_open() {
  Scenario s = udp_scenario("udp_open");
  s.timeout = 2s;
  s.hosts = {with_open("10.20.0.0/16", Protocol::udp, {.jitter = 5ms}), with_open("fd20::/16", Protocol::udp)};
  for (int i = 1; i <= 50; ++i) s.targets.push_back(replies("10.20.1." + std::to_string(i)));
  for (int i = 1; i <= 10; ++i) s.targets.push_back(replies("fd20::" + std::to_string(i)));
  probe_all(s, udp());
  all_prove(s, tag_and_port);
  s.counters = {both("sent", &Counters::sent, 60), both("received", &Counters::received, 60),
                both("duplicates", &Counters::duplicates, 0)};
  return s;
}

// One host answers differently at each port.
Scenario udp_ports() {
  Scenario s = udp_scenario("udp_ports");
  for (const std::string host : {"10.20.0.1", "fd20::1"}) {
    s.hosts.push_back({.block = host});
    auto& ports = s.hosts.back().ports;
    ports.push_back({.protocol = Protocol::udp, .port = 53, .accepts = {{}}});
    ports.push_back({.protocol = Protocol::udp, .port = 33434, .errors = {port_unreachable(host)}});
    ports.push_back({.protocol = Protocol::udp, .port = 7});
    s.targets.push_back(probed(replies(host), udp(53)));
    s.targets.push_back(probed(refused_by_error(host), udp()));
    s.targets.push_back(probed(no_reply(host), udp(7)));
    s.targets.push_back(replies(host));
  }
  s.kinds = {TransportKind::raw, TransportKind::ping_socket};
  s.counters = {both("received", &Counters::received, 6), both("sent", &Counters::sent, 8),
                both("icmp_errors", &Counters::icmp_errors, 2)};
  return s;
}

// Only an error of the target itself is a refusal. An error of a router, also port unreachable, concerns the path.
Scenario udp_states() {
  Scenario s = udp_scenario("udp_states");
  s.hosts = {with_closed("10.20.0.1", Protocol::udp),
             with_closed("fd20::1", Protocol::udp),
             silent("10.20.0.2"),
             only_error("10.20.0.3", {.from = router(), .code = 13}),
             only_error("10.20.0.4", {.from = router(), .code = 3}),
             only_error("10.20.0.5", {.code = 2}),
             only_error("10.20.0.6", {.code = 10}),
             only_error("fd20::3", {.from = router6(), .type = 1, .code = 1}),
             only_error("fd20::4", {.from = router6(), .type = 1, .code = 4}),
             only_error("fd20::5", {.type = 4, .code = 1})};
  s.targets = {refused_by_error("10.20.0.1"),
               refused_by_error("fd20::1"),
               no_reply("10.20.0.2"),
               unreachable("10.20.0.3", router(), 3, 13),
               unreachable("10.20.0.4", router(), 3, 3),
               refused_by_protocol("10.20.0.5"),
               unreachable("10.20.0.6", Address::v4({10, 20, 0, 6}), 3, 10),
               unreachable("fd20::3", router6(), 1, 1),
               unreachable("fd20::4", router6(), 1, 4),
               refused_by_protocol("fd20::5")};
  probe_all(s, udp());
  all_prove(s, tag_and_port);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 9), both("received", &Counters::received, 4)};
  return s;
}

// A host need not return the datagram that it answers. Then only the ports identify the probe.
Scenario udp_other_content() {
  Scenario s = udp_scenario("udp_other_content");
  s.hosts = {with_open("10.20.0.1", Protocol::udp, {.edits = {{Kind::random_payload}}}),
             with_open("10.20.0.2", Protocol::udp, {.edits = {{Kind::cut_to, payload_at}}}),
             with_open("10.20.0.3", Protocol::udp, {.edits = {{Kind::cut_to, payload_at + 3}}}),
             with_open("fd20::1", Protocol::udp, {.edits = {{Kind::random_payload}}}),
             with_open("10.20.0.4", Protocol::udp, {.edits = {{Kind::flip, pattern_at + 2}}})};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2"), replies("10.20.0.3"), replies("fd20::1"),
               replies("10.20.0.4")};
  probe_all(s, udp());
  all_prove(s, port_alone);
  s.targets.back().auth_at_least = s.targets.back().auth_at_most = tag_and_port;
  s.targets.back().payload_altered = true;
  return s;
}

// Answers from another address, from another port with and without the tag, to another port of this host, and with a
// wrong checksum. The tag proves an answer from any port of the target. The responder is reported when an answer comes
// from another address.
Scenario udp_wrong_answers() {
  Scenario s = udp_scenario("udp_wrong_answers");
  s.hosts = {with_open("10.20.0.1", Protocol::udp, {.from = Address::v4({10, 20, 0, 99})}),
             with_open("10.20.0.2", Protocol::udp, {.edits = {{Kind::add_to_id, 1}}}),
             with_open("10.20.0.3", Protocol::udp, {.edits = {{Kind::add_to_port, 1}}}),
             with_open("10.20.0.4", Protocol::udp, {.edits = {{Kind::spoil_checksum}}}),
             with_open("fd20::1", Protocol::udp, {.from = *Address::parse("fd20::99")}),
             with_open("fd20::4", Protocol::udp, {.edits = {{Kind::spoil_checksum}}}),
             with_open("10.20.0.5", Protocol::udp, {.edits = {{Kind::add_to_id, 1}, {Kind::random_payload}}}),
             with_open("10.20.0.6", Protocol::udp, {.edits = {{Kind::flip, payload_at}}}),
             with_open("10.20.0.9", Protocol::udp),
             with_open("fd20::2", Protocol::udp, {.edits = {{Kind::add_to_id, 1}}})};
  for (const HostRule& host : s.hosts) s.targets.push_back(no_reply(host.block));
  s.targets[0].responder = Address::v4({10, 20, 0, 99});
  s.targets[1] = replies("10.20.0.2");
  s.targets[4].responder = *Address::parse("fd20::99");
  s.targets[8] = replies("10.20.0.9");
  s.targets[9] = replies("fd20::2");
  probe_all(s, udp());
  s.counters = {both("received", &Counters::received, 3), both("wrong_source", &Counters::wrong_source, 2),
                both("unauthenticated", &Counters::unauthenticated, 2)};
  return s;
}

// The tag identifies the probe even when the answers of two targets cross.
Scenario udp_duplicates() {
  Scenario s = udp_scenario("udp_duplicates");
  s.hosts = {with_open("10.20.0.1", Protocol::udp, {.copies = 3}), with_open("fd20::1", Protocol::udp, {.copies = 2}),
             with_open("10.20.0.2", Protocol::udp, {.delay = 60ms})};
  s.targets = {replies("10.20.0.1"), replies("fd20::1"), replies("10.20.0.2")};
  probe_all(s, udp());
  s.counters = {both("received", &Counters::received, 3), both("duplicates", &Counters::duplicates, 3)};
  return s;
}

// Four attempts, each from its own port; answers with and without the tag.
Scenario udp_retries() {
  Scenario s = udp_scenario("udp_retries");
  s.timeout = 800ms;
  s.retry = 3;
  for (const std::string host : {"10.20.0.1", "10.20.0.2", "fd20::3"}) {
    s.hosts.push_back(with_open(host, Protocol::udp));
    for (unsigned attempt = 1; attempt < s.hosts.size(); ++attempt) s.hosts.back().lost.push_back(attempt);
    s.targets.push_back(replies(host));
    s.targets.back().attempt = static_cast<std::uint32_t>(s.hosts.size());
  }
  s.hosts.push_back(with_open("10.20.0.4", Protocol::udp, {.edits = {{Kind::random_payload}}}));
  s.hosts.back().lost = {1, 2};
  s.targets.push_back(replies("10.20.0.4"));
  s.targets.back().attempt = 3;
  probe_all(s, udp());
  return s;
}

// An answer to the first probe, without a tag, comes after the second probe was sent: its port identifies the probe.
Scenario udp_slow_answer() {
  Scenario s = udp_scenario("udp_slow_answer");
  s.timeout = 800ms;
  s.retry = 1;
  s.hosts = {with_open("10.20.0.1", Protocol::udp, {.delay = 500ms}),
             with_open("10.20.0.2", Protocol::udp, {.delay = 500ms, .edits = {{Kind::random_payload}}})};
  s.targets = {replies("10.20.0.1"), replies("10.20.0.2")};
  for (Expected& target : s.targets) target.rtt_at_least = 500ms;
  probe_all(s, udp());
  return s;
}

// When a quote has no complete tag, only the ports identify the probe.
Scenario udp_quote_lengths() {
  Scenario s = udp_scenario("udp_quote_lengths");
  for (const std::size_t quoted : {8U, 9U, 12U, 15U, 16U, 28U, 64U}) {
    const std::string host = "10.20.8." + std::to_string(quoted);
    s.hosts.push_back(only_error(host, port_unreachable(host, {.quoted = quoted})));
    s.targets.push_back(refused_by_error(host));
    s.targets.back().auth_at_least = s.targets.back().auth_at_most = quoted < 16 ? port_alone : tag_and_port;
  }
  s.hosts.push_back(only_error("10.20.8.4", port_unreachable("10.20.8.4", {.quoted = 4})));
  s.targets.push_back(no_reply("10.20.8.4"));
  s.hosts.push_back(only_error("fd20::8", port_unreachable("fd20::8", {.quoted = 8})));
  s.targets.push_back(refused_by_error("fd20::8"));
  s.targets.back().auth_at_most = port_alone;
  probe_all(s, udp());
  s.counters = {both("icmp_errors", &Counters::icmp_errors, 8)};
  return s;
}

// Forged port unreachable errors: with a wrong tag, about another destination or port, or from another port of this
// host. An error that quotes only the UDP header, with a wrong checksum, is believed with few auth_bits or not at all.
Scenario udp_forged_errors() {
  Scenario s = udp_scenario("udp_forged_errors");
  const auto forged = [&s](const std::string& host, RouterError error) {
    s.hosts.push_back(only_error(host, port_unreachable(host, std::move(error))));
    s.targets.push_back(no_reply(host));
  };
  forged("10.20.9.1", {.quote_edits = {{Kind::flip, payload_at}}});
  forged("10.20.9.2", {.quoted = 16, .quote_edits = {{Kind::flip, payload_at + 7}}});
  forged("10.20.9.3", {.quote_edits = {{Kind::random_payload}}});
  forged("10.20.9.4", {.quoted_destination = Address::v4({10, 20, 9, 99})});
  forged("10.20.9.5", {.quote_edits = {{Kind::add_to_port, 1}}});
  forged("10.20.9.6", {.quote_edits = {{Kind::add_to_id, 1}}});
  forged("fd20::9:1", {.quote_edits = {{Kind::flip, payload_at}}});
  forged("fd20::9:2", {.quoted_destination = *Address::parse("fd20::99")});
  forged("10.20.9.7", {.quoted = 8, .quote_edits = {{Kind::spoil_checksum}}});
  s.targets.back().or_else = Outcome::refused;
  s.targets.back().weak_below = port_alone + 1;
  probe_all(s, udp());
  return s;
}

// The forged error comes first, the answer fifty milliseconds later: the answer counts, whatever the error proves.
Scenario udp_reply_beats_error() {
  Scenario s = udp_scenario("udp_reply_beats_error");
  for (const std::string host : {"10.20.0.1", "fd20::1"}) {
    s.hosts.push_back(with_open(host, Protocol::udp, {.delay = 51ms}));
    s.hosts.back().errors = {
        {.from = router_of(host), .type = static_cast<std::uint8_t>(is_v6(host) ? 1 : 3)},
        {.from = router_of(host), .type = static_cast<std::uint8_t>(is_v6(host) ? 1 : 3), .quoted = payload_at}};
    s.targets.push_back(replies(host));
    s.targets.back().rtt_at_least = 51ms;
  }
  probe_all(s, udp());
  s.counters = {both("received", &Counters::received, 2)};
  return s;
}

// An address translator rewrote the source in the quote; the tag still identifies the probe.
Scenario udp_translated_quote() {
  Scenario s = udp_scenario("udp_translated_quote");
  s.hosts = {only_error("10.20.9.1", port_unreachable("10.20.9.1", {.quoted_source = Address::v4({198, 51, 100, 7})}))};
  s.targets = {no_reply("10.20.9.1")};
  s.targets[0].or_else = Outcome::refused;
  s.targets[0].weak_below = tag_and_port + 1;
  probe_all(s, udp());
  return s;
}

// Payloads of 0 to 8 bytes carry no tag, a part of one, or all of it.
Scenario udp_tiny_payload(std::size_t size, std::uint8_t bits) {
  Scenario s = udp_scenario("udp_payload");
  s.name += "_of_" + std::to_string(size);
  s.hosts = {with_open("10.20.0.0/16", Protocol::udp), with_open("fd20::/16", Protocol::udp),
             with_closed("10.20.0.9", Protocol::udp)};
  for (HostRule& host : s.hosts) host.only_if.payload = size;
  s.targets = {replies("10.20.0.1"), replies("fd20::1"), refused_by_error("10.20.0.9")};
  ProbeOptions probe = udp();
  probe.payload_size = size;
  probe_all(s, probe);
  for (Expected& target : s.targets) target.auth_at_most = bits;
  s.targets[0].auth_at_least = s.targets[1].auth_at_least = bits;
  return s;
}

}  // namespace

std::vector<Scenario> udp_scenarios() {
  return {udp_open(),
          udp_ports(),
          udp_states(),
          udp_other_content(),
          udp_wrong_answers(),
          udp_duplicates(),
          udp_retries(),
          udp_slow_answer(),
          udp_quote_lengths(),
          udp_forged_errors(),
          udp_reply_beats_error(),
          udp_translated_quote(),
          udp_tiny_payload(0, port_alone),
          udp_tiny_payload(1, port_alone),
          udp_tiny_payload(3, 32),
          udp_tiny_payload(7, 48),
          udp_tiny_payload(8, tag_and_port)};
}

}  // namespace multiping::test
