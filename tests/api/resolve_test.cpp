// Tests the public resolve() and reverse_resolve(): options are checked, and results come back in order.
// The tests in resolve/ check names and addresses in detail.
#include "multiping/resolve.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "multiping/error.hpp"
#include "multiping/multi_ping.hpp"

using namespace std::chrono_literals;
using multiping::Errc;
using multiping::Family;

BOOST_AUTO_TEST_SUITE(public_resolve)

BOOST_AUTO_TEST_CASE(names_are_resolved_in_order) {
  const auto resolutions = multiping::resolve({"localhost", "192.0.2.1", "10.1"}, {.family = Family::ipv4});
  BOOST_REQUIRE(resolutions.size() == 3U);
  BOOST_REQUIRE(resolutions[0].addresses.size() == 1U);
  BOOST_TEST(resolutions[0].addresses[0].to_string() == "127.0.0.1");
  BOOST_TEST(resolutions[1].name == "192.0.2.1");
  BOOST_TEST((resolutions[2].error == Errc::no_address));
}

BOOST_AUTO_TEST_CASE(options_have_defaults) { BOOST_TEST(multiping::resolve({}).empty()); }

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
  BOOST_CHECK_THROW(static_cast<void>(multiping::resolve({}, {.parallel = 0})), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(multiping::resolve({}, {.parallel = 257})), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(multiping::resolve({}, {.timeout = -1s})), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(multiping::resolve({}, {.budget = -1s})), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(many_hosts_and_ports_point_to_what_takes_them) {
  const auto resolutions = multiping::resolve({"192.0.2.0/24", "192.0.2.1:80"});
  for (const auto& resolution : resolutions) {
    BOOST_TEST((resolution.error == Errc::not_an_address));
    BOOST_TEST(resolution.error.message().find("expand()") != std::string::npos);
    BOOST_TEST(resolution.error.message().find("ProbeOptions::port") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_batch_says_the_same_of_many_hosts_and_ports) {
  const std::vector<multiping::Target> targets{"192.0.2.0/24", "192.0.2.1:80", "[2001:db8::1]:80"};
  BOOST_CHECK_EXCEPTION(static_cast<void>(multiping::multi_ping(targets, 1s)), multiping::ResolveError,
                        [](const multiping::ResolveError& error) { return error.code() == Errc::not_an_address; });
  const auto batch = multiping::multi_ping(targets, 1s, 0, {.ignore_lookup_errors = true});
  BOOST_REQUIRE(batch.no_responses.size() == 3U);
  for (const auto& result : batch.no_responses) {
    BOOST_TEST((result.outcome == multiping::Outcome::unresolved));
    BOOST_TEST((result.error == Errc::not_an_address));
  }
}

BOOST_AUTO_TEST_CASE(addresses_have_their_names_in_order) {
  const auto address = [](const char* text) { return *multiping::Address::parse(text); };
  const auto found = multiping::reverse_resolve({{}, address("127.0.0.1"), address("::1")}, {.family = Family::ipv4});
  BOOST_REQUIRE(found.size() == 3U);
  BOOST_TEST((found[0].error == Errc::no_address));
  BOOST_TEST((found[1].address == address("127.0.0.1")));
  BOOST_TEST(found[1].name == "localhost");
  BOOST_TEST(!found[1].error);
  BOOST_TEST((found[2].error == Errc::no_address));
  BOOST_TEST(multiping::reverse_resolve({}).empty());
}

BOOST_AUTO_TEST_CASE(options_of_reverse_names_are_checked) {
  BOOST_CHECK_THROW(static_cast<void>(multiping::reverse_resolve({}, {.parallel = 0})), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(multiping::reverse_resolve({}, {.timeout = -1s})), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
