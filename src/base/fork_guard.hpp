// Notices that an object is used in a child that fork(2) made, where its sockets are shared with the parent.
// Header only.
#pragma once

#include <sys/types.h>

#include <stdexcept>
#include <string>

#include "base/process_id.hpp"

namespace multiping {

/// A member of an object that only the process that made it may use.
class ForkGuard {
 public:
  /// `object` names the object in the error text, with its article: "a Prober".
  explicit ForkGuard(const char* object) noexcept : object_{object} {}
  [[nodiscard]] bool is_owner() const noexcept { return process_id() == owner_; }  ///< False in a forked child.
  /// Throws std::logic_error in a forked child.
  void check() const {
    if (is_owner()) return;
    throw std::logic_error(std::string{object_} + " cannot be used in a forked child; make a new one there");
  }

 private:
  const char* object_;
  ::pid_t owner_ = process_id();
};

}  // namespace multiping
