// TCP and UDP probes against real servers, closed ports and firewalls in another namespace.
// The difference between open, refused, filtered, unreachable and silent is visible, for any user.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(ports_test, *precondition(needs_to_work("nft add table inet t")) *
                                      precondition(needs_to_work("python3 -c 'import http.server'")))

constexpr int http = 8080, closed = 8081, dropped = 8082, prohibited = 8083, reset = 8084, full = 8085, echo = 7000,
              other = 7001;
const char* const in_peer = "nsenter --net=/run/netns/peer ";

ProbeOptions tcp(int port) { return {.protocol = Protocol::tcp, .port = port}; }
ProbeOptions udp(int port) { return {.protocol = Protocol::udp, .port = port}; }

void enter_peer() {
  const int peer = ::open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
  if (peer < 0 || ::setns(peer, CLONE_NEWNET) != 0) throw std::runtime_error{"cannot enter the peer"};
  ::close(peer);
}

int bound(int type, int port) {
  const int fd = ::socket(AF_INET6, type, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"cannot bind to port " + std::to_string(port)};
  return fd;
}

/// Answers every datagram: with itself, or with a word of its own.
void serve_datagrams() {
  enter_peer();
  pollfd sockets[] = {{bound(SOCK_DGRAM, echo), POLLIN, 0}, {bound(SOCK_DGRAM, other), POLLIN, 0}};
  std::array<char, 2048> bytes{};
  while (::poll(sockets, 2, -1) > 0) {
    for (const pollfd& ready : sockets) {
      sockaddr_in6 from{};
      socklen_t length = sizeof from;
      const ssize_t got =
          ::recvfrom(ready.fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 0) continue;
      const bool own_word = ready.fd == sockets[1].fd;
      ::sendto(ready.fd, own_word ? "hello" : bytes.data(), own_word ? 5 : static_cast<std::size_t>(got), 0,
               reinterpret_cast<const sockaddr*>(&from), length);
    }
  }
}

/// A server that listens and never accepts.
void listen_only() {
  enter_peer();
  if (::listen(bound(SOCK_STREAM, full), 0) != 0) throw std::runtime_error{"cannot listen"};
  for (;;) ::pause();
}

void serve_http() {
  const std::string command =
      std::string{"exec "} + in_peer + "python3 -m http.server --bind :: " + std::to_string(http) + " >/dev/null 2>&1";
  ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  throw std::runtime_error{"cannot run a shell"};
}

/// Until a server that was just started answers.
void wait_for(const ProbeOptions& service) {
  const Stopwatch watch;
  while (ping({"10.1.0.2", service}, 1s).outcome != Outcome::reply) {
    BOOST_REQUIRE_MESSAGE((watch.elapsed() < 30s), "the server on port " << service.port << " does not come up");
    ::poll(nullptr, 0, 20);
  }
}

void furnish_firewall() {
  const std::string nft = std::string{in_peer} + "nft ";
  run(nft + "add table inet t && " + nft + "'add chain inet t in { type filter hook input priority 0; }'");
  for (const char* protocol : {"tcp", "udp"}) {
    const std::string rule = nft + "add rule inet t in " + protocol + " dport ";
    run(rule + std::to_string(dropped) + " drop");
    run(rule + std::to_string(prohibited) + " reject with icmpx type admin-prohibited");
  }
  run(nft + "add rule inet t in tcp dport " + std::to_string(reset) + " reject with tcp reset");
}

/// The peer with its servers and its firewall.
class Services {
 public:
  Services() {
    make_peer();
    furnish_firewall();
    // Errors about one batch come faster than a host is allowed to send them.
    lift_error_limits("peer");
    http_.emplace(serve_http);
    datagrams_.emplace(serve_datagrams);
    listener_.emplace(listen_only);
    for (const ProbeOptions& service : {tcp(http), udp(echo), udp(other), tcp(full)}) wait_for(service);
  }

 private:
  std::optional<Child> http_, datagrams_, listener_;
};

struct Verdict {
  ProbeOptions probe;
  Outcome outcome;
  std::optional<unsigned> v4_type{}, v4_code{}, v6_type{}, v6_code{};
};

std::vector<Verdict> verdicts() {
  return {{tcp(http), Outcome::reply},       {tcp(closed), Outcome::refused},
          {tcp(dropped), Outcome::no_reply}, {tcp(prohibited), Outcome::unreachable, 3, 13, 1, 1},
          {tcp(reset), Outcome::refused},    {udp(echo), Outcome::reply},
          {udp(other), Outcome::reply},      {udp(closed), Outcome::refused, 3, 3, 1, 4},
          {udp(dropped), Outcome::no_reply}, {udp(prohibited), Outcome::unreachable, 3, 13, 1, 1}};
}

void check(const Verdict& verdict, const Result& result) {
  const bool v4 = result.address.family() == Family::ipv4;
  const auto type = v4 ? verdict.v4_type : verdict.v6_type, code = v4 ? verdict.v4_code : verdict.v6_code;
  BOOST_TEST_CONTEXT(to_string(verdict.probe.protocol) << " port " << verdict.probe.port << ": " << result) {
    BOOST_TEST(result.outcome == verdict.outcome);
    BOOST_TEST((result.icmp != nullptr) == type.has_value());
    if (result.icmp != nullptr && type) {
      BOOST_TEST(unsigned{result.icmp->type} == *type);
      BOOST_TEST(unsigned{result.icmp->code} == *code);
    }
    if (result.outcome == Outcome::no_reply) return;
    BOOST_TEST(result.responder == result.address);
    BOOST_TEST((result.rtt > Duration{} && result.rtt < 10s));
    BOOST_TEST(unsigned{result.auth_bits} >= 16U);
  }
}

