// What the outcome of one probe of a trace says about the route.
// Pure: decides from the outcome, the responder and the ICMP error.
#pragma once

#include <cstdint>

#include "engine/probe_table.hpp"
#include "multiping/address.hpp"

namespace multiping::engine {

/// The outcome of a probe.
struct HopAnswer {
  TargetRecord record{};
  Detail detail{};
  bool own = false;  ///< The ICMP error comes from this host itself.
};

enum class HopAnswerMeaning : std::uint8_t {
  target,    ///< The target itself answered.
  expired,   ///< Time exceeded, from any address: the probe came as far as this hop.
  refusal,   ///< Unreachable.
  silence,   ///< No answer, or an error that says nothing about a hop.
  not_left,  ///< This host did not send the probe, or could not deliver it to its neighbour.
  no_time,   ///< There was no time to send the probe.
};
[[nodiscard]] HopAnswerMeaning sign_of(const HopAnswer& answer, const Address& target) noexcept;

/// For HopAnswerMeaning::not_left: turns this host's ICMP error about a probe that it could not deliver into a refusal
/// to send the probe. Returns other answers unchanged.
[[nodiscard]] HopAnswer as_refused_here(const HopAnswer& answer);

}  // namespace multiping::engine
