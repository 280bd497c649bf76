// The byte-level interface with a test in the kernel's place: the test sees each message and chooses what comes in.
// It knows no protocol; the one in sim/ does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "net/packet_io.hpp"
#include "support/hex.hpp"

namespace multiping::test {

inline std::error_code system_error(std::errc error) {
  return {static_cast<int>(error), std::system_category()};  // as a system call reports it
}

class ScriptedPacketIo final : public net::PacketIo {
 public:
  /// A message that the transport sent.
  struct Sent {
    net::Lane lane = 0;
    Address to{};
    Bytes bytes{};
  };
  /// A lane, and the packets and errors that wait in its socket.
  struct Socket {
    net::Channel channel{};
    ProbeOptions options{};
    unsigned turn = 0;
    std::deque<net::Incoming> packets{};
    std::deque<net::QueuedError> errors{};
  };

  explicit ScriptedPacketIo(std::vector<ProbeOptions> shapes) : shapes_{std::move(shapes)} {}

  // The test sets these.
  net::Instant time{std::chrono::seconds{100}};
  bool ping_sockets = false;
  std::size_t receive_room = 256;
  Address host_v4 = Address::v4({198, 51, 100, 1});
  std::size_t most_accepted = ~std::size_t{0};  ///< Messages that one send() accepts; the next one is refused.
  std::error_code refusal{};
  Duration send_time{};                          ///< How long one send() takes.
  std::deque<std::error_code> connect_errors{};  ///< The results of the next calls of connect().
  std::deque<net::Connected> decided{};
  /// way() calls this first; it may throw. If it returns nothing, this class chooses the way.
  std::function<std::optional<net::Way>(Family family, net::ShapeNumber shape, unsigned turn)> way_script{};
  net::Drops dropped{};
  void deliver(net::Lane lane, const net::Incoming& packet) { sockets[lane].packets.push_back(packet); }
  void report(net::Lane lane, const net::QueuedError& error) { sockets[lane].errors.push_back(error); }
  /// Keeps bytes for as long as this object lives.
  std::span<const std::uint8_t> keep(Bytes bytes) { return kept_.emplace_back(std::move(bytes)); }

  // The test reads these.
  std::vector<Sent> sent{};
  std::vector<std::size_t> batches{};  ///< The number of messages in each call of send().
  std::vector<Socket> sockets{};
  std::vector<std::uint64_t> connecting{}, abandoned{};
  int ways_asked = 0;

  // The functions of PacketIo.
  [[nodiscard]] net::Instant now() noexcept override { return time; }
  void set_shape(net::ShapeNumber shape, const ProbeOptions& options) override {
    if (shape >= shapes_.size()) shapes_.resize(std::size_t{shape} + 1);
    shapes_[shape] = options;
  }
  net::Way way(Family family, net::ShapeNumber shape, unsigned turn) override {
    ++ways_asked;
    if (way_script)
      if (auto way = way_script(family, shape, turn)) return *way;
    const ProbeOptions& options = shapes_.at(shape);
    if (options.protocol == Protocol::tcp && !options.half_open) return {.kind = net::Way::Kind::connection};
    return {.kind = net::Way::Kind::lane, .lane = lane_for(family, options, turn)};
  }
  [[nodiscard]] std::span<const net::Lane> lanes() const noexcept override { return open_; }
  [[nodiscard]] const net::Channel& channel(net::Lane lane) const noexcept override { return sockets[lane].channel; }
  [[nodiscard]] Address source(net::Lane, const Address&, net::ShapeNumber) override { return host_v4; }

  net::SendReport send(net::Lane lane, std::span<const net::Outgoing> messages) override {
    batches.push_back(messages.size());
    net::SendReport done{.accepted = std::min(messages.size(), most_accepted), .started = time};
    done.finished = time += send_time;
    for (const net::Outgoing& message : messages.first(done.accepted))
      sent.push_back({lane, *message.to, {message.bytes.begin(), message.bytes.end()}});
    if (done.accepted < messages.size()) done.refused = refusal;
    return done;
  }
  std::span<const net::Incoming> receive(net::Lane lane, bool& more) override {
    const auto packets = hand_over(sockets[lane].packets, packets_, more);
    if (!sockets[lane].errors.empty()) more = false;  // an error ends a call that reads packets
    return packets;
  }
  std::span<const net::QueuedError> receive_errors(net::Lane lane, bool& more) override {
    return hand_over(sockets[lane].errors, errors_, more);
  }
  std::error_code connect(const net::Connecting& connecting_to) override {
    std::error_code error;
    if (!connect_errors.empty()) {
      error = connect_errors.front();
      connect_errors.pop_front();
    }
    if (!error) connecting.push_back(connecting_to.token);
    return error;
  }
  std::span<const net::Connected> connections(bool& more) override { return hand_over(decided, connected_, more); }
  void abandon(std::uint64_t token) noexcept override { abandoned.push_back(token); }
  void wait(net::Instant until) override { time = std::max(time, until); }
  void wake() noexcept override {}
  [[nodiscard]] net::Drops drops() noexcept override { return dropped; }
  [[nodiscard]] int native_handle() noexcept override { return -1; }

 private:
  static constexpr std::size_t most_per_call = 2;  ///< So few that draining a lane takes several calls.

  template <class Item>
  static std::span<const Item> hand_over(std::deque<Item>& waiting, std::vector<Item>& handed, bool& more) {
    handed.clear();
    while (!waiting.empty() && handed.size() < most_per_call) {
      handed.push_back(waiting.front());
      waiting.pop_front();
    }
    more = handed.size() == most_per_call;
    return handed;
  }

  [[nodiscard]] static net::Carrier carrier_of(Protocol protocol) {
    constexpr net::Carrier carriers[] = {net::Carrier::icmp, net::Carrier::udp, net::Carrier::tcp, net::Carrier::sctp};
    return carriers[static_cast<std::size_t>(protocol)];
  }

  net::Lane lane_for(Family family, const ProbeOptions& options, unsigned turn) {
    const net::Carrier carrier = carrier_of(options.protocol);
    if (carrier != net::Carrier::udp || options.source_port != 0) turn = 0;
    for (const net::Lane lane : open_) {
      const Socket& socket = sockets[lane];
      if (socket.channel.family == family && socket.channel.carrier == carrier && socket.turn == turn &&
          socket.options.device == options.device && socket.options.source_port == options.source_port &&
          (carrier == net::Carrier::icmp || socket.options.flow == options.flow))
        return lane;
    }
    return open_lane({.family = family, .carrier = carrier}, options, turn);
  }

  net::Lane open_lane(net::Channel channel, const ProbeOptions& options, unsigned turn) {
    const auto lane = static_cast<net::Lane>(sockets.size());
    channel.kernel_owns_id = channel.carrier == net::Carrier::icmp && ping_sockets;
    channel.id = static_cast<std::uint16_t>(options.source_port);
    if (channel.id == 0 && channel.carrier != net::Carrier::sctp)
      channel.id = static_cast<std::uint16_t>(40'000 + lane);
    channel.receive_room = receive_room;
    sockets.push_back({.channel = channel, .options = options, .turn = turn});
    open_.push_back(lane);
    return lane;
  }

  std::vector<ProbeOptions> shapes_;
  std::vector<net::Lane> open_;
  std::deque<Bytes> kept_;
  std::vector<net::Incoming> packets_;
  std::vector<net::QueuedError> errors_;
  std::vector<net::Connected> connected_;
};

}  // namespace multiping::test
