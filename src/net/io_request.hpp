// What an object needs of its sockets.
// Known when a transport is opened; the sockets themselves may be opened later.
#pragma once

#include <cstddef>
#include <vector>

#include "multiping/options.hpp"

namespace multiping::net {

/// What an object will need of its sockets, as far as it knows in advance. A socket itself is opened when way() first
/// needs it.
struct IoRequest {
  std::vector<ProbeOptions> profiles{};  ///< A profile's number is its place here. set_profile() adds more.
  std::size_t targets = 0;               ///< Decides the size of the receive buffers.
  std::size_t transports = 1;            ///< How many serve one batch side by side, and share the limits of the host.
  /// The object is long-lived: it may need a socket after this process has given up its privileges.
  bool lasts = false;
  bool measures_mtu = false;  ///< What may not be fragmented leaves whatever the host remembers of its path.
  bool wakes = true;          ///< Somebody may call wake().
  friend bool operator==(const IoRequest&, const IoRequest&) = default;
};

}  // namespace multiping::net
