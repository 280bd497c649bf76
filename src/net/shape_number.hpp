// The numbers of probe shapes: an object numbers the distinct ProbeOptions that it uses.
// Records of targets and of probes store the number in 24 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multiping::net {

using ShapeNumber = std::uint32_t;
/// Every number is below this. A process has no memory for so many ProbeOptions.
inline constexpr std::size_t most_shapes = std::size_t{1} << 24U;
/// The mask of a number's bits.
inline constexpr ShapeNumber shape_bits = most_shapes - 1;

}  // namespace multiping::net
