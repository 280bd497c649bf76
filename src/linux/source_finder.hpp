// Which source address a packet will have: asks the kernel's routes by connecting a UDP socket, which sends nothing.
// For segments whose checksum this process writes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "linux/file_descriptor.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"

namespace multiping::os {

/// For the probes that leave through one socket.
class SourceFinder {
 public:
  SourceFinder() = default;
  /// Asks the network of this socket, which may be a ping socket as well.
  explicit SourceFinder(FileDescriptor socket) noexcept : socket_{std::move(socket)} {}

  /// False, with errno set, when there is no descriptor. Without it, find() does so when it is called first.
  [[nodiscard]] bool open(Family family, const std::string& device) noexcept;
  /// The address that was asked for, else the route's; none where there is no route or no descriptor.
  [[nodiscard]] Address find(const Address& to, const ProbeOptions& probe) noexcept;

 private:
  void route_as(Family family, const ProbeOptions& probe) noexcept;

  FileDescriptor socket_;
  std::uint32_t mark_ = 0;  ///< As it is set.
  int tos_ = 0;
};

}  // namespace multiping::os
