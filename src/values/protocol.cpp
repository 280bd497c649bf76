// The names of protocols.
// See multiping/protocol.hpp.
#include "multiping/protocol.hpp"

namespace multiping {

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::icmp:
      return "icmp";
    case Protocol::udp:
      return "udp";
    case Protocol::tcp:
      return "tcp";
    case Protocol::sctp:
      return "sctp";
  }
  return "unknown";
}

}  // namespace multiping
