// Limits the probes under way to each router of many routes, so that no router is asked faster than it answers.
// Pure. A router is unknown before it answers, so probes wait in lines, and lines move to the window of their router.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "multiping/address.hpp"

namespace multiping::engine {

/// A window allows 16 probes under way at first, and one more after each answer, so that it doubles in each round trip.
/// It shrinks to half, but not below 4, when more than a quarter of a round's probes stay silent. Where no router is
/// known to answer, or several do, silence says nothing about a limit, and the window grows even then: a router that
/// never answers must not delay others.
class RouterWindows {
 public:
  /// The order of waiting probes: the least is next. Each turn waits in at most one line.
  using Turn = std::uint64_t;
  using Line = std::uint32_t;

  /// The line of probes with this TTL, on any route, while neither the hop nor the hop before it is known.
  [[nodiscard]] Line at_distance(Family family, int ttl);
  /// The line of probes to the hop after `router`. Routes share their near hops: until an answer comes, these probes
  /// use the window of the router that is known at this TTL, where there is one.
  [[nodiscard]] Line behind(const Address& router, int ttl);
  /// The line of probes to a hop whose responder is known.
  [[nodiscard]] Line of(const Address& responder);

  void wait(Line line, Turn turn);
  void leave(Line line, Turn turn);
  /// A probe that may be sent. It has a place in the window of its line from now on.
  struct Taken {
    Line line = 0;
    Turn turn = 0;
  };
  [[nodiscard]] bool any_ready() const noexcept { return !ready_.empty(); }
  /// The turn that take() returns next. To be called only if any_ready().
  [[nodiscard]] Turn next() const noexcept { return ready_.begin()->first; }
  /// True if some window has room and no probe waits for it.
  [[nodiscard]] bool has_idle_room() const noexcept { return idle_ > 0; }
  [[nodiscard]] Taken take();

  /// Each of these three gives a place back: after an answer, after silence, and when the probe says nothing.
  void answered(Line line);
  void silent(Line line);
  void give_back(Line line);

  /// `responder` answered a probe that waited, or would have waited, in `line`.
  void learn(Line line, const Address& responder);

  /// The factor, 1 to 64, by which the wait for an answer is longer than usual. It doubles after each round that was
  /// too silent.
  [[nodiscard]] int slowness(Line line) const noexcept { return windows_[lines_[line].window].slowness; }
  [[nodiscard]] std::size_t size(Line line) const noexcept { return windows_[lines_[line].window].size; }

 private:
  using WindowIndex = std::uint32_t;
  enum class Kind : std::uint8_t { distance, behind, router };
  struct Key {
    Kind kind = Kind::distance;
    Family family = Family::any;
    int ttl = 0;
    Address address{};
    friend auto operator<=>(const Key&, const Key&) noexcept = default;
  };
  struct Waiting {
    std::set<Turn> turns{};
    WindowIndex window = 0;
    std::size_t held = 0;  ///< Places in the window; they move with the line.
    Address router{};      ///< The first router that answered; none: no router has answered.
    bool diverse = false;  ///< Several routers have answered.
    bool fixed = false;    ///< The line is the router's own, from of().
  };
  struct Window {
    std::size_t size = 0, held = 0;
    std::size_t round = 0;                  ///< Answers and silences that end a round: the size at its beginning.
    std::size_t answers = 0, silences = 0;  ///< In this round.
    int slowness = 1;
    bool one_router = false;
    bool idle = false;  ///< The window is counted in idle_.
    std::vector<Line> lines{};
    std::optional<Turn> ready{};  ///< The turn of this window's entry in ready_.
  };

  [[nodiscard]] Line add_line(const Key& key, WindowIndex window);
  [[nodiscard]] WindowIndex add_window();
  void bind(Line line, WindowIndex window);
  void free_place(Line line);
  static void judge(Window& window);
  void refresh(WindowIndex index);

  std::map<Key, Line> known_;
  std::vector<Waiting> lines_;
  std::vector<Window> windows_;
  std::set<std::pair<Turn, WindowIndex>> ready_;  ///< Windows with room and a waiting probe, by their next turn.
  std::size_t idle_ = 0;                          ///< Windows that have lines and room, and no waiting probe.
};

}  // namespace multiping::engine
