// Tests how probes reach their sockets and packets their protocol: runs, profiles, families, obstacles, credit, drops.
// The tests of each protocol check which answers are believed.
#include "net/packet_transport.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "net/dialogue.hpp"

using namespace std::chrono_literals;
using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(packet_transport_test)

namespace {

/// Probes to one target, to be sent together.
std::vector<net::Probe> echoes(TestBook& book, std::size_t count) {
  std::vector<net::Probe> probes(count);
  for (net::Probe& probe : probes) probe = book.add(target_v4, 0);
  return probes;
}

/// The numbers of the profiles in `all_profiles()`.
enum Profile : std::uint16_t { echo, low_ttl, udp, syn, init, connection };

std::vector<ProbeOptions> all_profiles() {
  return {{},
          {.ttl = 3, .payload_size = 8},
          {.protocol = Protocol::udp, .port = 53, .payload_size = 20},
          {.protocol = Protocol::tcp, .half_open = true},
          {.protocol = Protocol::sctp},
          {.protocol = Protocol::tcp}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(profiles_of_one_socket_leave_in_one_call) {
  Dialogue dialogue{all_profiles()};
  const auto sent = dialogue.send(
      {dialogue.book.add(target_v4, echo), dialogue.book.add(other_v4, low_ttl), dialogue.book.add(target_v4, echo)});
  BOOST_TEST(sent.accepted == 3U);
  BOOST_TEST(dialogue.io->batches == std::vector<std::size_t>{3}, boost::test_tools::per_element());
  BOOST_TEST(dialogue.io->sent[1].bytes.size() == 16U);
  BOOST_TEST(dialogue.io->sent[2].bytes.size() == 64U);
}

BOOST_AUTO_TEST_CASE(every_protocol_and_family_goes_its_way) {
  Dialogue dialogue{all_profiles()};
  std::vector<net::Probe> probes;
  for (const Address& to : {target_v4, target_v6})
    for (const Profile profile : {echo, low_ttl, udp, syn, init, connection})
      probes.push_back(dialogue.book.add(to, profile));
  const auto sent = dialogue.send(probes);
  BOOST_TEST(sent.accepted == probes.size());
  BOOST_TEST(dialogue.io->sent.size() == 10U);
  BOOST_TEST(dialogue.io->connecting == (std::vector<std::uint64_t>{5, 11}), boost::test_tools::per_element());
  for (const auto& message : dialogue.io->sent)
    BOOST_TEST((dialogue.io->scripted[message.socket_id].channel.family == message.to.family()));
  for (const Instant at : dialogue.sent_at) BOOST_TEST((at == dialogue.io->time));
}

BOOST_AUTO_TEST_CASE(messages_of_one_call_count_as_sent_one_behind_the_other) {
  Dialogue dialogue{all_profiles()};
  const auto steps = [&](Duration call) {
    dialogue.io->send_time = call;
    const Instant started = dialogue.io->time;
    dialogue.send(echoes(dialogue.book, 64));
    BOOST_TEST((dialogue.sent_at[0] == started));
    for (std::size_t k = 1; k < 64; ++k)
      BOOST_TEST((dialogue.sent_at[k] - dialogue.sent_at[k - 1] == dialogue.sent_at[1] - started));
    return dialogue.sent_at[1] - started;
  };
  BOOST_TEST((steps(64 * 6us) == 6us));
  BOOST_TEST((steps(64 * 8us) == 8us));
  BOOST_TEST((steps(64 * 6us) == 6us));
  const Duration interrupted = steps(64 * 6us + 3ms);
  BOOST_TEST((interrupted > 6us && interrupted < 8us));
}

BOOST_AUTO_TEST_CASE(an_answer_that_came_while_its_call_went_on_has_a_time_of_its_own) {
  Dialogue dialogue{all_profiles()};
  const Instant started = dialogue.io->time;
  dialogue.io->send_time = 64 * 6us;
  dialogue.send(echoes(dialogue.book, 64));
  const auto answer = [&](std::size_t place, Duration stamp) {
    const auto reply = ipv4_packet(target_v4, dialogue.io->host_v4, 1, echo_reply(dialogue.io->sent[place].bytes));
    dialogue.io->deliver(dialogue.io->sent[place].socket_id,
                         {.bytes = dialogue.io->keep(reply),
                          .ip_header = true,
                          .arrival = {.read = dialogue.io->time, .stamp = started + stamp}});
  };
  answer(9, 40us);
  answer(19, 200us);
  answer(63, 64 * 6us);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  BOOST_TEST((events[0].rtt == Duration{4us}));
  BOOST_TEST(!events[1].rtt);
  BOOST_TEST(!events[2].rtt);
}

BOOST_AUTO_TEST_CASE(answers_of_every_socket_are_heard_at_once) {
  Dialogue dialogue{all_profiles()};
  const auto request = dialogue.ask(target_v4, echo), datagram = dialogue.ask(target_v6, udp);
  dialogue.ask(other_v4, connection);
  dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  dialogue.io->deliver(datagram.socket_id, {.bytes = dialogue.io->keep(datagram.bytes), .from = target_v6, .port = 53});
  dialogue.io->decided.push_back({.token = 2});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    BOOST_TEST(events[i].serial == i);
    BOOST_TEST((events[i].kind == Event::Kind::reply));
  }
}

BOOST_AUTO_TEST_CASE(ways_are_asked_for_once) {
  Dialogue dialogue{all_profiles()};
  for (int i = 0; i < 5; ++i) dialogue.ask(target_v4, echo);
  BOOST_TEST(dialogue.io->ways_asked == 1);
  for (int i = 0; i < 9; ++i) dialogue.ask(target_v4, udp);
  BOOST_TEST(dialogue.io->ways_asked == 10, "a source port for each");
  dialogue.transport->set_profile(echo, {.device = "eth1"});
  dialogue.ask(target_v4, echo);
  BOOST_TEST(dialogue.io->ways_asked == 11);
}

BOOST_AUTO_TEST_CASE(a_new_profile_is_as_good_as_one_known_from_the_start) {
  Dialogue dialogue{{}};
  dialogue.transport->set_profile(7, {.payload_size = 1400});
  const auto request = dialogue.ask(target_v4, 7);
  BOOST_TEST(request.bytes.size() == 1408U);
  dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  BOOST_TEST(dialogue.hear().size() == 1U);
}

BOOST_AUTO_TEST_CASE(prepare_tells_the_obstacle_and_send_its_error) {
  Dialogue dialogue{all_profiles()};
  const std::string doing = "cannot set ProbeOptions::mark 5";
  dialogue.io->way_script = [&](Family, net::ProfileNumber profile, unsigned) -> std::optional<net::SendPath> {
    if (profile != low_ttl) return std::nullopt;
    return net::SendPath{.error = system_error(std::errc::operation_not_permitted), .doing = doing, .privilege = true};
  };
  BOOST_TEST(!dialogue.transport->prepare(Family::ipv4, echo).error);
  const auto obstacle = dialogue.transport->prepare(Family::ipv4, low_ttl);
  BOOST_TEST((obstacle.error == std::errc::operation_not_permitted));
  BOOST_TEST(obstacle.doing == doing);
  BOOST_TEST(obstacle.privilege);
  const auto sent = dialogue.send({dialogue.book.add(target_v4, echo), dialogue.book.add(target_v4, low_ttl)});
  BOOST_TEST(sent.accepted == 1U);
  BOOST_TEST((sent.refused == std::errc::operation_not_permitted));
  BOOST_TEST(!sent.full);
  BOOST_TEST(dialogue.io->ways_asked == 2);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_remembered_for_a_second) {
  for (const std::uint16_t profile : {echo, udp, connection}) {
    Dialogue dialogue{all_profiles()};
    bool is_there = false;
    dialogue.io->way_script = [&](Family, std::uint16_t, unsigned) -> std::optional<net::SendPath> {
      if (is_there) return std::nullopt;
      return net::SendPath{.error = system_error(std::errc::no_such_device)};
    };
    const auto is_refused = [&] { return !!dialogue.send({dialogue.book.add(target_v4, profile)}).refused; };
    BOOST_TEST(is_refused());
    is_there = true;
    dialogue.io->time += 999ms;
    BOOST_TEST(is_refused());
    BOOST_TEST(dialogue.io->ways_asked == 1);
    dialogue.io->time += 1ms;
    BOOST_TEST(!is_refused());
    BOOST_TEST(dialogue.io->ways_asked == 2);
    dialogue.io->time += 10s;
    BOOST_TEST(!is_refused());
    BOOST_TEST(dialogue.io->ways_asked == (profile == udp ? 3 : 2), "a way that serves is kept");
  }
}

BOOST_AUTO_TEST_CASE(a_refused_message_ends_the_batch_there) {
  Dialogue dialogue{all_profiles()};
  dialogue.io->most_accepted = 2;
  dialogue.io->refusal = system_error(std::errc::host_unreachable);
  const auto sent = dialogue.send(echoes(dialogue.book, 4));
  BOOST_TEST(sent.accepted == 2U);
  BOOST_TEST((sent.refused == std::errc::host_unreachable));
}

BOOST_AUTO_TEST_CASE(what_is_refused_does_not_make_the_rest_be_encoded_again_and_again) {
  Dialogue dialogue{all_profiles()};
  const auto probes = echoes(dialogue.book, 64);
  std::span<const net::Probe> rest{probes};
  dialogue.io->most_accepted = 0;
  dialogue.io->refusal = system_error(std::errc::network_unreachable);
  for (int refused = 0; refused < 8; ++refused, rest = rest.subspan(1))
    BOOST_TEST(dialogue.send({rest.begin(), rest.end()}).accepted == 0U);
  dialogue.io->most_accepted = 64;
  BOOST_TEST(dialogue.send({rest.begin(), rest.end()}).accepted == 56U);
  BOOST_TEST(dialogue.io->batches == (std::vector<std::size_t>{64, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 25}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(credit_is_the_least_that_any_socket_has_room_for) {
  Dialogue dialogue{all_profiles()};
  BOOST_TEST(dialogue.transport->credit() == 64U);
  dialogue.ask(target_v4, echo);
  BOOST_TEST(dialogue.transport->credit() == 64U);
  dialogue.io->receive_room = 3;
  dialogue.ask(target_v6, echo);
  BOOST_TEST(dialogue.transport->credit() == 3U);
  dialogue.io->batches.clear();
  BOOST_TEST(dialogue.send(echoes(dialogue.book, 7)).accepted == 7U);
  BOOST_TEST(dialogue.io->batches == (std::vector<std::size_t>{3, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(few_targets_need_little_credit) {
  Dialogue dialogue{all_profiles(), 5};
  BOOST_TEST(dialogue.transport->credit() == 5U);
}

BOOST_AUTO_TEST_CASE(drops_are_looked_for_after_a_large_haul_or_when_asked) {
  Dialogue dialogue{all_profiles(), 4};
  dialogue.io->dropped.no_room = 9;
  dialogue.transport->look_for_drops();
  BOOST_TEST(dialogue.counters().receive_drops == 0U, "an empty buffer drops nothing");
  const auto request = dialogue.ask(target_v4, echo);
  dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  dialogue.hear();
  BOOST_TEST(dialogue.counters().receive_drops == 0U);
  dialogue.transport->look_for_drops();
  BOOST_TEST(dialogue.counters().receive_drops == 9U);
  dialogue.io->dropped.no_room = 11;
  for (int i = 0; i < 2; ++i) dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  dialogue.hear();
  BOOST_TEST(dialogue.counters().receive_drops == 11U);
}

BOOST_AUTO_TEST_CASE(what_the_kernel_refused_for_its_checksum_is_no_loss) {
  Dialogue dialogue{all_profiles(), 4};
  const auto request = dialogue.ask(target_v4, echo);
  dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  dialogue.io->dropped = {.no_room = 2, .damaged = 3};
  dialogue.hear();
  dialogue.transport->look_for_drops();
  BOOST_TEST(dialogue.counters().receive_drops == 2U);
  BOOST_TEST(dialogue.counters().bad_checksum == 3U);
}

// After the deadline there may be no further call.
BOOST_AUTO_TEST_CASE(packets_behind_an_error_are_taken_by_the_same_call) {
  Dialogue dialogue{all_profiles()};
  const auto requests = dialogue.ask_times(5, target_v4);
  for (const auto& request : requests) dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  dialogue.io->report(requests[0].socket_id, dialogue.queued(requests[0], hex("00")));
  BOOST_TEST(dialogue.hear().size() == 5U);
}

BOOST_AUTO_TEST_CASE(what_is_too_big_is_cut_next_time_where_it_may_be) {
  const ProbeOptions large{.payload_size = 1400}, whole{.payload_size = 1400, .dont_fragment = true};
  Dialogue dialogue{{large, whole, {}}};
  dialogue.io->ping_sockets = true;
  for (const Address& to : {target_v4, target_v6}) {
    const bool v4 = to.family() == Family::ipv4;
    const auto is_cut = [&](std::uint16_t profile, bool too_big, std::uint32_t mtu) {
      const auto request = dialogue.ask(to, profile);
      auto error = dialogue.queued(request, request.bytes);
      error.type = v4 ? 3 : too_big ? 2 : 1;
      error.code = v4 && too_big ? 4 : 0;
      error.mtu = mtu;
      dialogue.io->report(request.socket_id, error);
      const auto events = dialogue.hear();
      return !events.empty() && events[0].cut_next_time;
    };
    BOOST_TEST(is_cut(0, true, 1300) == !v4);  // a router could have fragmented an IPv4 packet of this size
    BOOST_TEST(is_cut(0, true, 0) == !v4);
    BOOST_TEST(!is_cut(0, true, 1500));  // the packet was smaller than this MTU
    BOOST_TEST(!is_cut(0, false, 1300));
    BOOST_TEST(!is_cut(1, true, 1300));
    BOOST_TEST(is_cut(2, true, 68) == v4);  // every IPv6 path carries 1280 bytes
  }
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_replaced_profile_is_still_known_for_what_it_is) {
  Dialogue dialogue{all_profiles()};
  const auto request = dialogue.ask(target_v4, echo);
  dialogue.transport->set_profile(echo, {.device = "eth1", .payload_size = 8});
  dialogue.deliver(request.socket_id, target_v4, 1, echo_reply(request.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 0U);
}

/// The key stays the same. So the probes of the next object must not repeat the serials of earlier ones.
BOOST_AUTO_TEST_CASE(a_renewed_transport_believes_no_answer_to_the_probes_of_its_last_object) {
  Dialogue dialogue{{ProbeOptions{}}};
  BOOST_TEST(dialogue.transport->first_serial() == 0U);
  const auto earlier = dialogue.ask(target_v4, echo);
  BOOST_REQUIRE(dialogue.transport->renew({.profiles = {ProbeOptions{}}}));
  BOOST_TEST(dialogue.transport->first_serial() == 1U);
  dialogue.book.start = dialogue.transport->first_serial();
  const auto later = dialogue.ask(target_v4, echo);
  BOOST_TEST(dialogue.transport->first_serial() == 2U);
  dialogue.deliver(earlier.socket_id, target_v4, 1, echo_reply(earlier.bytes));
  BOOST_TEST(dialogue.hear().empty());
  dialogue.deliver(later.socket_id, target_v4, 1, echo_reply(later.bytes));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 1U);
  BOOST_TEST(!dialogue.transport->renew({.profiles = {ProbeOptions{.payload_size = 8}}}));
}

BOOST_AUTO_TEST_SUITE_END()
