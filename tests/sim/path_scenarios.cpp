// Long paths to one host, with all hops probed at once: labels, silent routers, several routers at one hop, and answers
// in the wrong order.
#include "sim/scenarios.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;

constexpr int silent_every = 9, labelled_every = 4;

/// The profile of a path.
struct SendPath {
  int routers = 63;       // the host is the sixty-fourth hop
  int balanced_hop = 30;  // the hop with several routers; 0: none
};

Address hop_address(Family family, int number, int branch = 0) {
  const auto low = static_cast<std::uint8_t>(number), high = static_cast<std::uint8_t>(branch + 1);
  if (family == Family::ipv4) return Address::v4({10, 1, high, low});
  std::array<std::uint8_t, 16> octets{0xFD, 0x01};
  octets[13] = high;
  octets[15] = low;
  return Address::v6(octets);
}

std::vector<MplsLabel> labels_at(int number) {
  return {{.label = 1000U + static_cast<std::uint32_t>(number), .ttl = 1},
          {.label = 3, .traffic_class = 7, .bottom_of_stack = true, .ttl = static_cast<std::uint8_t>(number)}};
}

bool is_silent(int number) { return number % silent_every == 0; }
bool has_labels(int number) { return number % labelled_every == 0; }

// A nearer router answers later, so all answers come in the wrong order.
Hop hop_at(const SendPath& way, Family family, int number) {
  Hop hop{.address = hop_address(family, number), .delay = 1ms * (way.routers + 1 - number)};
  hop.silent = is_silent(number);
  if (number == way.balanced_hop) hop.others = {hop_address(family, number, 1), hop_address(family, number, 2)};
  if (!has_labels(number)) return hop;
  hop.extension = IcmpExtensionData{.objects = {mpls_object(labels_at(number))}};
  // Half of the routers with labels use the old format without a length field.
  if (number % (labelled_every * 2) == 0) hop.extension->place = IcmpExtensionData::Place::legacy;
  return hop;
}

void add_path(Scenario& s, const SendPath& way, const std::string& host, const ProbeOptions& probe) {
  const Family family = is_v6(host) ? Family::ipv6 : Family::ipv4;
  HostRule rule{.block = host};
  if (probe.protocol != Protocol::icmp) rule.ports = {open(probe.protocol)};
  for (int number = 1; number <= way.routers; ++number) {
    rule.path.push_back(hop_at(way, family, number));
    Expected expected = expired(host, number, hop_address(family, number));
    if (is_silent(number)) expected = no_reply(host);
    if (has_labels(number) && !is_silent(number)) expected.mpls = labels_at(number);
    expected.or_from = rule.path.back().others;
    expected.ttl = number;
    s.targets.push_back(probed(expected, probe));
  }
  s.hosts.push_back(rule);
  s.targets.push_back(probed(replies(host), probe));
  s.targets.back().ttl = way.routers + 1;
}

Scenario path(std::string name, const SendPath& way, const ProbeOptions& probe) {
  Scenario s{.name = std::move(name), .timeout = 1s};
  add_path(s, way, "10.20.0.1", probe);
  add_path(s, way, "fd20::1", probe);
  const auto silent = 2 * static_cast<std::uint64_t>(way.routers / silent_every);
  const auto sent = 2 * static_cast<std::uint64_t>(way.routers + 1);
  s.counters = {both("sent", &Counters::sent, sent), both("received", &Counters::received, 2),
                both("icmp_errors", &Counters::icmp_errors, sent - silent - 2)};
  return s;
}

Scenario with_kinds(Scenario scenario, std::vector<TransportKind> kinds) {
  scenario.kinds = std::move(kinds);
  return scenario;
}

}  // namespace

std::vector<Scenario> path_scenarios() {
  const SendPath one_by_one{.routers = 15, .balanced_hop = 0};
  return {path("long_path_icmp", {}, {}),
          with_kinds(path("long_path_udp", {}, udp()), all_kinds()),
          with_kinds(path("long_path_tcp", {}, tcp()), all_kinds()),
          with_kinds(path("long_path_half_open", {}, half_open()), raw_only()),
          with_kinds(path("long_path_sctp", {}, sctp()), raw_only()),
          path("mpls_path_icmp", one_by_one, {}),
          with_kinds(path("mpls_path_udp", one_by_one, udp()), all_kinds()),
          with_kinds(path("mpls_path_tcp", one_by_one, tcp()), all_kinds())};
}

}  // namespace multiping::test
