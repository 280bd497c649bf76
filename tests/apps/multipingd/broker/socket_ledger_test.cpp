// Tests the count of open sockets of each user, with made-up sockets and with the kernel.
// The tests with the kernel run in a network namespace.
#include "apps/multipingd/broker/socket_ledger.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

#include "netns/namespace.hpp"
#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"

BOOST_AUTO_TEST_SUITE(socket_ledger_test)

namespace {

using multiping::Family;
using multiping::daemon::IdentifierProbe;
using multiping::daemon::SocketLedger;
namespace os = multiping::os;
namespace net_test = multiping::test;

/// Made-up sockets, which a test opens and closes.
struct Host {
  std::set<std::uint16_t> open;
  std::vector<std::uint16_t> asked;
  SocketLedger living{[this](std::uint16_t id) {
    asked.push_back(id);
    return open.contains(id);
  }};
  void hand_over(uid_t user, std::uint16_t id) {
    open.insert(id);
    living.add(user, id);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(counts_by_user_and_in_all) {
  Host host;
  for (std::uint16_t id = 1; id <= 5; ++id) host.hand_over(id <= 3 ? 1000 : 2000, id);
  BOOST_TEST(host.living.size() == 5U);
  BOOST_TEST(host.living.of(1000) == 3U);
  BOOST_TEST(host.living.of(2000) == 2U);
  BOOST_TEST(host.living.of(3000) == 0U);
}

BOOST_AUTO_TEST_CASE(forgets_what_is_closed_and_nothing_else) {
  Host host;
  for (std::uint16_t id = 1; id <= 6; ++id) host.hand_over(id <= 3 ? 1000 : 2000, id);
  host.open = {2, 3, 5};
  host.living.forget_closed(1000, 100, 100);
  BOOST_TEST(host.living.of(1000) == 2U);
  BOOST_TEST(host.living.of(2000) == 3U);
  host.living.forget_closed(100, 100);
  BOOST_TEST(host.living.size() == 3U);
  host.open.clear();
  host.living.forget_closed(100, 100);
  BOOST_TEST(host.living.size() == 0U);
  BOOST_TEST(host.living.of(1000) == 0U);
  host.living.forget_closed(1000, 100, 100);
  host.living.forget_closed(100, 100);
}

BOOST_AUTO_TEST_CASE(looks_no_longer_than_it_may_and_goes_on_where_it_ended) {
  Host host;
  for (std::uint16_t id = 1; id <= 10; ++id) host.hand_over(1000, id);
  host.open.erase(9);
  host.living.forget_closed(1000, 1, 4);
  host.living.forget_closed(1000, 1, 4);
  BOOST_TEST(host.living.of(1000) == 10U);
  host.living.forget_closed(1000, 1, 4);  // ends when it has forgotten one
  BOOST_TEST(host.living.of(1000) == 9U);
  BOOST_TEST((host.asked == std::vector<std::uint16_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  host.asked.clear();
  host.living.forget_closed(1000, 1, 100);  // checks each socket once
  BOOST_TEST((host.asked == std::vector<std::uint16_t>{10, 1, 2, 3, 4, 5, 6, 7, 8}));
}

BOOST_AUTO_TEST_CASE(a_cycle_looks_at_each_socket_of_all_users_once) {
  Host host;
  for (std::uint16_t id = 1; id <= 9; ++id) host.hand_over(id < 8 ? 1000 : id, id);
  host.living.forget_closed(1, 5);
  host.living.forget_closed(1, 5);
  std::ranges::sort(host.asked);
  host.asked.erase(std::unique(host.asked.begin(), host.asked.end()), host.asked.end());
  BOOST_TEST(host.asked.size() == 9U);
  host.open = {3};
  host.living.forget_closed(2, 100);
  BOOST_TEST(host.living.size() == 7U);
  host.living.forget_closed(100, 100);
  BOOST_TEST(host.living.size() == 1U);
  BOOST_TEST(host.living.of(1000) == 1U);
}

BOOST_AUTO_TEST_CASE(an_identifier_that_was_free_is_the_new_owners) {
  Host host;
  host.hand_over(1000, 7);
  host.hand_over(2000, 7);
  BOOST_TEST(host.living.size() == 1U);
  BOOST_TEST(host.living.of(1000) == 0U);
  BOOST_TEST(host.living.of(2000) == 1U);
}

BOOST_AUTO_TEST_CASE(the_kernel_tells_open_sockets_from_closed_ones,
                     *boost::unit_test::precondition(net_test::needs_root)) {
  net_test::in_namespace([] {
    net_test::allow_ping_sockets();
    IdentifierProbe probe;
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      os::PingSocket kept = os::open_ping_socket(family);
      BOOST_REQUIRE(kept.socket);
      const auto source =
          family == Family::ipv4 ? multiping::Address::parse("127.0.0.1") : multiping::Address::parse("::1");
      os::PingSocket other = os::open_ping_socket(family, *source);
      BOOST_REQUIRE(other.socket);
      BOOST_TEST(probe(kept.id));
      BOOST_TEST(probe(other.id));
      const std::uint16_t closed = other.id;
      other = {};
      BOOST_TEST(!probe(closed));
      BOOST_TEST(!probe(closed));
      BOOST_TEST(probe(kept.id));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_client_cannot_hide_its_socket, *boost::unit_test::precondition(net_test::needs_root)) {
  net_test::in_namespace([] {
    net_test::allow_ping_sockets();
    IdentifierProbe probe;
    const os::PingSocket socket = os::open_ping_socket(Family::ipv4);
    const int fd = socket.socket.value();
    os::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    BOOST_TEST(probe(socket.id));
    sockaddr_in target{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    BOOST_REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0);
    BOOST_TEST(probe(socket.id));
    ::shutdown(fd, SHUT_RDWR);
    BOOST_TEST(probe(socket.id));
    target.sin_family = AF_UNSPEC;
    ::connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof target);
    BOOST_TEST(probe(socket.id));
  });
}

BOOST_AUTO_TEST_CASE(where_nothing_can_be_found_out_a_socket_counts,
                     *boost::unit_test::precondition(net_test::needs_root)) {
  net_test::in_namespace([] {
    net_test::allow_ping_sockets(false);
    IdentifierProbe probe;
    BOOST_TEST(probe(1234));
  });
}

BOOST_AUTO_TEST_SUITE_END()
