// SocketPacketIo over real sockets, with helpers that several tests use.
// Header only.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "broker/broker_sockets.hpp"
#include "netns/through_broker.hpp"
#include "os/socket_packet_io.hpp"
#include "support/hex.hpp"

namespace multiping::test {

inline Address address(std::string_view text) { return Address::parse(text).value(); }

inline Instant soon(net::PacketIo& io) { return after(io.now(), std::chrono::seconds{20}); }

/// Waits until `done`; the limit is longer than any working machine needs.
inline void wait_until(net::PacketIo& io, const std::function<bool()>& done) {
  const Instant limit = soon(io);
  while (!done()) {
    BOOST_REQUIRE_MESSAGE(io.now() < limit, "what is waited for does not come");
    io.wait(limit);
  }
}

/// A packet that owns its bytes.
struct Heard {
  net::Incoming packet{};
  Bytes bytes{};
};
struct HeardError {
  net::QueuedError error{};
  Bytes quoted{};
};

class IoUnderTest {
 public:
  explicit IoUnderTest(TransportKind kind, std::vector<ProbeOptions> profiles = {}, std::size_t targets = 100)
      : io_{kind_here(kind),
            {},
            {.profiles = std::move(profiles), .targets = targets},
            {.broker = access(kind_here(kind))}} {}

  [[nodiscard]] os::SocketPacketIo& io() noexcept { return io_; }

  /// The socket of a profile, which must have one.
  net::SocketId socket_id(Family family, std::uint16_t profile = 0, unsigned turn = 0) {
    const net::SendPath way = io_.way(family, profile, turn);
    BOOST_REQUIRE_MESSAGE(way.kind == net::SendPath::Kind::socket_id, way.doing << ": " << way.error.message());
    return way.socket_id;
  }

  /// Sends one message of each of `profiles` to `to` in one call.
  net::SendReport send(const Address& to, const Bytes& message, std::vector<std::uint16_t> profiles = {0}) {
    std::vector<net::Outgoing> messages;
    for (const std::uint16_t profile : profiles) messages.push_back({.to = &to, .bytes = message, .profile = profile});
    return io_.send(socket_id(to.family(), profiles.front()), messages);
  }

  Heard hear(net::SocketId socket_id) {
    Heard heard;
    wait_until(io_, [&] {
      bool more = false;
      for (const net::Incoming& packet : io_.receive(socket_id, more))
        heard = {.packet = packet, .bytes = {packet.bytes.begin(), packet.bytes.end()}};
      return !heard.bytes.empty();
    });
    return heard;
  }

  HeardError hear_error(net::SocketId socket_id) {
    HeardError heard;
    wait_until(io_, [&] {
      bool more = false;
      for (const net::QueuedError& error : io_.receive_errors(socket_id, more))
        heard = {.error = error, .quoted = {error.quoted.begin(), error.quoted.end()}};
      return heard.error.type != 0;
    });
    return heard;
  }

 private:
  static os::BrokerAccess access(TransportKind kind) {
    if (kind != TransportKind::broker) return {};
    return {.sockets = std::make_shared<broker::BrokerSockets>(TransportOptions{}.broker, 0)};
  }

  os::SocketPacketIo io_;
};

}  // namespace multiping::test
