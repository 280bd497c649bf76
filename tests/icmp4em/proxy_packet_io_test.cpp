// Tests echo requests over a proxy with a scripted kernel: the datagrams to the proxy, which replies and errors are
// believed, and the errors when the proxy is gone. The tests put the frames together byte by byte.
#include "icmp4em/proxy_packet_io.hpp"

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <random>

#include "multiping/error.hpp"
#include "net/dialogue.hpp"

using namespace multiping;
using namespace multiping::test;
using namespace std::chrono_literals;
using net::Event;

BOOST_AUTO_TEST_SUITE(proxy_packet_io_test)

namespace {

const Address proxy_host = Address::v4({198, 51, 100, 9});
constexpr std::uint16_t proxy_port = 63'312;

/// A request as it is on the wire.
struct Frame {
  std::string address{};
  Bytes message{};
  net::SocketId socket_id = 0;
};

/// A transport over a ProxyPacketIo over a scripted kernel.
struct ProxyDialogue {
  explicit ProxyDialogue(std::vector<ProbeOptions> profiles = {{}}) {
    auto scripted = std::make_unique<ScriptedPacketIo>(std::vector<ProbeOptions>{});
    io = scripted.get();
    const net::SocketsNeeded request{.profiles = std::move(profiles), .targets = 100};
    auto over = std::make_unique<icmp4em::ProxyPacketIo>(
        std::move(scripted), icmp4em::ProxyAddress{proxy_host, proxy_port}, request, 0x0102'0304'0506'0708U);
    proxy_io = over.get();
    transport = std::make_unique<net::PacketTransport>(std::move(over), request, packet::SipKey{{7, 1, 3}});
  }

  net::ProbeTransport::Sent send(const std::vector<net::Probe>& probes) {
    sent_at.assign(probes.size(), {});
    return transport->send(probes, sent_at);
  }
  [[nodiscard]] Frame last() const {
    const auto& sent = io->sent.back();
    const std::size_t length = get16(sent.bytes, 0);
    const auto message = sent.bytes.begin() + 2 + static_cast<std::ptrdiff_t>(length);
    return {.address = {sent.bytes.begin() + 2, message},
            .message = {message, sent.bytes.end()},
            .socket_id = sent.socket_id};
  }
  Frame ask(const Address& to, std::uint16_t profile = 0) {
    send({book.add(to, profile)});
    BOOST_REQUIRE(!io->sent.empty());
    return last();
  }
  void deliver(net::SocketId socket_id, Bytes bytes, const Address& from = proxy_host,
               std::uint16_t port = proxy_port) {
    io->deliver(socket_id, {.bytes = io->keep(std::move(bytes)),
                            .from = from,
                            .port = port,
                            .ttl = std::uint8_t{64},
                            .arrival = {.read = io->time}});
  }
  /// The kernel reports that a datagram to the proxy was not delivered.
  void undelivered(net::SocketId socket_id, Bytes datagram, std::uint8_t code) {
    io->report(socket_id, {.quoted = io->keep(std::move(datagram)),
                           .destination = proxy_host,
                           .port = proxy_port,
                           .offender = proxy_host,
                           .type = 3,
                           .code = code});
  }
  std::vector<Event> hear() {
    std::vector<Event> events;
    transport->receive(book, events);
    return events;
  }
  [[nodiscard]] Counters counters() { return transport->counters(); }

  ScriptedPacketIo* io = nullptr;
  icmp4em::ProxyPacketIo* proxy_io = nullptr;
  std::unique_ptr<net::PacketTransport> transport;
  TestBook book;
  std::vector<Instant> sent_at;
};

/// The daemon's error about a request: ICMP header, IPv4 header, and the first bytes of the request.
Bytes error_about(const Frame& frame, const Address& to, std::uint8_t type, std::uint8_t code, std::uint16_t mtu = 0) {
  Bytes ip = ipv4_packet(Address::v4({0, 0, 0, 0}), to.family() == Family::ipv4 ? to : Address::v4({0, 0, 0, 0}), 1,
                         frame.message);
  return icmp_message(type, code, mtu, first(ip, std::min<std::size_t>(ip.size(), 20 + 8 + 64)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_an_icmpv4_echo_in_a_frame_to_the_proxy) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4);
  BOOST_TEST(request.address == "192.0.2.7");
  BOOST_TEST((dialogue.io->sent.back().to == proxy_host));
  BOOST_TEST((dialogue.io->scripted[request.socket_id].channel.protocol == Protocol::udp));
  BOOST_TEST(dialogue.io->scripted[request.socket_id].options.port == proxy_port);
  BOOST_TEST(int{request.message[0]} == 8);
  BOOST_TEST(packet::internet_checksum(request.message) == 0U);
  BOOST_TEST(get32(request.message, 4) == 0x0506'0708U);
  BOOST_TEST(request.message.size() == 8 + 56 + 1U);
  BOOST_TEST(int{request.message.back()} == 0xff, "else the original would cut the zeros off");

  const Frame next = dialogue.ask(target_v6);
  BOOST_TEST(next.address == "2001:db8:7::9");
  BOOST_TEST(next.socket_id != request.socket_id);
  BOOST_TEST(int{next.message[0]} == 8);
  BOOST_TEST(packet::internet_checksum(next.message) == 0U);
  BOOST_TEST(get32(next.message, 4) == 0x8506'0708U);
}

BOOST_AUTO_TEST_CASE(only_a_payload_that_would_be_cut_is_padded) {
  ProxyDialogue dialogue{{{.pattern = {'x'}}, {.pattern = {'x', ' '}}, {.payload_size = 0}}};
  BOOST_TEST(dialogue.ask(target_v4, 0).message.size() == 8 + 56U);
  BOOST_TEST(dialogue.ask(target_v4, 1).message.size() == 8 + 56 + 1U);
  BOOST_TEST(dialogue.ask(target_v4, 2).message.size() == 8U);
}

BOOST_AUTO_TEST_CASE(replies_of_both_families_are_events_and_so_are_duplicates) {
  ProxyDialogue dialogue;
  for (const Address& to : {target_v4, target_v6}) {
    const Frame request = dialogue.ask(to);
    for (int i = 0; i < 2; ++i) dialogue.deliver(request.socket_id, echo_reply(request.message));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 2U);
    BOOST_TEST((events[0].kind == Event::Kind::reply));
    BOOST_TEST((events[0].responder == to));
    BOOST_TEST(int{events[0].reply_ttl} == 0, "that of the datagram is not the reply's");
    BOOST_TEST(int{events[0].auth_bits} == 80);
    BOOST_TEST(!events[0].payload_altered);
  }
}

BOOST_AUTO_TEST_CASE(probes_that_share_a_sequence_number_have_numbers_of_their_own) {
  ProxyDialogue dialogue;
  std::vector<Frame> requests;
  for (std::uint8_t i = 0; i < 100; ++i) requests.push_back(dialogue.ask(Address::v4({192, 0, 2, i})));
  for (auto request = requests.rbegin(); request != requests.rend(); ++request)
    dialogue.deliver(request->socket_id, echo_reply(request->message));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 100U);
  for (std::size_t i = 0; i < events.size(); ++i) BOOST_TEST(events[i].serial == 99 - i);
}

BOOST_AUTO_TEST_CASE(a_lie_moves_a_counter) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4), other = dialogue.ask(other_v4);
  Bytes forged = request.message, borrowed = other.message, damaged = echo_reply(request.message);
  forged[8] ^= 1;                                 // a bit of the tag
  put32(borrowed, 4, get32(request.message, 4));  // the other request's payload with this number
  damaged[30] ^= 1;                               // after the checksum was computed
  Bytes unknown = request.message;
  put32(unknown, 4, 77);
  dialogue.deliver(request.socket_id, echo_reply(forged));
  dialogue.deliver(request.socket_id, echo_reply(borrowed));
  dialogue.deliver(request.socket_id, echo_reply(unknown));
  dialogue.deliver(request.socket_id, echo_reply(request.message), other_v4);
  dialogue.deliver(request.socket_id, echo_reply(request.message), proxy_host, 1);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 5U);
  dialogue.deliver(request.socket_id, damaged);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().bad_checksum == 1U);
  dialogue.deliver(request.socket_id, first(request.message, 7));
  dialogue.deliver(request.socket_id, {});
  dialogue.deliver(request.socket_id, request.message);  // a request instead of a reply
  dialogue.deliver(request.socket_id, echo_reply(first(request.message, 12)));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().malformed == 4U);
  dialogue.deliver(request.socket_id, echo_reply(request.message));
  BOOST_TEST(dialogue.hear().size() == 1U, "and the truth is believed all the same");
}

