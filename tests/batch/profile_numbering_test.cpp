// Tests the numbers of probe options, and which addresses may be probed at all.
// Equal options share a number while they are in use, and for some time after.
#include "batch/profile_numbering.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "multiping/error.hpp"
#include "values/probeable_address.hpp"

using namespace multiping;

BOOST_AUTO_TEST_SUITE(profile_numbering_test)

namespace {

ProbeOptions to_port(int port) { return {.protocol = Protocol::udp, .port = port}; }
Address address(const char* text) { return *Address::parse(text); }

}  // namespace

BOOST_AUTO_TEST_CASE(equal_options_share_a_number) {
  Profiles profiles;
  const auto first = profiles.acquire(to_port(1));
  const auto other = profiles.acquire(to_port(2));
  profiles.note_known(first.number);
  const auto again = profiles.acquire(to_port(1));
  BOOST_TEST(first.fresh);
  BOOST_TEST(!again.fresh);
  BOOST_TEST(first.number == again.number);
  BOOST_TEST(first.number != other.number);
  BOOST_CHECK(profiles[other.number] == to_port(2));
  const std::vector<ProbeOptions> all = std::move(profiles).take();
  BOOST_CHECK((all == std::vector<ProbeOptions>{to_port(1), to_port(2)}));
}

BOOST_AUTO_TEST_CASE(options_that_differ_in_anything_are_told_apart) {
  Profiles profiles;
  const ProbeOptions all[] = {{},
                              {.source_v4 = address("192.0.2.1")},
                              {.device = "lo"},
                              {.pattern = {1}},
                              {.random_payload = true},
                              {.pattern = {2}},
                              {.mark = 0},
                              {.flow = 0},
                              {.flow = 1},
                              {.dont_fragment = true},
                              {.protocol = Protocol::tcp, .half_open = true},
                              {.protocol = Protocol::tcp}};
  std::set<net::ProfileNumber> numbers;
  for (const ProbeOptions& options : all) numbers.insert(profiles.acquire(options).number);
  BOOST_TEST(numbers.size() == std::size(all));
}

BOOST_AUTO_TEST_CASE(packets_of_all_ttls_and_of_nearly_the_same_size_share_a_profile) {
  const SplitOptions near = split({.ttl = 1, .tos = 4, .payload_size = 600});
  const SplitOptions far = split({.ttl = 255, .tos = 4, .payload_size = 1000});
  BOOST_CHECK(near.profile == far.profile);
  BOOST_TEST(near.profile.tos == 4);
  BOOST_TEST(near.packet.ttl == 1);
  BOOST_TEST(far.packet.ttl == 255);
  BOOST_TEST(near.packet.payload_size == 600);
  BOOST_TEST(far.packet.payload_size == 1000);
  BOOST_TEST(split({.payload_size = 1500}).profile.payload_size >= 1500U);
}

BOOST_AUTO_TEST_CASE(packets_that_a_socket_treats_differently_share_no_profile) {
  const auto profile = [](const ProbeOptions& probe) { return split(probe).profile; };
  BOOST_CHECK(profile({.ttl = 64}) != profile({}));                                 // a proxy sends only the second
  BOOST_CHECK(profile({.payload_size = 7}) != profile({.payload_size = 8}));        // has a shorter tag
  BOOST_CHECK(profile({.payload_size = 520}) != profile({.payload_size = 521}));    // leaves without DF
  BOOST_CHECK(profile({.payload_size = 1232}) != profile({.payload_size = 1233}));  // may be fragmented with IPv6
  BOOST_CHECK(profile({.flow = 1}) != profile({.flow = 2}));                        // has a source port of its own
}

