// Tests which client an answer is for, and the limits of requests, with made-up clients, packets and times.
// Every limit is tested at its edge.
#include "apps/multipingd/icmp4em/icmp4em_relay.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>
#include <vector>

#include "packet/internet_checksum.hpp"
#include "packet/writer.hpp"
#include "support/hex.hpp"

namespace multiping::daemon {
namespace {

using namespace std::chrono_literals;
using test::Bytes;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_relay)

constexpr std::uint16_t wire_id = 0x7777;
constexpr packet::SipKey key{.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
constexpr Instant start{};

Address address(std::string_view text) { return Address::parse(text).value(); }

const Icmp4emClient alice{.address = Address::v4({127, 0, 0, 1}), .port = 1001};
const Icmp4emClient bob{.address = Address::v4({127, 0, 0, 1}), .port = 1002};
const Bytes hello = {'h', 'e', 'l', 'l', 'o', ' ', 'y', 'o', 'u', '!'};

icmp4em::Icmp4emRequest request_to(std::string_view destination, std::span<const std::uint8_t> payload = hello) {
  return {
      .destination = address(destination), .id = 0xa1a1, .sequence = 0x0020, .checksum = 0xcccc, .payload = payload};
}

/// Requires that the request is accepted, and returns its sequence number.
std::uint16_t accepted(Icmp4emRelay& relay, const Icmp4emClient& client, const icmp4em::Icmp4emRequest& request,
                       Instant now = start) {
  const auto ticket = relay.accept(client, request, now);
  BOOST_REQUIRE(ticket.refused == Icmp4emLimit::none);
  return ticket.sequence;
}

icmp4em::Icmp4emReply reply_of(std::uint16_t sequence, std::span<const std::uint8_t> payload = hello) {
  return {.id = wire_id, .sequence = sequence, .payload = payload};
}

std::uint16_t checksum_on_the_wire(std::uint16_t sequence, const Bytes& payload) {
  Bytes message(8 + payload.size());
  packet::Writer out{message};
  out.u32(0x08000000);
  out.u16(wire_id);
  out.u16(sequence);
  out.bytes(payload);
  return packet::internet_checksum(message);
}

packet::QuotedEcho quote_of(std::uint16_t sequence, std::span<const std::uint8_t> payload = hello) {
  return {.id = wire_id, .sequence = sequence, .checksum = checksum_on_the_wire(sequence, hello), .payload = payload};
}

constexpr Icmp4emVerdict unreachable{.type = 3, .code = 1};

/// The default limits without rates, for tests of something else.
Icmp4emLimits unhurried() {
  Icmp4emLimits limits;
  limits.requests_of_client = limits.requests_of_address = {};
  return limits;
}

struct Relay : Icmp4emRelay {
  explicit Relay(const Icmp4emLimits& limits = unhurried()) : Icmp4emRelay{limits, key, wire_id} {}

  bool takes_one_of(const Icmp4emClient& client, Instant now = start) {
    return accept(client, request_to("10.0.0.1"), now).refused == Icmp4emLimit::none;
  }
};

BOOST_AUTO_TEST_CASE(an_answer_goes_to_who_asked_in_its_own_numbers) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  BOOST_TEST(relay.pending() == 1);
  const auto delivery = relay.answered(address("10.0.0.1"), reply_of(sequence), start + 1s);
  BOOST_REQUIRE(delivery);
  BOOST_TEST((delivery->client == alice));
  BOOST_TEST(delivery->id == 0xa1a1);
  BOOST_TEST(delivery->sequence == 0x0020);
  BOOST_TEST(relay.pending() == 0);
}

BOOST_AUTO_TEST_CASE(an_answer_is_given_once) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  BOOST_TEST(relay.answered(address("10.0.0.1"), reply_of(sequence), start).has_value());
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence), start));
}

BOOST_AUTO_TEST_CASE(what_is_no_answer) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  const Bytes shorter{hello.begin(), hello.end() - 1};
  Bytes longer = hello;
  longer.push_back(0);
  Bytes altered = hello;
  altered.back() ^= 1U;
  BOOST_TEST(!relay.answered(address("10.0.0.2"), reply_of(sequence), start));
  BOOST_TEST(!relay.answered(address("::a00:1"), reply_of(sequence), start));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(static_cast<std::uint16_t>(sequence + 1)), start));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence, shorter), start));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence, longer), start));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence, altered), start));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence, {}), start));
  BOOST_TEST(relay.answered(address("10.0.0.1"), reply_of(sequence), start).has_value());
}

