// Counts rounds of one kind in a row, and words the evidence.
// See engine/host_state_machine.hpp.
#include "engine/host_state_machine.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/wilson_interval.hpp"
#include "engine/local_loss.hpp"

namespace multiping::engine {
namespace {

RoundKind kind_of(const Result& result) noexcept {
  if (result.answered()) return RoundKind::good;
  if (result.outcome == Outcome::pending || result.outcome == Outcome::unresolved) return RoundKind::left_out;
  return may_be_lost_here(result) ? RoundKind::local : RoundKind::bad;
}

template <class Enumerator>
std::uint16_t bit_of(Enumerator value) noexcept {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(value));
}

/// The names of the enumerators whose bits are set, first to last: "no-reply, unreachable".
template <class Enumerator>
std::string names_of(std::uint16_t bits, Enumerator first, Enumerator last) {
  std::string text;
  for (auto value = static_cast<unsigned>(first); value <= static_cast<unsigned>(last); ++value) {
    if ((bits & (1U << value)) == 0) continue;
    if (!text.empty()) text += ", ";
    text += to_string(static_cast<Enumerator>(value));
  }
  return text;
}

/// "3 rounds, 7 to 9".
std::string rounds_text(const Run& run) {
  if (run.length == 1) return "round " + std::to_string(run.first);
  return std::to_string(run.length) + " rounds, " + std::to_string(run.first) + " to " + std::to_string(run.last);
}

std::string causes_text(const Run& run) { return names_of(run.causes, Cause::unknown, Cause::remote); }

std::string silence_text(const Run& run) {
  std::string text = "no answer in " + rounds_text(run);
  text += ": " + names_of(run.outcomes, Outcome::pending, Outcome::send_failed);
  if (const std::string causes = causes_text(run); !causes.empty()) text += ", cause " + causes;
  return text;
}

}  // namespace

void HostRound::add(const Result& result) noexcept {
  const RoundKind one = kind_of(result);
  kind = std::max(kind, one);
  if (one != RoundKind::local && one != RoundKind::bad) return;
  outcomes |= bit_of(result.outcome);
  causes |= bit_of(result.cause);
}

void Run::add(const HostRound& round, std::uint64_t number) noexcept {
  if (length++ == 0) first = number;
  last = number;
  outcomes |= round.outcomes;
  causes |= round.causes;
}

void BitWindow::push(bool bit, std::size_t most) {
  if (bits_.size() < most) {
    bits_.push_back(bit);
  } else {
    set_ -= bits_[oldest_] ? 1U : 0U;
    bits_[oldest_] = bit;
    oldest_ = (oldest_ + 1) % most;
  }
  set_ += bit ? 1U : 0U;
}

void BitWindow::keep_last(std::size_t most) {
  const std::size_t kept = std::min(most, bits_.size());
  BitWindow window;
  for (std::size_t i = bits_.size() - kept; i < bits_.size(); ++i)
    window.push(bits_[(oldest_ + i) % bits_.size()], kept);
  *this = std::move(window);
}

std::string BitWindow::text() const {
  std::string text;
  text.reserve(bits_.size());
  for (std::size_t i = 0; i < bits_.size(); ++i) text += bits_[(oldest_ + i) % bits_.size()] ? '1' : '0';
  return text;
}

void HostStateMachine::observe(const HostRound& round, std::uint64_t number, const HealthOptions& options) {
  if (round.kind == RoundKind::left_out) return;
  if (round.kind == RoundKind::local) {
    local.add(round, number);
    if (local.length >= static_cast<std::uint64_t>(options.fall)) steady = State::unknown;
    return;
  }
  const bool was_good = round.kind == RoundKind::good;
  local = {};
  (was_good ? bad : good) = {};
  (was_good ? good : bad).add(round, number);
  if (good.length >= static_cast<std::uint64_t>(options.rise)) steady = State::up;
  if (bad.length >= static_cast<std::uint64_t>(options.fall)) steady = State::down;
  count(was_good, options);
}

void HostStateMachine::count(bool was_good, const HealthOptions& options) {
  changes.push(last_good && *last_good != was_good, static_cast<std::size_t>(options.flap_window));
  losses.push(!was_good, static_cast<std::size_t>(options.loss_window));
  last_good = was_good;
  const double share = static_cast<double>(changes.set()) / options.flap_window;
  flapping = flapping ? !(share < options.flap_low) : share > options.flap_high;
}

State HostStateMachine::state(const HealthOptions& options) const noexcept {
  if (local.length >= static_cast<std::uint64_t>(options.fall)) return State::unknown;
  return flapping ? State::flapping : steady;
}

bool HostStateMachine::may_become(State next, const HealthOptions& options) const noexcept {
  if (state(options) == next) return false;
  return next == State::up ? good.length + 1 >= static_cast<std::uint64_t>(options.rise)
                           : bad.length + 1 >= static_cast<std::uint64_t>(options.fall);
}

bool HostStateMachine::lossy(const HealthOptions& options) const noexcept {
  if (options.max_loss <= 0) return false;
  return wilson_interval(losses.set(), losses.size(), options.confidence).low > options.max_loss;
}

std::string HostStateMachine::reason(const HealthOptions& options) const {
  switch (state(options)) {
    case State::up:
      return "answers in " + rounds_text(good);
    case State::down:
      return silence_text(bad);
    case State::flapping:
      return "good and bad rounds: " + std::to_string(changes.set()) + " changes in the last " +
             std::to_string(changes.size()) + " rounds";
    case State::unknown:
      break;
  }
  if (local.length > 0) return "probes lost on this host in " + rounds_text(local) + ": cause " + causes_text(local);
  return "neither " + std::to_string(options.rise) + " good rounds in a row nor " + std::to_string(options.fall) +
         " bad ones";
}

}  // namespace multiping::engine
