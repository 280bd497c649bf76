// The probe-level interface: it sends probes and returns authentic events about them. The engine knows nothing below
// it; sockets of this process or of another one may implement it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "base/monotonic_time.hpp"
#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "multiping/transport.hpp"
#include "net/arrival_time.hpp"
#include "net/per_packet_options.hpp"
#include "net/profile_number.hpp"
#include "net/routes_and_neighbours.hpp"
#include "net/sockets_needed.hpp"

namespace multiping::net {

/// The number of a probe: it counts the probes of an object and is never used again. The packet carries an identifier
/// and a sequence number, which repeat; the tag, which covers the serial, tells which probe is meant.
using Serial = std::uint64_t;

/// A probe to be sent. `to` points into the probe book, and is valid only until the call returns.
struct Probe {
  Serial serial = 0;
  const Address* to = nullptr;
  ProfileNumber profile = 0;
  PacketOptions packet{};
  /// How often a connection to the target was displaced before. The more often, the later this one may be displaced.
  std::uint8_t displaced = 0;
  /// The number of the target. An answer to any probe of a target answers the others too.
  std::uint32_t target = no_target;
  static constexpr std::uint32_t no_target = ~std::uint32_t{0};
};

/// Gives the transport the probes that it needs to tell an authentic answer from others.
class ProbeBook {
 public:
  virtual ~ProbeBook() = default;
  /// The serials that may still be answered: [first, end). Serials below `first` are forgotten.
  struct Window {
    Serial first = 0, end = 0;
  };
  [[nodiscard]] virtual Window window() const noexcept = 0;
  /// The probe of a serial in the window.
  [[nodiscard]] virtual Probe probe(Serial serial) const noexcept = 0;
  /// True when a probe of the window may still get its first answer, whether a caller waits for it or not.
  [[nodiscard]] virtual bool is_unanswered(Serial serial) const noexcept = 0;
};

/// An authentic event about a probe of the window.
struct Event {
  Serial serial = 0;
  /// The kind of the event. A reply or a refusal says that the target is alive.
  enum class Kind : std::uint8_t {
    reply,
    refused,      ///< The target itself declined; `icmp` is set when it did so by an ICMP error.
    ttl_expired,  ///< Time exceeded in transit; `icmp` is set.
    unreachable,  ///< Any other ICMP error about the probe.
    failed,       ///< This host gave the probe up; see `error`.
    displaced,    ///< This host ended the connection to make room for others, as if the probe had not been sent.
  };
  Kind kind = Kind::reply;
  bool final = false;          ///< No answer to this probe can come any more.
  bool cut_next_time = false;  ///< The packet was too large; if the probe is sent again, the kernel fragments it.
  Address responder{};
  Arrival arrival{};
  std::optional<Duration> rtt{};  ///< Set where the kernel measured it, or where it is known better than by the sending
                                  ///< time and `arrival`; it replaces them.
  std::shared_ptr<const IcmpError> icmp{};
  std::error_code error{};
  std::uint8_t reply_ttl = 0;
  std::optional<std::uint8_t> reply_tos{};
  std::uint8_t auth_bits = 0;
  bool payload_altered = false;
  bool elsewhere = false;        ///< A reply or refusal is right in all but its source address, which is `responder`.
  std::uint16_t reply_size = 0;  ///< Bytes of the answer, from the ICMP or UDP header on; 0: not known.
};

/// True when this process, or the host, has no descriptor left.
[[nodiscard]] inline bool out_of_descriptors(std::error_code error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system;
}

/// Why probes of some profile cannot be sent to addresses of some family.
struct Obstacle {
  std::error_code error{};  ///< None: they can be sent.
  std::string doing{};      ///< What failed, with the option and its value.
  bool privilege = false;   ///< This process lacks the permission; `doing` says what would grant it.
};

/// Sends probes and receives events about them, for one object. One thread at a time uses it; any may call wake().
class ProbeTransport {
 public:
  virtual ~ProbeTransport() = default;

  [[nodiscard]] virtual Instant now() noexcept = 0;
  /// The same as PacketIo::wall_offset().
  [[nodiscard]] virtual Duration wall_offset() noexcept { return {}; }

  /// Sets profile number `profile` to `options`. No probe of the previous profile of this number is awaited any more.
  virtual void set_profile(ProfileNumber profile, const ProbeOptions& options) = 0;
  /// Prepares for probes of `profile` to `family`, and returns the obstacle, if any. send() does not need this call.
  /// Throws std::system_error when this process is out of descriptors or memory.
  virtual Obstacle prepare(Family family, ProfileNumber profile) = 0;

