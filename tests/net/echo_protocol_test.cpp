// Tests of ICMP echo with a scripted kernel: which answers from raw and ping sockets are believed, and what is counted.
// The tests in sim/ play whole scenarios; these look at single packets.
#include "net/echo_protocol.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <set>

#include "net/dialogue.hpp"

using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(echo_protocol_test)

namespace {

constexpr std::uint8_t icmp = 1, icmpv6 = 58;

std::vector<ProbeOptions> one_profile(std::size_t payload_size = 56) { return {{.payload_size = payload_size}}; }

/// An ICMP time exceeded message about a request.
Bytes expired(const ScriptedPacketIo::Sent& request, const Bytes& quoted, const Bytes& behind = {}) {
  const Address source = Address::v4({198, 51, 100, 1});
  const std::uint32_t length_field = behind.empty() ? 0 : 32U << 16;
  Bytes body = ipv4_packet(source, request.to, icmp, quoted);
  if (!behind.empty()) body = padded(std::move(body), 128) + behind;
  return icmp_message(11, 0, length_field, body);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_reply_is_an_event_and_so_is_its_duplicate) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  for (int i = 0; i < 3; ++i) dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(request.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[0].responder == target_v4));
  BOOST_TEST(events[0].reply_ttl == 57);
  BOOST_TEST(events[0].reply_tos.value() == 16);
  BOOST_TEST(events[0].auth_bits == 96);
  BOOST_TEST(!events[0].payload_altered);
  BOOST_TEST(!events[0].final);
}

BOOST_AUTO_TEST_CASE(random_payloads_differ_and_answers_are_compared_with_them) {
  for (const auto flow : {std::optional<std::uint16_t>{}, std::optional<std::uint16_t>{5}}) {
    Dialogue dialogue{{{.payload_size = 100, .flow = flow, .random_payload = true}, {.payload_size = 100}}};
    const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4), plain = dialogue.ask(target_v4, 1);
    const auto after_the_tag = [](const ScriptedPacketIo::Sent& sent) {
      return Bytes(sent.bytes.begin() + 18, sent.bytes.end());
    };
    BOOST_TEST((after_the_tag(one) != after_the_tag(two)));
    BOOST_TEST((after_the_tag(plain) == Bytes(90)));
    const Bytes random = after_the_tag(one);
    BOOST_TEST(std::set<std::uint8_t>(random.begin(), random.end()).size() > 50U);
    Bytes altered = one.bytes;
    altered[50] ^= 1;
    dialogue.deliver(two.socket_id, target_v4, icmp, echo_reply(two.bytes));
    dialogue.deliver(one.socket_id, target_v4, icmp, echo_reply(one.bytes));
    dialogue.deliver(one.socket_id, target_v4, icmp, echo_reply(altered));
    dialogue.deliver(one.socket_id, router_v4, icmp, expired(one, first(one.bytes, 8)));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 4U);
    BOOST_TEST((!events[0].payload_altered && events[0].serial == 1U));
    BOOST_TEST((!events[1].payload_altered && events[1].serial == 0U));
    BOOST_TEST((events[2].payload_altered && events[2].serial == 0U));
    BOOST_TEST((events[3].kind == Event::Kind::ttl_expired));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_source_tag_or_checksum_moves_its_counter) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  const Bytes reply = echo_reply(request.bytes);
  Bytes forged = reply, damaged = reply;
  forged[8] ^= 1;  // in the tag
  damaged[40] ^= 1;
  dialogue.deliver(request.socket_id, other_v4, icmp, reply);
  dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(forged));
  dialogue.deliver(request.socket_id, target_v4, icmp, damaged);
  dialogue.deliver(request.socket_id, target_v4, icmp, first(reply, 4));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].elsewhere, "whether it counts is for others to say");
  BOOST_TEST((events[0].responder == other_v4));
  BOOST_TEST(events[0].auth_bits == 96);
  BOOST_TEST(dialogue.counters().wrong_source == 0U);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  BOOST_TEST(dialogue.counters().bad_checksum == 1U);
  BOOST_TEST(dialogue.counters().malformed == 1U);
}

