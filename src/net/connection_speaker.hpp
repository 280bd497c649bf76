// Asks by connect(): as many TCP connections at once as this process has descriptors and ports for.
// The kernel speaks TCP and decides what is authentic; what is decided here is whom to give up to make room.
#pragma once

#include <cstdint>
#include <system_error>

#include "net/address_map.hpp"
#include "net/hearing.hpp"
#include "net/icmp_report.hpp"
#include "net/serial_map.hpp"
#include "net/shape_table.hpp"

namespace multiping::net {

class ConnectionSpeaker {
 public:
  /// All of them outlive this object.
  ConnectionSpeaker(PacketIo& io, const ShapeTable& shapes, IcmpEvents& errors) noexcept
      : io_{io}, shapes_{shapes}, errors_{errors} {}

  struct Started {
    Instant at{};
    std::error_code refused{};
    bool full = false;  ///< No room until room_at(), or until a connection has ended.
  };
  Started connect(const Probe& probe);

  [[nodiscard]] bool any() const noexcept { return under_way_ > 0; }
  /// Somebody else wants a descriptor, and connections hold them: there is one by room_at().
  void free_descriptor() noexcept;
  /// The end of time when there is room.
  [[nodiscard]] Instant room_at() const noexcept { return room_at_; }

  /// Takes in what has become of a connection.
  void take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events, Counters& counters);
  /// Gives a connection up that nobody waits for.
  void forget(Serial serial) noexcept;
  void forget_below(Serial first) noexcept;

 private:
  struct Connection {
    Instant started{};
    bool under_way = false;
  };
  static constexpr Serial no_serial = ~Serial{0};
  /// The latest connection between two given ports, or of a flow to a given port.
  struct Latest {
    Serial serial = no_serial;
  };

  [[nodiscard]] AddressMap<Latest>& latest_of(const ShapeFacts& shape) noexcept {
    return shape.flow ? by_flow_ : by_ports_;
  }
  void make_way_for(const Probe& probe) noexcept;
  [[nodiscard]] std::error_code start(const Probe& probe);
  void be_full() noexcept;
  [[nodiscard]] bool give_up_oldest(Instant now) noexcept;
  /// False when it was over already.
  bool end(Serial serial) noexcept;
  void trim() noexcept;
  void became_roomy() noexcept;

  PacketIo& io_;
  const ShapeTable& shapes_;
  IcmpEvents& errors_;
  SerialMap<Connection> connections_;
  AddressMap<Latest> by_ports_;  ///< Of those whose source port was asked for.
  AddressMap<Latest> by_flow_;   ///< Of those that have the port of their flow.
  std::size_t under_way_ = 0;
  Instant room_at_ = Instant::max();
};

}  // namespace multiping::net