  /// The most probes to send before receive() is called: as many as the receive buffers hold answers.
  [[nodiscard]] virtual std::size_t credit() const noexcept = 0;

  /// Sends in order, up to the first probe that this host refuses. Writes the sending time of each accepted probe. May
  /// stop early without a reason. Throws std::bad_alloc only where no probe was accepted.
  struct Sent {
    std::size_t accepted = 0;
    std::error_code refused{};  ///< Why probes[accepted] was refused; none when all were accepted, and with `full`.
    bool full = false;          ///< There is no room for probes[accepted] until receive() has returned an event, or
                                ///< until room_at().
    /// probes[accepted] needs the ports of this probe, which is under way. The ports are free after an event about this
    /// probe, or after forget().
    std::optional<Serial> behind{};
  };
  virtual Sent send(std::span<const Probe> probes, std::span<Instant> sent_at) = 0;
  /// The time at which a full transport has room without an event.
  [[nodiscard]] virtual Instant room_at() const noexcept { return Instant::max(); }

  /// Takes everything that has arrived and appends the authentic events; everything else is only counted.
  virtual void receive(const ProbeBook& book, std::vector<Event>& events) = 0;
  /// Frees what a probe holds (a connection), when no caller waits for the probe any more.
  virtual void forget(Serial serial) noexcept { static_cast<void>(serial); }

  /// Updates counters().receive_drops, where anything can have been dropped since the last look. receive() itself looks
  /// only after it took many packets.
  virtual void look_for_drops() noexcept {}

  /// The same as PacketIo::is_own().
  [[nodiscard]] virtual bool is_own(const Address& address, Protocol protocol) {
    return static_cast<void>(address), static_cast<void>(protocol), false;
  }

  /// The same as PacketIo::local_network().
  [[nodiscard]] virtual LocalNetwork* local_network(Protocol protocol) { return static_cast<void>(protocol), nullptr; }

  /// The time at which receive() has something to do even if nothing arrives, for a caller that waits on
  /// native_handle().
  [[nodiscard]] virtual Instant next_chore() const noexcept { return Instant::max(); }

  /// The same as the functions of PacketIo.
  virtual void wait(Instant until) = 0;
  virtual void wake() noexcept = 0;
  [[nodiscard]] virtual int native_handle() noexcept = 0;
  /// Returns counters in which late, unauthenticated, wrong_source (for packets without an event), bad_checksum,
  /// malformed and receive_drops are set; the engine counts the rest.
  [[nodiscard]] virtual Counters counters() noexcept = 0;

  /// True when another object may use this transport after its present object has ended; see renew().
  [[nodiscard]] virtual bool can_rest() noexcept { return false; }
  /// Prepares this transport for another object, as if it had just been opened for `request`, apart from
  /// first_serial(). Returns false when it cannot be used again, or when it was opened for a different request.
  [[nodiscard]] virtual bool renew(const SocketsNeeded& request) { return static_cast<void>(request), false; }
  /// Closes the sockets of a transport whose object has ended, and keeps its memory for reopen(). Returns false when
  /// this transport cannot be used again.
  [[nodiscard]] virtual bool close_sockets() noexcept { return false; }
  /// After close_sockets(): prepares this transport for another object, as if it had just been opened for the same
  /// request, apart from first_serial(). Returns false when it cannot be used again, as in another process.
  [[nodiscard]] virtual bool reopen() noexcept { return false; }
  /// The serials of the present object's probes start here: smaller ones may be those of earlier objects.
  [[nodiscard]] virtual Serial first_serial() const noexcept { return 0; }
};

}  // namespace multiping::net

namespace multiping {

/// The transport that open_transport() found. It opens the sockets of an object.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Capabilities capabilities() const noexcept = 0;
  /// True when several threads of one batch get no more room from this transport than one thread.
  [[nodiscard]] virtual bool serves_one_thread() const noexcept { return false; }
  /// True when the host from which probes leave has a route for such a probe, or when this is not known.
  [[nodiscard]] virtual bool has_route(const Address& to, const ProbeOptions& probe) const {
    return static_cast<void>(to), static_cast<void>(probe), true;
  }
  [[nodiscard]] virtual std::unique_ptr<net::ProbeTransport> open(const net::SocketsNeeded& request) const = 0;
  /// Takes a transport back from an object that has ended; open() may return it to another object.
  virtual void give_back(std::unique_ptr<net::ProbeTransport> used) const noexcept { used.reset(); }
};

}  // namespace multiping
