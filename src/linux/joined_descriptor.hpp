// One descriptor for poll(2) that is readable when any of several is.
// epoll(7) descriptors may stand in one another.
#pragma once

#include "linux/file_descriptor.hpp"

namespace multiping::os {

class JoinedDescriptor {
 public:
  /// Without anything to watch yet; -1 when it cannot be made.
  [[nodiscard]] int open() noexcept;
  /// The descriptor is watched until it is closed by its owner. One that cannot be watched leaves none at all.
  void add(int descriptor) noexcept;
  /// The same for a descriptor that comes later, when somebody waits already: what cannot be watched is left out.
  void extend(int descriptor) noexcept;
  [[nodiscard]] int value() const noexcept { return joined_.value(); }

 private:
  [[nodiscard]] bool watch(int descriptor) noexcept;

  FileDescriptor joined_;
  bool failed_ = false;
};

}  // namespace multiping::os
