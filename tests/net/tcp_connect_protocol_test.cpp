// Tests of TCP connections with a scripted kernel: how they end, and how many descriptors and ports allow.
// Time moves only when a test moves it.
#include "net/tcp_connect_protocol.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "net/dialogue.hpp"

using namespace std::chrono_literals;
using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(tcp_connect_protocol_test)

namespace {

std::vector<ProbeOptions> connecting(int source_port = 0) {
  return {{.protocol = Protocol::tcp, .source_port = source_port}};
}

Address target(std::uint8_t number) { return Address::v4({192, 0, 2, number}); }

struct Connections : Dialogue {
  using Dialogue::Dialogue;

  net::ProbeTransport::Sent connect(std::uint8_t number) { return send({book.add(target(number), 0)}); }
  net::ProbeTransport::Sent connect_but(std::uint8_t number, std::errc error) {
    io->connect_errors = {system_error(error), system_error(error)};
    const auto sent = connect(number);
    io->connect_errors.clear();
    return sent;
  }
  void decide(std::uint64_t token, std::error_code error = {}) {
    io->decided.push_back({.token = token, .error = error});
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(connected_is_a_reply_with_the_kernels_time) {
  Connections dialogue{connecting()};
  BOOST_TEST(dialogue.connect(1).accepted == 1U);
  BOOST_TEST((dialogue.sent_at[0] == dialogue.io->time));
  dialogue.io->decided.push_back({.token = 0, .rtt = 3ms});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[0].responder == target(1)));
  BOOST_TEST((events[0].rtt == Duration{3ms}));
  BOOST_TEST(events[0].auth_bits == 47);
  BOOST_TEST(events[0].final);
}

BOOST_AUTO_TEST_CASE(refused_is_a_refusal) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.decide(0, system_error(std::errc::connection_refused));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::refused));
  BOOST_TEST((events[0].icmp == nullptr));
  BOOST_TEST(!events[0].rtt.has_value());
}

BOOST_AUTO_TEST_CASE(a_report_is_the_outcome_even_of_a_refusal) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.connect(2);
  auto report = dialogue.queued({.to = target(1)}, padded({}, 128 - 20) + one_label_structure());
  report.type = 3;
  report.code = 3;
  dialogue.io->decided.push_back({.token = 0, .error = system_error(std::errc::connection_refused), .report = report});
  report.type = 11;
  report.code = 0;
  dialogue.io->decided.push_back({.token = 1, .error = system_error(std::errc::host_unreachable), .report = report});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST((events[0].kind == Event::Kind::unreachable));
  BOOST_TEST((events[1].kind == Event::Kind::ttl_expired));
  for (const Event& event : events) {
    BOOST_TEST((event.responder == router_v4));
    BOOST_TEST(event.icmp->mpls.size() == 1U);
    BOOST_TEST(event.auth_bits == 46);
    BOOST_TEST(event.final);
  }
}

// The kernel gives up after tcp_syn_retries. This says nothing about the target, so another connection may be started.
BOOST_AUTO_TEST_CASE(a_connection_that_the_kernel_gives_up_is_to_be_asked_again) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.decide(0, system_error(std::errc::timed_out));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::displaced));
}

// Packets that acknowledge nothing have ended the connection: only an attacker sends such packets.
BOOST_AUTO_TEST_CASE(what_proves_nothing_is_counted_and_asked_again) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.decide(0, system_error(std::errc::connection_reset));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  BOOST_TEST(dialogue.io->connecting == (std::vector<std::uint64_t>{0, 0}), boost::test_tools::per_element());
  dialogue.io->decided.push_back({.token = 0, .rtt = 3ms});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST((events[0].rtt == Duration{3ms}));
}

// On a busy host the SYN of most connections is lost in the flood, so a fixed number of restarts is not enough.
BOOST_AUTO_TEST_CASE(connections_that_a_flood_ends_are_restarted_ever_more_slowly_until_the_answer_comes) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  const auto flooded = [&dialogue] {
    dialogue.decide(0, system_error(std::errc::connection_reset));
    BOOST_TEST(dialogue.hear().empty());
  };
  for (int i = 0; i < 100; ++i) flooded();
  const std::size_t at_once = dialogue.io->connecting.size();
  BOOST_TEST(at_once == 17U);
  for (int i = 0; i < 10'000; ++i) {
    dialogue.io->time += 1ms;
    flooded();
  }
  const std::size_t in_ten_seconds = dialogue.io->connecting.size() - at_once;
  BOOST_TEST(in_ten_seconds > 250U);
  BOOST_TEST(in_ten_seconds < 350U);
  dialogue.io->decided.clear();
  dialogue.io->time += 32ms;
  BOOST_TEST(dialogue.hear().empty());
  dialogue.io->decided.push_back({.token = 0, .rtt = 3ms});
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_begun_anew_is_told) {
  for (const bool room : {false, true}) {
    Connections dialogue{connecting()};
    dialogue.connect(1);
    dialogue.decide(0, system_error(std::errc::connection_reset));
    dialogue.io->connect_errors = {
        system_error(room ? std::errc::network_unreachable : std::errc::too_many_files_open)};
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST((events[0].kind == (room ? Event::Kind::failed : Event::Kind::displaced)));
  }
}

