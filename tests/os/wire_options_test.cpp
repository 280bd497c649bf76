// Tests every option of a message in the packets that leave, for each kind of socket.
// The packets are recorded where they leave the kernel.
#include <netinet/in.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "netns/interposed.hpp"
#include "netns/namespace.hpp"
#include "netns/through_broker.hpp"
#include "os/io_under_test.hpp"
#include "os/sniffer.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(wire_options_test, *precondition(needs_root))

/// A kind of message and the kind of socket that it leaves through.
struct Sort {
  const char* name;
  TransportKind kind;
  ProbeOptions probe;
  int v4_protocol, v6_protocol;
  Bytes v4_message, v6_message;
};

template <std::size_t N>
Bytes bytes_of(const std::array<std::uint8_t, N>& message) {
  return {message.begin(), message.end()};
}

std::vector<Sort> sorts() {
  const Bytes v4_echo = hex("08 00 f7ff 0000 0000"), v6_echo = hex("80 00 0000 0000 0000"), datagram = hex("01020304");
  const Bytes syn = bytes_of(packet::encode_tcp_syn({.destination_port = 80, .sequence = 1}, {}, {}));
  const Bytes init = bytes_of(packet::encode_sctp_init({.source_port = 0x8001, .destination_port = 80}));
  const ProbeOptions tcp{.protocol = Protocol::tcp, .half_open = true};
  return {{"raw ICMP", TransportKind::raw, {}, IPPROTO_ICMP, IPPROTO_ICMPV6, v4_echo, v6_echo},
          {"ping socket", TransportKind::ping_socket, {}, IPPROTO_ICMP, IPPROTO_ICMPV6, v4_echo, v6_echo},
          {"UDP", TransportKind::sockets, {.protocol = Protocol::udp}, IPPROTO_UDP, IPPROTO_UDP, datagram, datagram},
          {"raw TCP", TransportKind::raw, tcp, IPPROTO_TCP, IPPROTO_TCP, syn, syn},
          {"SCTP", TransportKind::raw, {.protocol = Protocol::sctp}, IPPROTO_SCTP, IPPROTO_SCTP, init, init}};
}

/// Runs `body` for each sort in a namespace of its own, where only the kernel answers.
void for_each_sort(const std::function<void(const Sort&)>& body) {
  for (const Sort& sort : sorts()) {
    if (!tried_here(sort.kind)) continue;
    BOOST_TEST_CONTEXT(sort.name) {
      in_namespace([&] {
        allow_ping_sockets();
        run("ip addr add fd00::9/128 dev lo nodad");
        wait_for_addresses();
        body(sort);
      });
    }
  }
}

/// Whether the packet is this host's answer on the same device: it does not begin as the sent message does. No UDP
/// packet is one, since UDP is answered by ICMP.
bool is_answer(const Sort& sort, const WireHeader& packet, const Bytes& sent) {
  return sort.probe.protocol != Protocol::udp && !std::equal(sent.begin(), sent.begin() + 2, packet.message.begin());
}

/// Sends one message with each of these options to `to` in one call, and returns the packets that left.
std::vector<WireHeader> on_the_wire(const Sort& sort, const Address& to, const std::vector<ProbeOptions>& looks) {
  IoUnderTest under_test{sort.kind, looks};
  const bool v4 = to.family() == Family::ipv4;
  const Bytes& message = v4 ? sort.v4_message : sort.v6_message;
  std::vector<std::uint16_t> profiles;
  for (std::uint16_t i = 0; i < looks.size(); ++i) profiles.push_back(i);
  Sniffer sniffer{"lo"};
  std::vector<WireHeader> found;
  const net::SendReport report = under_test.send(to, message, profiles);
  BOOST_TEST_REQUIRE(report.accepted == looks.size(), report.refused.message());
  for (WireHeader& packet : sniffer.sent(v4 ? sort.v4_protocol : sort.v6_protocol))
    if (!is_answer(sort, packet, message)) found.push_back(std::move(packet));
  return found;
}