BOOST_AUTO_TEST_CASE(an_altered_payload_is_told) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4);
  Bytes altered = request.message, padding = request.message;
  altered[40] ^= 1;
  padding.back() ^= 1;
  dialogue.deliver(request.socket_id, echo_reply(altered));
  dialogue.deliver(request.socket_id, echo_reply(padding));
  dialogue.deliver(request.socket_id, echo_reply(first(request.message, 30)));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  for (const Event& event : events) BOOST_TEST(event.payload_altered);
}

BOOST_AUTO_TEST_CASE(what_the_protocol_cannot_say_is_not_supported) {
  const Address here_v4 = Address::v4({192, 0, 2, 99}), here_v6 = router_v6;
  struct Case {
    ProbeOptions probe;
    const char* text;
  };
  const std::vector<Case> cases = {{{.ttl = 5}, "ttl 5"},
                                   {{.tos = 4}, "tos 4"},
                                   {{.source_v4 = here_v4}, "source_v4 192.0.2.99"},
                                   {{.device = "eth0"}, "device eth0"},
                                   {{.mark = 3}, "mark 3"},
                                   {{.flow_label = 9}, "flow_label 9"},
                                   {{.dont_fragment = true}, "dont_fragment"},
                                   {{.flow = std::uint16_t{1}}, "flow 1"}};
  for (const auto& [probe, text] : cases) {
    ProxyDialogue dialogue{{probe}};
    const auto obstacle = dialogue.transport->prepare(Family::ipv4, 0);
    BOOST_TEST((obstacle.error == Errc::not_supported));
    BOOST_TEST(obstacle.doing == std::string{"cannot use ProbeOptions::"} + text + " over a transport of kind proxy");
    BOOST_TEST(dialogue.send({dialogue.book.add(target_v4, 0)}).accepted == 0U);
  }
  ProxyDialogue of_v6{{{.source_v6 = here_v6}}};
  BOOST_TEST((of_v6.transport->prepare(Family::ipv6, 0).error == Errc::not_supported));
  BOOST_TEST(!of_v6.transport->prepare(Family::ipv4, 0).error);
}

