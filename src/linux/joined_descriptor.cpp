// One descriptor for poll(2) that is readable when any of several is.
// See joined_descriptor.hpp.
#include "linux/joined_descriptor.hpp"

#include <sys/epoll.h>

namespace multiping::os {

int JoinedDescriptor::open() noexcept {
  if (!joined_ && !failed_) joined_ = FileDescriptor{::epoll_create1(EPOLL_CLOEXEC)};
  return joined_.value();
}

bool JoinedDescriptor::watch(int descriptor) noexcept {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  return ::epoll_ctl(joined_.value(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void JoinedDescriptor::add(int descriptor) noexcept {
  failed_ = failed_ || open() < 0 || !watch(descriptor);
  if (failed_) joined_ = FileDescriptor{};
}

void JoinedDescriptor::extend(int descriptor) noexcept {
  if (joined_) static_cast<void>(watch(descriptor));
}

}  // namespace multiping::os