BOOST_AUTO_TEST_CASE(zones_tell_link_local_addresses_apart) {
  Relay relay;
  const auto in_zone = [](std::uint32_t zone) {
    return Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, zone);
  };
  icmp4em::Icmp4emRequest request = request_to("::1");
  request.destination = in_zone(2);
  const auto sequence = accepted(relay, alice, request);
  BOOST_TEST(!relay.answered(in_zone(3), reply_of(sequence), start));
  BOOST_TEST(relay.answered(in_zone(2), reply_of(sequence), start).has_value());
}

BOOST_AUTO_TEST_CASE(two_clients_with_the_same_numbers_and_targets_get_their_own) {
  Relay relay;
  std::vector<std::pair<Icmp4emClient, std::uint16_t>> asked;
  for (int i = 0; i < 1000; ++i) {
    const Icmp4emClient& client = i % 2 == 0 ? alice : bob;
    asked.emplace_back(client, accepted(relay, client, request_to("10.0.0.1")));
  }
  for (const auto& [client, sequence] : asked) {
    const auto delivery = relay.answered(address("10.0.0.1"), reply_of(sequence), start + 1s);
    BOOST_REQUIRE(delivery);
    BOOST_TEST((delivery->client == client));
  }
  BOOST_TEST(relay.pending() == 0);
}

BOOST_AUTO_TEST_CASE(a_retransmission_is_a_probe_of_its_own) {
  Relay relay;
  const auto first = accepted(relay, alice, request_to("10.0.0.1"));
  const auto second = accepted(relay, alice, request_to("10.0.0.1"), start + 1s);
  BOOST_TEST(first != second);
  for (const auto sequence : {second, first}) {
    const auto delivery = relay.answered(address("10.0.0.1"), reply_of(sequence), start + 2s);
    BOOST_REQUIRE(delivery);
    BOOST_TEST(delivery->sequence == 0x0020);
  }
}

BOOST_AUTO_TEST_CASE(sequence_numbers_come_back_late_and_in_no_order) {
  Relay relay;
  std::set<std::uint16_t> seen;
  int ascents = 0;
  int before = 0;
  for (int i = 0; i < 65536; ++i) {
    const auto sequence = accepted(relay, alice, request_to("10.0.0.1", {}));
    ascents += sequence == before + 1 ? 1 : 0;
    before = sequence;
    seen.insert(sequence);
    relay.withdraw(address("10.0.0.1"), sequence);
  }
  BOOST_TEST(seen.size() == 65536U);
  BOOST_TEST(ascents < 20);
}

BOOST_AUTO_TEST_CASE(a_destination_with_all_sequence_numbers_in_use) {
  Icmp4emLimits limits = unhurried();
  limits.pending = limits.pending_of_client = limits.pending_of_address = 100'000;
  Relay relay{limits};
  for (int i = 0; i < 65536; ++i) accepted(relay, alice, request_to("10.0.0.1", {}));
  BOOST_TEST((relay.accept(alice, request_to("10.0.0.1"), start).refused == Icmp4emLimit::sequences));
  accepted(relay, alice, request_to("10.0.0.2"));
}

BOOST_AUTO_TEST_CASE(an_answer_after_30_seconds_is_late) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  const auto last = accepted(relay, alice, request_to("10.0.0.2"));
  BOOST_TEST(!relay.answered(address("10.0.0.1"), reply_of(sequence), start + 30s));
  BOOST_TEST(relay.answered(address("10.0.0.2"), reply_of(last), start + 30s - 1ns).has_value());
}

BOOST_AUTO_TEST_CASE(what_has_waited_long_enough_is_forgotten) {
  Relay relay;
  for (int i = 0; i < 10; ++i) accepted(relay, alice, request_to("10.0.0.1"), start + i * 1s);
  BOOST_TEST(relay.expire(start + 30s - 1ns) == 0);
  BOOST_TEST(relay.expire(start + 30s) == 1);
  BOOST_TEST(relay.expire(start + 34s) == 4);
  BOOST_TEST(relay.pending() == 5);
  BOOST_TEST(relay.expire(start + 1h) == 5);
  BOOST_TEST(relay.expire(start + 2h) == 0);
}

