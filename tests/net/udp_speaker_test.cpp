// UDP probes as dialogues with a scripted kernel: answers with and without our tag, errors from the queue, forgeries.
// Probes to one target take turns over four source ports, which here are lanes.
#include "net/udp_speaker.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "net/udp_dialogue.hpp"

using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(udp_speaker_test)

namespace {

std::vector<ProbeOptions> one_shape(std::size_t payload_size = 56) {
  return {{.protocol = Protocol::udp, .payload_size = payload_size}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_echoed_tag_names_its_probe) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  BOOST_TEST(probe.bytes.size() == 56U);
  dialogue.answer(probe, probe.bytes);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[0].responder == target_v4));
  BOOST_TEST(events[0].auth_bits == 80);
  BOOST_TEST(events[0].reply_ttl == 61);
  BOOST_TEST(events[0].reply_tos.value() == 4);
  BOOST_TEST(!events[0].payload_altered);
  BOOST_TEST(!events[0].final);
}

BOOST_AUTO_TEST_CASE(of_a_thousand_probes_to_one_target_each_has_its_own_answer) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(1'000, target_v4);
  dialogue.answer(probes[0], probes[0].bytes);
  dialogue.refuse(probes[1], probes[1].bytes, target_v4);
  dialogue.answer(probes[2], {});  // an answer without tag is for the oldest of its source port
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(events[i].serial == i);
  BOOST_TEST(events[0].auth_bits == 80);
  BOOST_TEST(events[1].auth_bits == 80);
}

// A probe to a port that one of our own sockets has.
BOOST_AUTO_TEST_CASE(a_probe_that_hears_itself_is_not_answered) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.io->deliver(probe.lane,
                       {.bytes = dialogue.io->keep(probe.bytes), .from = probe.to, .port = port, .own = true});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  dialogue.answer(probe, probe.bytes);
  BOOST_TEST(dialogue.hear().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_changed_pattern_is_told) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  Bytes changed = probe.bytes;
  changed.back() ^= 1;
  dialogue.answer(probe, changed);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].payload_altered);
  BOOST_TEST(events[0].auth_bits == 80);
}

BOOST_AUTO_TEST_CASE(probes_to_one_target_take_turns) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(8, target_v4);
  std::set<net::Lane> lanes;
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(lanes.insert(probes[i].lane).second);
    BOOST_TEST(probes[i].lane == probes[i + 4].lane);
  }
  BOOST_TEST(dialogue.ask(other_v4).lane == probes[0].lane, "every target begins with the first");
}

BOOST_AUTO_TEST_CASE(turns_of_one_batch_differ_too) {
  UdpDialogue dialogue{one_shape()};
  const auto one = dialogue.book.add(target_v4, 0), two = dialogue.book.add(target_v4, 0);
  BOOST_TEST(dialogue.send({one, two}).accepted == 2U);
  BOOST_TEST(dialogue.io->sent[0].lane != dialogue.io->sent[1].lane);
}

BOOST_AUTO_TEST_CASE(a_source_port_that_was_asked_for_is_kept) {
  UdpDialogue dialogue{{{.protocol = Protocol::udp, .source_port = 5353}}};
  const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4);
  BOOST_TEST(one.lane == two.lane);
}

BOOST_AUTO_TEST_CASE(an_answer_without_tag_is_for_the_oldest_unanswered) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(9, target_v4);
  for (const std::size_t i : {1U, 0U, 0U, 0U, 0U}) dialogue.answer(probes[i], hex("01"));
  const auto events = dialogue.hear();  // lane by lane
  BOOST_REQUIRE(events.size() == 5U);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST(events[0].auth_bits == 16);
  BOOST_TEST(events[1].serial == 4U);
  BOOST_TEST(events[2].serial == 8U);
  BOOST_TEST(events[3].serial == 8U, "nothing waits there any more: a duplicate");
  BOOST_TEST(events[4].serial == 1U);
}

