// The network is asked only where the end of the probes does not tell the cause.
// See silence_causes.hpp.
#include "batch/silence_causes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace multiping {
namespace {

using namespace std::chrono_literals;

/// Answers are shared for so long.
constexpr Duration fresh_for = 100ms;
/// What look_ahead() has learnt is kept for so long after the end of the wait, in which explain() is called.
constexpr Duration kept_on = 200ms;
/// A target that is not yet awaited for so long is no reason to ask: its answer may be under way.
constexpr Duration least_silence = 10ms;

}  // namespace

void SilenceCauses::begin_look(net::ProbeTransport& transport, const Look& look) {
  const Instant now = transport.now();
  const bool again = transport_ == &transport && now < keep_until_ && now - began_ < look.oldest;
  if (!again) static_cast<void>(begin(transport, look.expected));
  if (again && network_ != nullptr) network_->begin();
  keep_until_ = std::max(keep_until_, after(look.until, kept_on));
}

bool SilenceCauses::begin(net::ProbeTransport& transport, std::size_t expected) {
  const Instant now = transport.now();
  const bool fresh = now - asked_at_ < fresh_for;
  if (transport_ == &transport && (fresh || now < keep_until_)) {
    if (finder_) finder_->expect(expected);
    if (finder_ && !fresh) finder_->refresh();
    if (network_ != nullptr) network_->begin();
    if (!fresh) asked_at_ = now;
    return !fresh;
  }
  end();
  transport_ = &transport;
  expected_ = expected;
  began_ = asked_at_ = now;
  return true;
}

void SilenceCauses::set_answers(std::vector<Answer> answers) {
  finder_ ? finder_->set_answers(std::move(answers)) : answers_.swap(answers);
}

void SilenceCauses::end() noexcept {
  if (network_ != nullptr) network_->end();
  finder_.reset();
  network_ = nullptr;
  transport_ = nullptr;
  keep_until_ = {};
  answers_.clear();
}

/// Null when nothing can be asked.
engine::CauseFinder* SilenceCauses::finder_for(const engine::Silence& silence) {
  net::LocalNetwork* const network = transport_->local_network(silence.probe.protocol);
  if (network == nullptr) return nullptr;
  if (!finder_) {
    network_ = network;
    network->begin();
    finder_.emplace(*network, expected_);
    finder_->set_answers(std::move(answers_));
  }
  return &*finder_;
}

engine::FoundCause SilenceCauses::find(const engine::Silence& silence) {
  if (const auto cause = engine::cause_by_end(silence)) return {.cause = *cause};
  if (silence.outcome == Outcome::no_reply && silence.asked < least_silence) return {};
  engine::CauseFinder* const finder = finder_for(silence);
  return finder != nullptr ? finder->find(silence) : engine::cause_by_way(silence, {});
}

void SilenceCauses::look_ahead(const engine::Silence& silence) {
  if (engine::cause_by_end(silence) || silence.asked < least_silence) return;
  if (engine::CauseFinder* const finder = finder_for(silence)) finder->look_ahead(silence);
}

void SilenceCauses::explain(const ProbeOptions& probe, Duration asked, Result& result) {
  result.cause = engine::has_cause(result.outcome) ? Cause::unknown : Cause::none;
  result.cause_address = {};
  const bool heard = static_cast<bool>(result.responder);
  const engine::FoundCause found = find({.to = result.address,
                                         .probe = probe,
                                         .outcome = result.outcome,
                                         .error = result.error,
                                         .icmp = result.icmp.get(),
                                         .heard = heard,
                                         .own = heard && transport_->is_own(result.responder, probe.protocol),
                                         .asked = asked});
  result.cause = found.cause;
  result.cause_address = found.address;
}

}  // namespace multiping
