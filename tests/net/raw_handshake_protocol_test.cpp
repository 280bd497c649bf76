// Tests of half-open TCP and SCTP with a scripted kernel: answers to a lone SYN or INIT, and packets that resemble
// them. Segments are written byte by byte.
#include "net/raw_handshake_protocol.hpp"

#include <boost/test/unit_test.hpp>

#include "net/dialogue.hpp"
#include "packet/sctp.hpp"
#include "packet/tcp.hpp"

using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(raw_handshake_protocol_test)

namespace {

constexpr std::uint8_t tcp = 6, sctp = 132;
constexpr std::uint8_t syn_ack = 0x12, rst_ack = 0x14, rst = 0x04, ack = 0x10;
constexpr std::uint8_t init_ack = 2, abort_chunk = 6, cookie_ack = 11;

std::vector<ProbeOptions> half_open() { return {{.protocol = Protocol::tcp, .half_open = true}}; }
std::vector<ProbeOptions> init(int source_port = 0) {
  return {{.protocol = Protocol::sctp, .source_port = source_port}};
}

struct Handshakes : Dialogue {
  using Dialogue::Dialogue;

  /// A segment that answers `syn` and acknowledges its number plus `off`.
  Bytes segment(const ScriptedPacketIo::Sent& syn, std::uint8_t flags, std::uint32_t off = 1) const {
    Bytes bytes = hex("0000 0000 00000001 00000000 50 00 faf0 0000 0000");
    put16(bytes, 0, get16(syn.bytes, 2));
    put16(bytes, 2, get16(syn.bytes, 0));
    put32(bytes, 8, get32(syn.bytes, 4) + off);
    bytes[13] = flags;
    return bytes;
  }
  void answer(const ScriptedPacketIo::Sent& syn, Bytes bytes) { answer_from(target_v4, syn, std::move(bytes)); }
  void answer_from(const Address& source, const ScriptedPacketIo::Sent& syn, Bytes bytes) {
    packet::Checksum checksum;
    checksum.add_pseudo_header(source, io->host_v4, static_cast<std::uint32_t>(bytes.size()), tcp);
    checksum.add(bytes);
    put16(bytes, 16, checksum.value());
    deliver(syn.socket_id, source, tcp, bytes);
  }

  /// An SCTP packet that answers `sent`, with a zero checksum as for hardware to fill in.
  static Bytes chunk(const ScriptedPacketIo::Sent& sent, std::uint8_t type) {
    Bytes bytes =
        hex("0000 0000 00000000 00000000"
            "00 00 0004");
    put16(bytes, 0, get16(sent.bytes, 2));
    put16(bytes, 2, get16(sent.bytes, 0));
    put32(bytes, 4, get32(sent.bytes, 16));
    bytes[12] = type;
    return bytes;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_syn_goes_out_with_its_checksum) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  BOOST_TEST(get16(syn.bytes, 0) == dialogue.io->scripted[syn.socket_id].channel.id);
  BOOST_TEST(get16(syn.bytes, 2) == 80U);
  BOOST_TEST(packet::tcp_checksum_ok(syn.bytes, dialogue.io->host_v4, target_v4));
}

BOOST_AUTO_TEST_CASE(syn_ack_is_a_reply_and_rst_a_refusal) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  dialogue.answer(syn, dialogue.segment(syn, syn_ack));
  dialogue.answer(syn, dialogue.segment(syn, rst_ack));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[1].kind == Event::Kind::refused));
  BOOST_TEST((events[1].icmp == nullptr));
  for (const Event& event : events) {
    BOOST_TEST((event.responder == target_v4));
    BOOST_TEST(event.auth_bits == 47);
    BOOST_TEST(event.reply_ttl == 57);
    BOOST_TEST(!event.final);
  }
}

BOOST_AUTO_TEST_CASE(ipv6_segments_come_without_a_header) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v6);
  BOOST_TEST(get16(syn.bytes, 16) == 0U, "the kernel writes the checksum");
  const auto bytes = dialogue.io->keep(dialogue.segment(syn, syn_ack));
  dialogue.io->deliver(syn.socket_id, {.bytes = bytes, .from = target_v6, .ttl = 50});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST(events[0].reply_ttl == 50);
}

