// The UDP probes under way. They are found by their tag, or by the address and ports of an answer, since a UDP datagram
// has no number of its own. Pure bookkeeping; the protocol decides which answers are believed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/queue_allocated_on_use.hpp"
#include "multiping/address.hpp"
#include "net/probe_by_tag.hpp"
#include "net/probe_serial_table.hpp"
#include "net/probe_transport.hpp"
#include "values/address_kinds.hpp"

namespace multiping::net {

/// A probe under way.
struct UdpFlight {
  static constexpr std::uint32_t no_stream = ~std::uint32_t{0};

  std::uint32_t stream = no_stream;      ///< no_stream: no UDP probe has this serial.
  std::uint32_t previous = 0, next = 0;  ///< Distances to the serials before and after it in the stream; 0: none.
  std::uint32_t sent_at = 0;             ///< In 2^20 nanoseconds; wraps.
  ProfileNumber profile : 24 = 0;
  ProfileNumber answered : 1 = 0;
  ProfileNumber forgotten : 1 = 0;  ///< No caller waits for it any more.
  ProfileNumber reported : 1 = 0;   ///< An ICMP error about it came in; it may still be answered.
  PacketOptions packet{};

  /// True when the packets of both probes look the same but for their tags.
  [[nodiscard]] bool looks_like(const UdpFlight& other) const noexcept {
    return profile == other.profile && packet == other.packet;
  }
};
static_assert(sizeof(UdpFlight) == 24);

/// The probes from one local port to one port of an address, in the order of sending. Serials are stored by their low
/// halves: see UdpProbeIndex::serial().
struct UdpStream {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  Address to{};
  std::uint16_t port = 0, local_port = 0;
  std::uint32_t newest = none;                  ///< The newest known probe.
  std::uint32_t oldest = none, unheard = none;  ///< The oldest that may be answered, and of these without ICMP error.
  bool unsure = false;                          ///< For lack of room, probes were dropped that may still be answered.
  bool mixed = false;                           ///< The probes that may still be answered do not look the same.
};
static_assert(sizeof(UdpStream) == 44);

class UdpProbeIndex {
 public:
  /// A probe without an answer after this time counts as one that will never be answered.
  static constexpr Duration longest_answer = std::chrono::seconds{10};

  /// The address and port from which an answer comes, and the local port at which it arrives.
  struct Place {
    const Address& address;
    std::uint16_t port = 0, local_port = 0;
  };
  /// True when every earlier probe between these ports is answered, has an ICMP error, or is too old to be answered:
  /// the next answer belongs to the next probe.
  [[nodiscard]] bool is_free(const Place& place, Instant now) noexcept;

  /// A probe that leaves, and the tag that it carries, if any.
  struct Sending {
    Serial serial = 0;
    ProfileNumber profile = 0;
    PacketOptions packet{};
    Instant at{};
    std::span<const std::uint8_t> tag{};
  };
  void add(const Place& to, const Sending& sending);
  /// Removes a probe, the newest of its stream, as if it had not been added.
  void take_back(Serial serial) noexcept;

  /// Notes that no caller waits for this probe any more.
  void forget(Serial serial) noexcept;
  /// Notes that no caller waits for probes below `first`. They stay known for as long as they may be answered, and some
  /// of them longer, so that late answers are told from forged ones.
  void forget_below(Serial first, Instant now) noexcept;
  [[nodiscard]] bool empty() const noexcept { return flights_.empty(); }

  /// Returns null when no probe with this serial is known.
  [[nodiscard]] UdpFlight* find(Serial serial) noexcept {
    UdpFlight* flight = flights_.find(serial);
    return flight != nullptr && flight->stream != UdpFlight::no_stream ? flight : nullptr;
  }
  /// Returns the serial of a known probe from its low half.
  [[nodiscard]] Serial serial(std::uint32_t low) const noexcept {
    return flights_.first() + (low - static_cast<std::uint32_t>(flights_.first()));
  }
  [[nodiscard]] const UdpStream& stream_of(const UdpFlight& flight) const noexcept { return streams_[flight.stream]; }
  [[nodiscard]] UdpStream* find(const Place& place) noexcept;
  /// Visits the streams to all targets with these octets, whatever their zone.
  template <class Visit>
  void each_zone(const Place& place, Visit visit) {
    if (slots_.empty()) return;
    const std::uint32_t hash = hash_of(place);
    for (std::size_t slot = start(hash); slots_[slot].stream != UdpFlight::no_stream; slot = following(slot)) {
      if (slots_[slot].hash != hash) continue;
      if (UdpStream& stream = streams_[slots_[slot].stream]; is_at(stream, place)) visit(stream);
    }
  }
  /// Visits the probes whose tag may begin as these bytes do, until `visit` returns true.
  template <class Visit>
  bool any_tagged(std::span<const std::uint8_t> bytes, Visit visit) {
    return tags_.any(bytes, [&](std::uint32_t low) {
      UdpFlight* flight = find(serial(low));
      return flight != nullptr && visit(serial(low), *flight);
    });
  }

  /// Updates a stream's `oldest`, `unheard` and `unsure`.
  void settle(UdpStream& stream, Instant now) noexcept;
  /// True when a probe is answered, or too old to be answered.
  [[nodiscard]] static bool is_over(const UdpFlight& flight, Instant now) noexcept;
  /// Returns the low half of the next serial in the stream; UdpStream::none when there is none.
  [[nodiscard]] static std::uint32_t next(std::uint32_t low, const UdpFlight& flight) noexcept {
    return flight.next != 0 ? low + flight.next : UdpStream::none;
  }

 private:
  struct Slot {
    std::uint32_t stream = UdpFlight::no_stream;  ///< no_stream: the slot is free.
    std::uint32_t hash = 0;
  };

  [[nodiscard]] static bool is_at(const UdpStream& stream, const Place& place) noexcept {
    return stream.port == place.port && stream.local_port == place.local_port && same_octets(stream.to, place.address);
  }
  [[nodiscard]] static std::uint32_t hash_of(const Place& place) noexcept;
  [[nodiscard]] std::size_t start(std::uint32_t hash) const noexcept { return hash & (slots_.size() - 1); }
  [[nodiscard]] std::size_t following(std::size_t slot) const noexcept { return (slot + 1) & (slots_.size() - 1); }
  [[nodiscard]] std::size_t slot_of(const Place& place, std::uint32_t hash) const noexcept;
  [[nodiscard]] std::uint32_t at(const Place& place);
  void grow();
  void append(UdpStream& stream, Serial serial, UdpFlight& flight) noexcept;
  void leave(std::uint32_t low, const UdpFlight& flight, Instant now) noexcept;

  ProbeSerialTable<UdpFlight> flights_;
  ProbeByTag tags_;
  QueueAllocatedOnUse<UdpStream> streams_;
  std::vector<std::uint32_t> free_;  ///< Streams without a probe, to be used again.
  std::vector<Slot> slots_;  ///< A hash table of streams by address and ports. Its size is a power of two, or 0.
  std::size_t used_ = 0;
  std::uint32_t unsure_until_ = 0;  ///< In the units of UdpFlight::sent_at.
};

}  // namespace multiping::net
