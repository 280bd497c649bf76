// Asks by connect(): as many TCP connections at once as this process has descriptors and ports for.
// The kernel speaks TCP and decides what is authentic; what is decided here is which connection makes room for others.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "net/address_map.hpp"
#include "net/hearing.hpp"
#include "net/icmp_report.hpp"
#include "net/rare_queue.hpp"
#include "net/serial_map.hpp"
#include "net/shape_table.hpp"

namespace multiping::net {

/// Where there is room, each probe is a connection of its own. Where there is not, a probe whose target has a
/// connection under way shares that one: the kernel repeats its SYN. A connection that was ended by what proves nothing
/// is begun anew, and so is one that ended without an answer while later probes shared it.
class ConnectionSpeaker {
 public:
  /// All of them outlive this object.
  ConnectionSpeaker(PacketIo& io, const ShapeTable& shapes, IcmpEvents& errors);

  struct Started {
    Instant at{};
    std::error_code refused{};
    bool full = false;               ///< No room until room_at(), or until a connection has ended.
    std::optional<Serial> behind{};  ///< The connection of this probe, of another target, has the ports.
  };
  Started connect(const Probe& probe);

  [[nodiscard]] bool any() const noexcept { return under_way_ > 0; }
  /// Somebody else wants a descriptor, and connections hold them: there is one by room_at().
  void free_descriptor() noexcept;
  /// The end of time when there is room.
  [[nodiscard]] Instant room_at() const noexcept { return room_at_; }

  /// Takes in what has become of a connection.
  void take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events, Counters& counters);
  /// settle() has something to do.
  [[nodiscard]] bool has_news() const noexcept { return !displaced_.empty() || !restarts_.empty(); }
  /// Begins anew what is to be, and tells which connections have made way for others.
  void settle(const ProbeBook& book, std::vector<Event>& events);
  /// Gives a connection up that nobody waits for.
  void forget(Serial serial) noexcept;
  void forget_below(Serial first) noexcept;

 private:
  /// Found by the serial of the probe that it was begun for.
  struct Connection {
    Instant started{};
    Serial latest = 0;  ///< The last of the probes that it is for.
    std::uint32_t target = Probe::no_target;
    std::uint8_t level = 0;     ///< Of its patience.
    std::uint8_t restarts = 0;  ///< After packets that proved nothing.
    bool under_way = false;
  };
  static constexpr Serial no_serial = ~Serial{0};
  /// The latest connection between two given ports, or of a flow to a given port.
  struct Latest {
    Serial serial = no_serial;
  };
  /// In the order in which they began: a line for each level of patience.
  struct Waiting {
    Serial serial = 0;
    Instant started{};
  };
  struct Displaced {
    Serial serial = 0;
    Instant at{};
  };
  struct Restart {
    Serial serial = 0;
    std::uint8_t restarts = 0;
  };
  /// A connection that was displaced before has twice the time, and so on.
  static constexpr std::size_t levels = 3;

  [[nodiscard]] AddressMap<Latest>& latest_of(const ShapeFacts& shape) noexcept {
    return shape.flow ? by_flow_ : by_ports_;
  }
  [[nodiscard]] std::error_code start(const Probe& probe, Instant now, std::uint8_t restarts);
  [[nodiscard]] Latest* make_room_for(const Probe& probe);
  [[nodiscard]] std::optional<Event> reported(const Connected& connected, const ProbeBook& book);
  [[nodiscard]] bool share(const Probe& probe) noexcept;
  [[nodiscard]] Started held_up(const Probe& probe, std::error_code error) noexcept;
  void be_full() noexcept;
  [[nodiscard]] Duration patience(std::size_t level) const noexcept { return patience_ * (1 << level); }
  [[nodiscard]] RareQueue<Waiting>* first_to_go() noexcept;
  [[nodiscard]] Instant makes_way_at(const RareQueue<Waiting>& line) const noexcept;
  [[nodiscard]] bool displace_one(Instant now);
  /// None when it was over already.
  std::optional<Connection> end(Serial serial) noexcept;
  void begin_anew(Serial serial, std::uint8_t restarts);
  void became_roomy() noexcept;

  PacketIo& io_;
  const ShapeTable& shapes_;
  IcmpEvents& errors_;
  SerialMap<Connection> connections_;
  std::array<RareQueue<Waiting>, levels> waiting_;
  std::vector<Serial> by_target_;  ///< The latest connection of each target.
  AddressMap<Latest> by_ports_;    ///< Of those whose source port was asked for.
  AddressMap<Latest> by_flow_;     ///< Of those that have the port of their flow.
  std::vector<Displaced> displaced_;
  std::vector<Restart> restarts_;
  std::size_t under_way_ = 0;
  Duration patience_;
  Instant next_displacing_ = Instant::min();
  Instant room_at_ = Instant::max();
};

}  // namespace multiping::net
