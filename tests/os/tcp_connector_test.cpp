// Tests the outcomes of connection attempts (connected, refused, ended by an ICMP error, given up) and their packets.
// Servers and firewalls are in the test's own namespace.
#include "os/tcp_connector.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <map>

#include "netns/namespace.hpp"
#include "os/io_under_test.hpp"
#include "os/sniffer.hpp"
#include "os/socket_basics.hpp"
#include "packet/internet_checksum.hpp"

namespace multiping::test {
namespace {

using namespace std::chrono_literals;
using boost::unit_test::precondition;

BOOST_AUTO_TEST_SUITE(tcp_connector_test, *precondition(needs_to_work("nft add table inet t")))

constexpr std::uint16_t open_port = 7007, closed_port = 7008, rejected_port = 7009, silent_port = 7010;
const Family families[] = {Family::ipv4, Family::ipv6};

ProbeOptions to_port(std::uint16_t port) { return {.protocol = Protocol::tcp, .port = port}; }
Address loopback(Family family) { return address(family == Family::ipv4 ? "127.0.0.5" : "::1"); }

/// A server that never calls accept(2): the kernel completes the connections.
os::FileDescriptor listen_on(std::uint16_t port) {
  os::FileDescriptor socket = os::open_socket(Family::ipv6, SOCK_STREAM, 0);
  BOOST_TEST_REQUIRE(os::bind_to(socket.value(), Family::ipv6, {}, port));
  BOOST_TEST_REQUIRE(::listen(socket.value(), 4096) == 0);
  return socket;
}

void furnish_firewall() {
  run("nft add table inet t && nft 'add chain inet t in { type filter hook input priority 0; }'");
  run("nft add rule inet t in tcp dport 7009 reject with icmpx type admin-prohibited");
  run("nft add rule inet t in tcp dport 7010 drop");
  lift_error_limits();
}

int descriptors() {
  int count = 0;
  for (int fd = 0; fd < 256; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

/// Attempts over the whole SocketPacketIo, and their outcomes by token.
class Attempts {
 public:
  explicit Attempts(std::vector<ProbeOptions> profiles) : under_test_{TransportKind::sockets, std::move(profiles)} {}

  [[nodiscard]] os::SocketPacketIo& io() noexcept { return under_test_.io(); }

  std::error_code connect(const Address& to, std::uint64_t token, std::uint16_t profile = 0) {
    return io().connect({.token = token, .to = &to, .profile = profile});
  }
  void take() {
    bool more = true;
    while (more) {
      for (const net::Connected& outcome : io().connections(more)) {
        BOOST_TEST(outcomes_.emplace(outcome.token, outcome).second);
        if (outcome.report) quotes_[outcome.token] = {outcome.report->quoted.begin(), outcome.report->quoted.end()};
      }
    }
  }
  const net::Connected& outcome(std::uint64_t token) {
    wait_until(io(), [&] {
      take();
      return outcomes_.contains(token);
    });
    return outcomes_.at(token);
  }
  [[nodiscard]] const Bytes& quote(std::uint64_t token) { return quotes_[token]; }
  [[nodiscard]] std::size_t taken() const noexcept { return outcomes_.size(); }

 private:
  IoUnderTest under_test_;
  std::map<std::uint64_t, net::Connected> outcomes_;
  std::map<std::uint64_t, Bytes> quotes_;
};

BOOST_AUTO_TEST_CASE(an_open_port_is_connected_and_timed_by_the_kernel) {
  in_namespace([] {
    const os::FileDescriptor server = listen_on(open_port);
    Attempts attempts{{to_port(open_port)}};
    for (const Family family : families) {
      const std::uint64_t token = family == Family::ipv4 ? 40 : 60;
      const Instant before = attempts.io().now();
      BOOST_TEST(!attempts.connect(loopback(family), token));
      const net::Connected& outcome = attempts.outcome(token);
      BOOST_TEST(!outcome.error);
      BOOST_TEST(!outcome.report.has_value());
      BOOST_TEST((outcome.rtt && *outcome.rtt > Duration{} && *outcome.rtt <= outcome.arrival.read - before));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_closed_port_is_refused_without_a_report) {
  in_namespace([] {
    Attempts attempts{{to_port(closed_port)}};
    for (const Family family : families) {
      const std::uint64_t token = family == Family::ipv4 ? 40 : 60;
      BOOST_TEST(!attempts.connect(loopback(family), token));
      const net::Connected& outcome = attempts.outcome(token);
      BOOST_TEST(outcome.error.value() == ECONNREFUSED);
      BOOST_TEST((!outcome.report && !outcome.rtt));
    }
  });
}

BOOST_AUTO_TEST_CASE(an_icmp_error_ends_the_attempt_with_its_report) {
  in_namespace([] {
    furnish_firewall();
    Attempts attempts{{to_port(rejected_port)}};
    for (const Family family : families) {
      const bool v4 = family == Family::ipv4;
      for (std::uint64_t token = v4 ? 400 : 600, end = token + 100; token < end; ++token)
        BOOST_TEST(!attempts.connect(loopback(family), token));
      for (std::uint64_t token = v4 ? 400 : 600, end = token + 100; token < end; ++token) {
        const net::Connected& outcome = attempts.outcome(token);
        BOOST_TEST_REQUIRE(outcome.report.has_value());
        BOOST_TEST((outcome.error.value() == EHOSTUNREACH || outcome.error.value() == EACCES));
        BOOST_TEST(int{outcome.report->type} == (v4 ? 3 : 1));
        BOOST_TEST(int{outcome.report->code} == (v4 ? 13 : 1));
        BOOST_TEST(outcome.report->destination == loopback(family));
        BOOST_TEST(outcome.report->port == rejected_port);
        BOOST_TEST(outcome.report->offender == loopback(family));
        BOOST_TEST((outcome.report->ttl && *outcome.report->ttl > 0));
        const Bytes& quoted = attempts.quote(token);
        BOOST_TEST_REQUIRE(quoted.size() >= 8U);
        BOOST_TEST((quoted[2] << 8 | quoted[3]) == rejected_port);
      }
    }
  });
}

/// An ICMP time exceeded that quotes a SYN as it left, padded to 128 bytes, with an extension that has one MPLS label.
Bytes time_exceeded(const WireHeader& syn) {
  Bytes quoted = hex("45 00 003c 0000 4000 01 06 0000 7f000001 7f000005") + syn.message;
  quoted.resize(128);
  Bytes message = hex("0b 00 0000 00 20 0000") + quoted +
                  hex("20 00 0000"
                      "0008 01 01 00064101");
  const std::uint16_t sum = packet::internet_checksum(message);
  message[2] = static_cast<std::uint8_t>(sum >> 8U);
  message[3] = static_cast<std::uint8_t>(sum & 0xffU);
  return message;
}

BOOST_AUTO_TEST_CASE(an_extension_is_found_behind_the_quoted_segment) {
  in_namespace([] {
    furnish_firewall();
    Attempts attempts{{to_port(silent_port)}};
    Sniffer sniffer{"lo"};
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 1));
    const auto packets = sniffer.sent(IPPROTO_TCP);
    BOOST_TEST_REQUIRE(packets.size() == 1U);
    const Bytes message = time_exceeded(packets[0]);
    const os::FileDescriptor router = os::open_socket(Family::ipv4, SOCK_RAW, IPPROTO_ICMP);
    os::SocketAddress host{};
    const socklen_t length = os::to_socket_address(address("127.0.0.1"), host);
    BOOST_TEST(::sendto(router.value(), message.data(), message.size(), 0, &host.any, length) > 0);
    const net::Connected& outcome = attempts.outcome(1);
    BOOST_TEST(outcome.error.value() == EHOSTUNREACH);
    BOOST_TEST_REQUIRE(outcome.report.has_value());
    BOOST_TEST(int{outcome.report->type} == 11);
    BOOST_TEST(outcome.report->extension == 128U - 20);
    BOOST_TEST(attempts.quote(1).size() == 128U - 20 + 12);
  });
}

BOOST_AUTO_TEST_CASE(what_is_given_up_or_unknown_is_never_heard_of) {
  in_namespace([] {
    furnish_firewall();
    const os::FileDescriptor server = listen_on(open_port);
    Attempts attempts{{to_port(silent_port), to_port(open_port)}};
    const int before = descriptors();
    for (std::uint64_t token = 0; token < 20; ++token) BOOST_TEST(!attempts.connect(loopback(Family::ipv4), token));
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 99, 1));
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 100, 1));
    attempts.io().abandon(99);
    attempts.io().abandon(12345);
    for (std::uint64_t token = 0; token < 20; ++token) attempts.io().abandon(token);
    BOOST_TEST(!attempts.outcome(100).error);
    attempts.take();
    BOOST_TEST(attempts.taken() == 1U);
    BOOST_TEST(descriptors() == before + 1);  // the epoll instance
    // A token may be used again.
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 99, 1));
    BOOST_TEST(!attempts.outcome(99).error);
  });
}

