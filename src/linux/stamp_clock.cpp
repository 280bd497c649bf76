// Turns the kernel's receive stamps, which are wall-clock times, into monotonic ones, as far as they can be trusted.
// See stamp_clock.hpp.
#include "linux/stamp_clock.hpp"

namespace multiping::os {
namespace {

/// More than any slewing (500 ppm) between two readings; less is within the error of reading two clocks.
constexpr Duration tolerance = std::chrono::milliseconds{1};

}  // namespace

void StampClock::read(net::Instant monotonic, WallTime wall) noexcept {
  const Duration offset = wall - monotonic.time_since_epoch();
  stepped_ = offset_ && (offset - *offset_ > tolerance || *offset_ - offset > tolerance);
  offset_ = offset;
}

std::optional<net::Instant> StampClock::monotonic(WallTime stamp) const noexcept {
  if (!offset_ || stepped_) return std::nullopt;
  return net::Instant{stamp - *offset_};
}

}  // namespace multiping::os
