// Tests the fields that make a flow in the packets that leave: checksum and identifier, ports, flow label; by raw
// sockets and without privilege. Also that each of many probes of one flow that are under way at once finds its own
// hop.
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>
#include <set>
#include <tuple>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "netns/tun_device.hpp"
#include "os/io_under_test.hpp"
#include "os/sniffer.hpp"
#include "os/socket_basics.hpp"
#include "sim/scenario_parts.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(flow_test, *precondition(needs_root))

constexpr int hops = 6;

ProbeOptions with_flow(ProbeOptions probe, std::uint16_t flow, std::optional<int> ttl = std::nullopt) {
  probe.flow = flow;
  probe.ttl = ttl;
  return probe;
}

std::map<Prober::Token, Result> all_of(Prober& prober) {
  std::map<Prober::Token, Result> results;
  while (prober.in_flight() > 0)
    for (auto& [token, result] : prober.poll(20s)) results.emplace(token, std::move(result));
  return results;
}

std::uint16_t get16(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// The fields that routers may use to balance load.
struct Signature {
  std::uint16_t first = 0, second = 0;  ///< ICMP: checksum and identifier; else the ports.
  std::uint32_t label = 0;
  friend auto operator<=>(const Signature&, const Signature&) = default;
};

Signature signature_of(const WireHeader& packet, Protocol protocol) {
  const bool icmp = protocol == Protocol::icmp;
  return {get16(packet.message, icmp ? 2 : 0), get16(packet.message, icmp ? 4 : 2), packet.flow_label};
}

bool is_probe(const WireHeader& packet, Protocol protocol) {
  if (protocol == Protocol::icmp) return packet.message[0] == 8 || packet.message[0] == 128;
  return protocol == Protocol::udp || packet.message[13] == 2;  // a SYN alone
}

int number_of(Protocol protocol, bool v4) {
  if (protocol == Protocol::icmp) return v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  return protocol == Protocol::udp ? int{IPPROTO_UDP} : int{IPPROTO_TCP};
}

/// The distinct signatures of the probes that left to `target`, and the number of these probes.
struct Seen {
  std::set<Signature> signatures{};
  std::size_t probes = 0;
};
std::map<std::string, Seen> seen_by(Sniffer& sniffer, Protocol protocol, bool v4) {
  std::map<std::string, Seen> seen;
  for (const WireHeader& packet : sniffer.sent(number_of(protocol, v4))) {
    if (!is_probe(packet, protocol)) continue;
    Seen& of_target = seen[packet.target];
    of_target.signatures.insert(signature_of(packet, protocol));
    ++of_target.probes;
  }
  return seen;
}

/// Sends probes of a flow, with six different ttl, to two targets. When only one probe of a target may be under way,
/// waits for the answers before it sends with the next ttl.
std::map<std::string, Seen> on_the_wire(Prober& prober, const ProbeOptions& probe, bool v4) {
  Sniffer sniffer{"lo"};
  const bool one_by_one = probe.protocol == Protocol::tcp && !probe.half_open;
  for (int ttl = 10; ttl < 10 + hops; ++ttl) {
    for (const char* target : {v4 ? "127.0.0.5" : "fd00::5", v4 ? "127.0.0.6" : "fd00::6"})
      static_cast<void>(prober.submit(address(target), with_flow(probe, *probe.flow, ttl), 5s));
    if (one_by_one) BOOST_TEST(all_of(prober).size() == 2U);
  }
  for (const auto& [token, result] : all_of(prober)) BOOST_TEST(result.answered(), result.error.message());
  return seen_by(sniffer, probe.protocol, v4);
}

/// The only signature of the probes to each target. Where it consists of ports, it must be the same for all targets.
Signature signature_on_the_wire(Prober& prober, const ProbeOptions& probe, bool v4) {
  const auto seen = on_the_wire(prober, probe, v4);
  BOOST_TEST_REQUIRE(seen.size() == 2U);
  for (const auto& [target, of_target] : seen) {
    BOOST_TEST(of_target.probes == static_cast<std::size_t>(hops));
    BOOST_TEST(of_target.signatures.size() == 1U);
  }
  const Signature first = *seen.begin()->second.signatures.begin();
  if (probe.protocol != Protocol::icmp) BOOST_TEST((*seen.rbegin()->second.signatures.begin() == first));
  return first;
}

struct Sort {
  const char* name;
  TransportKind kind;
  ProbeOptions probe;
};
const Sort sorts[] = {{"raw ICMP", TransportKind::raw, {}},
                      {"ping socket", TransportKind::ping_socket, {}},
                      {"small ICMP", TransportKind::raw, {.payload_size = 5, .pattern = {1, 2, 3}}},
                      {"UDP", TransportKind::sockets, parts::udp()},
                      {"half-open TCP", TransportKind::raw, parts::half_open()},
                      {"TCP", TransportKind::sockets, parts::tcp()}};

/// Sets up addresses on loopback, where every closed port answers.
void furnish_loopback() {
  allow_ping_sockets();
  run("ip addr add fd00::5/128 dev lo nodad && ip addr add fd00::6/128 dev lo nodad");
  wait_for_addresses();
  lift_error_limits();
}

/// 10.20.0.0/16 and fd20::/16 behind a path of routers that quote all of a packet.
Scenario path() {
  Scenario scenario{.name = "path"};
  for (const bool v4 : {true, false}) {
    HostRule rule{.block = v4 ? "10.20.0.0/16" : "fd20::/16"};
    for (int hop = 1; hop < hops; ++hop)
      rule.path.push_back({.address = address((v4 ? "10.1.0." : "fd01::") + std::to_string(hop))});
    for (const Protocol protocol : {Protocol::udp, Protocol::tcp}) rule.ports.push_back(parts::open(protocol));
    scenario.hosts.push_back(rule);
  }
  return scenario;
}

BOOST_AUTO_TEST_CASE(probes_of_a_flow_look_the_same_and_those_of_another_do_not) {
  for (const Sort& sort : sorts) {
    if (!tried_here(sort.kind)) continue;
    in_namespace([&] {
      furnish_loopback();
      Prober prober{options_for(sort.kind)};
      for (const bool v4 : {true, false}) {
        BOOST_TEST_CONTEXT(sort.name << (v4 ? " over IPv4" : " over IPv6")) {
          std::set<Signature> signatures;
          for (const auto flow : std::array<std::uint16_t, 3>{0, 1, 0xfffe}) {
            const Signature signature = signature_on_the_wire(prober, with_flow(sort.probe, flow), v4);
            BOOST_TEST(signatures.insert(signature).second);
            BOOST_TEST(signature.label == (v4 ? 0U : 0x80000U | flow));
          }
          const Signature again = signature_on_the_wire(prober, with_flow(sort.probe, 1), v4);
          BOOST_TEST(signatures.contains(again));
        }
      }
    });
  }
}

// One thread only, since each thread has sockets of its own. (The sniffer would lose some of more packets.)
BOOST_AUTO_TEST_CASE(a_batch_keeps_its_flow_also_where_threads_are_asked_for) {
  in_namespace([] {
    furnish_loopback();
    Options options = options_for(TransportKind::sockets);
    options.threads = 2;
    options.probe = with_flow(parts::udp(), 3);
    Sniffer sniffer{"lo"};
    MultiPing batch{expand("127.1.0.0/26"), options};
    batch.send();
    std::set<Signature> signatures;
    const auto seen = seen_by(sniffer, Protocol::udp, true);
    for (const auto& [target, of_target] : seen) signatures.merge(std::set{of_target.signatures});
    BOOST_TEST(seen.size() > 50U);
    BOOST_TEST(signatures.size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(a_label_and_a_port_that_were_asked_for_stay) {
  in_namespace([] {
    furnish_loopback();
    Prober prober{options_for(TransportKind::sockets)};
    ProbeOptions probe = with_flow(parts::udp(), 4);
    probe.source_port = 5353;
    probe.flow_label = 0x123;
    const Signature signature = signature_on_the_wire(prober, probe, false);
    BOOST_TEST(signature.first == 5353);
    BOOST_TEST(signature.label == 0x123U);
  });
}

BOOST_AUTO_TEST_CASE(sockets_of_a_flow_share_their_port_and_have_it_again, *label("own_sockets")) {
  in_namespace([] {
    for (const ProbeOptions& probe : {parts::udp(), parts::half_open()}) {
      ProbeOptions whole = with_flow(probe, 3);
      whole.dont_fragment = true;
      IoUnderTest under_test{TransportKind::raw, {with_flow(probe, 3), whole, with_flow(probe, 4)}};
      const auto port_of = [&](std::uint16_t profile) {
        return under_test.io().channel(under_test.socket_id(Family::ipv4, profile)).id;
      };
      const std::uint16_t port = port_of(0);
      BOOST_TEST(under_test.socket_id(Family::ipv4, 1) != under_test.socket_id(Family::ipv4, 0));
      BOOST_TEST(port_of(1) == port);
      BOOST_TEST(port_of(2) != port);
      for (const auto profile : std::array<std::uint16_t, 3>{0, 1, 2}) under_test.io().set_profile(profile, {});
      // So many other sockets that unused sockets are closed.
      for (std::uint16_t profile = 3; profile < 23; ++profile) {
        under_test.io().set_profile(profile, with_flow(probe, static_cast<std::uint16_t>(100 + profile)));
        BOOST_TEST(port_of(profile) != port);
      }
      BOOST_TEST(under_test.io().sockets().size() < 23U);
      under_test.io().set_profile(0, with_flow(probe, 3));
      BOOST_TEST(port_of(0) == port);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_port_of_a_flow_is_kept_between_its_connections) {
  in_namespace([] {
    furnish_loopback();
    Prober prober{options_for(TransportKind::sockets)};
    const std::uint16_t port = signature_on_the_wire(prober, with_flow(parts::tcp(), 2), true).first;
    const os::FileDescriptor other = os::open_socket(Family::ipv4, SOCK_STREAM, 0);
    BOOST_TEST(!os::bind_to(other.value(), Family::ipv4, {}, port));
    BOOST_TEST(errno == EADDRINUSE);
    BOOST_TEST(signature_on_the_wire(prober, with_flow(parts::tcp(), 2), true).first == port);
  });
}

// As many flows as ports: each has a port of its own, though none of them has a connection while the next begins.
BOOST_AUTO_TEST_CASE(no_two_flows_have_one_port) {
  in_namespace([] {
    furnish_loopback();
    write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40031");
    Prober prober{options_for(TransportKind::sockets)};
    std::set<std::uint16_t> ports;
    for (std::uint16_t flow = 0; flow < 16; ++flow)
      ports.insert(signature_on_the_wire(prober, with_flow(parts::tcp(), flow), true).first);
    BOOST_TEST(ports.size() == 16U);
  });
}

BOOST_AUTO_TEST_CASE(every_probe_of_a_flow_has_its_own_hop, *precondition(needs_tun)) {
  for (const Sort& sort : sorts) {
    if (!tried_here(sort.kind)) continue;
    in_namespace([&] {
      allow_ping_sockets();
      const TunDevice device{path()};
      Prober prober{options_for(sort.kind)};
      const bool one_by_one = sort.probe.protocol == Protocol::tcp && !sort.probe.half_open;
      for (const std::string prefix : {"10.20.0.", "fd20::"}) {
        BOOST_TEST_CONTEXT(sort.name << " to " << prefix << "7") {
          std::map<Prober::Token, int> asked;
          std::map<Prober::Token, Result> results;
          for (int ttl = hops; ttl > 0; --ttl) {
            asked[prober.submit(address(prefix + "7"), with_flow(sort.probe, 9, ttl), 10s)] = ttl;
            if (one_by_one) results.merge(all_of(prober));
          }
          results.merge(all_of(prober));
          BOOST_TEST(results.size() == static_cast<std::size_t>(hops));
          for (const auto& [token, result] : results) {
            const int ttl = asked.at(token);
            const std::string router = (prefix == "fd20::" ? "fd01::" : "10.1.0.") + std::to_string(ttl);
            BOOST_TEST(result.outcome == (ttl == hops ? Outcome::reply : Outcome::ttl_expired));
            BOOST_TEST(result.responder == address(ttl == hops ? prefix + "7" : router));
          }
        }
      }
      BOOST_TEST(prober.counters().unauthenticated == 0U);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
