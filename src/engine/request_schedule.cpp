// RequestSchedule with a probe to send wait in two lines; timers find the request whose next probe or deadline is due
// first. See request_schedule.hpp.
#include "engine/request_schedule.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <iterator>
#include <limits>
#include <new>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

/// How long, and among how many probes, an answer to a request that is over is still recognised.
constexpr Duration memory_of_the_over = 10s;
constexpr std::size_t most_remembered = 65'536;
/// After this many later probes, a probe cannot be told from others with the same sequence number.
constexpr std::size_t longest_window = std::size_t{64} * 65'536;

constexpr std::uint8_t most_repetitions = 3;
/// The most requests that one call ends, so that the caller can check the clock and a stop request after some
/// milliseconds.
constexpr int most_over_at_once = 8192;

Duration total(Duration timeout, int retry) noexcept {
  const std::int64_t probes = std::int64_t{retry} + 1;
  return timeout > Duration::max() / probes ? Duration::max() : timeout * probes;
}

}  // namespace

TargetIndex RequestSchedule::admit(const Destination& destination) {
  if (free_.empty()) {
    requests_.emplace_back();
    return outcomes_.add(destination);
  }
  const TargetIndex target = free_.back();
  free_.pop_back();
  outcomes_.replace(target, destination);
  return target;
}

void RequestSchedule::make_room_for_target() {
  const std::size_t targets = requests_.size() + 1;
  reserve_more(requests_, 1);
  reserve_more(free_, targets - free_.size());
  outcomes_.make_room_for_target();
  timers_.make_room(targets);
  for (Queue& queue : queues_) queue.line.make_room(targets);
}

std::vector<RequestSchedule::Done> RequestSchedule::take_done() {
  std::vector<Done> taken;
  taken.reserve(done_.size());
  std::ranges::move(done_, std::back_inserter(taken));
  done_.clear();  // the memory stays, for the requests under way
  return taken;
}

RequestSchedule::Token RequestSchedule::submit(const Submission& submission, Instant now) {
  make_room_for_target();
  make_room_for_done();
  reserve_more(released_profiles_, under_way_ + 1);
  const TargetIndex target = admit(submission.destination);
  Request& request = requests_[target];
  request.token = next_token_++;
  request.deadline = after(now, total(submission.timeout, submission.retry));
  request.due = after(now, submission.timeout);
  request.submitted = now;
  request.timeout = submission.timeout;
  request.listened = {};
  request.repetitions = request.displaced = 0;
  request.short_of_room = false;
  request.connects = submission.connects;
  request.over = false;
  request.refusal = {};
  request.asked = submission.asked;
  timers_.set(target, request.due);
  line_up(target, false);
  ++under_way_;
  return request.token;
}

RequestSchedule::Token RequestSchedule::refuse(const Refusal& refusal, Instant now) {
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

void RequestSchedule::end_all() {
  const auto known = static_cast<std::ptrdiff_t>(done_.size());
  for (TargetIndex target = 0; target < requests_.size(); ++target)
    if (!requests_[target].over) finish(target);
  std::ranges::sort(done_.begin() + known, done_.end(), {}, &Done::token);
}

bool RequestSchedule::reached(Goal goal) const noexcept {
  if (goal == Goal::deadline) return false;
  if (goal == Goal::sent) return all_sent();
  if ((goal == Goal::done && !heard_.empty()) || !repeated_.empty()) return true;
  return any_done() || (goal == Goal::answered && under_way_ == 0);
}

void RequestSchedule::line_up(TargetIndex target, bool repeating) {
  requests_[target].repeating = repeating;
  if (IndexQueue& line = queue_of(target).line; !line.holds(target)) line.push_back(target);
}

/// Of the lines that have room, the one whose first request was submitted first; null when there is none.
RequestSchedule::Queue* RequestSchedule::next_queue(Instant now) noexcept {
  Queue* next = nullptr;
  for (Queue& queue : queues_) {
    if (queue.line.empty() || queue.room.at() > now) continue;
    if (next == nullptr || requests_[queue.line.front()].token < requests_[next->line.front()].token) next = &queue;
  }
  return next;
}

net::Probe RequestSchedule::proposal(TargetIndex target, Instant now) {
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
  const net::Serial serial = table().open_probe(target, request.repeating ? attempts : attempts + 1);
  table().entry(serial).sent_at = now;
  ++request.remembered;
  return probe_of(serial);
}

void RequestSchedule::propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) {
  batch.clear();
  if (all_sent()) return;
  most = flow_.allowance(now, most);
  reserve_more(batch, most);
  while (batch.size() < most) {
    Queue* const queue = next_queue(now);
    if (queue == nullptr) return;
    const TargetIndex target = queue->line.front();
    try {
      batch.push_back(proposal(target, now));
    } catch (const std::bad_alloc&) {
      if (batch.empty()) throw;
      return;  // the probes proposed so far may leave
    }
    queue->line.remove(target);
  }
}

