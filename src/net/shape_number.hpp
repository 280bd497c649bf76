// The numbers of probe shapes: of the distinct ProbeOptions that an object has in use.
// Records of targets and of probes keep them in 24 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multiping::net {

using ShapeNumber = std::uint32_t;
/// Numbers are below this: more than this process has memory for options.
inline constexpr std::size_t most_shapes = std::size_t{1} << 24U;
/// All bits of a number.
inline constexpr ShapeNumber shape_bits = most_shapes - 1;

}  // namespace multiping::net
