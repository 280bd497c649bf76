// Each wait ends at the next due probe, at a fate, or at the next look at names. Duplicates are found by token.
// See batch/series_loop.hpp.
#include "batch/series_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/reserve_more.hpp"
#include "batch/outcome_to_result.hpp"
#include "os/socket_basics.hpp"
#include "values/option_checks.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;
using engine::SeriesSchedule;

/// The number of probes among which further answers can be told apart: most_remembered in
/// engine/single_probe_records.cpp.
constexpr std::size_t most_recent = 65'536;
/// The most probes that are submitted at once: so few that each is sent about when it is due.
constexpr int most_at_once = 64;
/// While names are looked up and nothing else is to be done, the loop asks for results at this interval.
constexpr Duration between_looks_at_names = 100ms;
constexpr Duration least_between_lookups = 10ms;

void check_series(const SeriesOptions& options) {
  if (options.count < 0)
    throw std::invalid_argument("SeriesOptions::count is " + std::to_string(options.count) +
                                "; it must be 0 (until stopped) or more");
  static_cast<void>(checked_timeout(options.interval, "SeriesOptions::interval"));
  static_cast<void>(checked_timeout(options.timeout, "SeriesOptions::timeout"));
  static_cast<void>(checked_timeout(options.resolve_every, "SeriesOptions::resolve_every"));
  if (options.ping.threads > 1)
    throw std::invalid_argument("Options::threads is " + std::to_string(options.ping.threads) +
                                "; it must be 0 or 1 for a series, which runs on the caller's thread alone");
}

/// A random time from 0 to just below the interval, evenly distributed.
Duration random_part(Duration interval) {
  std::uint64_t bits = 0;
  os::fill_random(&bits, sizeof bits);
  const double share = std::ldexp(static_cast<double>(bits >> 11U), -53);
  return Duration{static_cast<Duration::rep>(share * static_cast<double>(interval.count()))};
}

BatchPlan checked_plan(TargetList targets, SeriesOptions& options) {
  check_series(options);
  return plan_batch(std::move(targets), options.ping);
}

}  // namespace

SeriesLoop::SeriesLoop(TargetList targets, SeriesOptions options, Pace pace)
    : options_{std::move(options)}, plan_{checked_plan(std::move(targets), options_)} {
  if (pace == Pace::in_step) options_.ping.report_duplicates = false;  // a round has one result for each position
  const std::size_t destinations = plan_.destinations.size();
  list_targets();
  if (!targets_.empty()) open(pace, destinations);
}

void SeriesLoop::list_targets() {
  if (Duration{options_.resolve_every} > Duration::zero()) names_ = BatchNames{plan_.named, plan_.profiles};
  std::vector<std::uint32_t> last_position(plan_.destinations.size(), none);
  same_target_.assign(plan_.results.size(), none);
  auto name = plan_.named.begin();
  for (std::size_t i = 0; i < plan_.results.size(); ++i) {
    if (follows_names() && name != plan_.named.end() && name->position == i) {
      list_name(*name++);
      continue;
    }
    const auto position = static_cast<std::uint32_t>(i);
    const std::uint32_t destination = plan_.unique_targets.target_of(i);
    const bool refused = destination == engine::UniqueTargets::no_target;
    if (refused || last_position[destination] == none) {
      targets_.push_back({.destination = refused ? none : destination, .position = position, .probed = !refused});
    } else {
      same_target_[last_position[destination]] = position;
    }
    if (!refused) last_position[destination] = position;
  }
}

/// Gives the name a destination of its own, which later lookups may change.
void SeriesLoop::list_name(const NamedPosition& at) {
  const std::uint32_t known = plan_.unique_targets.target_of(at.position);
  const bool probed = known != engine::UniqueTargets::no_target;
  targets_.push_back({.destination = static_cast<std::uint32_t>(plan_.destinations.size()),
                      .position = at.position,
                      .probed = probed});
  plan_.destinations.push_back(probed ? plan_.destinations[known] : engine::TargetKey{});
}

void SeriesLoop::open(Pace pace, std::size_t destinations) {
  most_known_ = pace == Pace::in_step ? 1 : targets_.size();
  probes_.emplace(options_.ping, plan_.destinations.size());
  probes_->prepare(plan_.profiles, std::span{plan_.destinations}.first(destinations));
  const Duration wait = options_.random_start ? random_part(options_.interval) : Duration::zero();
  schedule_ = SeriesSchedule{{.targets = static_cast<std::uint32_t>(targets_.size()),
                              .count = static_cast<std::uint64_t>(options_.count),
                              .interval = options_.interval,
                              .start = after(probes_->now(), wait),
                              .in_step = pace == Pace::in_step}};
  lookup_at_ = after(probes_->now(), options_.resolve_every);
}