BOOST_AUTO_TEST_CASE(nothing_is_left_in_time_wait) {
  in_namespace([] {
    const os::FileDescriptor server = listen_on(open_port);
    {
      Attempts attempts{{to_port(open_port)}};
      for (std::uint64_t token = 0; token < 20; ++token) BOOST_TEST(!attempts.connect(loopback(Family::ipv4), token));
      for (std::uint64_t token = 0; token < 10; ++token) BOOST_TEST(!attempts.outcome(token).error);
    }
    BOOST_TEST(read_file("/proc/self/net/sockstat").find(" tw 0 ") != std::string::npos);
  });
}

// The last descriptors are left to the rest of the process, but one attempt at a time is always made.
BOOST_AUTO_TEST_CASE(descriptors_that_run_out_are_told_and_come_back) {
  in_namespace([] {
    furnish_firewall();
    const os::FileDescriptor server = listen_on(open_port);
    Attempts attempts{{to_port(silent_port), to_port(open_port)}};
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 0, 1));
    BOOST_TEST(!attempts.outcome(0).error);
    const int used = descriptors();
    const auto limit = static_cast<rlim_t>(used + 20);
    rlimit usual{};
    BOOST_TEST(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
    const rlimit few{.rlim_cur = limit, .rlim_max = usual.rlim_max};
    BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::uint64_t token = 1;
    std::error_code error;
    for (; !error && token < 100; ++token) error = attempts.connect(loopback(Family::ipv4), token);
    BOOST_TEST(error.value() == EMFILE);
    BOOST_TEST(token > 5U);
    BOOST_TEST(descriptors() + 6 <= static_cast<int>(limit));
    for (std::uint64_t given_up = 1; given_up < token; ++given_up) attempts.io().abandon(given_up);
    BOOST_TEST(descriptors() == used);
    const rlimit least{.rlim_cur = static_cast<rlim_t>(used + 1), .rlim_max = usual.rlim_max};
    BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &least) == 0);
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 500, 1));
    BOOST_TEST(!attempts.outcome(500).error);
    BOOST_TEST(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  });
}

