// How many probes may be on their way to each router of many routes, so that none is asked faster than it answers.
// Pure. A router is not known before it answers, so probes wait in lines, and lines move to the window of their router.
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

/// A window lets 16 probes be under way at first, and one more for each answer, so that it doubles with each round
/// trip. It shrinks to half, but not below 4, when a quarter of what was asked stayed silent. Where nobody is known to
/// answer, or several routers do, silence says nothing about a limit, and the window grows all the same: a router that
/// never answers must not hold up others.
class HopWindows {
 public:
  /// Who is next: the least first. Each waits in one line at most.
  using Turn = std::uint64_t;
  using Line = std::uint32_t;

  /// Probes of all routes that end so far from here, where nothing better is known.
  [[nodiscard]] Line at_distance(Family family, int ttl);
  /// Probes that end one step behind a router. Routes share what is near: until an answer tells, those behind it are
  /// taken for the router that is known at that distance.
  [[nodiscard]] Line behind(const Address& router, int ttl);
  /// Probes to a hop whose responder is known.
  [[nodiscard]] Line of(const Address& responder);

  void wait(Line line, Turn turn);
  void leave(Line line, Turn turn);
  /// A line's first probe that may be sent; it has a place in its window then.
  struct Taken {
    Line line = 0;
    Turn turn = 0;
  };
  [[nodiscard]] bool any_ready() const noexcept { return !ready_.empty(); }
  /// What take() gives next, where any is ready.
  [[nodiscard]] Turn next() const noexcept { return ready_.begin()->first; }
  /// True where a window has room and no probe waits for it.
  [[nodiscard]] bool has_idle_room() const noexcept { return idle_ > 0; }
  [[nodiscard]] Taken take();

  /// Each gives a place back.
  void answered(Line line);
  void silent(Line line);
  void give_back(Line line);

  /// A probe that waited, or would have waited, in `line` was answered by `responder`.
  void learn(Line line, const Address& responder);

  /// So many times longer than usual an answer shall be waited for: doubles with each round that was too silent.
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
    std::size_t held = 0;  ///< Places, which move with the line.
    Address router{};      ///< Who answered; none: nobody yet.
    bool diverse = false;  ///< Several did.
    bool fixed = false;    ///< The router's own line.
  };
  struct Window {
    std::size_t size = 0, held = 0;
    std::size_t round = 0;                  ///< Fates that make one; the size at its beginning.
    std::size_t answers = 0, silences = 0;  ///< In this round.
    int slowness = 1;
    bool one_router = false;
    bool idle = false;  ///< Counted in idle_.
    std::vector<Line> lines{};
    std::optional<Turn> ready{};  ///< As it stands in ready_.
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
  std::set<std::pair<Turn, WindowIndex>> ready_;  ///< Windows with room and somebody waiting, by who is next.
  std::size_t idle_ = 0;  ///< Windows with room and nobody waiting, of those that somebody has waited for.
};

}  // namespace multiping::engine
