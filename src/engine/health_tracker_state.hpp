// All that a HealthTracker knows: hosts, groups, and falls and rises that are not told yet.
// Pure: a round is an argument. See multiping/health.hpp for the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/correlated_failures.hpp"
#include "engine/host_groups.hpp"
#include "engine/host_state_machine.hpp"
#include "multiping/health.hpp"

namespace multiping::engine {

struct HealthHost {
  std::string name{};
  HostStateMachine health{};
  bool from_file = false;  ///< Its groups are those of a file, until add() gives it others.
};

class HealthTrackerState {
 public:
  explicit HealthTrackerState(const HealthOptions& options) : options_{options} {}

  void add(std::string_view host, const std::vector<std::string>& groups);
  bool remove(std::string_view host);
  void set_quorum(std::string_view group, Quorum quorum) { groups_.set_quorum(group, quorum); }
  std::vector<Transition> observe(std::span<const Result> round);

  void set_options(const HealthOptions& options);

  [[nodiscard]] const HealthOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t round() const noexcept { return round_; }  ///< The number of the next round.
  [[nodiscard]] const std::vector<HealthHost>& hosts() const noexcept { return hosts_; }
  [[nodiscard]] const HostGroups& groups() const noexcept { return groups_; }
  [[nodiscard]] const CorrelatedFailures& falls() const noexcept { return falls_; }
  [[nodiscard]] const CorrelatedFailures& rises() const noexcept { return rises_; }
  [[nodiscard]] const HealthHost* find(std::string_view name) const;
  [[nodiscard]] std::size_t count(const HostGroup& group, State state) const noexcept;

  /// What a file says.
  struct Kept {
    std::uint64_t round = 0;
    std::vector<HealthHost> hosts{};
    HostGroups groups{};
    CorrelatedFailures falls{}, rises{};
  };
  /// The names of the hosts must differ.
  HealthTrackerState(const HealthOptions& options, Kept kept);

 private:
  std::size_t index_of(std::string_view name);
  void change(std::size_t host, const HostRound& what, std::vector<Transition>& told);
  void tell_shared(CorrelatedFailures& moves, State to, std::vector<Transition>& told);
  [[nodiscard]] Transition transition_of(const ToldMoves& told) const;

  HealthOptions options_;
  std::uint64_t round_ = 0;
  std::vector<HealthHost> hosts_{};
  std::map<std::string, std::size_t, std::less<>> index_{};
  HostGroups groups_{};
  CorrelatedFailures falls_{}, rises_{};
};

}  // namespace multiping::engine