BOOST_AUTO_TEST_CASE(a_zone_and_a_payload_too_large_are_their_targets_fate) {
  ProxyDialogue dialogue{{{}, {.family = Family::ipv6, .payload_size = 65'508}}};
  const Address zoned = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3);
  const auto sent = dialogue.send({dialogue.book.add(target_v6, 0), dialogue.book.add(zoned, 0)});
  BOOST_TEST(sent.accepted == 1U);
  BOOST_TEST((sent.refused == Errc::not_supported));
  const auto large = dialogue.send({dialogue.book.add(target_v6, 1)});
  BOOST_TEST((large.refused == std::errc::message_size));
  BOOST_TEST(dialogue.io->sent.size() == 1U);
}

BOOST_AUTO_TEST_CASE(udp_probes_go_their_own_way) {
  ProxyDialogue dialogue{{{}, {.protocol = Protocol::udp, .port = 7}}};
  const Frame echo = dialogue.ask(target_v4);
  dialogue.send({dialogue.book.add(target_v4, 1)});
  const auto& datagram = dialogue.io->sent.back();
  BOOST_TEST((datagram.to == target_v4));
  BOOST_TEST(datagram.socket_id != echo.socket_id);
  BOOST_TEST(dialogue.io->scripted[datagram.socket_id].options.port == 7);
}

BOOST_AUTO_TEST_CASE(a_dead_proxy_ends_all_that_is_awaited) {
  ProxyDialogue dialogue;
  std::vector<Frame> requests;
  for (std::uint8_t i = 0; i < 200; ++i) {
    dialogue.io->time += 1ms;  // slow enough that the transport is not full
    requests.push_back(dialogue.ask(Address::v4({192, 0, 2, i})));
  }
  dialogue.deliver(requests[3].socket_id, echo_reply(requests[3].message));
  BOOST_TEST(dialogue.hear().size() == 1U);
  dialogue.undelivered(requests[0].socket_id, dialogue.io->sent.back().bytes, 3);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 199U);
  for (const Event& event : events) {
    BOOST_TEST((event.kind == Event::Kind::failed));
    BOOST_TEST(event.final);
    BOOST_TEST((event.error == std::errc::connection_refused));
  }
  dialogue.undelivered(requests[0].socket_id, dialogue.io->sent.back().bytes, 3);
  BOOST_TEST(dialogue.hear().empty(), "each is told once");
}

BOOST_AUTO_TEST_CASE(an_unreachable_proxy_ends_what_did_not_reach_it) {
  ProxyDialogue dialogue;
  const Frame first_request = dialogue.ask(target_v4);
  const Bytes datagram = dialogue.io->sent.back().bytes;
  dialogue.ask(other_v4);
  dialogue.undelivered(first_request.socket_id, datagram, 1);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST((events[0].error == std::errc::host_unreachable));
}

BOOST_AUTO_TEST_CASE(nobody_can_say_that_the_proxy_is_dead_without_having_seen_a_request) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4);
  Bytes guessed = dialogue.io->sent.back().bytes;
  put32(guessed, guessed.size() - request.message.size() + 4, 0x1234'5678);
  dialogue.undelivered(request.socket_id, guessed, 3);
  dialogue.undelivered(request.socket_id, {}, 3);
  dialogue.undelivered(request.socket_id, hex("0009"), 3);
  BOOST_TEST(dialogue.hear().empty());
}

