// Holds a profile number for each request, and gives it up when the request is over.
// See batch/single_probes.hpp.
#include "batch/single_probes.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "batch/outcome_to_result.hpp"
#include "batch/sendability_check.hpp"
#include "batch/transport_opener.hpp"
#include "multiping/error.hpp"
#include "values/option_checks.hpp"
#include "values/probeable_address.hpp"
#include "values/protocol_traits.hpp"

namespace multiping {
namespace {

/// The options after check(), with a transport.
Options checked(Options options) {
  check(options);
  if (!options.transport) options.transport = open_own_transport();
  return options;
}

/// Why the probe is not supported. Throws std::invalid_argument for a value out of range.
std::error_code unsupported(const ProbeOptions& probe) {
  try {
    check(probe);
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

/// While probes wait for their turn, it is checked at this interval which of them have left.
constexpr Duration between_breaks = std::chrono::milliseconds{100};
/// Routes are asked for anew at this age, while requests fall silent one after the other.
constexpr Duration longest_session = std::chrono::seconds{1};
/// An answer proves for so long that its gateway is alive.
constexpr Duration recent = std::chrono::seconds{5};

/// True when the routes of this host alone decide where the probe leaves.
bool leaves_by_usual_route(const ProbeOptions& probe) noexcept {
  return probe.device.empty() && !probe.mark && probe.tos == 0 && !probe.source_v4 && !probe.source_v6;
}

/// A use of a profile number. The destructor releases it unless keep() was called.
class Held {
 public:
  Held(Profiles& profiles, net::ProfileNumber number) noexcept : profiles_{&profiles}, number_{number} {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    if (profiles_ != nullptr) profiles_->release(number_);
  }
  [[nodiscard]] net::ProfileNumber number() const noexcept { return number_; }
  [[nodiscard]] net::ProfileNumber keep() noexcept {
    profiles_ = nullptr;
    return number_;
  }

 private:
  Profiles* profiles_;
  net::ProfileNumber number_;
};

}  // namespace

SingleProbes::SingleProbes(Options options, std::size_t expected, Purpose purpose)
    : options_{checked(std::move(options))},
      requests_{{.fail_fast = options_.fail_fast,
                 .max_rate = options_.max_rate,
                 .any_source = options_.any_source,
                 .report_duplicates = options_.report_duplicates && purpose == Purpose::usual,
                 .tell_errors = purpose == Purpose::trace}},
      transport_{options_.transport->open({.profiles = {},
                                           .targets = expected,
                                           .lasts = purpose == Purpose::usual,
                                           .measures_mtu = purpose == Purpose::mtu,
                                           .wakes = options_.stop.stop_possible()})},
      loop_{requests_, *transport_},
      explains_{purpose == Purpose::usual} {}

void SingleProbes::prepare(std::span<const ProbeOptions> profiles, std::span<const engine::TargetKey> destinations) {
  for (const ProbeOptions& probe : profiles) {
    // These get their numbers in order, and keep them for the life of the object.
    make_known(profiles_.acquire(probe), probe);
  }
  SendabilityCheck sendability{profiles};
  sendability.prepare(destinations, *transport_);
  sendability.refuse_if_hopeless();
}

bool SingleProbes::can_send(Family family, const ProbeOptions& probe) {
  release_profiles();
  const ProbeOptions profile = split(probe).profile;
  const Held held{profiles_, make_known(profiles_.acquire(profile), profile)};
  return !transport_->prepare(family, held.number()).error;
}

/// Tells the transport the options of a fresh number. Releases the number when that throws.
net::ProfileNumber SingleProbes::make_known(const Profiles::Numbered& numbered, const ProbeOptions& probe) {
  if (!numbered.fresh) return numbered.number;
  Held held{profiles_, numbered.number};
  transport_->set_profile(numbered.number, probe);
  profiles_.note_known(numbered.number);
  return held.keep();
}

void SingleProbes::release_profiles() noexcept {
  for (const net::ProfileNumber profile : requests_.released_profiles()) profiles_.release(profile);
  requests_.released_profiles().clear();
}

SingleProbes::Token SingleProbes::submit(const Submission& submission) {
  const ProbeOptions& probe = submission.probe;
  const auto lacking = unsupported(probe);
  const engine::Asked asked{.protocol = probe.protocol, .port = destination_port(probe)};
  const Address to = zones_.place(submission.address, probe, transport_->now());
  if (probe.family != Family::any && probe.family != to.family())
    return requests_.refuse({to, asked, Outcome::unresolved, Errc::no_address}, now());
  engine::SingleProbeSchedule::Submission request{
      .destination = {.address = to, .profile = 0, .ttl_asked = probe.ttl.has_value()},
      .connects = connects(probe),
      .fail_fast = submission.fail_fast,
      .waits = submission.waits,
      .retry = static_cast<std::uint32_t>(submission.retry),
      .leave_by = submission.leave_by,
      .expires = submission.expires,
      .asked = asked};
  if (const auto error = lacking ? lacking : objection(to, probe))
    return requests_.refuse({to, asked, Outcome::send_failed, error}, now());
  release_profiles();
  const SplitOptions options = split(probe);
  Held held{profiles_, make_known(profiles_.acquire(options.profile), options.profile)};
  request.destination.profile = held.number();
  request.destination.packet = options.packet;
  const Token token = requests_.submit(request);
  static_cast<void>(held.keep());
  return token;
}

bool SingleProbes::cancel(Token token) noexcept {
  if (!requests_.cancel(token)) return false;
  requests_.give_back([this](net::Serial serial) { transport_->forget(serial); });
  release_profiles();
  return true;
}

void SingleProbes::push() {
  if (!stopped()) loop_.push();
}

void SingleProbes::begin_wait() noexcept {
  requests_.duplicates().clear();
  requests_.heard().clear();
}

void SingleProbes::wait(Instant until) {
  begin_wait();
  run(engine::Goal::answered, until);
}

void SingleProbes::wait_for_done(Instant until) {
  begin_wait();
  run(engine::Goal::done, until);
}

/// Interrupts the wait to look ahead.
void SingleProbes::run(engine::Goal goal, Instant until) {
  for (bool over = false; !over;) {
    if (loop_.run(goal, std::min(until, next_break()), options_.stop) || stopped()) return;
    const Instant now = this->now();
    if (next_look() <= now) look_ahead();
    over = now >= until;
  }
}

/// A gateway gets the last part of a wait to answer a call.
Instant SingleProbes::next_look() const noexcept {
  const auto wait = explains_ ? requests_.first_last_wait() : std::nullopt;
  if (!wait) return Instant::max();
  const bool seen =
      last_look_ && wait->sent_at <= *last_look_ && wait->end <= *last_look_ + SilenceCauses::longest_call;
  if (seen) return Instant::max();
  return SilenceCauses::time_to_look(wait->sent_at, wait->end).value_or(Instant::max());
}

/// When next_look() may have changed: a probe has left, or is repeated.
Instant SingleProbes::next_break() const noexcept {
  if (!explains_) return Instant::max();
  if (requests_.insists(now())) return after(now(), between_breaks);
  return requests_.first_last_wait() ? next_look() : requests_.next();
}

/// Requests whose time ends soon are looked at together.
void SingleProbes::look_ahead() noexcept {
  const Instant now = this->now();
  last_look_ = now;
  try {
    causes_.begin_look(
        *transport_,
        {.expected = requests_.in_flight(), .until = now + SilenceCauses::longest_call, .oldest = longest_session});
    causes_.set_answers(recent_answers());
    std::size_t looked_at = 0;
    requests_.each_last_wait(now + SilenceCauses::longest_call, [&](const engine::SingleProbeSchedule::Wait& wait) {
      if (wait.record.profile < profiles_.size() && looked_at++ < enough_silent_targets)
        causes_.look_ahead(
            {.to = wait.record.address, .probe = profiles_[wait.record.profile], .asked = now - wait.sent_at});
    });
  } catch (const std::bad_alloc&) {
    // No further gateway is called.
  }
}

void SingleProbes::end_all() {
  wait(now());
  requests_.end_all();
  wait(now());  // releases what the connections hold
}

Counters SingleProbes::counters() const noexcept {
  Counters sum;
  engine::add(sum, requests_.counters(), transport_->counters());
  return sum;
}

void SingleProbes::note_answer(const Done& done) noexcept {
  if (done.record.profile >= profiles_.size() || !leaves_by_usual_route(profiles_[done.record.profile])) return;
  heard_[next_heard_] = {.from = done.record.address, .at = done.record.at()};
  next_heard_ = (next_heard_ + 1) % heard_.size();
}

std::vector<SilenceCauses::Answer> SingleProbes::recent_answers() const {
  static const ProbeOptions usual;
  std::vector<SilenceCauses::Answer> answers;
  const Instant since = transport_->now() - recent;
  for (const Heard& heard : heard_)
    if (heard.from && heard.at >= since) answers.push_back({.from = heard.from, .probe = &usual, .at = heard.at});
  return answers;
}

void SingleProbes::explain(const Done& done, Result& result) noexcept {
  if (result.answered()) return note_answer(done);
  const bool known = done.record.profile < profiles_.size();
  explain(known ? profiles_[done.record.profile] : options_.probe,
          done.sent_at > Instant{} ? transport_->now() - done.sent_at : Duration{}, result);
}

void SingleProbes::explain(const ProbeOptions& probe, Duration asked, Result& result) noexcept {
  if (!engine::has_cause(result.outcome)) return;
  try {
    if (causes_.begin(*transport_, requests_.in_flight())) causes_.set_answers(recent_answers());
    causes_.explain(probe, asked, result);
  } catch (const std::bad_alloc&) {
    // The cause stays unknown.
  }
}

Instant SingleProbes::next() const noexcept {
  if (requests_.any_done() || requests_.any_repeated()) return Instant::min();
  if (in_flight() == 0) return requests_.next();
  return stopped() ? Instant::min() : std::min({transport_->next_chore(), requests_.next(), next_look()});
}

void copy_outcome(const SingleProbes::Done& done, Duration wall_offset, Result& result) {
  copy_outcome(done.record, &done.detail, wall_offset, result);
  result.protocol = done.asked.protocol;
  result.port = done.asked.port;
}

}  // namespace multiping