BOOST_AUTO_TEST_CASE(an_answer_without_tag_is_not_for_a_probe_that_nobody_waits_for) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(5, target_v4);
  dialogue.transport->forget(0);
  dialogue.answer(probes[0], hex("01"));
  dialogue.answer(probes[0], probes[0].bytes);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 4U);
  BOOST_TEST(events[1].serial == 0U, "its tag still names it");
}

BOOST_AUTO_TEST_CASE(an_empty_datagram_asks_and_answers) {
  UdpDialogue dialogue{one_shape(0)};
  const auto probe = dialogue.ask(target_v4);
  BOOST_TEST(probe.bytes.empty());
  dialogue.answer(probe, {});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 16);
}

BOOST_AUTO_TEST_CASE(forgeries_move_their_counters) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  auto elsewhere = probe;
  elsewhere.to = other_v4;
  dialogue.answer(probe, probe.bytes, port + 1);  // right tag, wrong port
  dialogue.answer(elsewhere, probe.bytes);        // right tag, wrong address
  dialogue.answer(elsewhere, hex("0102030405060708 09"));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().wrong_source == 2U);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(an_answer_on_another_turn_is_not_believed) {
  UdpDialogue dialogue{one_shape()};
  const auto one = dialogue.ask(other_v4);
  const auto first_to_target = dialogue.ask(target_v4), second = dialogue.ask(target_v4);
  BOOST_TEST(one.lane == first_to_target.lane);
  dialogue.io->deliver(second.lane, {.bytes = dialogue.io->keep(hex("01")), .from = other_v4, .port = port});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(late_answers_are_told_from_forged_ones) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.book.start = 1;
  dialogue.hear();
  dialogue.answer(probe, probe.bytes);
  dialogue.answer(probe, hex("01"));
  dialogue.refuse(probe, probe.bytes, target_v4);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().late == 3U);
}

BOOST_AUTO_TEST_CASE(port_unreachable_from_the_target_is_a_refusal) {
  UdpDialogue dialogue{one_shape()};
  for (const Address& target : {target_v4, target_v6}) {
    const auto probe = dialogue.ask(target);
    dialogue.refuse(probe, probe.bytes, target);
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST((events[0].kind == Event::Kind::refused));
    BOOST_TEST((events[0].responder == target));
    BOOST_TEST((events[0].icmp != nullptr));
    BOOST_TEST(events[0].auth_bits == 80);
    BOOST_TEST(!events[0].final);
  }
}

BOOST_AUTO_TEST_CASE(port_unreachable_from_a_router_is_unreachable) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.refuse(probe, probe.bytes, router_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST((events[0].responder == router_v4));
}

BOOST_AUTO_TEST_CASE(a_quoted_tag_must_be_right) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  Bytes forged = first(probe.bytes, 8);
  dialogue.refuse(probe, forged, target_v4);
  forged[3] ^= 0x10;
  dialogue.refuse(probe, forged, target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 80);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(a_quote_without_tag_is_about_the_newest_unanswered) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(5, target_v4);
  dialogue.refuse(probes[0], {}, target_v4);
  dialogue.refuse(probes[0], first(probes[0].bytes, 4), target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 4U);
  BOOST_TEST(events[1].serial == 0U);
  BOOST_TEST(events[0].auth_bits == 16);
}

BOOST_AUTO_TEST_CASE(a_quoted_tag_is_never_credited_to_a_probe_without_one) {
  ProbeOptions with_tag{.protocol = Protocol::udp, .source_port = 5000}, without_tag = with_tag;
  without_tag.payload_size = 0;
  UdpDialogue dialogue{{with_tag, without_tag}};
  const auto tagged = dialogue.ask(target_v4, 0), untagged = dialogue.ask(target_v4, 1);
  dialogue.refuse(tagged, tagged.bytes, target_v4);
  dialogue.refuse(untagged, untagged.bytes, target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST(events[0].auth_bits == 80);
  BOOST_TEST(events[1].serial == 1U);
}

BOOST_AUTO_TEST_CASE(errors_about_another_port_or_address_are_refused) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  auto error = dialogue.queued(probe, probe.bytes);
  error.port = port + 1;
  dialogue.io->report(probe.lane, error);
  error.port = port;
  error.destination = other_v4;
  dialogue.io->report(probe.lane, error);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 2U);
}

