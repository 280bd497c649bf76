// Tests the frames of icmp4em's proxy protocol: the bytes of both sides, which datagrams are refused and why, and a
// million mutated requests.
#include "icmp4em/icmp4em_frames.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <string>
#include <string_view>

#include "support/hex.hpp"
#include "values/address_kinds.hpp"

namespace multiping::icmp4em {
namespace {

using test::Bytes;
using test::hex;
using test::operator+;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_frames)

Bytes text(std::string_view letters) { return {letters.begin(), letters.end()}; }

/// An echo request with id 1234, sequence 0010 and no payload.
Bytes echo_request() { return hex("08 00 e5bb" /* type, code, checksum */ "1234 0010"); }

Bytes request_to(std::string_view address, const Bytes& message = echo_request()) {
  return Bytes{static_cast<std::uint8_t>(address.size() >> 8), static_cast<std::uint8_t>(address.size())} +
         text(address) + message;
}

std::string fault_of(const Bytes& datagram) { return to_string(parse_icmp4em_request(datagram).fault); }
std::string fault_of_address(std::string_view address) { return fault_of(request_to(address)); }

Address address_of(std::string_view address) { return Address::parse(address).value(); }

Bytes copy(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

BOOST_AUTO_TEST_CASE(a_request_as_the_original_client_writes_it) {
  const Bytes datagram = hex("0009" /* length */ "3132372e302e302e31" /* 127.0.0.1 */ "08 00 e5bb 1234 0010");
  const auto parsed = parse_icmp4em_request(datagram);
  BOOST_TEST((parsed.fault == Icmp4emFault::none));
  BOOST_TEST(parsed.request.destination == address_of("127.0.0.1"));
  BOOST_TEST(parsed.request.id == 0x1234);
  BOOST_TEST(parsed.request.sequence == 0x0010);
  BOOST_TEST(parsed.request.checksum == 0xe5bb);
  BOOST_TEST(parsed.request.payload.empty());
  BOOST_TEST(encode(parsed.request) == datagram, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_payload_of_an_odd_length) {
  const Bytes payload = hex("61 62 63");
  const Bytes datagram = encode(
      Icmp4emRequest{.destination = address_of("2001:db8::1"), .id = 0xbeef, .sequence = 0xffff, .payload = payload});
  // 0800 + beef + ffff + 6162 + 6300 carries to 8b52.
  BOOST_TEST(datagram == request_to("2001:db8::1", hex("08 00 74ad beef ffff 616263")),
             boost::test_tools::per_element());
  const auto parsed = parse_icmp4em_request(datagram);
  BOOST_TEST((parsed.fault == Icmp4emFault::none));
  BOOST_TEST(copy(parsed.request.payload) == payload, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_largest_payload_and_one_more) {
  const Bytes most(most_icmp4em_payload, 0x61);
  const Address destination = address_of("10.0.0.1");
  BOOST_TEST(fault_of(encode(Icmp4emRequest{.destination = destination, .payload = most})) == "none");
  const Bytes more(most_icmp4em_payload + 1, 0x61);
  BOOST_TEST(fault_of(encode(Icmp4emRequest{.destination = destination, .payload = more})) == "malformed");
}

BOOST_AUTO_TEST_CASE(datagrams_that_are_cut_short) {
  const Bytes whole = request_to("127.0.0.1");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
    BOOST_TEST(fault_of(part) == "malformed", size << " bytes");
  }
}

BOOST_AUTO_TEST_CASE(a_length_that_points_past_the_end) {
  for (const auto* length : {"0012", "0013", "00ff", "ffff"}) {
    BOOST_TEST(fault_of(hex(length) + text("127.0.0.1") + echo_request()) == "malformed");
  }
}

BOOST_AUTO_TEST_CASE(other_icmp_messages_are_no_requests) {
  BOOST_TEST(fault_of(request_to("127.0.0.1", hex("00 00 edbb 1234 0010"))) == "no echo request");
  BOOST_TEST(fault_of(request_to("127.0.0.1", hex("08 01 e5ba 1234 0010"))) == "malformed");
  BOOST_TEST(fault_of(request_to("127.0.0.1", hex("80 00 6dbb 1234 0010"))) == "no echo request");
}

BOOST_AUTO_TEST_CASE(a_wrong_checksum_is_refused) {
  BOOST_TEST(fault_of(request_to("127.0.0.1", hex("08 00 e5bc 1234 0010"))) == "wrong checksum");
  BOOST_TEST(fault_of(request_to("127.0.0.1", hex("08 00 0000 1234 0010"))) == "wrong checksum");
}

BOOST_AUTO_TEST_CASE(names_and_loose_addresses_are_refused) {
  for (const auto* address : {"", "localhost", "example.org", "1", "10.1", "010.0.0.1", "127.0.0.1 ", "127.0.0.1x",
                              "256.0.0.1", "::1%lo", "fe80::1%lo", "fe80::1%", "fe80::1%0", "fe80::1%01",
                              "fe80::1%4294967296", "2001:db8::1%1", "127.0.0.1%1", "[::1]"}) {
    BOOST_TEST(fault_of_address(address) == "not an address", address);
  }
  BOOST_TEST(fault_of_address(std::string_view{"127.0.0.1\0", 10}) == "not an address");
  BOOST_TEST(fault_of_address(std::string(300, '1')) == "not an address");
}

BOOST_AUTO_TEST_CASE(addresses_that_may_not_be_pinged) {
  for (const auto* address :
       {"0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255", "224.0.0.1", "239.255.255.255", "ff02::1", "ffff::1"}) {
    BOOST_TEST(fault_of_address(address) == "an address that may not be pinged", address);
  }
  for (const auto* address : {"0.0.0.1", "223.255.255.255", "240.0.0.1", "255.255.255.254", "::1", "fe00::1"}) {
    BOOST_TEST(fault_of_address(address) == "none", address);
  }
}

BOOST_AUTO_TEST_CASE(a_mapped_address_is_the_ipv4_one) {
  BOOST_TEST(parse_icmp4em_request(request_to("::ffff:192.0.2.1")).request.destination == address_of("192.0.2.1"));
}

BOOST_AUTO_TEST_CASE(zones_are_numbers) {
  const auto parsed = parse_icmp4em_request(request_to("fe80::1%4294967295"));
  BOOST_TEST((parsed.fault == Icmp4emFault::none));
  BOOST_TEST(parsed.request.destination.scope_id() == 4294967295U);
  BOOST_TEST(numeric_text(parsed.request.destination) == "fe80::1%4294967295");
  // The loopback interface has number 1 on every host; to_string() would write its name.
  const Address loopback = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1);
  BOOST_TEST(encode(Icmp4emRequest{.destination = loopback, .id = 0x1234, .sequence = 0x10}) == request_to("fe80::1%1"),
             boost::test_tools::per_element());
  const Address global = Address::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1);
  BOOST_TEST(numeric_text(global) == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(a_reply_is_a_bare_echo_reply) {
  const Bytes payload = hex("6869");
  const Bytes datagram = encode(Icmp4emReply{.id = 0x1234, .sequence = 0x0010, .payload = payload});
  BOOST_TEST(datagram == hex("00 00 8552 1234 0010 6869"), boost::test_tools::per_element());
  const auto reply = parse_icmp4em_reply(datagram);
  BOOST_REQUIRE(reply);
  BOOST_TEST(reply->id == 0x1234);
  BOOST_TEST(reply->sequence == 0x0010);
  BOOST_TEST(copy(reply->payload) == payload, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_no_reply) {
  BOOST_TEST(!parse_icmp4em_reply({}));
  BOOST_TEST(!parse_icmp4em_reply(hex("00 00 edbb 1234 00")));
  BOOST_TEST(!parse_icmp4em_reply(echo_request()));
  BOOST_TEST(!parse_icmp4em_reply(hex("00 00 edbc 1234 0010")));
  BOOST_TEST(!parse_icmp4em_reply(hex("00 01 edba 1234 0010")));
  BOOST_TEST(parse_icmp4em_reply(hex("00 00 edbb 1234 0010")).has_value());
}

Icmp4emError fragmentation_needed(std::span<const std::uint8_t> quoted) {
  return {.type = 3,
          .code = 4,
          .mtu = 1400,
          .destination = address_of("10.1.2.3"),
          .id = 0x1234,
          .sequence = 0x0010,
          .checksum = 0xabcd,
          .payload_size = 1472,
          .quoted = quoted};
}

BOOST_AUTO_TEST_CASE(an_error_quotes_the_request) {
  const Bytes quoted = hex("6162");
  const Bytes datagram = encode(fragmentation_needed(quoted));
  const Bytes expected =
      hex("03 04 d00f 0000 0578"                               // type, code, checksum, MTU 1400
          "45 00 05dc 0000 0000 00 01 a91e 00000000 0a010203"  // IPv4: 1500 bytes of ICMP
          "08 00 abcd 1234 0010 6162");
  BOOST_TEST(datagram == expected, boost::test_tools::per_element());
  const auto error = parse_icmp4em_error(datagram);
  BOOST_REQUIRE(error);
  BOOST_TEST(error->type == 3);
  BOOST_TEST(error->code == 4);
  BOOST_TEST(error->mtu == 1400);
  BOOST_TEST(error->destination == address_of("10.1.2.3"));
  BOOST_TEST(error->id == 0x1234);
  BOOST_TEST(error->sequence == 0x0010);
  BOOST_TEST(error->checksum == 0xabcd);
  BOOST_TEST(error->payload_size == 1472);
  BOOST_TEST(copy(error->quoted) == quoted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_about_ipv6_quotes_no_address) {
  const Bytes datagram = encode(Icmp4emError{.type = 4, .id = 1, .sequence = 2});
  BOOST_TEST(datagram.size() == smallest_icmp4em_error);
  const auto error = parse_icmp4em_error(datagram);
  BOOST_REQUIRE(error);
  BOOST_TEST(error->type == 4);
  BOOST_TEST(!error->destination);
  BOOST_TEST(error->payload_size == 0);
}

BOOST_AUTO_TEST_CASE(an_error_quotes_64_bytes_at_most) {
  const Bytes payload(200, 0x55);
  const Bytes datagram = encode(fragmentation_needed(payload));
  BOOST_TEST(datagram.size() == smallest_icmp4em_error + most_icmp4em_quoted);
  BOOST_TEST(parse_icmp4em_error(datagram).value().quoted.size() == most_icmp4em_quoted);
}

BOOST_AUTO_TEST_CASE(what_is_no_error) {
  const Bytes datagram = encode(fragmentation_needed({}));
  BOOST_TEST(parse_icmp4em_error(datagram).has_value());
  for (std::size_t at = 0; at < datagram.size(); ++at) {
    Bytes altered = datagram;
    altered[at] ^= 0x10U;
    BOOST_TEST(!parse_icmp4em_error(altered), "byte " << at);
  }
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    BOOST_TEST(!parse_icmp4em_error(std::span{datagram}.first(size)), size << " bytes");
  }
  BOOST_TEST(!parse_icmp4em_error(hex("00 00 edbb 1234 0010")));
}

/// Makes one to four changes: changes a byte, cuts the end off, or adds a byte.
Bytes mutated(Bytes bytes, std::mt19937& random) {
  for (auto steps = random() % 4 + 1; steps > 0; --steps) {
    const auto at = static_cast<std::ptrdiff_t>(bytes.empty() ? 0 : random() % bytes.size());
    const auto value = static_cast<std::uint8_t>(random());
    switch (bytes.empty() ? 2 : random() % 4) {
      case 0:
        bytes.resize(static_cast<std::size_t>(at));
        break;
      case 1:
        bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value % 96 + 32);
        break;
      case 2:
        bytes.insert(bytes.begin() + at, value);
        break;
      default:
        bytes[static_cast<std::size_t>(at)] = value;
    }
  }
  return bytes;
}

/// Whether a parsed request, encoded and parsed again, is the same.
bool is_sound(const Icmp4emRequest& request) {
  const Bytes again = encode(request);
  const auto parsed = parse_icmp4em_request(again);
  return parsed.fault == Icmp4emFault::none && parsed.request.destination == request.destination &&
         parsed.request.id == request.id && parsed.request.sequence == request.sequence &&
         std::ranges::equal(parsed.request.payload, request.payload) && !is_no_host(request.destination);
}

BOOST_AUTO_TEST_CASE(a_million_mutated_requests) {
  std::mt19937 random{39};  // NOLINT: the same million in each run
  const Bytes seeds[] = {request_to("127.0.0.1"), request_to("fe80::1%2"),
                         request_to("10.20.30.40", hex("08 00 bb8e 1234 0010 616263646566"))};
  int good = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const Bytes datagram = mutated(seeds[random() % std::size(seeds)], random);
    const auto parsed = parse_icmp4em_request(datagram);
    if (parsed.fault == Icmp4emFault::none && ++good && !is_sound(parsed.request)) BOOST_ERROR("mutation " << i);
    if (const auto reply = parse_icmp4em_reply(datagram); reply && encode(*reply) != datagram)
      BOOST_ERROR("reply " << i);
  }
  BOOST_TEST(good > 1000);  // a mutated address can be another valid one
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::icmp4em
