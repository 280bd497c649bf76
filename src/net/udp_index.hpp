// The UDP probes under way, found by the tag that they carry, or by where an answer comes from: a datagram says no
// number of ours of itself. Pure bookkeeping; what is believed is the speaker's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "multiping/address.hpp"
#include "net/address_facts.hpp"
#include "net/rare_queue.hpp"
#include "net/serial_map.hpp"
#include "net/tag_index.hpp"
#include "net/transport.hpp"

namespace multiping::net {

/// A probe under way.
struct UdpFlight {
  static constexpr std::uint32_t no_stream = ~std::uint32_t{0};

  std::uint32_t stream = no_stream;      ///< None: no UDP probe has this serial.
  std::uint32_t previous = 0, next = 0;  ///< Steps to its neighbours in the stream; 0: there is none.
  std::uint32_t sent_at = 0;             ///< In 2^20 nanoseconds; wraps.
  ShapeNumber shape : 24 = 0;
  ShapeNumber answered : 1 = 0;
  ShapeNumber forgotten : 1 = 0;  ///< Nobody waits for it any more.
  ShapeNumber reported : 1 = 0;   ///< An ICMP error told its fate, though it may still be answered.
};
static_assert(sizeof(UdpFlight) == 20);

/// What went from one port of ours to one port of an address, in the order of sending. Serials stand here by their low
/// halves: see UdpIndex::serial().
struct UdpStream {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  Address to{};
  std::uint16_t port = 0, local_port = 0;
  std::uint32_t newest = none;                  ///< Of those that are known.
  std::uint32_t oldest = none, unheard = none;  ///< The oldest that may still be answered; that, and has no ICMP error.
  bool unsure = false;  ///< Probes that may still be answered may be known no more, for want of room.
  bool mixed = false;   ///< Those that may be answered have different shapes.
};
static_assert(sizeof(UdpStream) == 44);

class UdpIndex {
 public:
  /// No answer takes so long: what was not answered until then never will be.
  static constexpr Duration longest_answer = std::chrono::seconds{10};

  /// Where an answer comes from and where it arrives, or would.
  struct Place {
    const Address& address;
    std::uint16_t port = 0, local_port = 0;
  };
  /// Every earlier probe between these ports is answered, reported about, or too old to be answered: whatever comes
  /// next answers the next.
  [[nodiscard]] bool is_free(const Place& place, Instant now) noexcept;

  /// A probe that leaves, and the tag that it carries, if any.
  struct Sending {
    Serial serial = 0;
    ShapeNumber shape = 0;
    Instant at{};
    std::span<const std::uint8_t> tag{};
  };
  void add(const Place& to, const Sending& sending);
  /// As if a probe had not been added, the newest of its stream.
  void take_back(Serial serial) noexcept;

  /// Nobody waits for this probe any more.
  void forget(Serial serial) noexcept;
  /// Nobody waits for what is below `first`. It stays known for as long as it may be answered, and some of it for
  /// longer, so that late answers are told from forged ones.
  void forget_below(Serial first, Instant now) noexcept;
  [[nodiscard]] bool empty() const noexcept { return flights_.empty(); }

  /// Null where no probe is known.
  [[nodiscard]] UdpFlight* find(Serial serial) noexcept {
    UdpFlight* flight = flights_.find(serial);
    return flight != nullptr && flight->stream != UdpFlight::no_stream ? flight : nullptr;
  }
  /// The serial of the known ones that ends in these bits.
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
  /// Visits the probes whose tag may begin as these bytes do, until `visit` says yes.
  template <class Visit>
  bool any_tagged(std::span<const std::uint8_t> bytes, Visit visit) {
    return tags_.any(bytes, [&](std::uint32_t low) {
      UdpFlight* flight = find(serial(low));
      return flight != nullptr && visit(serial(low), *flight);
    });
  }

  /// Brings a stream's oldest and unheard up to date.
  void settle(UdpStream& stream, Instant now) noexcept;
  /// It can't be answered any more.
  [[nodiscard]] static bool is_over(const UdpFlight& flight, Instant now) noexcept;
  /// The probe after it in its stream.
  [[nodiscard]] static std::uint32_t next(std::uint32_t low, const UdpFlight& flight) noexcept {
    return flight.next != 0 ? low + flight.next : UdpStream::none;
  }

 private:
  struct Slot {
    std::uint32_t stream = UdpFlight::no_stream;  ///< None: free.
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

  SerialMap<UdpFlight> flights_;
  TagIndex tags_;
  RareQueue<UdpStream> streams_;
  std::vector<std::uint32_t> free_;  ///< Streams without a probe, to be used again.
  std::vector<Slot> slots_;          ///< A power of two of them, or none: streams by address and ports.
  std::size_t used_ = 0;
  std::uint32_t unsure_until_ = 0;  ///< As UdpFlight::sent_at.
};

}  // namespace multiping::net
