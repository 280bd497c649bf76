// Each wait ends at the next due probe, at a fate, or at the next look at names. Duplicates are found by token.
// See series_run.hpp.
#include "series_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

#include "linux/socket.hpp"
#include "net/make_room.hpp"
#include "number_text.hpp"
#include "option_checks.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;
using engine::SeriesSession;
using net::Instant;

/// The number of probes among which further answers can be told apart: most_remembered in engine/requests.cpp.
constexpr std::size_t most_recent = 65'536;
/// The most probes that are submitted at once: so few that each is sent about when its timeout begins.
constexpr int most_at_once = 64;
/// With a rate, a probe may be submitted earlier by this much. The engine spreads the probes when it sends them.
constexpr Duration rate_slack = 10ms;
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

/// Throws when the rate is too low for the interval, so that the schedule cannot be kept.
void check_rate(const SeriesOptions& options, std::size_t targets) {
  const Duration interval = options.interval;
  const double rate = options.ping.max_rate;
  if (rate <= 0 || interval == Duration::zero()) return;
  const double shortest_ms = 1000 * static_cast<double>(targets) / rate;
  if (milliseconds(interval) >= shortest_ms * (1 - 1e-9)) return;
  throw std::invalid_argument("SeriesOptions::interval is " + number_text(milliseconds(interval)) + " ms; it must be " +
                              number_text(std::ceil(shortest_ms)) + " ms or more for " + std::to_string(targets) +
                              " targets with Options::max_rate " + number_text(rate));
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
  BatchPlan plan = plan_batch(std::move(targets), options.ping);
  check_rate(options, plan.endpoints.size());
  return plan;
}

}  // namespace

SeriesRun::SeriesRun(TargetList targets, SeriesOptions options, Pace pace)
    : options_{std::move(options)}, plan_{checked_plan(std::move(targets), options_)} {
  const std::size_t endpoints = plan_.endpoints.size();
  list_targets();
  if (!targets_.empty()) open(pace, endpoints);
}

void SeriesRun::list_targets() {
  if (Duration{options_.resolve_every} > Duration::zero()) names_ = BatchNames{plan_.named, plan_.shapes};
  std::vector<std::uint32_t> last_position(plan_.endpoints.size(), none);
  same_target_.assign(plan_.results.size(), none);
  auto name = plan_.named.begin();
  for (std::size_t i = 0; i < plan_.results.size(); ++i) {
    if (follows_names() && name != plan_.named.end() && name->position == i) {
      list_name(*name++);
      continue;
    }
    const auto position = static_cast<std::uint32_t>(i);
    const std::uint32_t endpoint = plan_.roster.target_of(i);
    const bool refused = endpoint == engine::Roster::no_target;
    if (refused || last_position[endpoint] == none) {
      targets_.push_back({.endpoint = refused ? none : endpoint, .position = position, .probed = !refused});
    } else {
      same_target_[last_position[endpoint]] = position;
    }
    if (!refused) last_position[endpoint] = position;
  }
}

/// Gives the name an endpoint of its own, which later lookups may change.
void SeriesRun::list_name(const NamedPosition& at) {
  const std::uint32_t known = plan_.roster.target_of(at.position);
  const bool probed = known != engine::Roster::no_target;
  targets_.push_back(
      {.endpoint = static_cast<std::uint32_t>(plan_.endpoints.size()), .position = at.position, .probed = probed});
  plan_.endpoints.push_back(probed ? plan_.endpoints[known] : engine::Endpoint{});
}

void SeriesRun::open(Pace pace, std::size_t endpoints) {
  most_known_ = pace == Pace::in_step ? 1 : targets_.size();
  probes_.emplace(options_.ping, plan_.endpoints.size());
  probes_->prepare(plan_.shapes, std::span{plan_.endpoints}.first(endpoints));
  const Duration wait = options_.random_start ? random_part(options_.interval) : Duration::zero();
  session_ = SeriesSession{{.targets = static_cast<std::uint32_t>(targets_.size()),
                            .count = static_cast<std::uint64_t>(options_.count),
                            .interval = options_.interval,
                            .start = net::after(probes_->now(), wait),
                            .in_step = pace == Pace::in_step}};
  lookup_at_ = net::after(probes_->now(), options_.resolve_every);
}

