// Starts the daemon, and changes between root and the user that it serves. See through_broker.hpp.
// Only the effective user changes, so that a test can still configure its network.
#include "netns/through_broker.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "netns/namespace.hpp"
#include "os/socket_basics.hpp"

namespace multiping::test {
inline namespace broker_run {
namespace {

using namespace std::chrono_literals;

constexpr uid_t nobody = 65534;
constexpr const char* log_path = "/run/multipingd.log";
constexpr int patience_ms = 10'000;

const char* daemon_path() {
  return std::getenv("MULTIPING_TEST_THROUGH_BROKER");  // NOLINT(concurrency-mt-unsafe)
}

/// Changes the effective user and group only. The change removes the parent death signal, so this sets it again.
void become(uid_t user) {
  const bool done = user == 0 ? ::seteuid(0) == 0 && ::setegid(0) == 0 : ::setegid(user) == 0 && ::seteuid(user) == 0;
  if (!done) os::fail("cannot change the user");
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/// Runs the daemon. Gives its accounts by number, since accounts with the default names may not exist.
[[noreturn]] void become_daemon() {
  const int log = ::open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  // The leak check inspects a process from another one, which the daemon forbids.
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // NOLINT(concurrency-mt-unsafe)
  ::execl(daemon_path(), "multipingd", "--user", "4321", "--group", "4322", static_cast<char*>(nullptr));
  ::_exit(127);
}

bool ends(int process, int limit_ms) {
  pollfd ended{process, POLLIN, 0};
  return ::poll(&ended, 1, limit_ms) == 1;
}

int open_process(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

/// Runs the daemon until the process `served` has ended. A parent death signal would not work: the kernel sends it with
/// the rights of the dying process, which may not end a process of another user.
[[noreturn]] void keep_daemon(int served) {
  const pid_t pid = ::fork();
  if (pid == 0) become_daemon();
  const int daemon = open_process(pid);
  pollfd either[] = {{served, POLLIN, 0}, {daemon, POLLIN, 0}};
  while (::poll(either, 2, -1) < 0 && errno == EINTR) {
  }
  ::kill(pid, SIGTERM);
  if (!ends(daemon, patience_ms)) ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  ::_exit(0);
}

void start_daemon() {
  const int served = open_process(::getpid());
  const pid_t keeper = ::fork();
  if (served < 0 || keeper < 0) os::fail("cannot start multipingd");
  if (keeper == 0) keep_daemon(served);
  ::close(served);
}

void wait_until_served() {
  const auto limit = std::chrono::steady_clock::now() + 20s;
  std::error_code error;
  while (!open_transport({.kinds = {TransportKind::broker}}, error)) {
    if (std::chrono::steady_clock::now() > limit)
      throw std::runtime_error{"multipingd does not serve: " + error.message() + "; its log: " + read_file(log_path)};
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace

bool through_broker_only() { return daemon_path() != nullptr; }

TransportKind kind_here(TransportKind kind) {
  const bool needs_right = kind == TransportKind::raw || kind == TransportKind::ping_socket;
  return needs_right && through_broker_only() ? TransportKind::broker : kind;
}

bool tried_here(TransportKind kind) { return !through_broker_only() || kind == TransportKind::ping_socket; }

void ping_through_broker() {
  start_daemon();
  wait_until_served();
  if (::setgroups(0, nullptr) != 0) os::fail("cannot leave the groups");
  become(nobody);
  std::error_code error;
  const auto own = open_transport({.kinds = {TransportKind::raw, TransportKind::ping_socket}}, error);
  if (own) throw std::logic_error{"this process may open sockets of its own"};
}

AsRoot::AsRoot() : changed_{::getuid() == 0 && ::geteuid() != 0} {
  if (changed_) become(0);
}

AsRoot::~AsRoot() {
  if (changed_) become(nobody);
}

}  // namespace broker_run
}  // namespace multiping::test