BOOST_AUTO_TEST_CASE(any_other_error_is_this_hosts) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.decide(0, system_error(std::errc::host_unreachable));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::failed));
  BOOST_TEST((events[0].error == std::errc::host_unreachable));
  BOOST_TEST(events[0].final);
}

BOOST_AUTO_TEST_CASE(an_error_of_connect_itself_is_that_probes) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  const auto sent = dialogue.connect_but(2, std::errc::network_unreachable);
  BOOST_TEST(sent.accepted == 0U);
  BOOST_TEST(!sent.full);
  BOOST_TEST((sent.refused == std::errc::network_unreachable));
}

BOOST_AUTO_TEST_CASE(without_descriptors_the_window_is_full_until_the_oldest_is_a_second_old) {
  Connections dialogue{connecting()};
  BOOST_TEST((dialogue.transport->room_at() == Instant::max()));
  const Instant start = dialogue.io->time;
  dialogue.connect(1);
  dialogue.io->time += 100ms;
  dialogue.connect(2);
  const auto sent = dialogue.connect_but(3, std::errc::too_many_files_open);
  BOOST_TEST(sent.full);
  BOOST_TEST(!sent.refused);
  BOOST_TEST(dialogue.io->abandoned.empty());
  BOOST_TEST((dialogue.transport->room_at() == start + 1s));
}

BOOST_AUTO_TEST_CASE(a_second_old_connection_makes_way_for_another) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.connect(2);
  dialogue.io->time += 1s;
  dialogue.io->connect_errors = {system_error(std::errc::too_many_files_open)};
  const auto sent = dialogue.connect(3);
  BOOST_TEST(sent.accepted == 1U);
  BOOST_TEST(dialogue.io->abandoned == std::vector<std::uint64_t>{0}, boost::test_tools::per_element());
  BOOST_TEST((dialogue.transport->room_at() == Instant::max()));
  dialogue.decide(0);  // the outcome of an abandoned connection is ignored
  dialogue.decide(1);
  BOOST_TEST((dialogue.transport->next_chore() <= dialogue.io->time));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 2U);
  BOOST_TEST(events[0].serial == 1U);
  BOOST_TEST((events[0].kind == Event::Kind::reply));
  BOOST_TEST(events[1].serial == 0U);
  BOOST_TEST((events[1].kind == Event::Kind::displaced));
  BOOST_TEST((dialogue.transport->next_chore() == Instant::max()));
}

// Ten connections start at once. If all were displaced at once, targets that answer a little later would never be
// heard.
BOOST_AUTO_TEST_CASE(connections_make_way_one_by_one) {
  Connections dialogue{connecting()};
  for (std::uint8_t i = 0; i < 10; ++i) dialogue.connect(i);
  dialogue.io->time += 1s;
  dialogue.io->connect_errors = {system_error(std::errc::too_many_files_open)};
  BOOST_TEST(dialogue.connect(10).accepted == 1U);
  BOOST_TEST(dialogue.connect_but(11, std::errc::too_many_files_open).full);
  BOOST_TEST((dialogue.transport->room_at() == dialogue.io->time + 100ms));
}

BOOST_AUTO_TEST_CASE(answers_teach_patience) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.connect(2);
  dialogue.io->time += 1200ms;
  dialogue.io->decided.push_back({.token = 0, .rtt = 1200ms});
  dialogue.hear();
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
  BOOST_TEST((dialogue.transport->room_at() == dialogue.io->time + 1200ms));
}

