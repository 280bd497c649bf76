// Tests the icmp4em server on real sockets: the answers to each client, and the errors that clients are told.
// Each test makes its network namespaces.
#include "apps/multipingd/icmp4em/icmp4em_server.hpp"

#include <boost/test/unit_test.hpp>

#include "apps/multipingd/icmp4em/icmp4em_peers.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(proxy_icmp4em_server, *precondition(needs_root))

const Bytes hello = {'h', 'e', 'l', 'l', 'o'};

BOOST_AUTO_TEST_CASE(this_host_answers_itself) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.ask("127.0.0.1", 0x1234, 0x0010);
    check_reply(asker, 0x1234, 0x0010);
    asker.ask("::1", 0x1234, 0x0020, hello);
    check_reply(asker, 0x1234, 0x0020, hello);
    asker.ask("127.1.2.3", 0, 0xffff, Bytes(1, 0));
    check_reply(asker, 0, 0xffff, Bytes(1, 0));
    const Icmp4emFigures figures = server.figures();
    BOOST_TEST(figures.requests == 3U);
    BOOST_TEST(figures.answered == 3U);
    BOOST_TEST(figures.disowned == 0U);
  });
}

BOOST_AUTO_TEST_CASE(other_hosts_answer) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.ask("10.1.0.2", 7, 1, hello);
    check_reply(asker, 7, 1, hello);
    asker.ask("fd01::2", 7, 2, hello);
    check_reply(asker, 7, 2, hello);
  });
}

BOOST_AUTO_TEST_CASE(payloads_of_many_sizes) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("::1")};
    const Asker asker{server};
    for (const std::size_t size : {1U, 2U, 7U, 8U, 1472U, 1473U, 9000U, 65000U, 65480U}) {
      const Bytes payload(size, static_cast<std::uint8_t>(size));
      asker.ask("127.0.0.1", 1, 2, payload);
      check_reply(asker, 1, 2, payload);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_socket_of_both_families_serves_both) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("::"), {}, false};
    const Asker v4{address("127.0.0.1"), server.port(), {}}, v6{address("::1"), server.port(), {}};
    v4.ask("::1", 1, 1);
    check_reply(v4, 1, 1);
    v6.ask("127.0.0.1", 2, 2);
    check_reply(v6, 2, 2);
  });
}

BOOST_AUTO_TEST_CASE(two_clients_with_the_same_numbers_and_targets) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker alice{server}, bob{server};
    const Bytes from_alice = {'a'}, from_bob = {'b'};
    for (std::uint16_t sequence = 0; sequence < 100; ++sequence) {
      alice.ask("127.0.0.1", 0x1234, sequence, from_alice);
      bob.ask("127.0.0.1", 0x1234, sequence, from_bob);
      alice.ask("::1", 0x1234, sequence, from_alice);
      check_reply(bob, 0x1234, sequence, from_bob);
      // The two replies to alice come in any order.
      check_reply(alice, 0x1234, sequence, from_alice);
      check_reply(alice, 0x1234, sequence, from_alice);
    }
    BOOST_TEST(!alice.receive(std::chrono::milliseconds{0}));
    BOOST_TEST(!bob.receive(std::chrono::milliseconds{0}));
    BOOST_TEST(server.figures().answered == 300U);
  });
}

BOOST_AUTO_TEST_CASE(a_retransmission_is_answered_too) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.ask("127.0.0.1", 3, 3);
    asker.ask("127.0.0.1", 3, 3);
    check_reply(asker, 3, 3);
    check_reply(asker, 3, 3);
  });
}

