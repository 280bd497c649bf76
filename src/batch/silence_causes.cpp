// The network is asked only where the end of the probes does not tell the cause.
// See silence_causes.hpp.
#include "batch/silence_causes.hpp"

#include <chrono>
#include <utility>

namespace multiping {
namespace {

using namespace std::chrono_literals;

/// Answers are shared for so long.
constexpr Duration fresh_for = 100ms;
/// A target that is not yet awaited for so long is no reason to ask: its answer may be under way.
constexpr Duration least_silence = 10ms;

}  // namespace

bool SilenceCauses::begin(net::ProbeTransport& transport, std::size_t expected) {
  const Instant now = transport.now();
  if (transport_ == &transport && now - began_ < fresh_for) {
    if (finder_) finder_->expect(expected);
    if (network_ != nullptr) network_->begin();
    return false;
  }
  end();
  transport_ = &transport;
  expected_ = expected;
  began_ = now;
  return true;
}

void SilenceCauses::end() noexcept {
  if (network_ != nullptr) network_->end();
  finder_.reset();
  network_ = nullptr;
  transport_ = nullptr;
  answers_.clear();
}

engine::FoundCause SilenceCauses::find(const engine::Silence& silence) {
  if (const auto cause = engine::cause_by_end(silence)) return {.cause = *cause};
  if (silence.outcome == Outcome::no_reply && silence.asked < least_silence) return {};
  net::LocalNetwork* const network = transport_->local_network(silence.probe.protocol);
  if (network == nullptr) return engine::cause_by_way(silence, {});
  if (!finder_) {
    network_ = network;
    network->begin();
    finder_.emplace(*network, expected_);
    finder_->set_answers(std::move(answers_));
  }
  return finder_->find(silence);
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