BOOST_AUTO_TEST_CASE(what_this_host_refuses_is_said_at_once) {
  in_namespace([] {
    ProbeOptions taken = to_port(open_port), nowhere = to_port(open_port), unknown = to_port(open_port);
    taken.source_port = closed_port;
    nowhere.source_v4 = address("192.0.2.1");
    unknown.device = "nosuch0";
    const os::FileDescriptor server = listen_on(closed_port);
    Attempts attempts{{to_port(open_port), taken, nowhere, unknown}};
    const int before = descriptors();
    BOOST_TEST(attempts.connect(address("192.0.2.1"), 1).value() == ENETUNREACH);
    BOOST_TEST(attempts.connect(loopback(Family::ipv4), 2, 1).value() == EADDRINUSE);
    BOOST_TEST(attempts.connect(loopback(Family::ipv4), 3, 2).value() == EADDRNOTAVAIL);
    BOOST_TEST(attempts.connect(loopback(Family::ipv4), 4, 3).value() == ENODEV);
    BOOST_TEST(descriptors() == before + 1);
  });
}

BOOST_AUTO_TEST_CASE(no_address_to_send_from_is_no_want_of_ports) {
  in_namespace([] {
    run("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1");
    Attempts attempts{{to_port(silent_port)}};
    BOOST_TEST(attempts.connect(loopback(Family::ipv6), 1).value() == ENETUNREACH);
  });
}

