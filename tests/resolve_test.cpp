// The public resolve() and reverse_resolve(): options are checked, answers come back in order.
// What becomes of names and addresses in detail is tested in resolve/.
#include "multiping/resolve.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>

#include "multiping/error.hpp"

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
