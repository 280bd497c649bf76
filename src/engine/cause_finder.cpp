// Each question is asked when it is first needed, and its answer is kept.
// See cause_finder.hpp.
#include "engine/cause_finder.hpp"

#include <algorithm>

namespace multiping::engine {
namespace {

/// The most targets whose routes are asked for one by one. The causes of further ones are unknown.
constexpr std::size_t most_asked_alone = 64;
/// The same for targets that answered.
constexpr std::size_t most_answers_asked = 8;
/// From this number of neighbours on one link on, the list of all of them is read.
constexpr std::size_t most_neighbours_asked = 4;

bool routed_alike(const ProbeOptions& one, const ProbeOptions& other) noexcept {
  return one.device == other.device && one.mark == other.mark && one.tos == other.tos &&
         one.source_v4 == other.source_v4 && one.source_v6 == other.source_v6;
}

}  // namespace

std::size_t CauseFinder::kind_of(const ProbeOptions& probe) {
  for (std::size_t i = 0; i < kinds_.size(); ++i)
    if (routed_alike(kinds_[i], probe)) return i;
  kinds_.push_back(probe);
  return kinds_.size() - 1;
}

std::uint32_t CauseFinder::device_of(const Address& to, const ProbeOptions& probe) const {
  return probe.device.empty() ? to.scope_id() : network_.device(probe.device);
}

/// None while there are few targets: then asking for each is quicker.
const KernelRoutes* CauseFinder::table(Family family) {
  many_ = many_ || single_ways_.size() >= few;
  if (!many_) return nullptr;
  auto& table = tables_[family == Family::ipv4 ? 0 : 1];
  if (!table) {
    table.emplace();
    if (auto routes = network_.routes(family)) table->emplace(std::move(*routes));
  }
  return *table ? &**table : nullptr;
}

CauseFinder::Way CauseFinder::ask_alone(const Address& to, const ProbeOptions& probe, std::size_t kind) {
  const auto known = single_ways_.find({kind, to});
  if (known != single_ways_.end()) return known->second;
  if (single_ways_.size() >= most_asked_alone || !network_.has_time()) return std::nullopt;
  return single_ways_[{kind, to}] = network_.way_out(to, probe);
}

/// Targets with one route share the answer about the first of them, if the kernel agrees with the list of routes.
CauseFinder::Way CauseFinder::way_of(const Address& to, const ProbeOptions& probe) {
  const std::size_t kind = kind_of(probe);
  const KernelRoutes* const routes = table(to.family());
  const auto number = routes != nullptr ? routes->find(to, device_of(to, probe)) : std::nullopt;
  if (!number) return ask_alone(to, probe, kind);
  const net::RouteEntry& route = (*routes)[*number];
  auto known = route_ways_.find({kind, &route});
  if (known == route_ways_.end())
    known = route_ways_.emplace(std::pair{kind, &route}, network_.way_out(to, probe)).first;
  const Way& way = known->second;
  const bool agrees = way && (way->error || (way->gateway == route.gateway && way->device == route.device));
  return agrees ? way : ask_alone(to, probe, kind);
}

const std::optional<net::Link>& CauseFinder::link(std::uint32_t device) {
  const auto known = links_.find(device);
  return known != links_.end() ? known->second : links_[device] = network_.link(device);
}

void CauseFinder::list_neighbours(Family family, std::uint32_t device) {
  const Instant now = network_.now();
  for (const net::Neighbour& each : network_.neighbours(family, device))
    neighbours_[{device, each.address}] = {.neighbour = each, .at = now};
}

/// The answer of an earlier question has grown older since then.
std::optional<net::Neighbour> CauseFinder::neighbour(const Hop& hop) {
  auto said = neighbours_.find(hop);
  if (said == neighbours_.end()) said = ask_for_neighbour(hop);
  if (said == neighbours_.end() || !said->second.neighbour) return std::nullopt;
  net::Neighbour neighbour = *said->second.neighbour;
  const Duration since = network_.now() - said->second.at;
  neighbour.unconfirmed += std::min(since, Duration::max() - neighbour.unconfirmed);
  return neighbour;
}

std::map<CauseFinder::Hop, CauseFinder::Said>::iterator CauseFinder::ask_for_neighbour(const Hop& hop) {
  std::size_t& asked = neighbours_asked_[{hop.second.family(), hop.first}];
  if (asked < most_neighbours_asked) {
    ++asked;
    const Said said{.neighbour = network_.neighbour(hop.second, hop.first), .at = network_.now()};
    return neighbours_.insert_or_assign(hop, said).first;
  }
  if (asked++ == most_neighbours_asked) list_neighbours(hop.second.family(), hop.first);
  return neighbours_.find(hop);
}

void CauseFinder::look_at_answers() {
  if (std::exchange(answers_seen_, true)) return;
  std::size_t asked = 0;
  for (const Answer& answer : answers_) {
    if (!many_ && asked++ == most_answers_asked) break;
    const Way way = way_of(answer.from, *answer.probe);
    if (!way || way->error || way->several || !way->gateway) continue;
    Instant& at = alive_[{way->device, way->gateway}];
    at = std::max(at, answer.at);
  }
}

/// Since the first probe to the silent target was sent.
bool CauseFinder::was_heard(const Hop& gateway, Duration asked) {
  look_at_answers();
  const Instant first = network_.now() - asked;
  const auto alive = alive_.find(gateway);
  if (alive != alive_.end() && alive->second >= first) return true;
  return has_answered_call(gateway, first);
}

/// The first call after the first probe counts. One that was answered only when it was repeated came back meanwhile.
bool CauseFinder::has_answered_call(const Hop& gateway, Instant first) {
  const auto answered = network_.answered_call(gateway.second, gateway.first);
  if (!answered || *answered < first) return false;
  const auto called = called_.find(gateway);
  return called == called_.end() || called->second < first || *answered <= called->second;
}

FoundCause CauseFinder::find(const Silence& silence) {
  if (const auto cause = cause_by_end(silence)) return {.cause = *cause};
  WayFacts facts{.way = way_of(silence.to, silence.probe)};
  const bool routed = facts.way && !facts.way->error && facts.way->device != 0;
  const std::uint32_t device = routed ? facts.way->device : device_of(silence.to, silence.probe);
  const bool unicast = routed && facts.way->kind == net::WayOut::Kind::unicast;
  if (device != 0 && (unicast || !routed)) facts.link = link(device);
  if (!unicast || facts.way->several || (facts.link && !facts.link->carrier)) return cause_by_way(silence, facts);
  const Hop hop{device, facts.way->gateway ? facts.way->gateway : silence.to};
  if (facts.link && facts.link->asks) facts.next_hop = neighbour(hop);
  if (facts.way->gateway) facts.gateway_heard = was_heard(hop, silence.asked);
  const FoundCause found = cause_by_way(silence, facts);
  if (found.cause != Cause::unknown || !std::exchange(links_are_old_, false)) return found;
  links_.clear();
  facts.link = link(device);
  return cause_by_way(silence, facts);
}

void CauseFinder::look_ahead(const Silence& silence) {
  const Way way = way_of(silence.to, silence.probe);
  if (!way || way->error || !way->gateway) return;
  const FoundCause found = find(silence);
  if (found.cause != Cause::unknown || !found.address) return;
  network_.call(way->gateway, way->device, silence.to, silence.probe);
  const Instant now = network_.now();
  Instant& first = called_.try_emplace({way->device, way->gateway}, now).first->second;
  if (first < now - silence.asked) first = now;
}

}  // namespace multiping::engine
