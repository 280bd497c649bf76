// What a SingleProbeSchedule remembers of its probes, and for how long; and what must always hold of its requests.
// See single_probe_schedule.hpp.
#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>

#include "engine/single_probe_schedule.hpp"

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

/// How long, and among how many probes, an answer to a request that is over is still recognised.
constexpr Duration memory_of_the_over = 10s;
constexpr std::size_t most_remembered = 65'536;
/// After this many later probes, a probe cannot be told from others with the same sequence number.
constexpr std::size_t longest_window = std::size_t{64} * 65'536;

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(std::string{"SingleProbeSchedule: "} + what);
}

}  // namespace

bool SingleProbeSchedule::expendable(const ProbeEntry& entry, Instant now) const noexcept {
  const auto window = outcomes_.table().window();
  const net::Serial length = window.end - window.first;
  if (requests_[entry.target].life != Life::over)
    return length > longest_window || now - entry.sent_at > memory_of_probes;
  return length > most_remembered || now - entry.sent_at > memory_of_the_over;
}

/// Forgets the oldest probe. With the last probe of a request that is over, its target number becomes free: no later
/// event can be about that request.
void SingleProbeSchedule::forget_oldest() {
  const TargetIndex target = table().oldest().target;
  table().forget_oldest();
  release(target);
}

void SingleProbeSchedule::release(TargetIndex target) {
  Request& request = requests_[target];
  if (--request.remembered == 0 && request.life == Life::over) free_.push_back(target);
}

/// A long request keeps the window open. This function frees the target numbers of requests that are over since then.
void SingleProbeSchedule::sweep() {
  const auto window = table().window();
  swept_ = std::max(swept_, window.first);
  if (window.end - swept_ <= most_remembered) return;
  if (!nobody_) {
    make_room_for_target();
    nobody_ = outcomes_.add({});
    requests_.emplace_back().remembered = 1;  // so that its number is never free
  }
  while (window.end - swept_ > most_remembered) let_go(swept_++);
}

void SingleProbeSchedule::let_go(net::Serial serial) {
  ProbeEntry& entry = table().entry(serial);
  const TargetIndex target = entry.target;
  if (requests_[target].life != Life::over || target == *nobody_) return;
  entry.target = *nobody_;
  entry.ended = true;
  ++requests_[*nobody_].remembered;
  release(target);
}

void SingleProbeSchedule::check_invariants() const {
  std::size_t living = 0, waiting_for_ports = 0, unused = 0;
  std::vector<std::uint32_t> remembered(requests_.size());
  const auto window = outcomes_.table().window();
  for (net::Serial serial = window.first; serial < window.end; ++serial)
    ++remembered[outcomes_.table().entry(serial).target];
  for (TargetIndex target = 0; target < requests_.size(); ++target) {
    const Request& request = requests_[target];
    if (target == nobody_) continue;
    require(request.remembered == remembered[target], "a request does not know how many of its probes are remembered");
    living += request.life != Life::over ? 1U : 0U;
    waiting_for_ports += request.held_behind ? 1U : 0U;
    unused += request.life == Life::over && request.remembered == 0 ? 1U : 0U;
    request.life == Life::over ? check_over(target) : check_living(target);
  }
  require(living == under_way_, "the requests under way are miscounted");
  require(waiting_for_ports == held_.size(), "a request waits for ports that nobody has");
  require(unused == free_.size(), "a free number is lost");
  require(done_.capacity() >= done_.size() + under_way_, "there is no room for the outcome of each request");
}

void SingleProbeSchedule::check_over(TargetIndex target) const {
  const Request& request = requests_[target];
  require(!in_line(target), "a request that is over waits in line");
  require(!timers_.time_of(target), "a request that is over has a timer");
  require(!request.held_behind && !request.untried && request.sent.empty(), "a request that is over holds something");
  require(!outcomes_.table().record(target).awaited, "a request that is over is awaited");
}

void SingleProbeSchedule::check_living(TargetIndex target) const {
  const Request& request = requests_[target];
  require(by_token_.find(request.token) == target, "a request is not found by its token");
  require(timers_.time_of(target).value_or(Instant::max()) == alarm_of(request), "a timer is not where it must be");
  require(request.tries <= request.retry + std::uint64_t{1}, "there were more attempts than the caller allowed");
  switch (request.life) {
    case Life::to_send:
      require(!is_last(request), "the attempt after the last one waits");
      break;
    case Life::to_resend:
      require(request.connects && request.displaced > 0 && request.tries > 0, "nothing is to be sent again");
      break;
    case Life::under_way:
      return require(request.tries > 0, "what was never tried is under way");
    case Life::over:
      break;
  }
  // Else the request would wait for ever. What has expired left the line, and its timer ends it.
  require(in_line(target) || request.held_behind || request.expires < Instant::max(), "a request has lost its turn");
}

}  // namespace multiping::engine
