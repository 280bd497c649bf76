// From the caller's list to what is probed: names resolved, addresses checked, equal ones joined.
// See batch_plan.hpp.
#include "batch_plan.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "multiping/error.hpp"
#include "net/address_facts.hpp"
#include "option_checks.hpp"
#include "resolve/resolver.hpp"
#include "shapes.hpp"

namespace multiping {
namespace {

/// The shapes of a batch. Most targets share one value, and targets that share another point at it together.
class BatchShapes {
 public:
  /// `usual` outlives this object.
  explicit BatchShapes(const ProbeOptions& usual) : usual_{usual} {}

  net::ShapeNumber number_of(const ProbeOptions* own) {
    if (own == nullptr) return 0;
    if (const auto known = by_place_.find(own); known != by_place_.end()) return known->second;
    check(*own);
    if (all_.size() == 0) static_cast<void>(all_.acquire(usual_));
    return by_place_[own] = all_.acquire(*own).number;
  }
  [[nodiscard]] std::vector<ProbeOptions> take() && {
    return all_.size() == 0 ? std::vector<ProbeOptions>(1, usual_) : std::move(all_).take();
  }
  [[nodiscard]] const ProbeOptions& operator[](net::ShapeNumber number) const {
    return number == 0 ? usual_ : all_[number];
  }

 private:
  const ProbeOptions& usual_;  ///< Number 0.
  Shapes all_;                 ///< Of it and the others, where there are any.
  std::unordered_map<const ProbeOptions*, net::ShapeNumber> by_place_;
};

/// Of its own, or its device's.
bool has_zone(const Address& address, const ProbeOptions& probe) noexcept {
  return address.scope_id() != 0 || (net::is_link_local(address) && !probe.device.empty());
}

/// What a position is known to be before any lookup.
struct Position {
  net::ShapeNumber shape = 0;
  std::uint32_t name = no_name;  ///< Its place among the names to look up.
  static constexpr std::uint32_t no_name = std::numeric_limits<std::uint32_t>::max();
};

class Planner {
 public:
  Planner(TargetList targets, Options& options) : options_{options}, shapes_{options.probe}, roster_{targets.size()} {
    results_.reserve(targets.size());
    for (Target& target : std::move(targets).release()) add(std::move(target));
  }

  BatchPlan plan(NamesAre names) && {
    chosen_.resize(names_.size());
    if (names == NamesAre::looked_up) look_up();
    for (std::size_t i = 0; i < results_.size(); ++i) settle(i, choice(i));
    if (!failures_.empty()) throw ResolveError(std::move(failures_));
    auto endpoints = roster_.finish();
    auto named = named_positions();
    return {.results = std::move(results_),
            .shapes = std::move(shapes_).take(),
            .roster = std::move(roster_),
            .endpoints = std::move(endpoints),
            .named = std::move(named)};
  }

 private:
  void add(Target target) {
    Result& result = results_.emplace_back();
    Position position{.shape = shapes_.number_of(target.probe())};
    result.host = std::move(target).host();
    // The zone of an address is the name of an interface, which may have another number later.
    if (const auto address = Address::parse(result.host); address && !has_zone(*address, shapes_[position.shape])) {
      result.address = *address;
    } else {
      position.name = static_cast<std::uint32_t>(names_.size());
      names_.push_back(result.host);
    }
    // Most lists are addresses with the usual probe; then nothing need be kept of the positions.
    if (position.shape != 0 || position.name != Position::no_name) positions_.resize(results_.size() - 1);
    if (!positions_.empty() || position.shape != 0 || position.name != Position::no_name)
      positions_.push_back(position);
  }

  [[nodiscard]] Position position(std::size_t i) const { return i < positions_.size() ? positions_[i] : Position{}; }

  [[nodiscard]] std::vector<NamedPosition> named_positions() const {
    std::vector<NamedPosition> named;
    named.reserve(names_.size());
    for (std::size_t i = 0; i < positions_.size(); ++i)
      if (positions_[i].name != Position::no_name)
        named.push_back({.position = static_cast<std::uint32_t>(i), .shape = positions_[i].shape});
    return named;
  }

  void look_up() {
    const auto resolutions = resolver::resolve_names(names_, lookup_options(options_), options_.stop);
    for (const Position& at : positions_)
      if (at.name != Position::no_name) chosen_[at.name] = choose(resolutions[at.name], shapes_[at.shape], options_);
  }

  [[nodiscard]] Choice choice(std::size_t i) const {
    const Position at = position(i);
    return at.name == Position::no_name ? choose(results_[i].address, shapes_[at.shape], options_) : chosen_[at.name];
  }

  void settle(std::size_t i, const Choice& chosen) {
    Result& result = results_[i];
    result.address = chosen.address;
    result.outcome = chosen.outcome;
    result.error = chosen.error;
    if (chosen.unresolved() && !options_.ignore_lookup_errors)
      failures_.push_back({.name = result.host, .addresses = {}, .error = chosen.error});
    if (chosen.outcome != Outcome::pending || !chosen.address) return roster_.skip();
    const net::ShapeNumber shape = position(i).shape;
    roster_.add({.address = chosen.address, .shape = shape, .ttl_asked = shapes_[shape].ttl.has_value()});
  }

  Options& options_;
  BatchShapes shapes_;
  engine::Roster roster_;
  std::vector<Result> results_;
  std::vector<Position> positions_;  ///< As far as any of them differs from a plain address.
  std::vector<std::string> names_;
  std::vector<Resolution> failures_;
  std::vector<Choice> chosen_;  ///< Of each name; without an address where nothing is known yet.
};

}  // namespace

BatchPlan plan_batch(TargetList targets, Options& options, NamesAre names) {
  check(options);
  return Planner{std::move(targets), options}.plan(names);
}

}  // namespace multiping
