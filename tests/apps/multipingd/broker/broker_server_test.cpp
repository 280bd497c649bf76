// Tests what the broker's server grants and refuses, on real sockets, in a process of its own in a network namespace.
// Attacks on it are tested in broker_siege_test.cpp.
#include "apps/multipingd/broker/broker_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/multipingd/broker/broker_client_side.hpp"
#include "os/socket_basics.hpp"

BOOST_AUTO_TEST_SUITE(broker_server_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using multiping::Address;
using multiping::Family;
using multiping::broker::BrokerReply;
using multiping::broker::BrokerStatus;
namespace net_test = multiping::test;
namespace os = multiping::os;
using namespace std::chrono_literals;
using net_test::as_user;
using net_test::Broker;
using net_test::check_status;
using net_test::Child;
using net_test::Client;
using net_test::request_for;

/// Sends an echo request to loopback through a socket that was handed over, and checks the reply.
void check_ping(int socket) {
  sockaddr_in target{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  icmphdr echo{};
  echo.type = ICMP_ECHO;
  BOOST_REQUIRE(::sendto(socket, &echo, sizeof echo, 0, reinterpret_cast<sockaddr*>(&target), sizeof target) ==
                sizeof echo);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::fcntl(socket, F_SETFL, 0);
  icmphdr answer{};
  BOOST_REQUIRE(::recv(socket, &answer, sizeof answer, 0) == sizeof answer);
  BOOST_TEST(static_cast<int>(answer.type) == ICMP_ECHOREPLY);
  BOOST_TEST(ntohs(answer.un.echo.id) == os::bound_port(socket));
}

void in_a_host(const std::function<void()>& body) {
  net_test::in_namespace([&] {
    net_test::allow_ping_sockets();
    body();
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(sockets_of_both_families_are_handed_over_to_a_user_who_may_open_none) {
  in_a_host([] {
    // Only group 7 may open ping sockets. That is the broker's group, not that of the user nobody.
    const Broker broker{{.prepare = [] { as_user(7, 7); }}};
    net_test::write_file("/proc/sys/net/ipv4/ping_group_range", "7 7");
    Child unprivileged{[&] {
      net_test::become_nobody();
      BOOST_TEST(!os::open_ping_socket(Family::ipv4).socket);
      Client client{broker.path};
      check_status(client.ask(request_for(16)), BrokerStatus::granted);
      BOOST_REQUIRE(client.sockets.size() == 16U);
      for (const auto& socket : client.sockets) check_ping(socket.value());
      const auto reply = client.ask(request_for(2, Family::ipv6));
      check_status(reply, BrokerStatus::granted);
      BOOST_TEST(static_cast<int>(reply->count) == 2);
      BOOST_REQUIRE(client.sockets.size() == 2U);
      for (const auto& socket : client.sockets) {
        BOOST_TEST(os::option(socket.value(), SOL_SOCKET, SO_DOMAIN) == AF_INET6);
        BOOST_TEST(os::bound_port(socket.value()) != 0);
        BOOST_TEST((::fcntl(socket.value(), F_GETFD) & FD_CLOEXEC) != 0);
      }
    }};
    BOOST_TEST(unprivileged.join());
  });
}

BOOST_AUTO_TEST_CASE(the_daemon_keeps_no_copies_and_its_death_changes_nothing) {
  in_a_host([] {
    const Broker broker;
    broker.check_alive();
    const std::size_t before = broker.open_descriptors();
    Client client{broker.path};
    std::vector<os::FileDescriptor> kept;
    for (int i = 0; i < 10; ++i) {
      check_status(client.ask(request_for(16)), BrokerStatus::granted);
      for (auto& socket : client.sockets) kept.push_back(std::move(socket));
    }
    // The broker may not have closed its copies of the last sockets yet; it has once it answers again.
    check_status(client.ask(request_for(1)), BrokerStatus::granted);
    BOOST_TEST(broker.descriptors_fall_to(before + 2));  // this connection and the last socket
    broker.signal(SIGKILL);
    BOOST_TEST(!client.receive().has_value());
    for (const auto& socket : kept) check_ping(socket.value());
  });
}

BOOST_AUTO_TEST_CASE(a_source_is_bound_and_one_that_is_not_ours_fails_with_its_error) {
  in_a_host([] {
    const Broker broker;
    Client client{broker.path};
    auto request = request_for(1);
    request.source = *Address::parse("127.0.0.9");
    check_status(client.ask(request), BrokerStatus::granted);
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    BOOST_REQUIRE(::getsockname(client.sockets.at(0).value(), reinterpret_cast<sockaddr*>(&bound), &size) == 0);
    BOOST_TEST(ntohl(bound.sin_addr.s_addr) == 0x7f000009U);
    request.source = *Address::parse("192.0.2.1");
    const auto reply = client.ask(request);
    check_status(reply, BrokerStatus::failed);
    BOOST_TEST(reply->error == static_cast<std::uint32_t>(EADDRNOTAVAIL));
    BOOST_TEST(client.sockets.empty());
    check_status(client.ask(request_for(1)), BrokerStatus::granted);  // the connection is still open
    BOOST_TEST(broker.log().find("failed uid 0 gid 0 pid ") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(a_flood_of_one_user_is_a_few_lines_and_hides_no_other_one) {
  in_a_host([] {
    const auto start = std::chrono::steady_clock::now();
    const Broker broker;
    const auto fail_of = [&](const std::string& net, int requests) {
      Client client{broker.path};
      for (int i = 0; i < requests; ++i) {
        auto request = request_for(1);
        request.source = *Address::parse(net + std::to_string(i));  // each has its own error text
        check_status(client.ask(request), BrokerStatus::failed);
      }
    };
    fail_of("192.0.2.", 200);
    Child other{[&] {
      as_user(1000, 1000);
      fail_of("198.51.100.", 1);
    }};
    BOOST_TEST(other.join());
    const std::string log = broker.log();
    const auto seconds = (std::chrono::steady_clock::now() - start) / 1s + 1;
    BOOST_TEST(std::count(log.begin(), log.end(), '\n') <= 10 * seconds + 1);
    BOOST_TEST(log.find("failed uid 1000 ") != std::string::npos);
  });
}

BOOST_AUTO_TEST_CASE(a_user_who_may_not_is_denied_and_named) {
  in_a_host([] {
    const Broker broker{{.policy = {.anyone = false, .users = {1000}, .groups = {500, 501}}}};
    const auto status_of = [&](uid_t uid, gid_t gid, std::vector<gid_t> groups, BrokerStatus expected) {
      Child child{[&] {
        as_user(uid, gid, std::move(groups));
        Client client{broker.path};
        client.send(request_for(1));  // may fail: the denial may have come already
        check_status(client.receive(), expected);
        BOOST_TEST(client.sockets.size() == (expected == BrokerStatus::granted ? 1U : 0U));
      }};
      BOOST_TEST(child.join());
      return child.pid();
    };
    status_of(1000, 1000, {}, BrokerStatus::granted);
    status_of(1001, 500, {}, BrokerStatus::granted);
    status_of(1001, 1001, {7, 501}, BrokerStatus::granted);
    BOOST_TEST(broker.log().empty());
    status_of(1001, 1001, {}, BrokerStatus::denied);
    status_of(0, 0, {0}, BrokerStatus::denied);
    status_of(500, 1000, {1000}, BrokerStatus::denied);
    std::string log;  // a line is written after the answer
    for (int tries = 0; tries < 1000 && std::count(log.begin(), log.end(), '\n') < 3; ++tries) {
      log = broker.log();
      ::poll(nullptr, 0, 10);
    }
    BOOST_TEST(log.starts_with("multipingd: refused uid 1001 gid 1001 pid "));
    BOOST_TEST(log.find(": not allowed\nmultipingd: refused uid 0 gid 0 pid ") != std::string::npos);
    BOOST_TEST(std::count(log.begin(), log.end(), '\n') == 3);
  });
}

BOOST_AUTO_TEST_CASE(a_denied_user_who_is_late_or_early_hears_it_all_the_same) {
  in_a_host([] {
    const Broker broker{{.policy = {.anyone = false}}};
    for (int i = 0; i < 200; ++i) {
      Client client{broker.path};
      if (i % 2 == 0) client.send(request_for(1));
      check_status(client.receive(), BrokerStatus::denied);
      BOOST_TEST(!client.receive().has_value());
    }
  });
}

BOOST_AUTO_TEST_CASE(sockets_are_counted_as_long_as_they_live_whatever_becomes_of_the_connection) {
  in_a_host([] {
    const Broker broker{{.policy = {.sockets_of_user = 40, .sockets = 60}}};
    std::vector<os::FileDescriptor> kept;
    for (int i = 0; i < 5; ++i) {
      Client client{broker.path};  // closed after each turn
      check_status(client.ask(request_for(8)), BrokerStatus::granted);
      for (auto& socket : client.sockets) kept.push_back(std::move(socket));
    }
    Client client{broker.path};
    const auto reply = client.ask(request_for(1, Family::ipv6));
    check_status(reply, BrokerStatus::limited);
    BOOST_TEST(reply->retry_after_milliseconds == 0U);
    BOOST_TEST(broker.log().find(": this user has too many sockets\n") != std::string::npos);
    kept.resize(38);
    check_status(client.ask(request_for(3)), BrokerStatus::limited);
    check_status(client.ask(request_for(2, Family::ipv6)), BrokerStatus::granted);
    Child other{[&] {
      as_user(1000, 1000);
      Client second{broker.path};
      check_status(second.ask(request_for(16)), BrokerStatus::granted);
      BOOST_TEST(second.sockets.size() == 16U);
      second.sockets.clear();
      check_status(second.ask(request_for(16)), BrokerStatus::granted);
      Client third{broker.path};
      check_status(third.ask(request_for(16)), BrokerStatus::limited);
    }};
    BOOST_TEST(other.join());
  });
}

BOOST_AUTO_TEST_CASE(requests_that_come_too_fast_are_told_when_to_come_again) {
  in_a_host([] {
    const Broker broker{{.policy = {.requests = {.per_second = 0.5, .burst = 3}}}};
    Client client{broker.path};
    for (int i = 0; i < 3; ++i) check_status(client.ask(request_for(1)), BrokerStatus::granted);
    auto reply = client.ask(request_for(1));
    check_status(reply, BrokerStatus::limited);
    BOOST_TEST(reply->retry_after_milliseconds >= 50U);
    BOOST_TEST(reply->retry_after_milliseconds <= 2001U);
    for (int tries = 0; tries < 1000 && reply && reply->status == BrokerStatus::limited; ++tries)
      reply = client.ask(request_for(1));
    check_status(reply, BrokerStatus::granted);
  });
}

BOOST_AUTO_TEST_CASE(another_version_is_told_which_one_is_spoken) {
  in_a_host([] {
    const Broker broker;
    Client client{broker.path};
    auto request = request_for(1);
    request.version = 2;
    const auto reply = client.ask(request);
    check_status(reply, BrokerStatus::bad_version);
    BOOST_TEST(static_cast<int>(reply->version) == 1);
    BOOST_TEST(!client.receive().has_value());
  });
}

BOOST_AUTO_TEST_CASE(two_clients_at_once_get_sockets_of_their_own) {
  in_a_host([] {
    const Broker broker;
    Client first{broker.path}, second{broker.path};
    first.send(request_for(16));
    second.send(request_for(16));
    check_status(second.receive(), BrokerStatus::granted);
    check_status(first.receive(), BrokerStatus::granted);
    std::set<std::uint16_t> ids;
    for (const Client* client : {&first, &second})
      for (const auto& socket : client->sockets) ids.insert(os::bound_port(socket.value()));
    BOOST_TEST(ids.size() == 32U);
  });
}

BOOST_AUTO_TEST_CASE(a_user_waits_for_no_more_than_one_request_of_another_one_at_a_time) {
  in_a_host([] {
    constexpr int of_greedy = 100;
    auto listener = net_test::listen_on("/run/x", 2 * of_greedy);
    // Both users have sent their requests, the greedy one first, before the broker starts.
    const auto ask_and_stay = [](uid_t uid, int count, const char* source) {
      return [=] {
        as_user(uid, uid);
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < count; ++i) {
          auto request = request_for(16);
          request.source = *Address::parse(source);
          clients.push_back(std::make_unique<Client>("/run/x"));
          BOOST_REQUIRE(clients.back()->send(request));
        }
        ::raise(SIGSTOP);
      };
    };
    const Child greedy{ask_and_stay(1000, of_greedy, "127.0.0.1")};
    BOOST_REQUIRE(greedy.wait_stopped());
    const Child modest{ask_and_stay(2000, 1, "127.0.0.2")};
    BOOST_REQUIRE(modest.wait_stopped());

    multiping::os::EventLoop loop;
    multiping::Log log{-1};
    int requests_before = 0;
    const auto maker = [&](const multiping::broker::BrokerRequest& request) {
      if (request.source == *Address::parse("127.0.0.2")) loop.stop();
      ++requests_before;
      return net_test::open_requested(request);
    };
    const multiping::daemon::BrokerServer server{loop, log, {.listener = std::move(listener), .maker = maker}};
    loop.once(30s, [&] { loop.stop(); });
    loop.run();
    // The modest client is the 101st to connect. Until it is accepted, each turn of the loop serves one greedy request.
    BOOST_TEST(requests_before >= 16);
    BOOST_TEST(requests_before <= 10 * 16);
  });
}

BOOST_AUTO_TEST_CASE(a_server_ends_with_all_that_it_has_before_its_loop) {
  in_a_host([] {
    multiping::os::EventLoop loop;
    multiping::Log log{-1};
    auto server = std::make_unique<multiping::daemon::BrokerServer>(
        loop, log,
        multiping::daemon::BrokerSetup{.listener = net_test::listen_on("/run/x"),
                                       .policy = {.requests = {.per_second = 1, .burst = 1}},
                                       .maker = net_test::open_requested});
    Client quiet{"/run/x"}, asking{"/run/x"}, greedy{"/run/x"};
    asking.send(request_for(1));
    greedy.send(request_for(1));
    loop.once(20ms, [&] {
      const auto figures = server->figures();
      BOOST_TEST(figures.connections == 3U);
      BOOST_TEST(figures.connected == 3U);
      BOOST_TEST(figures.requests == 2U);
      BOOST_TEST(figures.granted == 1U);
      BOOST_TEST(figures.limited == 1U);
      BOOST_TEST(figures.living_sockets == 1U);
      server->stop_accepting();
      server->stop_accepting();
      quiet.send(request_for(1));
    });
    loop.once(40ms, [&] {
      BOOST_TEST(server->figures().requests == 3U);
      server.reset();
    });
    loop.once(100ms, [&] { loop.stop(); });
    loop.run();
    BOOST_TEST(!server);
  });
}

BOOST_AUTO_TEST_SUITE_END()
