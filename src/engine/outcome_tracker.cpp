// Each event first reserves the memory that it may need, so that a call either takes effect or changes nothing.
// See outcome_tracker.hpp.
#include "engine/outcome_tracker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/icmp_error_meaning.hpp"

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;
using Kind = net::Event::Kind;

constexpr Duration shortest_time_to_answer = 20ms;
constexpr Duration longest_time_to_answer = 1s;
/// The kernel repeats a SYN after the first of these two seconds.
constexpr Duration least_listening = 2s;
constexpr unsigned most_cuts = 3;
/// The least round-trip time that is reported: one nanosecond, where the clocks show no difference.
constexpr Duration shortest{1};

/// The round-trip time by the kernel's measure or timestamp where there is one, else by the time of our own read.
std::pair<Duration, TimestampSource> round_trip(Instant sent_at, const net::Event& event) noexcept {
  if (const auto at = answered_at(sent_at, event)) return {*at - sent_at, TimestampSource::kernel};
  return {std::max(event.arrival.read - sent_at, shortest), TimestampSource::user};
}

bool is_sound(Instant stamp, Instant sent_at, Instant read) noexcept { return stamp > sent_at && stamp <= read; }

/// When the answer arrived. The sending time may be an estimate, so the kernel's stamp comes first.
Instant arrival_of(Instant sent_at, Duration rtt, const net::Arrival& arrival) noexcept {
  const bool stamped = arrival.stamp && is_sound(*arrival.stamp, sent_at, arrival.read);
  return stamped ? *arrival.stamp : after(sent_at, rtt);
}

void take_times(TargetRecord& record, const ProbeEntry& entry, const net::Event& event) noexcept {
  const auto [rtt, timestamps] = round_trip(entry.sent_at, event);
  record.rtt = rtt;
  record.set_at(arrival_of(entry.sent_at, rtt, event.arrival));
  record.reply_size = event.reply_size;
  record.timestamps = timestamps;
  record.reply_ttl = event.reply_ttl;
  record.has_tos = event.reply_tos.has_value();
  record.reply_tos = event.reply_tos.value_or(std::uint8_t{0});
  record.auth_bits = event.auth_bits;
  record.changed = true;
}

/// Clears the figures of an earlier ICMP error, which is no longer this target's outcome.
void forget_times(TargetRecord& record) noexcept {
  record.rtt = {};
  record.timestamps = TimestampSource::none;
  record.reply_ttl = record.reply_tos = 0;
  record.reply_size = 0;
  record.auth_bits = 0;
  record.has_tos = false;
}

/// True if the record counts no later attempt than that of this probe.
bool is_newest(const TargetRecord& record, const ProbeEntry& entry) noexcept { return entry.round >= record.attempt; }

}  // namespace

void add(Counters& sum, const Counters& fates, const Counters& below) noexcept {
  sum.sent += fates.sent;
  sum.received += fates.received;
  sum.duplicates += fates.duplicates;
  sum.late += fates.late + below.late;
  sum.icmp_errors += fates.icmp_errors;
  sum.unauthenticated += below.unauthenticated;
  sum.wrong_source += fates.wrong_source + below.wrong_source;
  sum.bad_checksum += below.bad_checksum;
  sum.malformed += below.malformed;
  sum.receive_drops += below.receive_drops;
  sum.send_errors += fates.send_errors;
}

std::optional<Instant> answered_at(Instant sent_at, const net::Event& event) noexcept {
  if (event.rtt) return after(sent_at, std::max(*event.rtt, shortest));
  const auto stamp = event.arrival.stamp;
  return stamp && is_sound(*stamp, sent_at, event.arrival.read) ? stamp : std::nullopt;
}

TargetIndex OutcomeTracker::add(const TargetKey& destination) {
  ++unanswered_;
  return table_.add(destination);
}

void OutcomeTracker::replace(TargetIndex target, const TargetKey& destination) {
  const TargetRecord& record = table_.record(target);
  if (record.unreported) --unreported_;
  if (record.answered()) ++unanswered_;
  table_.replace(target, destination);
}

