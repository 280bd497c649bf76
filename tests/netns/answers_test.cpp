// Tests answers of real kernels and servers that are late, without the tag, from another port or from another address.
// The rules are tested in virtual time (tests/sim); these tests show that real sockets supply the data that they need.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using Clock = std::chrono::steady_clock;

BOOST_AUTO_TEST_SUITE(answers_test, *precondition(needs_root))

constexpr int slow = 7000, quick = 7001, other_port = 7002;

ProbeOptions udp(int port) { return {.protocol = Protocol::udp, .port = port}; }

void enter_peer() {
  const int peer = ::open("/run/netns/peer", O_RDONLY | O_CLOEXEC);
  if (peer < 0 || ::setns(peer, CLONE_NEWNET) != 0) throw std::runtime_error{"cannot enter the peer"};
  ::close(peer);
}

int bound(int port) {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error{"cannot bind to port " + std::to_string(port)};
  return fd;
}

struct Request {
  Clock::time_point due{};
  sockaddr_in6 from{};
};

/// Answers each datagram after 450 ms with other content.
void serve_slowly() {
  enter_peer();
  pollfd socket{bound(slow), POLLIN, 0};
  std::deque<Request> waiting;
  for (;;) {
    int timeout = -1;
    if (!waiting.empty()) {
      const auto left = waiting.front().due - Clock::now();
      timeout = std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
    }
    if (::poll(&socket, 1, timeout) > 0) {
      Request request{.due = Clock::now() + 450ms};
      socklen_t length = sizeof request.from;
      std::array<char, 2048> bytes{};
      ::recvfrom(socket.fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&request.from), &length);
      waiting.push_back(request);
    }
    for (; !waiting.empty() && waiting.front().due <= Clock::now(); waiting.pop_front())
      ::sendto(socket.fd, "hello", 5, 0, reinterpret_cast<const sockaddr*>(&waiting.front().from),
               sizeof waiting.front().from);
  }
}

