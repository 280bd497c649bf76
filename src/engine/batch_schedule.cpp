// A cursor goes over the targets in each round; deferred, displaced and put-back probes wait in lists of their own.
// See batch_schedule.hpp.
#include "engine/batch_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>

namespace multiping::engine {
namespace {

constexpr int most_recoveries = 3;
/// The most targets or probes that one call looks at, so that the caller can check the clock and a stop request after
/// about a millisecond.
constexpr std::size_t most_looks = 65'536;
/// time_out() checks for a stop request once in this many targets.
constexpr std::size_t stride = 4096;

/// Earlier packets fill the socket's send buffer: this is pacing by the kernel, and no failure of a target.
bool is_own_backlog(std::error_code error) noexcept { return error == std::errc::resource_unavailable_try_again; }

}  // namespace

TargetIndex BatchSchedule::join(const TargetKey& destination, Joins joins) {
  if (joins == Joins::next_round && has_vacancy()) {
    const TargetIndex target = retired_.front().target;
    retired_.pop_front();
    displaced_.erase(target);
    outcomes_.replace(target, destination);
    return target;
  }
  const TargetIndex target = outcomes_.add(destination);
  if (joins == Joins::now) round_end_ = target + 1;
  return target;
}

bool BatchSchedule::has_vacancy() const noexcept {
  return !retired_.empty() && retired_.front().last <= outcomes_.table().window().first;
}

std::vector<net::Serial> BatchSchedule::retire(std::span<const TargetIndex> targets) {
  std::vector<bool> gone(table().size());
  for (const TargetIndex target : targets) {
    gone[target] = true;
    outcomes_.retire(target);
    retired_.push_back({.target = target, .last = table().window().end});
    wake(target);
  }
  std::erase_if(held_, [&gone](const auto& held) { return gone[held.second]; });
  std::vector<net::Serial> ended;
  table().each_open_probe([&](net::Serial serial) {
    if (gone[table().entry(serial).target]) ended.push_back(serial);
  });
  for (const net::Serial serial : ended) table().entry(serial).ended = true;
  return ended;
}

void BatchSchedule::begin_round(Instant now) {
  end_round(now);
  horizon_ = Instant{now.time_since_epoch() - memory_of_probes};
  last_round_ = table().window().end;
  forget_some();
  ++round_;
  round_end_ = static_cast<TargetIndex>(table().size());
  cursor_ = outcomes_.unanswered() > 0 ? 0 : round_end_;
  recovering_ = false;
  recoveries_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
  flow_.be_patient();  // only here: exhausted patience fails the rest of its round too
  if (round_ == 1) began_ = now;
  displaced_line_.clear();
  held_.clear();
}

/// Forgets probes of earlier rounds, up to the first that must be kept, and at most most_looks of them. Later calls of
/// propose() forget the others.
void BatchSchedule::forget_some() {
  const net::Serial first = table().window().first;
  if (first >= last_round_) return;
  const net::Serial most = std::min<net::Serial>(last_round_ - first, most_looks);
  table().forget_before(horizon_, static_cast<std::size_t>(most));
  if (table().window().first < first + most) last_round_ = first;
}

bool BatchSchedule::sending() const noexcept { return cursor_ < round_end_ || !deferred_.empty() || !untried_.empty(); }

void BatchSchedule::end_round(Instant now) {
  cursor_ = round_end_;
  fail_deferred(now);
  deferred_.clear();
  for (const net::Probe& probe : untried_) table().entry(probe.serial).ended = true;
  untried_.clear();
}

bool BatchSchedule::reached(Goal goal) const noexcept {
  if (!answered_.empty()) return true;
  if (goal == Goal::deadline) return false;
  return !sending() && (goal == Goal::sent || (outcomes_.awaited() == 0 && displaced_line_.empty()));
}

bool BatchSchedule::wanted(const TargetRecord& record) const noexcept {
  return !record.answered() && (!recovering_ || record.awaited);
}

std::optional<BatchSchedule::Next> BatchSchedule::next_target() noexcept {
  for (; cursor_ < end_of_cursor() && looks_ > 0; --looks_) {
    const TargetIndex target = cursor_++;
    if (wanted(table().record(target))) return Next{target};
  }
  if (cursor_ < end_of_cursor()) return std::nullopt;
  while (!deferred_.empty()) {
    const auto [target, refusal, repetition] = deferred_.front();
    deferred_.pop_front();
    if (wanted(table().record(target))) return Next{target, repetition};
  }
  return std::nullopt;
}

/// Skips targets that have answered, or that have another probe under way.
std::optional<TargetIndex> BatchSchedule::next_displaced() noexcept {
  while (!displaced_line_.empty()) {
    const TargetIndex target = displaced_line_.front();
    displaced_line_.pop_front();
    const TargetRecord& record = table().record(target);
    if (!record.answered() && !record.awaited) return target;
  }
  return std::nullopt;
}

net::Probe BatchSchedule::proposal(net::Serial serial, TargetIndex target) noexcept {
  table().entry(serial).target = target;
  net::Probe probe = table().probe(serial);
  if (displaced_.empty()) return probe;
  if (const auto displaced = displaced_.find(target); displaced != displaced_.end())
    probe.displaced = displaced->second.times;
  return probe;
}

void BatchSchedule::propose(Instant now, std::size_t most, std::vector<net::Probe>& batch) {
  batch.clear();
  looks_ = most_looks;
  forget_some();
  if (recovery_at_ && now >= *recovery_at_ && !sending()) begin_recovery();
  const bool repeated = recovering_ && cursor_ >= recovery_end_ && deferred_.empty() && untried_.empty();
  if (repeated && cursor_ < round_end_) recovering_ = false;
  if ((!sending() && displaced_line_.empty()) || room_.at() > now) return;
  most = flow_.allowance(now, most);
  reserve_more(batch, most);
  reserve_more(untried_, most);  // for put_back()
  if (!untried_.empty()) return propose_again(most, batch);
  try {
    while (batch.size() < most && propose_one(batch)) continue;
  } catch (const std::bad_alloc&) {
    if (batch.empty()) throw;
    // The probes proposed so far may leave.
  }
}

/// Makes the probe before it takes a target out of line, so that no target is lost when memory runs out.
bool BatchSchedule::propose_one(std::vector<net::Probe>& batch) {
  const net::Serial serial = table().open_probe(0, round_);
  if (const auto next = next_target()) {
    batch.push_back(proposal(serial, next->target));
    table().entry(serial).repetition = next->repetition;
    return true;
  }
  if (const auto target = looks_ > 0 ? next_displaced() : std::nullopt) {
    batch.push_back(proposal(serial, *target));
    table().entry(serial).again = true;
    return true;
  }
  table().close_newest();
  return false;
}

/// Proposes probes that were put back, with the same serials. A target that has answered meanwhile needs no probe.
void BatchSchedule::propose_again(std::size_t most, std::vector<net::Probe>& batch) {
  auto next = untried_.begin();
  for (; next != untried_.end() && batch.size() < most; ++next) {
    ProbeEntry& entry = table().entry(next->serial);
    if (wanted(table().record(entry.target)))
      batch.push_back(*next);
    else
      entry.ended = true;
  }
  untried_.erase(untried_.begin(), next);
}

Instant BatchSchedule::next() const noexcept {
  const Instant recovery = recovery_at_.value_or(Instant::max());
  if (!sending() && displaced_line_.empty()) return recovery;
  const Instant next = std::max(flow_.next(), room_.at());
  return sending() ? next : std::min(next, recovery);
}

void BatchSchedule::sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at) {
  if (probes.empty()) return;
  const Instant last = sent_at[probes.size() - 1];
  flow_.sent(probes.size(), last);
  outcomes_.sent(probes, sent_at, recovering_ ? OutcomeTracker::Sending::repetition : OutcomeTracker::Sending::attempt);
  if (recovering_) recovered_at_ = last + outcomes_.time_to_answer();
}

