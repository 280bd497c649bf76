// The protocols of probes.
#pragma once

#include <cstdint>
#include <string_view>

#include "multiping/export.hpp"

namespace multiping {

/// What is sent as a probe, and what counts as its answer.
enum class Protocol : std::uint8_t {
  icmp,  ///< An echo request, RFC 792 and RFC 4443; answered by the echo reply.
  udp,   ///< A datagram, RFC 768; answered by any datagram from that port, or by one with the whole tag from any port
         ///< of the target; refused by port unreachable. Needs no privilege.
  tcp,  ///< A connection, RFC 9293, closed at once without data; answered when it is accepted, refused by RST. Needs no
        ///< privilege except for half_open.
  sctp,  ///< An INIT, RFC 9260; answered by INIT ACK, refused by ABORT. Needs raw sockets.
};
/// "icmp", "udp", "tcp", "sctp".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(Protocol protocol) noexcept;

}  // namespace multiping
