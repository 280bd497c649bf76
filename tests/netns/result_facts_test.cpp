// Tests what results say of real answers: their time by the system's clock, their size, the protocol and the port.
// The rules are tested in virtual time (tests/sim); these tests show that real sockets supply the data that they need.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "netns/batch.hpp"
#include "netns/namespace.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;
using Wall = std::chrono::system_clock;

BOOST_AUTO_TEST_SUITE(result_facts_netns, *precondition(needs_root))

constexpr int served = 7100, closed = 7101;

/// Answers one datagram to each of two addresses with five bytes.
class FiveBytes {
 public:
  FiveBytes() : socket_{::socket(AF_INET6, SOCK_DGRAM, 0)} {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(served);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error{"cannot bind the server"};
    thread_ = std::thread{[fd = socket_] {
      for (int answers = 0; answers < 2; ++answers) {
        char request[2000];
        sockaddr_in6 from{};
        socklen_t length = sizeof from;
        if (::recvfrom(fd, request, sizeof request, 0, reinterpret_cast<sockaddr*>(&from), &length) < 0) return;
        static_cast<void>(::sendto(fd, "12345", 5, 0, reinterpret_cast<const sockaddr*>(&from), length));
      }
    }};
  }
  FiveBytes(const FiveBytes&) = delete;
  FiveBytes& operator=(const FiveBytes&) = delete;
  ~FiveBytes() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

 private:
  int socket_;
  std::thread thread_;
};

ProbeOptions to_port(Protocol protocol, int port) { return {.protocol = protocol, .port = port}; }

BOOST_AUTO_TEST_CASE(answers_have_their_time_and_size) {
  for (const TransportKind kind : both_kinds) {
    in_namespace([kind] {
      allow_ping_sockets();
      const FiveBytes server;
      const ProbeOptions udp = to_port(Protocol::udp, served), shut = to_port(Protocol::tcp, closed);
      const auto before = Wall::now() - 1ms;  // the clocks are read one after the other
      const auto [responses, no_responses] = multi_ping(
          {{"127.0.0.1"}, {"::1"}, {"127.0.0.1", udp}, {"::1", udp}, {"127.0.0.1", shut}}, 5s, 0, options_for(kind));
      const auto after = Wall::now() + 1ms;
      BOOST_TEST(no_responses.empty());
      BOOST_REQUIRE(responses.size() == 5U);
      const std::uint32_t sizes[] = {64, 64, 13, 13, 0};
      for (std::size_t i = 0; i < responses.size(); ++i) {
        BOOST_TEST_CONTEXT(responses[i]) {
          BOOST_TEST(responses[i].position == i);
          BOOST_TEST(responses[i].reply_size == sizes[i]);
          BOOST_TEST((responses[i].at >= before && responses[i].at <= after));
        }
      }
      BOOST_TEST((responses[3].protocol == Protocol::udp && responses[3].port == served));
      BOOST_TEST((responses[4].protocol == Protocol::tcp && responses[4].port == closed));
    });
  }
}

BOOST_AUTO_TEST_CASE(silence_has_the_time_of_giving_up) {
  in_namespace([] {
    allow_ping_sockets();
    make_peer();
    run("nsenter --net=/run/netns/peer sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
    const auto before = Wall::now();
    const Result result = ping("10.1.0.2", 200ms);
    BOOST_TEST(result.outcome == Outcome::no_reply);
    BOOST_TEST((result.at >= before + 190ms && result.at <= Wall::now() + 1ms));
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
