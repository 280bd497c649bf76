// The byte-level interface: it sends messages, opens connections, receives packets and tells the time. Real sockets
// implement it (os/), and so does a network in virtual time (tests/sim); the code above runs unchanged on both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/arrival_time.hpp"
#include "net/profile_number.hpp"
#include "net/routes_and_neighbours.hpp"
#include "net/sockets_needed.hpp"

namespace multiping::net {

/// The number of a socket. A socket whose profiles were all replaced may be closed; another socket may then get its
/// number.
using SocketId = std::uint16_t;

/// The properties of an open socket.
struct Channel {
  Family family = Family::any;
  /// The messages of the socket. icmp: from the ICMP header on, over a raw or a ping socket. udp: the payload of
  /// datagrams. tcp: segments from the TCP header on, sctp: packets from the common header on, both over a raw socket.
  Protocol protocol = Protocol::icmp;
  bool kernel_owns_id = false;   ///< A ping socket: the kernel writes `id` and the checksum into what is sent, checks
                                 ///< the checksum of what comes, and reports ICMP errors through receive_errors().
  std::uint16_t id = 0;          ///< ICMP: identifier of everything that is sent and accepted. UDP and TCP: source
                                 ///< port. SCTP: the source port that was asked for; 0: each message has its own.
  bool bound = false;            ///< The socket receives only what comes in through one device.
  std::size_t receive_room = 1;  ///< Answers that the receive buffer holds for certain, at least 1.
};

/// How the probes of one profile leave for one family, or why they cannot.
struct SendPath {
  enum class Kind : std::uint8_t {
    socket_id,   ///< The probes are messages of the socket `socket_id`.
    connection,  ///< The probes are connections: see connect().
    none,        ///< See `error`.
  };
  Kind kind = Kind::none;
  SocketId socket_id = 0;
  std::error_code error{};  ///< Errc::not_supported where this kind of transport or protocol lacks an option.
  std::string doing{};      ///< What failed, with the option and its value: "cannot send from ProbeOptions::source_v4
                            ///< 192.0.2.1".
  bool privilege = false;   ///< This process may not open such a socket (EPERM, EACCES); `doing` says how it can get
                            ///< the permission.
  bool may_pass = false;    ///< way() may succeed when asked again at once; otherwise only after a moment.
};

/// One message to be sent: without an IP header, and for UDP without the UDP header.
struct Outgoing {
  const Address* to = nullptr;
  std::span<const std::uint8_t> bytes{};
  ProfileNumber profile = 0;
  std::uint8_t ttl = 0;  ///< As PacketOptions::ttl.
};

/// The outcome of a batch of messages. The first `accepted` of them went to the kernel between the two times.
struct SendReport {
  std::size_t accepted = 0;
  std::error_code refused{};  ///< Why the next message was refused; none when all were accepted, and with `full`.
  bool full = false;          ///< There is no room for the next message yet; see room_at().
  Instant started{}, finished{};
};

/// A received packet. Its bytes are valid until the next call.
struct Incoming {
  std::span<const std::uint8_t> bytes{};  ///< From the IPv4 header on when `ip_header`, else as the socket's messages.
  bool ip_header = false;
  bool truncated = false;             ///< The packet was longer than `bytes`.
  bool bad_checksum = false;          ///< The checksum was already found wrong.
  Address from{};                     ///< May be empty where `bytes` has the IP header.
  std::uint16_t port = 0;             ///< UDP: the source port.
  bool own = false;                   ///< UDP: a socket of this object sent it, to another or to itself.
  std::optional<std::uint8_t> ttl{};  ///< Set where the socket gives it and `bytes` has no IP header.
  std::optional<std::uint8_t> tos{};
  Arrival arrival{};
};

/// An ICMP error from a socket's error queue, ip(7) IP_RECVERR. Its bytes are valid until the next call.
struct QueuedError {
  std::span<const std::uint8_t> quoted{};  ///< The datagram in error, as the socket's messages: from the ICMP, TCP or
                                           ///< SCTP header on, or from the UDP payload on; with all that follows it.
  Address destination{};                   ///< The address that the datagram went to.
  std::uint16_t port = 0;                  ///< UDP: the port that it went to.
  Address offender{};                      ///< The address that reports the error.
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;      ///< As the queue gives it; it has another meaning in errors that report no MTU.
  std::size_t extension = 0;  ///< Where in `quoted` the RFC 4884 extension begins; 0: the length field says none.
  std::optional<std::uint8_t> ttl{}, tos{};
  Arrival arrival{};
  std::error_code error{};  ///< If set, this is no ICMP error: this host, or the process that sends for it, gave the
                            ///< message up. `quoted` has the header alone; the fields of an ICMP error do not count.
};

/// A TCP connection to be attempted. Its outcome carries the same `token`.
struct Connecting {
  std::uint64_t token = 0;
  const Address* to = nullptr;
  ProfileNumber profile = 0;
  std::uint8_t ttl = 0;  ///< As PacketOptions::ttl.
};

/// The outcome of a connection attempt. The socket is already closed, by reset and without data.
struct Connected {
  std::uint64_t token = 0;
  /// None: connected, even if the other side has closed the connection since. ECONNREFUSED: RST; also where a port of
  /// this host connected to itself. ECONNRESET: packets that did not acknowledge our SYN ended it; anyone can forge
  /// such packets. Other values are those of connect(2), or see `report`.
  std::error_code error{};
  std::optional<Duration> rtt{};        ///< As the kernel measured it (TCP_INFO); empty when it did not.
  std::optional<QueuedError> report{};  ///< The ICMP error that ended it; its bytes are valid until the next call.
  Arrival arrival{};
};

/// Packets that the kernel dropped instead of delivering them, as far as it counts them.
struct Drops {
  std::uint64_t no_room = 0;  ///< The receive buffer was full.
  std::uint64_t damaged = 0;  ///< Most likely their checksum was wrong. Any host can send such packets.
};

/// The sockets of one object. One thread at a time uses it; any thread may call wake().
class PacketIo {
 public:
  virtual ~PacketIo() = default;

