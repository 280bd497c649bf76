// Tests of UDP probes of one flow with a scripted kernel: many hops of one target are probed from one source port at
// once. An answer that names its probe is believed; one that may belong to several probes is not.
#include <boost/test/unit_test.hpp>

#include "net/udp_dialogue.hpp"
#include "net/udp_protocol.hpp"

using namespace multiping;
using namespace multiping::test;

BOOST_AUTO_TEST_SUITE(udp_flow_test)

namespace {

/// Profiles of one flow: the ttl of a profile is its number plus one.
std::vector<ProbeOptions> hops(int count, std::size_t payload_size = 56) {
  std::vector<ProbeOptions> profiles;
  for (int ttl = 1; ttl <= count; ++ttl)
    profiles.push_back({.protocol = Protocol::udp, .ttl = ttl, .payload_size = payload_size, .flow = 7});
  return profiles;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_flow_has_one_source_port_for_all_targets) {
  auto profiles = hops(2);
  profiles.push_back({.protocol = Protocol::udp, .flow = 8});
  UdpDialogue dialogue{profiles};
  const net::SocketId socket_id = dialogue.ask(target_v4, 0).socket_id;
  for (int i = 0; i < 8; ++i) BOOST_TEST(dialogue.ask(target_v4, 1).socket_id == socket_id);
  BOOST_TEST(dialogue.ask(other_v4, 0).socket_id == socket_id);
  BOOST_TEST(dialogue.ask(target_v4, 2).socket_id != socket_id);
}

BOOST_AUTO_TEST_CASE(a_quoted_tag_names_the_hop_among_many) {
  UdpDialogue dialogue{hops(9)};
  std::vector<ScriptedPacketIo::Sent> probes;
  for (std::uint16_t hop = 0; hop < 9; ++hop) probes.push_back(dialogue.ask(target_v4, hop));
  for (const std::size_t hop : {4U, 0U, 8U}) dialogue.refuse(probes[hop], probes[hop].bytes, router_v4);
  dialogue.refuse(probes[2], first(probes[2].bytes, 2), router_v4);  // the beginning of the tag is enough
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 4U);
  BOOST_TEST(events[0].serial == 4U);
  BOOST_TEST(events[1].serial == 0U);
  BOOST_TEST(events[2].serial == 8U);
  BOOST_TEST(events[2].auth_bits == 80);
  BOOST_TEST(events[3].serial == 2U);
  BOOST_TEST(events[3].auth_bits == 16);
}

BOOST_AUTO_TEST_CASE(a_quote_that_fits_several_hops_is_none_of_them) {
  UdpDialogue dialogue{hops(2)};
  const auto near = dialogue.ask(target_v4, 0);
  dialogue.ask(target_v4, 1);
  dialogue.refuse(near, {}, router_v4);
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  dialogue.transport->forget(1);
  dialogue.refuse(near, {}, router_v4);
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 0U);
  BOOST_TEST(events[0].auth_bits == 16);
}

BOOST_AUTO_TEST_CASE(hop_by_hop_a_quote_without_tag_is_of_the_one_under_way) {
  UdpDialogue dialogue{hops(3)};
  for (std::uint16_t hop = 0; hop < 3; ++hop) {
    dialogue.refuse(dialogue.ask(target_v4, hop), {}, router_v4);
    const auto events = dialogue.hear();
    BOOST_REQUIRE(events.size() == 1U);
    BOOST_TEST(events[0].serial == hop);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_without_tag_is_of_a_hop_only_where_it_is_of_one_alone) {
  UdpDialogue dialogue{hops(3)};
  std::vector<ScriptedPacketIo::Sent> probes;
  for (std::uint16_t hop = 0; hop < 3; ++hop) probes.push_back(dialogue.ask(target_v4, hop));
  dialogue.answer(probes[2], hex("01"));
  BOOST_TEST(dialogue.hear().empty());
  BOOST_TEST(dialogue.counters().unauthenticated == 1U);
  for (const std::size_t hop : {0U, 1U}) dialogue.refuse(probes[hop], probes[hop].bytes, router_v4);
  BOOST_TEST(dialogue.hear().size() == 2U);
  dialogue.answer(probes[2], hex("01"));
  const auto events = dialogue.hear();
  BOOST_REQUIRE(events.size() == 1U);
  BOOST_TEST(events[0].serial == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