void BatchSchedule::refused(const net::Probe& probe, std::error_code error, Instant now) {
  ProbeEntry& entry = table().entry(probe.serial);
  if (!passes(error)) {
    outcomes_.fail(entry.target, error, now);
    entry.ended = true;
    return;
  }
  deferred_.push_back({.target = entry.target, .refusal = error, .repetition = entry.repetition});
  entry.ended = true;
  flow_.refused(now);
  if (flow_.exhausted(now)) fail_unsent(error, now);
}

/// Displaced targets come after all others, and sending() does not wait for them.
void BatchSchedule::put_back(std::span<const net::Probe> probes, Instant room_at) {
  room_.full(room_at);
  const auto was_displaced = [this](const net::Probe& probe) { return table().entry(probe.serial).again; };
  if (std::ranges::none_of(probes, was_displaced)) {
    untried_.insert(untried_.begin(), probes.begin(), probes.end());
    return;
  }
  for (auto probe = probes.rbegin(); probe != probes.rend(); ++probe) {
    if (!was_displaced(*probe)) {
      untried_.insert(untried_.begin(), *probe);
      continue;
    }
    ProbeEntry& entry = table().entry(probe->serial);
    entry.ended = true;
    displaced_line_.push_front(entry.target);
  }
}

void BatchSchedule::hold(const net::Probe& probe, net::Serial behind, Instant now) {
  if (!table().remembers(behind)) return refused(probe, std::make_error_code(std::errc::address_in_use), now);
  ProbeEntry& entry = table().entry(probe.serial);
  held_.emplace(table().entry(behind).target, entry.target);
  entry.ended = true;
  short_of_room_ = true;
}

/// Targets that waited for the ports of `holder` are tried again.
void BatchSchedule::wake(TargetIndex holder) {
  for (auto at = held_.find(holder); at != held_.end(); at = held_.find(holder)) {
    deferred_.push_back({at->second, std::make_error_code(std::errc::address_in_use)});
    held_.erase(at);
  }
}

void BatchSchedule::fail_held(Instant now) {
  for (const auto& [holder, target] : held_) {
    const TargetRecord& record = table().record(target);
    if (record.attempt == 0 && record.outcome == Outcome::pending)
      outcomes_.fail(target, std::make_error_code(std::errc::address_in_use), now);
  }
}

