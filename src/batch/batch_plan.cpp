// Goes through the list once, and keeps details only of positions that are not plain addresses.
// See batch/batch_plan.hpp.
#include "batch/batch_plan.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "batch/outcome_to_result.hpp"
#include "batch/profile_numbering.hpp"
#include "multiping/error.hpp"
#include "os/clock.hpp"
#include "resolve/resolve_names.hpp"
#include "values/address_kinds.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

/// The profiles of a batch. Most targets use the usual options. Targets with other options may share one object.
class BatchShapes {
 public:
  /// `usual` outlives this object.
  explicit BatchShapes(const ProbeOptions& usual) : usual_{usual} {}

  net::ProfileNumber number_of(const ProbeOptions* own) {
    if (own == nullptr) return 0;
    if (const auto known = by_place_.find(own); known != by_place_.end()) return known->second;
    check(*own);
    if (all_.size() == 0) static_cast<void>(all_.acquire(usual_));
    return by_place_[own] = all_.acquire(*own).number;
  }
  [[nodiscard]] std::vector<ProbeOptions> take() && {
    return all_.size() == 0 ? std::vector<ProbeOptions>(1, usual_) : std::move(all_).take();
  }
  [[nodiscard]] const ProbeOptions& operator[](net::ProfileNumber number) const {
    return number == 0 ? usual_ : all_[number];
  }

 private:
  const ProbeOptions& usual_;  ///< The profile with number 0.
  Profiles all_;               ///< The usual and the other profiles; empty while there are no others.
  std::unordered_map<const ProbeOptions*, net::ProfileNumber> by_place_;
};

/// True when the address has a zone, or is link-local and gets its zone from the device of the probe.
bool has_zone(const Address& address, const ProbeOptions& probe) noexcept {
  return address.scope_id() != 0 || (is_link_local(address) && !probe.device.empty());
}

/// The facts about a position that are known before any lookup.
struct Position {
  net::ProfileNumber profile = 0;
  std::uint32_t name = no_name;  ///< The index among the names to look up; no_name: the position is an address.
  static constexpr std::uint32_t no_name = std::numeric_limits<std::uint32_t>::max();
};

class Planner {
 public:
  Planner(TargetList targets, Options& options)
      : options_{options}, profiles_{options.probe}, unique_targets_{targets.size()} {
    results_.reserve(targets.size());
    for (Target& target : std::move(targets).release()) add(std::move(target));
  }

  BatchPlan plan(NamesAre names) && {
    chosen_.resize(names_.size());
    if (names == NamesAre::looked_up) look_up();
    for (std::size_t i = 0; i < results_.size(); ++i) settle(i, choice(i));
    if (!failures_.empty()) throw ResolveError(std::move(failures_));
    auto destinations = unique_targets_.finish();
    auto named = named_positions();
    return {.results = std::move(results_),
            .profiles = std::move(profiles_).take(),
            .unique_targets = std::move(unique_targets_),
            .destinations = std::move(destinations),
            .named = std::move(named)};
  }

 private:
  void add(Target target) {
    Result& result = results_.emplace_back();
    result.position = static_cast<std::uint32_t>(results_.size() - 1);
    Position position{.profile = profiles_.number_of(target.probe())};
    result.host = std::move(target).host();
    if (const auto address = plain_address(result.host, profiles_[position.profile])) {
      result.address = *address;
    } else {
      position.name = static_cast<std::uint32_t>(names_.size());
      names_.push_back(result.host);
    }
    // Most lists are addresses with the usual probe. Then positions_ stays empty.
    if (position.profile != 0 || position.name != Position::no_name) positions_.resize(results_.size() - 1);
    if (!positions_.empty() || position.profile != 0 || position.name != Position::no_name)
      positions_.push_back(position);
  }

  [[nodiscard]] Position position(std::size_t i) const { return i < positions_.size() ? positions_[i] : Position{}; }

  [[nodiscard]] std::vector<NamedPosition> named_positions() const {
    std::vector<NamedPosition> named;
    named.reserve(names_.size());
    for (std::size_t i = 0; i < positions_.size(); ++i)
      if (positions_[i].name != Position::no_name)
        named.push_back({.position = static_cast<std::uint32_t>(i), .profile = positions_[i].profile});
    return named;
  }

  void look_up() {
    if (names_.empty()) return;
    const auto resolutions = resolver::resolve_names(names_, lookup_options(options_), options_.stop);
    for (const Position& at : positions_)
      if (at.name != Position::no_name)
        chosen_[at.name] = choose(resolutions[at.name], profiles_[at.profile], options_);
  }

  [[nodiscard]] AddressChoice choice(std::size_t i) const {
    const Position at = position(i);
    return at.name == Position::no_name ? choose(results_[i].address, profiles_[at.profile], options_)
                                        : chosen_[at.name];
  }

  void settle(std::size_t i, const AddressChoice& chosen) {
    Result& result = results_[i];
    const net::ProfileNumber profile = position(i).profile;
    copy_question(profiles_[profile], result);
    result.address = chosen.address;
    result.outcome = chosen.outcome;
    result.cause = engine::has_cause(chosen.outcome) ? Cause::unknown : Cause::none;
    result.error = chosen.error;
    if (chosen.outcome != Outcome::pending) result.at = os::wall_now();
    if (chosen.unresolved() && !options_.ignore_lookup_errors)
      failures_.push_back({.name = result.host, .addresses = {}, .error = chosen.error});
    if (chosen.outcome != Outcome::pending || !chosen.address) return unique_targets_.skip();
    unique_targets_.add(
        {.address = chosen.address, .profile = profile, .ttl_asked = profiles_[profile].ttl.has_value()});
  }

  Options& options_;
  BatchShapes profiles_;
  engine::UniqueTargets unique_targets_;
  std::vector<Result> results_;
  std::vector<Position> positions_;  ///< Empty while every position is an address with the usual probe.
  std::vector<std::string> names_;
  std::vector<Resolution> failures_;
  std::vector<AddressChoice> chosen_;  ///< By index of the name; pending and without an address before the lookup.
};

}  // namespace

/// The name of an interface may have another number later.
std::optional<Address> plain_address(const std::string& host, const ProbeOptions& probe) noexcept {
  const auto address = Address::parse(host);
  return address && !has_zone(*address, probe) ? address : std::nullopt;
}

BatchPlan plan_batch(TargetList targets, Options& options, NamesAre names) {
  check(options);
  return Planner{std::move(targets), options}.plan(names);
}

}  // namespace multiping
