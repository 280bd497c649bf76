// Tests the simulated host itself: sockets, ports, error queues, connections and their timers, as Linux has them.
// Calls the simulated PacketIo directly, without the layers above it.
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <numeric>
#include <set>

#include "sim/scenario_parts.hpp"
#include "sim/simulated_packet_io.hpp"
#include "sim/wire_checksum.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using namespace parts;
using Kind = net::SendPath::Kind;

BOOST_AUTO_TEST_SUITE(simulated_kernel_test)

const Address target = Address::v4({10, 20, 0, 1});
const Address target6 = *Address::parse("fd20::1");

/// A simulated host and network, and the calls of a pinger.
struct World {
  explicit World(HostRule rule, std::vector<ProbeOptions> profiles = {{}}, SimulatedHost host = {})
      : io{{.profiles = std::move(profiles)}, Scenario{.hosts = {std::move(rule)}}, std::move(host), 5000, &log} {}

  net::SocketId socket_id(std::uint16_t profile = 0, unsigned turn = 0, Family family = Family::ipv4) {
    const net::SendPath way = io.way(family, profile, turn);
    BOOST_REQUIRE((way.kind == Kind::socket_id));
    return way.socket_id;
  }

  std::error_code send(net::SocketId socket_id, const Bytes& message, std::uint16_t profile = 0,
                       const Address& to = target) {
    const net::Outgoing outgoing{.to = &to, .bytes = message, .profile = profile};
    return io.send(socket_id, std::span{&outgoing, 1}).refused;
  }

  std::error_code connect(std::uint64_t token, const Address& to = target) {
    return io.connect({.token = token, .to = &to, .profile = 0});
  }

  /// Waits, and returns the one connection that was decided.
  net::Connected decided(Duration limit = 200s) {
    io.wait(io.now() + limit);
    const auto all = io.connections(more);
    BOOST_REQUIRE(all.size() == 1U);
    return all[0];
  }

  HostLog log{};
  SimulatedPacketIo io;
  bool more = false;
};

Bytes echo_request() {
  Bytes message(64);
  message[0] = 8;
  IpHeader ip{Address::v4({10, 255, 255, 1}), target};
  put16(message, 4, 5000);
  finish_checksum(ip, message);
  return message;
}

