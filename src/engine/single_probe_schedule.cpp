// Requests with a probe to send wait in two lines; timers find the request whose wait or patience ends first.
// See single_probe_schedule.hpp.
#include "engine/single_probe_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <new>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

/// The most requests that one call ends, so that the caller can check the clock and a stop request after some
/// milliseconds.
constexpr int most_over_at_once = 8192;

}  // namespace

TargetIndex SingleProbeSchedule::admit(const TargetKey& destination) {
  if (free_.empty()) {
    requests_.emplace_back();
    return outcomes_.add(destination);
  }
  const TargetIndex target = free_.back();
  free_.pop_back();
  outcomes_.replace(target, destination);
  return target;
}

void SingleProbeSchedule::make_room_for_target() {
  const std::size_t targets = requests_.size() + 1;
  reserve_more(requests_, 1);
  reserve_more(free_, targets - free_.size());
  outcomes_.make_room_for_target();
  timers_.make_room(targets);
  by_token_.make_room(targets);
  for (Queue& queue : queues_) queue.line.make_room(targets);
}

std::vector<SingleProbeSchedule::Done> SingleProbeSchedule::take_done() {
  std::vector<Done> taken;
  taken.reserve(done_.size());
  std::ranges::move(done_, std::back_inserter(taken));
  done_.clear();  // the memory stays, for the requests under way
  return taken;
}

SingleProbeSchedule::Token SingleProbeSchedule::submit(const Submission& submission) {
  make_room_for_target();
  make_room_for_done();
  reserve_more(released_profiles_, under_way_ + 1);
  const TargetIndex target = admit(submission.destination);
  Request& request = requests_[target];
  std::vector<net::Serial> sent = std::move(request.sent);  // empty; its memory is used again
  request = {.token = next_token_++,
             .leave_by = submission.leave_by,
             .expires = submission.expires,
             .waits = submission.waits,
             .retry = submission.retry,
             .life = Life::to_send,
             .connects = submission.connects,

             .sent = std::move(sent),
             .asked = submission.asked};
  if (submission.fail_fast) outcomes_.fail_fast(target);
  by_token_.add(request.token, target);
  set_timer(target);
  line_up(target);
  ++under_way_;
  return request.token;
}

SingleProbeSchedule::Token SingleProbeSchedule::refuse(const Refusal& refusal, Instant now) {
  make_room_for_done();
  Done done{.token = next_token_,
            .record = {.address = refusal.address},
            .detail = {.responder = {}, .icmp = nullptr, .error = refusal.error},
            .sent_at = {},
            .asked = refusal.asked};
  done.record.outcome = refusal.outcome;
  done.record.set_at(now);
  done_.push_back(std::move(done));
  return next_token_++;
}

bool SingleProbeSchedule::reached(Goal goal) const noexcept {
  if (goal == Goal::deadline) return false;
  if (goal == Goal::sent) return all_sent();
  if ((goal == Goal::done && !heard_.empty()) || !repeated_.empty()) return true;
  return any_done() || (goal == Goal::answered && under_way_ == 0);
}

void SingleProbeSchedule::line_up(TargetIndex target) {
  if (FifoWithRemoval& line = queue_of(target).line; !line.holds(target)) line.push_back(target);
}

/// Of the lines that have room, the one whose first request was submitted first; null when there is none.
SingleProbeSchedule::Queue* SingleProbeSchedule::next_queue(Instant now) noexcept {
  Queue* next = nullptr;
  for (Queue& queue : queues_) {
    if (queue.line.empty() || queue.room.at() > now) continue;
    if (next == nullptr || requests_[queue.line.front()].token < requests_[next->line.front()].token) next = &queue;
  }
  return next;
}

/// Requests that wait for their turn come first. Those that wait for room in the transport hold nobody up.
std::size_t SingleProbeSchedule::may_submit(Instant now) noexcept {
  const std::size_t allowed = flow_.allowance_by_rate(now);
  if (allowed == std::numeric_limits<std::size_t>::max()) return allowed;
  std::size_t waiting = 0;
  for (const Queue& queue : queues_)
    if (queue.room.at() <= now) waiting += queue.line.size();
  return allowed - std::min(allowed, waiting);
}

