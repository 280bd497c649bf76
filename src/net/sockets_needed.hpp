// Describes the sockets that an object needs.
// The request is made when a transport is opened; the sockets themselves may be opened later.
#pragma once

#include <cstddef>
#include <vector>

#include "multiping/options.hpp"

namespace multiping::net {

/// The needs of an object, as far as it knows them in advance. A socket is opened when way() first needs it.
struct SocketsNeeded {
  std::vector<ProbeOptions> profiles{};  ///< A profile's number is its place here. set_profile() adds more.
  std::size_t targets = 0;               ///< Decides the size of the receive buffers.
  std::size_t transports = 1;  ///< How many transports serve one batch side by side; they share the host's limits.
  /// The object is long-lived: it may need a socket after this process has given up its privileges.
  bool lasts = false;
  bool measures_mtu = false;  ///< Probes that must not be fragmented ignore the path MTU that the host remembers.
  bool wakes = true;          ///< A thread may call wake().
  friend bool operator==(const SocketsNeeded&, const SocketsNeeded&) = default;
};

}  // namespace multiping::net
