// Speaks icmp4em's proxy protocol for the echo requests of one family. It turns our messages into requests, and the
// proxy's datagrams into the packets and errors that a socket gives. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "icmp4em/icmp4em_frames.hpp"
#include "icmp4em/proxy_requests.hpp"
#include "net/packet_io.hpp"

namespace multiping::icmp4em {

/// Why a message cannot go through a proxy; none when it can. A message to an address with a zone cannot: a zone is an
/// interface of this host, and has no meaning for the proxy.
[[nodiscard]] std::error_code proxy_objection(const net::Outgoing& message) noexcept;

/// The error of a request that could not be delivered to the proxy: ECONNREFUSED when no proxy listens, EMSGSIZE when
/// the datagram was too big, else EHOSTUNREACH.
[[nodiscard]] std::error_code delivery_error(const net::QueuedError& queued, Family proxy) noexcept;

class ProxyTranslator {
 public:
  /// `id` is the identifier of the socket's messages. Requests are numbered from `first_number` on.
  ProxyTranslator(Family family, std::uint16_t id, std::uint32_t first_number);

  [[nodiscard]] const net::Channel& channel() const noexcept { return channel_; }
  void set_receive_room(std::size_t room) noexcept { channel_.receive_room = room; }
  [[nodiscard]] ProxyRequests& table() noexcept { return table_; }
  [[nodiscard]] const ProxyRequests& table() const noexcept { return table_; }

  /// Makes the request for a message, and adds it to the table. proxy_objection() must be none for the message.
  ///
  /// icmp4em's own proxy cuts zeros and spaces off the end of a payload. So a payload that ends with one gets one more
  /// byte 0xff, which is removed from the reply.
  [[nodiscard]] std::vector<std::uint8_t> request(const net::Outgoing& message, Instant now);

  /// A frame that every proxy ignores, because it holds no echo request. It is sent while replies are awaited, so that
  /// the kernel reports an error when no proxy listens any more.
  [[nodiscard]] std::span<const std::uint8_t> keep_alive() const noexcept { return keep_alive_; }

  /// Takes in a datagram. `from_proxy` is false for one that does not come from the proxy's address and port.
  void take(const net::Incoming& datagram, bool from_proxy);
  /// The datagrams that were taken, as packets of this socket, until clear_heard(). The source of a reply is the
  /// address that was pinged: the proxy does not say which host replied. The tag, which covers address, identifier and
  /// sequence number, proves that the sender had seen the request.
  [[nodiscard]] std::span<const net::Incoming> heard() const noexcept { return heard_; }
  void clear_heard() noexcept;

  /// Takes in an error about a datagram that did not reach the proxy. A request is given up. All awaited requests are
  /// given up when no proxy listens (ECONNREFUSED), or when the datagram was a keep-alive. A datagram that is neither,
  /// or whose quote is too short to tell, is ignored.
  void undelivered(std::span<const std::uint8_t> datagram, std::error_code error, const net::Arrival& arrival);

  /// Whether the proxy has refused requests as too many since the last call.
  [[nodiscard]] bool was_quenched() noexcept { return std::exchange(quenched_, false); }

  /// Errors about messages, from the proxy and from this host. Each is returned once, at most 64 in one call; `more` is
  /// set when others are left. Valid until the next call.
  [[nodiscard]] std::span<const net::QueuedError> told(bool& more);
  [[nodiscard]] bool has_told() const noexcept { return !told_.empty(); }

 private:
  struct Told {
    std::vector<std::uint8_t> quoted{};
    net::QueuedError error{};
  };

  void hear(const net::Incoming& packet, std::uint16_t sequence, std::span<const std::uint8_t> payload);
  void refuse(const net::Incoming& datagram);
  void take_reply(const Icmp4emReply& reply, const net::Incoming& datagram);
  void take_error(const Icmp4emError& error, const net::Incoming& datagram);
  [[nodiscard]] const ProxyEntry* entry_of(const Icmp4emError& error) const noexcept;
  void tell(const ProxyEntry& entry, std::span<const std::uint8_t> payload, net::QueuedError error);
  void give_up(std::uint32_t number, std::error_code error, const net::Arrival& arrival);

  net::Channel channel_;
  ProxyRequests table_;
  std::vector<std::uint8_t> keep_alive_;
  std::vector<std::uint8_t> padded_payload_;
  std::vector<net::Incoming> heard_;
  std::deque<std::vector<std::uint8_t>> heard_bytes_;  ///< The bytes of heard_, in order; may have more elements.
  std::deque<Told> told_;
  std::vector<Told> handed_;
  std::vector<net::QueuedError> handed_errors_;
  bool quenched_ = false;
};

}  // namespace multiping::icmp4em
