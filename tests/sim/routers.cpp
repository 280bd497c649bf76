// Forwards a request depending only on the request, the time, and the memory of each router.
// See routers.hpp.
#include "sim/routers.hpp"

#include <algorithm>
#include <chrono>

#include "sim/host_messages.hpp"
#include "sim/message_edits.hpp"

namespace multiping::test {
namespace {

std::uint64_t mix_in(std::uint64_t value, const Address& address) {
  for (const std::uint8_t octet : address.bytes()) value = mix(value ^ octet);
  return value;
}

// Every router has a hash of its own: flows that one router sends the same way are divided by the next one.
std::size_t choice(const Hop& hop, std::uint64_t flow) {
  return static_cast<std::size_t>(mix_in(flow, hop.address) % hop.branches.size());
}

void follow(const std::vector<Hop>& path, std::uint64_t flow, std::size_t most, std::vector<const Hop*>& way) {
  for (const Hop& hop : path) {
    if (way.size() >= most) return;
    way.push_back(&hop);
    if (!hop.branches.empty()) follow(hop.branches[choice(hop, flow)], flow, most, way);
  }
}

// Repeats the last `loop` routers of the way until it has `most` routers.
void take_turns(std::vector<const Hop*>& way, std::size_t loop, std::size_t most) {
  if (loop > 0 && loop <= way.size())
    while (way.size() < most) way.push_back(way[way.size() - loop]);
}

double share(std::uint64_t random) {
  constexpr double whole = 18446744073709551616.0;  // 2^64
  return static_cast<double>(random) / whole;
}

void say(const Hop& hop, RouterError error, const Routers::Passing& request, std::vector<Delivery>& out) {
  if (!error.from) error.from = hop.address;
  const std::uint64_t random = mix_in(~request.random, hop.address);
  const Duration jitter{static_cast<Duration::rep>(share(random) * static_cast<double>(hop.jitter.count()))};
  out.push_back({error.delay + jitter, error_packet(error, request.datagram)});
}

}  // namespace

std::uint64_t flow_hash(const Datagram& request) {
  const bool icmp = request.protocol() == Protocol::icmp;
  const std::uint32_t identity = get32(request.message, icmp ? 2 : 0);
  const std::uint64_t start =
      mix((std::uint64_t{identity} << 32U) | request.ip.flow_label) + static_cast<std::uint64_t>(request.protocol());
  return mix_in(mix_in(start, request.ip.source), request.ip.destination);
}

std::vector<const Hop*> way_of(const HostRule& rule, const Datagram& request, std::size_t most) {
  std::vector<const Hop*> way;
  if (rule.path.empty()) return way;
  follow(rule.path, flow_hash(request), most, way);
  take_turns(way, rule.loop, most);
  return way;
}

bool TokenBucket::take(Instant now) {
  const double passed = last_ ? std::chrono::duration<double>(now - *last_).count() : 0;
  tokens_ = std::min(tokens_ + passed * limit_.per_second, static_cast<double>(limit_.burst));
  last_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

bool Routers::pass(const HostRule& rule, const Passing& request, std::vector<Delivery>& out) {
  // A request with TTL 0 goes as far as one with TTL 1.
  const std::size_t ttl = std::max<std::size_t>(request.datagram.ip.ttl, 1);
  const std::vector<const Hop*> way = way_of(rule, request.datagram, ttl);
  for (std::size_t i = 0; i < way.size(); ++i)
    if (!forwards(*way[i], i + 1 == ttl, request, out)) return false;
  return true;
}

bool Routers::forwards(const Hop& hop, bool last, const Passing& request, std::vector<Delivery>& out) {
  HopTraffic& traffic = (*traffic_)[hop.address];
  const bool lost = hop.loss > 0 && share(mix_in(request.random, hop.address)) < hop.loss;
  const bool refuses = !lost && hop.refuses && traffic.refused < hop.refusals;
  traffic.refused += refuses ? 1U : 0U;
  const bool held_up = !last && !refuses && too_big(hop, request.datagram);
  const bool goes_on = !lost && !last && !refuses && !held_up;
  ++(lost ? (last ? traffic.lost : traffic.lost_passing) : goes_on ? traffic.passed : traffic.asked);
  if (!lost && !goes_on && !(held_up && hop.black_hole))
    answer(hop, refuses ? Reason::no_route : held_up ? Reason::size : Reason::ttl, request, out);
  return goes_on;
}

void Routers::answer(const Hop& hop, Reason reason, const Passing& request, std::vector<Delivery>& out) {
  HopTraffic& traffic = (*traffic_)[hop.address];
  if (hop.silent || traffic.answered >= hop.answers) return;
  if (!may_answer(hop, request)) {
    ++traffic.limited;
    return;
  }
  const auto turn = static_cast<std::size_t>(traffic.answered++ % (hop.others.size() + 1));
  const Address& from = turn == 0 ? hop.address : hop.others[turn - 1];
  const RouterError error = reason == Reason::size ? packet_too_big(hop) : time_exceeded(hop, from);
  say(hop, reason == Reason::no_route ? *hop.refuses : error, request, out);
}

bool Routers::may_answer(const Hop& hop, const Passing& request) {
  if (!hop.limit && !hop.limit_per_target) return true;
  Memory& memory = memories_[hop.address];
  if (hop.limit_per_target) {
    const auto at = memory.target_buckets.try_emplace(request.datagram.ip.destination, *hop.limit_per_target).first;
    if (!at->second.take(request.now)) return false;
  }
  if (!hop.limit) return true;
  if (!memory.bucket) memory.bucket.emplace(*hop.limit);
  return memory.bucket->take(request.now);
}

}  // namespace multiping::test
