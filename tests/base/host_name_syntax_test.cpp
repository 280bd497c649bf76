// Tests whether a text is an address, a name, or neither; above all for texts that inet_aton(3) takes as addresses.
// No lookup is made here.
#include "base/host_name_syntax.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace multiping;
using namespace multiping;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(host_name)

namespace {

std::string label(std::size_t size) { return std::string(size, 'a'); }

/// A name of 253 characters that ends with the given label.
std::string long_name(std::size_t last) { return label(63) + '.' + label(63) + '.' + label(63) + '.' + label(last); }

void check_all(const std::vector<std::string>& texts, HostText kind) {
  for (const auto& text : texts) {
    BOOST_TEST((read_host(text).kind == kind), '"' << text.substr(0, 300) << '"');
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(addresses_are_addresses) {
  check_all({"192.0.2.1", "::1", "2001:DB8::1", "::ffff:192.0.2.1", "fe80::1%lo"}, HostText::address);
  BOOST_TEST(read_host("::ffff:192.0.2.1").address == Address::v4({192, 0, 2, 1}));
}

BOOST_AUTO_TEST_CASE(names_are_names) {
  check_all(
      {"localhost", "a", "www.example.org", "www.example.org.", "a_b.example", "-.example", "xn--mnchen-3ya.example",
       "m\xc3\xbcnchen.example", "1.example", "999.999.999.999", "256.1.1.1", "1.2.3.4.5", "0x.example", "0xg"},
      HostText::name);
}

BOOST_AUTO_TEST_CASE(lengths_are_those_of_the_domain_name_system) {
  check_all({label(63), label(63) + ".example", long_name(61), long_name(61) + '.'}, HostText::name);
  check_all({label(64), "www." + label(64), long_name(62), long_name(62) + '.', label(300), label(1'000'000)},
            HostText::neither);
}

BOOST_AUTO_TEST_CASE(labels_are_not_empty) {
  check_all({"", ".", "..", ".example", "a..example", "example.."}, HostText::neither);
}

BOOST_AUTO_TEST_CASE(what_inet_aton_takes_is_no_name) {
  check_all({"1", "10.1", "10.1.2", "010.0.0.1", "0.0.0.00", "2130706433", "0x7f.1", "0X7F000001", "017700000001",
             "10.1.", "192.0.2.1.", "1.2.3.4 junk", "1.2.3.4 ", "1.2.3.4\tx"},
            HostText::neither);
}

BOOST_AUTO_TEST_CASE(other_characters_are_no_name) {
  check_all({" ", "a b", "a\n", "\ta", "a\0b"s, "\0"s, "a.example\0"s, "a\x7f", "::g", "1:2", "fe80::1%", "host%eth0",
             "http://example.org", "user@example.org", "[::1]", "a,b", "*", "\x1b[2J"},
            HostText::neither);
}

BOOST_AUTO_TEST_CASE(a_block_is_many_hosts) {
  check_all({"192.0.2.0/24", "192.0.2.1/32", "0.0.0.0/0", "192.0.2.0/255.255.255.0", "2001:db8::/64", "::/0",
             "192.0.2.1-192.0.2.9", "2001:db8::1-2001:db8::9"},
            HostText::block);
  check_all({"192.0.2.0/", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/24 ", "/24", "10/8", "example.org/24",
             "192.0.2.0/1000", "192.0.2.0/24/24"},
            HostText::neither);
}

BOOST_AUTO_TEST_CASE(a_dash_makes_no_block_of_a_name) {
  check_all({"192.0.2.1-a", "a-192.0.2.1", "192-0-2-1.example", "web-1"}, HostText::name);
}

BOOST_AUTO_TEST_CASE(a_port_belongs_elsewhere) {
  check_all(
      {"192.0.2.1:80", "192.0.2.1:0", "[2001:db8::1]:80", "[fe80::1%lo]:65535", "localhost:443", "www.example.org.:80"},
      HostText::with_port);
  check_all({"2001:db8::1:80"}, HostText::address);
  check_all({"192.0.2.1:", "192.0.2.1:http", "192.0.2.1:123456", "192.0.2.1:-1", ":80", "[::1]", "[192.0.2.1]:80",
             "[::1:80", "[]:80", "10.1:80", "192.0.2.0/24:80", "192.0.2.1:80:80"},
            HostText::neither);
}

BOOST_AUTO_TEST_CASE(a_zone_that_is_no_interface_is_told_from_what_is_no_address) {
  for (const auto* text : {"fe80::b%no-such-link", "fe80::b%no.such", "::1%nosuch", "fe80::b%-1"})
    BOOST_TEST(has_unknown_zone(text), text);
  for (const auto& text : {"fe80::b%lo"s, "fe80::b%1"s, "fe80::b"s, "fe80::b%"s, "fe80::g%nosuch"s, "host%nosuch"s,
                           "192.0.2.1%nosuch"s, "::ffff:192.0.2.1%nosuch"s, "fe80::b%a-name-of-16-chr"s,
                           "fe80::b%no/such"s, "fe80::b%no:such"s, "fe80::b%a%b"s, "fe80::b%a b"s, "fe80::b%a\0"s})
    BOOST_TEST(!has_unknown_zone(text), text);
}

BOOST_AUTO_TEST_CASE(a_host_name_is_a_name_in_ascii) {
  for (const auto* text : {"localhost", "a", "www.example.org.", "a_b.example", "xn--mnchen-3ya.example"}) {
    BOOST_TEST(is_host_name(text), text);
  }
  for (const auto& text :
       {""s, "m\xc3\xbcnchen.example"s,
        "\x9b"
        "2J.example"s,
        "192.0.2.1"s, "::1"s, "fe80::1%lo"s, "10.1"s, "a b"s, "\x1b[2J"s, "a\0b"s, "a\n"s, long_name(62)}) {
    BOOST_TEST(!is_host_name(text), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