std::optional<SeriesLoop::Fate> SeriesLoop::next(Instant until) {
  if (!probes_) return std::nullopt;
  for (;; wait(until)) {
    if (stopped()) break;
    take_done();
    tell_repeated();
    follow_names();
    send_due();
    if (!known_.empty()) {
      std::optional<Fate> fate{std::move(known_.front())};
      known_.pop_front();
      return fate;
    }
    if (schedule_.over()) break;
    if (!looked_ || probes_->now() < until) continue;
    probes_->push();  // probes that waited for their turn
    break;
  }
  note_duplicates();
  return std::nullopt;
}

void SeriesLoop::wait(Instant until) {
  note_duplicates();
  noted_ = 0;
  looked_ = true;
  probes_->wait_for_done(std::min({schedule_.next(), next_lookup(), until}));
}

Instant SeriesLoop::next_work() const {
  if (!probes_) return Instant::max();
  if (!known_.empty() || due_) return Instant::min();
  return std::min({schedule_.next(), next_lookup(), probes_->next()});
}

Instant SeriesLoop::next_lookup() const {
  if (!follows_names()) return Instant::max();
  return names_.pending() ? after(probes_->now(), between_looks_at_names) : lookup_at_;
}

/// PendingLookups run beside the probing. Their results hold for the probes that are due from now on.
void SeriesLoop::follow_names() {
  if (!follows_names()) return;
  if (const Instant now = probes_->now(); now >= lookup_at_) {
    names_.start(BatchNames::Which::all, plan_.results, options_.ping);
    lookup_at_ = std::max(after(lookup_at_, options_.resolve_every), after(now, least_between_lookups));
  }
  for (const FoundName& found : names_.take(options_.ping)) adopt(found);
}

/// A failed lookup does not change an address that was found before.
void SeriesLoop::adopt(const FoundName& found) {
  Result& known = plan_.results[found.at.position];
  if (found.choice.unknown() && known.address) return;
  Target& target = *std::ranges::lower_bound(targets_, found.at.position, {}, &Target::position);
  engine::TargetKey& destination = plan_.destinations[target.destination];
  if (destination != found.destination()) shared_.erase(destination);
  destination = found.destination();
  target.probed = found.choice.outcome == Outcome::pending;
  known.address = found.choice.address;
  known.outcome = found.choice.outcome;
  known.error = found.choice.error;
}

/// Sends nothing while most_known_ fates wait to be given out: the caller is too slow, and the schedule is delayed, so
/// that fates do not pile up.
void SeriesLoop::send_due() {
  if (known_.size() >= most_known_) return;
  const Instant now = probes_->now();
  int submitted = 0;
  while (submitted < most_at_once) {
    if (probes_->may_submit() == 0) {
      // The schedule moves, so that no probe waits past its timeout. Where the rate is too low for the interval, it
      // slides.
      schedule_.hold(probes_->may_submit_at());
      break;
    }
    if (!due_) due_ = schedule_.take_due(now);
    if (!due_) break;
    start(*due_, now);
    due_.reset();
    ++submitted;
  }
  if (submitted > 0) probes_->push();
}

/// A probe that has not left within its timeout is given up, so that rounds do not pile up where there is no room.
void SeriesLoop::start(const SeriesSchedule::Due& due, Instant now) {
  const Target& target = targets_[due.target];
  if (!target.probed) {
    Fate fate{.target = due.target, .round = due.round, .result = plan_.results[target.position], .sent_at = now};
    fate.result.at = wall_time(now, probes_->wall_offset());
    return know(std::move(fate), false);
  }
  if (follows_names() && shares_probe(due)) return;
  const engine::TargetKey& destination = plan_.destinations[target.destination];
  // First the steps that need memory: after submit(), the probe must get into in_flight_ without an exception.
  in_flight_.reserve(in_flight_.size() + 1);
  auto flight = in_flight_.extract(in_flight_.emplace(no_token, Flight{.due = due, .destination = destination}).first);
  Shared* const shared = follows_names() ? &shared_[destination] : nullptr;
  recent_.push_back(due);
  try {
    last_token_ = probes_->submit({.address = destination.address,
                                   .probe = plan_.profiles[destination.profile],
                                   .waits = {.first = options_.timeout},
                                   .leave_by = after(now, options_.timeout)});
  } catch (...) {
    recent_.pop_back();
    throw;
  }
  flight.key() = last_token_;
  in_flight_.insert(std::move(flight));
  if (shared != nullptr) *shared = {.token = last_token_, .due = dues_};
  if (recent_.size() > most_recent) recent_.pop_front();
}

/// Shares the last probe to the destination if it was sent after this target was due last. Returns whether it did.
bool SeriesLoop::shares_probe(const SeriesSchedule::Due& due) {
  Target& target = targets_[due.target];
  const auto found = shared_.find(plan_.destinations[target.destination]);
  const bool shares = found != shared_.end() && found->second.due > target.last_due;
  if (shares) share(found->second, due);
  target.last_due = ++dues_;
  return shares;
}

void SeriesLoop::share(Shared& shared, const SeriesSchedule::Due& due) {
  reserve_more(shared.others, 1);
  if (shared.fate)
    tell(due, *shared.fate);
  else
    in_flight_.at(shared.token).others.push_back(due);
  shared.others.push_back(due);
}

