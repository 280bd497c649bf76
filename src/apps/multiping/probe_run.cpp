// A Prober does the probing: retries and waits of Mode::once are its own, as are late and forged answers.
// See probe_run.hpp.
#include "apps/multiping/probe_run.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <utility>

#include "apps/multiping/output_streams.hpp"

namespace multiping::command {
namespace {

constexpr std::size_t sends_in_a_row = 256;         // then answers are taken in
constexpr std::size_t kept_for_duplicates = 65536;  // as many as the library remembers
constexpr Duration longest_wait = std::chrono::milliseconds{100};

Options prober_options(const RunInputs& support) {
  return {.transport = support.transport, .any_source = support.view.options->any_source, .report_duplicates = true};
}

RoundTimes::Timing timing_of(const CommandOptions& options) {
  const bool loop = options.mode == Mode::loop;
  const std::uint64_t rounds = options.mode == Mode::once ? 1 : static_cast<std::uint64_t>(options.count);
  return {.interval = options.interval, .period = options.period, .rounds = loop ? 0 : rounds};
}

}  // namespace

ProbeRun::ProbeRun(const RunInputs& support)
    : view_{support.view},
      report_{support.report},
      signals_{support.signals},
      options_{*support.view.options},
      prober_{prober_options(support)},
      schedule_{support.view.targets.size(), timing_of(*support.view.options), start_},
      attempts_{once() ? support.view.targets.size() : 0, support.view.options->retry} {
  if (options_.printing.summary_every) next_summary_ = start_ + *options_.printing.summary_every;
}

bool ProbeRun::over() const noexcept {
  if (stop_ || report_.wants_to_end()) return true;
  if (options_.fast_reachable && view_.totals.alive >= options_.reachable) return true;
  if (once()) return attempts_.undecided() == 0;
  return schedule_.done() && prober_.in_flight() == 0 && later_.empty();
}

void ProbeRun::run() {
  EachStep steps;
  steps.step([this] { loop(); });
  sum_up();
  steps.end();
}

void ProbeRun::loop() {
  while (!over()) {
    const Clock::time_point now = Clock::now();
    end_delays(now);
    tick(now);
    send_due(now);
    for (const Prober::Completion& completion : prober_.poll(Duration{0})) take(completion);
    take_signals();
    if (!over()) wait(Clock::now());
  }
}

/// The wait after attempt k, from 1.
Duration ProbeRun::wait_of(std::uint64_t attempt) const noexcept {
  const double factor = std::pow(options_.backoff, static_cast<double>(attempt) - 1);
  return Timeout{std::chrono::duration<double, std::nano>{probe_timeout(options_)} * factor};
}

/// Until the end of all waits: an answer to any attempt counts until then.
Duration ProbeRun::waits_from(std::uint64_t attempt) const noexcept {
  const double first = static_cast<double>(wait_of(attempt).count()), factor = options_.backoff;
  const double waits = static_cast<double>(options_.retry) + 2 - static_cast<double>(attempt);
  if (first == 0) return {};
  const double sum = factor > 1 ? first * (std::pow(factor, waits) - 1) / (factor - 1) : first * waits;
  return Timeout{std::chrono::duration<double, std::nano>{sum}};
}

Submission ProbeRun::submission_for(const Sent& sent) const {
  Submission submission{.probe = options_.probe, .fail_fast = true};
  submission.timeout = once() ? waits_from(sent.sequence + 1) : probe_timeout(options_);
  if (const std::uint16_t port = view_.targets[sent.target].port; port != 0) submission.probe.port = port;
  return submission;
}

void ProbeRun::submit(const Sent& sent) {
  const Prober::Token token = prober_.queue(view_.targets[sent.target].address, submission_for(sent));
  sent_.emplace(token, sent);
  if (once()) attempts_.add(sent.target, token);
}

/// Mode::once: makes the next attempt, and plans the one after it.
void ProbeRun::ask(std::size_t target) {
  const Sent sent{.target = target, .sequence = attempts_.made(target)};
  submit(sent);
  if (attempts_.has_another(target)) later_.push({.at = Clock::now() + wait_of(sent.sequence + 1), .sent = sent});
}

/// Retries come before first attempts: they wait longer already.
bool ProbeRun::send_one(Clock::time_point now) {
  while (!again_.empty() && attempts_.is_decided(again_.front())) again_.pop_front();
  if (!again_.empty()) {
    if (!schedule_.take_beside(now)) return false;
    ask(again_.front());
    again_.pop_front();
    return true;
  }
  const auto slot = schedule_.take(now);
  if (!slot) return false;
  if (once()) {
    ask(slot->target);
    return true;
  }
  if (slot->target == 0) open_rounds_.push_back(view_.targets.size());
  submit({.target = slot->target, .sequence = slot->round});
  return true;
}

void ProbeRun::send_due(Clock::time_point now) {
  for (std::size_t count = 0; count < sends_in_a_row; ++count)
    if (!send_one(now)) return;
}

void ProbeRun::end_delays(Clock::time_point now) {
  while (!later_.empty() && later_.top().at <= now) {
    const Later later = later_.top();
    later_.pop();
    if (!once()) {
      take_loss(later.sent, later.result);
    } else if (attempts_.has_another(later.sent.target)) {
      again_.push_back(later.sent.target);
    }
  }
}

/// Duplicates of its answer may come for some time.
void ProbeRun::remember(Prober::Token token) {
  answered_.push_back(token);
  if (answered_.size() <= kept_for_duplicates) return;
  sent_.erase(answered_.front());
  answered_.pop_front();
}

void ProbeRun::take(const Prober::Completion& completion) {
  const auto at = sent_.find(completion.token);
  if (at == sent_.end()) return;
  const Sent sent = at->second;
  const Result& result = completion.result;
  if (result.duplicate) {
    ++view_.figures[sent.target].duplicates;
    report_.duplicate({.target = sent.target, .sequence = sent.sequence, .result = result});
    return;
  }
  remember(completion.token);
  if (once()) return take_attempt(sent, completion.token, result);
  if (result.answered()) return take_answer(sent, result);
  if (result.icmp) return take_error(sent, result);
  if (result.outcome == Outcome::pending) return;
  if (result.outcome == Outcome::send_failed)
    report_.send_failed({.target = sent.target, .sequence = sent.sequence, .result = result});
  take_loss(sent, result);
}

/// Mode::once. A probe that this host could not send is not tried again: the library has tried for long enough.
void ProbeRun::take_attempt(const Sent& sent, Prober::Token token, const Result& found) {
  if (attempts_.is_decided(sent.target)) return;
  Result result = found;
  result.attempt = static_cast<std::uint32_t>(sent.sequence) + 1;
  const ProbeEvent event{.target = sent.target, .sequence = sent.sequence, .result = result};
  const bool failed = result.outcome == Outcome::send_failed;
  if (result.icmp && !result.answered()) {
    ++view_.totals.other_icmp;
    report_.icmp_error(event);
  }
  if (failed) report_.send_failed(event);
  if (result.answered() || failed) {
    for (const Prober::Token other : attempts_.decide(sent.target))
      if (other != token) prober_.cancel(other);
    if (failed) return take_loss(sent, result);
    view_.totals.timeouts += attempts_.made(sent.target) - 1;
    return take_answer(sent, result);
  }
  if (attempts_.end(sent.target, token)) take_loss(sent, result);
}

void ProbeRun::take_answer(const Sent& sent, const Result& result) {
  HostFigures& figures = view_.figures[sent.target];
  if (figures.all.received == 0) ++view_.totals.alive;
  figures.all.add_answer(result.rtt);
  figures.interval.add_answer(result.rtt);
  figures.decided = true;
  view_.totals.times.add_answer(result.rtt);
  keep_statistics(sent.target, result);
  report_.answered({.target = sent.target, .sequence = sent.sequence, .result = result});
  end_probe(sent);
}

/// Rounds: the probe is lost when its time is over.
void ProbeRun::take_error(const Sent& sent, const Result& result) {
  ++view_.totals.other_icmp;
  report_.icmp_error({.target = sent.target, .sequence = sent.sequence, .result = result});
  const Duration rest = probe_timeout(options_) - result.rtt;
  later_.push({.at = Clock::now() + std::max(rest, Duration{0}), .sent = sent, .result = result});
}

void ProbeRun::take_loss(const Sent& sent, const Result& result) {
  HostFigures& figures = view_.figures[sent.target];
  figures.all.add_loss();
  figures.interval.add_loss();
  figures.decided = true;
  if (result.outcome != Outcome::send_failed) view_.totals.timeouts += once() ? attempts_.made(sent.target) : 1;
  keep_statistics(sent.target, result);
  keep_failure(sent.target, result);
  report_.timed_out({.target = sent.target, .sequence = sent.sequence, .result = result});
  end_probe(sent);
}

void ProbeRun::keep_statistics(std::size_t target, const Result& result) {
  if (!view_.statistics.empty()) view_.statistics[target].add(result);
}

void ProbeRun::end_probe(const Sent& sent) {
  if (once()) return;
  --open_rounds_[sent.sequence - first_round_];
  for (; !open_rounds_.empty() && open_rounds_.front() == 0; ++first_round_) {
    open_rounds_.pop_front();
    report_.round_over(first_round_);
  }
}

/// A run that never waits has keys and a progress line too.
void ProbeRun::tick(Clock::time_point now) {
  if (now - told_idle_ >= longest_wait) tell_idle(now);
  if (!next_summary_ || now < *next_summary_) return;
  report_.interval_over(std::chrono::system_clock::now());
  *next_summary_ += *options_.printing.summary_every;
  if (options_.printing.cumulative) return;
  for (HostFigures& figures : view_.figures) figures.interval = {};
}

void ProbeRun::take_signals() {
  while (const auto number = signals_.next()) {
    switch (*number) {
      case SIGINT:
      case SIGTERM:
      case SIGHUP:
        stop_ = view_.stopped = true;
        break;
      case SIGQUIT:
        report_.snapshot(std::chrono::system_clock::now());
        break;
      case SIGUSR1:
        schedule_.go_faster();
        break;
      case SIGUSR2:
        schedule_.go_slower();
        break;
      default:
        break;
    }
  }
}

void ProbeRun::tell_idle(Clock::time_point now) {
  told_idle_ = now;
  report_.idle(now);
}

void ProbeRun::wait(Clock::time_point now) {
  Clock::time_point until = std::min(schedule_.next(), now + longest_wait);
  if (!later_.empty()) until = std::min(until, later_.top().at);
  if (!again_.empty()) until = std::min(until, schedule_.next_beside());
  if (next_summary_) until = std::min(until, *next_summary_);
  if (until <= now) return;
  tell_idle(now);
  std::array<pollfd, 2> watched{{{prober_.native_handle(), POLLIN, 0}, {signals_.descriptor(), POLLIN, 0}}};
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - now).count();
  const timespec limit{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
  ::ppoll(watched.data(), watched.size(), &limit, nullptr);
}

/// The last result of each target that never answered, for --why.
void ProbeRun::keep_failure(std::size_t target, const Result& result) {
  if (!options_.why) return;
  const auto [at, added] = failures_.try_emplace(target, view_.failures.size());
  if (added) view_.failures.push_back({.target = target});
  view_.failures[at->second].result = result;
}

void ProbeRun::sum_up() {
  std::erase_if(view_.failures, [&](const FailedTarget& each) { return view_.figures[each.target].all.received > 0; });
  const Counters counters = prober_.counters();
  view_.totals.sent += counters.sent;
  view_.totals.received = view_.totals.times.received;
  view_.totals.elapsed += Clock::now() - start_;
}

}  // namespace multiping::command
