// Tests which clients are muted, and for how long.
// In virtual time.
#include "apps/multipingd/icmp4em/icmp4em_throttle.hpp"

#include <boost/test/unit_test.hpp>

namespace multiping::daemon {
namespace {

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_mutes)

constexpr Instant start{};

Icmp4emClient client(std::uint16_t port) { return {.address = Address::v4({127, 0, 0, 1}), .port = port}; }

/// Refuses a client until it is muted, at most `most` times. Returns the number of refusals; `most` + 1: never muted.
int refuse(Icmp4emThrottle& throttle, const Icmp4emClient& who, Instant now, int most = 1000) {
  for (int count = 1; count <= most; ++count)
    if (throttle.refused(who, now)) return count;
  return most + 1;
}

BOOST_AUTO_TEST_CASE(who_goes_on_is_mute_for_a_while) {
  Icmp4emThrottle throttle;
  BOOST_TEST(!throttle.next_release());
  BOOST_TEST(refuse(throttle, client(1), start) == 256);
  BOOST_REQUIRE(throttle.muted().size() == 1U);
  BOOST_TEST((throttle.muted().front() == client(1)));
  BOOST_TEST((throttle.next_release() == start + 250ms));
  BOOST_TEST(throttle.release(start + 250ms - 1ns).empty());
  BOOST_TEST(throttle.release(start + 250ms).size() == 1U);
  BOOST_TEST(throttle.muted().empty());
}

BOOST_AUTO_TEST_CASE(refusals_now_and_then_are_none_to_mute_for) {
  Icmp4emThrottle throttle;
  for (int i = 0; i < 10'000; ++i) BOOST_REQUIRE(!throttle.refused(client(1), start + i * 1ms));
}

BOOST_AUTO_TEST_CASE(clients_are_told_apart) {
  Icmp4emThrottle throttle;
  BOOST_TEST(refuse(throttle, client(1), start, 255) == 256);
  BOOST_TEST(refuse(throttle, client(2), start, 255) == 256);
  BOOST_TEST(refuse(throttle, client(2), start, 1) == 1);
  BOOST_TEST((throttle.muted() == std::vector{client(2)}));
}

BOOST_AUTO_TEST_CASE(pauses_double_up_to_the_longest) {
  Icmp4emThrottle throttle;
  Instant now = start;
  for (const Duration pause : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 8000ms, 8000ms, 8000ms}) {
    BOOST_TEST(refuse(throttle, client(1), now) == 256);
    BOOST_TEST((throttle.next_release() == now + pause));
    now += pause;
    BOOST_TEST(throttle.release(now).size() == 1U);
  }
  now += 8s;  // without a refusal
  BOOST_TEST(refuse(throttle, client(1), now) == 256);
  BOOST_TEST((throttle.next_release() == now + 250ms));
}

BOOST_AUTO_TEST_CASE(what_had_come_before_does_not_count) {
  Icmp4emThrottle throttle;
  BOOST_TEST(refuse(throttle, client(1), start) == 256);
  BOOST_TEST(refuse(throttle, client(1), start + 249ms) == 1001);
  BOOST_TEST(throttle.muted().size() == 1U);
}

BOOST_AUTO_TEST_CASE(only_so_many_are_mute) {
  Icmp4emThrottle throttle{{.most_refusals = 1, .most_muted = 2}};
  BOOST_TEST(throttle.refused(client(1), start));
  BOOST_TEST(throttle.refused(client(2), start + 1ms));
  BOOST_TEST(!throttle.refused(client(3), start + 2ms));
  BOOST_TEST(throttle.release(start + 250ms).size() == 1U);
  BOOST_TEST(throttle.refused(client(3), start + 250ms));
}

BOOST_AUTO_TEST_CASE(only_so_many_are_watched) {
  Icmp4emThrottle throttle{{.most_refusals = 2, .most_watched = 2}};
  for (std::uint16_t port = 1; port <= 3; ++port) BOOST_TEST(!throttle.refused(client(port), start));
  BOOST_TEST(!throttle.refused(client(3), start));  // there was no room to watch client 3
  BOOST_TEST(throttle.refused(client(2), start));
  BOOST_TEST(!throttle.refused(client(3), start + 1min));
  BOOST_TEST(throttle.refused(client(3), start + 1min));  // the others are forgotten
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::daemon
