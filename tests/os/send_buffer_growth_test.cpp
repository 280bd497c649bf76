// Tests when a send buffer grows that is full of packets to neighbours that do not exist, in a namespace of its own.
// The test passes the time as an argument.
#include "os/send_buffer_growth.hpp"

#include <sys/socket.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>

#include "netns/namespace.hpp"
#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"
#include "support/hex.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using Look = os::SendBufferGrowth::Look;

BOOST_AUTO_TEST_SUITE(send_buffer_growth_test, *precondition(needs_root))

constexpr Instant start{100s};
constexpr std::size_t much = 1U << 20U;
constexpr int most_messages = 2000;

std::size_t send_buffer(int socket) { return static_cast<std::size_t>(os::option(socket, SOL_SOCKET, SO_SNDBUF)); }

bool send_one(int socket, int host) {
  os::SocketAddress to{};
  const socklen_t length = os::to_socket_address(Address::v4({10, 1, 9, static_cast<std::uint8_t>(host)}), to);
  const Bytes echo = hex("08 00 00 00 00 00 00 01") + Bytes(56, 0);
  return ::sendto(socket, echo.data(), echo.size(), MSG_DONTWAIT, &to.any, length) > 0;
}

/// How many messages the socket accepts before it is full.
int fill(int socket) {
  for (int sent = 0; sent < most_messages; ++sent)
    if (!send_one(socket, 1 + sent % 50)) return sent;
  return most_messages;
}

struct Filled {
  os::PingSocket ping{};
  os::SendBufferGrowth room{};
  [[nodiscard]] int socket() const noexcept { return ping.socket.value(); }
};

Filled filled_socket() {
  allow_ping_sockets();
  make_peer();
  Filled filled{.ping = os::open_ping_socket(Family::ipv4)};
  BOOST_REQUIRE(filled.ping.socket);
  os::set_option(filled.socket(), SOL_SOCKET, SO_SNDBUF, 65'536);
  BOOST_TEST((filled.room.refused(filled.socket(), much, start) == Look::not_full));
  const bool full = fill(filled.socket()) < most_messages;
  BOOST_TEST((full && errno == EAGAIN));
  return filled;
}

BOOST_AUTO_TEST_CASE(a_buffer_that_stays_full_grows_once) {
  in_namespace([] {
    Filled filled = filled_socket();
    BOOST_TEST((filled.room.refused(filled.socket(), much, start) == Look::full));
    BOOST_TEST((filled.room.refused(filled.socket(), much, start + 49ms) == Look::full));
    BOOST_TEST((filled.room.refused(filled.socket(), much, start + 50ms) == Look::grown));
    BOOST_TEST(send_buffer(filled.socket()) > 131'072U);
    BOOST_TEST(send_buffer(filled.socket()) <= much);
    BOOST_TEST(fill(filled.socket()) > 0);
    BOOST_TEST((filled.room.refused(filled.socket(), much, start + 1s) == Look::full));
  });
}

BOOST_AUTO_TEST_CASE(a_queue_that_moves_keeps_its_size) {
  in_namespace([] {
    Filled filled = filled_socket();
    for (Instant now = start; now < start + 1s; now += 40ms) {
      BOOST_TEST((filled.room.refused(filled.socket(), much, now) == Look::full));
      filled.room.accepted();
    }
    BOOST_TEST(send_buffer(filled.socket()) == 131'072U);
  });
}

BOOST_AUTO_TEST_CASE(a_size_that_was_asked_for_is_kept) {
  in_namespace([] {
    Filled filled = filled_socket();
    BOOST_TEST((filled.room.refused(filled.socket(), 0, start) == Look::full));
    BOOST_TEST((filled.room.refused(filled.socket(), 0, start + 1s) == Look::full));
    BOOST_TEST(send_buffer(filled.socket()) == 131'072U);
  });
}

BOOST_AUTO_TEST_CASE(a_raw_socket_may_hold_twice_its_buffer) {
  in_namespace([] {
    const os::FileDescriptor raw = os::open_socket(Family::ipv4, SOCK_RAW, IPPROTO_ICMP);
    os::limit_send_buffer(raw.value(), 65'536);
    BOOST_TEST(send_buffer(raw.value()) == 32'768U);
    const os::FileDescriptor udp = os::open_socket(Family::ipv4, SOCK_DGRAM, 0);
    os::limit_send_buffer(udp.value(), 65'536);
    BOOST_TEST(send_buffer(udp.value()) == 65'536U);
    os::limit_send_buffer(udp.value(), much);
    BOOST_TEST(send_buffer(udp.value()) == 65'536U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