void RequestSchedule::sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) {
  if (probes.empty()) return;
  flow_.sent(probes.size(), sent_at[probes.size() - 1]);
  outcomes_.sent(probes, sent_at, OutcomeTracker::Sending::repetition);
  for (const net::Probe& probe : probes) {
    const ProbeEntry& entry = table().entry(probe.serial);
    TargetRecord& record = table().record(entry.target);
    if (record.attempt != entry.round) record.cuts = 0;
    record.attempt = entry.round;
    Request& request = requests_[entry.target];
    remember(request.sent, probe.serial);
    request.untried.reset();
    request.refusal = {};
  }
}

/// Drops forgotten serials each time the list has doubled, so that endless repetitions do not use ever more memory.
void RequestSchedule::remember(std::vector<net::Serial>& sent, net::Serial serial) {
  if (std::has_single_bit(sent.size()))
    std::erase_if(sent, [this](net::Serial earlier) { return !table().remembers(earlier); });
  sent.push_back(serial);
}

void RequestSchedule::refused(const net::Probe& probe, std::error_code error, Instant now) {
  ProbeEntry& entry = table().entry(probe.serial);
  const TargetIndex target = entry.target;
  entry.ended = true;
  requests_[target].untried.reset();
  if (passes(error)) {
    flow_.refused(now);
    requests_[target].refusal = error;
    return line_up(target, requests_[target].repeating);
  }
  outcomes_.fail(target, error, now);
  if (table().record(target).outcome == Outcome::send_failed) finish(target);
}

void RequestSchedule::put_back(std::span<const net::Probe> probes, Instant room_at) {
  queue_of(table().entry(probes.front().serial).target).room.full(room_at);
  for (auto probe = probes.rbegin(); probe != probes.rend(); ++probe) {
    const TargetIndex target = table().entry(probe->serial).target;
    requests_[target].untried = probe->serial;
    requests_[target].short_of_room = true;
    queue_of(target).line.push_front(target);
  }
}

void RequestSchedule::hold(const net::Probe& probe, net::Serial behind, Instant now) {
  if (!table().remembers(behind)) return refused(probe, std::make_error_code(std::errc::address_in_use), now);
  const TargetIndex target = table().entry(probe.serial).target, holder = table().entry(behind).target;
  Request& request = requests_[target];
  stop_waiting_behind(target);
  reserve_more(held_by_the_over_, 1);
  held_.emplace(holder, target);
  request.untried = probe.serial;
  request.short_of_room = true;
  request.refusal = std::make_error_code(std::errc::address_in_use);
  request.held_behind = holder;
  if (requests_[holder].over) held_by_the_over_.push_back(holder);
}

void RequestSchedule::stop_waiting_behind(TargetIndex target) {
  Request& request = requests_[target];
  if (!request.held_behind) return;
  const auto [first, last] = held_.equal_range(*std::exchange(request.held_behind, std::nullopt));
  held_.erase(std::find_if(first, last, [target](const auto& held) { return held.second == target; }));
}

/// RequestSchedule that waited for the ports of `holder` are tried again.
void RequestSchedule::wake(TargetIndex holder) {
  const auto [first, last] = held_.equal_range(holder);
  for (auto at = first; at != last; ++at) {
    requests_[at->second].held_behind.reset();
    line_up(at->second, requests_[at->second].repeating);
  }
  held_.erase(first, last);
}

void RequestSchedule::take(std::span<const net::Event>& events) {
  for (Queue& queue : queues_) queue.room.heard();
  for (; !events.empty(); events = events.subspan(1)) receive(events.front());
}

