// Tests TCP and UDP probes with real servers, closed ports and firewalls in another namespace.
// Every user can tell open, refused, filtered, unreachable and silent ports apart.
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
#include "netns/tun_device.hpp"
#include "os/socket_basics.hpp"
#include "packet/internet_checksum.hpp"
#include "packet/writer.hpp"
#include "sim/scenario_parts.hpp"

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

/// Answers every datagram: port `echo` returns it, port `other` answers with other content.
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

/// Runs a server that listens and never accepts.
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

/// Waits until a server that was just started answers.
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
    // One batch needs more errors than the default rate limit allows.
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

/// Waits 900 ms, which is less than the kernel's first SYN retransmission, and up to 10 s more on a busy machine, until
/// at most `silent` targets are unanswered.
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

/// A lone SYN tells an open port from a closed one without making a connection.
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

/// The kernel itself refuses SCTP, which it does not have here; a firewall of the host refuses the other protocols.
BOOST_AUTO_TEST_CASE(a_host_without_the_protocol_refuses) {
  in_namespace(
      [] {
        make_peer();
        lift_error_limits("peer");
        const std::string nft = std::string{in_peer} + "nft ";
        run(nft + "add table ip t && " + nft + "'add chain ip t in { type filter hook input priority 0; }'");
        for (const char* what : {"tcp dport 80", "udp dport 33434", "icmp type echo-request"})
          run(nft + "add rule ip t in " + what + " reject with icmp type prot-unreachable");
        ProbeOptions half_open = tcp(80);
        half_open.half_open = true;
        const ProbeOptions sctp{.protocol = Protocol::sctp};
        std::vector<Target> targets{{"fd01::2", sctp}, {"10.1.0.2", sctp}};
        for (const ProbeOptions& probe : {ProbeOptions{}, udp(33434), tcp(80), half_open})
          targets.emplace_back("10.1.0.2", probe);
        allow_ping_sockets();
        for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
          MultiPing batch{targets, options_for(kind)};
          batch.send();
          static_cast<void>(batch.receive(10s));
          for (const Result& result : batch.results())
            if (result.outcome != Outcome::send_failed || kind == TransportKind::raw)
              check({{}, Outcome::refused, 3, 2, 4, 1}, result);
          BOOST_TEST(batch.counters().received == (kind == TransportKind::raw ? 6U : 3U));
        }
      },
      120s);
}

/// A server whose accept queue is full does not answer a SYN, so the result is no_reply.
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
          ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);  // stays open and is never accepted
        }
        const Stopwatch watch;
        while (ping({"10.1.0.2", tcp(full)}, 1s).outcome == Outcome::reply) BOOST_REQUIRE((watch.elapsed() < 20s));
        BOOST_TEST(ping({"10.1.0.2", tcp(full)}, 500ms).outcome == Outcome::no_reply);
        BOOST_TEST(ping({"10.1.0.2", tcp(http)}, 5s).outcome == Outcome::reply);
      },
      120s);
}

constexpr std::uint16_t first_port = 40'000, last_port = 40'999;

/// A TCP header from the peer's port `from`, without options. The kernel writes the IP header.
std::vector<std::uint8_t> segment(Family family, std::uint16_t from, std::uint16_t to, std::uint8_t flags) {
  constexpr std::uint32_t number = 0x11111111;
  std::vector<std::uint8_t> bytes(20);
  packet::Writer out{bytes};
  out.u16(from);
  out.u16(to);
  out.u32((flags & 0x02U) != 0 ? number : number + 1);
  out.u32(0);
  out.u16(static_cast<std::uint16_t>(0x5000U | flags));
  out.u16(0xffff);
  if (family == Family::ipv6) return bytes;  // the kernel calculates the checksum
  std::vector<std::uint8_t> pseudo{10, 1, 0, 2, 10, 1, 0, 1, 0, 6, 0, 20};
  pseudo.insert(pseudo.end(), bytes.begin(), bytes.end());
  const std::uint16_t sum = packet::internet_checksum(pseudo);
  bytes[16] = static_cast<std::uint8_t>(sum >> 8U);
  bytes[17] = static_cast<std::uint8_t>(sum);
  return bytes;
}

/// Sends a bare SYN and a bare RST again and again to every local port that a connection to `port` can have, as an
/// attacker can from anywhere without knowing the connection.
void forge_pairs(Family family, int port) {
  enter_peer();
  const bool v4 = family == Family::ipv4;
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_TCP);
  const int checksum_offset = 16;
  if (!v4) ::setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_offset, sizeof checksum_offset);
  os::SocketAddress to{};
  const socklen_t length = os::to_socket_address(*Address::parse(v4 ? "10.1.0.1" : "fd01::1"), to);
  for (;;)
    for (std::uint16_t each = first_port; each <= last_port; ++each)
      for (const auto flags : std::array<std::uint8_t, 2>{0x02, 0x04}) {
        const auto bytes = segment(family, static_cast<std::uint16_t>(port), each, flags);
        ::sendto(fd, bytes.data(), bytes.size(), 0, &to.any, length);
      }
}

