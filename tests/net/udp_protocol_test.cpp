// Tests of UDP probes with a scripted kernel: answers with and without our tag, errors from the queue, forgeries.
// Each source port is a socket here; a probe takes another one while an earlier probe to its target may be answered.
#include "net/udp_protocol.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>

#include "net/udp_dialogue.hpp"

using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(udp_protocol_test)

namespace {

using namespace std::chrono_literals;

std::vector<ProbeOptions> one_profile(std::size_t payload_size = 56) {
  return {{.protocol = Protocol::udp, .payload_size = payload_size}};
}

/// A profile whose probes all leave from one port.
std::vector<ProbeOptions> asked_port() { return {{.protocol = Protocol::udp, .source_port = 5353}}; }

}  // namespace

BOOST_AUTO_TEST_CASE(an_echoed_tag_names_its_probe) {
  UdpDialogue dialogue{one_profile()};
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

BOOST_AUTO_TEST_CASE(random_payloads_differ_and_answers_are_compared_with_them) {
  UdpDialogue dialogue{{{.protocol = Protocol::udp, .payload_size = 40, .random_payload = true}}};
  const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4);
  const Bytes rest{one.bytes.begin() + 8, one.bytes.end()};
  BOOST_TEST((rest != Bytes(two.bytes.begin() + 8, two.bytes.end())));
  BOOST_TEST(std::set<std::uint8_t>(rest.begin(), rest.end()).size() > 16U);
  Bytes altered = two.bytes;
  altered[20] ^= 1;
  dialogue.answer(one, one.bytes);
  dialogue.answer(two, altered);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(!events[0].payload_altered);
  BOOST_TEST(events[1].payload_altered);
}

BOOST_AUTO_TEST_CASE(of_ten_thousand_probes_to_one_target_each_has_its_own_answer) {
  UdpDialogue dialogue{one_profile()};
  const auto probes = dialogue.ask_times(10'000, target_v4);
  for (const auto& probe : probes) dialogue.answer(probe, probe.bytes);
  auto events = dialogue.hear();
  for (const Event& event : dialogue.hear())
    events.push_back(event);  // the first call stops, so that a flood does not hold the caller
  BOOST_REQUIRE(events.size() == 10'000U);
  std::ranges::sort(events, {}, &Event::serial);
  for (net::Serial serial = 0; serial < events.size(); ++serial) {
    BOOST_REQUIRE(events[serial].serial == serial);
    BOOST_REQUIRE(events[serial].auth_bits == 80);
  }
}

BOOST_AUTO_TEST_CASE(of_ten_thousand_probes_to_one_target_a_quoted_tag_names_its_own) {
  UdpDialogue dialogue{one_profile()};
  const auto probes = dialogue.ask_times(10'000, target_v4);
  for (const std::size_t i : {0U, 4'000U, 9'999U}) dialogue.refuse(probes[i], probes[i].bytes, target_v4);
  auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  std::ranges::sort(events, {}, &Event::serial);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST(events[1].serial == 4'000U);
  BOOST_TEST(events[2].serial == 9'999U);
  for (const Event& event : events) BOOST_TEST(event.auth_bits == 80);
}

BOOST_AUTO_TEST_CASE(what_looks_like_an_echo_of_ours_is_never_credited_to_another_tag) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  Bytes damaged = probe.bytes;
  damaged[5] ^= 1;
  dialogue.answer(probe, damaged);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  damaged.pop_back();  // with another length it is an answer of the service's own
  dialogue.answer(probe, damaged);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 16);
}

// The probe goes to a port of one of our own scripted.
BOOST_AUTO_TEST_CASE(a_probe_that_hears_itself_is_not_answered) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.io->deliver(probe.socket_id,
                       {.bytes = dialogue.io->keep(probe.bytes), .from = probe.to, .port = port, .own = true});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  dialogue.answer(probe, probe.bytes);
  BOOST_TEST(dialogue.hear().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_changed_pattern_is_told) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  Bytes changed = probe.bytes;
  changed.back() ^= 1;
  dialogue.answer(probe, changed);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].payload_altered);
  BOOST_TEST(events[0].auth_bits == 80);
}

BOOST_AUTO_TEST_CASE(a_port_is_free_for_the_same_target_when_all_was_answered) {
  UdpDialogue dialogue{one_profile()};
  const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4);
  BOOST_TEST(one.socket_id != two.socket_id);
  BOOST_TEST(dialogue.ask(other_v4).socket_id == two.socket_id, "where it is free for another target too");
  dialogue.answer(two, hex("01"));
  dialogue.hear();
  BOOST_TEST(dialogue.ask(target_v4).socket_id == two.socket_id);
  dialogue.answer(one, one.bytes);
  dialogue.hear();
  BOOST_TEST(dialogue.ask(target_v4).socket_id == one.socket_id);
}

