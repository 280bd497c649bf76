// Keeps the id in a page that the kernel gives to a forked child filled with zeros: MADV_WIPEONFORK of madvise(2).
// See base/process_id.hpp.
#include "base/process_id.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>

namespace multiping {
namespace {

constexpr std::size_t page_size =
    4096;  // where pages are larger, madvise(2) refuses, and the kernel is asked each time

/// Nothing else is in its page. It has no initial value but zero, so that its page is no copy of a file's.
struct alignas(page_size) Page {
  std::atomic<::pid_t> id{0};  ///< 0: not known yet.
};
static_assert(sizeof(Page) == page_size);
Page page;

bool wipe_on_fork() noexcept { return ::madvise(&page, sizeof page, MADV_WIPEONFORK) == 0; }

}  // namespace

::pid_t process_id() noexcept {
  static const bool is_wiped = wipe_on_fork();
  if (!is_wiped) return ::getpid();
  ::pid_t id = page.id.load(std::memory_order_relaxed);
  if (id == 0) page.id.store(id = ::getpid(), std::memory_order_relaxed);
  return id;
}

}  // namespace multiping
