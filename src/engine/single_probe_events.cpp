// What answers, errors, drops and displaced connections mean for the requests of a SingleProbeSchedule.
// See single_probe_schedule.hpp.
#include "engine/single_probe_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace multiping::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t most_repetitions = 3;
/// How often a displaced connection counts as not sent, so that a request ends whatever happens to its connections.
constexpr std::uint8_t most_fresh_starts = 8;

}  // namespace

void SingleProbeSchedule::take(std::span<const net::Event>& events) {
  for (Queue& queue : queues_) queue.room.heard();
  for (; !events.empty(); events = events.subspan(1)) receive(events.front());
}

/// A connection that lasted long enough goes on as a repetition. Any other counts as not sent.
void SingleProbeSchedule::displaced(const net::Event& event) {
  const ProbeEntry& entry = table().entry(event.serial);
  const TargetIndex target = entry.target;
  Request& request = requests_[target];
  if (!outcomes_.displaced(event.serial) || request.life == Life::over) return;
  request.listened = std::max(request.listened, event.arrival.read - entry.sent_at);
  if (request.displaced < std::numeric_limits<std::uint8_t>::max()) ++request.displaced;
  if (request.life == Life::under_way && request.displaced <= most_fresh_starts && !lasted_long_enough(request)) {
    request.life = Life::to_resend;
    set_timer(target);
  }
  line_up(target);
}

bool SingleProbeSchedule::lasted_long_enough(const Request& request) const noexcept {
  return request.listened >= outcomes_.enough_listening(request.given);
}

void SingleProbeSchedule::receive(const net::Event& event) {
  reserve_more(duplicates_, 1);
  if (tell_errors_) reserve_more(heard_, 1);
  if (report_duplicates_) reserve_more(repeated_, 1);
  const ProbeEntry& entry = table().entry(event.serial);
  const TargetIndex target = entry.target;
  if (!held_.empty()) wake(target);
  if (event.kind == net::Event::Kind::displaced) return displaced(event);
  const auto at = answered_at(entry.sent_at, event);
  if (requests_[target].life == Life::over || (at && *at > end_of(requests_[target]))) {
    if (outcomes_.is_answer(event) && entry.answered) answered_again(target, event);
    return outcomes_.received_late(event);
  }
  const TargetRecord& record = table().record(target);
  const bool awaited = record.awaited;
  if (outcomes_.received(event) && requests_[target].life == Life::under_way) line_up(target);
  if (record.answered() || (awaited && !record.awaited && !goes_on(target, event))) return finish(target);
  if (tell_errors_ && event.kind == net::Event::Kind::unreachable) tell(target);
}

void SingleProbeSchedule::answered_again(TargetIndex target, const net::Event& event) {
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

void SingleProbeSchedule::tell(TargetIndex target) {
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
bool SingleProbeSchedule::goes_on(TargetIndex target, const net::Event& event) const noexcept {
  const bool enough = outcomes_.is_enough(outcomes_.table().record(target), event);
  return !is_last(requests_[target]) && !enough && event.kind != net::Event::Kind::failed;
}

void SingleProbeSchedule::receive_drops(std::uint64_t count, Instant now) {
  if (count == drops_) return;
  drops_ = count;
  flow_.dropped(now);
  if (!repeat_at_) repeat_at_ = now + outcomes_.time_to_answer();
}

void SingleProbeSchedule::repeat_awaited() {
  repeat_at_.reset();
  for (TargetIndex target = 0; target < requests_.size(); ++target) {
    Request& request = requests_[target];
    const bool waits = request.life == Life::under_way && table().record(target).awaited;
    if (!waits || queue_of(target).line.holds(target) || request.repetitions == most_repetitions) continue;
    ++request.repetitions;
    line_up(target);
  }
}

}  // namespace multiping::engine