BOOST_AUTO_TEST_CASE(a_port_is_free_when_no_answer_can_come_any_more_whoever_waits) {
  UdpDialogue dialogue{one_profile()};
  const auto one = dialogue.ask(target_v4);
  dialogue.transport->forget(0);
  dialogue.book.start = 1;
  dialogue.hear();
  dialogue.io->time += 9s;
  const auto two = dialogue.ask(target_v4);
  BOOST_TEST(one.socket_id != two.socket_id, "an answer could still come");
  dialogue.io->time += 2s;
  BOOST_TEST(dialogue.ask(target_v4).socket_id == one.socket_id);
}

BOOST_AUTO_TEST_CASE(an_error_frees_a_port_too) {
  UdpDialogue dialogue{one_profile()};
  const auto one = dialogue.ask(target_v4);
  dialogue.refuse(one, one.bytes, router_v4);
  dialogue.hear();
  BOOST_TEST(dialogue.ask(target_v4).socket_id == one.socket_id);
}

BOOST_AUTO_TEST_CASE(the_last_port_takes_what_finds_none_free) {
  UdpDialogue dialogue{one_profile()};
  const auto probes = dialogue.ask_times(net::udp_turns + 2, target_v4);
  std::set<net::SocketId> sockets;
  for (const auto& probe : probes) sockets.insert(probe.socket_id);
  BOOST_TEST(sockets.size() == net::udp_turns);
  BOOST_TEST(probes.back().socket_id == probes[net::udp_turns - 1].socket_id);
  dialogue.answer(probes[5], hex("01"));
  dialogue.answer(probes.back(), hex("01"));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 5U);
  BOOST_TEST(events[1].serial == net::udp_turns - 1, "the oldest there");
  BOOST_TEST(dialogue.ask(target_v4).socket_id == probes[5].socket_id);
}

BOOST_AUTO_TEST_CASE(turns_of_one_batch_differ_too) {
  UdpDialogue dialogue{one_profile()};
  const auto one = dialogue.book.add(target_v4, 0), two = dialogue.book.add(target_v4, 0);
  BOOST_TEST(dialogue.send({one, two}).accepted == 2U);
  BOOST_TEST(dialogue.io->sent[0].socket_id != dialogue.io->sent[1].socket_id);
}

BOOST_AUTO_TEST_CASE(a_source_port_that_was_asked_for_is_kept) {
  UdpDialogue dialogue{{{.protocol = Protocol::udp, .source_port = 5353}}};
  const auto one = dialogue.ask(target_v4), two = dialogue.ask(target_v4);
  BOOST_TEST(one.socket_id == two.socket_id);
}

BOOST_AUTO_TEST_CASE(an_answer_without_tag_is_for_the_oldest_unanswered) {
  UdpDialogue dialogue{asked_port()};
  const auto probes = dialogue.ask_times(3, target_v4);
  dialogue.answer(probes[1], probes[1].bytes);
  for (int i = 0; i < 3; ++i) dialogue.answer(probes[0], hex("01"));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 4U);
  BOOST_TEST(events[0].serial == 1U);
  BOOST_TEST(events[1].serial == 0U);
  BOOST_TEST(events[1].auth_bits == 16);
  BOOST_TEST(events[2].serial == 2U);
  BOOST_TEST(events[3].serial == 2U, "nothing waits there any more: a duplicate");
}

BOOST_AUTO_TEST_CASE(whether_anybody_waits_for_a_probe_does_not_change_whose_answer_it_is) {
  UdpDialogue dialogue{asked_port()};
  const auto probes = dialogue.ask_times(3, target_v4);
  dialogue.transport->forget(0);
  dialogue.book.start = 1;
  dialogue.transport->forget(1);
  for (int i = 0; i < 3; ++i) dialogue.answer(probes[0], hex("01"));
  const auto events = dialogue.hear();
  BOOST_TEST(dialogue.counters().late == 1U, "the first is known to the index alone");
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 1U, "which the engine counts as late");
  BOOST_TEST(events[1].serial == 2U);
}

