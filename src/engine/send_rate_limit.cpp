// Counts the probes that are due against the probes that were sent since the schedule began.
// See send_rate_limit.hpp.
#include "engine/send_rate_limit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

constexpr double longest_burst = 0.010;  // seconds
constexpr double usual_burst = 0.001;
constexpr double highest_rate = 1e9;     // no host is faster, so this rate and above mean no limit
constexpr double longest_wait = 9e9;     // seconds; more does not fit nanoseconds
constexpr double rounding = 1e-6;        // part of a probe: a rounding error must not leave no probe due at next()
constexpr Duration one_burst = 10ms;     // trouble within this time counts once; also the time between two increases
constexpr Duration measured_over = 1ms;  // the shortest time over which a rate is measured
constexpr double slowest = 1000;         // probes per second
constexpr double increases = 20;         // increases that lead from half the rate back to the full rate
constexpr int tolerated_refusals = 8;    // a few dead neighbours cause refusals although the queue is not full
constexpr Duration shortest_pause = 500us;
constexpr Duration longest_pause = 64ms;
/// The kernel queues packets for a neighbour that does not exist for 3 seconds, and they can fill a send buffer:
/// arp(7).
constexpr Duration patience = 4s;

}  // namespace

bool SendRateLimit::limited() const noexcept { return rate_ > 0 && rate_ < highest_rate; }

double SendRateLimit::due(Instant now) const noexcept {
  return std::chrono::duration<double>(now - *origin_).count() * rate_ + 1 - sent_;
}

std::size_t SendRateLimit::allowance(Instant now) noexcept {
  if (!limited()) return std::numeric_limits<std::size_t>::max();
  if (!origin_) origin_ = now;
  // At most one burst of overdue probes is caught up; beyond that the schedule moves on.
  const double burst = std::max(1.0, rate_ * longest_burst);
  sent_ += std::max(0.0, due(now) - burst);
  return static_cast<std::size_t>(std::max(0.0, due(now) + rounding));
}

Instant SendRateLimit::next() const noexcept {
  if (!limited() || !origin_) return Instant::min();
  const double batch = std::max(1.0, std::floor(rate_ * usual_burst));
  const double seconds = (sent_ + batch - 1) / rate_;
  if (seconds >= longest_wait) return Instant::max();
  return after(*origin_, std::chrono::ceil<Duration>(std::chrono::duration<double>(seconds)));
}

std::size_t Congestion::allowance(Instant now) noexcept {
  if (!counting_since_) counting_since_ = now;
  if (rate_ > 0 && now - changed_at_ >= one_burst) {
    const double raised = rate_ + unlimited_ / 2 / increases;
    set_rate(raised > 2 * unlimited_ ? 0 : raised, now);
  }
  return pacer_.allowance(now);
}

void Congestion::sent(std::size_t count, Instant now) noexcept {
  pacer_.sent(count);
  counted_ += static_cast<double>(count);
  if (rate_ == 0 && counting_since_ && now - *counting_since_ > one_burst) {
    counted_ = static_cast<double>(count);
    counting_since_ = now;
  }
}

void Congestion::trouble(Instant now) noexcept {
  if (changed_at_ != Instant::min() && now - changed_at_ < one_burst) return;
  if (rate_ == 0) {
    const Duration time = std::max(now - counting_since_.value_or(now), measured_over);
    unlimited_ = std::max(slowest, counted_ / std::chrono::duration<double>(time).count());
    set_rate(std::max(slowest, unlimited_ / 2), now);
  } else {
    set_rate(std::max(slowest, rate_ / 2), now);
  }
}

void Congestion::set_rate(double rate, Instant now) noexcept {
  rate_ = rate;
  changed_at_ = now;
  pacer_ = SendRateLimit{rate};
  counting_since_ = now;
  counted_ = 0;
}

void RefusalBackOff::refused(Instant now) noexcept {
  if (!first_refusal_) first_refusal_ = now;
  if (++in_a_row_ < tolerated_refusals) return;
  in_a_row_ = 0;
  pause_ = std::clamp(pause_ * 2, shortest_pause, longest_pause);
  ready_at_ = now + pause_;
}

bool RefusalBackOff::exhausted(Instant now) const noexcept {
  return first_refusal_ && now - *first_refusal_ >= patience;
}

}  // namespace multiping::engine
