// The IPv6 flow label of a probe: the one that was asked for, or one that stands for the probe's flow.
// Header only.
#pragma once

#include <cstdint>
#include <optional>

#include "multiping/options.hpp"

namespace multiping {

/// Returns nothing where the kernel chooses the label, or the family has none.
[[nodiscard]] inline std::optional<std::uint32_t> flow_label(Family family, const ProbeOptions& probe) noexcept {
  /// From here on Linux leaves labels to free use, without a lease (net.ipv6.flowlabel_state_ranges).
  constexpr std::uint32_t first_of_flows = 0x80000;
  if (family != Family::ipv6) return std::nullopt;
  if (probe.flow_label || !probe.flow) return probe.flow_label;
  return first_of_flows | *probe.flow;
}

}  // namespace multiping
