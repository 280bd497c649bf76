// The numbers of probe profiles: an object numbers the distinct ProbeOptions that it uses.
// Records of targets and of probes store the number in 24 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multiping::net {

using ProfileNumber = std::uint32_t;
/// Every number is below this. A process has no memory for so many ProbeOptions.
inline constexpr std::size_t most_profiles = std::size_t{1} << 24U;
/// The mask of a number's bits.
inline constexpr ProfileNumber profile_bits = most_profiles - 1;

}  // namespace multiping::net
