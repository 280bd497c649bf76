// Waits in epoll_wait(2) until the first timer is due, then calls the ready descriptors and after them the due timers.
// See event_loop.hpp.
#include "os/event_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>

#include "os/clock.hpp"

namespace multiping::os {
namespace {

constexpr std::size_t events_at_once = 64;

// The number of a closed descriptor is soon used again. One epoll_wait(2) may return an event for the old descriptor
// together with the event whose callback replaced it: the serial tells the two apart.
std::uint64_t mark_of(int descriptor, std::uint32_t serial) noexcept {
  return std::uint64_t{serial} << 32U | static_cast<std::uint32_t>(descriptor);
}

}  // namespace

EventLoop::EventLoop() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (!epoll_) throw std::system_error(errno, std::system_category(), "cannot make an epoll descriptor");
}

void EventLoop::watch(int descriptor, std::function<void()> ready) {
  unwatch(descriptor);
  const Watched entry{++last_serial_, std::make_shared<std::function<void()>>(std::move(ready))};
  watched_[descriptor] = entry;
  epoll_event event{.events = EPOLLIN, .data = {.u64 = mark_of(descriptor, entry.serial)}};
  if (::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, descriptor, &event) == 0) return;
  const int error = errno;
  watched_.erase(descriptor);
  throw std::system_error(error, std::system_category(), "cannot watch a descriptor");
}

void EventLoop::unwatch(int descriptor) noexcept {
  if (watched_.erase(descriptor) > 0) ::epoll_ctl(epoll_.value(), EPOLL_CTL_DEL, descriptor, nullptr);
}

EventLoop::TimerId EventLoop::once(Duration wait, std::function<void()> due) {
  timers_[++last_timer_] = {after(now(), std::max(wait, Duration::zero())), std::move(due)};
  return last_timer_;
}

void EventLoop::cancel(TimerId timer) noexcept { timers_.erase(timer); }

void EventLoop::run() {
  while (!stopped_) wait_and_call();
  stopped_ = false;
}

void EventLoop::wait_and_call() {
  std::array<epoll_event, events_at_once> events{};
  const int count = ::epoll_wait(epoll_.value(), events.data(), events.size(), milliseconds_to_wait());
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::system_category(), "cannot wait for events");
  for (int i = 0; i < count && !stopped_; ++i) call_watcher(events.at(static_cast<std::size_t>(i)).data.u64);
  if (!stopped_) call_timers();
}

// Rounded up: a wake-up before the timer is due would make the loop spin until it is due.
int EventLoop::milliseconds_to_wait() const noexcept {
  const auto first = std::ranges::min_element(timers_, {}, [](const auto& timer) { return timer.second.at; });
  if (first == timers_.end()) return -1;
  const Duration wait = std::max(first->second.at - now(), Duration::zero());
  const auto longest = std::chrono::milliseconds{std::numeric_limits<int>::max()};
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(wait, longest)).count());
}

void EventLoop::call_watcher(std::uint64_t mark) {
  const int descriptor = static_cast<int>(mark & 0xffffffffU);
  const auto found = watched_.find(descriptor);
  if (found == watched_.end() || mark_of(descriptor, found->second.serial) != mark) return;
  const Callback ready = found->second.ready;
  (*ready)();
}

// Calls only the timers that are due now. A timer that these add, even with a wait of zero, comes after the next turn
// of the descriptors. All due timers are called, even if one of them stops the loop.
void EventLoop::call_timers() {
  const Instant time = now();
  std::vector<TimerId> due;
  for (const auto& [id, timer] : timers_) {
    if (timer.at <= time) due.push_back(id);
  }
  for (const TimerId id : due) call_timer(id);
}

void EventLoop::call_timer(TimerId id) {
  const auto timer = timers_.extract(id);
  if (timer) timer.mapped().due();  // none: another due timer has cancelled it
}

Instant EventLoop::now() noexcept { return os::monotonic_now(); }

}  // namespace multiping::os