std::optional<SeriesRun::Fate> SeriesRun::next() {
  if (!probes_) return std::nullopt;
  for (;; wait()) {
    if (stopped()) break;
    take_done();
    follow_names();
    send_due();
    if (!known_.empty()) {
      std::optional<Fate> fate{std::move(known_.front())};
      known_.pop_front();
      return fate;
    }
    if (session_.over()) break;
  }
  note_duplicates();
  return std::nullopt;
}

void SeriesRun::wait() {
  note_duplicates();
  noted_ = 0;
  probes_->wait_for_done(std::min(session_.next(), next_lookup()));
}

net::Instant SeriesRun::next_lookup() const {
  if (!follows_names()) return Instant::max();
  return names_.pending() ? net::after(probes_->now(), between_looks_at_names) : lookup_at_;
}

/// Lookups run beside the probing. Their results hold for the probes that are due from now on.
void SeriesRun::follow_names() {
  if (!follows_names()) return;
  if (const Instant now = probes_->now(); now >= lookup_at_) {
    names_.start(BatchNames::Which::all, plan_.results, options_.ping);
    lookup_at_ = std::max(net::after(lookup_at_, options_.resolve_every), net::after(now, least_between_lookups));
  }
  for (const FoundName& found : names_.take(options_.ping)) adopt(found);
}

/// A failed lookup does not change an address that was found before.
void SeriesRun::adopt(const FoundName& found) {
  Result& known = plan_.results[found.at.position];
  if (found.choice.unknown() && known.address) return;
  Target& target = *std::ranges::lower_bound(targets_, found.at.position, {}, &Target::position);
  engine::Endpoint& endpoint = plan_.endpoints[target.endpoint];
  if (endpoint != found.endpoint()) shared_.erase(endpoint);
  endpoint = found.endpoint();
  target.probed = found.choice.outcome == Outcome::pending;
  known.address = found.choice.address;
  known.outcome = found.choice.outcome;
  known.error = found.choice.error;
}

/// Sends nothing while most_known_ fates wait to be given out: the caller is too slow, and the schedule is delayed, so
/// that fates do not pile up.
void SeriesRun::send_due() {
  if (known_.size() >= most_known_) return;
  const Instant now = probes_->now();
  int submitted = 0;
  while (submitted < most_at_once) {
    if (!due_) due_ = session_.take_due(now);
    if (!due_) break;
    start(*due_, now);
    due_.reset();
    ++submitted;
  }
  if (submitted > 0) probes_->push();
}

void SeriesRun::start(const SeriesSession::Due& due, Instant now) {
  const Target& target = targets_[due.target];
  if (!target.probed)
    return know({.target = due.target, .round = due.round, .result = plan_.results[target.position], .sent_at = now},
                false);
  if (follows_names() && shares_probe(due)) return;
  const engine::Endpoint& endpoint = plan_.endpoints[target.endpoint];
  // First the steps that need memory: after submit(), the probe must get into in_flight_ without an exception.
  in_flight_.reserve(in_flight_.size() + 1);
  auto flight = in_flight_.extract(in_flight_.emplace(no_token, Flight{.due = due, .endpoint = endpoint}).first);
  Shared* const shared = follows_names() ? &shared_[endpoint] : nullptr;
  recent_.push_back(due.target);
  try {
    last_token_ = probes_->submit(
        {.address = endpoint.address, .probe = plan_.shapes[endpoint.shape], .timeout = options_.timeout, .retry = 0});
  } catch (...) {
    recent_.pop_back();
    throw;
  }
  flight.key() = last_token_;
  in_flight_.insert(std::move(flight));
  if (shared != nullptr) *shared = {.token = last_token_, .due = dues_};
  if (recent_.size() > most_recent) recent_.pop_front();
  keep_to_rate(now);
}

