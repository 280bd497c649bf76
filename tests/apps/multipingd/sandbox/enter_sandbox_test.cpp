// Tests that the rights that the daemon gives up are gone: a process locked down as the daemon tries to use them.
#include "apps/multipingd/sandbox/enter_sandbox.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <span>
#include <sstream>
#include <string>

#include "apps/multipingd/icmp4em/blocked_sources.hpp"
#include "apps/multipingd/sandbox/resource_limits.hpp"
#include "apps/multipingd/sandbox/seccomp_filter.hpp"
#include "netns/namespace.hpp"
#include "os/ping_socket_source.hpp"
#include "os/socket_basics.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_lock_down_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using namespace multiping;
using namespace multiping::test;

constexpr daemon::Account account{.user = 4321, .group = 4322};
constexpr int escaped = 99;

/// Runs `attempt` in a process that has locked itself down, and returns the wait status of that process. Its exit
/// status is the result of the attempt: 0, or errno when the attempt failed.
int status_of_locked(const std::function<int()>& attempt, std::span<const int> filtered = {}) {
  const pid_t pid = ::fork();
  BOOST_REQUIRE(pid >= 0);
  if (pid == 0) {
    const auto findings = daemon::lock_down(account, 64, filtered);
    const bool holds = std::ranges::all_of(findings, &daemon::Finding::holds);
    ::_exit(holds ? attempt() : escaped);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

int error_of(bool done) { return done ? 0 : errno; }

/// Checks that the attempt fails with EPERM and the process goes on.
void check_refused(const char* what, const std::function<bool()>& attempt) {
  const int status = status_of_locked([&] { return error_of(attempt()); });
  BOOST_TEST(WIFEXITED(status), what);
  BOOST_TEST(WEXITSTATUS(status) == EPERM, what << ": " << WEXITSTATUS(status));
}

void check_deadly(const char* what, const std::function<void()>& attempt) {
  const int status = status_of_locked([&] {
    attempt();
    return escaped;
  });
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS), what << ": " << status);
}

bool opens_socket(int domain, int type, int protocol) {
  return static_cast<bool>(os::FileDescriptor{::socket(domain, type, protocol)});
}

/// Calls `attempt` with a ping socket that was opened before the lock-down.
template <class Attempt>
void with_ping_socket(Attempt attempt) {
  in_namespace([&] {
    allow_ping_sockets();
    const os::PingSocket ping = os::open_ping_socket(Family::ipv4);
    BOOST_REQUIRE(ping.socket.value() >= 0);
    attempt(ping.socket.value());
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(ping_sockets_of_both_families_open) {
  in_namespace([] {
    allow_ping_sockets();
    const int status = status_of_locked([] {
      const bool both = os::open_ping_socket(Family::ipv4).socket && os::open_ping_socket(Family::ipv6).socket;
      return error_of(both && opens_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
    });
    BOOST_TEST(status == 0);
  });
}

BOOST_AUTO_TEST_CASE(other_sockets_are_refused) {
  for (const int extra : {0, SOCK_CLOEXEC | SOCK_NONBLOCK}) {
    check_refused("raw ICMP", [&] { return opens_socket(AF_INET, SOCK_RAW | extra, IPPROTO_ICMP); });
    check_refused("raw ICMPv6", [&] { return opens_socket(AF_INET6, SOCK_RAW | extra, IPPROTO_ICMPV6); });
    check_refused("raw IP", [&] { return opens_socket(AF_INET, SOCK_RAW | extra, IPPROTO_RAW); });
    check_refused("UDP", [&] { return opens_socket(AF_INET, SOCK_DGRAM | extra, 0); });
    check_refused("UDP over IPv6", [&] { return opens_socket(AF_INET6, SOCK_DGRAM | extra, IPPROTO_UDP); });
    check_refused("TCP", [&] { return opens_socket(AF_INET, SOCK_STREAM | extra, 0); });
    check_refused("Unix", [&] { return opens_socket(AF_UNIX, SOCK_STREAM | extra, 0); });
    check_refused("netlink", [&] { return opens_socket(AF_NETLINK, SOCK_RAW | extra, 0); });
    check_refused("packets", [&] { return opens_socket(AF_PACKET, SOCK_RAW | extra, 0); });
    check_refused("crossed families", [&] { return opens_socket(AF_INET6, SOCK_DGRAM | extra, IPPROTO_ICMP); });
  }
}

BOOST_AUTO_TEST_CASE(options_that_a_ping_socket_does_not_need_are_refused) {
  with_ping_socket([](int socket) {
    const auto sets = [&](int level, int name) { return os::set_option(socket, level, name, 1); };
    check_refused("IP_HDRINCL", [&] { return sets(IPPROTO_IP, IP_HDRINCL); });
    check_refused("IP_OPTIONS", [&] { return sets(IPPROTO_IP, IP_OPTIONS); });
    check_refused("SO_MARK", [&] { return sets(SOL_SOCKET, SO_MARK); });
    check_refused("SO_ATTACH_FILTER", [&] { return sets(SOL_SOCKET, SO_ATTACH_FILTER); });
    check_refused("SO_BINDTODEVICE", [&] { return sets(SOL_SOCKET, SO_BINDTODEVICE); });
    check_refused("a raw socket's option", [&] { return sets(IPPROTO_RAW, 1); });
  });
}

BOOST_AUTO_TEST_CASE(datagrams_are_filtered_at_the_sockets_that_were_named_and_no_others) {
  const os::FileDescriptor named{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const os::FileDescriptor other{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const daemon::DatagramSource source{.address = Address::v4({127, 0, 0, 1}), .port = 9};
  const auto attempt = [&](int socket) {
    return [&source, socket] { return error_of(daemon::refuse_sources(socket, {&source, 1})); };
  };
  const int sockets[] = {named.value()};
  const int allowed = status_of_locked(attempt(named.value()), sockets);
  BOOST_TEST(allowed == 0);
  const int refused = status_of_locked(attempt(other.value()), sockets);
  BOOST_TEST((WIFEXITED(refused) && WEXITSTATUS(refused) == EPERM));
}

BOOST_AUTO_TEST_CASE(files_and_users_are_refused) {
  check_refused("open", [] { return ::open("/etc/passwd", O_RDONLY) >= 0; });
  check_refused("make", [] { return ::open("/tmp/multipingd-escaped", O_WRONLY | O_CREAT, 0600) >= 0; });
  check_refused("unlink", [] { return ::unlink("/tmp/multipingd-escaped") == 0; });
  check_refused("user", [] { return ::setresuid(0, 0, 0) == 0; });
  check_refused("group", [] { return ::setresgid(0, 0, 0) == 0; });
  check_refused("groups", [] { return ::setgroups(0, nullptr) == 0; });
  check_refused("limits", [] {
    const rlimit more{.rlim_cur = 8, .rlim_max = 8};
    return ::setrlimit(RLIMIT_NOFILE, &more) == 0;
  });
}

BOOST_AUTO_TEST_CASE(memory_that_could_be_run_is_refused) {
  check_refused("map", [] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  });
  const int status = status_of_locked([] {
    void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return escaped;
    return error_of(::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
  });
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == EPERM));
}

BOOST_AUTO_TEST_CASE(other_programs_and_processes_are_deadly) {
  char program[] = "/bin/true";
  char* const words[] = {program, nullptr};
  check_deadly("execve", [&] { ::execv(program, words); });
  check_deadly("execveat", [&] { ::fexecve(0, words, words + 1); });
  check_deadly("fork", [] { [[maybe_unused]] const pid_t pid = ::fork(); });
  check_deadly("kill", [] { ::kill(::getppid(), 0); });
  check_deadly("chroot", [] { ::chroot("/"); });
}

BOOST_AUTO_TEST_CASE(guard_opens_no_socket_at_all) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    apps::drop_privileges(account);
    daemon::apply_guard_filter();
    ::_exit(error_of(opens_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)));
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == EPERM));
}