BOOST_AUTO_TEST_CASE(what_this_host_does_not_send_is_told) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("ip route add unreachable 10.9.1.0/24 && ip route add prohibit 10.9.2.0/24 && "
        "ip route add blackhole 10.9.3.0/24 && ip route add throw 10.9.4.0/24 && "
        "ip -6 route add unreachable fd09:1::/64 && ip -6 route add prohibit fd09:2::/64");
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    const auto told = [&](const char* destination, int code) {
      asker.ask(destination, 9, 9, hello);
      check_error(asker, {3, code}, 9, 9);
    };
    told("10.9.1.1", 1);
    told("10.9.2.1", 13);
    told("10.9.3.1", 0);
    told("10.9.4.1", 0);
    told("10.1.255.255", 13);  // a broadcast address
    told("fd09:1::1", 1);
    told("fd09:2::1", 13);
    BOOST_TEST(server.figures().send_failed == 7U);
    BOOST_TEST(server.figures().limited == 0U);
  });
}

BOOST_AUTO_TEST_CASE(what_routers_say_is_told) {
  in_namespace([] {
    allow_ping_sockets();
    make_router();
    run("nsenter --net=/run/netns/router ip route add prohibit 10.3.0.0/16");
    run("nsenter --net=/run/netns/router ip -6 route add prohibit fd03::/64");
    run("nsenter --net=/run/netns/router ip route add 10.4.0.0/16 via 10.2.0.2 mtu lock 1280");
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.ask("10.3.0.1", 5, 1, hello);
    check_error(asker, {3, 13}, 5, 1);
    asker.ask("fd03::1", 5, 2, hello);
    check_error(asker, {3, 13}, 5, 2);
    asker.ask("10.4.0.1", 5, 3, Bytes(1400, 1));
    BOOST_TEST(check_error(asker, {3, 4}, 5, 3) == 1280);
    BOOST_TEST(server.figures().errors == 3U);
    // The errors do not concern other probes: this one is answered.
    asker.ask("10.2.0.2", 5, 4, hello);
    check_reply(asker, 5, 4, hello);
  });
}

BOOST_AUTO_TEST_CASE(dead_neighbours_are_told_and_hold_nobody_up) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    RunningServer server{address("127.0.0.1")};
    const Asker alice{server}, bob{server};
    // More probes than the usual send buffer holds; they wait there until the kernel gives their neighbours up.
    for (int host = 0; host < 200; ++host)
      for (std::uint16_t sequence = 0; sequence < 5; ++sequence)
        alice.ask("10.1.77." + std::to_string(host), 1, sequence, Bytes(500, 1));
    bob.ask("10.1.0.2", 1, 1, hello);
    check_reply(bob, 1, 1, hello);
    BOOST_TEST(server.figures().errors == 0U);  // so the others were still waiting
    const auto datagram = alice.receive();
    BOOST_REQUIRE(datagram);
    const auto error = icmp4em::parse_icmp4em_error(*datagram);
    BOOST_REQUIRE(error);
    BOOST_TEST(error->type == 3);
    BOOST_TEST(error->code == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_family_without_ping_socket_is_unreachable) {
  in_namespace([] {
    RunningServer server{address("127.0.0.1")};  // no group may open ping sockets here
    const Asker asker{server};
    asker.ask("127.0.0.1", 1, 1);
    check_error(asker, {3, 0}, 1, 1);
    asker.ask("::1", 1, 2);
    check_error(asker, {3, 0}, 1, 2);
  });
}

/// Checks that `stranger` gets no answer. The answer to `friendly`, which asks later, shows that there was time for
/// one.
void check_ignored(RunningServer& server, const Asker& stranger, const Asker& friendly) {
  stranger.ask("127.0.0.1", 1, 1);
  friendly.ask("127.0.0.1", 2, 2);
  check_reply(friendly, 2, 2);
  BOOST_TEST(!stranger.receive(std::chrono::milliseconds{0}));
  BOOST_TEST(server.figures().denied == 1U);
}

BOOST_AUTO_TEST_CASE(only_loopback_addresses_may_ask) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    RunningServer server{address("0.0.0.0")};
    const Asker stranger{address("10.1.0.1"), server.port(), {}};  // from this host, but not from loopback
    check_ignored(server, stranger, Asker{address("127.0.0.1"), server.port(), {}});
  });
}

