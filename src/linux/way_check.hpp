// Whether probes of some look can leave this host at all: what the kind of transport lacks, and what the system
// refuses. Options are tried on a socket that is thrown away.
#pragma once

#include <optional>

#include "linux/ping_socket.hpp"
#include "multiping/options.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::os {

/// The source address that is asked for in `family`; none where the kernel shall choose.
[[nodiscard]] const Address& source_of(const ProbeOptions& probe, Family family) noexcept;

/// TCP by connect(2) rather than by a segment of our own.
[[nodiscard]] bool is_connection(const ProbeOptions& probe) noexcept;

/// What stands in the way of such probes to `family`, as far as it shows before their socket is opened.
/// `broker` gives the sockets that echo requests are tried on where those are of another network.
/// Throws std::system_error when this process is out of descriptors or memory.
[[nodiscard]] std::optional<net::Way> check_way(TransportKind kind, Family family, const ProbeOptions& probe,
                                                const BrokerAccess& broker = {});

}  // namespace multiping::os
