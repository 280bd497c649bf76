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
  automatic,    ///< raw, ping_socket, broker, sockets: the first that serves.
  raw,          ///< Raw sockets; needs CAP_NET_RAW, capabilities(7).
  ping_socket,  ///< Unprivileged ICMP sockets; needs net.ipv4.ping_group_range to include this group, icmp(7).
  broker,       ///< Ping sockets handed over by multipingd: as ping_socket, and needs the broker's consent alone.
  proxy,        ///< ICMP through an icmp4em-compatible UDP proxy, see TransportOptions::proxy.
  sockets,      ///< UDP and TCP only; needs no privilege. Part of every other kind.
};
/// "automatic", "raw", "ping-socket", "broker", "proxy", "sockets".
[[nodiscard]] MULTIPING_EXPORT std::string_view to_string(TransportKind kind) noexcept;

/// What open_transport() may try.
///
/// Over a proxy ICMP goes as the proxy sends it, and UDP and TCP as ever; automatic never chooses it, and it needs no
/// permission. What its protocol cannot say is not supported for ICMP: ttl, tos, source addresses, device, mark,
/// flow_label, dont_fragment, flow, and targets with a zone; so neither are traces and path MTU by ICMP. A reply has no
/// TTL, and its source is the proxy's word; that it is the reply to this very probe is proved as ever. `multipingd
/// --icmp4em` also tells ICMP errors (without their responder) and what was too much for it (send_failed with EAGAIN),
/// and serves IPv6; icmp4em's own proxy does none of that. When a proxy of this host stops listening, probes end with
/// send_failed (ECONNREFUSED) within a second. A payload that ends with a zero or a space is one byte longer on the
/// wire.
struct TransportOptions {
  std::vector<TransportKind> kinds{};                    ///< Tried in this order; empty: automatic.
  std::string broker = "/run/multiping/multiping.sock";  ///< Unix socket of multipingd.
  std::string proxy = "127.0.0.1:63312";                 ///< host, host:port or [IPv6]:port; a name has a second.
  std::size_t receive_buffer = 0;  ///< SO_RCVBUF, bytes asked of the kernel, socket(7); 0: what the batch needs.
  std::size_t send_buffer = 0;     ///< SO_SNDBUF, likewise; 0: the system's, which grows when dead neighbours fill it.
};

/// A way of sending that was found to work. Immutable, and may be shared by any objects in any threads: each takes
/// sockets and a key of its own from it.
///
/// What was opened serves on after this process has given its privileges up, setuid(2): a transport has an ICMP socket
/// of each family, which an object takes and gives back when it ends, and a Prober, MultiPing or PingSeries has both
/// from the start. Privileges are needed later for a mark, another device, half_open, SCTP, dont_fragment and
/// flow_label 0 as far as the object has not sent such probes before, and for more objects or threads at once than
/// before. A forked child, or a thread in another network namespace, takes none of these sockets and opens its own.
class Transport;

/// Opens the first of options.kinds that serves.
///
/// With the default something always serves, since UDP and TCP need no permission; what stands in the way of ICMP is
/// told when ICMP is asked for. Throws PermissionError, whose text names every remedy that fits, when none may be used;
/// std::system_error with Errc::not_supported when all that was asked for is what this version lacks; std::system_error
/// for what the system refuses otherwise, ECONNREFUSED where no proxy listens, EMFILE, ENFILE or ENOMEM where
/// descriptors or memory have run out: then no lesser kind is taken; std::invalid_argument when
/// TransportOptions::proxy, where it is tried, is no host and port.
///
/// A broker is asked for a socket of each family, and has a second to answer; one object after another uses these, and
/// others at the same time ask again. Where nobody listens that costs one connect(2). When the broker alone was asked
/// for, it is PermissionError with Errc::broker_denied when it refuses this user, or with EACCES when its socket does;
/// std::system_error when it is absent (ENOENT, ECONNREFUSED), does not answer (ETIMEDOUT), ends (ECONNRESET), limits
/// this user (EAGAIN), or says what is not its protocol (Errc::broker_protocol), or when the path is another file's
/// (ENOTSOCK). Objects that need a socket later throw the same. What was handed over works on when the broker ends.
/// Ping sockets belong to the broker's network namespace: devices, source addresses and zones of ICMP probes mean what
/// they mean there, marks need the permission there, and UDP and TCP probes use this process's own network. The name of
/// a zone is looked up in this process's own, so that from elsewhere its number must be written.
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options = {});
/// The same without throwing: null, with the reason in `error` (EPERM for a PermissionError that is not the
/// broker's alone, EINVAL for std::invalid_argument).
[[nodiscard]] MULTIPING_EXPORT std::shared_ptr<Transport> open_transport(const TransportOptions& options,
                                                                         std::error_code& error);

/// What a transport can do on this host.
struct Capabilities {
  TransportKind kind = TransportKind::automatic;  ///< What was chosen.
  bool ipv4 = false;                              ///< IPv4 targets can be probed.
  bool ipv6 = false;                              ///< IPv6 targets can be probed.
  bool icmp_errors = false;                       ///< ICMP errors about a probe are reported in its result.
  bool mpls = false;                              ///< With their MPLS label stacks.
  bool udp = false;                               ///< UDP probes can be sent.
  bool tcp = false;                               ///< TCP connections can be made.
  bool sctp = false;                              ///< SCTP probes can be sent, and TCP ones with half_open.
  bool kernel_timestamps = false;                 ///< Answers are stamped by the kernel.
  bool mark = false;                              ///< ProbeOptions::mark may be used.
  bool icmp = false;  ///< ICMP echo can be sent: false where only UDP and TCP can, which need no permission.
};
/// What `transport` can do here, as it was found when it was opened.
[[nodiscard]] MULTIPING_EXPORT Capabilities capabilities(const Transport& transport) noexcept;

}  // namespace multiping
