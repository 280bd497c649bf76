// A descriptor that is readable from a given time on, timerfd_create(2).
// For whoever waits in poll(2) for something that no packet announces.
#pragma once

#include <optional>

#include "linux/file_descriptor.hpp"
#include "net/instant.hpp"

namespace multiping::os {

class Alarm {
 public:
  /// Opens it when that was not done yet; -1 when it cannot be opened.
  [[nodiscard]] int open() noexcept;
  /// Readable from `time` on; a time that has passed is at once, the end of time is never. Without effect until opened.
  void set(net::Instant time) noexcept;

 private:
  FileDescriptor timer_;
};

}  // namespace multiping::os
