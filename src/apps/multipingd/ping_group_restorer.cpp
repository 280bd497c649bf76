// The guard notices the end of the daemon by the end of the socket between them.
// See ping_group_restorer.hpp.
#include "apps/multipingd/ping_group_restorer.hpp"

#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/multipingd/sandbox/resource_limits.hpp"
#include "apps/multipingd/sandbox/seccomp_filter.hpp"
#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr char ready_sign = 'r';
constexpr std::size_t most_descriptors_of_guard = 16;

void close_between(unsigned first, unsigned last) {
  if (first <= last && ::close_range(first, last, 0) != 0) os::fail("cannot close the daemon's descriptors");
}

/// Closes all descriptors except the standard ones and `kept`.
void close_others(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned first = STDERR_FILENO + 1;
  for (const int each : kept) {
    close_between(first, static_cast<unsigned>(each) - 1);
    first = static_cast<unsigned>(each) + 1;
  }
  close_between(first, ~0U);
}

void tell(const std::string& text) noexcept {
  const std::string line = "multipingd: the guard of net.ipv4.ping_group_range: " + text + "\n";
  [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, line.data(), line.size());
}

/// Blocks all signals and makes a session of the guard's own: the guard must end after the daemon, not with it.
void outlive_signals() noexcept {
  sigset_t all{};
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();
}

void shed_all(const Account& account) {
  const bool net_admin = apps::has_capability(CAP_NET_ADMIN);
  ::prctl(PR_SET_NAME, "multiping-guard");
  limit_resources(most_descriptors_of_guard);
  apps::drop_privileges(account, {.net_admin = net_admin, .user = !net_admin});
  forbid_files();
  apply_guard_filter();
}

/// Waits until the daemon has ended. Meanwhile it answers other daemons.
void wait_for_end(int link, GuardOrder& order) noexcept {
  std::array<pollfd, 2> watched{{{link, POLLIN, 0}, {order.claim ? order.claim->descriptor() : -1, POLLIN, 0}}};
  while (watched[0].revents == 0) {
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0) order.claim->answer(order.account);
  }
}

/// Puts the setting back, unless another process has changed it meanwhile. False when the write fails.
bool restore(const PingGroupRangeFile& file, const RangeChange& change) noexcept {
  return file.read() != change.after || file.write(change.before);
}

[[noreturn]] void guard(int link, const PingGroupRangeFile& file, GuardOrder& order) {
  int status = 1;
  try {
    outlive_signals();
    std::vector<int> kept{link, file.descriptor()};
    if (order.claim) std::ranges::copy(order.claim->descriptors(), std::back_inserter(kept));
    close_others(kept);
    shed_all(order.account);
    if (::send(link, &ready_sign, 1, MSG_NOSIGNAL) == 1) wait_for_end(link, order);
    const bool last = !order.claim || order.claim->leave();
    status = !last || restore(file, order.change) ? 0 : 1;
    if (status != 0)
      tell("cannot put " + order.change.before.to_string() + " back: " + std::generic_category().message(errno));
  } catch (const std::exception& error) {
    tell(error.what());
  }
  ::_exit(status);
}

}  // namespace

PingGroupRestorer::PingGroupRestorer(const PingGroupRangeFile& file, GuardOrder order) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    os::fail("cannot make the guard's socket");
  link_ = os::FileDescriptor{ends[0]};
  if (order.claim) order.claim->announce(order.change);
  start(os::FileDescriptor{ends[1]}, file, order);
  char answer = 0;
  ssize_t got = 0;
  do {
    got = ::recv(link_.value(), &answer, 1, 0);
  } while (got < 0 && errno == EINTR);
  if (got == 1 && answer == ready_sign) return;
  end();
  throw std::system_error{ECHILD, std::generic_category(), "cannot guard net.ipv4.ping_group_range"};
}

void PingGroupRestorer::start(os::FileDescriptor guards_end, const PingGroupRangeFile& file, GuardOrder& order) {
  pid_ = ::fork();
  if (pid_ < 0) os::fail("cannot fork the guard of net.ipv4.ping_group_range");
  if (pid_ > 0) return;
  link_ = {};
  if (order.claim) order.claim->settle();
  guard(guards_end.value(), file, order);
}

void PingGroupRestorer::end() noexcept {
  link_ = {};
  if (pid_ <= 0) return;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

}  // namespace multiping::daemon
