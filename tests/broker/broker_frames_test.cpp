// Tests the broker's messages byte by byte: encoding, parsing, and the refusal of malformed ones.
#include "broker/broker_frames.hpp"

#include <boost/test/unit_test.hpp>
#include <random>

#include "support/hex.hpp"

namespace multiping::test {
namespace {

using namespace multiping::broker;

BOOST_AUTO_TEST_SUITE(broker_frames_test)

const char* const magic_of_requests = "6d70696e6700";
const char* const magic_of_replies = "6d70696e6701";

Bytes request_bytes(std::string_view rest) { return hex(magic_of_requests) + hex(rest); }
Bytes reply_bytes(std::string_view rest) { return hex(magic_of_replies) + hex(rest); }

template <class Message>
Bytes bytes_of_message(const Message& message) {
  const auto bytes = encode(message);
  return {bytes.begin(), bytes.end()};
}

Bytes changed(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes[at] = value;
  return bytes;
}

/// Changes one to three bytes. One message in eight gets another length.
Bytes mutated(Bytes bytes, std::mt19937& random) {
  for (auto changes = random() % 3 + 1; changes > 0; --changes)
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
  if (random() % 8 == 0) bytes.resize(random() % 80);
  return bytes;
}

/// Checks that each message of this version that is parsed encodes to the same bytes. Returns how many were parsed.
template <class Parse>
std::size_t read_back(const Bytes& seed, Parse parse) {
  std::mt19937 random{7};
  std::size_t believed = 0;
  for (int i = 0; i < 500'000; ++i) {
    const Bytes bytes = mutated(seed, random);
    const auto message = parse(bytes);
    if (!message || message->version != broker_version) continue;
    ++believed;
    BOOST_REQUIRE(bytes_of_message(*message) == bytes);
  }
  return believed;
}

const Bytes plain = request_bytes("01 04 01 000000  00000000 00000000  00000000 00000000 00000000 00000000");
const Bytes with_zone = request_bytes("01 06 10 000000  00400000 00000007  fe800000 00000000 00000000 00000001");
const Bytes granted = reply_bytes("01 00 02 000000  00000000 00000000");

BOOST_AUTO_TEST_CASE(requests_are_these_bytes) {
  const BrokerRequest small{.family = Family::ipv4};
  BOOST_TEST(bytes_of_message(small) == plain, boost::test_tools::per_element());
  BOOST_CHECK(parse_broker_request(plain) == small);

  const Address link_local = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 7);
  const BrokerRequest large{
      .family = Family::ipv6, .count = most_sockets_at_once, .receive_buffer = 0x400000, .source = link_local};
  BOOST_TEST(bytes_of_message(large) == with_zone, boost::test_tools::per_element());
  BOOST_CHECK(parse_broker_request(with_zone) == large);

  const BrokerRequest from{.family = Family::ipv4, .source = Address::v4({192, 0, 2, 1})};
  BOOST_CHECK(parse_broker_request(encode(from)) == from);
}

BOOST_AUTO_TEST_CASE(replies_are_these_bytes) {
  BOOST_TEST(bytes_of_message(BrokerReply{.count = 2}) == granted, boost::test_tools::per_element());
  const BrokerReply limited{.status = BrokerStatus::limited, .retry_after_milliseconds = 250};
  BOOST_CHECK(parse_broker_reply(reply_bytes("01 02 00 000000 00000000 000000fa")) == limited);
  const BrokerReply failed{.status = BrokerStatus::failed, .error = 97};
  BOOST_CHECK(parse_broker_reply(encode(failed)) == failed);
}

BOOST_AUTO_TEST_CASE(every_other_length_is_refused) {
  for (const Bytes& whole : {plain, with_zone}) {
    for (std::size_t length = 0; length < whole.size(); ++length)
      BOOST_CHECK(!parse_broker_request(std::span{whole}.first(length)));
    BOOST_CHECK(!parse_broker_request(whole + Bytes{0}));
  }
  for (std::size_t length = 0; length < granted.size(); ++length)
    BOOST_CHECK(!parse_broker_reply(std::span{granted}.first(length)));
  BOOST_CHECK(!parse_broker_reply(granted + Bytes{0}));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  for (std::size_t at = 0; at < 6; ++at) BOOST_CHECK(!parse_broker_request(changed(plain, at, 0xff)));
  for (const std::uint8_t family : Bytes{0, 1, 5, 7, 255})
    BOOST_CHECK(!parse_broker_request(changed(plain, 7, family)));
  for (const std::uint8_t count : Bytes{0, 17, 255}) BOOST_CHECK(!parse_broker_request(changed(plain, 8, count)));
  for (const std::size_t padding : {9U, 10U, 11U}) {
    BOOST_CHECK(!parse_broker_request(changed(plain, padding, 1)));
    BOOST_CHECK(!parse_broker_reply(changed(granted, padding, 1)));
  }
  BOOST_CHECK(!parse_broker_reply(changed(granted, 7, 6)));
  BOOST_CHECK(!parse_broker_reply(plain));
  BOOST_CHECK(!parse_broker_request(granted));
}

BOOST_AUTO_TEST_CASE(a_source_is_of_its_family) {
  // A zone without an address, or for IPv4; bytes after an IPv4 address; an IPv4 address as IPv6.
  for (const char* rest : {"01 06 01 000000 00000000 00000007  00000000 00000000 00000000 00000000",
                           "01 04 01 000000 00000000 00000007  c0000201 00000000 00000000 00000000",
                           "01 04 01 000000 00000000 00000000  c0000201 00000000 00000000 00000001",
                           "01 06 01 000000 00000000 00000000  00000000 00000000 0000ffff c0000201"})
    BOOST_CHECK_MESSAGE(!parse_broker_request(request_bytes(rest)), rest);
}

BOOST_AUTO_TEST_CASE(another_version_is_told_and_no_more) {
  const auto request = parse_broker_request(request_bytes("02 ff"));
  BOOST_REQUIRE(request.has_value());
  BOOST_CHECK(*request == BrokerRequest{.version = 2});
  const auto reply = parse_broker_reply(changed(granted, 6, 2));
  BOOST_REQUIRE(reply.has_value());
  BOOST_TEST(unsigned{reply->version} == 2U);
}

BOOST_AUTO_TEST_CASE(a_million_mutated_messages) {
  for (const std::size_t believed :
       {read_back(with_zone, parse_broker_request), read_back(granted, parse_broker_reply)}) {
    BOOST_TEST(believed > 1'000U);
    BOOST_TEST(believed < 450'000U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
