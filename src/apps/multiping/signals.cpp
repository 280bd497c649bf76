// signalfd(2) for the signals of a run.
// See signals.hpp.
#include "apps/multiping/signals.hpp"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <system_error>

namespace multiping::command {
namespace {

bool is_ignored(int number) noexcept {
  struct sigaction how {};
  return ::sigaction(number, nullptr, &how) == 0 && how.sa_handler == SIG_IGN;
}

/// Under nohup(1) a hang-up stays ignored. The others are taken, as by fping, also where a script's shell made the
/// programs that it runs in the background ignore them.
sigset_t set_of(std::initializer_list<int> numbers) noexcept {
  sigset_t set{};
  ::sigemptyset(&set);
  for (const int number : numbers)
    if (number != SIGHUP || !is_ignored(number)) ::sigaddset(&set, number);
  return set;
}

int watch_set(int descriptor, const sigset_t& set) {
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int watched = ::signalfd(descriptor, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (watched < 0) throw std::system_error{errno, std::generic_category(), "cannot watch for signals"};
  return watched;
}

}  // namespace

void Signals::watch() {
  if (descriptor_ >= 0) return;
  std::signal(SIGPIPE, SIG_IGN);
  descriptor_ = watch_set(-1, set_of({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}));
}

Signals::~Signals() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Signals::take_job_control() {
  watch();
  watch_set(descriptor_, set_of({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH}));
}

std::optional<int> Signals::next() const noexcept {
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

}  // namespace multiping::command
