// Checks whether probes with given options can leave this host: what the transport lacks, and what the system refuses.
// Options are tried on a socket that is closed afterwards.
#pragma once

#include <optional>

#include "multiping/options.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::os {

/// The source address that `probe` asks for in `family`; empty when the kernel chooses it.
[[nodiscard]] const Address& source_of(const ProbeOptions& probe, Family family) noexcept;

/// Why such probes cannot leave to `family`, as far as that shows before their socket is opened; none: no reason found.
/// `broker` gives the sockets on which echo requests are tried when these are of another network namespace.
/// Throws std::system_error when this process is out of descriptors or memory.
[[nodiscard]] std::optional<net::SendPath> check_way(TransportKind kind, Family family, const ProbeOptions& probe,
                                                     const BrokerAccess& broker = {});

}  // namespace multiping::os
