// Both ends of icmp4em's proxy protocol, for tests: a server whose loop runs in a thread, and clients that exchange
// bytes with it. To show that a datagram does not come, a test waits for a later one.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/multipingd/icmp4em/icmp4em_server.hpp"
#include "icmp4em/icmp4em_frames.hpp"
#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"
#include "support/hex.hpp"

namespace multiping::test {
inline namespace peers {

using daemon::Icmp4emFigures;
using daemon::Icmp4emPolicy;
using daemon::Icmp4emServer;

inline constexpr std::chrono::milliseconds patience{10'000};

inline Address address(const std::string& text) { return Address::parse(text).value(); }

inline os::FileDescriptor udp_socket(const Address& at, bool v6_only = true) {
  os::FileDescriptor socket = os::open_socket(at.family(), SOCK_DGRAM, 0);
  if (at.family() == Family::ipv6) os::set_option(socket.value(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only ? 1 : 0);
  os::raise_buffer(socket.value(), SO_RCVBUF, SO_RCVBUFFORCE, std::size_t{8} << 20U);
  BOOST_REQUIRE(os::bind_to(socket.value(), at.family(), at, 0));
  return socket;
}

/// A server that serves until it is destroyed.
class RunningServer {
 public:
  explicit RunningServer(const Address& at, Icmp4emPolicy policy = {}, bool v6_only = true)
      : at_{at}, null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)}, bell_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    os::FileDescriptor udp = udp_socket(at, v6_only);
    port_ = os::bound_port(udp.value());
    constexpr std::size_t room = std::size_t{4} << 20U;
    server_.emplace(loop_, log_,
                    daemon::Icmp4emServerSetup{.udp = std::move(udp),
                                               .v4 = os::open_ping_socket(Family::ipv4, {}, room),
                                               .v6 = os::open_ping_socket(Family::ipv6, {}, room),
                                               .policy = std::move(policy)});
    loop_.watch(bell_.value(), [this] { answer_bell(); });
    thread_ = std::thread{[this] { loop_.run(); }};
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;
  ~RunningServer() {
    in_loop([this](Icmp4emServer&) { loop_.stop(); });
    thread_.join();
  }

  [[nodiscard]] const Address& at() const noexcept { return at_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Calls `what` in the server's thread, and waits until it returns.
  void in_loop(const std::function<void(Icmp4emServer&)>& what) {
    std::promise<void> done;
    task_ = [&] {
      what(*server_);
      done.set_value();
    };
    const std::uint64_t ring = 1;
    BOOST_REQUIRE(::write(bell_.value(), &ring, sizeof ring) == static_cast<ssize_t>(sizeof ring));
    done.get_future().wait();
  }

  [[nodiscard]] Icmp4emFigures figures() {
    Icmp4emFigures copy;
    in_loop([&](Icmp4emServer& server) { copy = server.figures(); });
    return copy;
  }

 private:
  void answer_bell() {
    std::uint64_t rings = 0;
    if (::read(bell_.value(), &rings, sizeof rings) == static_cast<ssize_t>(sizeof rings)) task_();
  }

  Address at_;
  os::FileDescriptor null_;
  os::FileDescriptor bell_;
  Log log_{null_.value()};
  os::EventLoop loop_{};
  std::optional<Icmp4emServer> server_{};
  std::uint16_t port_ = 0;
  std::function<void()> task_{};
  std::thread thread_{};
};

/// A client with its own socket.
class Asker {
 public:
  explicit Asker(const RunningServer& server, const Address& from = {}) : Asker{server.at(), server.port(), from} {}
  Asker(const Address& server, std::uint16_t port, const Address& from)
      : socket_{os::open_socket(server.family(), SOCK_DGRAM, 0)} {
    if (from) BOOST_REQUIRE(os::bind_to(socket_.value(), from.family(), from, 0));
    os::SocketAddress to{};
    const socklen_t length = os::to_socket_address(server, to);
    os::set_port(to, port);
    BOOST_REQUIRE(::connect(socket_.value(), &to.any, length) == 0);
  }

  [[nodiscard]] int socket() const noexcept { return socket_.value(); }

  /// Waits when there is no room to send.
  void send(const Bytes& datagram) const {
    while (::send(socket_.value(), datagram.data(), datagram.size(), 0) < 0 && errno == EAGAIN)
      BOOST_REQUIRE(wait(POLLOUT, patience));
  }
  void ask(const std::string& destination, std::uint16_t id, std::uint16_t sequence, const Bytes& payload = {}) const {
    send(icmp4em::encode(icmp4em::Icmp4emRequest{
        .destination = address(destination), .id = id, .sequence = sequence, .payload = payload}));
  }

  /// The next datagram; none when no datagram comes within `limit`.
  [[nodiscard]] std::optional<Bytes> receive(std::chrono::milliseconds limit = patience) const {
    if (!wait(POLLIN, limit)) return std::nullopt;
    Bytes bytes(65536);
    const ssize_t got = ::recv(socket_.value(), bytes.data(), bytes.size(), 0);
    if (got < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  [[nodiscard]] bool wait(short events, std::chrono::milliseconds limit) const {
    pollfd poll{.fd = socket_.value(), .events = events, .revents = 0};
    return ::poll(&poll, 1, static_cast<int>(limit.count())) > 0;
  }
  os::FileDescriptor socket_;
};

/// Checks that the next datagram is this reply.
inline void check_reply(const Asker& asker, std::uint16_t id, std::uint16_t sequence, const Bytes& payload = {}) {
  const auto datagram = asker.receive();
  BOOST_REQUIRE_MESSAGE(datagram, "no reply to " << id << "/" << sequence);
  const auto reply = icmp4em::parse_icmp4em_reply(*datagram);
  BOOST_REQUIRE_MESSAGE(reply, "no echo reply to " << id << "/" << sequence);
  BOOST_TEST(reply->id == id);
  BOOST_TEST(reply->sequence == sequence);
  BOOST_TEST(std::ranges::equal(reply->payload, payload));
}

/// Checks that the next datagram is an error of this type and code about this request. Returns its MTU.
inline std::uint16_t check_error(const Asker& asker, std::pair<int, int> type_and_code, std::uint16_t id,
                                 std::uint16_t sequence) {
  const auto datagram = asker.receive();
  BOOST_REQUIRE_MESSAGE(datagram, "no error about " << id << "/" << sequence);
  const auto error = icmp4em::parse_icmp4em_error(*datagram);
  BOOST_REQUIRE_MESSAGE(error, "no ICMP error about " << id << "/" << sequence);
  BOOST_TEST(error->type == type_and_code.first);
  BOOST_TEST(error->code == type_and_code.second);
  BOOST_TEST(error->id == id);
  BOOST_TEST(error->sequence == sequence);
  return error->mtu;
}

}  // namespace peers
}  // namespace multiping::test
