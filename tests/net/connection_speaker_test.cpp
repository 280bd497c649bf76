// TCP connections as dialogues with a scripted kernel: their ends, and the window that descriptors and ports leave.
// Time stands still but for what a test says.
#include "net/connection_speaker.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

#include "net/dialogue.hpp"

using namespace std::chrono_literals;
using namespace multiping;
using namespace multiping::test;
using net::Event;

BOOST_AUTO_TEST_SUITE(connection_speaker_test)

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
    BOOST_TEST(event.auth_bits == 47);
    BOOST_TEST(event.final);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_times_out_is_silence) {
  Connections dialogue{connecting()};
  dialogue.connect(1);
  dialogue.decide(0, system_error(std::errc::timed_out));
  BOOST_TEST(dialogue.hear().empty());
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
  BOOST_TEST((dialogue.transport->room_at() == net::Instant::max()));
  const net::Instant start = dialogue.io->time;
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
  BOOST_TEST((dialogue.transport->room_at() == net::Instant::max()));
  dialogue.decide(0);  // what was given up is not heard of again
  dialogue.decide(1);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 1U);
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
  BOOST_TEST(dialogue.hear().empty());
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

BOOST_AUTO_TEST_CASE(one_source_port_carries_one_connection_to_a_target) {
  Connections dialogue{connecting(4000)};
  dialogue.connect(1);
  dialogue.connect(2);
  BOOST_TEST(dialogue.io->abandoned.empty());
  dialogue.connect(1);
  BOOST_TEST(dialogue.io->abandoned == std::vector<std::uint64_t>{0}, boost::test_tools::per_element());
  dialogue.decide(2);
  dialogue.hear();
  dialogue.connect(1);
  BOOST_TEST(dialogue.io->abandoned.size() == 1U, "the one before is over");
}

BOOST_AUTO_TEST_CASE(a_flow_carries_one_connection_to_a_target_and_port) {
  const auto of_flow = [](std::uint16_t flow, int port, std::optional<int> ttl = std::nullopt) {
    return ProbeOptions{.protocol = Protocol::tcp, .port = port, .ttl = ttl, .flow = flow};
  };
  Connections dialogue{{of_flow(0, 80), of_flow(0, 80, 3), of_flow(0, 81), of_flow(1, 80)}};
  const auto connect = [&](std::uint8_t number, std::uint16_t shape) {
    return dialogue.send({dialogue.book.add(target(number), shape)}).accepted;
  };
  for (const auto shape : std::array<std::uint16_t, 3>{0, 2, 3}) BOOST_TEST(connect(1, shape) == 1U);
  BOOST_TEST(connect(2, 0) == 1U);
  BOOST_TEST(dialogue.io->abandoned.empty());
  BOOST_TEST(connect(1, 1) == 1U);
  BOOST_TEST(dialogue.io->abandoned == std::vector<std::uint64_t>{0}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_port_that_was_asked_for_counts_for_more_than_the_flow) {
  Connections dialogue{{{.protocol = Protocol::tcp, .source_port = 4000, .flow = 1},
                        {.protocol = Protocol::tcp, .source_port = 4001, .flow = 1}}};
  for (const auto shape : std::array<std::uint16_t, 2>{0, 1}) dialogue.send({dialogue.book.add(target(1), shape)});
  BOOST_TEST(dialogue.io->abandoned.empty());
  dialogue.send({dialogue.book.add(target(1), 0)});
  BOOST_TEST(dialogue.io->abandoned == std::vector<std::uint64_t>{0}, boost::test_tools::per_element());
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

BOOST_AUTO_TEST_CASE(a_lane_that_finds_no_descriptor_waits_for_connections) {
  Connections dialogue{{{.protocol = Protocol::tcp}, {.protocol = Protocol::udp}}};
  bool out = true;
  dialogue.io->way_script = [&](Family, std::uint16_t shape, unsigned) -> std::optional<net::Way> {
    if (shape == 1 && out) throw std::system_error(system_error(std::errc::too_many_files_open));
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
  BOOST_TEST((dialogue.transport->room_at() == net::Instant::max()));
}

BOOST_AUTO_TEST_SUITE_END()