/// Before the kernel repeats a SYN, or as long as a busy machine needs for those that answer.
void receive_all_but(std::size_t silent, MultiPing& batch) {
  static_cast<void>(batch.receive(900ms));
  const Stopwatch watch;
  while (test::count(batch.results(), Outcome::no_reply) > silent && watch.elapsed() < 10s)
    static_cast<void>(batch.receive(100ms));
}

void check_all(TransportKind kind) {
  std::vector<Target> targets;
  for (const Verdict& verdict : verdicts())
    for (const char* host : {"10.1.0.2", "fd01::2"}) targets.emplace_back(host, verdict.probe);
  MultiPing batch{targets, options_for(kind)};
  batch.send();
  receive_all_but(4, batch);
  const auto results = batch.results();
  for (std::size_t i = 0; i < results.size(); ++i) check(verdicts()[i / 2], results[i]);
}

BOOST_AUTO_TEST_CASE(open_refused_filtered_and_silent_ports) {
  in_namespace(
      [] {
        const Services services;
        allow_ping_sockets();
        for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket, TransportKind::sockets})
          BOOST_TEST_CONTEXT(to_string(kind)) check_all(kind);
      },
      120s);
}

BOOST_AUTO_TEST_CASE(nobody_needs_a_permission_for_ports) {
  in_namespace(
      [] {
        const Services services;
        Child nobody{[] {
          become_nobody();
          check_all(TransportKind::sockets);
          check_all(TransportKind::automatic);
        }};
        BOOST_TEST(nobody.join());
      },
      120s);
}

/// A lone SYN tells an open port from a closed one without ever making a connection.
BOOST_AUTO_TEST_CASE(half_open_probes) {
  in_namespace(
      [] {
        const Services services;
        std::vector<Target> targets;
        for (const int port : {http, closed, dropped, prohibited}) {
          ProbeOptions probe = tcp(port);
          probe.half_open = true;
          for (const char* host : {"10.1.0.2", "fd01::2"}) targets.emplace_back(host, probe);
        }
        MultiPing batch{targets};
        batch.send();
        receive_all_but(2, batch);
        const auto results = batch.results();
        for (std::size_t i = 0; i < results.size(); ++i) check(verdicts()[i / 2], results[i]);
      },
      120s);
}

/// A server whose queue is full leaves a SYN unanswered: silence, as the network shows it.
BOOST_AUTO_TEST_CASE(a_full_accept_queue_is_silence) {
  in_namespace(
      [] {
        const Services services;
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(full);
        to.sin_addr.s_addr = htonl(0x0A010002);
        for (int i = 0; i < 4; ++i) {
          const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
          ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);  // kept, and never accepted
        }
        const Stopwatch watch;
        while (ping({"10.1.0.2", tcp(full)}, 1s).outcome == Outcome::reply) BOOST_REQUIRE((watch.elapsed() < 20s));
        BOOST_TEST(ping({"10.1.0.2", tcp(full)}, 500ms).outcome == Outcome::no_reply);
        BOOST_TEST(ping({"10.1.0.2", tcp(http)}, 5s).outcome == Outcome::reply);
      },
      120s);
}

std::vector<Target> loopback_ports(std::size_t count) {
  const ProbeOptions probes[] = {tcp(http), tcp(closed)};
  const Target samples[] = {{"", probes[0]}, {"", probes[1]}};
  std::vector<Target> targets;
  for (const Address& address : loopback_hosts(count / 2))
    for (const Target& sample : samples) targets.emplace_back(address.to_string(), *sample.probe());
  return targets;
}

/// Takes connections on this namespace's own port.
void accept_all() {
  const int listener = bound(SOCK_STREAM, http);
  if (::listen(listener, 4096) != 0) throw std::runtime_error{"cannot listen"};
  for (;;) ::close(::accept(listener, nullptr, nullptr));
}

void wait_for_loopback() {
  const Stopwatch watch;
  while (ping({"127.0.0.1", tcp(http)}, 1s).outcome != Outcome::reply) BOOST_REQUIRE((watch.elapsed() < 30s));
}

BOOST_AUTO_TEST_CASE(many_connections_with_a_hundred_ports) {
  in_namespace(
      [] {
        const Child server{accept_all};
        wait_for_loopback();
        write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40099");
        constexpr std::size_t count = 20'000;
        const Batch batch = multi_ping(loopback_ports(count), 60s);
        BOOST_TEST(batch.no_responses.empty());
        BOOST_TEST(test::count(batch.responses, Outcome::reply) == count / 2);
        BOOST_TEST(test::count(batch.responses, Outcome::refused) == count / 2);
      },
      120s);
}

/// Fewer connections at a time, and every target has its result.
BOOST_AUTO_TEST_CASE(few_descriptors) {
  in_namespace(
      [] {
        const Child server{accept_all};
        wait_for_loopback();
        run("nft add table inet t && nft 'add chain inet t in { type filter hook input priority 0; }'");
        run("nft add rule inet t in ip daddr 127.9.0.0/16 drop");
        std::vector<Target> targets = loopback_ports(600);
        for (const std::string& silent : hosts("127.9.0.", 1, 12)) targets.emplace_back(silent, tcp(http));
        const rlimit few{24, 24};
        ::setrlimit(RLIMIT_NOFILE, &few);
        const Batch batch = multi_ping(targets, 12s);
        BOOST_TEST(test::count(batch.responses, Outcome::reply) == 300U);
        BOOST_TEST(test::count(batch.responses, Outcome::refused) == 300U);
        BOOST_TEST(test::count(batch.no_responses, Outcome::no_reply) == 12U);
      },
      120s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