BOOST_AUTO_TEST_CASE(what_is_older_than_an_answer_can_be_owes_none) {
  UdpDialogue dialogue{asked_port()};
  const auto one = dialogue.ask(target_v4);
  dialogue.io->time += 11s;
  dialogue.ask(target_v4);
  dialogue.answer(one, hex("01"));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 1U);
}

BOOST_AUTO_TEST_CASE(an_empty_datagram_asks_and_answers) {
  UdpDialogue dialogue{one_profile(0)};
  const auto probe = dialogue.ask(target_v4);
  BOOST_TEST(probe.bytes.empty());
  dialogue.answer(probe, {});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].auth_bits == 16);
}

BOOST_AUTO_TEST_CASE(a_whole_tag_proves_an_answer_from_whatever_port_or_address) {
  for (const std::size_t size : {2U, 4U, 56U}) {
    UdpDialogue dialogue{one_profile(size)};
    const auto probe = dialogue.ask(target_v4);
    auto elsewhere = probe;
    elsewhere.to = other_v4;
    dialogue.answer(probe, probe.bytes, port + 1);
    dialogue.answer(elsewhere, probe.bytes);
    const auto events = dialogue.hear();
    if (size < 4) {
      BOOST_TEST(events.empty(), "two bytes may be chance");
      BOOST_TEST(dialogue.counters().unauthenticated == 2U);
      continue;
    }
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST((!events[0].elsewhere && events[0].responder == target_v4));
    BOOST_TEST((events[1].elsewhere && events[1].responder == other_v4));
    for (const Event& event : events) BOOST_TEST(event.auth_bits == 16 + 8 * std::min(size, std::size_t{8}));
  }
}

BOOST_AUTO_TEST_CASE(forgeries_move_their_counters) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  auto elsewhere = probe;
  elsewhere.to = other_v4;
  dialogue.answer(probe, hex("01"), port + 1);
  dialogue.answer(elsewhere, hex("0102030405060708 09"));
  const auto second = dialogue.ask(target_v4);
  auto crossed = probe;
  crossed.socket_id = second.socket_id;
  dialogue.answer(crossed, probe.bytes);  // a right tag, to another port of ours
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 3U);
  dialogue.book.start = 2;
  dialogue.answer(elsewhere, probe.bytes);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().wrong_source == 1U);
}

