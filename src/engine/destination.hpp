// The destination of a probe, and the profile of its packets.
// Two positions of a list, or two submissions, with equal destinations send equal probes.
#pragma once

#include <cstdint>

#include "multiping/address.hpp"
#include "net/profile_number.hpp"

namespace multiping::engine {

/// A distinct address, and the profile of its probes.
struct Destination {
  Address address{};
  net::ProfileNumber profile = 0;
  bool ttl_asked = false;  ///< The profile sets a TTL: a time-exceeded error then ends the wait.
  friend bool operator==(const Destination&, const Destination&) = default;
};

}  // namespace multiping::engine
