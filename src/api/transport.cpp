// The kinds of transport, and how they are opened.
// See multiping/transport.hpp.
#include "multiping/transport.hpp"

#include "batch/transport_opener.hpp"

namespace multiping {

std::string_view to_string(TransportKind kind) noexcept {
  switch (kind) {
    case TransportKind::automatic:
      return "automatic";
    case TransportKind::raw:
      return "raw";
    case TransportKind::ping_socket:
      return "ping-socket";
    case TransportKind::broker:
      return "broker";
    case TransportKind::proxy:
      return "proxy";
    case TransportKind::sockets:
      return "sockets";
  }
  return "?";
}

std::shared_ptr<Transport> open_transport(const TransportOptions& options) { return open_shared_transport(options); }

std::shared_ptr<Transport> open_transport(const TransportOptions& options, std::error_code& error) {
  return open_shared_transport(options, error);
}

}  // namespace multiping
