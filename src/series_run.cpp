// The loop of a series: sends what is due, waits, and gives out what became of each probe.
// See series_run.hpp.
#include "series_run.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>

#include "linux/socket.hpp"
#include "number_text.hpp"
#include "option_checks.hpp"

namespace multiping {
namespace {

using namespace std::chrono_literals;
using engine::SeriesSession;
using net::Instant;

/// As long as further answers can be told apart: see engine/requests.cpp.
constexpr std::size_t most_recent = 65'536;
/// Probes submitted at once: so few that each leaves about when its deadline begins to run.
constexpr int most_at_once = 64;
/// What a rate allows may be submitted so much too early; who sends spreads it.
constexpr Duration rate_slack = 10ms;

void check_series(const SeriesOptions& options) {
  if (options.count < 0)
    throw std::invalid_argument("SeriesOptions::count is " + std::to_string(options.count) +
                                "; it must be 0 (until stopped) or more");
  static_cast<void>(checked_timeout(options.interval, "SeriesOptions::interval"));
  static_cast<void>(checked_timeout(options.timeout, "SeriesOptions::timeout"));
  if (options.ping.threads > 1)
    throw std::invalid_argument("Options::threads is " + std::to_string(options.ping.threads) +
                                "; it must be 0 or 1 for a series, which runs on the caller's thread alone");
}

/// A schedule that the rate does not allow could not be kept.
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

/// From 0 to just below the interval, every time as likely as every other.
Duration random_part(Duration interval) {
  std::uint64_t bits = 0;
  os::fill_random(&bits, sizeof bits);
  const double share = std::ldexp(static_cast<double>(bits >> 11U), -53);
  return Duration{static_cast<Duration::rep>(share * static_cast<double>(interval.count()))};
}

BatchPlan checked_plan(TargetList targets, const SeriesOptions& options) {
  check_series(options);
  BatchPlan plan = plan_batch(std::move(targets), options.ping);
  check_rate(options, plan.endpoints.size());
  return plan;
}

}  // namespace

SeriesRun::SeriesRun(TargetList targets, SeriesOptions options, Pace pace)
    : options_{std::move(options)}, plan_{checked_plan(std::move(targets), options_)} {
  list_targets();
  if (!targets_.empty()) open(pace);
}

void SeriesRun::list_targets() {
  std::vector<std::uint32_t> last_position(plan_.endpoints.size(), none);
  same_target_.assign(plan_.results.size(), none);
  for (std::size_t i = 0; i < plan_.results.size(); ++i) {
    const auto position = static_cast<std::uint32_t>(i);
    const std::uint32_t endpoint = plan_.roster.target_of(i);
    const bool refused = endpoint == engine::Roster::no_target;
    if (refused || last_position[endpoint] == none) {
      targets_.push_back({.endpoint = refused ? none : endpoint, .position = position});
    } else {
      same_target_[last_position[endpoint]] = position;
    }
    if (!refused) last_position[endpoint] = position;
  }
}

void SeriesRun::open(Pace pace) {
  most_known_ = pace == Pace::in_step ? 1 : targets_.size();
  probes_.emplace(options_.ping, plan_.endpoints.size());
  probes_->prepare(plan_.shapes, plan_.endpoints);
  const Duration wait = options_.random_start ? random_part(options_.interval) : Duration::zero();
  session_ = SeriesSession{{.targets = static_cast<std::uint32_t>(targets_.size()),
                            .count = static_cast<std::uint64_t>(options_.count),
                            .interval = options_.interval,
                            .start = net::after(probes_->now(), wait),
                            .in_step = pace == Pace::in_step}};
}

std::optional<SeriesRun::Fate> SeriesRun::next() {
  if (!probes_) return std::nullopt;
  for (;; wait()) {
    if (stopped()) break;
    take_done();
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
  probes_->wait_for_done(session_.next());
}

/// With so many fates that nobody has asked for, the caller is too slow: then the schedule gives way, so that they
/// don't pile up.
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
  if (target.endpoint == none)
    return know({.target = due.target, .round = due.round, .result = plan_.results[target.position], .sent_at = now},
                false);
  const engine::Endpoint& endpoint = plan_.endpoints[target.endpoint];
  // What needs memory comes first: a probe that was submitted is in flight here too.
  in_flight_.reserve(in_flight_.size() + 1);
  auto flight = in_flight_.extract(in_flight_.emplace(no_token, due).first);
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
  if (recent_.size() > most_recent) recent_.pop_front();
  keep_to_rate(now);
}

/// The deadline of a probe is counted from when it is submitted, so none is before the rate allows it.
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
      Fate fate = fate_of(done, flight->second);
      const bool was_sent = fate.result.outcome != Outcome::send_failed;
      know(std::move(fate), was_sent);
      in_flight_.erase(flight);
    }
  } catch (...) {
    probes_->drop_done(taken);
    throw;
  }
  probes_->drop_done(taken);
}

/// To be given out; the schedule knows of it too.
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

/// A probe that pacing or want of room kept here until its time was up is one that this host did not send.
SeriesRun::Fate SeriesRun::fate_of(const SingleProbes::Done& done, const SeriesSession::Due& flight) const {
  Fate fate{.target = flight.target,
            .round = flight.round,
            .result = plan_.results[targets_[flight.target].position],
            .sent_at = done.sent_at};
  copy_fate(done, fate.result);
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
    if (age < recent_.size()) duplicates_.push_back(recent_[recent_.size() - 1 - age]);
  }
}

}  // namespace multiping
