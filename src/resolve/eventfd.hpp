// A descriptor for poll(2) that is readable between set() and clear(), eventfd(2).
// It is opened only when open() is called; header only.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

namespace multiping::resolver {

class EventDescriptor {
 public:
  EventDescriptor() = default;
  EventDescriptor(const EventDescriptor&) = delete;
  EventDescriptor& operator=(const EventDescriptor&) = delete;
  ~EventDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  /// The descriptor, which the first call opens; -1 when it cannot be opened.
  [[nodiscard]] int open() noexcept {
    if (descriptor_ < 0) descriptor_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor_;
  }
  /// Makes the descriptor readable. Has no effect before open().
  void set() const noexcept {
    if (descriptor_ >= 0) static_cast<void>(::eventfd_write(descriptor_, 1));
  }
  void clear() const noexcept {
    eventfd_t count = 0;
    if (descriptor_ >= 0) static_cast<void>(::eventfd_read(descriptor_, &count));
  }

 private:
  int descriptor_ = -1;
};

}  // namespace multiping::resolver