/// Shares the last probe to the endpoint if it was sent after this target was due last. Returns whether it did.
bool SeriesRun::shares_probe(const SeriesSession::Due& due) {
  Target& target = targets_[due.target];
  const auto found = shared_.find(plan_.endpoints[target.endpoint]);
  const bool shares = found != shared_.end() && found->second.due > target.last_due;
  if (shares) share(found->second, due);
  target.last_due = ++dues_;
  return shares;
}

void SeriesRun::share(Shared& shared, const SeriesSession::Due& due) {
  net::make_room(shared.others, 1);
  if (shared.fate)
    tell(due, *shared.fate);
  else
    in_flight_.at(shared.token).others.push_back(due);
  shared.others.push_back(due.target);
}

/// Records the fate of a probe for one of the targets that share it.
void SeriesRun::tell(const SeriesSession::Due& due, Fate fate) {
  fate.target = due.target;
  fate.round = due.round;
  fate.result.host = plan_.results[targets_[due.target].position].host;
  const bool was_sent = fate.result.outcome != Outcome::send_failed;
  know(std::move(fate), was_sent);
}

/// Delays the next probe until the rate allows it: the timeout of a probe begins when it is submitted.
void SeriesRun::keep_to_rate(Instant now) {
  if (options_.ping.max_rate <= 0) return;
  const Duration share{std::llround(std::min(1e9 / options_.ping.max_rate, 1e18))};
  rate_used_until_ = net::after(std::max(rate_used_until_, now - rate_slack), share);
  session_.hold(rate_used_until_);
}

void SeriesRun::take_done() {
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
void SeriesRun::know(Fate fate, bool was_sent) {
  const std::uint32_t target = fate.target;
  known_.push_back(std::move(fate));
  try {
    session_.done(target, was_sent, probes_->now());
  } catch (...) {
    known_.pop_back();
    throw;
  }
}

/// Tells the targets that share the probe, and keeps its fate for targets that become due before the next probe.
void SeriesRun::tell_others(SingleProbes::Token token, Flight& flight, const Fate& fate) {
  for (; flight.told < flight.others.size(); ++flight.told) tell(flight.others[flight.told], fate);
  const auto shared = shared_.find(flight.endpoint);
  if (shared != shared_.end() && shared->second.token == token) shared->second.fate = fate;
}

/// A probe that is still pending was held back by the rate or by a lack of room until its timeout. It counts as
/// send_failed with EAGAIN.
SeriesRun::Fate SeriesRun::fate_of(const SingleProbes::Done& done, const SeriesSession::Due& flight) const {
  Fate fate{.target = flight.target,
            .round = flight.round,
            .result = plan_.results[targets_[flight.target].position],
            .sent_at = done.sent_at};
  copy_fate(done, fate.result);
  fate.result.address = done.record.address;  // as it was when the probe was sent
  if (fate.result.outcome == Outcome::pending) {
    fate.result.outcome = Outcome::send_failed;
    fate.result.error = std::make_error_code(std::errc::resource_unavailable_try_again);
  }
  return fate;
}

void SeriesRun::note_duplicates() {
  const auto answered_again = probes_->duplicates();
  for (; noted_ < answered_again.size(); ++noted_) {
    const auto age = static_cast<std::size_t>(last_token_ - answered_again[noted_]);
    if (age >= recent_.size()) continue;
    const std::uint32_t target = recent_[recent_.size() - 1 - age];
    duplicates_.push_back(target);
    if (!follows_names()) continue;
    const auto shared = shared_.find(plan_.endpoints[targets_[target].endpoint]);
    if (shared == shared_.end() || shared->second.token != answered_again[noted_]) continue;
    duplicates_.insert(duplicates_.end(), shared->second.others.begin(), shared->second.others.end());
  }
}

}  // namespace multiping
