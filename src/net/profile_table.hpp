// The facts about each probe profile: its payload, its ports, and the routes by which its probes leave this host.
// Every probe needs them, so they are stored in flat arrays, indexed by the profile's number.
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
#include "net/payload_patterns.hpp"

namespace multiping::net {

/// The number of source ports for UDP probes without a fixed port. On each port but the last, at most one probe to a
/// target is under way.
inline constexpr unsigned udp_turns = 64;

/// The facts about a profile that its messages need.
struct ProfileFacts {
  Protocol protocol = Protocol::icmp;     ///< The kind of its messages; a profile that connects has no messages.
  unsigned turns = 1;                     ///< How many source ports its probes use.
  std::uint16_t port = 0;                 ///< The destination port; 0 for ICMP.
  std::uint16_t source_port = 0;          ///< The source port that was asked for; 0: any.
  bool may_be_cut = true;                 ///< Fragments are allowed.
  std::optional<std::uint16_t> flow{};    ///< For ICMP messages, and for connections without a fixed source port.
  std::size_t message_size = 0;           ///< The size of the whole message in bytes.
  std::span<const std::uint8_t> image{};  ///< The payload as its pattern alone fills it; see image_of().
  PayloadPatterns::Owner image_owner{};
  std::span<std::uint8_t> random{};  ///< `image`, where it is filled anew for each probe.
};

/// A cached SendPath, without its text.
struct Route {
  enum class State : std::uint8_t { unknown, socket_id, connection, none };
  State state = State::unknown;
  SocketId socket_id = 0;
  bool hears_all = false;   ///< The socket receives every answer, even those that other sockets receive too.
  std::error_code error{};  ///< State::none: the reason.
  Instant forgotten_at{};   ///< State::none: from this time on way() is asked again, as the obstacle may be gone.
};
[[nodiscard]] Route route_of(const SendPath& way) noexcept;

class ProfileTable {
 public:
  /// Throws std::bad_alloc, with nothing changed.
  void set(ProfileNumber profile, const ProbeOptions& options);

  [[nodiscard]] const ProfileFacts& operator[](ProfileNumber profile) const noexcept { return facts_[profile]; }
  /// The place of a route in the cache. `turn` is less than udp_turns. The reference is valid until the next call.
  [[nodiscard]] Route& route(Family family, ProfileNumber profile, unsigned turn) {
    Routes& routes = routes_[profile][family == Family::ipv6 ? 1 : 0];
    if (turn == 0) return routes.first;
    if (routes.further.size() < turn) routes.further.resize(turn);
    return routes.further[turn - 1];
  }
  /// All routes are unknown again.
  void forget_routes() noexcept {
    for (auto& of_profile : routes_)
      for (Routes& routes : of_profile) {
        routes.first = {};
        routes.further.clear();
      }
  }
  /// The route of the first turn.
  [[nodiscard]] const Route& route(Family family, ProfileNumber profile) const noexcept {
    return routes_[profile][family == Family::ipv6 ? 1 : 0].first;
  }
  /// True when any profile, now or earlier, sends UDP datagrams.
  [[nodiscard]] bool has_udp() const noexcept { return has_udp_; }
  /// The size in bytes of the largest message that any profile has had.
  [[nodiscard]] std::size_t largest_message() const noexcept { return largest_message_; }

 private:
  /// The routes of one profile and family, by turn. Most profiles have only the first.
  struct Routes {
    Route first{};
    std::vector<Route> further{};
  };

  static void make_room_for_random(ProfileFacts& facts, std::size_t size);
  [[nodiscard]] ProfileFacts facts_of(const ProbeOptions& options);

  PayloadPatterns images_;
  std::vector<ProfileFacts> facts_;
  std::vector<std::array<Routes, 2>> routes_;  ///< By profile and family.
  std::size_t largest_message_ = 0;
  bool has_udp_ = false;
};

}  // namespace multiping::net
