// Starts lookups in groups, and collects their results by position.
// See batch/batch_name_lookups.hpp.
#include "batch/batch_name_lookups.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "base/host_name_syntax.hpp"
#include "multiping/error.hpp"
#include "resolve/resolve_names.hpp"
#include "values/address_kinds.hpp"

namespace multiping {
namespace {

using Clock = std::chrono::steady_clock;

/// The most time that wait() waits for one group of lookups while several groups are under way.
constexpr Duration shortest_wait = std::chrono::milliseconds{10};

Clock::time_point after(Clock::time_point now, Duration wait) noexcept {
  return wait < Clock::time_point::max() - now ? now + wait : Clock::time_point::max();
}

/// True when a lookup of `host` that failed with `error` may succeed later.
bool may_change(const std::string& host, std::error_code error) {
  return error == Errc::zone_unknown || read_host(host).kind == HostText::name;
}

}  // namespace

BatchNames::BatchNames(std::vector<NamedPosition> positions, std::span<const ProbeOptions> profiles)
    : positions_{std::move(positions)}, asked_(positions_.size()) {
  if (!positions_.empty()) profiles_.assign(profiles.begin(), profiles.end());
}

std::vector<std::size_t> BatchNames::select(Which which, const std::vector<Result>& results) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    const Result& result = results[positions_[i].position];
    // A zone is the name of an interface, so it needs no lookup in the network.
    const bool unsure = result.outcome == Outcome::unresolved || is_link_local(result.address);
    if ((which == Which::all || unsure) && !asked_[i]) places.push_back(i);
  }
  return places;
}

std::vector<std::string> BatchNames::names_of(std::span<const std::size_t> places,
                                              const std::vector<Result>& results) const {
  std::vector<std::string> names;
  names.reserve(places.size());
  for (const std::size_t place : places) names.push_back(results[positions_[place].position].host);
  return names;
}

FoundName BatchNames::found(std::size_t place, const Resolution& resolution, Options& options) const {
  const NamedPosition& at = positions_[place];
  const ProbeOptions& probe = profiles_[at.profile];
  return {.at = at, .ttl_asked = probe.ttl.has_value(), .choice = choose(resolution, probe, options)};
}

std::vector<FoundName> BatchNames::look_up(Which which, const std::vector<Result>& results, Options& options) const {
  const auto places = select(which, results);
  const auto resolutions = resolver::resolve_names(names_of(places, results), lookup_options(options), options.stop);
  std::vector<FoundName> all;
  all.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) all.push_back(found(places[i], resolutions[i], options));
  return all;
}

/// An address whose zone now contradicts the device of its probe stays as it is.
std::optional<AddressChoice> BatchNames::moved(std::size_t place, const Result& result, Options& options,
                                               Instant now) try {
  const ProbeOptions& probe = profiles_[positions_[place].profile];
  if (is_link_local(result.address)) {
    const Address address = zones_.place(result.address, probe, now);
    return address == result.address ? std::nullopt : std::optional{AddressChoice{.address = address}};
  }
  if (result.outcome != Outcome::unresolved || result.error != Errc::zone_unknown) return std::nullopt;
  const auto address = Address::parse(result.host);
  return address ? std::optional{choose(*address, probe, options)} : std::nullopt;
} catch (const std::invalid_argument&) {
  return std::nullopt;
}

std::vector<FoundName> BatchNames::moved(const std::vector<Result>& results, Options& options, Instant now) {
  std::vector<FoundName> all;
  for (std::size_t i = 0; i < positions_.size(); ++i) {
    if (asked_[i]) continue;
    const NamedPosition& at = positions_[i];
    if (const auto choice = moved(i, results[at.position], options, now))
      all.push_back({.at = at, .ttl_asked = profiles_[at.profile].ttl.has_value(), .choice = *choice});
  }
  return all;
}

void BatchNames::start(Which which, const std::vector<Result>& results, const Options& options) {
  auto places = select(which, results);
  if (places.empty()) return;
  auto lookups =
      std::make_unique<resolver::PendingLookups>(names_of(places, results), lookup_options(options), options.stop);
  for (const std::size_t place : places) asked_[place] = true;
  under_way_.push_back({.places = std::move(places), .lookups = std::move(lookups)});
}

std::vector<FoundName> BatchNames::take(Options& options) {
  std::vector<FoundName> all;
  for (const PendingLookups& each : under_way_) {
    for (const auto& known : each.lookups->take()) {
      const std::size_t place = each.places[known.position];
      asked_[place] = false;
      all.push_back(found(place, known.resolution, options));
    }
  }
  std::erase_if(under_way_, [](const PendingLookups& each) { return each.lookups->done(); });
  return all;
}

void BatchNames::wait(Duration most) {
  if (under_way_.size() > 1) most = std::min(most, shortest_wait);
  if (pending()) under_way_.back().lookups->wait(after(Clock::now(), most));
}

void BatchNames::end() noexcept {
  for (const PendingLookups& each : under_way_) each.lookups->end();
}

bool BatchNames::any_left(const std::vector<Result>& results) const {
  return std::ranges::any_of(positions_, [&results](const NamedPosition& at) {
    const Result& result = results[at.position];
    return result.outcome == Outcome::unresolved && may_change(result.host, result.error);
  });
}

bool BatchNames::is_hopeful(const FoundName& found, const std::vector<Result>& results) {
  return found.choice.outcome == Outcome::pending || may_change(results[found.at.position].host, found.choice.error);
}

}  // namespace multiping
