// Keeps ping sockets that are made while the daemon may still give them large receive buffers, and makes new ones when
// these are used up. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "multiping/address.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::daemon {

class PreparedSockets {
 public:
  explicit PreparedSockets(std::size_t receive_buffer) noexcept : receive_buffer_{receive_buffer} {}

  /// Makes `count` sockets of each family. error_of() tells of a family for which none opens. Throws std::runtime_error
  /// when none opens for either family.
  void make(std::size_t count);

  /// Returns a ready socket when `source` is none and one is left, else a new one.
  [[nodiscard]] os::PingSocket take(Family family, const Address& source, std::size_t receive_buffer);

  [[nodiscard]] std::size_t left(Family family) const noexcept;
  /// "cannot open a ping socket for ipv6: Address family not supported by protocol"; empty when there was no error.
  [[nodiscard]] std::string error_of(Family family) const;
  /// Opens a socket and returns the size of its receive buffer in bytes; 0: no socket opens.
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