  [[nodiscard]] virtual Instant now() noexcept = 0;
  /// What the wall clock shows now, less now(). By default it shows the same.
  [[nodiscard]] virtual Duration wall_offset() noexcept { return {}; }

  /// Sets profile number `profile` to `options`. No probe of the previous profile of this number is awaited any more.
  virtual void set_profile(ProfileNumber profile, const ProbeOptions& options) = 0;
  /// Says how probes of `profile` leave for `family`. The first call opens the socket. Profiles that differ only in
  /// what can be set for each message (ttl, tos, source address, mark, flow label) share a socket. Different `turn`s of
  /// a UDP profile are different source ports, unless one was asked for; otherwise `turn` changes nothing. Throws
  /// std::system_error when this process is out of descriptors or memory.
  virtual SendPath way(Family family, ProfileNumber profile, unsigned turn) = 0;
  /// The open sockets.
  [[nodiscard]] virtual std::span<const SocketId> sockets() const noexcept = 0;
  /// The open sockets that may have something for receive() or receive_errors().
  [[nodiscard]] virtual std::span<const SocketId> heard() { return sockets(); }
  [[nodiscard]] virtual const Channel& channel(SocketId socket_id) const noexcept = 0;
  /// The source address that a message to `to` will have; empty where the kernel finds no route.
  [[nodiscard]] virtual Address source(SocketId socket_id, const Address& to, ProfileNumber profile) = 0;

  /// Hands messages, all to addresses of the socket's family, to the kernel in order, up to the first that it refuses.
  virtual SendReport send(SocketId socket_id, std::span<const Outgoing> messages) = 0;
  /// The time at which a full socket can take more, even if nothing arrives until then.
  [[nodiscard]] virtual Instant room_at() const noexcept { return Instant::max(); }

  /// Takes the packets that have arrived, as many as one call can hold; never waits. Sets `more` when the call was
  /// full, so that the socket may hold more.
  virtual std::span<const Incoming> receive(SocketId socket_id, bool& more) = 0;
  virtual std::span<const QueuedError> receive_errors(SocketId socket_id, bool& more) = 0;

  /// Gives back the last `count` items of the last receive(), receive_errors() or connections(), which could not be
  /// taken for lack of memory. The next such call returns them again, and next_chore() is then in the past. heard()
  /// lists their socket first.
  enum class Taken : std::uint8_t { packets, errors, connections };
  virtual void give_back(Taken what, SocketId socket_id, std::size_t count) noexcept {
    static_cast<void>(what), static_cast<void>(socket_id), static_cast<void>(count);
  }

  /// Starts a connection. No error: it is under way, even if its outcome is already known. EMFILE, ENFILE: no
  /// descriptor is left.
  virtual std::error_code connect(const Connecting& connecting) = 0;
  /// Takes the outcomes of connections, as many as one call can hold; never waits.
  virtual std::span<const Connected> connections(bool& more) = 0;
  /// Ends a connection. A token that is not under way is ignored.
  virtual void abandon(std::uint64_t token) noexcept = 0;

  /// The time at which receive() has something to do even if nothing arrives. wait() takes account of it.
  [[nodiscard]] virtual Instant next_chore() const noexcept { return Instant::max(); }
  /// Returns when something has arrived, when wake() was called, or at `until`, whichever is first.
  virtual void wait(Instant until) = 0;
  /// Ends the wait() under way, or the next one. Any thread may call it.
  virtual void wake() noexcept = 0;

  /// True when `address` belongs to the host from which probes of this protocol leave. An ICMP error from such an
  /// address comes from that host, and from no router.
  [[nodiscard]] virtual bool is_own(const Address& address, Protocol protocol) {
    return static_cast<void>(address), static_cast<void>(protocol), false;
  }

  /// Answers questions about the host from which probes of this protocol leave; null where they cannot be answered.
  [[nodiscard]] virtual LocalNetwork* local_network(Protocol protocol) { return static_cast<void>(protocol), nullptr; }

  /// Returns the drops since the sockets were opened, or since renew().
  [[nodiscard]] virtual Drops drops() noexcept = 0;
  /// A descriptor for poll(2), readable when something has arrived; -1 when it cannot be made. The first call makes it,
  /// since a watched socket makes each packet more expensive.
  [[nodiscard]] virtual int native_handle() noexcept = 0;

  /// True when another object with an equal request may use this object after its present user has ended; see renew().
  [[nodiscard]] virtual bool can_rest() noexcept { return false; }
  /// Prepares this object for another user. A packet or an error that came in before this call, and that the present
  /// user could still have expected, is thrown away. Returns false when this object cannot be used again.
  [[nodiscard]] virtual bool renew() noexcept { return false; }
  /// Closes all sockets, and keeps the memory for reopen(). Returns false when this object cannot be used again.
  [[nodiscard]] virtual bool close_sockets() noexcept { return false; }
  /// After close_sockets(): prepares this object for another user; way() opens its sockets. Returns false when this
  /// object cannot be used again, as in another process than the one that made it.
  [[nodiscard]] virtual bool reopen() noexcept { return false; }
};

}  // namespace multiping::net