BOOST_AUTO_TEST_CASE(a_keep_alive_leaves_while_something_is_awaited) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4);
  dialogue.transport->wait(dialogue.io->time + 10s);
  BOOST_TEST(dialogue.io->sent.size() == 1U);
  dialogue.transport->wait(dialogue.io->time + 10s);
  BOOST_REQUIRE(dialogue.io->sent.size() == 2U);
  const Frame keep_alive = dialogue.last();
  const Bytes bytes = dialogue.io->sent.back().bytes;
  BOOST_TEST(keep_alive.address == "127.0.0.1");
  BOOST_TEST(keep_alive.message.size() == 8U);
  BOOST_TEST(int{keep_alive.message[0]} == 0, "no request: the original passes over it");
  BOOST_TEST(packet::internet_checksum(keep_alive.message) == 0U);
  for (int i = 0; i < 8; ++i) dialogue.transport->wait(dialogue.io->time + 10s);
  BOOST_TEST(dialogue.io->sent.size() == 10U);

  dialogue.undelivered(request.socket_id, bytes, 3);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].error == std::errc::connection_refused));
  const Instant before = dialogue.io->time;
  const std::size_t sent = dialogue.io->sent.size();
  dialogue.transport->wait(before + 10s);
  BOOST_CHECK(dialogue.io->time == before + 10s);
  BOOST_TEST(dialogue.io->sent.size() == sent, "nothing is awaited any more");
}

