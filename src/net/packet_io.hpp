// The byte-level seam: messages and connections out, packets in, and the time. Real sockets stand behind it (linux/),
// or a network in virtual time (tests/sim); whatever is above runs unchanged on both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/instant.hpp"
#include "net/shape_number.hpp"

namespace multiping::net {

/// What an object will need of its sockets, as far as it is known when they are made ready. Sockets themselves are
/// opened when way() first asks for them.
struct IoRequest {
  std::vector<ProbeOptions> shapes{};  ///< How probes look; a shape's number is its place here. More by set_shape().
  std::size_t targets = 0;             ///< For the size of the receive buffers.
  std::size_t transports = 1;          ///< That serve one batch side by side, and share what the host has but once.
  /// The object lives on, and may ask when this process has given its privileges up.
  bool lasts = false;
  bool measures_mtu = false;  ///< What may not be fragmented leaves whatever the host remembers of its path.
  bool wakes = true;          ///< Somebody may call wake().
  friend bool operator==(const IoRequest&, const IoRequest&) = default;
};

/// What the messages of a lane are.
enum class Carrier : std::uint8_t {
  icmp,  ///< ICMP messages from their header on, over a raw or a ping socket.
  udp,   ///< The payload of UDP datagrams.
  tcp,   ///< TCP segments from their header on, over a raw socket.
  sctp,  ///< SCTP packets from their common header on, over a raw socket.
};

/// The number of a socket. A lane whose shapes were all replaced may be closed, and its number given to another.
using Lane = std::uint16_t;

/// The socket of a lane.
struct Channel {
  Family family = Family::any;
  Carrier carrier = Carrier::icmp;
  bool kernel_owns_id = false;   ///< A ping socket: the kernel writes `id` and the checksum into what is sent, checks
                                 ///< the checksum of what comes, and reports ICMP errors through receive_errors().
  std::uint16_t id = 0;          ///< ICMP: identifier of everything that is sent and accepted. UDP and TCP: source
                                 ///< port. SCTP: the source port that was asked for; 0: each message has its own.
  bool bound = false;            ///< It hears only what comes in through one device.
  std::size_t receive_room = 1;  ///< Answers that the receive buffer holds for certain, at least 1.
};

/// How the probes of one shape leave for one family, or why they cannot.
struct Way {
  enum class Kind : std::uint8_t {
    lane,        ///< As messages, through `lane`.
    connection,  ///< By connect().
    none,        ///< See `error`.
  };
  Kind kind = Kind::none;
  Lane lane = 0;
  std::error_code error{};  ///< Errc::not_supported where this kind of transport or protocol lacks an option.
  std::string doing{};      ///< What failed, with the option and its value: "cannot send from ProbeOptions::source_v4
                            ///< 192.0.2.1".
  bool privilege = false;   ///< This process may not open such a socket (EPERM, EACCES); `doing` says what would let
                            ///< it.
  bool may_pass = false;    ///< Whoever asks again at once may be granted it; of all else, who asks after a moment.
};

/// One message to be sent: without an IP header, and for UDP without the UDP header.
struct Outgoing {
  const Address* to = nullptr;
  std::span<const std::uint8_t> bytes{};
  ShapeNumber shape = 0;
};

/// What became of a batch of messages. `accepted` of them, from the first, went to the kernel between the two times.
struct SendReport {
  std::size_t accepted = 0;
  std::error_code refused{};  ///< Of the message behind the accepted ones; none when all were, and with `full`.
  bool full = false;          ///< What is beyond this object cannot take the message behind them yet; see room_at().
  Instant started{}, finished{};
};

/// When a packet came in.
struct Arrival {
  Instant read{};                  ///< When this process took it.
  std::optional<Instant> stamp{};  ///< When the kernel took it, where its stamp can be trusted.
};

/// A packet. Its bytes are valid until the next call.
struct Incoming {
  std::span<const std::uint8_t> bytes{};  ///< From the IPv4 header on when `ip_header`, else as the lane's messages.
  bool ip_header = false;
  bool truncated = false;             ///< Longer than this.
  bool bad_checksum = false;          ///< Found wrong already.
  Address from{};                     ///< May be left out where the IP header says it.
  std::uint16_t port = 0;             ///< UDP: the source port.
  bool own = false;                   ///< UDP: a socket of this object sent it, to another or to itself.
  std::optional<std::uint8_t> ttl{};  ///< Where the socket tells and there is no IP header to say it.
  std::optional<std::uint8_t> tos{};
  Arrival arrival{};
};

/// An ICMP error from a socket's error queue, ip(7) IP_RECVERR. Its bytes are valid until the next call.
struct QueuedError {
  std::span<const std::uint8_t> quoted{};  ///< The datagram in error, as the lane's messages: from the ICMP, TCP or
                                           ///< SCTP header on, or from the UDP payload on; and all that follows it.
  Address destination{};                   ///< Where that datagram went.
  std::uint16_t port = 0;                  ///< UDP: the port that it went to.
  Address offender{};                      ///< Who reports.
  std::uint8_t type = 0, code = 0;
  std::uint32_t mtu = 0;      ///< As it stands in the queue: something else in other errors.
  std::size_t extension = 0;  ///< Where in `quoted` the RFC 4884 extension begins; 0: none by its length
                              ///< field.
  std::optional<std::uint8_t> ttl{}, tos{};
  Arrival arrival{};
  std::error_code error{};  ///< Then it is no ICMP error: this host, or who sends for it, gave the message up. Its
                            ///< header alone is quoted, and where it went; the rest does not count.
};

/// A TCP connection to be attempted. `token` comes back with what becomes of it.
struct Connecting {
  std::uint64_t token = 0;
  const Address* to = nullptr;
  ShapeNumber shape = 0;
};

/// What became of a connection attempt. The socket is closed already, by reset and without data.
struct Connected {
  std::uint64_t token = 0;
  /// None: connected, be it that the other side has ended it since. ECONNREFUSED: RST; also where the connection led
  /// from a port of this host to the same port. ECONNRESET: ended by packets that did not acknowledge our SYN, which
  /// anybody can forge. Else as connect(2), or see `report`.
  std::error_code error{};
  std::optional<Duration> rtt{};        ///< The kernel's own measure, TCP_INFO, where it has one.
  std::optional<QueuedError> report{};  ///< The ICMP error that ended it; its bytes are valid until the next call.
  Arrival arrival{};
};

/// Packets that the kernel has thrown away instead of handing them over, as far as it counts them.
struct Drops {
  std::uint64_t no_room = 0;  ///< The receive buffer was full.
  std::uint64_t damaged = 0;  ///< Their checksum was wrong, most likely. Anybody can send such.
};

/// Sockets of one object. For one thread at a time, but for wake().
class PacketIo {
 public:
  virtual ~PacketIo() = default;

