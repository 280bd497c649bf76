// Most outcomes map to one sign; an unreachable error also needs its sender, type and code.
// See hop_answer_meaning.hpp.
#include "engine/hop_answer_meaning.hpp"

#include <system_error>

#include "engine/icmp_error_meaning.hpp"

namespace multiping::engine {
namespace {

/// Port unreachable from the target's address is the target's own answer, also to probes other than UDP. Any other
/// error from that address may come from a router that translates addresses.
HopAnswerMeaning sign_of_error(const HopAnswer& answer, const Address& target) noexcept {
  const IcmpError* icmp = answer.detail.icmp.get();
  if (icmp != nullptr && is_lost_fragment(*icmp, target.family())) return HopAnswerMeaning::silence;
  if (answer.detail.responder != target) return answer.own ? HopAnswerMeaning::not_left : HopAnswerMeaning::refusal;
  return icmp != nullptr && is_port_unreachable(*icmp, target.family()) ? HopAnswerMeaning::target
                                                                        : HopAnswerMeaning::refusal;
}

}  // namespace

HopAnswerMeaning sign_of(const HopAnswer& answer, const Address& target) noexcept {
  switch (answer.record.outcome) {
    case Outcome::reply:
    case Outcome::refused:
      return HopAnswerMeaning::target;
    case Outcome::ttl_expired:
      return HopAnswerMeaning::expired;
    case Outcome::unreachable:
      return sign_of_error(answer, target);
    case Outcome::no_reply:
      return HopAnswerMeaning::silence;
    case Outcome::pending:
      return HopAnswerMeaning::no_time;
    case Outcome::send_failed:
    case Outcome::unresolved:
      break;
  }
  return HopAnswerMeaning::not_left;
}

HopAnswer as_refused_here(const HopAnswer& answer) {
  if (answer.record.outcome != Outcome::unreachable) return answer;
  const bool size = answer.detail.icmp && is_too_big(*answer.detail.icmp, answer.record.address.family());
  const std::errc error = size ? std::errc::message_size : std::errc::host_unreachable;
  HopAnswer refused;
  refused.record.address = answer.record.address;
  refused.record.outcome = Outcome::send_failed;
  refused.record.attempt = answer.record.attempt;
  refused.record.set_at(answer.record.at());
  refused.detail.error = std::error_code{static_cast<int>(error), std::system_category()};
  return refused;
}

}  // namespace multiping::engine