BOOST_AUTO_TEST_CASE(without_four_bytes_of_tag_an_answer_from_elsewhere_may_be_chance) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U}) {
    Dialogue dialogue{one_profile(size)};
    const auto request = dialogue.ask(target_v4);
    dialogue.deliver(request.socket_id, other_v4, icmp, echo_reply(request.bytes));
    BOOST_TEST(dialogue.hear().size() == (size < 4 ? 0U : 1U));
    BOOST_TEST(dialogue.counters().wrong_source == (size < 4 ? 1U : 0U));
  }
}

/// Two probes to one target with the same sequence number, and probes to another target between them.
struct Wrapped : Dialogue {
  explicit Wrapped(std::size_t payload_size) : Dialogue{one_profile(payload_size)} {
    older = ask(target_v4);
    book.asked.resize(65'536, {other_v4, 0});
    newer = ask(target_v4);
  }
  ScriptedPacketIo::Sent older, newer;
};

BOOST_AUTO_TEST_CASE(where_the_sequence_number_is_all_a_reply_is_for_the_oldest_unanswered) {
  for (const std::size_t size : {0U, 1U}) {
    Wrapped dialogue{size};
    BOOST_TEST(get16(dialogue.older.bytes, 6) == get16(dialogue.newer.bytes, 6));
    for (int i = 0; i < 3; ++i)
      dialogue.deliver(dialogue.older.socket_id, target_v4, icmp, echo_reply(dialogue.older.bytes));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 3U);
    BOOST_TEST(events[0].serial == 0U);
    BOOST_TEST(events[1].serial == 65'536U);
    BOOST_TEST(events[2].serial == 65'536U, "one too many");
    Wrapped later{size};
    later.book.answered = {0};
    later.deliver(later.older.socket_id, target_v4, icmp, echo_reply(later.older.bytes));
    BOOST_TEST(later.hear().at(0).serial == 65'536U);
  }
}

BOOST_AUTO_TEST_CASE(a_tag_tells_probes_of_one_sequence_number_apart) {
  for (const std::size_t size : {2U, 4U, 56U}) {
    Wrapped dialogue{size};
    for (const auto& request : {dialogue.newer, dialogue.older})
      dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(request.bytes));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST(events[0].serial == 65'536U);
    BOOST_TEST(events[1].serial == 0U);
  }
}

BOOST_AUTO_TEST_CASE(errors_that_name_a_sequence_number_alone_are_about_the_oldest_first) {
  Wrapped dialogue{0};
  for (int i = 0; i < 2; ++i) {
    dialogue.deliver(dialogue.newer.socket_id, router_v4, icmp, expired(dialogue.newer, dialogue.newer.bytes));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(events[0].serial == (i == 0 ? 0U : 65'536U));
  }
}

BOOST_AUTO_TEST_CASE(an_echo_never_answers_a_probe_of_another_kind) {
  Dialogue dialogue{{{}, {.protocol = Protocol::tcp}}};
  const auto request = dialogue.ask(target_v4);
  const auto connection = dialogue.book.add(target_v4, 1);  // a probe without a payload to compare
  Bytes guessed = request.bytes;
  put16(guessed, 6, packet::ProbeTags{packet::SipKey{{7, 1, 3}}}.sequence(connection.serial));
  put16(guessed, 2, 0);
  put16(guessed, 2, packet::internet_checksum(first(guessed, 8)));
  dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(guessed));
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, first(guessed, 8)));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 2U);
}

BOOST_AUTO_TEST_CASE(what_came_after_its_probe_was_forgotten_is_late) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  dialogue.book.start = 1;
  dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(request.bytes));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().late == 1U);
}

