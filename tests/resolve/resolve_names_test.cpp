// Tests name resolution for the library: texts without a lookup, names that this host knows, the preferred address.
// PendingLookups that need a name server are in getaddrinfo_lookup_test.cpp.
#include "resolve/resolve_names.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "multiping/error.hpp"

using namespace multiping;
using namespace multiping::resolver;
using namespace std::chrono_literals;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(resolver_seam)

namespace {

using Names = std::vector<std::string>;

const Address v4 = *Address::parse("192.0.2.1");
const Address v6 = *Address::parse("2001:db8::1");

std::vector<std::string> texts(const Resolution& resolution) {
  std::vector<std::string> texts;
  for (const auto& address : resolution.addresses) texts.push_back(address.to_string());
  return texts;
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

Names a_million_addresses() {
  Names names;
  names.reserve(1'000'000);
  for (unsigned i = 0; i < 1'000'000; ++i) {
    names.push_back("10." + std::to_string(i >> 16) + '.' + std::to_string(i >> 8 & 0xff) + '.' +
                    std::to_string(i & 0xff));
  }
  return names;
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_names_have_no_resolutions) { BOOST_TEST(resolve_names({}, {}).empty()); }

BOOST_AUTO_TEST_CASE(addresses_need_no_time) {
  const Names names{"192.0.2.1", "2001:DB8::1", "::ffff:192.0.2.1", "192.0.2.1"};
  const auto resolutions = resolve_names(names, {.timeout = 0s});
  BOOST_REQUIRE(resolutions.size() == 4U);
  for (std::size_t i = 0; i < names.size(); ++i) {
    BOOST_TEST(resolutions[i].name == names[i]);
    BOOST_TEST(!resolutions[i].error);
    BOOST_TEST((resolutions[i].addresses == std::vector{i == 1 ? v6 : v4}));
  }
}

BOOST_AUTO_TEST_CASE(an_address_of_another_family_is_none) {
  const Names names{"192.0.2.1", "2001:db8::1"};
  const auto resolutions = resolve_names(names, {.family = Family::ipv6});
  BOOST_TEST((resolutions[0].error == Errc::no_address));
  BOOST_TEST(resolutions[0].addresses.empty());
  BOOST_TEST((resolutions[1].addresses == std::vector{v6}));
}

BOOST_AUTO_TEST_CASE(what_is_no_name_is_not_looked_up) {
  const Names names{"",      "10.1",         "1",   "010.0.0.1", "2130706433",         "1.2.3.4 junk",
                    "a\0b"s, "localhost\0"s, "::g", "a b",       std::string(300, 'a')};
  for (const auto& resolution : resolve_names(names, {.timeout = 0s})) {  // a lookup would be lookup_timeout
    BOOST_TEST((resolution.error == Errc::no_address), resolution.name);
    BOOST_TEST(resolution.addresses.empty());
  }
}

BOOST_AUTO_TEST_CASE(many_hosts_and_ports_are_told_as_that) {
  const Names names{"192.0.2.0/24", "2001:db8::/64", "192.0.2.1:80", "[2001:db8::1]:80", "localhost:80"};
  for (const auto& resolution : resolve_names(names, {.timeout = 0s})) {
    BOOST_TEST((resolution.error == Errc::not_an_address), resolution.name);
    BOOST_TEST(resolution.addresses.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_name_without_time_is_a_timeout) {
  const Names names{"localhost", "127.0.0.1"};
  const auto resolutions = resolve_names(names, {.timeout = 0s});
  BOOST_TEST((resolutions[0].error == Errc::lookup_timeout));
  BOOST_TEST(!resolutions[1].error);
}

BOOST_AUTO_TEST_CASE(a_name_after_a_stop_request_is_a_timeout) {
  std::stop_source stop;
  stop.request_stop();
  const Names names{"localhost", "127.0.0.1"};
  const auto resolutions = resolve_names(names, {}, stop.get_token());
  BOOST_TEST((resolutions[0].error == Errc::lookup_timeout));
  BOOST_TEST(!resolutions[1].error);
}

BOOST_AUTO_TEST_CASE(this_host_knows_itself) {
  const Names names{"localhost", "192.0.2.1", "localhost"};
  const auto resolutions = resolve_names(names, {.family = Family::ipv4});
  BOOST_TEST(texts(resolutions[0]) == Names{"127.0.0.1"}, boost::test_tools::per_element());
  BOOST_TEST(texts(resolutions[1]) == Names{"192.0.2.1"}, boost::test_tools::per_element());
  BOOST_TEST((resolutions[2].addresses == resolutions[0].addresses));
  BOOST_TEST(resolutions[2].name == "localhost");
}

BOOST_AUTO_TEST_CASE(no_thread_outlives_the_call) {
  const auto before = threads_of_this_process();
  BOOST_TEST(!resolve_names(Names{"localhost"}, {})[0].error);
  // A joined thread may stay listed until the kernel has removed it.
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (threads_of_this_process() > before && std::chrono::steady_clock::now() < until) continue;
  BOOST_TEST(threads_of_this_process() == before);
}

BOOST_AUTO_TEST_CASE(a_million_addresses_take_no_time) {
  const auto names = a_million_addresses();
  const auto began = std::chrono::steady_clock::now();
  const auto resolutions = resolve_names(names, {.timeout = 0s});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  BOOST_TEST(std::ranges::none_of(resolutions, [](const Resolution& r) { return static_cast<bool>(r.error); }));
  BOOST_TEST(took.count() < 60.0);
}

BOOST_AUTO_TEST_CASE(no_addresses_have_no_names) { BOOST_TEST(reverse_names({}, {}).empty()); }

BOOST_AUTO_TEST_CASE(what_has_no_name_to_look_for_is_not_looked_up) {
  const std::vector addresses{Address{}, v6, v4};
  const auto resolutions = reverse_names(addresses, {.family = Family::ipv4, .timeout = 0s});
  BOOST_REQUIRE(resolutions.size() == 3U);
  BOOST_TEST((resolutions[0].error == Errc::no_address));
  BOOST_TEST((resolutions[1].error == Errc::no_address));
  BOOST_TEST((resolutions[2].error == Errc::lookup_timeout));  // there was no time
  BOOST_TEST((resolutions[1].address == v6));
  for (const auto& resolution : resolutions) BOOST_TEST(resolution.name.empty());
}

BOOST_AUTO_TEST_CASE(an_address_after_a_stop_request_is_a_timeout) {
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST((reverse_names(std::vector{v4}, {}, stop.get_token())[0].error == Errc::lookup_timeout));
}

BOOST_AUTO_TEST_CASE(this_host_knows_the_name_of_its_loopback) {
  const std::vector addresses{*Address::parse("127.0.0.1"), *Address::parse("127.0.0.1")};
  const auto resolutions = reverse_names(addresses, {});
  BOOST_TEST(resolutions[0].name == "localhost");
  BOOST_TEST(resolutions[1].name == "localhost");
}

BOOST_AUTO_TEST_CASE(ipv4_is_preferred_where_there_is_one) {
  BOOST_TEST((preferred({"a", {v6, v4}, {}}, Family::any) == v4));
  BOOST_TEST((preferred({"a", {v6}, {}}, Family::any) == v6));
  BOOST_TEST((preferred({"a", {v4, v6}, {}}, Family::ipv6) == v6));
  BOOST_TEST((preferred({"a", {v6, v4}, {}}, Family::ipv4) == v4));
}

BOOST_AUTO_TEST_CASE(without_an_address_of_the_family_nothing_is_preferred) {
  BOOST_TEST(!preferred({}, Family::any).has_value());
  BOOST_TEST(!preferred({"a", {v6}, {}}, Family::ipv4).has_value());
  BOOST_TEST(!preferred({"a", {v4}, {}}, Family::ipv6).has_value());
}

BOOST_AUTO_TEST_CASE(the_first_of_a_family_is_preferred) {
  const auto other = *Address::parse("192.0.2.2");
  BOOST_TEST((preferred({"a", {v6, other, v4}, {}}, Family::any) == other));
}

BOOST_AUTO_TEST_SUITE_END()