// The unit must name these calls: @system-service lacks them in some versions of systemd, and other versions have them
// in @privileged and @resources.
BOOST_AUTO_TEST_CASE(the_unit_lets_the_daemon_lock_itself_down) {
  const std::string unit = read_file(MULTIPING_SOURCE_DIR "/src/apps/multipingd/multipingd.service.in");
  const auto last = unit.rfind("\nSystemCallFilter=");
  BOOST_REQUIRE(last != std::string::npos);
  std::istringstream words{unit.substr(unit.find('=', last) + 1)};
  std::string line;
  std::getline(words, line);
  for (const std::string call :
       {"capset", "setrlimit", "prlimit64", "seccomp", "landlock_create_ruleset", "landlock_restrict_self"})
    BOOST_TEST((" " + line + " ").find(" " + call + " ") != std::string::npos, call);
}

// Runs in its own process, which ends by _exit(): a search for leaks would open files.
BOOST_AUTO_TEST_CASE(landlock_alone_opens_no_file) {
  const auto opens = [](const char* path) { return os::FileDescriptor{::open(path, O_RDONLY)}.value() >= 0; };
  const pid_t pid = ::fork();
  BOOST_REQUIRE(pid >= 0);
  if (pid == 0) {
    if (daemon::forbid_files() == 0) ::_exit(0);  // this kernel has no Landlock, and the daemon says so
    if (opens("/etc/passwd") || errno != EACCES) ::_exit(1);
    if (opens("/")) ::_exit(2);
    ::_exit(::mkdir("/tmp/multipingd-escaped", 0700) == 0 || errno != EACCES ? 3 : 0);
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(pid, &status, 0) == pid);
  BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0), status);
}

BOOST_AUTO_TEST_CASE(what_was_not_given_up_is_found) {
  Child child{[] {
    daemon::SandboxSelfTest verification;
    verification.try_files();
    const auto findings = verification.run({.account = account});
    const auto holds = [&](const char* what) {
      const auto found = std::ranges::find(findings, what, &daemon::Finding::what);
      BOOST_REQUIRE(found != findings.end());
      return found->holds;
    };
    for (const char* what : {"Uid", "Gid", "NoNewPrivs", "Seccomp", "CapPrm", "CapEff", "CapBnd", "raw socket",
                             "TCP socket", "UDP socket", "open /etc/passwd", "become root", "Landlock"})
      BOOST_TEST(!holds(what), what);
  }};
  BOOST_TEST(child.join());
}

BOOST_AUTO_TEST_CASE(fields_of_status_are_found_by_their_whole_name) {
  const std::string status = "Name:\tx\nCapBnd:\t0001\nGroups:\t \nGroup:\t7 8 \nLast:\t9";
  BOOST_TEST(daemon::status_field(status, "CapBnd") == "0001");
  BOOST_TEST(daemon::status_field(status, "Groups") == "");
  BOOST_TEST(daemon::status_field(status, "Group") == "7 8");
  BOOST_TEST(daemon::status_field(status, "Last") == "9");
  BOOST_TEST(daemon::status_field(status, "Cap") == "");
}

BOOST_AUTO_TEST_SUITE_END()
