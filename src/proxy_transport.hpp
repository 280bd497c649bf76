// Opens a transport through an icmp4em-compatible proxy: finds out where it listens, and whether anybody does.
// What goes over it is the business of proxy/.
#pragma once

#include <memory>
#include <string>
#include <system_error>

#include "multiping/transport.hpp"

namespace multiping {

/// A transport, or why there is none. EINVAL: TransportOptions::proxy is no name of a proxy.
struct OpenedProxy {
  std::shared_ptr<Transport> transport{};
  std::error_code error{};
  std::string text{};  ///< "no proxy can be reached at 127.0.0.1:63312".
};
/// A name is looked up for a second at most. A proxy of this host that does not listen is refused; of another host that
/// shows only when its refusal comes within some milliseconds.
[[nodiscard]] OpenedProxy open_proxy(const TransportOptions& options);

}  // namespace multiping
