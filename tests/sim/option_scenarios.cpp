// Probe options on the wire: hosts answer only packets that look right, for every protocol.
// When this host lacks an address or a device, only the target that asks for it fails.
#include "sim/scenarios.hpp"

#include <cerrno>
#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

Address second_source() { return Address::v4({10, 255, 255, 2}); }
Address second_source6() { return *Address::parse("fdff::2"); }

/// Adds hosts that each answer only one kind of packet, and a target for each host.
class Looks {
 public:
  Looks(Scenario& scenario, ProbeOptions probe) : scenario_{scenario}, probe_{std::move(probe)} {}

  /// Adds a probe with one change, and the packet that it must give.
  void add(const ProbeOptions& probe, const Look& look, Family family) {
    const std::string host = (family == Family::ipv4 ? "10.20.7." : "fd20::7:") + std::to_string(++number_);
    HostRule rule{.block = host, .only_if = look};
    if (probe.protocol != Protocol::icmp) rule.ports = {open(probe.protocol)};
    scenario_.hosts.push_back(std::move(rule));
    scenario_.targets.push_back(probed(replies(host), probe));
  }

  void add_common() {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      for (const int ttl : {1, 77, 255}) add(with(&ProbeOptions::ttl, std::optional{ttl}), {.ttl = ttl}, family);
      for (const int tos : {0, 0xB8, 0xFC}) add(with(&ProbeOptions::tos, tos), {.tos = tos}, family);
      add(with(&ProbeOptions::dont_fragment, true), {}, family);
      add(with(&ProbeOptions::device, std::string{"sim0"}), {}, family);
      add(with(&ProbeOptions::mark, std::optional{7U}), {}, family);
    }
    add(with(&ProbeOptions::dont_fragment, true), {.dont_fragment = true}, Family::ipv4);
    add(with(&ProbeOptions::source_v4, second_source()), {.source = second_source()}, Family::ipv4);
    add(with(&ProbeOptions::source_v6, second_source6()), {.source = second_source6()}, Family::ipv6);
    add(with(&ProbeOptions::flow_label, std::optional{0xABCDEU}), {.flow_label = 0xABCDE}, Family::ipv6);
  }

  void add_source_port(int port) {
    for (const Family family : {Family::ipv4, Family::ipv6})
      for (int i = 0; i < 2; ++i) add(with(&ProbeOptions::source_port, port), {.source_port = port}, family);
  }

  void add_payloads() {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, std::size_t{8000}})
      add(with(&ProbeOptions::payload_size, size), {.payload = size}, Family::ipv4);
  }

 private:
  template <class Member, class Value>
  [[nodiscard]] ProbeOptions with(Member member, Value value) const {
    ProbeOptions probe = probe_;
    probe.*member = std::move(value);
    return probe;
  }

  Scenario& scenario_;
  ProbeOptions probe_;
  int number_ = 0;
};

Scenario options_of_icmp() {
  Scenario s{.name = "options_icmp", .timeout = 2s};
  Looks looks{s, {}};
  looks.add_common();
  looks.add_payloads();
  return s;
}

Scenario options_of_udp() {
  Scenario s{.name = "options_udp", .timeout = 2s};
  Looks looks{s, udp()};
  looks.add_common();
  looks.add_payloads();
  looks.add_source_port(4321);
  return s;
}

Scenario options_of(const char* name, const ProbeOptions& probe, std::vector<TransportKind> kinds) {
  Scenario s{.name = std::string{"options_"} + name, .kinds = std::move(kinds), .timeout = 2s};
  Looks looks{s, probe};
  looks.add_common();
  looks.add_source_port(4322);
  return s;
}

// A source address or device that this host does not have: the targets that ask for it fail, and no other target.
Scenario missing(const char* name, const ProbeOptions& probe, std::vector<TransportKind> kinds) {
  Scenario s{.name = std::string{"missing_"} + name, .kinds = std::move(kinds)};
  ProbeOptions elsewhere = probe, nowhere = probe;
  elsewhere.source_v4 = Address::v4({192, 0, 2, 9});
  elsewhere.source_v6 = *Address::parse("2001:db8::9");
  nowhere.device = "nosuch0";
  for (const std::string host : {"10.20.0.1", "fd20::1"}) {
    s.hosts.push_back({.block = host, .ports = {open(probe.protocol)}});
    s.targets.push_back(probed({.host = host, .outcome = Outcome::send_failed, .error = EADDRNOTAVAIL}, elsewhere));
    s.targets.push_back(probed(replies(host), probe));
    s.targets.push_back(probed({.host = host, .outcome = Outcome::send_failed, .error = ENODEV}, nowhere));
  }
  s.counters = {both("sent", &Counters::sent, 2), both("received", &Counters::received, 2)};
  return s;
}

}  // namespace

std::vector<Scenario> option_scenarios() {
  return {missing("icmp", {}, {TransportKind::raw, TransportKind::ping_socket}),
          missing("udp", udp(), all_kinds()),
          missing("tcp", tcp(), all_kinds()),
          missing("half_open", half_open(), raw_only()),
          missing("sctp", sctp(), raw_only()),
          options_of_icmp(),
          options_of_udp(),
          options_of("tcp", tcp(), {TransportKind::raw, TransportKind::ping_socket}),
          options_of("half_open", half_open(), raw_only()),
          options_of("sctp", sctp(), raw_only())};
}

}  // namespace multiping::test
