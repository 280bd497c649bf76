// All targets have one period, so that they stay in the order of the list and no heap is needed.
// See round_times.hpp.
#include "apps/multiping/round_times.hpp"

#include <algorithm>

namespace multiping::command {

RoundTimes::RoundTimes(std::size_t targets, const Timing& timing, Time start)
    : timing_{timing}, due_(targets, start), earliest_{start} {}

bool RoundTimes::done() const noexcept { return due_.empty() || (timing_.rounds != 0 && round_ == timing_.rounds); }

RoundTimes::Time RoundTimes::next() const noexcept { return done() ? Time::max() : std::max(due_[at_], earliest_); }

std::optional<RoundTimes::Slot> RoundTimes::take(Time now) noexcept {
  const Time due = next();
  if (done() || now < due) return std::nullopt;
  const Slot slot{.target = at_, .round = round_};
  // The period counts from when the probe was due, so that it does not drift; after a longer hold-up it begins anew.
  due_[at_] = (now - due > timing_.period ? now : due) + timing_.period;
  earliest_ = now + timing_.interval;
  if (++at_ == due_.size()) {
    at_ = 0;
    ++round_;
  }
  return slot;
}

bool RoundTimes::take_beside(Time now) noexcept {
  if (now < earliest_) return false;
  earliest_ = now + timing_.interval;
  return true;
}

void RoundTimes::go_faster() noexcept {
  constexpr Duration shortest = std::chrono::microseconds{10};
  timing_.interval = timing_.interval <= shortest ? Duration{0} : timing_.interval / 2;
  timing_.period = std::max(timing_.period / 2, Duration{std::chrono::milliseconds{1}});
}

void RoundTimes::go_slower() noexcept {
  constexpr Duration first = std::chrono::milliseconds{1}, most = std::chrono::hours{1};
  timing_.interval = timing_.interval == Duration{0} ? first : std::min(timing_.interval * 2, most);
  timing_.period = std::min(timing_.period * 2, most);
}

}  // namespace multiping::command
