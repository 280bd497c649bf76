// Parts from which the named scenarios are made.
// IPv4 hosts are in 10.20.0.0/16, IPv6 hosts in fd20::/16, routers in 10.1.0.0/16 and fd01::/16.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/scenario.hpp"

namespace multiping::test::parts {

inline constexpr std::size_t payload_at = 8;   // offset in an ICMP or UDP message
inline constexpr std::size_t pattern_at = 16;  // offset after the tag

// Functions rather than objects, since scenarios are made during static initialisation.
inline Address router() { return Address::v4({10, 1, 0, 2}); }
inline Address router6() { return *Address::parse("fd01::2"); }
inline bool is_v6(const std::string& host) { return host.find(':') != std::string::npos; }
inline Address router_of(const std::string& host) { return is_v6(host) ? router6() : router(); }

/// The kinds of transport that run a scenario: every kind of socket, or raw sockets only.
inline std::vector<TransportKind> all_kinds() {
  return {TransportKind::raw, TransportKind::ping_socket, TransportKind::sockets};
}
inline std::vector<TransportKind> raw_only() { return {TransportKind::raw}; }

/// The same value of a counter with every kind of socket.
inline CounterRule both(const char* name, std::uint64_t Counters::*counter, std::uint64_t value) {
  return {name, counter, value, value};
}

inline HostRule silent(std::string block) { return {.block = std::move(block), .replies = {}}; }

inline HostRule edited(std::string block, std::vector<Edit> edits) {
  return {.block = std::move(block), .replies = {{.edits = std::move(edits)}}};
}

inline HostRule only_error(std::string block, RouterError error) {
  return {.block = std::move(block), .replies = {}, .errors = {std::move(error)}};
}

/// A host that answers only at this port.
inline HostRule with_port(std::string block, PortRule port) {
  return {.block = std::move(block), .replies = {}, .ports = {std::move(port)}};
}

inline PortRule open(Protocol protocol, EchoReply answer = {}) {
  return {.protocol = protocol, .accepts = {std::move(answer)}};
}

/// A port unreachable error, from the host itself unless `error` names another sender.
inline RouterError port_unreachable(const std::string& host, RouterError error = {}) {
  error.type = is_v6(host) ? 1 : 3;
  error.code = is_v6(host) ? 4 : 3;
  return error;
}

inline HostRule with_open(std::string host, Protocol protocol, EchoReply answer = {}) {
  return with_port(std::move(host), open(protocol, std::move(answer)));
}

/// A host that answers with a RST, an ABORT, or for UDP with port unreachable.
inline HostRule with_closed(const std::string& host, Protocol protocol, EchoReply answer = {}) {
  if (protocol == Protocol::udp) return only_error(host, port_unreachable(host, {.delay = answer.delay}));
  return with_port(host, {.protocol = protocol, .declines = {std::move(answer)}});
}

inline ProbeOptions udp(int port = 0) { return {.protocol = Protocol::udp, .port = port}; }
inline ProbeOptions tcp(int port = 0) { return {.protocol = Protocol::tcp, .port = port}; }
inline ProbeOptions half_open(int port = 0) { return {.protocol = Protocol::tcp, .port = port, .half_open = true}; }
inline ProbeOptions sctp(int port = 0) { return {.protocol = Protocol::sctp, .port = port}; }

inline Expected replies(std::string host) { return {.host = std::move(host)}; }

inline Expected no_reply(std::string host) { return {.host = std::move(host), .outcome = Outcome::no_reply}; }

inline Expected refused(std::string host) { return {.host = std::move(host), .outcome = Outcome::refused}; }

/// Refused by the port unreachable error of a UDP host.
inline Expected refused_by_error(std::string host) {
  const bool v6 = is_v6(host);
  Expected expected = refused(std::move(host));
  expected.type = v6 ? 1 : 3;
  expected.code = v6 ? 4 : 3;
  return expected;
}

/// Refused by a host that does not have the protocol.
inline Expected refused_by_protocol(std::string host) {
  const bool v6 = is_v6(host);
  Expected expected = refused(std::move(host));
  expected.type = v6 ? 4 : 3;
  expected.code = v6 ? 1 : 2;
  return expected;
}

inline Expected unreachable(std::string host, Address from, std::uint8_t type, std::uint8_t code,
                            std::uint32_t mtu = 0) {
  return {.host = std::move(host),
          .outcome = Outcome::unreachable,
          .responder = from,
          .type = type,
          .code = code,
          .mtu = mtu};
}

/// Expired at the router where this TTL ends.
inline Expected expired(std::string host, int ttl, const Address& hop) {
  const std::uint8_t type = hop.family() == Family::ipv6 ? 3 : 11;
  return {
      .host = std::move(host), .outcome = Outcome::ttl_expired, .ttl = ttl, .responder = hop, .type = type, .code = 0};
}

inline Expected probed(Expected expected, const ProbeOptions& probe) {
  expected.probe = probe;
  return expected;
}

/// Sets the same probe for all targets.
inline void probe_all(Scenario& scenario, const ProbeOptions& probe) {
  for (Expected& target : scenario.targets) target.probe = probe;
}

/// Sets the auth_bits that every answer must have.
inline void all_prove(Scenario& scenario, std::uint8_t bits) {
  for (Expected& target : scenario.targets)
    if (target.outcome != Outcome::no_reply) target.auth_at_least = target.auth_at_most = bits;
}

}  // namespace multiping::test::parts
