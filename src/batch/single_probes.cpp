// Holds a profile number for each request, and gives it up when the request is over.
// See batch/single_probes.hpp.
#include "batch/single_probes.hpp"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "batch/outcome_to_result.hpp"
#include "batch/preflight.hpp"
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
      loop_{requests_, *transport_} {}

void SingleProbes::prepare(std::span<const ProbeOptions> profiles, std::span<const engine::Destination> destinations) {
  for (const ProbeOptions& probe : profiles) {
    // These get their numbers in order, and keep them for the life of the object.
    make_known(profiles_.acquire(probe), probe);
  }
  Preflight preflight{profiles};
  preflight.prepare(destinations, *transport_);
  preflight.refuse_if_hopeless();
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
  engine::RequestSchedule::Submission request{
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
  loop_.run(engine::Goal::answered, until, options_.stop);
}

void SingleProbes::wait_for_done(Instant until) {
  begin_wait();
  loop_.run(engine::Goal::done, until, options_.stop);
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
    if (heard.from && heard.at >= since) answers.push_back({.from = heard.from, .probe = &usual});
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
  return stopped() ? Instant::min() : std::min(transport_->next_chore(), requests_.next());
}

void copy_outcome(const SingleProbes::Done& done, Duration wall_offset, Result& result) {
  copy_outcome(done.record, &done.detail, wall_offset, result);
  result.protocol = done.asked.protocol;
  result.port = done.asked.port;
}

}  // namespace multiping