std::vector<std::uint16_t> profiles(std::uint16_t first, std::uint16_t last) {
  std::vector<std::uint16_t> numbers(last - first + 1U);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

Bytes numbered(std::size_t size) {
  Bytes bytes(size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

RouterError with_extension(IcmpExtensionData::Place place) {
  RouterError error{.from = router()};
  error.extension = IcmpExtensionData{.objects = {mpls_object({{.label = 5}})}, .place = place};
  return error;
}

// The check values of RFC 3720 appendix B.4 and of the usual "123456789".
BOOST_AUTO_TEST_CASE(the_checksum_of_sctp_is_castagnolis) {
  BOOST_TEST(crc32c(Bytes(32)) == 0x8A9136AAU);
  const std::string_view digits = "123456789";
  BOOST_TEST(crc32c(Bytes{digits.begin(), digits.end()}) == 0xE3069283U);
}

BOOST_AUTO_TEST_CASE(turns_of_a_udp_profile_are_ports_of_their_own) {
  World world{with_open("10.20.0.1", Protocol::udp), {udp(), {.protocol = Protocol::udp, .source_port = 77}}};
  std::set<std::uint16_t> ports;
  for (unsigned turn = 0; turn < 4; ++turn) ports.insert(world.io.channel(world.socket_id(0, turn)).id);
  BOOST_TEST(ports.size() == 4U);
  BOOST_TEST((world.socket_id(0, 2) == world.socket_id(0, 2)));
  BOOST_TEST((world.socket_id(1, 0) == world.socket_id(1, 3)));
  BOOST_TEST(world.io.channel(world.socket_id(1)).id == 77U);
  BOOST_TEST(world.io.sockets().size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_socket_serves_all_that_a_message_can_be_given) {
  World world{silent("10.20.0.1"),
              {{}, {.ttl = 3}, {.tos = 8}, {.mark = 1U}, {.device = "lo"}, {.dont_fragment = true}}};
  for (const std::uint16_t profile : profiles(1, 3)) BOOST_TEST(world.socket_id(profile) == world.socket_id(0));
  for (const std::uint16_t profile : profiles(4, 5)) BOOST_TEST(world.socket_id(profile) != world.socket_id(0));
}

BOOST_AUTO_TEST_CASE(a_datagram_comes_back_from_the_port_it_went_to) {
  World world{with_open("10.20.0.1", Protocol::udp), {udp(53)}};
  const net::SocketId socket_id = world.socket_id();
  BOOST_TEST(!world.send(socket_id, numbered(20)));
  world.io.wait(world.io.now() + 1s);
  const auto packets = world.io.receive(socket_id, world.more);
  BOOST_REQUIRE(packets.size() == 1U);
  BOOST_TEST(packets[0].port == 53U);
  BOOST_TEST((packets[0].from == target));
  BOOST_TEST(!packets[0].ip_header);
  BOOST_TEST(Bytes(packets[0].bytes.begin(), packets[0].bytes.end()) == numbered(20));
  BOOST_TEST(world.log.unsound == 0U);
}

// ip_icmp_error_rfc4884(): only a length field that leaves 128 bytes or more counts.
BOOST_AUTO_TEST_CASE(an_error_queue_of_udp_quotes_the_payload) {
  using Place = IcmpExtensionData::Place;
  for (const Place place : {Place::by_length, Place::legacy}) {
    World world{only_error("10.20.0.1", with_extension(place)), {udp(53)}};
    const net::SocketId socket_id = world.socket_id();
    BOOST_TEST(!world.send(socket_id, numbered(20)));
    world.io.wait(world.io.now() + 1s);
    const auto errors = world.io.receive_errors(socket_id, world.more);
    BOOST_REQUIRE(errors.size() == 1U);
    BOOST_TEST(errors[0].extension == (place == Place::legacy ? 0U : 128U - 20 - 8));
    BOOST_TEST(errors[0].quoted.size() == 128U - 20 - 8 + 4 + 8);
    BOOST_TEST(unsigned{errors[0].quoted[0]} == 1U);
    BOOST_TEST(unsigned{errors[0].quoted[128 - 20 - 8]} == 0x20U);
    BOOST_TEST(errors[0].port == 53U);
    BOOST_TEST((errors[0].destination == target));
    BOOST_TEST((errors[0].offender == router()));
  }
}

BOOST_AUTO_TEST_CASE(an_error_queue_of_a_ping_socket_quotes_from_the_icmp_header_on) {
  SimulatedHost host;
  host.sockets = TransportKind::ping_socket;
  World world{only_error("10.20.0.1", {.from = router(), .code = 4, .mtu = 1300, .quoted_options = 8}), {{}}, host};
  const net::SocketId socket_id = world.socket_id();
  BOOST_TEST(!world.send(socket_id, echo_request()));
  world.io.wait(world.io.now() + 1s);
  BOOST_TEST(world.io.receive(socket_id, world.more).empty());
  const auto errors = world.io.receive_errors(socket_id, world.more);
  BOOST_REQUIRE(errors.size() == 1U);
  BOOST_TEST(unsigned{errors[0].quoted[0]} == 8U);
  BOOST_TEST(errors[0].mtu == 1300U);
}

BOOST_AUTO_TEST_CASE(a_raw_socket_has_errors_about_icmp_as_packets) {
  World world{only_error("10.20.0.1", {.from = router()})};
  const net::SocketId socket_id = world.socket_id();
  BOOST_TEST(!world.send(socket_id, echo_request()));
  world.io.wait(world.io.now() + 1s);
  BOOST_TEST(world.io.receive_errors(socket_id, world.more).empty());
  const auto packets = world.io.receive(socket_id, world.more);
  BOOST_REQUIRE(packets.size() == 1U);
  BOOST_TEST(packets[0].ip_header);
  BOOST_TEST(unsigned{packets[0].bytes[20]} == 3U);
}

BOOST_AUTO_TEST_CASE(what_this_host_lacks_is_named) {
  SimulatedHost host;
  host.may_mark = false;
  host.ipv6 = false;
  World world{
      silent("10.20.0.1"), {{.source_v4 = Address::v4({192, 0, 2, 1})}, {.device = "eth7"}, {.mark = 9U}, {}}, host};
  const auto error_of = [&world](std::uint16_t profile, Family family = Family::ipv4) {
    const net::SendPath way = world.io.way(family, profile, 0);
    BOOST_TEST((way.kind == Kind::none));
    BOOST_TEST(!way.doing.empty());
    return way.error.value();
  };
  BOOST_TEST(error_of(0) == EADDRNOTAVAIL);
  BOOST_TEST(error_of(1) == ENODEV);
  BOOST_TEST(error_of(2) == EPERM);
  BOOST_TEST(error_of(3, Family::ipv6) == EAFNOSUPPORT);
}

BOOST_AUTO_TEST_CASE(only_raw_sockets_carry_syns_and_inits) {
  for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket, TransportKind::sockets}) {
    SimulatedHost host;
    host.sockets = kind;
    host.may_open_raw = false;
    World world{silent("10.20.0.1"), {half_open(), sctp(), tcp(), udp(), {}}, host};
    const bool raw = kind == TransportKind::raw;
    for (const std::uint16_t profile : profiles(0, 1)) {
      const net::SendPath way = world.io.way(Family::ipv4, profile, 0);
      BOOST_TEST((way.kind == (raw ? Kind::socket_id : Kind::none)));
      BOOST_TEST(way.privilege == !raw);
    }
    BOOST_TEST((world.io.way(Family::ipv4, 2, 0).kind == Kind::connection));
    BOOST_TEST((world.io.way(Family::ipv4, 3, 0).kind == Kind::socket_id));
    BOOST_TEST(((world.io.way(Family::ipv4, 4, 0).kind == Kind::none) == (kind == TransportKind::sockets)));
  }
}

BOOST_AUTO_TEST_CASE(sockets_are_closed_when_descriptors_are_short_and_nobody_needs_them) {
  SimulatedHost host;
  host.descriptors = 2;
  World world{silent("10.20.0.1"), {udp(), udp()}, host};
  const net::SocketId first = world.socket_id(0, 0);
  const net::SocketId second = world.socket_id(1, 1);
  BOOST_CHECK_THROW(static_cast<void>(world.io.way(Family::ipv4, 0, 2)), std::system_error);
  world.io.set_profile(1, tcp());
  BOOST_TEST(world.socket_id(0, 2) == second);
  BOOST_TEST(world.io.sockets().size() == 2U);
  BOOST_TEST(world.socket_id(0, 0) == first);
}

BOOST_AUTO_TEST_CASE(what_is_too_long_is_refused_where_it_must_not_be_cut) {
  SimulatedHost host;
  host.mtu = 1500;
  World world{silent("10.20.0.1"), {udp(), {.protocol = Protocol::udp, .dont_fragment = true}}, host};
  BOOST_TEST(!world.send(world.socket_id(0), Bytes(1473)));
  BOOST_TEST(!world.send(world.socket_id(1), Bytes(1472), 1));
  BOOST_TEST(world.send(world.socket_id(1), Bytes(1473), 1).value() == EMSGSIZE);
}

BOOST_AUTO_TEST_CASE(a_connection_is_made_and_timed) {
  World world{with_open("10.20.0.1", Protocol::tcp, {.delay = 7ms}), {tcp()}};
  BOOST_TEST(!world.connect(42));
  const net::Connected connected = world.decided();
  BOOST_TEST(connected.token == 42U);
  BOOST_TEST(!connected.error);
  BOOST_TEST((connected.rtt == Duration{7ms}));
  BOOST_TEST(world.log.unsound == 0U);
}

BOOST_AUTO_TEST_CASE(a_syn_is_sent_again_after_a_second_and_then_has_no_time) {
  HostRule rule = with_open("10.20.0.1", Protocol::tcp);
  rule.lost = {1, 2};
  World world{rule, {tcp()}, SimulatedHost{.record = true}};
  BOOST_TEST(!world.connect(1));
  const net::Connected connected = world.decided();
  BOOST_TEST(!connected.error);
  BOOST_TEST(!connected.rtt);
  BOOST_REQUIRE(world.log.sent.size() == 3U);
  BOOST_TEST((world.log.sent[1].at - world.log.sent[0].at == 1s));
  BOOST_TEST((world.log.sent[2].at - world.log.sent[0].at == 3s));
}

BOOST_AUTO_TEST_CASE(a_silent_host_times_out_after_two_minutes) {
  World world{silent("10.20.0.1"), {tcp()}};
  BOOST_TEST(!world.connect(1));
  const Instant before = world.io.now();
  BOOST_TEST(world.decided().error.value() == ETIMEDOUT);
  BOOST_TEST((world.io.now() - before >= 126s && world.io.now() - before <= 128s));
}

BOOST_AUTO_TEST_CASE(a_reset_refuses_and_an_error_is_reported) {
  World refused{with_closed("10.20.0.1", Protocol::tcp), {tcp()}};
  BOOST_TEST(!refused.connect(1));
  const net::Connected reset = refused.decided();
  BOOST_TEST(reset.error.value() == ECONNREFUSED);
  BOOST_TEST(!reset.report);
  World unreachable{only_error("fd20::1", {.from = router6(), .type = 1, .code = 4}), {tcp()}};
  BOOST_TEST(!unreachable.connect(1, target6));
  const net::Connected reported = unreachable.decided();
  BOOST_TEST(reported.error.value() == ECONNREFUSED);
  BOOST_REQUIRE(reported.report);
  BOOST_TEST(get16(reported.report->quoted, 2) == 80U);
  BOOST_TEST((reported.report->offender == router6()));
}

BOOST_AUTO_TEST_CASE(descriptors_and_ports_are_given_back) {
  SimulatedHost host;
  host.descriptors = 3;
  host.ephemeral_ports = 2;
  World world{silent("10.20.0.1"), {tcp(), udp()}, host};
  BOOST_TEST(!world.connect(1));
  BOOST_TEST(!world.connect(2));
  BOOST_TEST(world.connect(3).value() == EADDRNOTAVAIL);
  static_cast<void>(world.socket_id(1));
  BOOST_TEST(world.connect(3).value() == EMFILE);
  world.io.abandon(1);
  BOOST_TEST(!world.connect(3));
  BOOST_TEST(world.log.most_connections == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
