// How probes leave this process: which kind of socket can be used here, and what it can do.
// Most programs never need this: a call whose Options have no transport opens one by itself.
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

/// The ways for probes to leave this process.
enum class TransportKind : std::uint8_t {
  automatic,    ///< The first of these that can be used: raw, ping_socket, broker, sockets.
  raw,          ///< Raw sockets; needs CAP_NET_RAW, capabilities(7).
  ping_socket,  ///< Unprivileged ICMP sockets; needs net.ipv4.ping_group_range to include this group, icmp(7).
  broker,       ///< Ping sockets handed over by multipingd; works like ping_socket, needs only the broker's consent.
  proxy,        ///< ICMP through an icmp4em-compatible UDP proxy, see TransportOptions::proxy.
  sockets,      ///< UDP and TCP only; needs no privilege. Every other kind includes it.
};
/// "automatic", "raw", "ping-socket", "broker", "proxy", "sockets".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(TransportKind kind) noexcept;

/// Options of open_transport().
///
/// With a proxy, the proxy sends the ICMP probes; UDP and TCP probes leave this process as with any other kind. A proxy
/// needs no permission, and `automatic` never chooses it. Its protocol has no fields for ttl, tos, source addresses,
/// device, mark, flow_label, dont_fragment, flow, and targets with a zone: these are not supported for ICMP, and
/// neither are traces and path MTU by ICMP. A reply has no TTL. Its source address is only what the proxy says, but the
/// tag still proves that it is the reply to this probe.
///
/// `multipingd --icmp4em` also reports ICMP errors (without their responder) and requests over its limits (send_failed
/// with EAGAIN), and serves IPv6; icmp4em's own proxy does none of that. When a proxy of this host stops listening,
/// probes end with send_failed (ECONNREFUSED) within a second. A payload that ends with a zero or a space is one byte
/// longer on the wire.
struct TransportOptions {
  std::vector<TransportKind> kinds{};                    ///< Tried in this order; empty: automatic.
  std::string broker = "/run/multiping/multiping.sock";  ///< Unix socket of multipingd.
  std::string proxy = "127.0.0.1:63312";                 ///< host, host:port or [IPv6]:port; a name has 1 s to resolve.
  std::size_t receive_buffer = 0;  ///< SO_RCVBUF in bytes, socket(7); 0: the size that the batch needs.
  std::size_t send_buffer = 0;     ///< SO_SNDBUF in bytes; 0: the system default, grown when dead neighbours fill it.
};

/// An opened way to send, which was found to work. It is immutable, and any objects in any threads may share it: each
/// object takes sockets of its own from it, and believes no answer to the probes of another object.
///
/// An opened transport still works after this process has given up its privileges, setuid(2). It has an ICMP socket of
/// each family, which an object takes, and gives back when the object ends; a Prober, MultiPing or PingSeries has both
/// from the start. Privileges are needed later for a mark; for half_open, SCTP, dont_fragment and flow_label 0, unless
/// the object has sent such probes before; and for more objects or threads at a time than before. A forked child, or a
/// thread in another network namespace, takes none of these sockets and opens its own.
class Transport;

/// Opens the first of options.kinds that can be used.
///
/// With the default, one kind can always be used, since UDP and TCP need no permission. A call that asks for ICMP then
/// reports why ICMP is not possible.
///
/// Throws:
/// - PermissionError, whose text names every remedy that fits, when none of the kinds may be used;
/// - std::system_error with Errc::not_supported when this version supports none of the kinds;
/// - std::system_error for other errors of the system: ECONNREFUSED where no proxy listens; EMFILE, ENFILE or ENOMEM
///   where descriptors or memory have run out, and then no other kind is tried;
/// - std::invalid_argument when TransportOptions::proxy is tried and is not a host, with or without a port.
///
/// A broker is asked for a socket of each family, and has 1 s to answer. One object after another uses these sockets;
/// further objects at the same time ask the broker again. Where no broker listens, this costs one connect(2). When
/// options.kinds names only the broker, the errors are:
/// - PermissionError with Errc::broker_denied when the broker refuses this user, or with EACCES when its socket does;
/// - std::system_error when the broker is absent (ENOENT, ECONNREFUSED), does not answer (ETIMEDOUT), ends
///   (ECONNRESET), limits this user (EAGAIN), or breaks its protocol (Errc::broker_protocol), or when the path is a
///   file of another kind (ENOTSOCK).
///
/// Objects that need a socket later throw the same errors. Sockets that were handed over still work when the broker has
/// ended. They belong to the broker's network namespace: devices, source addresses and zones of ICMP probes have the
/// meaning that they have there, and a mark needs the permission there. UDP and TCP probes use this process's own
/// network. The name of a zone is looked up in this process's own namespace, so a program in another namespace must
/// write the number of the zone.
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options = {});
/// The same without these exceptions: returns null, with the reason in `error` (EPERM for a PermissionError that is not
/// the broker's alone, EINVAL for std::invalid_argument).
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options,
                                                                         std::error_code& error);

/// What a transport can do on this host.
struct Capabilities {
  TransportKind kind = TransportKind::automatic;  ///< The kind that was chosen.
  bool ipv4 = false;                              ///< IPv4 targets can be probed.
  bool ipv6 = false;                              ///< IPv6 targets can be probed.
  bool icmp_errors = false;                       ///< Results report ICMP errors about the probes.
  bool mpls = false;                              ///< ICMP errors are reported with their MPLS label stacks.
  bool udp = false;                               ///< UDP probes can be sent.
  bool tcp = false;                               ///< TCP connections can be made.
  bool sctp = false;                              ///< SCTP probes, and TCP probes with half_open, can be sent.
  bool kernel_timestamps = false;                 ///< The kernel stamps the arrival time of answers.
  bool mark = false;                              ///< ProbeOptions::mark may be used.
  bool icmp = false;  ///< ICMP echo requests can be sent; false where only UDP and TCP probes can.
};
/// Returns what `transport` can do here, as found when it was opened.
[[nodiscard]] MULTIPING_EXPORT Capabilities capabilities(const Transport& transport) noexcept;

}  // namespace multiping