BOOST_AUTO_TEST_CASE(probes_without_an_answer_are_limited) {
  Icmp4emLimits limits = unhurried();
  limits.pending = 6;
  limits.pending_of_address = 4;
  limits.pending_of_client = 2;
  Relay relay{limits};
  const Icmp4emClient carol{.address = Address::v4({127, 9, 9, 9}), .port = 1};  // counts as the same address as alice
  const Icmp4emClient dave{.address = address("10.0.0.9"), .port = 1}, eve{.address = address("10.0.0.10"), .port = 1};
  const auto refusal = [&](const Icmp4emClient& client, Instant now = start) {
    return relay.accept(client, request_to("10.0.0.1"), now).refused;
  };
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  BOOST_TEST((refusal(alice) == Icmp4emLimit::none));
  BOOST_TEST((refusal(alice) == Icmp4emLimit::pending_of_client));
  BOOST_TEST((refusal(bob) == Icmp4emLimit::none));
  BOOST_TEST((refusal(carol) == Icmp4emLimit::none));
  BOOST_TEST((refusal(carol) == Icmp4emLimit::pending_of_address));
  BOOST_TEST((refusal(dave) == Icmp4emLimit::none));
  BOOST_TEST((refusal(dave) == Icmp4emLimit::none));
  BOOST_TEST((refusal(eve) == Icmp4emLimit::pending));
  // A probe that is answered or expired makes room for another.
  BOOST_TEST(relay.answered(address("10.0.0.1"), reply_of(sequence), start).has_value());
  BOOST_TEST((refusal(eve) == Icmp4emLimit::none));
  BOOST_TEST((refusal(eve) == Icmp4emLimit::pending));
  BOOST_TEST(relay.expire(start + 30s) == 6);
  BOOST_TEST((refusal(alice, start + 30s) == Icmp4emLimit::none));
}

BOOST_AUTO_TEST_CASE(requests_are_limited_by_client_before_by_address) {
  Icmp4emLimits limits;
  limits.requests_of_client = {.per_second = 10, .burst = 20};
  limits.requests_of_address = {.per_second = 100, .burst = 100};
  Relay relay{limits};
  const auto accepted_of = [&](const Icmp4emClient& client, Instant now) {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += relay.takes_one_of(client, now) ? 1 : 0;
    return count;
  };
  BOOST_TEST(accepted_of(alice, start) == 20);
  BOOST_TEST(accepted_of(bob, start) == 20);  // alice's flood took nothing from bob
  BOOST_TEST(accepted_of(alice, start + 1s) == 10);
  BOOST_TEST((relay.accept(alice, request_to("10.0.0.1"), start + 1s).refused == Icmp4emLimit::rate));
}

BOOST_AUTO_TEST_CASE(sockets_without_number_do_not_multiply_a_rate) {
  Icmp4emLimits limits;
  limits.requests_of_client = {.per_second = 10, .burst = 10};
  limits.requests_of_address = {.per_second = 10, .burst = 20};
  limits.reserve_of_address = {.per_second = 10, .burst = 5};
  Relay relay{limits};
  const auto accepted_of = [&](std::string_view from) {
    int count = 0;
    for (std::uint16_t port = 1; port <= 100; ++port)
      count += relay.takes_one_of({.address = address(from), .port = port}) ? 1 : 0;
    return count;
  };
  BOOST_TEST(accepted_of("127.0.0.1") == 25);
  BOOST_TEST(accepted_of("127.0.0.2") == 0);
  BOOST_TEST(accepted_of("10.0.0.1") == 25);
  BOOST_TEST(accepted_of("10.0.0.2") == 25);
  BOOST_TEST(accepted_of("2001:db8::1") == 25);
  BOOST_TEST(accepted_of("2001:db8::ffff:1") == 0);
  BOOST_TEST(accepted_of("2001:db8:0:1::1") == 25);
}

BOOST_AUTO_TEST_CASE(who_asks_little_is_served_beside_a_flood_by_many_sockets) {
  Icmp4emLimits limits;
  limits.requests_of_address = {.per_second = 100, .burst = 100};
  limits.assured_to_client = {.per_second = 2, .burst = 2};
  limits.reserve_of_address = {.per_second = 20, .burst = 20};
  Relay relay{limits};
  const auto is_accepted = [&](std::uint16_t port, Instant now) {
    return relay.takes_one_of({.address = address("127.0.0.1"), .port = port}, now);
  };
  const auto flood = [&](Instant now) {
    int accepted = 0;
    for (int i = 0; i < 500; ++i) accepted += is_accepted(static_cast<std::uint16_t>(1 + i % 9), now) ? 1 : 0;
    return accepted;
  };
  BOOST_TEST(flood(start) == 100 + 9 * 2);
  BOOST_TEST(is_accepted(1000, start));
  BOOST_TEST(is_accepted(1000, start));
  BOOST_TEST(!is_accepted(1000, start));  // its assured requests are used up, and so is the address's rate
  BOOST_TEST(flood(start + 1s) == 100 + 9 * 2);
  BOOST_TEST(is_accepted(1000, start + 1s));
}