/// Sets the outcome to reply, because no rule changes a target that has answered.
void OutcomeTracker::retire(TargetIndex target) {
  TargetRecord& record = table_.record(target);
  set_awaited(record, false);
  if (record.unreported) --unreported_;
  if (!record.answered()) --unanswered_;
  record.outcome = Outcome::reply;
  record.unreported = record.changed = false;
}

void OutcomeTracker::set_awaited(TargetRecord& record, bool awaited) noexcept {
  if (record.awaited == awaited) return;
  record.awaited = awaited;
  awaited_ += awaited ? 1U : static_cast<std::size_t>(-1);
}

void OutcomeTracker::sent(std::span<const net::Probe> probes, std::span<const Instant> sent_at, Sending sending) {
  counters_.sent += probes.size();
  for (std::size_t i = 0; i < probes.size(); ++i) {
    ProbeEntry& entry = table_.entry(probes[i].serial);
    entry.sent_at = sent_at[i];
    TargetRecord& record = table_.record(entry.target);
    if (sending == Sending::attempt && !entry.again && !entry.repetition) {
      ++record.attempt;
      record.cuts = 0;
    }
    // An ICMP error about an earlier probe stays the outcome until another event replaces it.
    if (record.outcome == Outcome::send_failed) table_.detail(record) = {};
    if (record.outcome == Outcome::no_reply || record.outcome == Outcome::send_failed)
      record.outcome = Outcome::pending;
    record.changed = true;
    set_awaited(record, true);
  }
}

void OutcomeTracker::fail(TargetIndex target, std::error_code error, Instant now) {
  table_.make_room_for_detail();
  ++counters_.send_errors;
  TargetRecord& record = table_.record(target);
  // While an earlier probe is awaited, the failure of a further probe changes nothing.
  if ((record.awaited && record.outcome == Outcome::pending) || record.answered()) return;
  record.outcome = Outcome::send_failed;
  record.set_at(now);
  record.changed = true;
  forget_times(record);
  table_.detail(record) = {.responder = {}, .icmp = nullptr, .error = error};
}

bool OutcomeTracker::displaced(net::Serial serial) {
  ProbeEntry& entry = table_.entry(serial);
  if (entry.answered || entry.ended) return false;
  entry.ended = true;
  TargetRecord& record = table_.record(entry.target);
  if (record.answered() || !record.awaited || !is_newest(record, entry)) return false;
  set_awaited(record, false);
  return true;
}

bool OutcomeTracker::is_answer(const net::Event& event) const noexcept {
  return (event.kind == Kind::reply || event.kind == Kind::refused) && (any_source_ || !event.elsewhere);
}

/// Reserves memory before the first change: if there is none, nothing has changed.
bool OutcomeTracker::received(const net::Event& event) {
  if (event.icmp || event.elsewhere || event.kind == Kind::failed) table_.make_room_for_detail();
  ProbeEntry& entry = table_.entry(event.serial);
  if (event.kind == Kind::failed) {
    give_up_probe(entry, event);
    return false;
  }
  if (event.elsewhere && !any_source_) {
    answered_elsewhere(entry, event);
    return false;
  }
  if (!is_answer(event)) return icmp_error(entry, event);
  if (event.icmp) ++counters_.icmp_errors;
  if (entry.answered) {
    ++counters_.duplicates;
  } else if (entry.ended) {
    ++counters_.late;
  } else {
    answer(entry, event);
  }
  return false;
}

void OutcomeTracker::received_late(const net::Event& event) noexcept {
  if (event.icmp) ++counters_.icmp_errors;
  if (event.elsewhere && !any_source_) ++counters_.wrong_source;
  if (is_answer(event)) ++(table_.entry(event.serial).answered ? counters_.duplicates : counters_.late);
}

TargetRecord OutcomeTracker::further_answer(const net::Event& event) {
  const ProbeEntry& entry = table_.entry(event.serial);
  TargetRecord record{.address = table_.record(entry.target).address};
  take_times(record, entry, event);
  record.outcome = event.kind == Kind::refused ? Outcome::refused : Outcome::reply;
  record.attempt = entry.round;
  record.payload_altered = event.payload_altered;
  return record;
}

Duration OutcomeTracker::time_to_answer() const noexcept {
  return std::clamp(2 * slowest_, shortest_time_to_answer, longest_time_to_answer);
}

