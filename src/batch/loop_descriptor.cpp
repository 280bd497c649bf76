// A stop sets the timer from another thread, so set() looks for a stop again after it has set the timer.
// See loop_descriptor.hpp.
#include "batch/loop_descriptor.hpp"

namespace multiping {

int LoopDescriptor::open(int sockets, const std::stop_token& stop, Instant next) noexcept {
  if (opened_) return joined_.value();
  opened_ = true;
  sockets_ = sockets;
  stop_ = stop;
  if (sockets_ >= 0) joined_.add(sockets_);
  joined_.add(alarm_.open());
  if (joined_.value() < 0) return -1;
  on_stop_.emplace(stop_, Ring{alarm_});
  set(next);
  return joined_.value();
}

void LoopDescriptor::set(Instant next) noexcept {
  if (!on_stop_) return;
  for (bool stopped = !stop_.stop_requested(); stopped != stop_.stop_requested();) {
    stopped = stop_.stop_requested();
    if (next == alarm_at_ && !stopped) continue;
    alarm_at_ = next;
    alarm_.set(stopped ? Instant::min() : next);
  }
}

void LoopDescriptor::end() noexcept {
  if (!on_stop_) return;
  on_stop_.reset();
  if (sockets_ >= 0) joined_.remove(sockets_);
  alarm_.set(Instant::max());
}

}  // namespace multiping
