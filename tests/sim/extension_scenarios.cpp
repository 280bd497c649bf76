// ICMP errors with MPLS labels and interfaces, well-formed and malformed in many ways, about probes of every protocol.
// A malformed extension gives no labels, but the error itself still counts.
#include "sim/scenarios.hpp"

#include <string>

#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace parts;
using Place = IcmpExtensionData::Place;
using Checksum = IcmpExtensionData::Checksum;

const std::vector<MplsLabel>& labels() {
  static const std::vector<MplsLabel> stack = {{.label = 0xFFFFF, .traffic_class = 5, .ttl = 1},
                                               {.label = 16, .bottom_of_stack = true, .ttl = 255}};
  return stack;
}

InterfaceInfo incoming() {
  return {.role = InterfaceInfo::Role::incoming,
          .index = 7,
          .address = Address::v4({10, 1, 0, 77}),
          .name = "ge-0/0/1.100",
          .mtu = 9000};
}
InterfaceInfo next_hop() {
  return {.role = InterfaceInfo::Role::next_hop, .address = *Address::parse("fd01::77"), .name = "eth0"};
}

/// An extension, and what must be read in it.
struct Case {
  IcmpExtensionData extension;
  std::vector<MplsLabel> mpls{};
  std::vector<InterfaceInfo> interfaces{};
};

IcmpExtensionData with_labels() { return {.objects = {mpls_object(labels())}}; }

Case legible(IcmpExtensionData extension) { return {std::move(extension), labels()}; }

// A correct object, and after it one whose length field is wrong.
Case lying(std::uint16_t length) {
  IcmpExtensionData extension = with_labels();
  extension.objects.push_back(unknown_object(4));
  extension.objects.back().length = length;
  return {extension};
}

Case changed(IcmpExtensionData extension) { return {std::move(extension)}; }

Case a_hundred_objects() {
  Case result;
  for (int i = 0; i < 50; ++i) {
    result.extension.objects.push_back(unknown_object(4));
    result.extension.objects.push_back(mpls_object({labels()[1]}));
    result.mpls.push_back(labels()[1]);
  }
  return result;
}

Case interfaces() {
  Case result{.extension = {.objects = {interface_object(incoming()), mpls_object(labels()), unknown_object(12),
                                        interface_object(next_hop())}}};
  result.mpls = labels();
  result.interfaces = {incoming(), next_hop()};
  return result;
}

// Extensions as in RFC 4884 and as real routers send them: without a length field, or with one that counts less than
// the 128 bytes that are there, less than the minimum, or more than there is.
std::vector<Case> well_formed(Family family) {
  const auto longest = static_cast<std::size_t>(family == Family::ipv4 ? 576 : 1024);
  IcmpExtensionData legacy = with_labels(), long_quote = with_labels(), unchecked = with_labels();
  IcmpExtensionData short_field = with_labels(), short_quote = with_labels(), beyond = with_labels();
  legacy.place = Place::legacy;
  long_quote.quote_room = longest;
  unchecked.checksum = Checksum::none;
  beyond.length_field = 255;
  short_field.length_field = 17;
  short_quote.quote_room = 68;
  if (family == Family::ipv6) {
    short_field.length_field = 9;
    short_quote.quote_room = 72;
  }
  return {legible(with_labels()), legible(legacy), legible(long_quote), legible(unchecked), legible(short_field),
          legible(short_quote),   legible(beyond), a_hundred_objects(), interfaces()};
}

std::vector<Case> malformed() {
  IcmpExtensionData spoilt = with_labels(), old = with_labels(), unchecked = with_labels(), legacy = with_labels();
  spoilt.checksum = Checksum::wrong;
  old.version = 1;
  unchecked.place = Place::legacy;
  unchecked.checksum = Checksum::none;
  legacy.place = Place::legacy;
  legacy.checksum = Checksum::wrong;
  return {lying(0),     lying(3),           lying(65535),    changed(spoilt),
          changed(old), changed(unchecked), changed(legacy), changed({})};
}

void add_target(Scenario& s, const std::string& host, const ProbeOptions& probe, const Case& each) {
  const bool v6 = is_v6(host);
  Expected expected = unreachable(host, router_of(host), v6 ? 1 : 3, 0);
  expected.mpls = each.mpls;
  expected.interfaces = each.interfaces;
  s.hosts.push_back(only_error(host, {.from = router_of(host),
                                      .type = static_cast<std::uint8_t>(v6 ? 1 : 3),
                                      .code = 0,
                                      .extension = each.extension}));
  s.targets.push_back(probed(expected, probe));
}

void add_all(Scenario& s, const ProbeOptions& probe, Family family) {
  const std::string prefix = family == Family::ipv4 ? "10.20.5." : "fd20::5:";
  int number = 0;
  for (const Case& each : well_formed(family)) add_target(s, prefix + std::to_string(++number), probe, each);
  for (const Case& each : malformed()) add_target(s, prefix + std::to_string(++number), probe, each);
}

Scenario extensions(const char* name, const ProbeOptions& probe, std::vector<TransportKind> kinds) {
  Scenario s{.name = std::string{"extensions_"} + name, .kinds = std::move(kinds)};
  add_all(s, probe, Family::ipv4);
  add_all(s, probe, Family::ipv6);
  s.counters = {both("icmp_errors", &Counters::icmp_errors, s.targets.size())};
  return s;
}

// Labels after quotes whose IP headers have options of every length, with and without a length field.
Scenario behind_options(const char* name, const ProbeOptions& probe, std::vector<TransportKind> kinds) {
  Scenario s{.name = std::string{"extensions_behind_options_"} + name, .kinds = std::move(kinds)};
  for (const Place place : {Place::by_length, Place::legacy}) {
    for (std::size_t bytes = 0; bytes <= 40; bytes += 4) {
      const std::string host = (place == Place::legacy ? "10.20.6." : "10.20.5.") + std::to_string(bytes + 1);
      IcmpExtensionData extension = with_labels();
      extension.place = place;
      add_target(s, host, probe, legible(extension));
      s.hosts.back().errors[0].quoted_options = bytes;
      s.hosts.back().errors[0].ip_options = 40 - bytes;
    }
    const std::string host6 = place == Place::legacy ? "fd20::6" : "fd20::5";
    IcmpExtensionData extension = with_labels();
    extension.place = place;
    add_target(s, host6, probe, legible(extension));
    s.hosts.back().errors[0].quoted_options = 16;
    s.hosts.back().errors[0].ip_options = 24;
  }
  return s;
}

}  // namespace

std::vector<Scenario> extension_scenarios() {
  const std::vector<TransportKind> echo_kinds = {TransportKind::raw, TransportKind::ping_socket};
  std::vector<Scenario> list = {extensions("icmp", {}, echo_kinds),
                                extensions("udp", udp(), all_kinds()),
                                extensions("tcp", tcp(), all_kinds()),
                                extensions("half_open", half_open(), raw_only()),
                                extensions("sctp", sctp(), raw_only()),
                                behind_options("icmp", {}, echo_kinds),
                                behind_options("udp", udp(), all_kinds()),
                                behind_options("tcp", tcp(), all_kinds()),
                                behind_options("half_open", half_open(), raw_only()),
                                behind_options("sctp", sctp(), raw_only())};
  return list;
}

}  // namespace multiping::test