BOOST_AUTO_TEST_CASE(or_those_of_a_list) {
  in_namespace([] {
    allow_ping_sockets();
    Icmp4emPolicy policy;
    policy.clients = {{.address = address("127.1.0.0"), .prefix = 16}, {.address = address("192.0.2.0"), .prefix = 24}};
    RunningServer server{address("127.0.0.1"), policy};
    check_ignored(server, Asker{server}, Asker{server, address("127.1.2.3")});
  });
}

BOOST_AUTO_TEST_CASE(who_is_limited_is_told) {
  in_namespace([] {
    allow_ping_sockets();
    Icmp4emPolicy policy;
    policy.limits.requests_of_client = {.per_second = 0.001, .burst = 2};
    RunningServer server{address("127.0.0.1"), policy};
    const Asker alice{server}, bob{server};
    for (std::uint16_t sequence = 1; sequence <= 2; ++sequence) {
      alice.ask("127.0.0.1", 1, sequence);
      check_reply(alice, 1, sequence);
    }
    alice.ask("127.0.0.1", 1, 3, hello);
    check_error(alice, {4, 0}, 1, 3);
    const Bytes payload(200, 1);
    alice.ask("::1", 1, 4, payload);
    check_error(alice, {4, 0}, 1, 4);
    bob.ask("127.0.0.1", 1, 5);
    check_reply(bob, 1, 5);
    BOOST_TEST(server.figures().limited == 2U);
  });
}

/// A client's keep-alive does not count as a fault.
BOOST_AUTO_TEST_CASE(icmp_that_is_no_request_is_passed_over) {
  in_namespace([] {
    allow_ping_sockets();
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.send(hex("0009 3132372e302e302e31 0000 ffff 0000 0000"));
    asker.ask("127.0.0.1", 1, 1);
    check_reply(asker, 1, 1);
    BOOST_TEST(server.figures().passed_over == 1U);
    BOOST_TEST(server.figures().faulty == 0U);
  });
}

BOOST_AUTO_TEST_CASE(a_refusal_is_no_larger_than_the_request) {
  in_namespace([] {
    Icmp4emPolicy policy;
    policy.limits.pending = 0;
    RunningServer server{address("127.0.0.1"), policy};
    const Asker asker{server};
    for (const std::size_t size : {0U, 10U, 17U, 18U, 19U, 64U, 300U}) {
      const Bytes payload(size, 1);
      asker.ask("127.0.0.1", 1, 1, payload);
      const auto refusal = asker.receive();
      BOOST_REQUIRE(refusal);
      BOOST_TEST(refusal->size() <= std::max(icmp4em::smallest_icmp4em_error, 2 + 9 + 8 + size), size);
      BOOST_TEST(icmp4em::parse_icmp4em_error(*refusal).has_value());
    }
  });
}

BOOST_AUTO_TEST_CASE(answers_still_come_when_nothing_new_is_accepted,
                     *precondition(needs_to_work("tc qdisc add dev lo root tbf rate 8mbit burst 1540 latency 1s"))) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("tc qdisc add dev va root tbf rate 1600bit burst 1500 limit 10000");  // the second packet waits
    RunningServer server{address("127.0.0.1")};
    const Asker asker{server};
    asker.ask("10.1.0.2", 1, 1, Bytes(1000, 1));
    asker.ask("10.1.0.2", 1, 2, Bytes(1000, 2));
    check_reply(asker, 1, 1, Bytes(1000, 1));
    std::size_t pending = 0;
    server.in_loop([&](Icmp4emServer& running) {
      running.stop_accepting();
      pending = running.pending();
    });
    BOOST_TEST(pending == 1U);
    asker.ask("127.0.0.1", 1, 3);
    check_reply(asker, 1, 2, Bytes(1000, 2));
    BOOST_TEST(!asker.receive(std::chrono::milliseconds{0}));
    BOOST_TEST(server.figures().requests == 2U);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
