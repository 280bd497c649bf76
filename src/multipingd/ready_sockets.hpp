// Ping sockets that were made while the daemon still could give them large receive buffers, and those made later.
// One thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "linux/ping_socket.hpp"
#include "multiping/address.hpp"

namespace multiping::daemon {

class ReadySockets {
 public:
  explicit ReadySockets(std::size_t receive_buffer) noexcept : receive_buffer_{receive_buffer} {}

  /// Makes `count` of each family that this host has; a family without any is told by error_of(). Throws
  /// std::runtime_error when there is none of either.
  void make(std::size_t count);

  /// A ready one where the source may be any, else a new one.
  [[nodiscard]] os::PingSocket take(Family family, const Address& source, std::size_t receive_buffer);

  [[nodiscard]] std::size_t left(Family family) const noexcept;
  /// "cannot open a ping socket for ipv6: Address family not supported by protocol"; empty where it works.
  [[nodiscard]] std::string error_of(Family family) const;
  /// Bytes of the receive buffer that a socket has, as the kernel counts; 0: none opens.
  [[nodiscard]] std::size_t buffer_of_new() const;
  [[nodiscard]] std::size_t buffer_of_ready() const noexcept { return ready_buffer_; }

 private:
  bool fill(Family family, std::size_t count);

  std::size_t receive_buffer_;
  std::size_t ready_buffer_ = 0;
  std::map<Family, std::vector<os::PingSocket>> sockets_;
  std::map<Family, std::string> errors_;
};

}  // namespace multiping::daemon
