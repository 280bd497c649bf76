// SocketPacketIo over real sockets, with helpers that several tests use.
// Header only.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "linux/socket_packet_io.hpp"
#include "netns/through_broker.hpp"
#include "proxy/broker_sockets.hpp"
#include "support/hex.hpp"

namespace multiping::test {

inline Address address(std::string_view text) { return Address::parse(text).value(); }

inline net::Instant soon(net::PacketIo& io) { return net::after(io.now(), std::chrono::seconds{20}); }

/// Waits until `done`; the limit is longer than any working machine needs.
inline void wait_until(net::PacketIo& io, const std::function<bool()>& done) {
  const net::Instant limit = soon(io);
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
  explicit IoUnderTest(TransportKind kind, std::vector<ProbeOptions> shapes = {}, std::size_t targets = 100)
      : io_{kind_here(kind),
            {},
            {.shapes = std::move(shapes), .targets = targets},
            {.broker = access(kind_here(kind))}} {}

  [[nodiscard]] os::SocketPacketIo& io() noexcept { return io_; }

  /// The lane of a shape, which must have one.
  net::Lane lane(Family family, std::uint16_t shape = 0, unsigned turn = 0) {
    const net::Way way = io_.way(family, shape, turn);
    BOOST_REQUIRE_MESSAGE(way.kind == net::Way::Kind::lane, way.doing << ": " << way.error.message());
    return way.lane;
  }

  /// Sends one message of each of `shapes` to `to` in one call.
  net::SendReport send(const Address& to, const Bytes& message, std::vector<std::uint16_t> shapes = {0}) {
    std::vector<net::Outgoing> messages;
    for (const std::uint16_t shape : shapes) messages.push_back({.to = &to, .bytes = message, .shape = shape});
    return io_.send(lane(to.family(), shapes.front()), messages);
  }

  Heard hear(net::Lane lane) {
    Heard heard;
    wait_until(io_, [&] {
      bool more = false;
      for (const net::Incoming& packet : io_.receive(lane, more))
        heard = {.packet = packet, .bytes = {packet.bytes.begin(), packet.bytes.end()}};
      return !heard.bytes.empty();
    });
    return heard;
  }

  HeardError hear_error(net::Lane lane) {
    HeardError heard;
    wait_until(io_, [&] {
      bool more = false;
      for (const net::QueuedError& error : io_.receive_errors(lane, more))
        heard = {.error = error, .quoted = {error.quoted.begin(), error.quoted.end()}};
      return heard.error.type != 0;
    });
    return heard;
  }

 private:
  static os::BrokerAccess access(TransportKind kind) {
    if (kind != TransportKind::broker) return {};
    return {.sockets = std::make_shared<proxy::BrokerSockets>(TransportOptions{}.broker, 0)};
  }

  os::SocketPacketIo io_;
};

}  // namespace multiping::test
