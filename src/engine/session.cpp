// What to send next of a batch: rounds that reach every target without an answer, as a state machine without I/O.
// See session.hpp.
#include "engine/session.hpp"

#include <algorithm>
#include <chrono>

namespace multiping::engine {
namespace {

constexpr int most_recoveries = 3;

/// What was sent before takes up all the room that a socket has: that is pacing by the kernel, and no target's fate.
bool is_own_backlog(std::error_code error) noexcept { return error == std::errc::resource_unavailable_try_again; }

}  // namespace

void Session::begin_round(net::Instant now) {
  end_round();
  table().forget_before(net::Instant{now.time_since_epoch() - memory_of_probes});
  ++round_;
  if (fates_.unanswered() > 0) cursor_ = 0;
  recovering_ = false;
  recoveries_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
  flow_.be_patient();  // until here, what ran out of patience fails the rest of its batch too
}

bool Session::sending() const noexcept { return cursor_ < end_of_targets() || !deferred_.empty() || !untried_.empty(); }

void Session::end_round() {
  cursor_ = end_of_targets();
  fail_deferred();
  deferred_.clear();
  for (const net::Probe& probe : untried_) table().entry(probe.serial).ended = true;
  untried_.clear();
}

bool Session::reached(Goal goal) const noexcept { return !sending() && (goal == Goal::sent || fates_.awaited() == 0); }

bool Session::wanted(const TargetRecord& record) const noexcept {
  return !record.answered() && (!recovering_ || record.awaited);
}

std::optional<TargetIndex> Session::next_target() noexcept {
  while (cursor_ < end_of_targets()) {
    const TargetIndex target = cursor_++;
    if (wanted(table().record(target))) return target;
  }
  while (!deferred_.empty()) {
    const TargetIndex target = deferred_.front().target;
    deferred_.pop_front();
    if (wanted(table().record(target))) return target;
  }
  return std::nullopt;
}

void Session::propose(net::Instant now, std::size_t most, std::vector<net::Probe>& batch) {
  batch.clear();
  if (recovery_at_ && now >= *recovery_at_ && !sending()) begin_recovery();
  if (!sending() || room_.at() > now) return;
  most = flow_.allowance(now, most);
  if (!untried_.empty()) return propose_again(most, batch);
  while (batch.size() < most) {
    const auto target = next_target();
    if (!target) return;
    batch.push_back(table().probe(table().open_probe(*target, round_)));
  }
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
  if (!sending()) return recovery_at_.value_or(net::Instant::max());
  return std::max(flow_.next(), room_.at());
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
  entry.ended = true;
  if (!passes(error)) return fates_.fail(entry.target, error);
  flow_.refused(now);
  deferred_.push_back({entry.target, error});
  if (flow_.exhausted(now)) fail_unsent(error);
}

void Session::put_back(std::span<const net::Probe> probes, net::Instant room_at) {
  untried_.insert(untried_.begin(), probes.begin(), probes.end());
  room_.full(room_at);
}

void Session::fail_unsent(std::error_code error) {
  while (const auto target = next_target()) fates_.fail(*target, error);
}

/// A target that was reached before keeps what is known of it.
void Session::fail_deferred() {
  for (const Deferred& deferred : deferred_)
    if (table().record(deferred.target).attempt == 0 && !is_own_backlog(deferred.refusal))
      fates_.fail(deferred.target, deferred.refusal);
}

void Session::received(std::span<const net::Event> events) {
  room_.heard();
  for (const net::Event& event : events) fates_.received(event);
}

net::Instant Session::next_recovery() const noexcept {
  if (fates_.awaited() == 0) return net::Instant::max();
  if (recovering_ && sending()) return next();
  return recovery_at_.value_or(net::Instant::max());
}

void Session::time_out(net::Instant now) noexcept {
  if (recovery_at_ || (recovering_ && sending()) || recovered_at_ > std::optional{now}) return;
  for (TargetRecord& record : table().records()) Fates::time_out(record);
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
  cursor_ = fates_.awaited() == 0 ? end_of_targets() : 0;
}

void Session::reset() {
  end_round();
  fates_.reset();
  room_.heard();  // what was under way has given it back
  round_ = 0;
  recovery_at_.reset();
  recovered_at_.reset();
}

}  // namespace multiping::engine
