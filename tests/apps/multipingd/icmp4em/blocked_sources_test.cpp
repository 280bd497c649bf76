// Tests a socket that refuses datagrams of some sources, by address and port, in both families.
// In a network namespace.
#include "apps/multipingd/icmp4em/blocked_sources.hpp"

#include <boost/test/unit_test.hpp>

#include "apps/multipingd/icmp4em/icmp4em_peers.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;
using daemon::DatagramSource;

BOOST_AUTO_TEST_SUITE(proxy_source_filter, *precondition(needs_root))

/// A socket at an address, to which others send.
struct Ears {
  explicit Ears(const Address& at, bool v6_only = true) : socket{udp_socket(at, v6_only)} {}

  [[nodiscard]] std::uint16_t port() const { return os::bound_port(socket.value()); }
  /// Whether a datagram of `asker` arrives. On loopback it has arrived when send() returns.
  [[nodiscard]] bool hears(const Asker& asker) const {
    asker.send({1, 2, 3});
    char byte = 0;
    return ::recv(socket.value(), &byte, 1, MSG_DONTWAIT) == 1;
  }

  os::FileDescriptor socket;
};

DatagramSource source_of(const char* from, const Asker& asker) {
  return {.address = address(from), .port = os::bound_port(asker.socket())};
}

BOOST_AUTO_TEST_CASE(sources_are_refused_and_heard_again) {
  in_namespace([] {
    for (const auto* host : {"127.0.0.1", "::1"}) {
      const Ears ears{address(host)};
      const Asker alice{address(host), ears.port(), {}}, bob{address(host), ears.port(), {}};
      BOOST_TEST(ears.hears(alice));
      BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), std::vector{source_of(host, alice)}));
      BOOST_TEST(!ears.hears(alice));
      BOOST_TEST(ears.hears(bob));
      BOOST_REQUIRE(
          daemon::refuse_sources(ears.socket.value(), std::vector{source_of(host, alice), source_of(host, bob)}));
      BOOST_TEST(!ears.hears(alice));
      BOOST_TEST(!ears.hears(bob));
      BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), {}));
      BOOST_TEST(ears.hears(alice));
      BOOST_TEST(ears.hears(bob));
    }
  });
}

BOOST_AUTO_TEST_CASE(the_same_port_of_another_address_is_heard) {
  in_namespace([] {
    const Ears ears{address("127.0.0.1")};
    const Asker alice{address("127.0.0.1"), ears.port(), address("127.0.0.2")};
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), std::vector{source_of("127.0.0.3", alice)}));
    BOOST_TEST(ears.hears(alice));
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), std::vector{source_of("127.0.0.2", alice)}));
    BOOST_TEST(!ears.hears(alice));
  });
}

BOOST_AUTO_TEST_CASE(a_socket_of_both_families) {
  in_namespace([] {
    const Ears ears{address("::"), false};
    const Asker v4{address("127.0.0.1"), ears.port(), {}}, v6{address("::1"), ears.port(), {}};
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), std::vector{source_of("127.0.0.1", v4)}));
    BOOST_TEST(!ears.hears(v4));
    BOOST_TEST(ears.hears(v6));
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), std::vector{source_of("::1", v6)}));
    BOOST_TEST(ears.hears(v4));
    BOOST_TEST(!ears.hears(v6));
  });
}

BOOST_AUTO_TEST_CASE(the_largest_list) {
  in_namespace([] {
    const Ears ears{address("::1")};
    const Asker alice{address("::1"), ears.port(), {}};
    std::vector<DatagramSource> sources(daemon::most_sources_refused - 1, {.address = address("::1"), .port = 1});
    sources.push_back(source_of("::1", alice));
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), sources));
    BOOST_TEST(!ears.hears(alice));
    sources.insert(sources.begin(), {.address = address("::1"), .port = 2});  // alice is now beyond the limit
    BOOST_REQUIRE(daemon::refuse_sources(ears.socket.value(), sources));
    BOOST_TEST(ears.hears(alice));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
