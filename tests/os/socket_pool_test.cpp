// Tests which probes share a socket, the refusals of probes that cannot be sent, and which sockets are closed again.
// The sockets are real; nothing is sent.
#include "os/socket_pool.hpp"

#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <string>

#include "multiping/error.hpp"
#include "netns/namespace.hpp"
#include "os/io_under_test.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(socket_pool_test, *precondition(needs_root))

const ProbeOptions udp{.protocol = Protocol::udp};
const ProbeOptions half_open{.protocol = Protocol::tcp, .half_open = true};
const ProbeOptions sctp{.protocol = Protocol::sctp};

ProbeOptions with(ProbeOptions probe, const std::function<void(ProbeOptions&)>& change) {
  change(probe);
  return probe;
}

bool says(const net::SendPath& way, const std::string& words) { return way.doing.find(words) != std::string::npos; }

/// The number that the next descriptor to be opened would have.
int next_descriptor() { return os::open_socket(Family::ipv4, SOCK_DGRAM, 0).value(); }

net::SendPath way_of(TransportKind kind, Family family, const ProbeOptions& probe) {
  IoUnderTest under_test{kind, {probe}};
  return under_test.io().way(family, 0, 0);
}

BOOST_AUTO_TEST_CASE(what_a_message_can_be_given_needs_no_socket_of_its_own) {
  in_namespace([] {
    const std::vector<ProbeOptions> profiles = {{},
                                                {.ttl = 3},
                                                {.source_v4 = address("127.0.0.2"), .tos = 8},
                                                {.mark = 5},
                                                {.dont_fragment = true},
                                                {.device = "lo"},
                                                udp,
                                                half_open,
                                                sctp};
    IoUnderTest under_test{TransportKind::raw, profiles};
    BOOST_TEST(under_test.io().sockets().empty());
    const net::SocketId plain = under_test.socket_id(Family::ipv4);
    for (std::uint16_t profile = 1; profile <= 3; ++profile)
      BOOST_TEST(under_test.socket_id(Family::ipv4, profile) == plain);
    for (std::uint16_t profile = 4; profile <= 8; ++profile)
      BOOST_TEST(under_test.socket_id(Family::ipv4, profile) != plain);
    BOOST_TEST(under_test.socket_id(Family::ipv6) != plain);
    BOOST_TEST(under_test.io().sockets().size() == 7U);
  });
}

BOOST_AUTO_TEST_CASE(turns_of_udp_are_source_ports) {
  in_namespace([] {
    ProbeOptions asked = udp;
    asked.source_port = 5353;
    IoUnderTest under_test{TransportKind::sockets, {udp, asked, {}}};
    auto& io = under_test.io();
    const net::SocketId first = under_test.socket_id(Family::ipv4, 0, 0),
                        second = under_test.socket_id(Family::ipv4, 0, 1);
    BOOST_TEST(first != second);
    BOOST_TEST(io.channel(first).id != io.channel(second).id);
    BOOST_TEST(under_test.socket_id(Family::ipv4, 0, 1) == second);
    const net::SocketId bound = under_test.socket_id(Family::ipv4, 1, 0);
    BOOST_TEST(under_test.socket_id(Family::ipv4, 1, 3) == bound);
    BOOST_TEST(io.channel(bound).id == 5353U);
    // A socket of the other family may have the same port.
    BOOST_TEST(io.channel(under_test.socket_id(Family::ipv6, 1, 0)).id == 5353U);
  });
}

