// From the caller's list to what is probed: names resolved, addresses checked, equal ones joined.
// See batch_plan.hpp.
#include "batch_plan.hpp"

#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include "destination.hpp"
#include "multiping/error.hpp"
#include "option_checks.hpp"
#include "resolve/resolver.hpp"
#include "shapes.hpp"

namespace multiping {
namespace {

/// The shapes of a batch. Most targets share one value, and targets that share another point at it together.
class BatchShapes {
 public:
  explicit BatchShapes(const ProbeOptions& usual) { static_cast<void>(all_.acquire(usual)); }

  net::ShapeNumber number_of(const ProbeOptions* own) {
    if (own == nullptr) return 0;
    if (const auto known = by_place_.find(own); known != by_place_.end()) return known->second;
    check(*own);
    return by_place_[own] = all_.acquire(*own).number;
  }
  [[nodiscard]] std::vector<ProbeOptions> take() && { return std::move(all_).take(); }
  [[nodiscard]] const ProbeOptions& operator[](net::ShapeNumber number) const { return all_[number]; }

 private:
  Shapes all_;
  std::unordered_map<const ProbeOptions*, net::ShapeNumber> by_place_;
};

/// What a position is known to be before any lookup.
struct Position {
  net::ShapeNumber shape = 0;
  std::uint32_t name = no_name;  ///< Its place among the names to look up.
  static constexpr std::uint32_t no_name = std::numeric_limits<std::uint32_t>::max();
};

Family wanted_family(const ProbeOptions& probe, const Options& options) noexcept {
  return probe.family == Family::any ? options.resolve.family : probe.family;
}

class Planner {
 public:
  Planner(TargetList targets, const Options& options)
      : options_{options}, shapes_{options.probe}, roster_{targets.size()} {
    results_.reserve(targets.size());
    for (Target& target : std::move(targets).release()) add(std::move(target));
  }

  BatchPlan plan() && {
    const auto resolutions = resolver::resolve_names(names_, name_options(), options_.stop);
    refuse_failures(resolutions);
    for (std::size_t i = 0; i < results_.size(); ++i) settle(i, resolutions);
    auto endpoints = roster_.finish();
    return {.results = std::move(results_),
            .shapes = std::move(shapes_).take(),
            .roster = std::move(roster_),
            .endpoints = std::move(endpoints)};
  }

 private:
  void add(Target target) {
    Result& result = results_.emplace_back();
    Position position{.shape = shapes_.number_of(target.probe())};
    result.host = std::move(target).host();
    if (const auto address = Address::parse(result.host)) {
      result.address = without_idle_zone(*address);
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

  /// Both families are looked up: each target chooses by its own options.
  [[nodiscard]] ResolveOptions name_options() const {
    ResolveOptions both = options_.resolve;
    both.family = Family::any;
    return both;
  }

  /// The address to probe, or the error why there is none.
  [[nodiscard]] std::error_code choose(std::size_t i, std::span<const Resolution> resolutions, Address& chosen) const {
    const Position at = position(i);
    const Family family = wanted_family(shapes_[at.shape], options_);
    if (at.name == Position::no_name) {
      chosen = results_[i].address;
      return family == Family::any || family == chosen.family() ? std::error_code{} : Errc::no_address;
    }
    const Resolution& resolution = resolutions[at.name];
    if (resolution.error) return resolution.error;
    const auto preferred = resolver::preferred(resolution, family);
    if (!preferred) return Errc::no_address;
    chosen = without_idle_zone(*preferred);
    return {};
  }

  void refuse_failures(std::span<const Resolution> resolutions) const {
    if (options_.ignore_lookup_errors) return;
    std::vector<Resolution> failures;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      Address ignored;
      if (const auto error = choose(i, resolutions, ignored))
        failures.push_back({.name = results_[i].host, .addresses = {}, .error = error});
    }
    if (!failures.empty()) throw ResolveError(std::move(failures));
  }

  void settle(std::size_t i, std::span<const Resolution> resolutions) {
    Result& result = results_[i];
    Address address;
    if (const auto error = choose(i, resolutions, address)) {
      result.address = {};
      return refuse(result, Outcome::unresolved, error);
    }
    result.address = address;
    if (const auto error = objection(address)) return refuse(result, Outcome::send_failed, error);
    const net::ShapeNumber shape = position(i).shape;
    roster_.add({.address = address, .shape = shape, .ttl_asked = shapes_[shape].ttl.has_value()});
  }

  void refuse(Result& result, Outcome outcome, std::error_code error) {
    result.outcome = outcome;
    result.error = error;
    roster_.skip();
  }

  const Options& options_;
  BatchShapes shapes_;
  engine::Roster roster_;
  std::vector<Result> results_;
  std::vector<Position> positions_;  ///< As far as any of them differs from a plain address.
  std::vector<std::string> names_;
};

}  // namespace

BatchPlan plan_batch(TargetList targets, const Options& options) {
  check(options);
  return Planner{std::move(targets), options}.plan();
}

}  // namespace multiping
