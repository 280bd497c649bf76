// Falls (or rises) of hosts, and whether those of a group belong together: then they are told as one.
// Pure. A move is kept for one round where others of its group may still follow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/host_groups.hpp"
#include "multiping/health.hpp"

namespace multiping::engine {

/// A host that became down, or up.
struct Move {
  std::size_t host = 0;
  State from{}, to{};
  std::uint64_t round = 0;
  std::string reason{};
  bool told = false;  ///< It is only kept since it counts as one of "all others" in the next round.
};

/// What is known when the moves of a round are decided.
struct MoveScene {
  const HostGroups& groups;
  const HealthOptions& options;
  const std::vector<bool>& may_follow;  ///< For each host: it may move in the next round.
  std::uint64_t round = 0;
};

/// Moves that are told now: those of a group, or a single one.
struct ToldMoves {
  const HostGroup* group = nullptr;  ///< Null: the host itself is told.
  std::vector<Move> moves{};         ///< In the order of the hosts.
  std::size_t outside = 0;           ///< How many others moved at that time.
};

/// Moves of one direction.
class CorrelatedFailures {
 public:
  void add(Move move) { moves_.push_back(std::move(move)); }
  /// Decides after all moves of a round were added. Each move is told once: now, or in the next round.
  [[nodiscard]] std::vector<ToldMoves> decide(const MoveScene& scene);
  /// A host is no more: those after it have a number that is one less.
  void erase(std::size_t host);

  [[nodiscard]] const std::vector<Move>& kept() const noexcept { return moves_; }

 private:
  std::vector<Move> moves_{};  ///< Of the last round decided; during decide() of the round before it too.
};

}  // namespace multiping::engine