BOOST_AUTO_TEST_CASE(a_large_request_counts_as_many) {
  Icmp4emLimits limits;
  limits.requests_of_client = limits.requests_of_address = {.per_second = 1, .burst = 46};
  Relay relay{limits};
  const Bytes large(65000, 0);  // 45 packets
  accepted(relay, alice, request_to("10.0.0.1", large));
  accepted(relay, alice, request_to("10.0.0.1"));
  BOOST_TEST((relay.accept(alice, request_to("10.0.0.1"), start).refused == Icmp4emLimit::rate));
}

BOOST_AUTO_TEST_CASE(refusals_are_told_so_often) {
  Icmp4emLimits limits;
  limits.notices_of_address = {.per_second = 2, .burst = 3};
  Relay relay{limits};
  int told = 0;
  for (int i = 0; i < 100; ++i) told += relay.may_tell(i % 2 == 0 ? alice : bob, start) ? 1 : 0;
  BOOST_TEST(told == 3);
  BOOST_TEST(relay.may_tell(alice, start + 500ms));
  BOOST_TEST(!relay.may_tell(alice, start + 500ms));
}

BOOST_AUTO_TEST_CASE(an_error_is_told_and_ends_no_wait) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  const auto complaint = relay.failed(address("10.0.0.1"), quote_of(sequence), unreachable, start + 1s);
  BOOST_REQUIRE(complaint);
  BOOST_TEST((complaint->client == alice));
  BOOST_TEST(complaint->error.type == 3);
  BOOST_TEST(complaint->error.code == 1);
  BOOST_TEST(complaint->error.destination == address("10.0.0.1"));
  BOOST_TEST(complaint->error.id == 0xa1a1);
  BOOST_TEST(complaint->error.sequence == 0x0020);
  BOOST_TEST(complaint->error.checksum == 0xcccc);
  BOOST_TEST(complaint->error.payload_size == hello.size());
  BOOST_TEST(std::ranges::equal(complaint->error.quoted, hello));
  BOOST_TEST(relay.answered(address("10.0.0.1"), reply_of(sequence), start + 2s).has_value());
  BOOST_TEST(!relay.failed(address("10.0.0.1"), quote_of(sequence), unreachable, start + 2s));
}

BOOST_AUTO_TEST_CASE(an_error_that_quotes_another_probe_is_not_told) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  const auto told = [&](std::string_view destination, const packet::QuotedEcho& quote, Instant now = start) {
    return relay.failed(address(destination), quote, unreachable, now).has_value();
  };
  packet::QuotedEcho other_checksum = quote_of(sequence);
  other_checksum.checksum ^= 1U;
  const Bytes other_payload = {'H', 'e', 'l', 'l', 'o'};
  BOOST_TEST(!told("10.0.0.2", quote_of(sequence)));
  BOOST_TEST(!told("10.0.0.1", quote_of(static_cast<std::uint16_t>(sequence + 1))));
  BOOST_TEST(!told("10.0.0.1", other_checksum));
  BOOST_TEST(!told("10.0.0.1", quote_of(sequence, other_payload)));
  BOOST_TEST(!told("10.0.0.1", quote_of(sequence), start + 30s));
  BOOST_TEST(told("10.0.0.1", quote_of(sequence, {})));  // a quote of only the ICMP header
}

BOOST_AUTO_TEST_CASE(the_padding_of_a_quote_is_not_told) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  Bytes padded = hello;
  padded.resize(120, 0);
  const auto complaint = relay.failed(address("10.0.0.1"), quote_of(sequence, padded), unreachable, start);
  BOOST_REQUIRE(complaint);
  BOOST_TEST(std::ranges::equal(complaint->error.quoted, hello));
}

BOOST_AUTO_TEST_CASE(errors_about_one_probe_are_told_a_few_times) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("10.0.0.1"));
  int told = 0;
  for (int i = 0; i < 100; ++i)
    told += relay.failed(address("10.0.0.1"), quote_of(sequence), unreachable, start) ? 1 : 0;
  BOOST_TEST(told == 4);
}

BOOST_AUTO_TEST_CASE(an_error_about_ipv6_needs_no_checksum) {
  Relay relay;
  const auto sequence = accepted(relay, alice, request_to("2001:db8::1"));
  packet::QuotedEcho quote = quote_of(sequence);
  quote.checksum = 0x1111;  // that of ICMPv6 covers the addresses
  const auto complaint = relay.failed(address("2001:db8::1"), quote, unreachable, start);
  BOOST_REQUIRE(complaint);
  BOOST_TEST(!complaint->error.destination);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::daemon