BOOST_AUTO_TEST_CASE(ports_that_run_out_are_told) {
  in_namespace([] {
    furnish_firewall();
    run("sysctl -q -w net.ipv4.ip_local_port_range='40000 40009'");
    ProbeOptions bound = to_port(silent_port);
    bound.source_v4 = address("127.0.0.2");
    for (const ProbeOptions& probe : {to_port(silent_port), bound}) {
      Attempts attempts{{probe}};
      std::error_code error;
      std::uint64_t token = 0;
      while (!error && token < 20) error = attempts.connect(loopback(Family::ipv4), ++token);
      BOOST_TEST((error.value() == EAGAIN || error.value() == EADDRINUSE), error.message());
      BOOST_TEST(token > 5U);
      // The ports have run out for this target only.
      BOOST_TEST(!attempts.connect(address("127.0.0.77"), 100));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_source_port_serves_many_targets) {
  in_namespace([] {
    const os::FileDescriptor server = listen_on(open_port);
    ProbeOptions bound = to_port(open_port);
    bound.source_port = 5555;
    Attempts attempts{{bound}};
    Sniffer sniffer{"lo"};
    for (int i = 1; i <= 20; ++i)
      BOOST_TEST(!attempts.connect(address("127.0.0." + std::to_string(i)), static_cast<std::uint64_t>(i)));
    for (std::uint64_t token = 1; token <= 20; ++token) BOOST_TEST(!attempts.outcome(token).error);
    for (const WireHeader& packet : sniffer.sent(IPPROTO_TCP)) {
      const int ports[] = {packet.message[0] << 8 | packet.message[1], packet.message[2] << 8 | packet.message[3]};
      BOOST_TEST(((ports[0] == 5555 && ports[1] == open_port) || (ports[1] == 5555 && ports[0] == open_port)));
    }
  });
}

/// The first packet of an attempt to `to` with the options of `probe`.
WireHeader syn_of(const ProbeOptions& probe, const Address& to) {
  Attempts attempts{{probe}};
  Sniffer sniffer{"lo"};
  BOOST_TEST(!attempts.connect(to, 1));
  const auto packets = sniffer.sent(IPPROTO_TCP);
  BOOST_TEST_REQUIRE(!packets.empty());
  return packets.front();
}

BOOST_AUTO_TEST_CASE(options_stand_in_the_packets) {
  in_namespace([] {
    run("ip addr add fd00::9/128 dev lo nodad");
    wait_for_addresses();
    ProbeOptions probe = to_port(closed_port);
    BOOST_TEST(syn_of(probe, address("127.0.0.5")).ttl == 64);
    BOOST_TEST(syn_of(probe, address("::1")).flow_label != 0U);
    probe = {.protocol = Protocol::tcp,
             .port = closed_port,
             .source_v4 = address("127.0.0.9"),
             .source_v6 = address("fd00::9"),
             .ttl = 7,
             .tos = 0xb8,
             .dont_fragment = true};
    const WireHeader v4 = syn_of(probe, address("127.0.0.5"));
    BOOST_TEST(v4.ttl == 7);
    BOOST_TEST(v4.tos == 0xb8);
    BOOST_TEST(v4.source == "127.0.0.9");
    BOOST_TEST(v4.dont_fragment);
    for (const std::uint32_t label : {0xabcdeU, 0U}) {
      probe.flow_label = label;
      const WireHeader v6 = syn_of(probe, address("::1"));
      BOOST_TEST(v6.ttl == 7);
      BOOST_TEST(v6.tos == 0xb8);
      BOOST_TEST(v6.source == "fd00::9");
      BOOST_TEST(v6.flow_label == label);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_mark_and_a_device_choose_the_route) {
  in_namespace([] {
    run("ip addr add 10.8.0.1/32 dev lo");
    run("ip rule add fwmark 7 table 100 && ip route add local 10.9.0.0/16 dev lo src 10.8.0.1 table 100");
    ProbeOptions marked = to_port(closed_port), through = to_port(closed_port);
    marked.mark = 7;
    through.device = "lo";
    Attempts attempts{{to_port(closed_port), marked, through}};
    BOOST_TEST(attempts.connect(address("10.9.0.1"), 1, 0).value() == ENETUNREACH);
    BOOST_TEST(!attempts.connect(address("10.9.0.1"), 2, 1));
    BOOST_TEST(!attempts.connect(loopback(Family::ipv4), 3, 2));
    BOOST_TEST(attempts.outcome(3).error.value() == ECONNREFUSED);
  });
}

// A SYN to a free port from the very same port opens a connection to itself.
BOOST_AUTO_TEST_CASE(a_connection_to_itself_is_a_closed_port) {
  in_namespace([] {
    ProbeOptions itself = to_port(closed_port), label = to_port(closed_port);
    itself.source_port = label.source_port = closed_port;
    label.flow_label = 5;
    Attempts attempts{{itself, label}};
    std::uint64_t token = 0;
    for (const char* to : {"127.0.0.1", "::1"})
      for (const auto profile : std::array<std::uint16_t, 2>{0, 1}) {
        if (profile == 1 && to[0] != ':') continue;
        BOOST_TEST(!attempts.connect(address(to), ++token, profile));
        const net::Connected& outcome = attempts.outcome(token);
        BOOST_TEST(outcome.error.value() == ECONNREFUSED);
        BOOST_TEST((!outcome.report && !outcome.rtt));
      }
    BOOST_TEST(read_file("/proc/self/net/sockstat").find(" tw 0 ") != std::string::npos);
  });
}

// The kernel may choose the destination port as the source port, since it has few to choose from.
BOOST_AUTO_TEST_CASE(free_ports_of_this_host_are_refused_however_often_they_are_tried) {
  in_namespace([] {
    run("sysctl -q -w net.ipv4.ip_local_port_range='40000 40007'");
    std::vector<ProbeOptions> profiles;
    for (std::uint16_t port = 40'000; port < 40'008; ++port) profiles.push_back(to_port(port));
    Attempts attempts{profiles};
    std::uint64_t token = 0;
    for (int i = 0; i < 50; ++i)
      for (const char* to : {"127.0.0.1", "::1"})
        for (std::uint16_t profile = 0; profile < profiles.size(); ++profile) {
          BOOST_TEST(!attempts.connect(address(to), ++token, profile));
          BOOST_TEST(attempts.outcome(token).error.value() == ECONNREFUSED);
        }
  });
}

BOOST_AUTO_TEST_CASE(a_given_port_that_is_connected_there_is_in_use) {
  in_namespace([] {
    furnish_firewall();
    ProbeOptions probe = to_port(silent_port), flow = probe;
    probe.source_port = 5555;
    flow.flow = 3;
    Attempts attempts{{probe, flow}};
    for (const auto profile : std::array<std::uint16_t, 2>{0, 1}) {
      const std::uint64_t token = profile * 10U;
      BOOST_TEST(!attempts.connect(loopback(Family::ipv4), token, profile));
      BOOST_TEST(attempts.connect(loopback(Family::ipv4), token + 1, profile).value() == EADDRINUSE);
      attempts.io().abandon(token);
      BOOST_TEST(!attempts.connect(loopback(Family::ipv4), token + 1, profile));
    }
  });
}

// A server that closes at once, without a read or with a reset, still counts as connected.
BOOST_AUTO_TEST_CASE(a_connection_that_is_reset_at_once_was_connected) {
  in_namespace([] {
    const os::FileDescriptor server = listen_on(open_port);
    Attempts attempts{{to_port(open_port)}};
    for (std::uint64_t token = 1; token <= 20; ++token) {
      BOOST_TEST(!attempts.connect(loopback(Family::ipv4), token));
      pollfd waiting{.fd = server.value(), .events = POLLIN, .revents = 0};
      BOOST_TEST_REQUIRE(::poll(&waiting, 1, 20'000) == 1);
      const os::FileDescriptor accepted{::accept(server.value(), nullptr, nullptr)};
      const linger at_once{.l_onoff = token % 2 == 0 ? 1 : 0, .l_linger = 0};
      ::setsockopt(accepted.value(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    for (std::uint64_t token = 1; token <= 20; ++token) BOOST_TEST(!attempts.outcome(token).error);
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace multiping::test