BOOST_AUTO_TEST_CASE(what_made_way_before_is_left_alone_longer) {
  Connections dialogue{connecting()};
  const Instant start = dialogue.io->time;
  net::Probe again = dialogue.book.add(target(1), 0);
  again.displaced = 1;
  dialogue.send({again});
  dialogue.io->time += 500ms;
  dialogue.connect(2);
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
  BOOST_TEST((dialogue.transport->room_at() == start + 1500ms));
  dialogue.decide(1);
  dialogue.hear();
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
  BOOST_TEST((dialogue.transport->room_at() == start + 2s));
}

// A second connection to the same target would take the room of a target that has no connection.
BOOST_AUTO_TEST_CASE(without_room_a_target_keeps_the_connection_that_it_has) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  BOOST_TEST(dialogue.connect(1).accepted == 1U);
  BOOST_TEST(dialogue.io->connecting.size() == 2U);
  dialogue.io->time += 2s;
  dialogue.io->connect_errors = {system_error(std::errc::too_many_files_open)};
  BOOST_TEST(dialogue.connect(1).accepted == 1U);
  BOOST_TEST(dialogue.io->connecting.size() == 2U);
  BOOST_TEST(dialogue.io->abandoned.empty());
}

BOOST_AUTO_TEST_CASE(what_is_over_does_not_count_as_the_oldest) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.io->time += 500ms;
  dialogue.connect(2);
  dialogue.decide(0);
  dialogue.hear();
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
  BOOST_TEST((dialogue.transport->room_at() == dialogue.io->time + 1s));
}

BOOST_AUTO_TEST_CASE(without_ports_the_window_is_full_for_a_moment) {
  for (const std::errc error : {std::errc::address_not_available, std::errc::address_in_use,
                                std::errc::resource_unavailable_try_again, std::errc::no_buffer_space}) {
    Connections dialogue{connecting()};
    dialogue.connect(1);
    BOOST_TEST(dialogue.connect_but(2, error).full);
    BOOST_TEST((dialogue.transport->room_at() > dialogue.io->time));
    BOOST_TEST((dialogue.transport->room_at() <= dialogue.io->time + 10ms));
  }
}

BOOST_AUTO_TEST_CASE(with_nothing_under_way_want_of_room_is_that_probes_error) {
  Connections dialogue{connecting()};
  for (const std::errc error : {std::errc::address_in_use, std::errc::too_many_files_open}) {
    const auto sent = dialogue.connect_but(1, error);
    BOOST_TEST(!sent.full);
    BOOST_TEST((sent.refused == error));
  }
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_is_abandoned_and_makes_room) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.connect(2);
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
  dialogue.transport->forget(1);
  dialogue.transport->forget(1);
  dialogue.transport->forget(77);
  BOOST_TEST(dialogue.io->abandoned == std::vector<std::uint64_t>{1}, boost::test_tools::per_element());
  BOOST_TEST((dialogue.transport->room_at() <= dialogue.io->time));
}

BOOST_AUTO_TEST_CASE(a_silent_end_makes_room_too) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  BOOST_TEST(dialogue.connect_but(2, std::errc::too_many_files_open).full);
  dialogue.decide(0, system_error(std::errc::timed_out));
  dialogue.hear();
  BOOST_TEST((dialogue.transport->room_at() <= dialogue.io->time));
}

BOOST_AUTO_TEST_CASE(what_the_window_left_behind_is_abandoned) {
  Connections dialogue{connecting()};
  for (std::uint8_t i = 0; i < 4; ++i) dialogue.connect(i);
  dialogue.decide(0);
  dialogue.book.start = 3;
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().late == 1U, "it answered before anyone asked");
  BOOST_TEST(dialogue.io->abandoned == (std::vector<std::uint64_t>{1, 2}), boost::test_tools::per_element());
}

const std::vector<std::vector<ProbeOptions>> given_ports{
    {{.protocol = Protocol::tcp, .source_port = 4000}, {.protocol = Protocol::tcp, .source_port = 4000, .ttl = 3}},
    {{.protocol = Protocol::tcp, .port = 80, .flow = 1}, {.protocol = Protocol::tcp, .port = 80, .ttl = 3, .flow = 1}}};

// The kernel does not allow a second connection with the same ports.
BOOST_AUTO_TEST_CASE(a_further_probe_of_given_ports_shares_the_connection_of_its_target) {
  for (const auto& profiles : given_ports) {
    Connections dialogue{profiles};
    dialogue.connect(1);
    BOOST_TEST(dialogue.connect_but(1, std::errc::address_in_use).accepted == 1U);
    BOOST_TEST(dialogue.connect_but(1, std::errc::address_in_use).accepted == 1U);
    BOOST_TEST(dialogue.io->abandoned.empty());
    dialogue.io->decided.push_back({.token = 0, .rtt = 700ms});
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(events[0].serial == 0U);
    BOOST_TEST((events[0].rtt == Duration{700ms}));
    BOOST_TEST(dialogue.connect(1).accepted == 1U);
    BOOST_TEST(dialogue.io->connecting.size() == 2U, "the one before is over");
  }
}