/// Returns each datagram at once. Answers come from port `quick`, also those to datagrams for `other_port`. The kernel
/// chooses the source address, which may differ from the address that was asked.
void echo() {
  enter_peer();
  pollfd sockets[] = {{bound(quick), POLLIN, 0}, {bound(other_port), POLLIN, 0}};
  std::array<char, 2048> bytes{};
  while (::poll(sockets, 2, -1) > 0) {
    for (const pollfd& ready : sockets) {
      sockaddr_in6 from{};
      socklen_t length = sizeof from;
      const ssize_t got =
          ::recvfrom(ready.fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
      if (got >= 0)
        ::sendto(sockets[0].fd, bytes.data(), static_cast<std::size_t>(got), 0,
                 reinterpret_cast<const sockaddr*>(&from), length);
    }
  }
}

void wait_for(const ProbeOptions& service) {
  const Stopwatch watch;
  while (ping({"10.1.0.2", service}, 2s).outcome != Outcome::reply) {
    BOOST_REQUIRE_MESSAGE((watch.elapsed() < 30s), "the server on port " << service.port << " does not come up");
    ::poll(nullptr, 0, 20);
  }
}

/// Returns the number of late answers. Checks that none is taken for the answer to a later probe.
std::uint64_t late_of_impatient(const SeriesOptions& options) {
  PingSeries series{{"10.1.0.2", "fd01::2"}, options};
  for (const auto& round : series)
    for (const Result& result : round.results) BOOST_TEST((!result.answered() || result.rtt >= 450ms), result);
  return series.counters().late;
}

/// 60 rounds: the first answers arrive while further probes are in flight, from as many ports as needed.
BOOST_AUTO_TEST_CASE(a_slow_service_is_late_and_never_quick) {
  in_namespace(
      [] {
        make_peer();
        const Child server{serve_slowly};
        wait_for(udp(slow));
        for (const bool asked_port : {false, true}) {
          ProbeOptions probe = udp(slow);
          if (asked_port) probe.source_port = 4000;
          SeriesOptions options{.count = 60, .interval = 50ms, .timeout = 50ms};
          options.ping.probe = probe;
          BOOST_TEST(late_of_impatient(options) > 0U);
          ::poll(nullptr, 0, 1000);  // the last late answers come, and not to a new socket that has an old one's port
          options.timeout = 10s;
          if (asked_port) options.ping.probe.source_port = 4001;  // no answers to other probes arrive at this port
          for (const auto& round : PingSeries{{"10.1.0.2", "fd01::2"}, options})
            for (const Result& result : round.results)
              BOOST_TEST((result.outcome == Outcome::reply && result.rtt >= 450ms), result);
        }
      },
      120s);
}

/// Many ports have answers, and one call reads only a few of them.
BOOST_AUTO_TEST_CASE(probes_of_silent_hosts_take_many_ports_and_those_of_living_ones_are_heard) {
  in_namespace(
      [] {
        make_peer();
        run("nsenter --net=/run/netns/peer ip addr add 10.1.0.7/16 dev vb");
        run("nsenter --net=/run/netns/peer nft add table ip t");
        run("nsenter --net=/run/netns/peer nft 'add chain ip t in { type filter hook input priority 0; }'");
        run("nsenter --net=/run/netns/peer nft add rule ip t in ip daddr 10.1.0.7 drop");
        const Child server{echo};
        wait_for(udp(quick));
        SeriesOptions options{.count = 100, .interval = 20ms, .timeout = 5s};
        options.ping.probe = udp(quick);
        const auto all = ping_series({"10.1.0.7", "10.1.0.2", "fd01::2"}, options);
        BOOST_TEST(all[0].statistics.received() == 0U);
        BOOST_TEST(all[1].statistics.received() == 100U);
        BOOST_TEST(all[2].statistics.received() == 100U);
      },
      120s);
}

void check_elsewhere(const Result& result, const Address& other, bool any_source) {
  BOOST_TEST_CONTEXT(result) {
    BOOST_TEST((result.outcome == (any_source ? Outcome::reply : Outcome::no_reply)));
    BOOST_TEST((result.responder == other));
  }
}

/// A server on all addresses answers from the address that its kernel chooses. With IPv6, the anycast address of a
/// router is never a source.
BOOST_AUTO_TEST_CASE(hosts_with_several_addresses_are_named_and_believed_where_that_is_wished) {
  in_namespace(
      [] {
        make_peer();
        allow_ping_sockets();
        run("nsenter --net=/run/netns/peer ip addr add 10.1.0.7/16 dev vb");
        run("nsenter --net=/run/netns/peer sysctl -qw net.ipv6.conf.all.forwarding=1");
        const Child server{echo};
        wait_for(udp(quick));
        for (const TransportKind kind : {TransportKind::raw, TransportKind::ping_socket}) {
          for (const bool any_source : {false, true}) {
            Options options = options_for(kind);
            options.any_source = any_source;
            MultiPing batch{{{"10.1.0.7", udp(quick)}, {"fd01::", udp(quick)}, {"fd01::"}}, options};
            const Stopwatch watch;
            do {  // the kernel may still be looking for the neighbour
              batch.send();
              static_cast<void>(batch.receive(500ms));
            } while (batch.counters().wrong_source + batch.counters().received < 3 && watch.elapsed() < 20s);
            const auto results = batch.results();
            check_elsewhere(results[0], Address::v4({10, 1, 0, 2}), any_source);
            check_elsewhere(results[1], *Address::parse("fd01::2"), any_source);
            check_elsewhere(results[2], *Address::parse("fd01::2"), any_source);
          }
        }
      },
      120s);
}

BOOST_AUTO_TEST_CASE(our_tag_is_an_answer_from_whatever_port) {
  in_namespace(
      [] {
        make_peer();
        const Child server{echo};
        wait_for(udp(quick));
        for (const char* host : {"10.1.0.2", "fd01::2"}) {
          const Result result = ping({host, udp(other_port)}, 10s);
          BOOST_TEST((result.outcome == Outcome::reply), result);
          BOOST_TEST(unsigned{result.auth_bits} == 80U);
        }
      },
      120s);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
