// Turns the kernel's receive stamps, which are wall-clock times, into monotonic ones, as far as they can be trusted.
// See stamp_clock.hpp.
#include "linux/stamp_clock.hpp"

namespace multiping::os {
namespace {

/// The kernel slews both clocks alike, so that only the error of reading them remains.
constexpr Duration tolerance = std::chrono::milliseconds{1};

}  // namespace

void StampClock::read(net::Instant monotonic, WallTime wall) noexcept {
  const Duration offset = wall - monotonic.time_since_epoch();
  if (offset_ && (offset - *offset_ > tolerance || *offset_ - offset > tolerance)) ++steps_;
  offset_ = offset;
}

std::optional<net::Instant> StampClock::monotonic(const Queue& queue, WallTime stamp) const noexcept {
  if (!offset_ || doubts(queue)) return std::nullopt;
  return net::Instant{stamp - *offset_};
}

}  // namespace multiping::os