BOOST_AUTO_TEST_CASE(ttl_tos_and_source_are_mixed_within_one_call_for_ipv4) {
  for_each_sort([](const Sort& sort) {
    ProbeOptions far = sort.probe, marked = sort.probe, elsewhere = sort.probe;
    far.ttl = 255;
    marked.ttl = 7;
    marked.tos = 0xbb;
    elsewhere.source_v4 = address("127.0.0.9");
    const auto packets = on_the_wire(sort, address("127.0.0.5"), {sort.probe, far, marked, elsewhere});
    BOOST_TEST_REQUIRE(packets.size() == 4U);
    BOOST_TEST(packets[0].ttl == 64);
    BOOST_TEST(packets[1].ttl == 255);
    BOOST_TEST(packets[2].ttl == 7);
    BOOST_TEST(packets[1].tos == 0);
    BOOST_TEST(packets[2].tos == 0xbb);
    BOOST_TEST(packets[2].source == packets[0].source);
    BOOST_TEST(packets[3].source == "127.0.0.9");
    BOOST_TEST(packets[3].ttl == 64);
  });
}

BOOST_AUTO_TEST_CASE(the_same_for_ipv6_with_hop_limit_class_and_label) {
  for_each_sort([](const Sort& sort) {
    ProbeOptions far = sort.probe, marked = sort.probe, elsewhere = sort.probe;
    far.ttl = 255;
    far.flow_label = 0xabcde;
    marked.ttl = 7;
    marked.tos = 0xbb;
    marked.flow_label = 5;
    elsewhere.source_v6 = address("fd00::9");
    auto packets = on_the_wire(sort, address("::1"), {sort.probe, far, marked});
    for (const WireHeader& packet : on_the_wire(sort, address("::1"), {elsewhere})) packets.push_back(packet);
    BOOST_TEST_REQUIRE(packets.size() == 4U);
    BOOST_TEST(packets[0].ttl == 64);
    BOOST_TEST(packets[1].ttl == 255);
    BOOST_TEST(packets[1].flow_label == 0xabcdeU);
    BOOST_TEST(packets[2].ttl == 7);
    BOOST_TEST(packets[2].tos == 0xbb);
    BOOST_TEST(packets[2].flow_label == 5U);
    BOOST_TEST(packets[3].source == "fd00::9");
    BOOST_TEST(packets[3].tos == 0);
  });
}

// By default the kernel sets the flow labels of IPv6 itself.
BOOST_AUTO_TEST_CASE(a_flow_label_of_zero_is_a_label_too) {
  for_each_sort([](const Sort& sort) {
    ProbeOptions unlabelled = sort.probe;
    unlabelled.flow_label = 0;
    const auto packets = on_the_wire(sort, address("::1"), {unlabelled});
    BOOST_TEST_REQUIRE(packets.size() == 1U);
    BOOST_TEST(packets[0].flow_label == 0U);
    BOOST_TEST(on_the_wire(sort, address("::1"), {sort.probe}).at(0).flow_label != 0U);
  });
}

BOOST_AUTO_TEST_CASE(what_must_not_be_fragmented_is_refused_where_it_does_not_fit) {
  for_each_sort([](const Sort& sort) {
    run("ip link set lo mtu 1400");
    ProbeOptions whole = sort.probe;
    whole.dont_fragment = true;
    IoUnderTest under_test{sort.kind, {sort.probe, whole}};
    for (const char* to : {"127.0.0.5", "::1"}) {
      const Address target = address(to);
      BOOST_TEST(under_test.socket_id(target.family(), 0) != under_test.socket_id(target.family(), 1));
      Bytes message = target.family() == Family::ipv4 ? sort.v4_message : sort.v6_message;
      Sniffer sniffer{"lo"};
      BOOST_TEST(under_test.send(target, message, {1}).accepted == 1U);
      const auto packets = sniffer.sent(target.family() == Family::ipv4 ? sort.v4_protocol : sort.v6_protocol);
      BOOST_TEST_REQUIRE(!packets.empty());
      BOOST_TEST((packets[0].dont_fragment || target.family() == Family::ipv6));
      message.resize(1400);
      BOOST_TEST(under_test.send(target, message, {0}).accepted == 1U);
      const net::SendReport refused = under_test.send(target, message, {1});
      BOOST_TEST(refused.accepted == 0U);
      BOOST_TEST(refused.refused.value() == EMSGSIZE);
    }
  });
}

