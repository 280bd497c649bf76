// Tests the limits of each user.
// No test reads a clock or opens a socket.
#include "apps/multipingd/broker/user_quota.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>

BOOST_AUTO_TEST_SUITE(user_quota_test)

namespace {

using multiping::daemon::QuotaLimits;
using multiping::daemon::UserQuota;
using Instant = multiping::Instant;
using namespace std::chrono_literals;

constexpr Instant now{1h};

struct Host {
  explicit Host(QuotaLimits limits)
      : quota{limits, [this](std::uint16_t id) {
                ++looks;
                return open.contains(id);
              }} {}
  /// Asks for sockets, and takes them when they are granted.
  bool ask(uid_t user, std::size_t count) {
    last = quota.refusal(user, count, now);
    for (std::size_t i = 0; !last && i < count; ++i) {
      open.insert(++last_id);
      quota.add(user, last_id);
    }
    return !last;
  }
  std::set<std::uint16_t> open{};
  int looks = 0;
  std::uint16_t last_id = 0;
  UserQuota quota;
  std::optional<multiping::daemon::Refusal> last{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(requests_come_no_faster_than_allowed) {
  Host host{{.requests = {.per_second = 10, .burst = 2}, .sockets_of_user = 100, .sockets = 100}};
  BOOST_TEST(host.ask(1, 1));
  BOOST_TEST(host.ask(1, 1));
  BOOST_TEST(!host.ask(1, 1));
  BOOST_TEST(host.last->why == "requests come too fast");
  BOOST_CHECK(host.last->retry_after > 0s && host.last->retry_after <= 101ms);
  BOOST_TEST(host.ask(2, 1));
  BOOST_TEST(host.looks == 0);
}

BOOST_AUTO_TEST_CASE(a_user_has_no_more_sockets_than_allowed_and_again_some_when_they_are_closed) {
  Host host{{.sockets_of_user = 20, .sockets = 100}};
  BOOST_TEST(host.ask(1, 16));
  BOOST_TEST(!host.ask(1, 5));
  BOOST_TEST(host.last->why == "this user has too many sockets");
  BOOST_CHECK(host.last->retry_after == 0s);
  BOOST_TEST(host.ask(1, 4));
  BOOST_TEST(host.ask(2, 16));
  host.open.erase(3);
  BOOST_TEST(!host.ask(1, 2));
  BOOST_TEST(host.ask(1, 1));
  BOOST_TEST(!host.ask(1, 1));
  host.open.clear();
  BOOST_TEST(host.ask(1, 16));
}

BOOST_AUTO_TEST_CASE(all_users_together_have_no_more_than_allowed) {
  Host host{{.sockets_of_user = 20, .sockets = 30}};
  BOOST_TEST(host.ask(1, 16));
  BOOST_TEST(host.ask(2, 14));
  BOOST_TEST(!host.ask(3, 1));
  BOOST_TEST(host.last->why == "all users have too many sockets");
  host.open.erase(20);
  BOOST_TEST(host.ask(3, 1));
  BOOST_TEST(host.quota.living() == 30U);
}

BOOST_AUTO_TEST_CASE(a_request_costs_few_looks_and_the_next_goes_on_with_them) {
  Host host{{.sockets_of_user = 1000, .sockets = 4000}};
  for (int i = 0; i < 100; ++i) BOOST_REQUIRE(host.ask(1, 10));
  BOOST_TEST(host.looks == 0);
  for (std::uint16_t id = 900; id <= 1000; ++id) host.open.erase(id);
  int tries = 1;
  for (; tries < 10 && !host.ask(1, 1); ++tries) BOOST_CHECK(host.last->retry_after > 0s);
  BOOST_TEST(tries == 4);
  BOOST_TEST(host.looks <= 1000);
}

BOOST_AUTO_TEST_CASE(more_at_once_than_anybody_may_have_is_refused) {
  Host host{{.sockets_of_user = 8, .sockets = 4}};
  BOOST_TEST(!host.ask(1, 16));
  BOOST_TEST(!host.ask(1, 8));
  BOOST_TEST(host.ask(1, 4));
}

BOOST_AUTO_TEST_SUITE_END()