BOOST_AUTO_TEST_CASE(forged_pairs_make_no_silent_host_alive) {
  in_namespace(
      [] {
        const Services services;
        write_file("/proc/sys/net/ipv4/ip_local_port_range",
                   std::to_string(first_port) + " " + std::to_string(last_port));
        for (const char* host : {"10.1.0.2", "fd01::2"}) {
          const Family family = Address::parse(host)->family();
          const Child forger{[family] { forge_pairs(family, dropped); }};
          MultiPing batch{Target{host, tcp(dropped)}};
          batch.send();
          const Stopwatch watch;
          while (batch.counters().unauthenticated == 0 && watch.elapsed() < 20s)
            static_cast<void>(batch.receive(100ms));
          static_cast<void>(batch.receive(200ms));
          BOOST_TEST(batch.counters().unauthenticated > 0U);
          BOOST_TEST(batch.results()[0].outcome == Outcome::no_reply, batch.results()[0]);
        }
        const Child forger{[] { forge_pairs(Family::ipv4, http); }};
        for (int i = 0; i < 20; ++i) BOOST_TEST(ping({"10.1.0.2", tcp(http)}, 10s).outcome == Outcome::reply);
        const Child second{[] { forge_pairs(Family::ipv4, closed); }};
        for (int i = 0; i < 20; ++i) BOOST_TEST(ping({"10.1.0.2", tcp(closed)}, 10s).outcome == Outcome::refused);
      },
      120s);
}

// A SYN from a port to the same port opens a connection to itself; such a datagram comes back to its sender.
BOOST_AUTO_TEST_CASE(free_ports_of_this_host_are_not_open) {
  in_namespace(
      [] {
        write_file("/proc/sys/net/ipv4/ip_local_port_range", "40000 40031");
        lift_error_limits();
        std::vector<Target> targets;
        for (const char* host : {"127.0.0.1", "::1"}) {
          for (int port = 40'000; port < 40'032; ++port) {
            targets.emplace_back(host, tcp(port));
            targets.emplace_back(host, udp(port));
          }
          for (ProbeOptions probe : {tcp(50'001), udp(50'002), tcp(50'003)}) {
            probe.source_port = probe.port;
            probe.half_open = probe.port == 50'003;
            targets.emplace_back(host, probe);
          }
        }
        for (int i = 0; i < 10; ++i) {
          const Batch batch = multi_ping(targets, 500ms, 1);
          BOOST_TEST(count(batch.responses, Outcome::reply) == 0U);
          for (const Result& result : batch.no_responses) BOOST_TEST(result.outcome == Outcome::no_reply, result);
          // All TCP ports refuse, and all UDP ports except those that this batch used itself.
          BOOST_TEST(batch.responses.size() >= 2U * (32 + 2 + 32 - 8));
        }
      },
      120s);
}

// The answer takes longer than a slot. A connection per attempt would never end if each attempt replaced the one
// before; so a further attempt leaves the connection alone.
BOOST_AUTO_TEST_CASE(a_slow_host_is_found_from_a_given_port) {
  in_namespace(
      [] {
        Scenario scenario{.name = "slow"};
        scenario.hosts = {parts::with_open("10.20.0.0/16", Protocol::tcp, {.delay = 700ms}),
                          parts::with_open("fd20::/16", Protocol::tcp, {.delay = 700ms})};
        const TunDevice device{scenario};
        ProbeOptions given = tcp(http), flow = tcp(http);
        given.source_port = 5000;
        flow.flow = 3;
        for (const ProbeOptions& probe : {given, flow}) {
          const Batch batch = multi_ping({{"10.20.0.1", probe}, {"fd20::1", probe}}, 8s, 19);
          BOOST_TEST(batch.responses.size() == 2U);
          for (const Result& result : batch.responses) BOOST_TEST((result.rtt >= 700ms), result);
        }
        SeriesOptions options{.count = 10, .interval = 100ms, .timeout = 20s};
        const auto series = ping_series(Target{"10.20.0.2", flow}, options);
        BOOST_TEST(series[0].statistics.received() == 10U);
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

/// Accepts connections in this namespace.
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

/// With few descriptors there are fewer connections at a time, but every target gets its result.
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
