// Counts steps of the wall clock, and doubts each queue that was not found empty since the last step.
// See receive_stamp_clock.hpp.
#include "os/receive_stamp_clock.hpp"

namespace multiping::os {
namespace {

/// A greater change of the offset is a step: the kernel slews both clocks alike, so only reading errors remain.
constexpr Duration tolerance = std::chrono::milliseconds{1};

}  // namespace

void ReceiveStampClock::read(Instant monotonic, WallTime wall) noexcept {
  const Duration offset = wall - monotonic.time_since_epoch();
  if (offset_ && (offset - *offset_ > tolerance || *offset_ - offset > tolerance)) ++steps_;
  offset_ = offset;
}

std::optional<Instant> ReceiveStampClock::monotonic(const Queue& queue, WallTime stamp) const noexcept {
  if (!offset_ || doubts(queue)) return std::nullopt;
  return Instant{stamp - *offset_};
}

}  // namespace multiping::os
