// Looks at each group that has a move, from the smallest to the largest: is it one event now, or may it be one in the
// next round? See engine/correlated_failures.hpp.
#include "engine/correlated_failures.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace multiping::engine {
namespace {

using Indices = std::vector<std::size_t>;

/// A group with moves.
struct Candidate {
  const HostGroup* group = nullptr;
  Indices moves{};             ///< Of its hosts; indices.
  std::size_t may_follow = 0;  ///< So many of its hosts may move in the next round.
};

class Decision {
 public:
  Decision(std::vector<Move>& moves, const MoveScene& scene) : moves_{moves}, scene_{scene}, waits_(moves.size()) {
    const auto is_new = [&](const Move& move) { return move.round == scene.round; };
    new_ = static_cast<std::size_t>(std::ranges::count_if(moves, is_new));
  }

  std::vector<ToldMoves> make() {
    for (const Candidate& each : candidates()) consider(each);
    for (std::size_t i = 0; i < moves_.size(); ++i)
      if (!moves_[i].told && !waits_[i]) tell(nullptr, {i}, 0);
    return std::move(told_);
  }

 private:
  struct Count {
    std::size_t untold = 0, outside = 0;
  };

  /// From the smallest group to the largest; of equal ones, that which is nested deeper.
  [[nodiscard]] std::vector<Candidate> candidates() {
    std::map<std::size_t, Candidate> found;
    for (std::size_t i = 0; i < moves_.size(); ++i)
      for (const std::size_t group : scene_.groups.of(moves_[i].host)) found[group].moves.push_back(i);
    for (std::size_t host = 0; host < scene_.may_follow.size(); ++host) {
      if (!scene_.may_follow[host]) continue;
      ++all_that_follow_;
      for (const std::size_t group : scene_.groups.of(host))
        if (const auto at = found.find(group); at != found.end()) ++at->second.may_follow;
    }
    std::vector<Candidate> sorted;
    sorted.reserve(found.size());
    for (auto& [index, each] : found) {
      each.group = &scene_.groups.all()[index];
      sorted.push_back(std::move(each));
    }
    std::ranges::sort(sorted, {}, [](const Candidate& each) {
      return std::make_tuple(each.group->members.size(), -static_cast<std::ptrdiff_t>(each.group->depth()),
                             std::string_view{each.group->name});
    });
    return sorted;
  }

  void consider(const Candidate& each) {
    const std::size_t size = each.group->members.size();
    const std::size_t needed = std::max<std::size_t>(2, least_count(scene_.options.shared_inside, size));
    const std::size_t allowed = most_count(scene_.options.shared_outside, scene_.may_follow.size() - size);
    const Count now = count(each.moves, true), last = count(each.moves, false);
    const bool due = std::ranges::any_of(each.moves, [&](auto i) { return is_untold(i) && is_old(i); });
    const bool settled = each.may_follow == 0 && now.outside + all_that_follow_ <= allowed && !waits(each.moves);
    if (now.untold >= needed && now.outside <= allowed && (due || settled)) {
      Indices untold;
      std::ranges::copy_if(each.moves, std::back_inserter(untold), [&](auto i) { return is_untold(i); });
      tell(each.group, untold, now.outside);
    } else if (last.untold + each.may_follow >= needed && last.outside <= allowed) {
      for (const std::size_t i : each.moves) waits_[i] = waits_[i] || (is_untold(i) && !is_old(i));
    }
  }

  [[nodiscard]] bool is_untold(std::size_t i) const { return !moves_[i].told; }
  [[nodiscard]] bool is_old(std::size_t i) const { return moves_[i].round < scene_.round; }
  [[nodiscard]] bool waits(const Indices& moves) const {
    return std::ranges::any_of(moves, [&](auto i) { return waits_[i]; });
  }

  /// Counts moves of this round, or also those of the round before it: those of a group that were not told, and those
  /// of hosts that are not in it.
  [[nodiscard]] Count count(const Indices& inside, bool with_old) const {
    Count counted{.outside = with_old ? moves_.size() : new_};
    for (const std::size_t i : inside) {
      if (!with_old && is_old(i)) continue;
      counted.untold += is_untold(i) ? 1U : 0U;
      --counted.outside;
    }
    return counted;
  }

  void tell(const HostGroup* group, const Indices& which, std::size_t outside) {
    ToldMoves& told = told_.emplace_back(ToldMoves{.group = group, .outside = outside});
    for (const std::size_t i : which) {
      told.moves.push_back(moves_[i]);
      moves_[i].told = true;
    }
    std::ranges::sort(told.moves, {}, &Move::host);
  }

  std::vector<Move>& moves_;
  const MoveScene& scene_;
  std::vector<bool> waits_;  ///< For each move: a group may be one event with it in the next round.
  std::size_t new_ = 0;      ///< Moves of this round.
  std::size_t all_that_follow_ = 0;
  std::vector<ToldMoves> told_{};
};

}  // namespace

std::vector<ToldMoves> CorrelatedFailures::decide(const MoveScene& scene) {
  if (moves_.empty()) return {};
  auto told = Decision{moves_, scene}.make();
  std::erase_if(moves_, [&](const Move& move) { return move.round < scene.round; });
  return told;
}

void CorrelatedFailures::erase(std::size_t host) {
  std::erase_if(moves_, [&](const Move& move) { return move.host == host; });
  for (Move& move : moves_) move.host -= move.host > host ? 1 : 0;
}

}  // namespace multiping::engine