BOOST_AUTO_TEST_CASE(segments_that_only_look_like_answers_are_counted) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  Bytes other_port = dialogue.segment(syn, syn_ack), damaged = ipv4_packet(target_v4, dialogue.io->host_v4, tcp, {});
  put16(other_port, 0, 81);
  dialogue.answer(syn, dialogue.segment(syn, syn_ack, 2));  // another number
  dialogue.answer(syn, dialogue.segment(syn, rst));         // a reset that acknowledges nothing
  dialogue.answer(syn, dialogue.segment(syn, ack));         // no answer to a SYN
  dialogue.answer(syn, other_port);                         // from another port
  dialogue.answer_from(other_v4, syn, dialogue.segment(syn, syn_ack));
  dialogue.deliver(syn.socket_id, target_v4, tcp, first(dialogue.segment(syn, syn_ack), 19));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].elsewhere);
  BOOST_TEST((events[0].responder == other_v4));
  BOOST_TEST(dialogue.counters().unauthenticated == 3U);
  BOOST_TEST(dialogue.counters().wrong_source == 1U);
  BOOST_TEST(dialogue.counters().malformed == 1U);
}

BOOST_AUTO_TEST_CASE(a_wrong_checksum_is_refused) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  Bytes bytes = dialogue.segment(syn, syn_ack);
  put16(bytes, 16, 0x1234);
  dialogue.deliver(syn.socket_id, target_v4, tcp, bytes);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().bad_checksum == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_for_other_ports_is_none_of_ours) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  Bytes bytes = dialogue.segment(syn, syn_ack);
  put16(bytes, 2, 22);
  dialogue.answer(syn, bytes);
  Bytes quoted = syn.bytes;
  put16(quoted, 0, 22);
  dialogue.io->report(syn.socket_id, dialogue.queued(syn, quoted));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 0U);
}

BOOST_AUTO_TEST_CASE(a_late_segment_is_known_by_its_number) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  dialogue.book.start = 1;
  dialogue.answer(syn, dialogue.segment(syn, syn_ack));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().late == 1U);
}

BOOST_AUTO_TEST_CASE(errors_quote_the_number_in_eight_bytes) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  Bytes forged = first(syn.bytes, 8);
  dialogue.io->report(syn.socket_id, dialogue.queued(syn, forged));
  forged[7] ^= 1;
  dialogue.io->report(syn.socket_id, dialogue.queued(syn, forged));
  auto elsewhere = dialogue.queued(syn, syn.bytes);
  elsewhere.destination = other_v4;
  dialogue.io->report(syn.socket_id, elsewhere);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::ttl_expired));
  BOOST_TEST(events[0].auth_bits == 47);
  BOOST_TEST(!events[0].final);
  BOOST_TEST(dialogue.counters().unauthenticated == 2U);
}

BOOST_AUTO_TEST_CASE(a_closed_port_behind_a_firewall_is_no_refusal) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v4);
  auto error = dialogue.queued(syn, syn.bytes);
  error.type = 3;
  error.code = 3;
  error.offender = target_v4;
  dialogue.io->report(syn.socket_id, error);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
}

BOOST_AUTO_TEST_CASE(init_ack_is_a_reply_and_abort_a_refusal) {
  Handshakes dialogue{init()};
  const auto sent = dialogue.ask(target_v4);
  BOOST_TEST(packet::sctp_checksum_ok(sent.bytes));
  BOOST_TEST(get16(sent.bytes, 0) >= 0x8000U);
  dialogue.deliver(sent.socket_id, target_v4, sctp, Handshakes::chunk(sent, init_ack));
  dialogue.deliver(sent.socket_id, target_v4, sctp, Handshakes::chunk(sent, abort_chunk));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[1].kind == Event::Kind::refused));
  for (const Event& event : events) BOOST_TEST(event.auth_bits == 32);
}

BOOST_AUTO_TEST_CASE(sctp_packets_that_only_look_like_answers_are_counted) {
  Handshakes dialogue{init()};
  const auto sent = dialogue.ask(target_v4);
  Bytes tag = Handshakes::chunk(sent, init_ack), checksum = tag, foreign = tag;
  tag[7] ^= 1;
  checksum[11] = 1;
  put16(foreign, 2, 9);
  dialogue.deliver(sent.socket_id, target_v4, sctp, tag);
  dialogue.deliver(sent.socket_id, target_v4, sctp, checksum);
  dialogue.deliver(sent.socket_id, target_v4, sctp, foreign);
  dialogue.deliver(sent.socket_id, target_v4, sctp, Handshakes::chunk(sent, cookie_ack));
  dialogue.deliver(sent.socket_id, other_v4, sctp, Handshakes::chunk(sent, init_ack));
  dialogue.deliver(sent.socket_id, target_v4, sctp, first(tag, 15));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].elsewhere);
  BOOST_TEST((events[0].responder == other_v4));
  BOOST_TEST(dialogue.counters().unauthenticated == 2U);
  BOOST_TEST(dialogue.counters().bad_checksum == 1U);
  BOOST_TEST(dialogue.counters().wrong_source == 0U);
  BOOST_TEST(dialogue.counters().malformed == 1U);
}