/// The fate of a probe as that of one of the targets that share it.
SeriesLoop::Fate SeriesLoop::for_target(const SeriesSchedule::Due& due, Fate fate) const {
  fate.target = due.target;
  fate.round = due.round;
  const Result& position = plan_.results[targets_[due.target].position];
  fate.result.host = position.host;
  fate.result.position = position.position;
  return fate;
}

void SeriesLoop::tell(const SeriesSchedule::Due& due, Fate fate) {
  fate = for_target(due, std::move(fate));
  const bool was_sent = fate.result.outcome != Outcome::send_failed;
  know(std::move(fate), was_sent);
}

void SeriesLoop::take_done() {
  std::size_t taken = 0;
  try {
    for (; taken < probes_->done().size(); ++taken) {
      const SingleProbes::Done& done = probes_->done()[taken];
      const auto flight = in_flight_.find(done.token);
      Fate fate = fate_of(done, flight->second.due);
      if (follows_names()) tell_others(done.token, flight->second, fate);
      tell(flight->second.due, std::move(fate));
      in_flight_.erase(flight);
    }
  } catch (...) {
    probes_->drop_done(taken);
    throw;
  }
  probes_->drop_done(taken);
}

/// Queues a fate for next(), and tells the schedule of it.
void SeriesLoop::know(Fate fate, bool was_sent) {
  const std::uint32_t target = fate.target;
  known_.push_back(std::move(fate));
  try {
    schedule_.done(target, was_sent, probes_->now());
  } catch (...) {
    known_.pop_back();
    throw;
  }
}

/// Tells the targets that share the probe, and keeps its fate for targets that become due before the next probe.
void SeriesLoop::tell_others(SingleProbes::Token token, Flight& flight, const Fate& fate) {
  for (; flight.told < flight.others.size(); ++flight.told) tell(flight.others[flight.told], fate);
  const auto shared = shared_.find(flight.destination);
  if (shared != shared_.end() && shared->second.token == token) shared->second.fate = fate;
}

/// A probe that is still pending was held back by the rate or by a lack of room until its timeout. It counts as
/// send_failed with EAGAIN.
SeriesLoop::Fate SeriesLoop::fate_of(const SingleProbes::Done& done, const SeriesSchedule::Due& flight) {
  Fate fate{.target = flight.target,
            .round = flight.round,
            .result = plan_.results[targets_[flight.target].position],
            .sent_at = done.sent_at};
  copy_outcome(done, probes_->wall_offset(), fate.result);
  fate.result.address = done.record.address;  // as it was when the probe was sent
  if (fate.result.outcome == Outcome::pending) {
    fate.result.outcome = Outcome::send_failed;
    fate.result.error = std::make_error_code(std::errc::resource_unavailable_try_again);
  }
  probes_->explain(done, fate.result);
  return fate;
}

/// The target and the round of a probe; none when it is too long ago.
std::optional<SeriesSchedule::Due> SeriesLoop::recent(SingleProbes::Token token) const noexcept {
  const auto age = static_cast<std::size_t>(last_token_ - token);
  if (age >= recent_.size()) return std::nullopt;
  return recent_[recent_.size() - 1 - age];
}

/// The targets that shared this probe with its own; null where there are none.
const SeriesLoop::Shared* SeriesLoop::shared_of(std::uint32_t target, SingleProbes::Token token) const {
  if (!follows_names()) return nullptr;
  const auto shared = shared_.find(plan_.destinations[targets_[target].destination]);
  return shared != shared_.end() && shared->second.token == token ? &shared->second : nullptr;
}

void SeriesLoop::note_duplicates() {
  const auto answered_again = probes_->duplicates();
  for (; noted_ < answered_again.size(); ++noted_) {
    const auto due = recent(answered_again[noted_]);
    if (!due) continue;
    duplicates_.push_back(due->target);
    if (const Shared* shared = shared_of(due->target, answered_again[noted_]))
      for (const SeriesSchedule::Due& other : shared->others) duplicates_.push_back(other.target);
  }
}

/// Further answers go the way of the fates, but they are none: neither schedule nor figures hear of them.
void SeriesLoop::tell_repeated() {
  std::vector<SingleProbes::Done>& repeated = probes_->repeated();
  std::size_t told = 0;
  try {
    for (; told < repeated.size(); ++told) tell_again(repeated[told]);
  } catch (...) {
    repeated.erase(repeated.begin(), repeated.begin() + static_cast<std::ptrdiff_t>(told));
    throw;
  }
  repeated.clear();
}

void SeriesLoop::tell_again(const SingleProbes::Done& again) {
  const auto due = recent(again.token);
  if (!due) return;
  Fate fate = fate_of(again, *due);
  fate.result.duplicate = true;
  if (const Shared* shared = shared_of(due->target, again.token))
    for (const SeriesSchedule::Due& other : shared->others) known_.push_back(for_target(other, fate));
  known_.push_back(for_target(*due, std::move(fate)));
}

}  // namespace multiping
