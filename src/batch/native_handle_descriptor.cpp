// The timer is set only when its time changes, since that is a system call.
// See native_handle_descriptor.hpp.
#include "batch/native_handle_descriptor.hpp"

namespace multiping {

int NativeHandleDescriptor::open(int sockets, const std::stop_token& stop) noexcept {
  if (joined_.value() >= 0) return joined_.value();
  sockets_ = sockets;
  stop_ = stop;
  if (sockets_ >= 0) joined_.add(sockets_);
  joined_.add(alarm_.open());
  alarm_at_ = Instant::max();
  if (joined_.value() >= 0) on_stop_.emplace(stop_, Ring{alarm_});
  return joined_.value();
}

/// After a stop the timer is set anew in any case: the stop has set it as well.
void NativeHandleDescriptor::set_alarm(Instant next, bool stopped) noexcept {
  if (next == alarm_at_ && !stopped) return;
  alarm_at_ = next;
  alarm_.set(next);
}

void NativeHandleDescriptor::end() noexcept {
  if (!on_stop_) return;
  on_stop_.reset();
  if (sockets_ >= 0) joined_.remove(sockets_);
  alarm_.set(Instant::max());
}

}  // namespace multiping