void RequestSchedule::displaced(const net::Event& event) {
  const ProbeEntry& entry = table().entry(event.serial);
  Request& request = requests_[entry.target];
  if (!outcomes_.displaced(event.serial) || request.over) return;
  request.short_of_room = true;
  request.listened = std::max(request.listened, event.arrival.read - entry.sent_at);
  if (request.displaced < std::numeric_limits<std::uint8_t>::max()) ++request.displaced;
  const bool next_is_due = queue_of(entry.target).line.holds(entry.target);
  line_up(entry.target, !next_is_due);
}

void RequestSchedule::receive(const net::Event& event) {
  reserve_more(duplicates_, 1);
  if (tell_errors_) reserve_more(heard_, 1);
  if (report_duplicates_) reserve_more(repeated_, 1);
  const ProbeEntry& entry = table().entry(event.serial);
  const TargetIndex target = entry.target;
  if (!held_.empty()) wake(target);
  if (event.kind == net::Event::Kind::displaced) return displaced(event);
  const auto at = answered_at(entry.sent_at, event);
  if (requests_[target].over || (at && *at > requests_[target].deadline)) {
    if (outcomes_.is_answer(event) && entry.answered) answered_again(target, event);
    return outcomes_.received_late(event);
  }
  const TargetRecord& record = table().record(target);
  const bool awaited = record.awaited;
  if (outcomes_.received(event) && !queue_of(target).line.holds(target)) line_up(target, true);
  if (record.answered() || (awaited && !record.awaited && !goes_on(target, event))) return finish(target);
  if (tell_errors_ && event.kind == net::Event::Kind::unreachable) tell(target);
}

void RequestSchedule::answered_again(TargetIndex target, const net::Event& event) {
  const Request& request = requests_[target];
  duplicates_.push_back(request.token);
  if (!report_duplicates_ || nobody_ == target) return;
  const Address elsewhere = event.elsewhere ? event.responder : Address{};
  repeated_.push_back({.token = request.token,
                       .record = outcomes_.further_answer(event),
                       .detail = {.responder = elsewhere, .icmp = event.icmp, .error = {}},
                       .sent_at = table().entry(event.serial).sent_at,
                       .asked = request.asked});
}

void RequestSchedule::tell(TargetIndex target) {
  const TargetRecord& record = table().record(target);
  const Detail* detail = table().find_detail(record);
  if (record.outcome != Outcome::unreachable || detail == nullptr) return;
  heard_.push_back({.token = requests_[target].token,
                    .record = record,
                    .detail = *detail,
                    .sent_at = {},
                    .asked = requests_[target].asked});
}

/// The probe is over without an answer, but this event does not end the request, and more probes follow.
bool RequestSchedule::goes_on(TargetIndex target, const net::Event& event) const noexcept {
  const bool more_to_come = requests_[target].due < requests_[target].deadline;
  const bool enough = outcomes_.is_enough(outcomes_.table().record(target), event);
  return more_to_come && !enough && event.kind != net::Event::Kind::failed;
}

void RequestSchedule::receive_drops(std::uint64_t count, Instant now) {
  if (count == drops_) return;
  drops_ = count;
  flow_.dropped(now);
  if (!repeat_at_) repeat_at_ = now + outcomes_.time_to_answer();
}

void RequestSchedule::repeat_awaited() {
  repeat_at_.reset();
  for (TargetIndex target = 0; target < requests_.size(); ++target) {
    Request& request = requests_[target];
    const bool waits = !request.over && table().record(target).awaited && !queue_of(target).line.holds(target);
    if (!waits || request.repetitions == most_repetitions) continue;
    ++request.repetitions;
    line_up(target, true);
  }
}

void RequestSchedule::expire(Instant now, std::vector<net::Serial>& forgotten) {
  for (int count = 0; count < most_over_at_once && timers_.next() <= now; ++count) {
    const TargetIndex target = timers_.first();
    now >= requests_[target].deadline ? time_out(target, now) : try_again(target, now);
  }
  if (repeat_at_ && *repeat_at_ <= now) repeat_awaited();
  while (!table().no_probes() && expendable(table().oldest(), now)) forget_oldest();
  sweep();
  if (forgotten_.empty()) return;
  reserve_more(forgotten, forgotten_.size());
  for (Queue& queue : queues_) queue.room.heard();  // the transport gives back what these probes hold
  for (const TargetIndex holder : std::exchange(held_by_the_over_, {})) wake(holder);
  forgotten.insert(forgotten.end(), forgotten_.begin(), forgotten_.end());
  forgotten_.clear();
}

