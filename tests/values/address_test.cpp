// Tests addresses as text and as values: the text that is accepted, refused and written.
// Compares the results with the parser of the C library.
#include "multiping/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

using namespace multiping;
using namespace std::string_literals;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(address)

namespace {

std::string canonical(const std::string& text) {
  const auto address = Address::parse(text);
  return address ? address->to_string() : "none";
}

struct TextPair {
  const char* text;
  const char* canonical;
};
std::ostream& operator<<(std::ostream& out, const TextPair& pair) { return out << pair.text; }

const std::vector<TextPair> texts{
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"192.0.2.10", "192.0.2.10"},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"0:0:0:0:0:0:0:0", "::"},
    {"2001:DB8::ABCD", "2001:db8::abcd"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"::FFFF:c000:0201", "192.0.2.1"},
    {"0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"},
    {"::fffe:192.0.2.1", "::fffe:c000:201"},
};

const std::vector<std::string> no_addresses{
    "",
    " ",
    "1",
    "10.1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4 x",
    "1.2.3.4\n",
    "1.2.3.4\0"s,
    "1.2.3.4%lo",
    "1.2.3.4/32",
    "256.1.1.1",
    "1.2.3.1000",
    "010.0.0.1",
    "1.2.3.00",
    "0x7f.0.0.1",
    "-1.2.3.4",
    "+1.2.3.4",
    "2130706433",
    "localhost",
    ":",
    ":::",
    "1:::2",
    "1::2::3",
    ":1::2",
    "1::2:",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1.2.3.4::",
    "::1.2.3",
    "::1.2.3.4:5",
    "::1.2.3.256",
    "::ffff:010.0.0.1",
    "12345::",
    "g::",
    "[::1]",
    "::1 ",
    "::1/128",
    "::1\0"s,
    "fe80::1%",
    "fe80::1%0",
    "fe80::1%4294967296",
    "fe80::1%-1",
    "fe80::1%1x",
    "fe80::1%no-such-link",
    "fe80::1%a-name-longer-than-an-interface-can-have",
    "fe80::1%lo\0"s,
    "fe80::1%lo:1",
    "fe80::1%lo%lo",
    "%lo",
    "::ffff:192.0.2.1%lo",
    std::string(1'000'000, '1'),
    std::string(1'000'000, ':'),
};

/// Random digits, colons and points, or an address with a few changed characters.
std::string disordered(std::mt19937& random) {
  constexpr std::string_view characters = "0123456789abcdefF::::....g ";
  const auto any = [&random](std::size_t end) { return random() % end; };
  std::string text(any(24), ' ');
  for (auto& c : text) c = characters[any(characters.size())];
  return text;
}

std::string damaged(std::mt19937& random) {
  std::array<std::uint8_t, 16> octets{};
  for (auto& octet : octets) octet = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : std::uint8_t{0};
  auto text = Address::v6(octets).to_string();
  for (auto changes = random() % 3; changes > 0; --changes) {
    text[random() % text.size()] = "0:.af"[random() % 5];
  }
  return text;
}

bool c_library_takes(const std::string& text) {
  std::array<unsigned char, 16> octets{};
  return ::inet_pton(AF_INET, text.c_str(), octets.data()) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), octets.data()) == 1;
}

std::vector<std::string> a_million_texts() {
  std::vector<std::string> million;
  for (unsigned i = 0; i < 500'000; ++i) {
    million.push_back("10." + std::to_string(i >> 16) + '.' + std::to_string(i >> 8 & 0xff) + '.' +
                      std::to_string(i & 0xff));
    million.push_back("2001:db8:0:" + std::to_string(i % 9999) + "::" + std::to_string(i / 9999));
  }
  return million;
}

}  // namespace

BOOST_DATA_TEST_CASE(text_is_read_and_written_in_canonical_form, data::make(texts)) {
  BOOST_TEST(canonical(sample.text) == sample.canonical);
  BOOST_TEST(canonical(sample.canonical) == sample.canonical);
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_address) {
  for (const auto& text : no_addresses) {
    BOOST_TEST(!Address::parse(text).has_value(), "taken for an address: " << text.substr(0, 60));
  }
}

BOOST_AUTO_TEST_CASE(text_need_not_be_terminated) {
  constexpr std::string_view text = "192.0.2.12345";
  BOOST_TEST(Address::parse(text.substr(0, 10))->to_string() == "192.0.2.12");
}

BOOST_AUTO_TEST_CASE(the_c_library_takes_the_same_texts) {
  std::mt19937 random{20'240'229};
  unsigned taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto text = i % 2 == 0 ? disordered(random) : damaged(random);
    const auto address = Address::parse(text);
    BOOST_REQUIRE_MESSAGE(address.has_value() == c_library_takes(text), text);
    if (!address) continue;
    ++taken;
    BOOST_REQUIRE_MESSAGE(Address::parse(address->to_string()) == address, text);
  }
  BOOST_TEST(taken > 10'000U);
}

BOOST_AUTO_TEST_CASE(the_c_library_reads_the_same_octets) {
  std::mt19937 random{7};
  for (int i = 0; i < 50'000; ++i) {
    std::array<std::uint8_t, 16> octets{}, read{};
    for (auto& octet : octets) octet = random() % 2 == 0 ? static_cast<std::uint8_t>(random()) : std::uint8_t{0};
    octets[0] = 0x20;
    const auto text = Address::v6(octets).to_string();
    BOOST_REQUIRE(::inet_pton(AF_INET6, text.c_str(), read.data()) == 1);
    BOOST_REQUIRE_MESSAGE(read == octets, text);
    BOOST_REQUIRE_MESSAGE(std::ranges::equal(Address::parse(text)->bytes(), octets), text);
  }
}

