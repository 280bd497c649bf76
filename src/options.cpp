// Names of what options can be.
// What they may be is checked in option_checks.cpp.
#include "multiping/options.hpp"

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