  [[nodiscard]] virtual Instant now() noexcept = 0;

  /// From now on shape number `shape` is `options`; no probe of the shape that had this number is awaited any more.
  virtual void set_shape(ShapeNumber shape, const ProbeOptions& options) = 0;
  /// How probes of `shape` leave for `family`. Opens the socket when it is asked for first. Shapes that differ only in
  /// what a single message can be given (ttl, tos, source address, mark, flow label) share a lane. Different `turn`s
  /// of a UDP shape are different source ports, unless one was asked for; otherwise `turn` changes nothing.
  /// Throws std::system_error when this process is out of descriptors or memory.
  virtual Way way(Family family, ShapeNumber shape, unsigned turn) = 0;
  /// The lanes that are open.
  [[nodiscard]] virtual std::span<const Lane> lanes() const noexcept = 0;
  /// Those of them that may have something for receive() or receive_errors().
  [[nodiscard]] virtual std::span<const Lane> heard() { return lanes(); }
  [[nodiscard]] virtual const Channel& channel(Lane lane) const noexcept = 0;
  /// The source address that a message to `to` will have; none where the kernel finds no route.
  [[nodiscard]] virtual Address source(Lane lane, const Address& to, ShapeNumber shape) = 0;

  /// Hands messages, all to addresses of the lane's family, to the kernel in order, up to the first that it refuses.
  virtual SendReport send(Lane lane, std::span<const Outgoing> messages) = 0;
  /// When a lane that was full can take more, whether anything has arrived until then or not.
  [[nodiscard]] virtual Instant room_at() const noexcept { return Instant::max(); }

  /// Takes what has arrived, as much as one call can hold; never waits. `more` tells whether the call was full, that
  /// is, whether the socket may hold more.
  virtual std::span<const Incoming> receive(Lane lane, bool& more) = 0;
  virtual std::span<const QueuedError> receive_errors(Lane lane, bool& more) = 0;

  /// Of what the last receive(), receive_errors() or connections() gave, the last `count` could not be taken in for
  /// want of memory: the next such call gives them again, and next_chore() says so. heard() gives their lane first.
  enum class Taken : std::uint8_t { packets, errors, connections };
  virtual void give_back(Taken what, Lane lane, std::size_t count) noexcept {
    static_cast<void>(what), static_cast<void>(lane), static_cast<void>(count);
  }

  /// Starts a connection. No error: under way, even when it is decided already. EMFILE, ENFILE: no descriptor is left.
  virtual std::error_code connect(const Connecting& connecting) = 0;
  /// Takes what has become of connections, as much as one call can hold; never waits.
  virtual std::span<const Connected> connections(bool& more) = 0;
  /// Gives a connection up. A token that is not under way is left alone.
  virtual void abandon(std::uint64_t token) noexcept = 0;

  /// When receive() has something to do though nothing has arrived. wait() sees to that by itself.
  [[nodiscard]] virtual Instant next_chore() const noexcept { return Instant::max(); }
  /// Returns when something has arrived, when wake() was called, or at `until`, whichever is first.
  virtual void wait(Instant until) = 0;
  /// Ends the wait() under way, or the next one. From any thread.
  virtual void wake() noexcept = 0;

  /// Whether `address` belongs to the host that probes of this protocol leave from: an ICMP error that says it is this
  /// host's own, and comes from nobody on the way.
  [[nodiscard]] virtual bool is_own(const Address& address, Protocol protocol) {
    return static_cast<void>(address), static_cast<void>(protocol), false;
  }

  /// Since the sockets were opened, or since renew().
  [[nodiscard]] virtual Drops drops() noexcept = 0;
  /// For poll(2): readable when something has arrived. Made when first asked for, since a watched socket costs each
  /// packet; -1 when it cannot be made.
  [[nodiscard]] virtual int native_handle() noexcept = 0;

  /// Another object that makes the same request may have all of this when its own has ended; see renew().
  [[nodiscard]] virtual bool can_rest() noexcept { return false; }
  /// From now on that object's, which hears nothing of what came before. False where that cannot be had.
  [[nodiscard]] virtual bool renew() noexcept { return false; }
};

}  // namespace multiping::net
