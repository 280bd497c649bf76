// Opens a transport through an icmp4em-compatible proxy: finds its address, and tests whether its port is refused.
// The protocol of the proxy is in proxy/.
#pragma once

#include <memory>
#include <string>
#include <system_error>

#include "multiping/transport.hpp"

namespace multiping {

/// A transport, or the reason why there is none. EINVAL: TransportOptions::proxy cannot be read as host and port.
struct OpenedProxy {
  std::shared_ptr<Transport> transport{};
  std::error_code error{};
  std::string text{};  ///< What failed: "no proxy can be reached at 127.0.0.1:63312".
};
/// Looks a name up for at most one second. Fails when no proxy listens at a port of this host. For another host it
/// fails only when the refusal arrives within 20 ms.
[[nodiscard]] OpenedProxy open_proxy(const TransportOptions& options);

}  // namespace multiping