BOOST_AUTO_TEST_CASE(labels_come_with_the_errors_of_raw_sockets) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, request.bytes, one_label_structure()));
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, request.bytes, one_label_structure()));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::ttl_expired));
  BOOST_TEST((events[0].responder == router_v4));
  BOOST_REQUIRE(events[0].icmp->mpls.size() == 1U);
  BOOST_TEST((events[0].icmp->mpls[0] == mpls_label));
  BOOST_TEST(events[0].auth_bits == 96);
  BOOST_TEST((events[1].icmp == events[0].icmp), "equal errors share one value");
}

BOOST_AUTO_TEST_CASE(eight_quoted_bytes_are_known_by_their_checksum) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  Bytes forged = first(request.bytes, 8);
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, forged));
  put16(forged, 2, static_cast<std::uint16_t>(get16(forged, 2) + 1U));
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, forged));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 48);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(ping_sockets_report_through_their_queue) {
  Dialogue dialogue{one_profile()};
  dialogue.io->ping_sockets = true;
  const auto request = dialogue.ask(target_v6);
  auto error = dialogue.queued(request, request.bytes + one_label_structure());
  error.extension = request.bytes.size();
  error.mtu = 9;  // in this error the field is no MTU
  dialogue.io->report(request.socket_id, error);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::ttl_expired));
  BOOST_TEST(events[0].icmp->mpls.size() == 1U);
  BOOST_TEST(events[0].icmp->mtu == 0U);
  BOOST_TEST(events[0].auth_bits == 80);
}

BOOST_AUTO_TEST_CASE(too_big_tells_the_mtu) {
  Dialogue dialogue{one_profile()};
  dialogue.io->ping_sockets = true;
  const auto request = dialogue.ask(target_v6);
  auto error = dialogue.queued(request, request.bytes);
  error.type = 2;
  error.mtu = 1300;
  dialogue.io->report(request.socket_id, error);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST(events[0].icmp->mtu == 1300U);
}

BOOST_AUTO_TEST_CASE(redirects_are_no_answer_and_no_forgery) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v4);
  const Bytes body = ipv4_packet(dialogue.io->host_v4, target_v4, icmp, request.bytes);
  dialogue.deliver(request.socket_id, router_v4, icmp, icmp_message(5, 1, 0, body));
  dialogue.deliver(request.socket_id, router_v4, icmp, icmp_message(4, 0, 0, body));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 0U);
}

BOOST_AUTO_TEST_CASE(ipv6_errors_come_as_packets_too) {
  Dialogue dialogue{one_profile()};
  const auto request = dialogue.ask(target_v6);
  const Bytes body = ipv6_packet(router_v6, target_v6, icmpv6, request.bytes);
  const Bytes message = hex("01 04 0000 00000000") + body;  // port unreachable: for an echo request, an ordinary error
  dialogue.io->deliver(request.socket_id, {.bytes = dialogue.io->keep(message), .from = router_v6, .ttl = 60});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST(events[0].reply_ttl == 60);
}

