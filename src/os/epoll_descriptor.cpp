// Watches each descriptor level-triggered for EPOLLIN.
// See epoll_descriptor.hpp.
#include "os/epoll_descriptor.hpp"

namespace multiping::os {

int EpollDescriptor::open() noexcept {
  if (!joined_ && !failed_) joined_ = FileDescriptor{::epoll_create1(EPOLL_CLOEXEC)};
  return joined_.value();
}

bool EpollDescriptor::watch(int descriptor, std::uint32_t tag) noexcept {
  epoll_event event{.events = EPOLLIN, .data = {.u32 = tag}};
  return ::epoll_ctl(joined_.value(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void EpollDescriptor::add(int descriptor, std::uint32_t tag) noexcept {
  failed_ = failed_ || open() < 0 || !watch(descriptor, tag);
  if (failed_) joined_ = FileDescriptor{};
}

void EpollDescriptor::extend(int descriptor, std::uint32_t tag) noexcept {
  if (joined_ && !watch(descriptor, tag)) left_out_ = true;
}

void EpollDescriptor::remove(int descriptor) noexcept {
  if (joined_) ::epoll_ctl(joined_.value(), EPOLL_CTL_DEL, descriptor, nullptr);
}

std::span<const std::uint32_t> EpollDescriptor::ready(std::size_t most) {
  if (events_.size() < most) events_.resize(most);
  const int count = ::epoll_wait(joined_.value(), events_.data(), static_cast<int>(most), 0);
  tags_.clear();
  for (int i = 0; i < count; ++i) tags_.push_back(events_[static_cast<std::size_t>(i)].data.u32);
  return tags_;
}

}  // namespace multiping::os
