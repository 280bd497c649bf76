// What the fate of a trace's probe says about the way.
// Pure: an outcome, who said it, and by which ICMP error.
#pragma once

#include <cstdint>

#include "engine/probe_table.hpp"
#include "multiping/address.hpp"

namespace multiping::engine {

/// What became of a probe.
struct HopAnswer {
  TargetRecord record{};
  Detail detail{};
  bool own = false;  ///< An ICMP error of this host itself.
};

enum class HopSign : std::uint8_t {
  target,    ///< It answered itself.
  expired,   ///< The probe came so far: time exceeded, whoever says it.
  refusal,   ///< Unreachable.
  silence,   ///< Nothing, or nothing about a hop.
  not_left,  ///< This host did not send it, or could not deliver it to its neighbour.
  no_time,   ///< There was none to send it.
};
[[nodiscard]] HopSign sign_of(const HopAnswer& answer, const Address& target) noexcept;

/// Of one that has not left: what this host says of a probe that it could not deliver, as if it had refused to send it.
[[nodiscard]] HopAnswer as_refused_here(const HopAnswer& answer);

}  // namespace multiping::engine
