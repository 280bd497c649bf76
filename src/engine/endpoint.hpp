// The destination of a probe, and the shape of its packets.
// Two positions of a list, or two submissions, with equal endpoints send equal probes.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"
#include "net/shape_number.hpp"

namespace multiping::engine {

/// A distinct address, and the shape of its probes.
struct Endpoint {
  Address address{};
  net::ShapeNumber shape = 0;
  bool ttl_asked = false;  ///< The shape sets a TTL: a time-exceeded error then ends the wait.
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

}  // namespace multiping::engine
