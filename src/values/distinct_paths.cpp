// distinct_paths(): joins the routes of a target that agree, and counts the answers of each router on a path.
// See multiping/traceroute.hpp.
#include <algorithm>
#include <cstddef>

#include "multiping/traceroute.hpp"

namespace multiping {
namespace {

using Responders = std::vector<Address>;

/// A path to which more routes may still be added.
struct Growing {
  const Route* first = nullptr;
  int first_ttl = 0;
  std::vector<Responders> hops{};  ///< From first_ttl on; an empty entry: silent so far.
  int end = 0;                     ///< The TTL at which a route of the path ended for certain; 0: not known.
  std::vector<const Route*> routes{};
};

void note(Responders& known, const Address& responder) {
  if (responder && std::ranges::find(known, responder) == known.end()) known.push_back(responder);
}

Responders responders_of(const Hop& hop) {
  Responders found;
  for (const Result& probe : hop.probes) note(found, probe.responder);
  return found;
}

/// The last TTL that belongs to the route for certain; 0: the route was given up before its end.
int end_of(const Route& route) {
  if (route.hops.empty()) return 0;
  const Hop& last = route.hops.back();
  const auto says = [&last](Outcome outcome) {
    return std::ranges::any_of(last.probes, [outcome](const Result& probe) { return probe.outcome == outcome; });
  };
  const bool refused = says(Outcome::unreachable) && !says(Outcome::ttl_expired);
  return route.reached || refused ? last.ttl : 0;
}

bool agree(const Responders& one, const Responders& other) {
  const auto in_other = [&other](const Address& responder) {
    return std::ranges::find(other, responder) != other.end();
  };
  return one.empty() || other.empty() || std::ranges::any_of(one, in_other);
}

int last_answer(const std::vector<Responders>& hops, int first_ttl) {
  for (std::size_t i = hops.size(); i > 0; --i)
    if (!hops[i - 1].empty()) return first_ttl + static_cast<int>(i) - 1;
  return 0;
}

std::vector<Responders> responders_of(const Route& route) {
  std::vector<Responders> hops;
  for (const Hop& hop : route.hops) hops.push_back(responders_of(hop));
  return hops;
}

/// True when `one` is silent from some hop to its end, while `other` has an answer after the last answer of `one`.
bool ends_before(const std::vector<Responders>& one, const std::vector<Responders>& other) {
  const int answered = last_answer(one, 1);
  return answered < static_cast<int>(one.size()) && answered < last_answer(other, 1);
}

bool agree(const Growing& path, const Route& route) {
  const auto hops = responders_of(route);
  if (hops.empty() || path.hops.empty()) return hops.empty() == path.hops.empty();
  const int end = end_of(route);
  if (end == 0 && path.end != 0 && ends_before(hops, path.hops)) return false;
  if (end != 0 && path.end == 0 && ends_before(path.hops, hops)) return false;
  if (path.end != 0 && last_answer(hops, path.first_ttl) > path.end) return false;
  if (end != 0 && last_answer(path.hops, path.first_ttl) > end) return false;
  const std::size_t both = std::min(hops.size(), path.hops.size());
  return std::equal(hops.begin(), hops.begin() + static_cast<std::ptrdiff_t>(both), path.hops.begin(),
                    [](const Responders& one, const Responders& other) { return agree(one, other); });
}

void join(Growing& path, const Route& route) {
  path.routes.push_back(&route);
  path.hops.resize(std::max(path.hops.size(), route.hops.size()));
  for (std::size_t i = 0; i < route.hops.size(); ++i)
    for (const Address& responder : responders_of(route.hops[i])) note(path.hops[i], responder);
  if (const int end = end_of(route); end != 0) path.end = end;
}

/// Counts an answer of any kind as a reply.
void count(Statistics& figures, const Result& probe) {
  Result counted = probe;
  if (counted.outcome == Outcome::ttl_expired || counted.outcome == Outcome::unreachable)
    counted.outcome = Outcome::reply;
  figures.add(counted);
}

/// One hop for each router at this distance. Unanswered probes count for the first router.
std::vector<PathHop> path_hops(const Growing& path, std::size_t place) {
  Responders responders = path.hops[place];
  if (responders.empty()) responders.emplace_back();
  std::vector<PathHop> hops;
  for (const Address& responder : responders)
    hops.push_back({.ttl = path.first_ttl + static_cast<int>(place), .responder = responder});
  for (const Route* route : path.routes) {
    if (place >= route->hops.size()) continue;
    for (const Result& probe : route->hops[place].probes) {
      const auto own = std::ranges::find(responders, probe.responder) - responders.begin();
      count(hops[static_cast<std::size_t>(own) % hops.size()].statistics, probe);
    }
  }
  return hops;
}

Path finish(const Growing& grown) {
  Path path{.host = grown.first->host, .address = grown.first->address, .flows = {}, .hops = {}};
  for (const Route* route : grown.routes) {
    path.flows.push_back(route->flow);
    path.reached = path.reached || route->reached;
  }
  // After the end of the path, the unanswered probes of another flow are no hop.
  const std::size_t length =
      grown.end != 0 ? static_cast<std::size_t>(grown.end - grown.first_ttl) + 1 : grown.hops.size();
  for (std::size_t place = 0; place < std::min(length, grown.hops.size()); ++place)
    for (const PathHop& hop : path_hops(grown, place)) path.hops.push_back(hop);
  return path;
}

/// True when both routes lead to one target. Such routes are adjacent in the list, and their flows ascend.
bool same_target(const Route& route, const Route& next) {
  return route.host == next.host && route.address == next.address && route.flow < next.flow;
}

void find_paths(std::span<const Route> flows, std::vector<Path>& paths) {
  std::vector<Growing> growing;
  for (const Route& route : flows) {
    if (!route.address || route.error) continue;
    auto path = std::ranges::find_if(growing, [&route](const Growing& one) { return agree(one, route); });
    if (path == growing.end()) {
      growing.push_back({.first = &route, .first_ttl = route.hops.empty() ? 0 : route.hops.front().ttl});
      path = growing.end() - 1;
    }
    join(*path, route);
  }
  for (const Growing& grown : growing) paths.push_back(finish(grown));
}

}  // namespace

std::vector<Path> distinct_paths(std::span<const Route> routes) {
  std::vector<Path> paths;
  while (!routes.empty()) {
    std::size_t flows = 1;
    while (flows < routes.size() && same_target(routes[flows - 1], routes[flows])) ++flows;
    find_paths(routes.first(flows), paths);
    routes = routes.subspan(flows);
  }
  return paths;
}

}  // namespace multiping
