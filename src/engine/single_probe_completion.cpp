// How the requests of a SingleProbeSchedule end: when a wait or a time is over, at the caller's wish, or all together.
// See single_probe_schedule.hpp.
#include <algorithm>
#include <utility>

#include "engine/single_probe_schedule.hpp"

namespace multiping::engine {

/// The latest time at which an answer counts.
Instant SingleProbeSchedule::end_of(const Request& request) noexcept {
  return request.life == Life::under_way && is_last(request) ? std::min(request.due, request.expires) : request.expires;
}

std::optional<SingleProbeSchedule::Wait> SingleProbeSchedule::last_wait(TargetIndex target) const noexcept {
  const Request& request = requests_[target];
  if (request.life != Life::under_way || !is_last(request)) return std::nullopt;
  const TargetRecord& record = outcomes_.table().record(target);
  if (record.outcome != Outcome::pending) return std::nullopt;
  const Instant sent = request.due - request.waits.after_probe(request.tries);
  return Wait{.record = record, .sent_at = sent, .end = end_of(request)};
}

std::optional<SingleProbeSchedule::Wait> SingleProbeSchedule::first_last_wait() const noexcept {
  return timers_.empty() ? std::nullopt : last_wait(timers_.first());
}

/// The probe was not refused in the second half of its patience: it has waited in a long line, and may leave when its
/// turn comes.
bool SingleProbeSchedule::deserves_last_try(const Request& request) noexcept {
  const Duration patience = request.waits.together(request.retry + 1);
  return request.life != Life::under_way && !request.last_try && request.refused_at < request.give_up - patience / 2;
}

/// The timer of this request has come.
void SingleProbeSchedule::ring(TargetIndex target, Instant now) {
  Request& request = requests_[target];
  if (alarm_of(request) == request.give_up && deserves_last_try(request)) {
    request.last_try = true;
    return set_timer(target);
  }
  const bool wait_is_over = request.life == Life::under_way && request.due <= now;
  request.waited = request.waited || wait_is_over;
  wait_is_over && !is_last(request) && request.expires > now ? try_again(target) : time_out(target, now);
}

/// Lines up the next attempt. A repetition of the last one that has not left is dropped.
void SingleProbeSchedule::try_again(TargetIndex target) {
  Request& request = requests_[target];
  request.life = Life::to_send;
  if (request.untried && table().remembers(*request.untried)) table().entry(*request.untried).ended = true;
  request.untried.reset();
  set_timer(target);
  line_up(target);
}

/// True unless the connections of the request were displaced, and none of them lasted long enough.
bool SingleProbeSchedule::was_heard(TargetIndex target, Instant now) {
  Request& request = requests_[target];
  if (request.displaced == 0) return true;
  for (const net::Serial serial : request.sent) {
    if (!table().remembers(serial)) continue;
    const ProbeEntry& entry = table().entry(serial);
    if (!entry.answered && !entry.ended) request.listened = std::max(request.listened, now - entry.sent_at);
  }
  return lasted_long_enough(request);
}

/// A target whose connections did not last long enough stays pending, because it may be alive. So does one for which no
/// wait has passed.
void SingleProbeSchedule::time_out(TargetIndex target, Instant now) {
  TargetRecord& record = table().record(target);
  const Request& request = requests_[target];
  if (request.waited && was_heard(target, std::min(now, end_of(request))))
    request.displaced > 0 ? OutcomeTracker::fall_silent(record, now) : OutcomeTracker::time_out(record, now);
  if (record.attempt == 0 && request.refusal) outcomes_.fail(target, request.refusal, now);
  finish(target);
}

void SingleProbeSchedule::finish(TargetIndex target) {
  const Request& request = requests_[target];
  TargetRecord& record = table().record(target);
  Detail detail = record.detail == 0 ? Detail{} : std::move(table().detail(record));
  done_.push_back({.token = request.token,
                   .record = record,
                   .detail = std::move(detail),
                   .sent_at = sent_at(request),
                   .asked = request.asked});
  end(target);
}

/// When the answered probe was sent, else the last one that is remembered.
Instant SingleProbeSchedule::sent_at(const Request& request) const noexcept {
  Instant at{};
  for (const net::Serial serial : request.sent) {
    if (!outcomes_.table().remembers(serial)) continue;
    const ProbeEntry& entry = outcomes_.table().entry(serial);
    at = entry.sent_at;
    if (entry.answered) break;
  }
  return at;
}

/// Gives back what the request holds. Memory for that was reserved by submit() and when its probes were proposed.
void SingleProbeSchedule::end(TargetIndex target) noexcept {
  Request& request = requests_[target];
  TargetRecord& record = table().record(target);
  outcomes_.give_up(record);
  timers_.clear(target);
  by_token_.remove(request.token);
  queue_of(target).line.remove(target);
  stop_waiting_behind(target);
  request.untried.reset();
  request.life = Life::over;
  --under_way_;
  released_profiles_.push_back(record.profile);
  if (!held_.empty()) wake(target);
  for (const net::Serial serial : request.sent) {
    if (!table().remembers(serial)) continue;
    const ProbeEntry& entry = table().entry(serial);
    if (!entry.answered && !entry.ended) forgotten_.push_back(serial);
  }
  if (request.remembered == 0) free_.push_back(target);
  for (const net::Serial serial : request.sent)
    if (serial < swept_ && table().remembers(serial)) let_go(serial);
  request.sent.clear();
}

bool SingleProbeSchedule::cancel(Token token) noexcept {
  if (const auto target = by_token_.find(token)) {
    end(*target);
    return true;
  }
  return std::erase_if(done_, [token](const Done& done) { return done.token == token; }) > 0;
}

void SingleProbeSchedule::end_all() {
  const auto known = static_cast<std::ptrdiff_t>(done_.size());
  for (TargetIndex target = 0; target < requests_.size(); ++target)
    if (requests_[target].life != Life::over) finish(target);
  std::ranges::sort(done_.begin() + known, done_.end(), {}, &Done::token);
}

}  // namespace multiping::engine