BOOST_AUTO_TEST_CASE(no_more_is_sent_than_a_proxy_can_hold) {
  ProxyDialogue dialogue;
  std::vector<net::Probe> probes;
  for (std::uint8_t i = 0; i < 200; ++i) probes.push_back(dialogue.book.add(Address::v4({192, 0, 2, i}), 0));
  const auto sent = dialogue.send(probes);
  BOOST_TEST(sent.accepted == icmp4em::ProxyPacketIo::most_fresh);
  BOOST_TEST(sent.full);
  BOOST_TEST(!sent.refused);
  const Instant room_at = dialogue.transport->room_at();
  BOOST_CHECK(room_at == dialogue.io->time + icmp4em::ProxyRequests::freshness);
  BOOST_TEST(dialogue.send({probes.back()}).full);
  dialogue.deliver(dialogue.last().socket_id, echo_reply(dialogue.last().message));
  BOOST_TEST(dialogue.hear().size() == 1U);
  BOOST_TEST(dialogue.send({probes[128]}).accepted == 1U, "a reply makes room");
  BOOST_TEST(dialogue.send({probes[129]}).full);
  dialogue.io->time = room_at;
  BOOST_TEST(dialogue.send({probes[129]}).accepted == 1U, "and so does time");
}

BOOST_AUTO_TEST_CASE(what_the_kernel_refuses_leaves_no_trace) {
  ProxyDialogue dialogue;
  dialogue.io->most_accepted = 1;
  dialogue.io->refusal = system_error(std::errc::no_buffer_space);
  const auto sent = dialogue.send({dialogue.book.add(target_v4, 0), dialogue.book.add(other_v4, 0)});
  BOOST_TEST(sent.accepted == 1U);
  BOOST_TEST((sent.refused == std::errc::no_buffer_space));
  dialogue.io->most_accepted = 10;
  const std::uint32_t number = get32(dialogue.last().message, 4);
  BOOST_TEST(get32(dialogue.ask(other_v4).message, 4) == number + 1);
}

BOOST_AUTO_TEST_CASE(what_does_not_leave_counts_for_nothing_in_the_pace) {
  constexpr auto times = static_cast<int>(2 * icmp4em::ProxyPacketIo::pace.burst);
  ProxyDialogue dialogue;
  const Address zoned = Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3);
  const net::Probe objected = dialogue.book.add(zoned, 0);
  for (int i = 0; i < times; ++i) BOOST_REQUIRE((dialogue.send({objected}).refused == Errc::not_supported));
  const net::Probe probe = dialogue.book.add(target_v4, 0);
  dialogue.io->most_accepted = 0;
  dialogue.io->refusal = system_error(std::errc::no_buffer_space);
  for (int i = 0; i < times; ++i) BOOST_REQUIRE((dialogue.send({probe}).refused == std::errc::no_buffer_space));
  dialogue.io->most_accepted = 1;
  BOOST_TEST(dialogue.send({probe}).accepted == 1U);
}

BOOST_AUTO_TEST_CASE(the_daemon_tells_that_it_was_too_much) {
  ProxyDialogue dialogue;
  for (const Address& to : {target_v4, target_v6}) {
    const Frame request = dialogue.ask(to);
    dialogue.deliver(request.socket_id, error_about(request, to, 4, 0));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST((events[0].kind == Event::Kind::failed));
    BOOST_TEST((events[0].error == std::errc::resource_unavailable_try_again));
    BOOST_TEST(dialogue.send({dialogue.book.add(to, 0)}).full, "others wait");
    BOOST_CHECK(dialogue.transport->room_at() == dialogue.io->time + icmp4em::ProxyPacketIo::pause);
    dialogue.io->time = dialogue.transport->room_at();
  }
}