BOOST_AUTO_TEST_CASE(a_shared_connection_that_fails_is_begun_anew_for_the_latest_probe) {
  for (const std::errc error : {std::errc::host_unreachable, std::errc::timed_out}) {
    Connections dialogue{given_ports[0]};
    dialogue.connect(1);
    dialogue.connect_but(1, std::errc::address_in_use);
    dialogue.connect_but(1, std::errc::address_in_use);
    dialogue.decide(0, system_error(error));
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    const bool again = error == std::errc::timed_out;
    BOOST_TEST(events[0].serial == (again ? 2U : 0U));
    BOOST_TEST((events[0].kind == (again ? Event::Kind::displaced : Event::Kind::failed)));
    if (!again)
      BOOST_TEST(dialogue.io->connecting == (std::vector<std::uint64_t>{0, 2}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(another_target_waits_for_its_ports) {
  for (const auto& profiles : given_ports) {
    Connections dialogue{profiles};
    dialogue.connect(1);
    dialogue.io->connect_errors = {system_error(std::errc::address_in_use)};
    const auto sent = dialogue.send({dialogue.book.add(target(1), 1)});
    BOOST_TEST(sent.accepted == 0U);
    BOOST_TEST((!sent.full && !sent.refused));
    BOOST_TEST((sent.behind == std::optional<net::Serial>{0}));
    BOOST_TEST(dialogue.io->abandoned.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_port_that_somebody_else_has_is_the_probes_error_at_once) {
  for (const auto& profiles : given_ports) {
    Connections dialogue{profiles};
    dialogue.connect(2);
    const auto sent = dialogue.connect_but(1, std::errc::address_in_use);
    BOOST_TEST(!sent.full);
    BOOST_TEST((sent.refused == std::errc::address_in_use));
  }
}

BOOST_AUTO_TEST_CASE(a_port_of_a_flow_that_others_took_is_the_probes_error) {
  Connections dialogue{{{.protocol = Protocol::tcp, .flow = 1}}};
  dialogue.connect(1);
  for (const auto error : {std::errc::address_in_use, std::errc::address_not_available}) {
    const auto sent = dialogue.connect_but(2, error);
    BOOST_TEST(!sent.full);
    BOOST_TEST((sent.refused == error));
  }
  BOOST_TEST(dialogue.connect_but(3, std::errc::too_many_files_open).full);
}

BOOST_AUTO_TEST_CASE(a_socket_that_finds_no_descriptor_waits_for_connections) {
  Connections dialogue{{{.protocol = Protocol::tcp}, {.protocol = Protocol::udp}}};
  bool out = true;
  dialogue.io->way_script = [&](Family, net::ProfileNumber profile, unsigned) -> std::optional<net::SendPath> {
    if (profile == 1 && out) throw std::system_error(system_error(std::errc::too_many_files_open));
    return std::nullopt;
  };
  const auto alone = dialogue.send({dialogue.book.add(target(1), 1)});
  BOOST_TEST((alone.refused == std::errc::too_many_files_open));
  dialogue.connect(2);
  const auto beside = dialogue.send({dialogue.book.add(target(1), 1)});
  BOOST_TEST(beside.full);
  BOOST_TEST((dialogue.transport->room_at() == dialogue.io->time + 1s));
  BOOST_TEST(dialogue.io->abandoned.empty());
  dialogue.io->time += 1s;
  BOOST_TEST(dialogue.send({dialogue.book.add(target(1), 1)}).full);
  BOOST_TEST(dialogue.io->abandoned.size() == 1U);
  BOOST_TEST((dialogue.transport->room_at() <= dialogue.io->time));
  out = false;
  BOOST_TEST(dialogue.send({dialogue.book.add(target(1), 1)}).accepted == 1U);
}

BOOST_AUTO_TEST_CASE(once_a_connection_has_begun_there_is_room) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  BOOST_TEST(dialogue.connect_but(2, std::errc::address_not_available).full);
  BOOST_TEST(dialogue.connect(2).accepted == 1U);
  BOOST_TEST((dialogue.transport->room_at() == Instant::max()));
}

BOOST_AUTO_TEST_SUITE_END()
