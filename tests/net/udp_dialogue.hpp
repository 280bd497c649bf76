// A Dialogue for UDP probes: it answers with datagrams and with port unreachable.
// Header only.
#pragma once

#include "net/dialogue.hpp"

namespace multiping::test {
inline namespace udp_speakers {

inline constexpr std::uint16_t port = 33'434;

struct UdpDialogue : Dialogue {
  using Dialogue::Dialogue;

  void answer(const ScriptedPacketIo::Sent& probe, const Bytes& bytes, std::uint16_t from_port = port) {
    io->deliver(probe.socket_id, {.bytes = io->keep(bytes), .from = probe.to, .port = from_port, .ttl = 61, .tos = 4});
  }
  /// Reports port unreachable from `offender`.
  void refuse(const ScriptedPacketIo::Sent& probe, const Bytes& quoted, const Address& offender) {
    const bool v4 = probe.to.family() == Family::ipv4;
    auto error = queued(probe, quoted);
    error.port = port;
    error.offender = offender;
    error.type = v4 ? 3 : 1;
    error.code = v4 ? 3 : 4;
    io->report(probe.socket_id, error);
  }
};

}  // namespace udp_speakers
}  // namespace multiping::test
