// What is known of each probe shape: its payload, its port, and the ways it leaves this host.
// Looked up for every probe, so everything lies flat, by the shape's number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <vector>

#include "multiping/address.hpp"
#include "multiping/options.hpp"
#include "net/packet_io.hpp"
#include "net/pattern_images.hpp"

namespace multiping::net {

/// UDP probes of free source port choose among so many. All but the last keep one probe to a target under way each.
inline constexpr unsigned udp_turns = 64;

/// A shape, as far as its messages need it.
struct ShapeFacts {
  Carrier carrier = Carrier::icmp;        ///< Of its messages; a shape that connects has none.
  unsigned turns = 1;                     ///< How many source ports its probes choose among.
  std::uint16_t port = 0;                 ///< Destination; 0 for ICMP.
  std::uint16_t source_port = 0;          ///< As asked; 0: any.
  bool may_be_cut = true;                 ///< Fragments are allowed.
  std::optional<std::uint16_t> flow{};    ///< Of ICMP messages, and of connections whose port is free.
  std::size_t message_size = 0;           ///< The whole message.
  std::span<const std::uint8_t> image{};  ///< The payload as its pattern alone fills it.
  PatternImages::Owner image_owner{};
};

/// A way that was found, without its explanation.
struct Route {
  enum class State : std::uint8_t { unknown, lane, connection, none };
  State state = State::unknown;
  Lane lane = 0;
  bool hears_all = false;   ///< Every answer comes to that lane, whatever other lanes hear.
  std::error_code error{};  ///< For none.
  Instant forgotten_at{};   ///< For none: from then on the way is asked for again, since what is missing may come.
};
[[nodiscard]] Route route_of(const Way& way) noexcept;

class ShapeTable {
 public:
  /// Throws std::bad_alloc, with nothing changed.
  void set(ShapeNumber shape, const ProbeOptions& options);

  [[nodiscard]] const ShapeFacts& operator[](ShapeNumber shape) const noexcept { return facts_[shape]; }
  /// The place of a route in the cache. `turn` is less than udp_turns. Valid until another is asked for.
  [[nodiscard]] Route& route(Family family, ShapeNumber shape, unsigned turn) {
    Routes& routes = routes_[shape][family == Family::ipv6 ? 1 : 0];
    if (turn == 0) return routes.first;
    if (routes.further.size() < turn) routes.further.resize(turn);
    return routes.further[turn - 1];
  }
  /// That of the first turn.
  [[nodiscard]] const Route& route(Family family, ShapeNumber shape) const noexcept {
    return routes_[shape][family == Family::ipv6 ? 1 : 0].first;
  }
  /// The largest message that any shape has had.
  [[nodiscard]] std::size_t largest_message() const noexcept { return largest_message_; }

 private:
  /// By turn. Most shapes have but one.
  struct Routes {
    Route first{};
    std::vector<Route> further{};
  };

  [[nodiscard]] ShapeFacts facts_of(const ProbeOptions& options);

  PatternImages images_;
  std::vector<ShapeFacts> facts_;
  std::vector<std::array<Routes, 2>> routes_;  ///< By shape and family.
  std::size_t largest_message_ = 0;
};

}  // namespace multiping::net
