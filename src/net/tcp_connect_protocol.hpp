// Probes by connect(): as many TCP connections at once as this process has descriptors and ports for.
// The kernel speaks TCP and decides which answers are authentic; this class decides which connection makes room.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "base/queue_allocated_on_use.hpp"
#include "net/address_hash_table.hpp"
#include "net/answer_context.hpp"
#include "net/icmp_error_report.hpp"
#include "net/probe_serial_table.hpp"
#include "net/profile_table.hpp"

namespace multiping::net {

/// While there is room, each probe has a connection of its own. When there is none, a probe whose target has a
/// connection under way shares that connection: the kernel repeats its SYN. A connection is started again when packets
/// that prove nothing ended it, and when it ended without an answer while later probes shared it.
class TcpConnectProtocol {
 public:
  /// The arguments outlive this object.
  TcpConnectProtocol(PacketIo& io, const ProfileTable& profiles, IcmpEvents& errors);

  struct Started {
    Instant at{};
    std::error_code refused{};
    bool full = false;               ///< There is no room until room_at(), or until a connection has ended.
    std::optional<Serial> behind{};  ///< The connection of this probe, to another target, holds the ports.
  };
  Started connect(const Probe& probe);

  [[nodiscard]] bool any() const noexcept { return under_way_ > 0; }
  /// Called when a socket outside this object needs a descriptor. Displaces a connection at once, if one is older than
  /// its patience; room_at() says when to try again.
  void free_descriptor() noexcept;
  /// The time at which there is room again; Instant::max() when there is room now.
  [[nodiscard]] Instant room_at() const noexcept { return room_at_; }

  /// Takes the outcome of a connection, and appends the event about its probe.
  void take(const Connected& connected, const ProbeBook& book, std::vector<Event>& events, Counters& counters);
  /// The time at which settle() has something to do; Instant::min() when it has now, Instant::max() when it has
  /// nothing.
  [[nodiscard]] Instant next_settling() const noexcept;
  /// Starts the connections that are to be started again, and reports the ones that were displaced.
  void settle(const ProbeBook& book, std::vector<Event>& events);
  /// Ends the connection of a probe that no caller waits for.
  void forget(Serial serial) noexcept;
  void forget_below(Serial first) noexcept;

 private:
  /// A connection. `connections_` has it under the serial of the probe that it was started for.
  struct Connection {
    Instant started{};
    Serial latest = 0;  ///< The last probe that shares it.
    std::uint32_t target = Probe::no_target;
    std::uint8_t level = 0;     ///< Level of patience, below `levels`.
    std::uint8_t restarts = 0;  ///< How often packets that proved nothing have ended it.
    bool under_way = false;
  };
  static constexpr Serial no_serial = ~Serial{0};
  /// The latest connection between two given ports, or from the port of a flow to a given port.
  struct Latest {
    Serial serial = no_serial;
  };
  /// A place in a line: each level of patience has a line of its connections, in the order of their start.
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
    Instant at{};  ///< When to start it.
  };
  /// Each level has twice the patience of the one before: a probe moves up each time it was displaced.
  static constexpr std::size_t levels = 3;

  [[nodiscard]] AddressMap<Latest>& latest_of(const ProfileFacts& profile) noexcept {
    return profile.flow ? by_flow_ : by_ports_;
  }
  [[nodiscard]] std::error_code start(const Probe& probe, Instant now, std::uint8_t restarts);
  [[nodiscard]] Latest* make_room_for(const Probe& probe);
  [[nodiscard]] std::optional<Event> reported(const Connected& connected, const ProbeBook& book);
  [[nodiscard]] bool share(const Probe& probe) noexcept;
  [[nodiscard]] Started held_up(const Probe& probe, std::error_code error) noexcept;
  void be_full() noexcept;
  [[nodiscard]] Duration patience(std::size_t level) const noexcept { return patience_ * (1 << level); }
  [[nodiscard]] QueueAllocatedOnUse<Waiting>* first_to_go() noexcept;
  [[nodiscard]] Instant makes_way_at(const QueueAllocatedOnUse<Waiting>& line) const noexcept;
  [[nodiscard]] bool displace_one(Instant now);
  /// Marks a connection as ended; returns nothing when it had ended already.
  std::optional<Connection> end(Serial serial) noexcept;
  void begin_anew(Serial serial, std::uint8_t restarts);
  void restart_now(const Restart& restart, const ProbeBook& book, std::vector<Event>& events, Instant now);
  void became_roomy() noexcept;

  PacketIo& io_;
  const ProfileTable& profiles_;
  IcmpEvents& errors_;
  ProbeSerialTable<Connection> connections_;
  std::array<QueueAllocatedOnUse<Waiting>, levels> waiting_;
  std::vector<Serial> by_target_;  ///< The latest connection of each target.
  AddressMap<Latest> by_ports_;    ///< Connections whose source port was asked for.
  AddressMap<Latest> by_flow_;     ///< Connections whose source port stands for their flow.
  std::vector<Displaced> displaced_;
  std::vector<Restart> restarts_;
  std::size_t under_way_ = 0;
  Duration patience_;
  Instant next_displacing_ = Instant::min();
  Instant room_at_ = Instant::max();
};

}  // namespace multiping::net