BOOST_AUTO_TEST_CASE(labels_come_through_the_queue_with_and_without_a_length_field) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  auto error = dialogue.queued(probe, probe.bytes + one_label_structure());
  error.port = port;
  error.extension = 56;
  dialogue.io->report(probe.lane, error);
  constexpr std::size_t headers = 28;  // which the queue leaves out of the 128 bytes
  auto legacy = dialogue.queued(probe, padded(probe.bytes, 128 - headers) + one_label_structure());
  legacy.port = port;
  dialogue.io->report(probe.lane, legacy);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  for (const Event& event : events) {
    BOOST_TEST((event.kind == Event::Kind::ttl_expired));
    BOOST_REQUIRE(event.icmp->mpls.size() == 1U);
    BOOST_TEST((event.icmp->mpls[0] == mpls_label));
  }
}

BOOST_AUTO_TEST_CASE(an_error_leaves_room_for_an_answer) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.refuse(probe, probe.bytes, router_v4);
  BOOST_TEST(dialogue.hear().size() == 1U);
  dialogue.answer(probe, hex("01"));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 0U);
}

BOOST_AUTO_TEST_CASE(the_zone_counts_for_answers_and_is_left_out_of_errors) {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  octets[15] = 9;
  const Address here = Address::v6(octets, 2), there = Address::v6(octets, 3);
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(here), other = dialogue.ask(there);
  BOOST_TEST(probe.lane == other.lane);
  dialogue.answer(other, hex("01"));
  auto quoting = other;
  quoting.to = Address::v6(octets);
  dialogue.refuse(quoting, probe.bytes, Address::v6(octets));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 1U);
  BOOST_TEST(events[1].serial == 0U);
  BOOST_TEST((events[1].kind == Event::Kind::refused));
}

BOOST_AUTO_TEST_CASE(what_was_not_sent_takes_no_turn_and_no_answer) {
  UdpDialogue dialogue{one_shape()};
  dialogue.io->most_accepted = 1;
  dialogue.io->refusal = system_error(std::errc::no_buffer_space);
  const auto one = dialogue.book.add(target_v4, 0), two = dialogue.book.add(other_v4, 0);
  const auto report = dialogue.send({one, two});
  BOOST_TEST(report.accepted == 1U);
  BOOST_TEST((report.refused == std::errc::no_buffer_space));
  const net::Lane lane = dialogue.io->sent[0].lane;
  dialogue.io->deliver(lane, {.bytes = dialogue.io->keep(hex("01")), .from = other_v4, .port = port});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.ask(other_v4).lane == lane);
}

BOOST_AUTO_TEST_CASE(one_port_does_where_no_more_can_be_opened) {
  UdpDialogue dialogue{one_shape()};
  dialogue.io->way_script = [](Family, std::uint16_t, unsigned turn) -> std::optional<net::Way> {
    if (turn > 0) throw std::system_error(system_error(std::errc::too_many_files_open));
    return std::nullopt;
  };
  const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4);
  BOOST_TEST(dialogue.io->sent.size() == 2U);
  BOOST_TEST(one.lane == two.lane);
}

BOOST_AUTO_TEST_CASE(a_quote_without_tag_falls_to_the_newest_where_nothing_waits) {
  UdpDialogue dialogue{one_shape()};
  const auto probes = dialogue.ask_times(5, target_v4);
  for (const std::size_t i : {0U, 4U}) dialogue.answer(probes[i], probes[i].bytes);
  BOOST_TEST(dialogue.hear().size() == 2U);
  dialogue.refuse(probes[0], {}, target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 4U);
}

BOOST_AUTO_TEST_CASE(what_is_long_past_is_not_even_late) {
  UdpDialogue dialogue{one_shape()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.book.asked.resize(70'000);
  dialogue.book.start = dialogue.book.asked.size();
  dialogue.hear();
  dialogue.answer(probe, probe.bytes);
  dialogue.hear();
  BOOST_TEST(dialogue.counters().late == 0U);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