Instant RequestSchedule::next() const noexcept {
  Instant next = std::min(timers_.next(), repeat_at_.value_or(Instant::max()));
  for (const Queue& queue : queues_)
    if (!queue.line.empty()) next = std::min(next, std::max(flow_.next(), queue.room.at()));
  return next;
}

/// Lines up one probe, even if several became due since the last call.
void RequestSchedule::try_again(TargetIndex target, Instant now) {
  Request& request = requests_[target];
  request.due = after(request.due, ((now - request.due) / request.timeout + 1) * request.timeout);
  timers_.set(target, std::min(request.due, request.deadline));
  line_up(target, false);
}

/// True unless the request connects, was short of room, and had no connection that lasted long enough.
bool RequestSchedule::was_heard(TargetIndex target, Instant now) {
  const Request& request = requests_[target];
  if (!request.connects || !request.short_of_room) return true;
  Duration listened = request.listened;
  for (const net::Serial serial : request.sent) {
    if (!table().remembers(serial)) continue;
    const ProbeEntry& entry = table().entry(serial);
    if (!entry.answered && !entry.ended) listened = std::max(listened, now - entry.sent_at);
  }
  return listened >= outcomes_.enough_listening(now - request.submitted);
}

/// A target whose connections did not last long enough stays pending, because it may be alive.
void RequestSchedule::time_out(TargetIndex target, Instant now) {
  TargetRecord& record = table().record(target);
  if (was_heard(target, std::min(now, requests_[target].deadline)))
    requests_[target].displaced > 0 ? OutcomeTracker::fall_silent(record, now) : OutcomeTracker::time_out(record, now);
  if (record.attempt == 0 && requests_[target].refusal) outcomes_.fail(target, requests_[target].refusal, now);
  finish(target);
}

void RequestSchedule::finish(TargetIndex target) {
  Request& request = requests_[target];
  TargetRecord& record = table().record(target);
  Detail detail = record.detail == 0 ? Detail{} : std::move(table().detail(record));
  done_.push_back(
      {.token = request.token, .record = record, .detail = std::move(detail), .sent_at = {}, .asked = request.asked});
  outcomes_.give_up(record);
  timers_.clear(target);
  queue_of(target).line.remove(target);
  stop_waiting_behind(target);
  bool answered = false;
  for (const net::Serial serial : request.sent) {
    if (!table().remembers(serial)) continue;
    const ProbeEntry& entry = table().entry(serial);
    if (!answered) done_.back().sent_at = entry.sent_at;
    answered = answered || entry.answered;
    if (!entry.answered && !entry.ended) forgotten_.push_back(serial);
  }
  request.untried.reset();
  request.over = true;
  --under_way_;
  released_profiles_.push_back(record.profile);
  if (!held_.empty()) wake(target);
  if (request.remembered == 0) free_.push_back(target);
  for (const net::Serial serial : request.sent)
    if (serial < swept_ && table().remembers(serial)) let_go(serial);
  request.sent.clear();
}

bool RequestSchedule::expendable(const ProbeEntry& entry, Instant now) const noexcept {
  const auto window = outcomes_.table().window();
  const net::Serial length = window.end - window.first;
  if (!requests_[entry.target].over) return length > longest_window || now - entry.sent_at > memory_of_probes;
  return length > most_remembered || now - entry.sent_at > memory_of_the_over;
}

/// Forgets the oldest probe. With the last probe of a request that is over, its target number becomes free: no later
/// event can be about that request.
void RequestSchedule::forget_oldest() {
  const TargetIndex target = table().oldest().target;
  table().forget_oldest();
  release(target);
}

void RequestSchedule::release(TargetIndex target) {
  Request& request = requests_[target];
  if (--request.remembered == 0 && request.over) free_.push_back(target);
}

/// A long request keeps the window open. This function frees the target numbers of requests that are over since then.
void RequestSchedule::sweep() {
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

void RequestSchedule::let_go(net::Serial serial) {
  ProbeEntry& entry = table().entry(serial);
  const TargetIndex target = entry.target;
  if (!requests_[target].over || target == *nobody_) return;
  entry.target = *nobody_;
  entry.ended = true;
  ++requests_[*nobody_].remembered;
  release(target);
}

}  // namespace multiping::engine
