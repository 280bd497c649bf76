// The arrays that sendmmsg(2) and recvmmsg(2) work on, allocated once.
// No system call is made here.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "net/packet_io.hpp"
#include "os/socket_basics.hpp"

namespace multiping::os {

/// Room for a number of incoming packets with their addresses and control messages.
class RecvmmsgArrays {
 public:
  RecvmmsgArrays(std::size_t packets, std::size_t largest);

  /// Returns the headers, ready for recvmmsg(2), which overwrites the lengths in them. Without `addresses`, from()
  /// returns an empty address, and the system call costs less.
  [[nodiscard]] std::span<mmsghdr> fresh(bool addresses) noexcept;
  /// To be called when `packets` headers were filled since fresh(); the others can be used as they are.
  void filled(std::size_t packets) noexcept { stale_ = packets; }
  /// The room for one packet, in bytes.
  [[nodiscard]] std::size_t room() const noexcept { return largest_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return headers_.size(); }
  [[nodiscard]] std::span<const std::uint8_t> bytes(std::size_t packet) const noexcept;
  [[nodiscard]] const msghdr& header(std::size_t packet) const noexcept { return headers_[packet].msg_hdr; }
  [[nodiscard]] Address from(std::size_t packet) const noexcept;
  [[nodiscard]] std::uint16_t port(std::size_t packet) const noexcept { return port_of(places_[packet].name); }

 private:
  static constexpr std::size_t control_size = 256;
  struct alignas(cmsghdr) Control {
    std::uint8_t bytes[control_size];
  };

  /// The data that the header of a packet points to, besides the bytes of the packet.
  struct Place {
    SocketAddress name;
    iovec vector;
    Control control;
  };

  std::size_t largest_;
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::unique_ptr<Place[]> places_;
  std::vector<mmsghdr> headers_;
  std::size_t stale_;       ///< The number of headers, from the first on, to reset before a system call.
  bool addresses_ = false;  ///< The argument of the last call of fresh().
};

/// The parts that all messages of one profile have in common on the sockets of one family.
struct MessageLayout {
  std::vector<std::uint8_t> control{};  ///< Made by write_control(); a TTL comes first.
  std::uint16_t port = 0;               ///< The destination port of UDP; 0 for raw sockets, which take none.
};

/// Room for a number of outgoing messages; grows to the largest batch asked for.
class SendmmsgArrays {
 public:
  /// Returns the messages in the form that sendmmsg(2) takes.
  [[nodiscard]] std::span<mmsghdr> fill(std::span<const net::Outgoing> messages,
                                        std::span<const MessageLayout> profiles);

 private:
  void write_own_ttls(std::span<const net::Outgoing> messages, std::span<const MessageLayout> profiles);

  /// The data that the header of a message points to, besides its bytes and its control messages.
  struct Place {
    SocketAddress name;
    iovec vector;
  };

  std::vector<Place> places_;
  std::vector<mmsghdr> headers_;
  std::vector<std::uint8_t> controls_;  ///< The control messages of messages that have a TTL of their own.
};

}  // namespace multiping::os