BOOST_AUTO_TEST_CASE(the_daemon_tells_of_icmp_errors) {
  ProxyDialogue dialogue{{{}, {.payload_size = 4}}};
  struct Case {
    const Address& to;
    std::uint8_t type, code, told_type, told_code;
    std::uint32_t mtu;
  };
  const Case cases[] = {{target_v4, 3, 1, 3, 1, 0},  {target_v4, 3, 4, 3, 4, 1400}, {target_v4, 11, 0, 11, 0, 0},
                        {target_v6, 3, 1, 1, 3, 0},  {target_v6, 3, 4, 2, 0, 1400}, {target_v6, 11, 0, 3, 0, 0},
                        {target_v6, 3, 10, 1, 1, 0}, {target_v6, 3, 3, 1, 4, 0},    {target_v6, 3, 0, 1, 0, 0}};
  for (const Case& c : cases) {
    for (const std::uint16_t profile : {std::uint16_t{0}, std::uint16_t{1}}) {
      const Frame request = dialogue.ask(c.to, profile);
      dialogue.deliver(request.socket_id,
                       error_about(request, c.to, c.type, c.code, static_cast<std::uint16_t>(c.mtu)));
      const auto events = dialogue.hear();
      BOOST_REQUIRE(events.size() == 1U);
      BOOST_REQUIRE(events[0].icmp);
      BOOST_TEST(int{events[0].icmp->type} == int{c.told_type});
      BOOST_TEST(int{events[0].icmp->code} == int{c.told_code});
      BOOST_TEST(events[0].icmp->mtu == c.mtu);
      BOOST_TEST(!events[0].responder);
      BOOST_TEST(!events[0].final);
      dialogue.deliver(request.socket_id, echo_reply(request.message));
      BOOST_TEST(dialogue.hear().size() == 1U, "a later reply wins");
    }
  }
}

BOOST_AUTO_TEST_CASE(an_error_about_something_else_moves_a_counter) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4), other = dialogue.ask(other_v4);
  Frame number = request, checksum = request;
  put32(number.message, 4, 99);
  put16(checksum.message, 2, 99);
  dialogue.deliver(request.socket_id, error_about(number, target_v4, 3, 1));
  dialogue.deliver(request.socket_id, error_about(checksum, target_v4, 3, 1));
  dialogue.deliver(request.socket_id, error_about(request, other_v4, 3, 1));
  dialogue.deliver(request.socket_id, error_about(checksum, target_v4, 4, 0));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 4U);
}

BOOST_AUTO_TEST_CASE(a_million_mutated_replies_prove_nothing) {
  ProxyDialogue dialogue;
  const Frame request = dialogue.ask(target_v4);
  const Bytes reply = echo_reply(request.message), error = error_about(request, target_v4, 3, 1);
  std::mt19937_64 random{1};
  icmp4em::ProxyTranslator socket_id{Family::ipv4, 7, get32(request.message, 4)};
  const Address to = target_v4;
  static_cast<void>(socket_id.request({.to = &to, .bytes = request.message, .profile = 0}, dialogue.io->time));
  std::size_t believed = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    Bytes mutant = (i % 2) != 0 ? reply : error;
    if (i % 10 == 5)
      mutant.resize(static_cast<std::size_t>(random() % mutant.size()));
    else
      mutant[static_cast<std::size_t>(random() % mutant.size())] ^= static_cast<std::uint8_t>(1 + random() % 255);
    socket_id.take({.bytes = mutant}, true);
    BOOST_REQUIRE(socket_id.heard().size() == 1U);
    believed += socket_id.heard()[0].from ? 1U : 0U;
    socket_id.clear_heard();
  }
  // A changed byte makes the checksum wrong. So does a cut, since the reply does not end with zeros.
  BOOST_TEST(believed == 0U);
  BOOST_TEST(!socket_id.has_told());
}

BOOST_AUTO_TEST_SUITE_END()
