// What to send next of a batch: rounds that reach every target without an answer, as a state machine without I/O.
// See session.hpp.
#include "engine/session.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <new>

namespace multiping::engine {
namespace {

constexpr int most_recoveries = 3;
/// The most targets or probes that one call looks at, so that the caller can look at the clock and at a stop after
/// about a millisecond.
constexpr std::size_t most_looks = 65'536;
/// A stop is looked for once in so many targets.
constexpr std::size_t stride = 4096;

/// What was sent before takes up all the room that a socket has: that is pacing by the kernel, and no target's fate.
bool is_own_backlog(std::error_code error) noexcept { return error == std::errc::resource_unavailable_try_again; }

}  // namespace

TargetIndex Session::join(const Endpoint& endpoint, Joins joins) {
  if (joins == Joins::next_round && has_vacancy()) {
    const TargetIndex target = retired_.front().target;
    retired_.pop_front();
    displaced_.erase(target);
    fates_.replace(target, endpoint);
    return target;
  }
  const TargetIndex target = fates_.add(endpoint);
  if (joins == Joins::now) round_end_ = target + 1;
  return target;
}

bool Session::has_vacancy() const noexcept {
  return !retired_.empty() && retired_.front().last <= fates_.table().window().first;
}

std::vector<net::Serial> Session::retire(std::span<const TargetIndex> targets) {
  std::vector<bool> gone(table().size());
  for (const TargetIndex target : targets) {
    gone[target] = true;
    fates_.retire(target);
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

void Session::begin_round(net::Instant now) {
  end_round();
  horizon_ = net::Instant{now.time_since_epoch() - memory_of_probes};
  last_round_ = table().window().end;
  forget_some();
  ++round_;
  round_end_ = static_cast<TargetIndex>(table().size());
  cursor_ = fates_.unanswered() > 0 ? 0 : round_end_;
  recovering_ = false;
  recoveries_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
  flow_.be_patient();  // until here, what ran out of patience fails the rest of its batch too
  if (round_ == 1) began_ = now;
  displaced_line_.clear();
  held_.clear();
}

/// The rest when more is proposed: up to the first that is kept.
void Session::forget_some() {
  const net::Serial first = table().window().first;
  if (first >= last_round_) return;
  const net::Serial most = std::min<net::Serial>(last_round_ - first, most_looks);
  table().forget_before(horizon_, static_cast<std::size_t>(most));
  if (table().window().first < first + most) last_round_ = first;
}

bool Session::sending() const noexcept { return cursor_ < round_end_ || !deferred_.empty() || !untried_.empty(); }

void Session::end_round() {
  cursor_ = round_end_;
  fail_deferred();
  deferred_.clear();
  for (const net::Probe& probe : untried_) table().entry(probe.serial).ended = true;
  untried_.clear();
}

bool Session::reached(Goal goal) const noexcept {
  if (goal == Goal::deadline) return false;
  return !sending() && (goal == Goal::sent || (fates_.awaited() == 0 && displaced_line_.empty()));
}

bool Session::wanted(const TargetRecord& record) const noexcept {
  return !record.answered() && (!recovering_ || record.awaited);
}

std::optional<Session::Next> Session::next_target() noexcept {
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

/// A target that answers, or is asked anew, needs no more of this.
std::optional<TargetIndex> Session::next_displaced() noexcept {
  while (!displaced_line_.empty()) {
    const TargetIndex target = displaced_line_.front();
    displaced_line_.pop_front();
    const TargetRecord& record = table().record(target);
    if (!record.answered() && !record.awaited) return target;
  }
  return std::nullopt;
}

net::Probe Session::proposal(net::Serial serial, TargetIndex target) noexcept {
  table().entry(serial).target = target;
  net::Probe probe = table().probe(serial);
  if (displaced_.empty()) return probe;
  if (const auto displaced = displaced_.find(target); displaced != displaced_.end())
    probe.displaced = displaced->second.times;
  return probe;
}

void Session::propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) {
  batch.clear();
  looks_ = most_looks;
  forget_some();
  if (recovery_at_ && now >= *recovery_at_ && !sending()) begin_recovery();
  const bool repeated = recovering_ && cursor_ >= recovery_end_ && deferred_.empty() && untried_.empty();
  if (repeated && cursor_ < round_end_) recovering_ = false;
  if ((!sending() && displaced_line_.empty()) || room_.at() > now) return;
  most = flow_.allowance(now, most);
  net::make_room(batch, most);
  net::make_room(untried_, most);  // for put_back()
  if (!untried_.empty()) return propose_again(most, batch);
  try {
    while (batch.size() < most && propose_one(batch)) continue;
  } catch (const std::bad_alloc&) {
    if (batch.empty()) throw;
    // What was proposed until here may leave.
  }
}

/// The probe is made first: where there is no memory for it, its target stays in line.
bool Session::propose_one(std::vector<net::Probe>& batch) {
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

/// The same probes under the same numbers. A target that has answered meanwhile needs none.
void Session::propose_again(std::size_t most, std::vector<net::Probe>& batch) {
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

net::Instant Session::next() const noexcept {
  const net::Instant recovery = recovery_at_.value_or(net::Instant::max());
  if (!sending() && displaced_line_.empty()) return recovery;
  const net::Instant next = std::max(flow_.next(), room_.at());
  return sending() ? next : std::min(next, recovery);
}

void Session::sent(std::span<const net::Probe> probes, std::span<const net::Instant> sent_at) {
  if (probes.empty()) return;
  const net::Instant last = sent_at[probes.size() - 1];
  flow_.sent(probes.size(), last);
  fates_.sent(probes, sent_at, recovering_ ? Fates::Sending::repetition : Fates::Sending::attempt);
  if (recovering_) recovered_at_ = last + fates_.time_to_answer();
}

void Session::refused(const net::Probe& probe, std::error_code error, net::Instant now) {
  ProbeEntry& entry = table().entry(probe.serial);
  if (!passes(error)) {
    fates_.fail(entry.target, error);
    entry.ended = true;
    return;
  }
  deferred_.push_back({.target = entry.target, .refusal = error, .repetition = entry.repetition});
  entry.ended = true;
  flow_.refused(now);
  if (flow_.exhausted(now)) fail_unsent(error);
}

/// Those that were displaced come after all others, and the end of sending does not wait for them.
void Session::put_back(std::span<const net::Probe> probes, net::Instant room_at) {
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

void Session::hold(const net::Probe& probe, net::Serial behind, net::Instant now) {
  if (!table().remembers(behind)) return refused(probe, std::make_error_code(std::errc::address_in_use), now);
  ProbeEntry& entry = table().entry(probe.serial);
  held_.emplace(table().entry(behind).target, entry.target);
  entry.ended = true;
  short_of_room_ = true;
}

/// What waited for the ports of `holder` is tried again.
void Session::wake(TargetIndex holder) {
  for (auto at = held_.find(holder); at != held_.end(); at = held_.find(holder)) {
    deferred_.push_back({at->second, std::make_error_code(std::errc::address_in_use)});
    held_.erase(at);
  }
}

void Session::fail_held() {
  for (const auto& [holder, target] : held_) {
    const TargetRecord& record = table().record(target);
    if (record.attempt == 0 && record.outcome == Outcome::pending)
      fates_.fail(target, std::make_error_code(std::errc::address_in_use));
  }
}

/// Those that it does not come to are refused next, and then come the next of them.
void Session::fail_unsent(std::error_code error) {
  looks_ = most_looks;
  table().make_room_for_detail();
  while (const auto next = next_target()) {
    if (!next->repetition) fates_.fail(next->target, error);
    table().make_room_for_detail();
  }
}

/// A target that was reached before keeps what is known of it.
void Session::fail_deferred() {
  deferred_.each([this](const Deferred& deferred) {
    if (table().record(deferred.target).attempt == 0 && !is_own_backlog(deferred.refusal))
      fates_.fail(deferred.target, deferred.refusal);
  });
}

void Session::take(std::span<const net::Event>& events) {
  room_.heard();
  for (; !events.empty(); events = events.subspan(1)) receive(events.front());
}

/// What may need memory comes first.
void Session::receive(const net::Event& event) {
  const TargetIndex target = table().entry(event.serial).target;
  if (!held_.empty()) wake(target);
  if (event.kind == net::Event::Kind::displaced) return displaced(event);
  if (!event.cut_next_time) return void(fates_.received(event));
  deferred_.push_back({.target = target, .repetition = true});
  try {
    if (!fates_.received(event)) deferred_.pop_back();
  } catch (...) {
    deferred_.pop_back();
    throw;
  }
}

void Session::displaced(const net::Event& event) {
  const ProbeEntry& entry = table().entry(event.serial);
  Displaced& displaced = displaced_[entry.target];
  displaced_line_.push_back(entry.target);
  if (!fates_.displaced(event.serial)) return displaced_line_.pop_back();
  short_of_room_ = true;
  displaced.listened = std::max(displaced.listened, event.arrival.read - entry.sent_at);
  if (displaced.times < std::numeric_limits<std::uint8_t>::max()) ++displaced.times;
}

net::Instant Session::next_recovery() const noexcept {
  const bool repeats = !displaced_line_.empty() || (recovering_ && sending());
  if (repeats) return next();
  return fates_.awaited() == 0 ? net::Instant::max() : recovery_at_.value_or(net::Instant::max());
}

void Session::time_out(net::Instant now, const std::stop_token& stop) {
  fail_held();
  if (recovery_at_ || (recovering_ && sending()) || recovered_at_ > std::optional{now}) return;
  if (short_of_room_) return time_out_heard(now);
  const std::span records{table().records()};
  for (std::size_t start = 0; start < records.size() && !stop.stop_requested(); start += stride)
    for (TargetRecord& record : records.subspan(start, std::min(stride, records.size() - start)))
      Fates::time_out(record);
}

/// Who was not listened for long enough may well be alive.
void Session::time_out_heard(net::Instant now) {
  const Duration enough = fates_.enough_listening(now - began_);
  std::vector<bool> heard(table().size());
  for (const auto& [target, displaced] : displaced_) heard[target] = displaced.listened >= enough;
  table().each_open_probe([&](net::Serial serial) {
    const ProbeEntry& entry = table().entry(serial);
    if (table().record(entry.target).awaited && now - entry.sent_at >= enough) heard[entry.target] = true;
  });
  for (TargetIndex target = 0; target < table().size(); ++target)
    if (heard[target]) Fates::fall_silent(table().record(target));
}

void Session::receive_drops(std::uint64_t count, net::Instant now) {
  if (count == drops_) return;
  drops_ = count;
  flow_.dropped(now);
  if (recoveries_ < most_recoveries) recovery_at_ = now + fates_.time_to_answer();
}

void Session::begin_recovery() noexcept {
  recovery_at_.reset();
  ++recoveries_;
  recovering_ = true;
  recovery_end_ = round_end_;
  cursor_ = fates_.awaited() == 0 ? round_end_ : 0;
}

void Session::reset() {
  end_round();
  fates_.reset();
  retired_.each([this](const Retired& retired) { fates_.retire(retired.target); });
  room_.heard();  // what was under way has given it back
  round_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
  short_of_room_ = false;
  displaced_.clear();
  displaced_line_.clear();
  held_.clear();
}

}  // namespace multiping::engine