Instant SingleProbeSchedule::may_submit_at() const noexcept {
  const Instant by_rate = flow_.next_by_rate();
  return by_rate == Instant::min() || all_sent() ? by_rate : flow_.next();
}

net::Probe SingleProbeSchedule::proposal(TargetIndex target, Instant now) {
  Request& request = requests_[target];
  const auto probe_of = [&](net::Serial serial) {
    net::Probe probe = table().probe(serial);
    probe.displaced = request.displaced;
    return probe;
  };
  if (request.untried && table().remembers(*request.untried)) return probe_of(*request.untried);
  const auto window = table().window();
  reserve_more(request.sent, 1);
  reserve_more(forgotten_, static_cast<std::size_t>(window.end - window.first) + 1);
  const std::uint32_t attempts = table().record(target).attempt;
  const net::Serial serial = table().open_probe(target, request.life == Life::to_send ? attempts + 1 : attempts);
  table().entry(serial).sent_at = now;
  ++request.remembered;
  return probe_of(serial);
}

void SingleProbeSchedule::propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) {
  batch.clear();
  if (all_sent()) return;
  most = flow_.allowance(now, most);
  reserve_more(batch, most);
  while (batch.size() < most) {
    Queue* const queue = next_queue(now);
    if (queue == nullptr) return;
    const TargetIndex target = queue->line.front();
    if (requests_[target].expires <= now) {
      queue->line.remove(target);  // expire() ends it
      continue;
    }
    try {
      batch.push_back(proposal(target, now));
    } catch (const std::bad_alloc&) {
      if (batch.empty()) throw;
      return;  // the probes proposed so far may leave
    }
    queue->line.remove(target);
  }
}

void SingleProbeSchedule::sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) {
  if (probes.empty()) return;
  flow_.sent(probes.size(), sent_at[probes.size() - 1]);
  outcomes_.sent(probes, sent_at, OutcomeTracker::Sending::repetition);
  for (const net::Probe& probe : probes) {
    const ProbeEntry& entry = table().entry(probe.serial);
    TargetRecord& record = table().record(entry.target);
    if (record.attempt != entry.round) record.cuts = 0;
    record.attempt = entry.round;
    remember(requests_[entry.target].sent, probe.serial);
    left(entry.target, entry);
  }
}

/// The probe of this request has left: the wait for it begins, unless it only repeats one that is under way.
void SingleProbeSchedule::left(TargetIndex target, const ProbeEntry& entry) {
  Request& request = requests_[target];
  request.untried.reset();
  request.refusal = {};
  be_patient(request);
  if (request.life != Life::under_way) begin_wait(target, entry.sent_at);
}

void SingleProbeSchedule::begin_wait(TargetIndex target, Instant from) {
  Request& request = requests_[target];
  const bool again = std::exchange(request.life, Life::under_way) == Life::to_resend;
  if (!again) ++request.tries;
  const Duration wait = request.waits.after_probe(request.tries);
  if (!again) request.given = wait > Duration::max() - request.given ? Duration::max() : request.given + wait;
  request.due = after(from, wait);
  set_timer(target);
}

/// The end of the wait, the end of the patience of a probe that has not left, or the end of all.
Instant SingleProbeSchedule::alarm_of(const Request& request) noexcept {
  if (request.life == Life::under_way) return std::min(request.due, request.expires);
  const Instant patience = request.last_try ? Instant::max() : request.give_up;
  return std::min({patience, request.tries == 0 ? request.leave_by : Instant::max(), request.expires});
}

void SingleProbeSchedule::set_timer(TargetIndex target) {
  const Instant at = alarm_of(requests_[target]);
  at == Instant::max() ? timers_.clear(target) : timers_.set(target, at);
}

/// Drops forgotten serials each time the list has doubled, so that endless repetitions do not use ever more memory.
void SingleProbeSchedule::remember(std::vector<net::Serial>& sent, net::Serial serial) {
  if (std::has_single_bit(sent.size()))
    std::erase_if(sent, [this](net::Serial earlier) { return !table().remembers(earlier); });
  sent.push_back(serial);
}