BOOST_AUTO_TEST_CASE(a_default_address_is_none) {
  const Address none;
  BOOST_TEST(!none);
  BOOST_TEST((none.family() == Family::any));
  BOOST_TEST(none.bytes().empty());
  BOOST_TEST(none.to_string() == "");
  BOOST_TEST((none < Address::v4({0, 0, 0, 0})));
}

BOOST_AUTO_TEST_CASE(octets_make_addresses) {
  const auto v4 = Address::v4({192, 0, 2, 1});
  BOOST_TEST((v4.family() == Family::ipv4));
  BOOST_TEST(v4.bytes().size() == 4U);
  BOOST_TEST(v4.bytes()[0] == 192);
  const auto v6 = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 7);
  BOOST_TEST((v6.family() == Family::ipv6));
  BOOST_TEST(v6.bytes().size() == 16U);
  BOOST_TEST(v6.scope_id() == 7U);
  BOOST_TEST(static_cast<bool>(v6));
}

BOOST_AUTO_TEST_CASE(a_mapped_address_is_the_ipv4_address) {
  const auto mapped = Address::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}, 3);
  BOOST_TEST(mapped == Address::v4({192, 0, 2, 1}));
  BOOST_TEST(mapped.scope_id() == 0U);
}

BOOST_AUTO_TEST_CASE(a_zone_is_a_name_or_a_number) {
  const auto loopback = ::if_nametoindex("lo");
  BOOST_REQUIRE(loopback != 0U);
  const auto by_name = Address::parse("fe80::1%lo");
  const auto by_number = Address::parse("fe80::1%" + std::to_string(loopback));
  BOOST_REQUIRE(by_name.has_value());
  BOOST_TEST(by_name->scope_id() == loopback);
  BOOST_TEST((by_name == by_number));
  BOOST_TEST((by_name != Address::parse("fe80::1")));
  BOOST_TEST(by_number->to_string() == "fe80::1%lo");
}

BOOST_AUTO_TEST_CASE(a_zone_without_an_interface_keeps_its_number) {
  BOOST_TEST(Address::parse("fe80::1%4294967295")->scope_id() == 4'294'967'295U);
  BOOST_TEST(canonical("fe80::1%4294967295") == "fe80::1%4294967295");
}

BOOST_AUTO_TEST_CASE(order_is_by_family_then_octets_then_zone) {
  const std::vector<Address> sorted{{},
                                    *Address::parse("0.0.0.0"),
                                    *Address::parse("9.255.255.255"),
                                    *Address::parse("10.0.0.1"),
                                    *Address::parse("::"),
                                    *Address::parse("fe80::1"),
                                    *Address::parse("fe80::1%1"),
                                    *Address::parse("fe80::1%2"),
                                    *Address::parse("fe80::2")};
  BOOST_TEST(std::is_sorted(sorted.begin(), sorted.end()));
  BOOST_TEST(std::set<Address>(sorted.begin(), sorted.end()).size() == sorted.size());
}

BOOST_AUTO_TEST_CASE(a_hash_tells_addresses_apart) {
  const std::hash<Address> hash{};
  BOOST_TEST(hash(*Address::parse("2001:DB8::1")) == hash(*Address::parse("2001:db8:0::1")));
  const std::unordered_set<std::size_t> hashes{hash({}), hash(*Address::parse("0.0.0.0")), hash(*Address::parse("::")),
                                               hash(*Address::parse("::%1")), hash(*Address::parse("::%2"))};
  BOOST_TEST(hashes.size() == 5U);
}

BOOST_AUTO_TEST_CASE(hashes_of_neighbours_spread_in_their_low_bits) {
  constexpr std::size_t buckets = 4096;
  for (const std::string prefix : {"10.0.", "2001:db8::"}) {
    const std::string separator = prefix == "10.0." ? "." : ":";
    std::map<std::size_t, int> filled;
    for (int i = 0; i < 65'536; ++i) {
      const auto text = prefix + std::to_string(i / 256) + separator + std::to_string(i % 256);
      ++filled[std::hash<Address>{}(*Address::parse(text)) % buckets];
    }
    int most = 0;  // 16 are expected
    for (const auto& [bucket, count] : filled) most = std::max(most, count);
    BOOST_TEST(most < 48, prefix << ": " << most << " in one bucket");
    BOOST_TEST(filled.size() > buckets * 9 / 10);
  }
}

BOOST_AUTO_TEST_CASE(an_address_is_printed_as_its_text) {
  std::ostringstream out;
  out << *Address::parse("2001:DB8::1") << ' ' << Address{};
  BOOST_TEST(out.str() == "2001:db8::1 ");
}

BOOST_AUTO_TEST_CASE(families_have_names) {
  BOOST_TEST(to_string(Family::any) == "any");
  BOOST_TEST(to_string(Family::ipv4) == "ipv4");
  BOOST_TEST(to_string(Family::ipv6) == "ipv6");
  BOOST_TEST(to_string(static_cast<Family>(9)) == "unknown");
}

BOOST_AUTO_TEST_CASE(a_million_texts_take_no_time) {
  const auto all = a_million_texts();
  const auto began = std::chrono::steady_clock::now();
  std::size_t taken = 0;
  for (const auto& text : all) taken += Address::parse(text).has_value() ? 1U : 0U;
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  BOOST_TEST(taken == all.size());
  BOOST_TEST(took < 60.0);
}

BOOST_AUTO_TEST_SUITE_END()
