// Tests what real sockets receive on loopback: datagrams, segments, and ICMP errors from the queue with their
// extensions. Also what wakes a waiting object.
#include "os/socket_packet_io.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <thread>

#include "netns/namespace.hpp"
#include "os/io_under_test.hpp"
#include "os/socket_basics.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(socket_packet_io_test, *precondition(needs_root))

constexpr std::uint16_t open_port = 7007, closed_port = 7008;
const Family families[] = {Family::ipv4, Family::ipv6};
const Bytes word = hex("0102030405060708090a");

ProbeOptions to_port(Protocol protocol, int port) {
  return {.protocol = protocol, .port = port, .half_open = protocol == Protocol::tcp};
}
Address loopback(Family family) { return address(family == Family::ipv4 ? "127.0.0.5" : "::1"); }

/// A server's socket on `open_port`.
os::FileDescriptor serve(Family family, int type) {
  os::FileDescriptor socket = os::open_socket(family, type, 0);
  BOOST_TEST_REQUIRE(os::bind_to(socket.value(), family, {}, open_port));
  if (type == SOCK_STREAM) BOOST_TEST_REQUIRE(::listen(socket.value(), 16) == 0);
  return socket;
}

/// Sends back a datagram that a server's socket has received, from the address that it was sent to.
void echo_once(int socket, const Address& from) {
  Bytes bytes(2048);
  os::SocketAddress client{};
  socklen_t length = sizeof client;
  const ssize_t got = ::recvfrom(socket, bytes.data(), bytes.size(), 0, &client.any, &length);
  BOOST_TEST_REQUIRE(got >= 0);
  const os::FileDescriptor answering = os::open_socket(from.family(), SOCK_DGRAM, 0);
  os::set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  os::set_option(answering.value(), SOL_SOCKET, SO_REUSEADDR, 1);
  BOOST_TEST_REQUIRE(os::bind_to(answering.value(), from.family(), from, open_port));
  ::sendto(answering.value(), bytes.data(), static_cast<std::size_t>(got), 0, &client.any, length);
}

/// Sends a packet as it is, after a header that the kernel writes.
void send_raw(const Address& to, int protocol, const Bytes& message) {
  const os::FileDescriptor socket = os::open_socket(to.family(), SOCK_RAW, protocol);
  os::SocketAddress address{};
  const socklen_t length = os::to_socket_address(to, address);
  BOOST_TEST_REQUIRE(::sendto(socket.value(), message.data(), message.size(), 0, &address.any, length) ==
                     static_cast<ssize_t>(message.size()));
}

