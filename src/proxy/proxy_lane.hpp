// Speaks icmp4em's proxy protocol for the echo requests of one family: our messages to requests, what comes from the
// proxy back to what the lane's channel promises. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "net/packet_io.hpp"
#include "proxy/icmp4em_frames.hpp"
#include "proxy/proxy_table.hpp"

namespace multiping::proxy {

/// Why a message cannot go through a proxy at all; none when it can. A zone is an interface of this host, and means
/// nothing where the proxy is.
[[nodiscard]] std::error_code proxy_objection(const net::Outgoing& message) noexcept;

/// What the kernel says of a request that could not be delivered to the proxy: ECONNREFUSED where nobody listens.
[[nodiscard]] std::error_code delivery_error(const net::QueuedError& queued, Family proxy) noexcept;

class ProxyLane {
 public:
  /// `id` is what the messages of the lane have for identifier; requests are numbered from `first_number` on.
  ProxyLane(Family family, std::uint16_t id, std::uint32_t first_number);

  [[nodiscard]] const net::Channel& channel() const noexcept { return channel_; }
  void set_receive_room(std::size_t room) noexcept { channel_.receive_room = room; }
  [[nodiscard]] ProxyTable& table() noexcept { return table_; }
  [[nodiscard]] const ProxyTable& table() const noexcept { return table_; }

  /// The request for a message to which there is no objection. It is in the table from now on.
  ///
  /// icmp4em's own proxy cuts zeros and spaces off the end of a payload, so one byte 0xff is put behind a payload that
  /// ends with one; it is taken off the reply.
  [[nodiscard]] std::vector<std::uint8_t> request(const net::Outgoing& message, net::Instant now);

  /// A frame that every proxy passes over, original or not, since no echo request is in it. Sent while replies are
  /// awaited, so that the kernel says when nobody listens there any more.
  [[nodiscard]] std::span<const std::uint8_t> keep_alive() const noexcept { return keep_alive_; }

  /// A datagram from the proxy, or one that should be and is not.
  void take(const net::Incoming& datagram, bool from_proxy);
  /// What was taken, as packets of this lane, until clear_heard(). The address asked is the source of a reply: the
  /// proxy does not say who replied, and the tag, which covers address, identifier and sequence number, proves that it
  /// was one who had seen the request.
  [[nodiscard]] std::span<const net::Incoming> heard() const noexcept { return heard_; }
  void clear_heard() noexcept;

  /// A datagram did not reach the proxy. A request is given up; without a listener, and with a keep-alive, all that is
  /// awaited is. What is neither, or quotes too little to be known, proves nothing.
  void undelivered(std::span<const std::uint8_t> datagram, std::error_code error, const net::Arrival& arrival);

  /// Whether the proxy has refused requests for their number since the last look.
  [[nodiscard]] bool was_quenched() noexcept { return std::exchange(quenched_, false); }

  /// What the proxy and this host told of messages, each once and as much as one call can hold; valid until the next
  /// call.
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
  ProxyTable table_;
  std::vector<std::uint8_t> keep_alive_;
  std::vector<std::uint8_t> padded_payload_;
  std::vector<net::Incoming> heard_;
  std::deque<std::vector<std::uint8_t>> heard_bytes_;  ///< Of heard_, in order; more of them than needed.
  std::deque<Told> told_;
  std::vector<Told> handed_;
  std::vector<net::QueuedError> handed_errors_;
  bool quenched_ = false;
};

}  // namespace multiping::proxy
