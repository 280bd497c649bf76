// Finds the source address that a packet will have: connects a UDP socket, which asks the kernel's routes only.
// For segments whose source address must be known before they are sent.
#pragma once

#include <array>
#include <string>
#include <utility>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

/// For the probes that leave through one socket.
class SourceAddressFinder {
 public:
  SourceAddressFinder() = default;
  /// Asks in the network namespace of this socket, which may also be a ping socket.
  explicit SourceAddressFinder(FileDescriptor socket) noexcept : socket_{std::move(socket)} {}

  /// Opens the socket; false, with errno set, when there is no descriptor. find() opens it when there is none yet.
  [[nodiscard]] bool open(Family family, const std::string& device) noexcept;
  /// The address that `probe` asks for, else the one of the route; none when there is no route or no descriptor.
  [[nodiscard]] Address find(const Address& to, const ProbeOptions& probe) noexcept;

 private:
  void route_as(Family family, const ProbeOptions& probe) noexcept;

  FileDescriptor socket_;
  std::array<int, 3> set_{};  ///< The values of packet_numbers() on the socket; 0: the default.
};

}  // namespace multiping::os
