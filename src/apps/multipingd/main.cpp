// multipingd: hands ping sockets to processes that may not open any. This file prepares the process, and turns errors
// into log lines and an exit status. The command line is in options.hpp, the work in daemon.hpp.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include "apps/multipingd/daemon.hpp"
#include "apps/multipingd/daemon_options.hpp"
#include "base/log.hpp"

namespace {

using namespace multiping;  // NOLINT(google-build-using-namespace)

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int activated_descriptor = 3;

/// With set-user-ID or set-group-ID any user could choose the options of a privileged process.
void require_own_rights() {
  if (::getuid() != ::geteuid() || ::getgid() != ::getegid())
    throw std::runtime_error{"multipingd must not be installed set-user-ID or set-group-ID"};
}

/// If a descriptor below 3 were closed, the first file or socket that the daemon opens would get its number: the log
/// could go to a socket.
void hold_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != descriptor)
      throw std::runtime_error{"a standard descriptor is closed, and /dev/null cannot take its place"};
  }
}

/// The daemon must not read from the terminal that it was started at.
void leave_input() {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) != STDIN_FILENO)
    throw std::runtime_error{"/dev/null cannot take the place of the standard input"};
  ::close(nothing);
}

/// Resets what the process inherited: environment, working directory, umask, descriptors and signals.
void leave_surroundings(bool activated) {
  hold_standard_descriptors();
  if (::close_range(activated ? activated_descriptor + 1 : activated_descriptor, ~0U, 0) != 0)
    throw std::system_error{errno, std::generic_category(), "cannot close inherited descriptors"};
  leave_input();
  ::clearenv();
  if (::chdir("/") != 0) throw std::runtime_error{"cannot change to the directory /"};
  ::umask(0077);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t handled{};
  ::sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&handled, number);
  ::sigprocmask(SIG_SETMASK, &handled, nullptr);
}

int run(const daemon::Options& options, Log& log) {
  require_own_rights();
  leave_surroundings(options.activated);
  daemon::Daemon process{options, log};
  if (options.check) return process.check(std::cout) ? EXIT_SUCCESS : exit_failed;
  process.serve();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  Log log;
  try {
    const auto asked = daemon::parse_options(argc, argv);
    if (const auto* answer = std::get_if<daemon::Answer>(&asked)) {
      std::cout << answer->text << std::flush;
      return EXIT_SUCCESS;
    }
    return run(std::get<daemon::Options>(asked), log);
  } catch (const std::invalid_argument& error) {
    log.line(error.what());
    return exit_usage;
  } catch (const std::exception& error) {
    log.line(error.what());
    return exit_failed;
  }
}