/// Fails at most most_looks targets in one call. The others follow at the next refusal.
void BatchSchedule::fail_unsent(std::error_code error, Instant now) {
  looks_ = most_looks;
  table().make_room_for_detail();
  while (const auto next = next_target()) {
    if (!next->repetition) outcomes_.fail(next->target, error, now);
    table().make_room_for_detail();
  }
}

/// A target that was sent a probe before keeps its outcome.
void BatchSchedule::fail_deferred(Instant now) {
  deferred_.each([this, now](const Deferred& deferred) {
    if (table().record(deferred.target).attempt == 0 && !is_own_backlog(deferred.refusal))
      outcomes_.fail(deferred.target, deferred.refusal, now);
  });
}

void BatchSchedule::take(std::span<const net::Event>& events) {
  room_.heard();
  for (; !events.empty(); events = events.subspan(1)) receive(events.front());
}

/// Steps that may need memory come before the event is counted.
void BatchSchedule::receive(const net::Event& event) {
  const TargetIndex target = table().entry(event.serial).target;
  if (!held_.empty()) wake(target);
  if (event.kind == net::Event::Kind::displaced) return displaced(event);
  if (!event.cut_next_time) return take_in(event, target);
  deferred_.push_back({.target = target, .repetition = true});
  try {
    if (!outcomes_.received(event)) deferred_.pop_back();
  } catch (...) {
    deferred_.pop_back();
    throw;
  }
}

void BatchSchedule::take_in(const net::Event& event, TargetIndex target) {
  if (tell_answers_) reserve_more(answered_, 1);
  const bool was_answered = table().record(target).answered();
  outcomes_.received(event);
  if (tell_answers_ && !was_answered && table().record(target).answered()) answered_.push_back(target);
}

void BatchSchedule::displaced(const net::Event& event) {
  const ProbeEntry& entry = table().entry(event.serial);
  Displaced& displaced = displaced_[entry.target];
  displaced_line_.push_back(entry.target);
  if (!outcomes_.displaced(event.serial)) return displaced_line_.pop_back();
  short_of_room_ = true;
  displaced.listened = std::max(displaced.listened, event.arrival.read - entry.sent_at);
  if (displaced.times < std::numeric_limits<std::uint8_t>::max()) ++displaced.times;
}

Instant BatchSchedule::next_recovery() const noexcept {
  const bool repeats = !displaced_line_.empty() || (recovering_ && sending());
  if (repeats) return next();
  return outcomes_.awaited() == 0 ? Instant::max() : recovery_at_.value_or(Instant::max());
}

void BatchSchedule::time_out(Instant now, const std::stop_token& stop) {
  fail_held(now);
  if (recovery_at_ || (recovering_ && sending()) || recovered_at_ > std::optional{now}) return;
  if (short_of_room_) return time_out_heard(now);
  const std::span records{table().records()};
  for (std::size_t start = 0; start < records.size() && !stop.stop_requested(); start += stride)
    for (TargetRecord& record : records.subspan(start, std::min(stride, records.size() - start)))
      OutcomeTracker::time_out(record, now);
}

/// A target whose connections did not last long enough stays pending, because it may be alive.
void BatchSchedule::time_out_heard(Instant now) {
  const Duration enough = outcomes_.enough_listening(now - began_);
  std::vector<bool> heard(table().size());
  for (const auto& [target, displaced] : displaced_) heard[target] = displaced.listened >= enough;
  table().each_open_probe([&](net::Serial serial) {
    const ProbeEntry& entry = table().entry(serial);
    if (table().record(entry.target).awaited && now - entry.sent_at >= enough) heard[entry.target] = true;
  });
  for (TargetIndex target = 0; target < table().size(); ++target)
    if (heard[target]) OutcomeTracker::fall_silent(table().record(target), now);
}

void BatchSchedule::receive_drops(std::uint64_t count, Instant now) {
  if (count == drops_) return;
  drops_ = count;
  flow_.dropped(now);
  if (recoveries_ < most_recoveries) recovery_at_ = now + outcomes_.time_to_answer();
}

void BatchSchedule::begin_recovery() noexcept {
  recovery_at_.reset();
  ++recoveries_;
  recovering_ = true;
  recovery_end_ = round_end_;
  cursor_ = outcomes_.awaited() == 0 ? round_end_ : 0;
}

void BatchSchedule::reset() {
  end_round({});  // what it fails is forgotten at once
  outcomes_.reset();
  retired_.each([this](const Retired& retired) { outcomes_.retire(retired.target); });
  room_.heard();  // no probe is under way any more, so there is room
  round_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
  short_of_room_ = false;
  displaced_.clear();
  displaced_line_.clear();
  held_.clear();
  answered_.clear();
}

void BatchSchedule::renew(const TargetKey& destination) {
  reset();
  outcomes_.renew(destination);
  flow_ = SendableNow{0};
  drops_ = 0;
}

}  // namespace multiping::engine