BOOST_AUTO_TEST_CASE(a_short_quote_names_its_init_by_the_source_port) {
  Handshakes dialogue{init()};
  dialogue.ask(target_v4);
  const auto sent = dialogue.ask(target_v4);
  dialogue.ask(target_v4);
  auto error = dialogue.queued(sent, first(sent.bytes, 8));
  error.type = 3;
  error.code = 2;  // protocol unreachable
  dialogue.io->report(sent.socket_id, error);
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, sent.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST(events[0].serial == 1U);
  BOOST_TEST(events[0].auth_bits == 15);
  BOOST_TEST(events[1].serial == 1U);
  BOOST_TEST(events[1].auth_bits == 32);
}

BOOST_AUTO_TEST_CASE(a_short_quote_that_fits_several_inits_is_about_the_oldest_unanswered) {
  for (const bool answered : {false, true}) {
    Handshakes dialogue{init()};
    const auto older = dialogue.ask(target_v4);
    dialogue.book.asked.resize(65'536, {other_v4, 0});
    const auto newer = dialogue.ask(target_v4);
    BOOST_TEST(get16(older.bytes, 0) == get16(newer.bytes, 0));
    if (answered) dialogue.book.answered = {0};
    dialogue.io->report(newer.socket_id, dialogue.queued(newer, first(newer.bytes, 8)));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(events[0].serial == (answered ? 65'536U : 0U));
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_quoted_tag_is_refused) {
  Handshakes dialogue{init()};
  const auto sent = dialogue.ask(target_v4);
  Bytes quoted = sent.bytes;
  quoted[19] ^= 1;
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, quoted));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(with_a_source_port_asked_for_a_short_quote_names_nothing) {
  Handshakes dialogue{init(9899)};
  const auto sent = dialogue.ask(target_v4);
  BOOST_TEST(get16(sent.bytes, 0) == 9899U);
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, first(sent.bytes, 8)));
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, first(sent.bytes, 20)));
  dialogue.deliver(sent.socket_id, target_v4, sctp, Handshakes::chunk(sent, init_ack));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[1].kind == Event::Kind::ttl_expired));
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(labels_come_through_the_queue) {
  Handshakes dialogue{half_open()};
  const auto syn = dialogue.ask(target_v6);
  constexpr std::size_t header = 40;  // bytes of IPv6 header, which the queue leaves out of the 128 bytes
  dialogue.io->report(syn.socket_id, dialogue.queued(syn, padded(syn.bytes, 128 - header) + one_label_structure()));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_REQUIRE(events[0].icmp->mpls.size() == 1U);
  BOOST_TEST((events[0].icmp->mpls[0] == mpls_label));
}

BOOST_AUTO_TEST_CASE(short_quotes_name_inits_of_any_number) {
  Handshakes dialogue{init()};
  const auto sent = dialogue.ask_times(32, target_v4);
  for (const auto& each : sent) dialogue.io->report(each.socket_id, dialogue.queued(each, first(each.bytes, 8)));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == sent.size());
  int halves[2] = {};  // counted by the top bit of the sequence number, for which the port has no room
  for (std::size_t i = 0; i < sent.size(); ++i) {
    BOOST_TEST(events[i].serial == i);
    ++halves[sent[i].bytes[16] >> 7];
  }
  BOOST_TEST(halves[0] > 0);
  BOOST_TEST(halves[1] > 0);
}

BOOST_AUTO_TEST_CASE(a_short_quote_of_an_asked_port_names_nothing_however_many_there_are) {
  Handshakes dialogue{init(9899)};
  const auto sent = dialogue.ask(target_v4);
  while (dialogue.book.asked.size() < 65'536) dialogue.book.add(target_v4, 0);
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, first(sent.bytes, 8)));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(a_quote_from_another_port_of_ours_is_refused) {
  Handshakes dialogue{init()};
  const auto sent = dialogue.ask(target_v4);
  Bytes quoted = sent.bytes;
  quoted[1] ^= 1;
  dialogue.io->report(sent.socket_id, dialogue.queued(sent, quoted));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
}

BOOST_AUTO_TEST_CASE(the_number_of_one_protocol_is_no_answer_in_the_other) {
  Handshakes dialogue{{{.protocol = Protocol::tcp, .half_open = true}, {.protocol = Protocol::sctp}}};
  const auto syn = dialogue.ask(target_v4, 0);
  const auto sent = dialogue.ask(other_v4, 1);
  Bytes bytes = Handshakes::chunk(sent, init_ack);
  const std::uint32_t number = get32(syn.bytes, 4);
  put16(bytes, 2, static_cast<std::uint16_t>(0x8000U | number >> 16));
  put32(bytes, 4, number);
  dialogue.deliver(sent.socket_id, target_v4, sctp, bytes);
  BOOST_TEST(dialogue.hear().empty());
}

BOOST_AUTO_TEST_SUITE_END()
