// Sorts the results of a round by host, and words what became of hosts and groups.
// See engine/health_tracker_state.hpp.
#include "engine/health_tracker_state.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace multiping::engine {
namespace {

std::string count_text(std::size_t part, std::size_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

/// The state that most of the hosts had before.
State usual_origin(const std::vector<Move>& moves) {
  std::array<std::size_t, 4> counts{};
  for (const Move& move : moves) ++counts.at(static_cast<std::size_t>(move.from));
  return static_cast<State>(std::ranges::max_element(counts) - counts.begin());
}

}  // namespace

HealthTrackerState::HealthTrackerState(const HealthOptions& options, Kept kept)
    : options_{options},
      round_{kept.round},
      hosts_{std::move(kept.hosts)},
      groups_{std::move(kept.groups)},
      falls_{std::move(kept.falls)},
      rises_{std::move(kept.rises)} {
  for (std::size_t i = 0; i < hosts_.size(); ++i) index_.emplace(hosts_[i].name, i);
}

const HealthHost* HealthTrackerState::find(std::string_view name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &hosts_[at->second];
}

std::size_t HealthTrackerState::index_of(std::string_view name) {
  if (const auto at = index_.find(name); at != index_.end()) return at->second;
  hosts_.push_back({.name = std::string{name}});
  index_.emplace(name, hosts_.size() - 1);
  return hosts_.size() - 1;
}

void HealthTrackerState::add(std::string_view host, const std::vector<std::string>& groups) {
  const std::size_t index = index_of(host);
  if (std::exchange(hosts_[index].from_file, false)) groups_.leave_all(index);
  for (const std::string& group : groups) groups_.join(index, group);
}

bool HealthTrackerState::remove(std::string_view host) {
  const auto at = index_.find(host);
  if (at == index_.end()) return false;
  const std::size_t index = at->second;
  groups_.erase(index);
  falls_.erase(index);
  rises_.erase(index);
  hosts_.erase(hosts_.begin() + static_cast<std::ptrdiff_t>(index));
  index_.erase(at);
  for (auto& [name, each] : index_) each -= each > index ? 1 : 0;
  return true;
}

void HealthTrackerState::set_options(const HealthOptions& options) {
  for (HealthHost& host : hosts_) {
    host.health.changes.keep_last(static_cast<std::size_t>(options.flap_window));
    host.health.losses.keep_last(static_cast<std::size_t>(options.loss_window));
  }
  options_ = options;
}

std::size_t HealthTrackerState::count(const HostGroup& group, State state) const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      group.members, [&](std::size_t host) { return hosts_[host].health.state(options_) == state; }));
}

std::vector<Transition> HealthTrackerState::observe(std::span<const Result> round) {
  std::vector<HostRound> rounds(hosts_.size());
  for (const Result& result : round) {
    const std::size_t host = index_of(result.host);
    if (host == rounds.size()) rounds.emplace_back();
    rounds[host].add(result);
  }
  std::vector<Transition> told;
  for (std::size_t host = 0; host < rounds.size(); ++host) change(host, rounds[host], told);
  tell_shared(falls_, State::down, told);
  tell_shared(rises_, State::up, told);
  ++round_;
  std::ranges::stable_sort(told, {}, &Transition::round);
  return told;
}

void HealthTrackerState::change(std::size_t host, const HostRound& what, std::vector<Transition>& told) {
  auto& [name, health, from_file] = hosts_[host];
  const State from = health.state(options_);
  health.observe(what, round_, options_);
  const State to = health.state(options_);
  if (from == to) return;
  if (to == State::down || to == State::up) {
    auto& moves = to == State::down ? falls_ : rises_;
    moves.add({.host = host, .from = from, .to = to, .round = round_, .reason = health.reason(options_)});
  } else {
    told.push_back({.name = name, .from = from, .to = to, .round = round_, .reason = health.reason(options_)});
  }
}

void HealthTrackerState::tell_shared(CorrelatedFailures& moves, State to, std::vector<Transition>& told) {
  if (moves.kept().empty()) return;
  std::vector<bool> may_follow(hosts_.size());
  for (std::size_t i = 0; i < hosts_.size(); ++i) may_follow[i] = hosts_[i].health.may_become(to, options_);
  const MoveScene scene{.groups = groups_, .options = options_, .may_follow = may_follow, .round = round_};
  for (const ToldMoves& each : moves.decide(scene)) told.push_back(transition_of(each));
}

Transition HealthTrackerState::transition_of(const ToldMoves& told) const {
  const Move& first = told.moves.front();
  const std::string& host = hosts_[first.host].name;
  if (told.group == nullptr)
    return {.name = host, .from = first.from, .to = first.to, .round = first.round, .reason = first.reason};
  Transition event{.name = told.group->name, .group = true, .from = usual_origin(told.moves), .to = first.to};
  for (const Move& move : told.moves) {
    event.round = std::max(event.round, move.round);
    event.members.push_back(hosts_[move.host].name);
  }
  const std::size_t size = told.group->members.size();
  event.reason = count_text(told.moves.size(), size) + " hosts " + (first.to == State::down ? "fell" : "rose") +
                 " together, and " + count_text(told.outside, hosts_.size() - size) + " others: " + printable(host) +
                 ": " + first.reason;
  return event;
}

}  // namespace multiping::engine
