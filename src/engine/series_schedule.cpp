// On a grid one counter and one shift for all targets tell what is due; without an interval there are two queues.
// See series_schedule.hpp.
#include "engine/series_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

constexpr Duration pause_when_nothing_left = 10ms;

/// `interval` times `part` / `whole`, for part < whole < 2^32.
Duration share(Duration interval, std::int64_t part, std::int64_t whole) noexcept {
  return interval / whole * part + interval % whole * part / whole;
}

Duration times(Duration interval, std::uint64_t count) noexcept {
  const auto most = static_cast<std::uint64_t>(Duration::max() / interval);
  return count > most ? Duration::max() : interval * static_cast<std::int64_t>(count);
}

}  // namespace

SeriesSchedule::SeriesSchedule(const Plan& plan) : plan_{plan} {
  if (on_a_grid()) {
    slips_.resize(plan.targets);
  } else {
    open_rounds_ = plan.targets * plan.count;
    rounds_.resize(plan.targets);
    ready_.resize(plan.targets);
    std::iota(ready_.begin(), ready_.end(), 0U);
  }
}

/// When the next target on the grid is due.
Instant SeriesSchedule::due_on_grid() const noexcept {
  const std::uint64_t target = handed_out_ % plan_.targets;
  const auto first = after(plan_.start, share(plan_.interval, static_cast<std::int64_t>(target), plan_.targets));
  return after(after(first, times(plan_.interval, handed_out_ / plan_.targets)), slip_);
}

SeriesSchedule::Due SeriesSchedule::take_from_grid(Instant now) {
  const auto target = static_cast<std::uint32_t>(handed_out_ % plan_.targets);
  slip_ += (now - due_on_grid()) / plan_.interval * plan_.interval;
  slips_[target] = slip_;
  return {target, handed_out_++ / plan_.targets};
}

SeriesSchedule::Due SeriesSchedule::take_ready(Instant now) {
  while (!paused_.empty() && paused_.front().until <= now) {
    ready_.push_back(paused_.front().target);
    paused_.pop_front();
  }
  const std::uint32_t target = ready_.front();
  ready_.pop_front();
  if (open_rounds_ > 0) --open_rounds_;
  return {target, rounds_[target]++};
}

std::optional<SeriesSchedule::Due> SeriesSchedule::take_due(Instant now) {
  if (next() > now) return std::nullopt;
  ++in_flight_;
  return on_a_grid() ? take_from_grid(now) : take_ready(now);
}

void SeriesSchedule::done(std::uint32_t target, bool was_sent, Instant now) {
  if (!on_a_grid() && !plan_.in_step) line_up(target, was_sent, now);
  if (!on_a_grid() && plan_.in_step) step(was_sent, now);
  --in_flight_;
}

/// Begins the next round when the last fate of this round is known.
void SeriesSchedule::step(bool was_sent, Instant now) {
  any_sent_ = any_sent_ || was_sent;
  if (in_flight_ > 1 || !ready_.empty() || !paused_.empty()) return;
  try {
    for (std::uint32_t each = 0; each < plan_.targets; ++each) line_up(each, any_sent_, now);
  } catch (...) {  // out of memory: then no target is in line
    ready_.clear();
    paused_.clear();
    throw;
  }
  any_sent_ = false;
}

void SeriesSchedule::line_up(std::uint32_t target, bool was_sent, Instant now) {
  if (plan_.count != 0 && rounds_[target] == plan_.count) return;
  if (was_sent) {
    ready_.push_back(target);
  } else {
    paused_.push_back({after(now, pause_when_nothing_left), target});
  }
}

Instant SeriesSchedule::next() const noexcept {
  if (plan_.targets == 0) return Instant::max();
  if (on_a_grid()) {
    const bool all = plan_.count != 0 && handed_out_ / plan_.targets == plan_.count;
    return all ? Instant::max() : std::max(held_until_, due_on_grid());
  }
  if (!ready_.empty()) return held_until_;
  return paused_.empty() ? Instant::max() : std::max(held_until_, paused_.front().until);
}

bool SeriesSchedule::over() const noexcept {
  if (plan_.targets == 0) return true;
  if (in_flight_ > 0 || plan_.count == 0) return false;
  return on_a_grid() ? handed_out_ / plan_.targets == plan_.count : open_rounds_ == 0;
}

Duration SeriesSchedule::slip(std::uint32_t target) const noexcept {
  return slips_.empty() ? Duration::zero() : slips_[target];
}

}  // namespace multiping::engine
