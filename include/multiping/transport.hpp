// How probes leave this process: which kind of socket serves, and what it can do here.
// Most programs never need this; an Options without a transport opens one by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "multiping/export.hpp"

namespace multiping {

/// A way for probes to leave this process.
enum class TransportKind : std::uint8_t {
  automatic,    ///< raw, ping_socket, broker, sockets: the first that serves. (This version has no broker.)
  raw,          ///< Raw sockets; needs CAP_NET_RAW, capabilities(7).
  ping_socket,  ///< Unprivileged ICMP sockets; needs net.ipv4.ping_group_range to include this group, icmp(7).
  broker,       ///< Ping sockets handed over by multipingd. Not yet supported.
  proxy,        ///< ICMP through an icmp4em-compatible UDP proxy. Not yet supported.
  sockets,      ///< UDP and TCP only; needs no privilege. Part of every other kind.
};
/// "automatic", "raw", "ping-socket", "broker", "proxy", "sockets".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(TransportKind kind) noexcept;

/// What open_transport() may try.
struct TransportOptions {
  std::vector<TransportKind> kinds{};                    ///< Tried in this order; empty: automatic.
  std::string broker = "/run/multiping/multiping.sock";  ///< Unix socket of multipingd.
  std::string proxy = "127.0.0.1:63312";                 ///< host:port
  std::size_t receive_buffer = 0;  ///< SO_RCVBUF, bytes asked of the kernel, socket(7); 0: what the batch needs.
  std::size_t send_buffer = 0;     ///< SO_SNDBUF, likewise.
};

/// A way of sending that was found to work. Immutable, and may be shared by any objects in any threads: each takes
/// sockets, identifiers and a key of its own from it.
class Transport;

/// Opens the first of options.kinds that serves.
///
/// With the default something always serves, since UDP and TCP need no permission; what stands in the way of ICMP is
/// told when ICMP is asked for. Throws PermissionError, whose text names every remedy, when none may be used;
/// std::system_error with Errc::not_supported when all that was asked for is what this version lacks; std::system_error
/// for what the system refuses otherwise.
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options = {});
/// The same without throwing: null, with the reason in `error` (EPERM for what would be a PermissionError).
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options,
                                                                         std::error_code& error);

/// What a transport can do on this host.
struct Capabilities {
  TransportKind kind = TransportKind::automatic;  ///< What was chosen.
  bool ipv4 = false, ipv6 = false;                ///< Families that can be probed.
  bool icmp_errors = false;                       ///< ICMP errors about a probe are reported in its result.
  bool mpls = false;                              ///< With their MPLS label stacks.
  bool udp = false, tcp = false, sctp = false;    ///< Protocols beside ICMP. Where SCTP can be had, so can half_open.
  bool kernel_timestamps = false;                 ///< Answers are stamped by the kernel.
  bool mark = false;                              ///< ProbeOptions::mark may be used.
};
[[nodiscard]] MULTIPING_EXPORT Capabilities capabilities(const Transport& transport) noexcept;

}  // namespace multiping
