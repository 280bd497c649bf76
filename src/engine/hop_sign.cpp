// Most outcomes map to one sign; an unreachable error also needs its sender, type and code.
// See hop_sign.hpp.
#include "engine/hop_sign.hpp"

#include <system_error>

#include "engine/icmp_words.hpp"

namespace multiping::engine {
namespace {

/// Port unreachable from the target's address is the target's own answer, also to probes other than UDP. Any other
/// error from that address may come from a router that translates addresses.
HopSign sign_of_error(const HopAnswer& answer, const Address& target) noexcept {
  const IcmpError* icmp = answer.detail.icmp.get();
  if (icmp != nullptr && is_lost_fragment(*icmp, target.family())) return HopSign::silence;
  if (answer.detail.responder != target) return answer.own ? HopSign::not_left : HopSign::refusal;
  return icmp != nullptr && is_port_unreachable(*icmp, target.family()) ? HopSign::target : HopSign::refusal;
}

}  // namespace

HopSign sign_of(const HopAnswer& answer, const Address& target) noexcept {
  switch (answer.record.outcome) {
    case Outcome::reply:
    case Outcome::refused:
      return HopSign::target;
    case Outcome::ttl_expired:
      return HopSign::expired;
    case Outcome::unreachable:
      return sign_of_error(answer, target);
    case Outcome::no_reply:
      return HopSign::silence;
    case Outcome::pending:
      return HopSign::no_time;
    case Outcome::send_failed:
    case Outcome::unresolved:
      break;
  }
  return HopSign::not_left;
}

HopAnswer as_refused_here(const HopAnswer& answer) {
  if (answer.record.outcome != Outcome::unreachable) return answer;
  const bool size = answer.detail.icmp && is_too_big(*answer.detail.icmp, answer.record.address.family());
  const std::errc error = size ? std::errc::message_size : std::errc::host_unreachable;
  HopAnswer refused;
  refused.record.address = answer.record.address;
  refused.record.outcome = Outcome::send_failed;
  refused.record.attempt = answer.record.attempt;
  refused.detail.error = std::error_code{static_cast<int>(error), std::system_category()};
  return refused;
}

}  // namespace multiping::engine
