// A PacketIo that pings through an icmp4em-compatible UDP proxy: it sends echo requests as datagrams of the proxy's
// protocol, over the UDP sockets of the PacketIo below. That one serves everything else directly. See
// proxy_translator.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/token_buckets.hpp"
#include "icmp4em/proxy_translator.hpp"
#include "net/packet_io.hpp"

namespace multiping::icmp4em {

/// The address and port at which a proxy listens.
struct ProxyAddress {
  Address address{};
  std::uint16_t port = 0;
};

class ProxyPacketIo final : public net::PacketIo {
 public:
  /// While replies are awaited, a keep-alive is sent this often: nothing else would tell that the proxy is gone.
  static constexpr Duration keep_alive_period = std::chrono::milliseconds{250};
  /// Requests that may wait in the proxy's receive buffer. They fill a small part of a usual buffer; a full
  /// buffer drops them without an error.
  static constexpr std::size_t most_fresh = 128;
  /// Rate and burst of this object's requests: less than multipingd accepts from one client by default.
  static constexpr Rate pace{.per_second = 8'000, .burst = 1'024};
  /// After the proxy refused requests as too many, no request is sent for this long: each refused request is a probe
  /// that ends without an answer.
  static constexpr Duration pause = std::chrono::milliseconds{50};

  /// `io` has no profiles yet: the constructor sets those of `request`, and one for the proxy's datagrams. `random`
  /// must be random bits that nothing else uses.
  ProxyPacketIo(std::unique_ptr<net::PacketIo> io, const ProxyAddress& proxy, const net::SocketsNeeded& request,
                std::uint64_t random);

  /// Sends a keep-alive to the proxy, and waits up to `time` for an error, such as ECONNREFUSED when no proxy listens.
  /// None when no error comes.
  [[nodiscard]] std::error_code look_for_proxy(Duration time);

  [[nodiscard]] Instant now() noexcept override { return io_->now(); }
  [[nodiscard]] Duration wall_offset() noexcept override { return io_->wall_offset(); }
  void set_profile(net::ProfileNumber profile, const ProbeOptions& options) override;
  net::SendPath way(Family family, net::ProfileNumber profile, unsigned turn) override;
  [[nodiscard]] std::span<const net::SocketId> sockets() const noexcept override { return io_->sockets(); }
  [[nodiscard]] const net::Channel& channel(net::SocketId socket_id) const noexcept override;
  [[nodiscard]] Address source(net::SocketId socket_id, const Address& to, net::ProfileNumber profile) override;
  net::SendReport send(net::SocketId socket_id, std::span<const net::Outgoing> messages) override;
  [[nodiscard]] Instant room_at() const noexcept override;
  std::span<const net::Incoming> receive(net::SocketId socket_id, bool& more) override;
  std::span<const net::QueuedError> receive_errors(net::SocketId socket_id, bool& more) override;
  std::error_code connect(const net::Connecting& connecting) override;
  std::span<const net::Connected> connections(bool& more) override { return io_->connections(more); }
  void give_back(Taken what, net::SocketId socket_id, std::size_t count) noexcept override;
  void abandon(std::uint64_t token) noexcept override { io_->abandon(token); }
  [[nodiscard]] bool is_own(const Address& address, Protocol protocol) override {
    return io_->is_own(address, protocol);
  }
  [[nodiscard]] Instant next_chore() const noexcept override;
  void wait(Instant until) override;
  void wake() noexcept override { io_->wake(); }
  [[nodiscard]] net::Drops drops() noexcept override { return io_->drops(); }
  [[nodiscard]] int native_handle() noexcept override { return io_->native_handle(); }

 private:
  /// The echo requests of a family, and the UDP socket that sends them.
  struct Path {
    ProxyTranslator echoes;
    unsigned turn;  ///< Selects a source port that no probe of the caller has.
    std::optional<net::SocketId> socket_id{};
    Instant keep_alive_at{};     ///< Time of the next keep-alive, while a reply is awaited.
    std::size_t given_back = 0;  ///< receive() returns so many of the last heard replies again.
  };

  [[nodiscard]] Path& path(Family family) noexcept { return paths_[family == Family::ipv4 ? 0 : 1]; }
  [[nodiscard]] const Path* path_of(net::SocketId socket_id) const noexcept;
  [[nodiscard]] Path* path_of(net::SocketId socket_id) noexcept;
  [[nodiscard]] net::SendPath open(Path& path);
  [[nodiscard]] std::size_t room() const noexcept;
  net::SendReport send_requests(Path& path, std::span<const net::Outgoing> messages);
  [[nodiscard]] bool may_send(Instant now);
  void keep_alive(Path& path);
  [[nodiscard]] std::error_code send_keep_alive(Path& path);
  [[nodiscard]] bool is_proxy(const Address& address, std::uint16_t port) const noexcept;

  std::unique_ptr<net::PacketIo> io_;
  ProxyAddress proxy_;
  std::vector<ProbeOptions> profiles_;
  std::array<Path, 2> paths_;  ///< IPv4, IPv6.
  std::vector<std::vector<std::uint8_t>> frames_;
  std::vector<net::Outgoing> outgoing_;
  TokenBuckets<std::uint8_t> pacing_{pace, 1};
  Instant paused_until_{};
  std::error_code last_error_{};  ///< The last error of a datagram to the proxy.
};

}  // namespace multiping::icmp4em
