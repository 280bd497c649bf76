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
    net::SocketId socket_id = 0;
    Address to{};
    Bytes bytes{};
  };
  /// A socket, and the packets and errors that wait in its socket.
  struct Socket {
    net::Channel channel{};
    ProbeOptions options{};
    unsigned turn = 0;
    std::deque<net::Incoming> packets{};
    std::deque<net::QueuedError> errors{};
  };

  explicit ScriptedPacketIo(std::vector<ProbeOptions> profiles) : profiles_{std::move(profiles)} {}

  // The test sets these.
  Instant time{std::chrono::seconds{100}};
  bool ping_sockets = false;
  std::size_t receive_room = 256;
  Address host_v4 = Address::v4({198, 51, 100, 1});
  std::size_t most_accepted = ~std::size_t{0};  ///< Messages that one send() accepts; the next one is refused.
  std::error_code refusal{};
  Duration send_time{};                          ///< How long one send() takes.
  std::deque<std::error_code> connect_errors{};  ///< The results of the next calls of connect().
  std::deque<net::Connected> decided{};
  /// way() calls this first; it may throw. If it returns nothing, this class chooses the way.
  std::function<std::optional<net::SendPath>(Family family, net::ProfileNumber profile, unsigned turn)> way_script{};
  net::Drops dropped{};
  void deliver(net::SocketId socket_id, const net::Incoming& packet) { scripted[socket_id].packets.push_back(packet); }
  void report(net::SocketId socket_id, const net::QueuedError& error) { scripted[socket_id].errors.push_back(error); }
  /// Keeps bytes for as long as this object lives.
  std::span<const std::uint8_t> keep(Bytes bytes) { return kept_.emplace_back(std::move(bytes)); }

  // The test reads these.
  std::vector<Sent> sent{};
  std::vector<std::size_t> batches{};  ///< The number of messages in each call of send().
  std::vector<Socket> scripted{};
  std::vector<std::uint64_t> connecting{}, abandoned{};
  int ways_asked = 0;

  // The functions of PacketIo.
  [[nodiscard]] Instant now() noexcept override { return time; }
  void set_profile(net::ProfileNumber profile, const ProbeOptions& options) override {
    if (profile >= profiles_.size()) profiles_.resize(std::size_t{profile} + 1);
    profiles_[profile] = options;
  }
  net::SendPath way(Family family, net::ProfileNumber profile, unsigned turn) override {
    ++ways_asked;
    if (way_script)
      if (auto way = way_script(family, profile, turn)) return *way;
    const ProbeOptions& options = profiles_.at(profile);
    if (options.protocol == Protocol::tcp && !options.half_open) return {.kind = net::SendPath::Kind::connection};
    return {.kind = net::SendPath::Kind::socket_id, .socket_id = socket_id_for(family, options, turn)};
  }
  [[nodiscard]] std::span<const net::SocketId> sockets() const noexcept override { return open_; }
  [[nodiscard]] const net::Channel& channel(net::SocketId socket_id) const noexcept override {
    return scripted[socket_id].channel;
  }
  [[nodiscard]] Address source(net::SocketId, const Address&, net::ProfileNumber) override { return host_v4; }

  net::SendReport send(net::SocketId socket_id, std::span<const net::Outgoing> messages) override {
    batches.push_back(messages.size());
    net::SendReport done{.accepted = std::min(messages.size(), most_accepted), .started = time};
    done.finished = time += send_time;
    for (const net::Outgoing& message : messages.first(done.accepted))
      sent.push_back({socket_id, *message.to, {message.bytes.begin(), message.bytes.end()}});
    if (done.accepted < messages.size()) done.refused = refusal;
    return done;
  }
  std::span<const net::Incoming> receive(net::SocketId socket_id, bool& more) override {
    const auto packets = hand_over(scripted[socket_id].packets, packets_, more);
    if (!scripted[socket_id].errors.empty()) more = false;  // an error ends a call that reads packets
    return packets;
  }
  std::span<const net::QueuedError> receive_errors(net::SocketId socket_id, bool& more) override {
    return hand_over(scripted[socket_id].errors, errors_, more);
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
  void wait(Instant until) override { time = std::max(time, until); }
  void wake() noexcept override {}
  [[nodiscard]] net::Drops drops() noexcept override { return dropped; }
  [[nodiscard]] int native_handle() noexcept override { return -1; }
  [[nodiscard]] bool renew() noexcept override { return true; }

 private:
  static constexpr std::size_t most_per_call = 2;  ///< So few that draining a socket takes several calls.

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

  net::SocketId socket_id_for(Family family, const ProbeOptions& options, unsigned turn) {
    const Protocol protocol = options.protocol;
    if (protocol != Protocol::udp || options.source_port != 0) turn = 0;
    for (const net::SocketId socket_id : open_) {
      const Socket& socket = scripted[socket_id];
      if (socket.channel.family == family && socket.channel.protocol == protocol && socket.turn == turn &&
          socket.options.device == options.device && socket.options.source_port == options.source_port &&
          (protocol == Protocol::icmp || socket.options.flow == options.flow))
        return socket_id;
    }
    return open_socket_id({.family = family, .protocol = protocol}, options, turn);
  }

  net::SocketId open_socket_id(net::Channel channel, const ProbeOptions& options, unsigned turn) {
    const auto socket_id = static_cast<net::SocketId>(scripted.size());
    channel.kernel_owns_id = channel.protocol == Protocol::icmp && ping_sockets;
    channel.id = static_cast<std::uint16_t>(options.source_port);
    if (channel.id == 0 && channel.protocol != Protocol::sctp)
      channel.id = static_cast<std::uint16_t>(40'000 + socket_id);
    channel.receive_room = receive_room;
    scripted.push_back({.channel = channel, .options = options, .turn = turn});
    open_.push_back(socket_id);
    return socket_id;
  }

  std::vector<ProbeOptions> profiles_;
  std::vector<net::SocketId> open_;
  std::deque<Bytes> kept_;
  std::vector<net::Incoming> packets_;
  std::vector<net::QueuedError> errors_;
  std::vector<net::Connected> connected_;
};

}  // namespace multiping::test