// A small packet fits every path, and leaves with DF.
BOOST_AUTO_TEST_CASE(what_may_be_fragmented_and_is_large_leaves_without_df) {
  for_each_sort([](const Sort& sort) {
    if (sort.probe.protocol != Protocol::icmp && sort.probe.protocol != Protocol::udp) return;
    ProbeOptions large = sort.probe;
    large.payload_size = 600;
    IoUnderTest under_test{sort.kind, {sort.probe, large}};
    const Address target = address("127.0.0.5");
    Bytes message = sort.v4_message;
    const auto sent_whole = [&](std::uint16_t profile) {
      Sniffer sniffer{"lo"};
      static_cast<void>(under_test.socket_id(Family::ipv4, profile));
      BOOST_TEST(under_test.send(target, message, {profile}).accepted == 1U);
      return sniffer.sent(sort.v4_protocol).at(0).dont_fragment;
    };
    BOOST_TEST(sent_whole(0));
    message.resize(608);
    BOOST_TEST(!sent_whole(1));
    BOOST_TEST(under_test.socket_id(Family::ipv4, 0) == under_test.socket_id(Family::ipv4, 1));
  });
}

// A message that is too large is not tried again and again, and the entries of the error queue are not lost.
BOOST_AUTO_TEST_CASE(what_does_not_fit_costs_two_calls) {
  for_each_sort([](const Sort& sort) {
    run("ip link set lo mtu 1400");
    ProbeOptions whole = sort.probe;
    whole.dont_fragment = true;
    IoUnderTest under_test{sort.kind, {whole}};
    for (const char* to : {"127.0.0.5", "::1"}) {
      const Address target = address(to);
      Bytes message = target.family() == Family::ipv4 ? sort.v4_message : sort.v6_message;
      message.resize(1400);
      static_cast<void>(under_test.socket_id(target.family()));
      const std::uint64_t before = calls_of_sockets();
      for (int i = 0; i < 100; ++i) BOOST_TEST(under_test.send(target, message).refused.value() == EMSGSIZE);
      BOOST_TEST(calls_of_sockets() - before <= 200U);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_mark_chooses_the_route, *label("own_sockets")) {
  for_each_sort([](const Sort& sort) {
    run("ip rule add fwmark 7 table 100 && ip route add local 10.9.0.0/16 dev lo table 100");
    run("ip -6 rule add fwmark 7 table 100 && ip -6 route add local fd09::/64 dev lo table 100");
    ProbeOptions marked = sort.probe;
    marked.mark = 7;
    IoUnderTest under_test{sort.kind, {sort.probe, marked}};
    for (const char* to : {"10.9.0.1", "fd09::1"}) {
      const Address target = address(to);
      const Bytes& message = target.family() == Family::ipv4 ? sort.v4_message : sort.v6_message;
      BOOST_TEST_CONTEXT(to) {
        BOOST_TEST(under_test.send(target, message, {0}).refused.value() == ENETUNREACH);
        BOOST_TEST(under_test.send(target, message, {1}).accepted == 1U);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_device_is_used_whatever_the_routes_say) {
  for_each_sort([](const Sort& sort) {
    for (const std::string device : {"a", "b"}) {
      run("ip link add v" + device + " type veth peer name p" + device);
      run("ip link set p" + device + " up && ip link set v" + device + " up");  // carries packets at once
      run("ip neigh add 10.5.0.9 lladdr 02:00:00:00:00:09 dev v" + device);
      run("ip -6 neigh add fd05::9 lladdr 02:00:00:00:00:09 dev v" + device);
    }
    run("ip addr add 10.5.0.1/32 dev lo && ip addr add fd05::1/128 dev lo nodad");
    wait_for_addresses();
    run("ip route add 10.5.0.9 dev va && ip route add 10.5.0.9 dev vb metric 100");
    run("ip -6 route add fd05::9 dev va metric 1 && ip -6 route add fd05::9 dev vb metric 100");
    ProbeOptions through = sort.probe;
    through.device = "vb";
    IoUnderTest under_test{sort.kind, {sort.probe, through}};
    for (const char* to : {"10.5.0.9", "fd05::9"}) {
      const Address target = address(to);
      const bool v4 = target.family() == Family::ipv4;
      const Bytes& message = v4 ? sort.v4_message : sort.v6_message;
      Sniffer first{"va"}, second{"vb"};
      BOOST_TEST(under_test.send(target, message, {0}).accepted == 1U);
      BOOST_TEST(under_test.send(target, message, {1}).accepted == 1U);
      const auto sent_to = [&](Sniffer& sniffer) {
        return std::ranges::count(sniffer.sent(v4 ? sort.v4_protocol : sort.v6_protocol), to, &WireHeader::target);
      };
      BOOST_TEST(sent_to(first) == 1);
      BOOST_TEST(sent_to(second) == 1);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
