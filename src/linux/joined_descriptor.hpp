// One descriptor for poll(2) that is readable when any of several is.
// epoll(7) descriptors may stand in one another.
#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "linux/file_descriptor.hpp"

namespace multiping::os {

class JoinedDescriptor {
 public:
  /// Without anything to watch yet; -1 when it cannot be made.
  [[nodiscard]] int open() noexcept;
  /// The descriptor is watched from now on; `tag` is what ready() calls it. One that cannot be watched leaves none at
  /// all.
  void add(int descriptor, std::uint32_t tag = 0) noexcept;
  /// The same for a descriptor that comes later, when somebody waits already: what cannot be watched is left out.
  void extend(int descriptor, std::uint32_t tag = 0) noexcept;
  /// Its owner is about to close it. Without this, a copy that a forked child has of it would be watched for as long as
  /// that lives.
  void remove(int descriptor) noexcept;
  [[nodiscard]] int value() const noexcept { return joined_.value(); }
  /// It is open, and nothing was left out.
  [[nodiscard]] bool is_whole() const noexcept { return static_cast<bool>(joined_) && !left_out_; }

  /// The tags of those that are readable or have an error, `most` of them at most; none where that cannot be told.
  [[nodiscard]] std::span<const std::uint32_t> ready(std::size_t most);

 private:
  [[nodiscard]] bool watch(int descriptor, std::uint32_t tag) noexcept;

  FileDescriptor joined_;
  bool failed_ = false, left_out_ = false;
  std::vector<epoll_event> events_;
  std::vector<std::uint32_t> tags_;
};

}  // namespace multiping::os