BOOST_AUTO_TEST_CASE(a_payload_of_the_largest_size_fits) {
  BOOST_TEST(split({.payload_size = 65'507}).profile.payload_size == 65'507U);
  BOOST_TEST(split({.family = Family::ipv6, .payload_size = 65'527}).profile.payload_size == 65'527U);
  BOOST_TEST(split({.payload_size = 0}).profile.payload_size == 0U);
  const SplitOptions connection = split({.protocol = Protocol::tcp, .ttl = 3, .payload_size = 0});
  BOOST_TEST(connection.profile.payload_size == 0U);
  BOOST_TEST(connection.packet.ttl == 3);
}

BOOST_AUTO_TEST_CASE(what_is_used_again_soon_keeps_its_number) {
  Profiles profiles;
  const auto first = profiles.acquire(to_port(1));
  profiles.note_known(first.number);
  profiles.release(first.number);
  const auto again = profiles.acquire(to_port(1));
  BOOST_TEST(again.number == first.number);
  BOOST_TEST(!again.fresh);
}

BOOST_AUTO_TEST_CASE(numbers_that_nobody_uses_go_to_others) {
  Profiles profiles;
  const auto kept = profiles.acquire(to_port(1));
  profiles.note_known(kept.number);
  for (int port = 2; port < 10'000; ++port) {
    const auto brief = profiles.acquire(to_port(port));
    BOOST_REQUIRE(brief.fresh);
    BOOST_REQUIRE(brief.number != kept.number);
    BOOST_REQUIRE(profiles[brief.number] == to_port(port));
    profiles.release(brief.number);
  }
  BOOST_TEST(profiles.size() < 100U);
  BOOST_TEST(!profiles.acquire(to_port(1)).fresh);
}

BOOST_AUTO_TEST_CASE(a_number_is_free_only_without_any_user) {
  Profiles profiles;
  const auto shared = profiles.acquire(to_port(1));
  static_cast<void>(profiles.acquire(to_port(1)));
  profiles.release(shared.number);
  for (int port = 2; port < 200; ++port) {
    const auto brief = profiles.acquire(to_port(port));
    BOOST_REQUIRE(brief.number != shared.number);
    profiles.release(brief.number);
  }
}

BOOST_AUTO_TEST_CASE(as_many_as_are_in_use_have_numbers) {
  Profiles profiles;
  std::set<net::ProfileNumber> numbers;
  for (std::size_t i = 0; i < 100'000; ++i)
    numbers.insert(profiles.acquire({.tos = i < 50'000 ? 0 : 4, .payload_size = i % 50'000}).number);
  BOOST_TEST(numbers.size() == 100'000U);
  profiles.release(77);
  for (net::ProfileNumber number = 1000; number < 1020; ++number) profiles.release(number);
  BOOST_TEST(profiles.acquire({.tos = 8}).number == 77U);
  BOOST_TEST(profiles.size() == 100'000U);
}

BOOST_AUTO_TEST_CASE(options_are_fresh_until_they_are_known) {
  Profiles profiles;
  const auto first = profiles.acquire(to_port(1));
  BOOST_TEST(first.fresh);
  profiles.release(first.number);
  BOOST_TEST(profiles.acquire(to_port(1)).fresh);
  profiles.note_known(first.number);
  BOOST_TEST(!profiles.acquire(to_port(1)).fresh);
}

BOOST_AUTO_TEST_CASE(what_must_not_be_probed) {
  for (const char* text : {"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.255.255.255", "::", "ff02::1"})
    BOOST_CHECK(objection(address(text)) == Errc::destination_denied);
  for (const char* text : {"fe80::1", "febf::1"}) BOOST_CHECK(objection(address(text)) == Errc::zone_missing);
  for (const char* text : {"127.0.0.1", "223.255.255.255", "255.255.255.254", "::1", "fe80::1%1", "fec0::1"})
    BOOST_CHECK(!objection(address(text)));
}

BOOST_AUTO_TEST_CASE(only_link_local_addresses_have_a_zone) {
  BOOST_CHECK(without_idle_zone(address("2001:db8::1%1")) == address("2001:db8::1"));
  BOOST_CHECK(without_idle_zone(address("fe80::1%1")) == address("fe80::1%1"));
  BOOST_CHECK(without_idle_zone(address("192.0.2.1")) == address("192.0.2.1"));
}

BOOST_AUTO_TEST_SUITE_END()