BOOST_AUTO_TEST_CASE(two_sockets_of_a_family_keep_to_their_identifiers) {
  Dialogue dialogue{{{}, {.device = "eth1"}}};
  const auto one = dialogue.ask(target_v4, 0), other = dialogue.ask(target_v4, 1);
  BOOST_TEST(one.socket_id != other.socket_id);
  BOOST_TEST(get16(one.bytes, 4) != get16(other.bytes, 4));
  dialogue.deliver(other.socket_id, target_v4, icmp, echo_reply(one.bytes));
  dialogue.deliver(one.socket_id, target_v4, icmp, echo_reply(one.bytes));
  dialogue.deliver(other.socket_id, target_v4, icmp, echo_reply(other.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial + events[1].serial == 1U);
}

std::vector<ProbeOptions> hops(std::uint16_t flow, std::size_t payload_size = 56) {
  std::vector<ProbeOptions> profiles;
  for (int ttl = 1; ttl < 6; ++ttl) profiles.push_back({.ttl = ttl, .payload_size = payload_size, .flow = flow});
  return profiles;
}

BOOST_AUTO_TEST_CASE(requests_of_a_flow_look_the_same_on_every_socket) {
  for (const bool ping_sockets : {false, true}) {
    Dialogue dialogue{hops(3)};
    dialogue.io->ping_sockets = ping_sockets;
    const auto model = dialogue.ask(target_v4, 0);
    for (std::uint16_t hop = 0; hop < 5; ++hop) {
      const auto request = dialogue.ask(target_v4, hop);
      BOOST_TEST(request.socket_id == model.socket_id);
      BOOST_TEST(get16(request.bytes, 2) == get16(model.bytes, 2));
      BOOST_TEST(get16(request.bytes, 6) != get16(model.bytes, 6));
      BOOST_TEST(packet::internet_checksum(request.bytes) == 0U);
    }
  }
}

BOOST_AUTO_TEST_CASE(replies_to_a_flow_are_authentic_and_its_compensation_is_part_of_the_payload) {
  Dialogue dialogue{hops(3)};
  const auto request = dialogue.ask(target_v4, 1);
  Bytes forged = request.bytes, altered = request.bytes;
  forged[8] ^= 1;
  altered[17] ^= 1;
  for (const Bytes& bytes : {forged, altered, request.bytes})
    dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].payload_altered);
  BOOST_TEST(!events[1].payload_altered);
  for (const Event& event : events) BOOST_TEST(event.auth_bits == 96);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(eight_quoted_bytes_of_a_flow_prove_identifier_and_sequence_number) {
  for (const bool ping_sockets : {false, true}) {
    Dialogue dialogue{hops(3)};
    dialogue.io->ping_sockets = ping_sockets;
    std::vector<ScriptedPacketIo::Sent> requests;
    for (std::uint16_t hop = 0; hop < 5; ++hop) requests.push_back(dialogue.ask(target_v4, hop));
    const auto& request = requests[2];
    Bytes foreign = first(request.bytes, 8);
    put16(foreign, 2, static_cast<std::uint16_t>(get16(foreign, 2) + 1U));
    for (const Bytes& quoted : {first(request.bytes, 8), foreign}) {
      if (ping_sockets) dialogue.io->report(request.socket_id, dialogue.queued(request, quoted));
      if (!ping_sockets) dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, quoted));
    }
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(events[0].serial == 2U);
    BOOST_TEST(events[0].auth_bits == (ping_sockets ? 16 : 32));
    BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  }
}

BOOST_AUTO_TEST_CASE(whole_quotes_of_a_flow_are_known_by_their_tag) {
  Dialogue dialogue{hops(3, 9)};  // the tag has four bytes
  const auto request = dialogue.ask(target_v4, 4);
  Bytes forged = request.bytes;
  forged[11] ^= 1;
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, forged));
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, request.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 64);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(late_answers_to_a_flow_are_told_whatever_their_size) {
  for (const std::size_t size : {4U, 9U, 56U}) {
    Dialogue dialogue{hops(3, size)};
    const auto request = dialogue.ask(target_v4);
    dialogue.book.start = 1;
    dialogue.deliver(request.socket_id, target_v4, icmp, echo_reply(request.bytes));
    BOOST_TEST(dialogue.hear().empty());
    BOOST_TEST(dialogue.counters().late == 1U);
  }
}

BOOST_AUTO_TEST_CASE(without_a_tag_the_quoted_destination_tells) {
  Dialogue dialogue{one_profile(0)};
  const auto request = dialogue.ask(target_v4);
  auto elsewhere = request;
  elsewhere.to = other_v4;
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(elsewhere, request.bytes));
  dialogue.deliver(request.socket_id, router_v4, icmp, expired(request, request.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 32);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
