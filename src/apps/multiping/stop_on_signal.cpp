// poll(2) for signals and for the end of the watch.
// See stop_on_signal.hpp.
#include "apps/multiping/stop_on_signal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace multiping::command {

StopOnSignal::StopOnSignal(Signals& signals) : ended_{::eventfd(0, EFD_CLOEXEC)} {
  if (ended_ < 0) throw std::system_error{errno, std::generic_category(), "cannot watch for signals"};
  thread_ = std::thread{[this, &signals] { watch(signals); }};
}

StopOnSignal::~StopOnSignal() {
  ::eventfd_write(ended_, 1);
  thread_.join();
  ::close(ended_);
}

void StopOnSignal::watch(Signals& signals) {
  std::array<pollfd, 2> watched{{{ended_, POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
  for (;;) {
    ::poll(watched.data(), watched.size(), -1);
    if (watched[0].revents != 0) return;
    while (const auto number = signals.next())
      if (*number == SIGINT || *number == SIGTERM || *number == SIGHUP) stop_.request_stop();
  }
}

}  // namespace multiping::command
