// ICMP errors as the kernel hands them to sockets: the entries of an error queue, and the errno of connect().
// From Linux 6.x: net/ipv4/icmp.c, net/ipv6/icmp.c, ip_icmp_error(), ip_icmp_error_rfc4884().
#pragma once

#include <optional>

#include "net/packet_io.hpp"
#include "sim/wire.hpp"

namespace multiping::test {

/// One entry of an error queue.
struct QueuedReport {
  Bytes quoted{};
  net::QueuedError error{};  ///< Complete except its member `quoted`, which is not set yet.
};

/// True for an ICMP message of a type that reports an error about a datagram.
[[nodiscard]] bool is_error(const Datagram& datagram);

/// True for a source quench or a redirect, which the kernel reports to ping sockets only.
[[nodiscard]] bool is_notice(const Datagram& datagram);

/// The entry in the error queue of a socket of the quoted protocol. None when the kernel drops the error: too little of
/// the datagram is quoted, or the kernel does not hand this code on.
[[nodiscard]] std::optional<QueuedReport> queue_report(const Datagram& error, const net::Arrival& arrival);

/// True for "fragmentation needed" and "packet too big", which end no connection.
[[nodiscard]] bool reports_mtu(const Datagram& error);

/// The errno with which the error ends a connection attempt.
[[nodiscard]] int errno_of(const Datagram& error);

}  // namespace multiping::test