BOOST_AUTO_TEST_CASE(an_answer_on_another_turn_is_not_believed) {
  UdpDialogue dialogue{one_profile()};
  const auto one = dialogue.ask(other_v4);
  const auto first_to_target = dialogue.ask(target_v4), second = dialogue.ask(target_v4);
  BOOST_TEST(one.socket_id == first_to_target.socket_id);
  dialogue.io->deliver(second.socket_id, {.bytes = dialogue.io->keep(hex("01")), .from = other_v4, .port = port});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(late_answers_are_told_from_forged_ones) {
  UdpDialogue dialogue{one_profile()};
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
  UdpDialogue dialogue{one_profile()};
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

BOOST_AUTO_TEST_CASE(a_target_without_udp_refuses) {
  for (const bool from_target : {true, false}) {
    for (const Address& target : {target_v4, target_v6}) {
      UdpDialogue dialogue{one_profile()};
      const auto probe = dialogue.ask(target);
      const bool v4 = target.family() == Family::ipv4;
      auto error = dialogue.queued(probe, probe.bytes);
      if (from_target) error.offender = target;
      error.port = port;
      error.type = v4 ? 3 : 4;
      error.code = v4 ? 2 : 1;
      dialogue.io->report(probe.socket_id, error);
      const auto events = dialogue.hear();
      BOOST_REQUIRE(events.size() == 1U);
      BOOST_TEST((events[0].kind == (from_target ? Event::Kind::refused : Event::Kind::unreachable)));
    }
  }
}

BOOST_AUTO_TEST_CASE(port_unreachable_from_a_router_is_unreachable) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.refuse(probe, probe.bytes, router_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST((events[0].responder == router_v4));
}

BOOST_AUTO_TEST_CASE(a_quoted_tag_must_be_right) {
  UdpDialogue dialogue{one_profile()};
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

BOOST_AUTO_TEST_CASE(a_quote_without_tag_is_about_the_oldest_unanswered) {
  UdpDialogue dialogue{asked_port()};
  const auto probes = dialogue.ask_times(5, target_v4);
  dialogue.answer(probes[0], probes[0].bytes);
  for (int i = 0; i < 2; ++i) dialogue.refuse(probes[0], {}, target_v4);
  dialogue.refuse(probes[0], first(probes[4].bytes, 4), target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 4U);
  BOOST_TEST(events[1].serial == 1U);
  BOOST_TEST(events[2].serial == 2U);
  BOOST_TEST(events[3].serial == 4U, "a part of the tag tells as well");
  for (std::size_t i = 1; i < 4; ++i) BOOST_TEST(events[i].auth_bits == 16);
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
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  auto error = dialogue.queued(probe, probe.bytes);
  error.port = port + 1;
  dialogue.io->report(probe.socket_id, error);
  error.port = port;
  error.destination = other_v4;
  dialogue.io->report(probe.socket_id, error);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 2U);
}

BOOST_AUTO_TEST_CASE(labels_come_through_the_queue_with_and_without_a_length_field) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  auto error = dialogue.queued(probe, probe.bytes + one_label_structure());
  error.port = port;
  error.extension = 56;
  dialogue.io->report(probe.socket_id, error);
  constexpr std::size_t headers = 28;  // bytes that the queue leaves out of the 128 bytes
  auto legacy = dialogue.queued(probe, padded(probe.bytes, 128 - headers) + one_label_structure());
  legacy.port = port;
  dialogue.io->report(probe.socket_id, legacy);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  for (const Event& event : events) {
    BOOST_TEST((event.kind == Event::Kind::ttl_expired));
    BOOST_REQUIRE(event.icmp->mpls.size() == 1U);
    BOOST_TEST((event.icmp->mpls[0] == mpls_label));
  }
}

BOOST_AUTO_TEST_CASE(an_error_leaves_room_for_an_answer) {
  UdpDialogue dialogue{one_profile()};
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
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(here), other = dialogue.ask(there);
  BOOST_TEST(probe.socket_id == other.socket_id);
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
  UdpDialogue dialogue{one_profile()};
  dialogue.io->most_accepted = 1;
  dialogue.io->refusal = system_error(std::errc::no_buffer_space);
  const auto one = dialogue.book.add(target_v4, 0), two = dialogue.book.add(other_v4, 0);
  const auto report = dialogue.send({one, two});
  BOOST_TEST(report.accepted == 1U);
  BOOST_TEST((report.refused == std::errc::no_buffer_space));
  const net::SocketId socket_id = dialogue.io->sent[0].socket_id;
  dialogue.io->deliver(socket_id, {.bytes = dialogue.io->keep(hex("01")), .from = other_v4, .port = port});
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.ask(other_v4).socket_id == socket_id);
}

BOOST_AUTO_TEST_CASE(few_ports_do_where_no_more_can_be_opened) {
  for (const unsigned ports : {1U, 3U}) {
    UdpDialogue dialogue{one_profile()};
    dialogue.io->way_script = [ports](Family, std::uint16_t, unsigned turn) -> std::optional<net::SendPath> {
      if (turn >= ports) throw std::system_error(system_error(std::errc::too_many_files_open));
      return std::nullopt;
    };
    const auto probes = dialogue.ask_times(ports + 1, target_v4);
    BOOST_TEST(dialogue.io->sent.size() == ports + 1);
    BOOST_TEST(probes[ports].socket_id == probes[ports - 1].socket_id);
    dialogue.answer(probes[ports], hex("01"));
    BOOST_TEST(dialogue.hear().at(0).serial == ports - 1, "the oldest there");
    dialogue.io->way_script = {};
    BOOST_TEST((dialogue.ask(target_v4).socket_id == probes[0].socket_id) == false);
  }
}

BOOST_AUTO_TEST_CASE(a_quote_without_tag_falls_to_the_newest_where_nothing_waits) {
  UdpDialogue dialogue{asked_port()};
  const auto probes = dialogue.ask_times(2, target_v4);
  for (const auto& probe : probes) dialogue.answer(probe, probe.bytes);
  BOOST_TEST(dialogue.hear().size() == 2U);
  dialogue.refuse(probes[0], {}, target_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_long_past_is_not_even_late) {
  UdpDialogue dialogue{one_profile()};
  const auto probe = dialogue.ask(target_v4);
  dialogue.book.asked.resize(70'000);
  dialogue.book.start = dialogue.book.asked.size();
  dialogue.hear();
  dialogue.answer(probe, probe.bytes);
  dialogue.hear();
  BOOST_TEST(dialogue.counters().late == 1U);
  dialogue.io->time += 11s;
  dialogue.hear();
  dialogue.answer(probe, probe.bytes);
  dialogue.hear();
  BOOST_TEST(dialogue.counters().late == 1U);
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
