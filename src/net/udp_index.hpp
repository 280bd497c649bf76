// The UDP probes under way, found by where an answer comes from: a datagram says no number of ours of itself.
// Pure bookkeeping; what is believed is the speaker's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "multiping/address.hpp"
#include "net/address_map.hpp"
#include "net/candidates.hpp"
#include "net/serial_map.hpp"
#include "net/transport.hpp"

namespace multiping::net {

/// A probe under way.
struct UdpFlight {
  Serial previous = no_serial;   ///< The probe before it to the same target.
  std::uint16_t local_port = 0;  ///< 0: no UDP probe has this serial.
  std::uint16_t shape = 0;
  std::uint16_t tag_start = 0;  ///< Of what was sent: most others are told from it by this alone.
  bool answered : 1 = false;
  bool forgotten : 1 = false;  ///< Nobody waits for it any more.
  bool reported : 1 = false;   ///< An ICMP error told its fate, though it may still be answered.

  static constexpr Serial no_serial = ~Serial{0};
};

class UdpIndex {
 public:
  /// How many probes went to this target so far; wraps.
  [[nodiscard]] unsigned sent_to(const Address& address, std::uint16_t port);
  /// Where a probe goes, and what it says.
  struct Sending {
    std::uint16_t port = 0, local_port = 0, tag_start = 0;
  };
  /// The newest probe to that target from now on.
  void add(const Probe& probe, const Sending& sending);
  /// As if the newest probe to that target had not been added.
  void take_back(const Probe& probe, std::uint16_t port) noexcept;

  /// Nobody waits for this probe any more.
  void forget(Serial serial) noexcept;
  /// Nobody waits for what is below `first`; some of it stays known, so that late answers are told from forged ones.
  void forget_below(Serial first) noexcept;

  /// Visits the probes from `local_port` to that target, newest first, until `visit` says yes.
  template <class Visit>
  bool any(const Address& address, std::uint16_t port, std::uint16_t local_port, Visit visit) {
    const Target* target = targets_.find(address, port);
    return target != nullptr && walk(target->newest, local_port, visit);
  }
  /// The same of all targets with these octets, whatever their zone.
  template <class Visit>
  bool any_zone(const Address& address, std::uint16_t port, std::uint16_t local_port, Visit visit) {
    return targets_.any(address, port, [&](const Address& kept, const Target& target) {
      return walk(target.newest, local_port,
                  [&](Serial serial, UdpFlight& flight) { return visit(kept, serial, flight); });
    });
  }
  /// Visits the newest few probes from `local_port`, whatever their target.
  template <class Visit>
  bool any_recent(std::uint16_t local_port, Visit visit) {
    Serial serial = flights_.end();
    for (int tries = 0; tries < most_candidates && serial > flights_.first(); ++tries) {
      const UdpFlight* flight = flights_.find(--serial);
      if (flight->local_port == local_port && visit(serial, *flight)) return true;
    }
    return false;
  }

 private:
  /// Of all probes to a target, those of one source port are a part. A step costs next to nothing.
  static constexpr int most_steps = 64 * most_candidates;

  struct Target {
    Serial newest = UdpFlight::no_serial;
    unsigned sent = 0;
  };

  [[nodiscard]] Target& target(const Address& address, std::uint16_t port);

  template <class Visit>
  bool walk(Serial serial, std::uint16_t local_port, Visit visit) {
    for (int tries = 0; tries < most_steps; ++tries) {
      UdpFlight* flight = flights_.find(serial);
      if (flight == nullptr || flight->local_port == 0) return false;
      if (flight->local_port == local_port && visit(serial, *flight)) return true;
      serial = flight->previous;
    }
    return false;
  }

  AddressMap<Target> targets_;
  SerialMap<UdpFlight> flights_;
};

}  // namespace multiping::net
