// Repeats a call of the library, each time with another of its allocations failing.
// Checks that the call leaves no memory, descriptor or thread.
#pragma once

#include <poll.h>

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "memory/failing_new.hpp"

namespace multiping::test {
inline namespace out_of_memory {

[[nodiscard]] inline std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{folder}, std::filesystem::directory_iterator{}));
}

/// One try, in which allocation `number` of the tested call fails; 0: none fails.
class Trial {
 public:
  explicit Trial(std::size_t number) noexcept : number_{number} {}

  /// Makes the tested call; once in each try. Returns false when the call throws std::bad_alloc.
  template <class Call>
  bool call(Call call) {
    arm(number_);
    try {
      call();
    } catch (const std::bad_alloc&) {
      asked_ = disarm();
      threw_ = true;
      return false;
    } catch (...) {
      asked_ = disarm();
      throw;
    }
    asked_ = disarm();
    return true;
  }

  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  /// The allocation that was to fail was reached.
  [[nodiscard]] bool failed() const noexcept { return number_ != 0 && asked_ >= number_; }
  [[nodiscard]] bool threw() const noexcept { return threw_; }

 private:
  std::size_t number_;
  std::size_t asked_ = 0;
  bool threw_ = false;
};

/// Waits until at most `most` threads are listed: a thread that has ended may stay in the list for a moment.
inline void wait_for_threads(std::size_t most) {
  for (int tries = 0; entries_of("/proc/self/task") > most && tries < 1000; ++tries) ::poll(nullptr, 0, 10);
}

/// Runs `body(trial)` with allocation 1, 2, 3 ... of its call failing, until the call makes fewer allocations. Returns
/// the number of allocations that failed.
template <class Body>
std::size_t fail_each_allocation(const std::string& what, Body body) {
  constexpr std::size_t most = 20'000;
  Trial warm_up{0};
  body(warm_up);
  BOOST_REQUIRE_MESSAGE(!warm_up.threw(), what << " threw though nothing failed");
  // A transport that outlives the call may keep idle sockets of the warm-up.
  const std::size_t descriptors = entries_of("/proc/self/fd"), threads = entries_of("/proc/self/task");
  for (std::size_t number = 1; number < most; ++number) {
    const long long before = pieces_in_use();
    Trial trial{number};
    body(trial);
    wait_for_threads(threads);
    const long long kept = pieces_in_use() - before;
    if (kept != 0) BOOST_ERROR(what << ", allocation " << number << ": " << kept << " pieces of memory are left");
    const std::size_t open = entries_of("/proc/self/fd"), running = entries_of("/proc/self/task");
    if (open > descriptors) BOOST_ERROR(what << ", allocation " << number << ": descriptors are left");
    if (running > threads) BOOST_ERROR(what << ", allocation " << number << ": threads are left");
    if (!trial.failed()) return number - 1;
  }
  BOOST_ERROR(what << " asks for too many allocations");
  return most;
}

}  // namespace out_of_memory
}  // namespace multiping::test
