// One descriptor for poll(2) that is readable when any of several descriptors is, epoll(7).
// An epoll(7) descriptor may itself be watched by another one.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "os/file_descriptor.hpp"

namespace multiping::os {

class EpollDescriptor {
 public:
  /// The descriptor, which the first call makes and which watches nothing yet; -1 when it cannot be made.
  [[nodiscard]] int open() noexcept;
  /// Watches `descriptor` from now on; ready() reports it as `tag`. When it cannot be watched, the joined descriptor is
  /// closed for good.
  void add(int descriptor, std::uint32_t tag = 0) noexcept;
  /// The same for a descriptor that is added when a caller may wait already: one that cannot be watched is left out.
  void extend(int descriptor, std::uint32_t tag = 0) noexcept;
  /// To be called before the descriptor is closed: otherwise a copy of it in a forked child would be watched for as
  /// long as the child lives.
  void remove(int descriptor) noexcept;
  [[nodiscard]] int value() const noexcept { return joined_.value(); }
  /// The joined descriptor is open, and no descriptor was left out.
  [[nodiscard]] bool is_whole() const noexcept { return static_cast<bool>(joined_) && !left_out_; }

  /// The tags of the descriptors that are readable or have an error, `most` of them at most; none when epoll_wait(2)
  /// fails.
  [[nodiscard]] std::span<const std::uint32_t> ready(std::size_t most);

 private:
  [[nodiscard]] bool watch(int descriptor, std::uint32_t tag) noexcept;

  FileDescriptor joined_;
  bool failed_ = false, left_out_ = false;
  std::vector<epoll_event> events_;
  std::vector<std::uint32_t> tags_;
};

}  // namespace multiping::os