BOOST_AUTO_TEST_CASE(a_datagram_comes_back_with_all_that_is_known_of_it) {
  in_namespace([] {
    for (const Family family : families) {
      const os::FileDescriptor server = serve(family, SOCK_DGRAM);
      IoUnderTest under_test{TransportKind::sockets, {to_port(Protocol::udp, open_port)}};
      const net::SocketId socket_id = under_test.socket_id(family);
      const Instant before = under_test.io().now();
      BOOST_TEST(under_test.send(loopback(family), word).accepted == 1U);
      echo_once(server.value(), loopback(family));
      const auto [packet, bytes] = under_test.hear(socket_id);
      BOOST_TEST(bytes == word);
      BOOST_TEST((!packet.ip_header && !packet.truncated));
      BOOST_TEST(packet.from == loopback(family));
      BOOST_TEST(packet.port == open_port);
      BOOST_TEST(int{packet.ttl.value()} == 64);
      BOOST_TEST(int{packet.tos.value()} == 0);
      BOOST_TEST((packet.arrival.read > before));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_closed_port_is_told_by_the_error_queue) {
  in_namespace([] {
    for (const Family family : families) {
      IoUnderTest under_test{TransportKind::sockets, {to_port(Protocol::udp, closed_port)}};
      const net::SocketId socket_id = under_test.socket_id(family);
      BOOST_TEST(under_test.send(loopback(family), word).accepted == 1U);
      const auto [error, quoted] = under_test.hear_error(socket_id);
      const bool v4 = family == Family::ipv4;
      BOOST_TEST(int{error.type} == (v4 ? 3 : 1));
      BOOST_TEST(int{error.code} == (v4 ? 3 : 4));
      BOOST_TEST(error.destination == loopback(family));
      BOOST_TEST(error.port == closed_port);
      BOOST_TEST(error.offender == loopback(family));
      BOOST_TEST(quoted == word);
      BOOST_TEST(error.extension == 0U);
      BOOST_TEST(int{error.ttl.value()} == 64);
    }
  });
}

// Errors about earlier datagrams make later calls fail, but no datagram is refused for that.
BOOST_AUTO_TEST_CASE(errors_that_wait_refuse_no_datagram) {
  in_namespace([] {
    lift_error_limits();
    IoUnderTest under_test{TransportKind::sockets, {to_port(Protocol::udp, closed_port)}};
    const std::vector<std::uint16_t> profiles(64, 0);
    for (int i = 0; i < 5; ++i) BOOST_TEST(under_test.send(loopback(Family::ipv4), word, profiles).accepted == 64U);
    std::size_t heard = 0;
    bool more = true;
    while (more) heard += under_test.io().receive_errors(under_test.socket_id(Family::ipv4), more).size();
    BOOST_TEST(heard > 64U);
    BOOST_TEST(under_test.io().receive(under_test.socket_id(Family::ipv4), more).empty());
  });
}

Bytes two_bytes(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U & 0xffU), static_cast<std::uint8_t>(value & 0xffU)};
}

Bytes message_with_checksum(Bytes message) {
  const std::uint16_t sum = packet::internet_checksum(message);
  message[2] = static_cast<std::uint8_t>(sum >> 8U);
  message[3] = static_cast<std::uint8_t>(sum & 0xffU);
  return message;
}

/// An ICMP time exceeded about a datagram from `source_port`: its quote is filled up to 128 bytes, and an extension
/// with one MPLS label follows.
Bytes time_exceeded(Family family, std::uint16_t source_port, std::uint8_t length_field) {
  const bool v4 = family == Family::ipv4;
  Bytes quoted = v4 ? hex("45 00 0026 0000 4000 01 11 0000 7f000001 7f000005")
                    : hex("60000000 0012 11 01 00000000000000000000000000000001 00000000000000000000000000000001");
  quoted = quoted + two_bytes(source_port) + two_bytes(closed_port) + hex("0012 0000") + word;
  quoted.resize(128);
  Bytes message = v4 ? hex("0b 00 0000 00") + Bytes{length_field} + hex("0000")
                     : hex("03 00 0000") + Bytes{length_field} + hex("000000");
  message = message + quoted + hex("20 00 0000" /* version, no checksum */ "0008 01 01 00064101" /* MPLS */);
  return v4 ? message_with_checksum(std::move(message)) : message;  // the kernel writes the checksum for IPv6
}

/// An echo reply that the socket's filter lets pass; the kernel writes the checksum of IPv6.
Bytes echo_reply_to(const net::Channel& channel) {
  const bool v4 = channel.family == Family::ipv4;
  Bytes message = hex(v4 ? "00 00 0000" : "81 00 0000") + two_bytes(channel.id) + hex("0001");
  if (v4) message = message_with_checksum(std::move(message));
  return message;
}

/// Fills the receive buffer without reading from it, so that it overflows.
void check_overflow(IoUnderTest& under_test, Family family, const std::function<void(const net::Channel&)>& fill) {
  auto& io = under_test.io();
  const net::SocketId socket_id = under_test.socket_id(family);
  const std::size_t many = 4 * io.channel(socket_id).receive_room;
  for (std::size_t i = 0; i < many; ++i) fill(io.channel(socket_id));
  std::size_t taken = 0;
  for (bool more = true; more;) taken += io.receive(socket_id, more).size();
  const net::Drops drops = io.drops();
  BOOST_TEST(drops.no_room > 0U);
  BOOST_TEST(drops.damaged == 0U);
  BOOST_TEST(drops.no_room + taken == many);
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_is_counted_as_such) {
  in_namespace([] {
    for (const Family family : families) {
      IoUnderTest echo{TransportKind::raw, {{}}}, udp{TransportKind::raw, {to_port(Protocol::udp, open_port)}};
      const int icmp = family == Family::ipv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
      check_overflow(echo, family,
                     [&](const net::Channel& channel) { send_raw(loopback(family), icmp, echo_reply_to(channel)); });
      const os::FileDescriptor server = serve(family, SOCK_DGRAM);
      check_overflow(udp, family, [&](const net::Channel& channel) {
        os::SocketAddress client{};
        const socklen_t length = os::to_socket_address(loopback(family), client);
        os::set_port(client, channel.id);
        ::sendto(server.value(), word.data(), word.size(), 0, &client.any, length);
      });
    }
  });
}

BOOST_AUTO_TEST_CASE(an_extension_is_found_behind_the_quote) {
  in_namespace([] {
    IoUnderTest under_test{TransportKind::sockets, {to_port(Protocol::udp, closed_port)}};
    for (const Family family : families) {
      const bool v4 = family == Family::ipv4;
      const net::SocketId socket_id = under_test.socket_id(family);
      const std::uint16_t port = under_test.io().channel(socket_id).id;
      const Address host = address(v4 ? "127.0.0.1" : "::1");
      const int protocol = v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
      const std::uint8_t words = v4 ? 128 / 4 : 128 / 8;
      send_raw(host, protocol, time_exceeded(family, port, words));
      const auto [error, quoted] = under_test.hear_error(socket_id);
      BOOST_TEST(int{error.type} == (v4 ? 11 : 3));
      BOOST_TEST(error.destination == loopback(family));
      BOOST_TEST(error.port == closed_port);
      const std::size_t headers = v4 ? 20 + 8 : 40 + 8;
      BOOST_TEST_REQUIRE(quoted.size() == 128 + 12 - headers);
      BOOST_TEST((std::equal(word.begin(), word.end(), quoted.begin())));
      BOOST_TEST(error.extension == 128 - headers);
      // Without a length field, or with a wrong one, the reader has to find the extension by itself.
      for (const std::uint8_t length : Bytes{0, 255}) {
        send_raw(host, protocol, time_exceeded(family, port, length));
        BOOST_TEST(under_test.hear_error(socket_id).error.extension == 0U);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_lone_syn_is_answered_and_others_segments_are_not_seen) {
  in_namespace([] {
    for (const Family family : families) {
      const os::FileDescriptor server = serve(family, SOCK_STREAM);
      const Address target = loopback(family);
      IoUnderTest under_test{TransportKind::raw, {to_port(Protocol::tcp, open_port)}};
      auto& io = under_test.io();
      const net::SocketId socket_id = under_test.socket_id(family);
      const Address source = io.source(socket_id, target, 0);
      BOOST_TEST(source == (family == Family::ipv4 ? address("127.0.0.1") : target));
      const os::FileDescriptor stranger = os::open_socket(family, SOCK_STREAM, 0);
      os::SocketAddress server_address{};
      const socklen_t length = os::to_socket_address(target, server_address);
      os::set_port(server_address, open_port);
      ::connect(stranger.value(), &server_address.any, length);
      for (const std::uint16_t port : {open_port, closed_port}) {
        const packet::TcpSyn syn{
            .source_port = io.channel(socket_id).id, .destination_port = port, .sequence = 0x01020304};
        const auto segment = packet::encode_tcp_syn(syn, source, target);
        BOOST_TEST(under_test.send(target, {segment.begin(), segment.end()}).accepted == 1U);
        const auto [packet, bytes] = under_test.hear(socket_id);
        BOOST_TEST(packet.ip_header == (family == Family::ipv4));
        const auto answer = packet::parse_tcp(std::span{bytes}.subspan(packet.ip_header ? 20 : 0));
        BOOST_TEST_REQUIRE(answer.has_value());
        BOOST_TEST(answer->acknowledgment == 0x01020305U);
        BOOST_TEST(answer->source_port == port);
        BOOST_TEST(answer->syn == (port == open_port));
        BOOST_TEST(answer->rst == (port == closed_port));
        bool more = false;
        BOOST_TEST(io.receive(socket_id, more).empty());
      }
    }
  });
}

Bytes sctp_packet(std::uint16_t port, std::uint8_t chunk) {
  Bytes packet = hex("0050 0000 01020304 00000000" /* ports, tag, CRC */ "00 00 0004" /* chunk */);
  packet[2] = static_cast<std::uint8_t>(port >> 8U);
  packet[3] = static_cast<std::uint8_t>(port & 0xffU);
  packet[12] = chunk;
  return packet;
}

BOOST_AUTO_TEST_CASE(of_sctp_only_what_answers_an_init_is_seen) {
  in_namespace([] {
    ProbeOptions asked = to_port(Protocol::sctp, 80);
    asked.source_port = 500;
    IoUnderTest under_test{TransportKind::raw, {to_port(Protocol::sctp, 80), asked}};
    for (const Family family : families) {
      for (std::uint16_t profile = 0; profile <= 1; ++profile) {
        const net::SocketId socket_id = under_test.socket_id(family, profile);
        const std::uint16_t ours = profile == 0 ? 0x8123 : 500, foreign = profile == 0 ? 0x7fff : 0x8123;
        send_raw(loopback(family), IPPROTO_SCTP, sctp_packet(foreign, packet::sctp_init_ack));
        send_raw(loopback(family), IPPROTO_SCTP, sctp_packet(ours, 3));
        for (const std::uint8_t chunk : {packet::sctp_init_ack, packet::sctp_abort}) {
          send_raw(loopback(family), IPPROTO_SCTP, sctp_packet(ours, chunk));
          const auto [packet, bytes] = under_test.hear(socket_id);
          BOOST_TEST((packet.from == loopback(family) || packet.ip_header));
          const auto answer = packet::parse_sctp(std::span{bytes}.subspan(packet.ip_header ? 20 : 0));
          BOOST_TEST_REQUIRE(answer.has_value());
          BOOST_TEST(answer->destination_port == ours);
          BOOST_TEST(answer->chunk_type == chunk);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(no_route_is_no_source) {
  in_namespace([] {
    run("ip addr add 10.7.0.1/24 dev lo");
    IoUnderTest under_test{TransportKind::raw, {to_port(Protocol::tcp, 80)}};
    const net::SocketId socket_id = under_test.socket_id(Family::ipv4);
    BOOST_TEST(under_test.io().source(socket_id, address("10.7.0.9"), 0) == address("10.7.0.1"));
    BOOST_TEST(under_test.io().source(socket_id, address("192.0.2.1"), 0) == Address{});
    BOOST_TEST(under_test.io().source(socket_id, address("127.0.0.9"), 0) == address("127.0.0.1"));
    ProbeOptions asked = to_port(Protocol::tcp, 80);
    asked.source_v4 = address("10.7.0.1");
    under_test.io().set_profile(0, asked);
    BOOST_TEST(under_test.io().source(socket_id, address("127.0.0.9"), 0) == address("10.7.0.1"));
  });
}

/// Whether the object's descriptor is readable.
bool printable(int descriptor) {
  pollfd watched{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&watched, 1, 0) == 1;
}

BOOST_AUTO_TEST_CASE(the_descriptor_watches_what_is_opened_later) {
  in_namespace([] {
    ProbeOptions connecting = to_port(Protocol::tcp, closed_port);
    connecting.half_open = false;
    IoUnderTest under_test{TransportKind::sockets, {to_port(Protocol::udp, closed_port), connecting}};
    auto& io = under_test.io();
    const int descriptor = io.native_handle();
    BOOST_TEST_REQUIRE(descriptor >= 0);
    BOOST_TEST(!printable(descriptor));
    // The descriptor may be inside those of a library object and of the program's own loop.
    os::EpollDescriptor object, loop;
    object.add(descriptor);
    loop.add(object.value());
    const net::SocketId socket_id = under_test.socket_id(Family::ipv4);
    BOOST_TEST(under_test.send(loopback(Family::ipv4), word).accepted == 1U);
    wait_until(io, [&] { return printable(loop.value()); });
    static_cast<void>(under_test.hear_error(socket_id));
    BOOST_TEST(!printable(descriptor));
    const Address target = loopback(Family::ipv4);
    BOOST_TEST(!io.connect({.token = 1, .to = &target, .profile = 1}));
    wait_until(io, [&] { return printable(loop.value()); });
    bool more = false;
    BOOST_TEST(io.connections(more).size() == 1U);
    BOOST_TEST(!printable(loop.value()));
    BOOST_TEST(io.native_handle() == descriptor);
  });
}

BOOST_AUTO_TEST_CASE(wake_ends_the_wait_under_way_or_the_next_one) {
  IoUnderTest under_test{TransportKind::sockets};
  auto& io = under_test.io();
  const Instant start = io.now();
  io.wake();
  io.wait(after(start, 3600s));
  std::thread waker{[&io] { io.wake(); }};
  io.wait(after(start, 3600s));
  waker.join();
  BOOST_TEST((io.now() - start < 600s));
  io.wait(io.now());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
