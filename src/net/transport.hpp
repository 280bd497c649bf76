// The probe-level seam: probes out, authentic events about them in. The engine knows nothing below it; what stands
// below may be sockets of this process or of another.
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

#include "multiping/address.hpp"
#include "multiping/result.hpp"
#include "multiping/transport.hpp"
#include "net/packet_io.hpp"

namespace multiping::net {

/// The number of a probe: counts every probe of an object, and never comes again. What the packet carries of it (an
/// identifier and a sequence number) does come again; the tag, which covers the serial, tells which one is meant.
using Serial = std::uint64_t;

/// Random, and of one object alone: its tags are made with it.
using Secret = std::array<std::uint8_t, 16>;

/// A probe to be sent. What `to` points at is the probe book's, and stays where it is only until the call returns.
struct Probe {
  Serial serial = 0;
  const Address* to = nullptr;
  ShapeNumber shape = 0;
  /// How often the target's connection has made way for others before: this one is left alone the longer.
  std::uint8_t displaced = 0;
  /// Probes of one target ask the same question: an answer to any of them will do.
  std::uint32_t target = no_target;
  static constexpr std::uint32_t no_target = ~std::uint32_t{0};
};

/// What the transport asks of whoever keeps the probes, to tell an authentic answer from the rest.
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
  /// A probe of the window may still get its first answer, whether anybody waits for it or not.
  [[nodiscard]] virtual bool is_unanswered(Serial serial) const noexcept = 0;
};

/// Something authentic about a probe of the window.
struct Event {
  Serial serial = 0;
  /// What it is. Behind a reply or a refusal the target is alive.
  enum class Kind : std::uint8_t {
    reply,
    refused,      ///< The target itself declined: `icmp` is set where that was its ICMP error.
    ttl_expired,  ///< Time exceeded in transit; `icmp` says it.
    unreachable,  ///< Any other ICMP error about the probe.
    failed,       ///< This host gave the probe up; see `error`.
    displaced,    ///< This host ended its connection, to make room for others: as if the probe had not been sent.
  };
  Kind kind = Kind::reply;
  bool final = false;          ///< No answer to this probe can come any more.
  bool cut_next_time = false;  ///< Unreachable for its size: who sends it again has it fragmented.
  Address responder{};
  Arrival arrival{};
  std::optional<Duration> rtt{};  ///< Measured by the kernel, or known better than from the sending time and
                                  ///< `arrival`, which count for nothing then.
  std::shared_ptr<const IcmpError> icmp{};
  std::error_code error{};
  std::uint8_t reply_ttl = 0;
  std::optional<std::uint8_t> reply_tos{};
  std::uint8_t auth_bits = 0;
  bool payload_altered = false;
  bool elsewhere = false;  ///< Of a reply or refusal: all is right but where it came from, which `responder` says.
};

/// This process, or the host, has no descriptor left.
[[nodiscard]] inline bool out_of_descriptors(std::error_code error) noexcept {
  return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system;
}

/// Why probes of some shape cannot be sent to addresses of some family.
struct Obstacle {
  std::error_code error{};  ///< None: they can.
  std::string doing{};      ///< What failed, with the option and its value.
  bool privilege = false;   ///< This process may not; `doing` says what would let it.
};

/// Sends probes and hears of them, for one object and one thread at a time (but for wake()).
class ProbeTransport {
 public:
  virtual ~ProbeTransport() = default;

  [[nodiscard]] virtual Instant now() noexcept = 0;

  /// From now on shape number `shape` is `options`; no probe of the shape that had this number is awaited any more.
  virtual void set_shape(ShapeNumber shape, const ProbeOptions& options) = 0;
  /// Makes ready for probes of `shape` to `family`, and says what stands in the way. Never needed before send().
  /// Throws std::system_error when this process is out of descriptors or memory.
  virtual Obstacle prepare(Family family, ShapeNumber shape) = 0;

  /// Most probes to send at once before receive() is called: what the receive buffers can hold of answers.
  [[nodiscard]] virtual std::size_t credit() const noexcept = 0;

  /// Sends in order, up to the first that this host refuses. Writes the sending time of each accepted probe. May stop
  /// after some for no reason given; throws std::bad_alloc only where none was accepted.
  struct Sent {
    std::size_t accepted = 0;
    std::error_code refused{};  ///< Of probes[accepted]; none when all were accepted, and with `full`.
    bool full = false;          ///< There is no room for probes[accepted] until receive() has given some event, or
                                ///< until room_at().
    /// probes[accepted] needs the ports of this probe, which is under way: it has room when an event has come about
    /// that one, or when it was forgotten.
    std::optional<Serial> behind{};
  };
  virtual Sent send(std::span<const Probe> probes, std::span<Instant> sent_at) = 0;
  /// When a full transport makes room by itself.
  [[nodiscard]] virtual Instant room_at() const noexcept { return Instant::max(); }

  /// Takes in everything that has arrived and appends the authentic events; the rest moves a counter.
  virtual void receive(const ProbeBook& book, std::vector<Event>& events) = 0;
  /// Nobody waits for this probe any more: what it holds (a connection) is given back.
  virtual void forget(Serial serial) noexcept { static_cast<void>(serial); }

  /// Brings counters().receive_drops up to date, where anything can have been dropped since the last look; receive()
  /// itself looks only after a large haul.
  virtual void look_for_drops() noexcept {}

  /// As PacketIo's.
  [[nodiscard]] virtual bool is_own(const Address& address, Protocol protocol) {
    return static_cast<void>(address), static_cast<void>(protocol), false;
  }

  /// When receive() has something to do though nothing has arrived; for who waits by native_handle().
  [[nodiscard]] virtual Instant next_chore() const noexcept { return Instant::max(); }

  /// As PacketIo's.
  virtual void wait(Instant until) = 0;
  virtual void wake() noexcept = 0;
  [[nodiscard]] virtual int native_handle() noexcept = 0;
  /// late, unauthenticated, wrong_source (of what is no event), bad_checksum, malformed and receive_drops; the rest is
  /// the engine's.
  [[nodiscard]] virtual Counters counters() noexcept = 0;

  /// It may serve another object when its own has ended; see renew().
  [[nodiscard]] virtual bool can_rest() noexcept { return false; }
  /// From now on it is as if opened just now for `request`. False where it cannot be, or was opened for another.
  [[nodiscard]] virtual bool renew(const IoRequest& request, const Secret& secret) {
    return static_cast<void>(request), static_cast<void>(secret), false;
  }
};

}  // namespace multiping::net

namespace multiping {

/// What open_transport() found: opens the sockets of an object.
class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual Capabilities capabilities() const noexcept = 0;
  /// What lies behind it has no more room for several threads of one batch than for one.
  [[nodiscard]] virtual bool serves_one_thread() const noexcept { return false; }
  /// There is a way for such a probe from where it leaves, as far as routes tell. True where nobody can say.
  [[nodiscard]] virtual bool has_route(const Address& to, const ProbeOptions& probe) const {
    return static_cast<void>(to), static_cast<void>(probe), true;
  }
  [[nodiscard]] virtual std::unique_ptr<net::ProbeTransport> open(const net::IoRequest& request) const = 0;
  /// Its object has done with it, and another may have it.
  virtual void give_back(std::unique_ptr<net::ProbeTransport> used) const noexcept { used.reset(); }
};

}  // namespace multiping