Duration OutcomeTracker::enough_listening(Duration time) const noexcept {
  return std::min(time - time / 8, std::max(least_listening, 2 * slowest_));
}

void OutcomeTracker::answer(ProbeEntry& entry, const net::Event& event) {
  entry.answered = true;
  ++counters_.received;
  TargetRecord& record = table_.record(entry.target);
  if (record.answered()) return;
  take_times(record, entry, event);
  slowest_ = std::max(slowest_, record.rtt);
  record.outcome = event.kind == Kind::refused ? Outcome::refused : Outcome::reply;
  record.attempt = entry.round;
  record.payload_altered = event.payload_altered;
  record.unreported = true;
  ++unreported_;
  const Address elsewhere = event.elsewhere ? event.responder : Address{};
  if (record.detail != 0 || event.icmp || elsewhere)
    table_.detail(record) = {.responder = elsewhere, .icmp = event.icmp, .error = {}};
  --unanswered_;
  set_awaited(record, false);
}

/// A reply from another address is not the target's answer. Its sender is kept while there is no other outcome.
void OutcomeTracker::answered_elsewhere(const ProbeEntry& entry, const net::Event& event) {
  ++counters_.wrong_source;
  TargetRecord& record = table_.record(entry.target);
  if (entry.ended || (record.outcome != Outcome::pending && record.outcome != Outcome::no_reply)) return;
  table_.detail(record).responder = event.responder;
  record.changed = true;
}

bool OutcomeTracker::is_enough(const TargetRecord& record, const net::Event& event) const noexcept {
  if (event.kind == Kind::ttl_expired) return record.ttl_asked;
  return (fail_fast_ || record.fail_fast) && !(event.icmp && is_lost_fragment(*event.icmp, record.address.family()));
}

bool OutcomeTracker::ends_wait(const TargetRecord& record, const ProbeEntry& entry,
                               const net::Event& event) const noexcept {
  return is_enough(record, event) || (event.final && is_newest(record, entry));
}

/// Allows several repetitions, because each link of a path may have a smaller MTU than the one before, and this host
/// may send again before it has learned the new MTU.
bool OutcomeTracker::repeats(const TargetRecord& record, const ProbeEntry& entry, const net::Event& event) noexcept {
  return event.cut_next_time && record.awaited && record.cuts < most_cuts && is_newest(record, entry);
}

bool OutcomeTracker::icmp_error(ProbeEntry& entry, const net::Event& event) {
  TargetRecord& record = table_.record(entry.target);
  ++counters_.icmp_errors;
  if (record.answered() || entry.answered || entry.ended) return false;
  take_times(record, entry, event);
  record.outcome = event.kind == Kind::ttl_expired ? Outcome::ttl_expired : Outcome::unreachable;
  table_.detail(record) = {.responder = event.responder, .icmp = event.icmp, .error = {}};
  const bool again = repeats(record, entry, event), ends = !again && ends_wait(record, entry, event);
  if (again) ++record.cuts;
  entry.ended = event.final || again || ends;
  if (ends) set_awaited(record, false);
  return again;
}

void OutcomeTracker::give_up_probe(ProbeEntry& entry, const net::Event& event) {
  if (entry.answered || entry.ended) return;
  entry.ended = true;
  TargetRecord& record = table_.record(entry.target);
  if (!record.answered() && is_newest(record, entry)) set_awaited(record, false);
  fail(entry.target, event.error, event.arrival.read);
}

void OutcomeTracker::time_out(TargetRecord& record, Instant now) noexcept {
  if (record.awaited) fall_silent(record, now);
}

void OutcomeTracker::fall_silent(TargetRecord& record, Instant now) noexcept {
  if (record.outcome != Outcome::pending) return;
  record.outcome = Outcome::no_reply;
  record.set_at(now);
  record.changed = true;
}

void OutcomeTracker::reset() {
  table_.reset();
  unanswered_ = table_.size();
  awaited_ = 0;
  unreported_ = 0;
}

void OutcomeTracker::renew(const TargetKey& destination) {
  reset();
  replace(0, destination);
  slowest_ = {};
  counters_ = {};
}

}  // namespace multiping::engine
