// Tests which errors are told to clients of the icmp4em protocol: for ICMP, for ICMPv6 and for system errors.
// The tests are tables.
#include "apps/multipingd/icmp4em/icmp4em_errors.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "apps/multipingd/icmp4em/client_prefix.hpp"

namespace multiping::daemon {
namespace {

using Types = std::vector<std::uint8_t>;
using Verdict = std::optional<Icmp4emVerdict>;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_errors)

Verdict of_v6(std::uint8_t type, std::uint8_t code, std::uint32_t mtu = 0) {
  return icmp4em_verdict(Family::ipv6, type, code, mtu);
}

Verdict of_v4(std::uint8_t type, std::uint8_t code, std::uint32_t mtu = 0) {
  return icmp4em_verdict(Family::ipv4, type, code, mtu);
}

Verdict told(std::uint8_t type, std::uint8_t code, std::uint16_t mtu = 0) {
  return Icmp4emVerdict{.type = type, .code = code, .mtu = mtu};
}

bool contains(std::string_view network, unsigned prefix, std::string_view client) {
  return ClientPrefix{.address = Address::parse(network).value(), .prefix = prefix}.contains(
      Address::parse(client).value());
}

BOOST_AUTO_TEST_CASE(icmp_errors_are_told_as_they_are) {
  BOOST_TEST((of_v4(3, 1) == told(3, 1)));
  BOOST_TEST((of_v4(3, 13, 77) == told(3, 13)));
  BOOST_TEST((of_v4(3, 4, 1400) == told(3, 4, 1400)));
  BOOST_TEST((of_v4(11, 0, 1400) == told(11, 0)));
  BOOST_TEST((of_v4(11, 1) == told(11, 1)));
  BOOST_TEST((of_v4(12, 0) == told(12, 0)));
}

BOOST_AUTO_TEST_CASE(what_tells_no_fate_is_not_told) {
  const Types v4 = {0, 4, 5, 8, 13};  // 4 is source quench, which only the server itself sends
  const Types v6 = {0, 5, 100, 128, 129, 137};
  for (const auto type : v4) BOOST_TEST(!of_v4(type, 0));
  for (const auto type : v6) BOOST_TEST(!of_v6(type, 0));
  BOOST_TEST(!icmp4em_verdict(Family::any, 3, 1, 0));
}

BOOST_AUTO_TEST_CASE(icmpv6_errors_become_their_nearest_relatives) {
  BOOST_TEST((of_v6(1, 0) == told(3, 0)));
  BOOST_TEST((of_v6(1, 1) == told(3, 13)));
  BOOST_TEST((of_v6(1, 2) == told(3, 1)));
  BOOST_TEST((of_v6(1, 3) == told(3, 1)));
  BOOST_TEST((of_v6(1, 4) == told(3, 3)));
  BOOST_TEST((of_v6(1, 5) == told(3, 13)));
  BOOST_TEST((of_v6(1, 6) == told(3, 13)));
  BOOST_TEST((of_v6(1, 7) == told(3, 1)));
  BOOST_TEST((of_v6(1, 255) == told(3, 1)));
  BOOST_TEST((of_v6(2, 0, 1280) == told(3, 4, 1280)));
  BOOST_TEST((of_v6(2, 0, 100000) == told(3, 4, 65535)));
  BOOST_TEST((of_v6(3, 0) == told(11, 0)));
  BOOST_TEST((of_v6(3, 1) == told(11, 1)));
  BOOST_TEST((of_v6(4, 2) == told(12, 0)));
}

BOOST_AUTO_TEST_CASE(what_the_system_says_itself) {
  const auto verdict = [](std::errc error) { return Verdict{icmp4em_verdict(std::make_error_code(error))}; };
  BOOST_TEST((verdict(std::errc::host_unreachable) == told(3, 1)));
  BOOST_TEST((verdict(std::errc::network_unreachable) == told(3, 0)));
  BOOST_TEST((verdict(std::errc::invalid_argument) == told(3, 0)));
  BOOST_TEST((verdict(std::errc::permission_denied) == told(3, 13)));
  BOOST_TEST((verdict(std::errc::operation_not_permitted) == told(3, 13)));
  BOOST_TEST((verdict(std::errc::message_size) == told(3, 4)));
  BOOST_TEST((verdict(std::errc::no_buffer_space) == told(4, 0)));
  BOOST_TEST((verdict(std::errc::resource_unavailable_try_again) == told(4, 0)));
  BOOST_TEST((verdict(std::errc::io_error) == told(3, 1)));
}

BOOST_AUTO_TEST_CASE(networks_of_clients) {
  BOOST_TEST(contains("10.0.0.0", 8, "10.255.255.255"));
  BOOST_TEST(!contains("10.0.0.0", 8, "11.0.0.0"));
  BOOST_TEST(contains("10.1.2.3", 32, "10.1.2.3"));
  BOOST_TEST(!contains("10.1.2.3", 32, "10.1.2.2"));
  BOOST_TEST(contains("10.128.0.0", 9, "10.255.0.1"));
  BOOST_TEST(!contains("10.128.0.0", 9, "10.127.0.1"));
  BOOST_TEST(contains("0.0.0.0", 0, "192.0.2.1"));
  BOOST_TEST(!contains("0.0.0.0", 0, "::1"));
  BOOST_TEST(!contains("0.0.0.0", 33, "0.0.0.0"));
  BOOST_TEST(contains("2001:db8::", 33, "2001:db8:7fff::1"));
  BOOST_TEST(!contains("2001:db8::", 33, "2001:db8:8000::1"));
  BOOST_TEST(contains("::", 0, "::1"));
  BOOST_TEST(!ClientPrefix{}.contains(Address{}));
}

BOOST_AUTO_TEST_CASE(loopback_addresses) {
  for (const auto* text : {"127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"})
    BOOST_TEST(is_loopback(Address::parse(text).value()), text);
  for (const auto* text : {"126.0.0.1", "128.0.0.1", "::", "::2", "100::1", "::ffff:10.0.0.1"})
    BOOST_TEST(!is_loopback(Address::parse(text).value()), text);
  BOOST_TEST(!is_loopback(Address{}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::daemon
