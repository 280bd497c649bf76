// A descriptor that is readable from a given time on, timerfd_create(2).
// For a caller that waits in poll(2) for a time as well as for packets.
#pragma once

#include <optional>

#include "base/monotonic_time.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::os {

class TimerDescriptor {
 public:
  /// The descriptor, which the first call opens; -1 when it cannot be opened.
  [[nodiscard]] int open() noexcept;
  /// Makes the descriptor readable from `time` on: at once for a time that has passed, never for Instant::max(). Has no
  /// effect before open().
  void set(Instant time) noexcept;

 private:
  FileDescriptor timer_;
};

}  // namespace multiping::os
