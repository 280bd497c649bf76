// ICMP errors as the kernel hands them to sockets: what stands in an error queue, and which errno connect() gives.
// From Linux 6.x: net/ipv4/icmp.c, net/ipv6/icmp.c, ip_icmp_error(), ip_icmp_error_rfc4884().
#pragma once

#include <optional>

#include "net/packet_io.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// One entry of an error queue.
struct QueuedReport {
  Bytes quoted{};
  net::QueuedError error{};  ///< But for `quoted`, which points nowhere yet.
};

/// An ICMP message of a type that reports an error about a datagram.
[[nodiscard]] bool is_error(const Datagram& datagram);

/// Source quench or redirect, of which ping sockets alone are told.
[[nodiscard]] bool is_notice(const Datagram& datagram);

/// What a socket of the quoted protocol finds in its queue. Nothing where the kernel drops the error: too little of the
/// datagram is quoted, or it is a code that it does not hand on.
[[nodiscard]] std::optional<QueuedReport> queue_report(const Datagram& error, const net::Arrival& arrival);

/// "Fragmentation needed" and "packet too big", which end no connection.
[[nodiscard]] bool reports_mtu(const Datagram& error);

/// The errno that an error means to a connection under way.
[[nodiscard]] int errno_of(const Datagram& error);

}  // namespace multiping::test