void SingleProbeSchedule::refused(const net::Probe& probe, std::error_code error, Instant now) {
  ProbeEntry& entry = table().entry(probe.serial);
  const TargetIndex target = entry.target;
  Request& request = requests_[target];
  entry.ended = true;
  request.untried.reset();
  if (passes(error)) {
    flow_.refused(now);
    return put_up_with(target, error, now);
  }
  outcomes_.fail(target, error, now);
  if (table().record(target).outcome == Outcome::send_failed) return finish(target);
  if (request.life == Life::to_send) begin_wait(target, now);  // earlier probes may still be answered
}

/// The probe was refused with an error that passes. It goes to the end of its line, and is tried again.
void SingleProbeSchedule::put_up_with(TargetIndex target, std::error_code error, Instant now) {
  Request& request = requests_[target];
  request.refusal = error;
  request.refused_at = now;
  if (request.life != Life::under_way && request.last_try) return time_out(target, now);
  if (request.give_up == Instant::max()) request.give_up = after(now, request.waits.together(request.retry + 1));
  set_timer(target);
  line_up(target);
}

/// The probe has left, or waits for its turn: earlier refusals do not count any more.
void SingleProbeSchedule::be_patient(Request& request) noexcept {
  request.give_up = Instant::max();
  request.last_try = false;
}

void SingleProbeSchedule::put_back(std::span<const net::Probe> probes, Instant room_at) {
  const TargetIndex first = table().entry(probes.front().serial).target;
  queue_of(first).room.full(room_at);
  // It waits for its turn now, and is no longer refused.
  requests_[first].refusal = {};
  be_patient(requests_[first]);
  set_timer(first);
  for (auto probe = probes.rbegin(); probe != probes.rend(); ++probe) {
    const TargetIndex target = table().entry(probe->serial).target;
    requests_[target].untried = probe->serial;
    queue_of(target).line.push_front(target);
  }
}

void SingleProbeSchedule::hold(const net::Probe& probe, net::Serial behind, Instant now) {
  if (!table().remembers(behind)) return refused(probe, std::make_error_code(std::errc::address_in_use), now);
  const TargetIndex target = table().entry(probe.serial).target, holder = table().entry(behind).target;
  Request& request = requests_[target];
  stop_waiting_behind(target);
  reserve_more(held_by_the_over_, 1);
  held_.emplace(holder, target);
  request.untried = probe.serial;
  request.refusal = std::make_error_code(std::errc::address_in_use);
  be_patient(request);
  request.held_behind = holder;
  set_timer(target);
  if (requests_[holder].life == Life::over) held_by_the_over_.push_back(holder);
}

void SingleProbeSchedule::stop_waiting_behind(TargetIndex target) {
  Request& request = requests_[target];
  if (!request.held_behind) return;
  const auto [first, last] = held_.equal_range(*std::exchange(request.held_behind, std::nullopt));
  held_.erase(std::find_if(first, last, [target](const auto& held) { return held.second == target; }));
}

/// Requests that waited for the ports of `holder` are tried again.
void SingleProbeSchedule::wake(TargetIndex holder) {
  const auto [first, last] = held_.equal_range(holder);
  for (auto at = first; at != last; ++at) {
    requests_[at->second].held_behind.reset();
    line_up(at->second);
  }
  held_.erase(first, last);
}

void SingleProbeSchedule::expire(Instant now, std::vector<net::Serial>& forgotten) {
  for (int count = 0; count < most_over_at_once && timers_.next() <= now; ++count) ring(timers_.first(), now);
  if (repeat_at_ && *repeat_at_ <= now) repeat_awaited();
  while (!table().no_probes() && expendable(table().oldest(), now)) forget_oldest();
  sweep();
  reserve_more(forgotten, forgotten_.size());
  give_back([&forgotten](net::Serial serial) { forgotten.push_back(serial); });
}

Instant SingleProbeSchedule::next() const noexcept {
  Instant next = std::min(timers_.next(), repeat_at_.value_or(Instant::max()));
  for (const Queue& queue : queues_)
    if (!queue.line.empty()) next = std::min(next, std::max(flow_.next(), queue.room.at()));
  return next;
}

}  // namespace multiping::engine