BOOST_AUTO_TEST_CASE(one_source_port_serves_several_devices) {
  in_namespace([] {
    run("ip link add va type veth peer name vb");
    const auto at = [](const char* device) {
      return with(udp, [device](ProbeOptions& probe) {
        probe.source_port = 5353;
        probe.device = device;
      });
    };
    IoUnderTest under_test{TransportKind::sockets, {at("lo"), at("va"), at("vb")}};
    for (std::uint16_t profile = 0; profile < 3; ++profile) {
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        const net::Channel& channel = under_test.io().channel(under_test.socket_id(family, profile));
        BOOST_TEST((channel.id == 5353U && channel.bound));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_channel_says_what_its_socket_is) {
  in_namespace([] {
    allow_ping_sockets();
    ProbeOptions asked = sctp;
    asked.source_port = 777;
    IoUnderTest raw{TransportKind::raw, {{}, half_open, sctp, asked}}, ping{TransportKind::ping_socket, {{}}};
    const net::Channel& icmp = raw.io().channel(raw.socket_id(Family::ipv6));
    BOOST_TEST((icmp.family == Family::ipv6 && icmp.protocol == Protocol::icmp && !icmp.kernel_owns_id));
    BOOST_TEST(ping.io().channel(ping.socket_id(Family::ipv4)).kernel_owns_id);
    const net::Channel& tcp = raw.io().channel(raw.socket_id(Family::ipv4, 1));
    BOOST_TEST((tcp.protocol == Protocol::tcp && tcp.id != 0U && tcp.receive_room > 0U));
    BOOST_TEST(raw.io().channel(raw.socket_id(Family::ipv4, 2)).id == 0U);
    BOOST_TEST(raw.io().channel(raw.socket_id(Family::ipv4, 3)).id == 777U);
  });
}

BOOST_AUTO_TEST_CASE(no_probe_opens_a_descriptor_beside_its_socket) {
  in_namespace([] {
    constexpr std::uint16_t ports = 50;
    std::vector<ProbeOptions> profiles(ports, half_open);
    for (std::uint16_t i = 0; i < ports; ++i) profiles[i].port = 1000 + i;
    IoUnderTest under_test{TransportKind::raw, profiles};
    const net::SocketId socket_id = under_test.socket_id(Family::ipv4);
    const int before = next_descriptor();
    for (std::uint16_t i = 0; i < ports; ++i) {
      BOOST_TEST(under_test.socket_id(Family::ipv4, i) == socket_id);
      BOOST_TEST(under_test.io().source(socket_id, address("127.0.0.9"), i) == address("127.0.0.1"));
    }
    BOOST_TEST(next_descriptor() == before);
  });
}

BOOST_AUTO_TEST_CASE(the_port_of_a_half_open_socket_is_taken) {
  in_namespace([] {
    IoUnderTest under_test{TransportKind::raw, {half_open}};
    const std::uint16_t port = under_test.io().channel(under_test.socket_id(Family::ipv4)).id;
    const os::FileDescriptor other = os::open_socket(Family::ipv4, SOCK_STREAM, 0);
    BOOST_TEST(!os::bind_to(other.value(), Family::ipv4, {}, port));
    BOOST_TEST(errno == EADDRINUSE);
  });
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_named_with_its_value) {
  in_namespace([] {
    const auto no_device = with(udp, [](ProbeOptions& probe) { probe.device = "nosuch0"; });
    const auto no_source = with({}, [](ProbeOptions& probe) { probe.source_v4 = address("192.0.2.1"); });
    const auto long_device = with(udp, [](ProbeOptions& probe) { probe.device = "lo" + std::string(20, 'x'); });
    for (const TransportKind kind : {TransportKind::raw, TransportKind::sockets}) {
      const net::SendPath device = way_of(kind, Family::ipv6, no_device);
      BOOST_TEST((device.kind == net::SendPath::Kind::none && device.error.value() == ENODEV && !device.privilege));
      BOOST_TEST(device.doing == "cannot use ProbeOptions::device nosuch0");
      BOOST_TEST(way_of(kind, Family::ipv4, long_device).error.value() == ENODEV);
    }
    const net::SendPath source = way_of(TransportKind::raw, Family::ipv4, no_source);
    BOOST_TEST(source.error.value() == EADDRNOTAVAIL);
    BOOST_TEST(source.doing == "cannot send from ProbeOptions::source_v4 192.0.2.1");
    BOOST_TEST((way_of(TransportKind::raw, Family::ipv6, no_source).kind == net::SendPath::Kind::socket_id));
    const auto tcp = with({.protocol = Protocol::tcp}, [](ProbeOptions& p) { p.source_v6 = address("fd00::77"); });
    const net::SendPath connection = way_of(TransportKind::sockets, Family::ipv6, tcp);
    BOOST_TEST(connection.error.value() == EADDRNOTAVAIL);
    BOOST_TEST(connection.doing == "cannot send from ProbeOptions::source_v6 fd00::77");
    BOOST_TEST((way_of(TransportKind::sockets, Family::ipv4, tcp).kind == net::SendPath::Kind::connection));
  });
}

BOOST_AUTO_TEST_CASE(a_port_that_another_has_is_named) {
  in_namespace([] {
    const os::FileDescriptor other = os::open_socket(Family::ipv4, SOCK_DGRAM, 0);
    BOOST_TEST(os::bind_to(other.value(), Family::ipv4, {}, 5000));
    const net::SendPath way =
        way_of(TransportKind::sockets, Family::ipv4, with(udp, [](ProbeOptions& probe) { probe.source_port = 5000; }));
    BOOST_TEST(way.error.value() == EADDRINUSE);
    BOOST_TEST(way.doing == "cannot use ProbeOptions::source_port 5000");
  });
}

BOOST_AUTO_TEST_CASE(what_the_kind_or_the_family_lacks_is_not_supported) {
  in_namespace([] {
    allow_ping_sockets();
    const struct {
      TransportKind kind;
      ProbeOptions probe;
      const char* words;
    } lacks[] = {{TransportKind::ping_socket, sctp, "ProbeOptions::protocol sctp"},
                 {TransportKind::sockets, sctp, "ProbeOptions::protocol sctp"},
                 {TransportKind::ping_socket, half_open, "ProbeOptions::half_open"},
                 {TransportKind::sockets, {}, "ProbeOptions::protocol icmp"},
                 {TransportKind::raw, {.flow_label = 12}, "ProbeOptions::flow_label 12 for ipv4"}};
    for (const auto& [kind, probe, words] : lacks) {
      const net::SendPath way = way_of(kind, Family::ipv4, probe);
      BOOST_TEST_CONTEXT(way.doing) {
        BOOST_TEST((way.kind == net::SendPath::Kind::none));
        BOOST_TEST((way.error == Errc::not_supported));
        BOOST_TEST(says(way, words));
        BOOST_TEST(!way.privilege);
      }
    }
    BOOST_TEST((way_of(TransportKind::raw, Family::ipv6, {.flow_label = 12}).kind == net::SendPath::Kind::socket_id));
  });
}

BOOST_AUTO_TEST_CASE(without_any_right_the_remedies_are_named) {
  in_namespace([] {
    allow_ping_sockets(false);
    become_nobody();
    const struct {
      TransportKind kind;
      ProbeOptions probe;
      std::vector<const char*> words;
    } forbidden[] = {{TransportKind::raw, {}, {"cannot open a raw socket for ipv4", "setcap"}},
                     {TransportKind::raw, sctp, {"cannot open a raw socket for ipv4", "setcap"}},
                     {TransportKind::ping_socket, {}, {"cannot open a ping socket for ipv4", "ping_group_range"}},
                     {TransportKind::ping_socket, half_open, {"ProbeOptions::half_open", "setcap"}},
                     {TransportKind::sockets, {}, {"ProbeOptions::protocol icmp", "setcap", "ping_group_range"}},
                     {TransportKind::sockets, {.protocol = Protocol::udp, .mark = 9}, {"mark 9", "setcap"}}};
    for (const auto& [kind, probe, words] : forbidden) {
      const net::SendPath way = way_of(kind, Family::ipv4, probe);
      BOOST_TEST_CONTEXT(way.doing) {
        BOOST_TEST((way.kind == net::SendPath::Kind::none));
        BOOST_TEST(way.privilege);
        BOOST_TEST((way.error == std::errc::operation_not_permitted || way.error == std::errc::permission_denied));
        for (const char* word : words) BOOST_TEST(says(way, word), word);
      }
    }
    for (const ProbeOptions& free : {udp, ProbeOptions{.protocol = Protocol::tcp}})
      BOOST_TEST((way_of(TransportKind::sockets, Family::ipv4, free).kind != net::SendPath::Kind::none));
  });
}

BOOST_AUTO_TEST_CASE(sockets_that_nobody_needs_are_closed_when_there_are_many) {
  in_namespace([] {
    IoUnderTest under_test{TransportKind::raw, {{}, udp}};
    auto& io = under_test.io();
    const net::SocketId icmp = under_test.socket_id(Family::ipv4, 0);
    const auto bind_elsewhere = [&](int port) {
      ProbeOptions bound = udp;
      bound.source_port = port;
      io.set_profile(1, bound);
      static_cast<void>(under_test.socket_id(Family::ipv4, 1));
    };
    for (int port = 6000; port < 6100; ++port) {
      bind_elsewhere(port);
      BOOST_TEST(io.sockets().size() <= 17U);
      BOOST_TEST(io.channel(under_test.socket_id(Family::ipv4, 1)).id == port);
    }
    BOOST_TEST(under_test.socket_id(Family::ipv4, 0) == icmp);
    BOOST_TEST((std::ranges::find(io.sockets(), icmp) != io.sockets().end()));
    io.wait(io.now());  // watches none of the closed ones
  });
}

BOOST_AUTO_TEST_CASE(a_port_is_given_up_for_another_look) {
  in_namespace([] {
    ProbeOptions bound = udp;
    bound.source_port = 6000;
    IoUnderTest under_test{TransportKind::sockets, {bound}};
    static_cast<void>(under_test.socket_id(Family::ipv4));
    bound.dont_fragment = true;
    under_test.io().set_profile(0, bound);
    BOOST_TEST(under_test.io().channel(under_test.socket_id(Family::ipv4)).id == 6000U);
    BOOST_TEST(under_test.io().sockets().size() == 1U);
  });
}

BOOST_AUTO_TEST_CASE(want_of_descriptors_is_thrown) {
  in_namespace([] {
    IoUnderTest under_test{TransportKind::raw, {{}, udp}};
    rlimit usual{};
    BOOST_TEST(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
    const rlimit none{.rlim_cur = 3, .rlim_max = usual.rlim_max};
    BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    for (std::uint16_t profile = 0; profile <= 1; ++profile)
      BOOST_CHECK_EXCEPTION(static_cast<void>(under_test.io().way(Family::ipv4, profile, 0)), std::system_error,
                            [](const std::system_error& error) { return error.code().value() == EMFILE; });
    BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
    BOOST_TEST((under_test.io().way(Family::ipv4, 0, 0).kind == net::SendPath::Kind::socket_id));
  });
}

BOOST_AUTO_TEST_CASE(longer_answers_find_room) {
  in_namespace([] {
    IoUnderTest under_test{TransportKind::raw, {{}, udp}, 10'000};
    const std::size_t small = under_test.io().channel(under_test.socket_id(Family::ipv4)).receive_room;
    BOOST_TEST(small >= 128U);
    under_test.io().set_profile(1, {.payload_size = 60'000});
    BOOST_TEST(under_test.io().channel(under_test.socket_id(Family::ipv4)).receive_room < small);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
