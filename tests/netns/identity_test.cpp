// Tests other processes with the same identifier: their answers must not become results, and they must not take
// answers. They learn the identifier as an attacker would: from the wire, and from /proc/net/icmp.
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdlib>
#include <sstream>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"
#include "sim/wire.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::label;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(identity_test, *precondition(needs_root))

// Receives every IPv4 packet of this namespace, also those that it sends.
class Sniffer {
 public:
  Sniffer() {
    const AsRoot root;
    socket_ = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
    const int room = 8 << 20;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  }
  Sniffer(const Sniffer&) = delete;
  Sniffer& operator=(const Sniffer&) = delete;
  ~Sniffer() { ::close(socket_); }

  /// The ICMP messages of the echo requests seen so far.
  [[nodiscard]] std::vector<Bytes> requests() const {
    std::vector<Bytes> found;
    std::uint8_t buffer[2048];
    for (;;) {
      const ssize_t length = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (length < 0) return found;
      const auto datagram = parse_datagram({buffer, static_cast<std::size_t>(length)});
      if (datagram && datagram->family() == Family::ipv4 && datagram->protocol() == Protocol::icmp &&
          datagram->message[0] == ICMP_ECHO)
        found.emplace_back(datagram->message.begin(), datagram->message.end());
    }
  }

 private:
  int socket_ = -1;
};

// Opens a socket as another program would.
int open_raw_socket() {
  const AsRoot root;
  return ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

// Sends a copy of the batch's message, as another program would.
void send_as_another(int socket, const Bytes& message, const Address& to) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::ranges::copy(to.bytes(), reinterpret_cast<std::uint8_t*>(&address.sin_addr));
  BOOST_REQUIRE(::sendto(socket, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                         sizeof address) >= 0);
}

// The identifiers of this namespace's ping sockets, from the table that every user can read.
std::vector<std::uint16_t> bound_identifiers() {
  std::istringstream table{read_file("/proc/net/icmp")};
  std::vector<std::uint16_t> found;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    const auto colon = line.find(':', line.find(':') + 1);  // after the slot number and the local address
    found.push_back(static_cast<std::uint16_t>(std::strtoul(line.c_str() + colon + 1, nullptr, 16)));
  }
  return found;
}

// The errno of bind(2) for a socket that wants to share the identifier; 0: none. For a child of another user.
int error_of_stealing(std::uint16_t id) {
  const int thief = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
  const int share = 1;
  ::setsockopt(thief, SOL_SOCKET, SO_REUSEADDR, &share, sizeof share);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(id);
  return ::bind(thief, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
}

BOOST_AUTO_TEST_CASE(answers_to_another_with_our_identifier_are_not_ours) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      make_peer();
      run("nsenter --net=/run/netns/peer ip route add local 10.9.0.0/16 dev lo && ip route add 10.9.0.0/16 via "
          "10.1.0.2");
      run("nsenter --net=/run/netns/peer ip route add blackhole 10.8.0.0/16 && ip route add 10.8.0.0/16 via 10.1.0.2");
      const Sniffer sniffer;
      MultiPing batch{hosts("10.8.0.", 1, 100), options_for(kind)};
      batch.send();
      const std::vector<Bytes> requests = sniffer.requests();
      BOOST_REQUIRE(requests.size() == 100U);
      const int other = open_raw_socket();
      const std::vector<Address> living = expand("10.9.0.1-10.9.0.100");
      for (std::size_t i = 0; i < requests.size(); ++i) send_as_another(other, requests[i], living[i]);
      const Batch answers = batch.receive(500ms);
      BOOST_TEST(answers.responses.size() == 0U);
      BOOST_TEST(count(answers.no_responses, Outcome::no_reply) == 100U);
      BOOST_TEST(batch.counters().wrong_source == 100U);
      ::close(other);
    });
  }
}

BOOST_AUTO_TEST_CASE(a_pinger_of_dead_hosts_hears_nothing_of_a_pinger_of_live_ones) {
  in_namespace([] {
    allow_ping_sockets();
    run("ip route add blackhole 10.8.0.0/16");
    for (const TransportKind kind : both_kinds) {
      MultiPing living{loopback_hosts(200), options_for(kind)}, dead{hosts("10.8.0.", 1, 200), options_for(kind)};
      living.send();
      dead.send();
      BOOST_TEST(living.receive(2s).responses.size() == 200U);
      BOOST_TEST(dead.receive(0s).responses.size() == 0U);
    }
  });
}

BOOST_AUTO_TEST_CASE(nobody_else_can_bind_our_identifier, *label("own_sockets")) {
  in_namespace([] {
    allow_ping_sockets();
    MultiPing batch{loopback_hosts(100), options_for(TransportKind::ping_socket)};
    const std::vector<std::uint16_t> ours = bound_identifiers();
    BOOST_REQUIRE(ours.size() >= 1U);
    Child thief{[&] {
      become_nobody();
      for (const std::uint16_t id : ours) BOOST_TEST(error_of_stealing(id) == EADDRINUSE);
    }};
    BOOST_TEST(thief.join());
    batch.send();
    BOOST_TEST(batch.receive(1s).responses.size() == 100U);
  });
}

// The kernel's own choice, 0x0001, 0x0002 and so on, would be predictable.
BOOST_AUTO_TEST_CASE(identifiers_are_not_the_next_in_a_row, *label("own_sockets")) {
  in_namespace([] {
    allow_ping_sockets();
    std::vector<std::uint16_t> seen;
    for (int i = 0; i < 8; ++i) {
      const MultiPing batch{"127.0.0.1", options_for(TransportKind::ping_socket)};
      seen.push_back(bound_identifiers().at(0));
    }
    int neighbours = 0;
    for (std::size_t i = 1; i < seen.size(); ++i)
      if (std::abs(seen[i] - seen[i - 1]) <= 8) ++neighbours;
    BOOST_TEST(neighbours <= 2);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
