// Loads two filters on top of each other: one ends the process, the other returns errors; see load_filters().
// See seccomp_filter.hpp.
#include "apps/multipingd/sandbox/seccomp_filter.hpp"

#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <system_error>

#include "os/kernel_constants.hpp"

namespace multiping::daemon {
namespace {

/// The calls that daemon and guard need to run and to end. The last lines are for the allocator and for thread support
/// of the C library, and also serve sanitizers.
constexpr std::array common_calls{
    SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(writev),      SCMP_SYS(pread64),
    SCMP_SYS(close),         SCMP_SYS(exit),           SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime), SCMP_SYS(getpid),         SCMP_SYS(gettid),      SCMP_SYS(sched_yield),
    SCMP_SYS(brk),           SCMP_SYS(munmap),         SCMP_SYS(mremap),      SCMP_SYS(madvise),
    SCMP_SYS(futex),         SCMP_SYS(getrandom),
};

constexpr std::array daemon_calls{
    // The loop and the log; C libraries use one or the other of these calls.
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    // Clients and ping sockets.
    SCMP_SYS(accept4),
    SCMP_SYS(fcntl),
    SCMP_SYS(bind),
    SCMP_SYS(getsockname),
    SCMP_SYS(getsockopt),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    // For the output of --check, and to wait for the end of the guard.
    SCMP_SYS(fstat),
    SCMP_SYS(wait4),
};

/// The guard says that it is ready, waits, tells other daemons the change, and writes the setting.
constexpr std::array guard_calls{
    SCMP_SYS(sendto),  SCMP_SYS(pwrite64),   SCMP_SYS(poll),    SCMP_SYS(ppoll),
    SCMP_SYS(accept4), SCMP_SYS(getsockopt), SCMP_SYS(sendmsg),
};

/// Calls that are allowed with some arguments only, and fail with EPERM with others.
constexpr std::array conditional_calls{SCMP_SYS(socket), SCMP_SYS(setsockopt), SCMP_SYS(mmap), SCMP_SYS(mprotect),
                                       SCMP_SYS(newfstatat)};

/// Calls that fail with EPERM: harmless ones that a library may make, and those that the verification tries. seccomp()
/// and prctl() are among them: the first filter lets them pass so that the second can be loaded, which refuses them.
constexpr std::array refused_calls{
    SCMP_SYS(seccomp),   SCMP_SYS(prctl),    SCMP_SYS(open),      SCMP_SYS(openat),    SCMP_SYS(openat2),
    SCMP_SYS(creat),     SCMP_SYS(access),   SCMP_SYS(faccessat), SCMP_SYS(stat),      SCMP_SYS(lstat),
    SCMP_SYS(statx),     SCMP_SYS(getcwd),   SCMP_SYS(readlink),  SCMP_SYS(mkdir),     SCMP_SYS(unlink),
    SCMP_SYS(rename),    SCMP_SYS(chmod),    SCMP_SYS(ioctl),     SCMP_SYS(setuid),    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),  SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setgroups),
    SCMP_SYS(capset),    SCMP_SYS(connect),  SCMP_SYS(listen),    SCMP_SYS(uname),     SCMP_SYS(sysinfo),
    SCMP_SYS(prlimit64),
};

struct SocketOption {
  int level, name;
};

/// The options that ping sockets and the connections of clients are given.
constexpr std::array socket_options{
    SocketOption{SOL_SOCKET, SO_REUSEADDR},
    SocketOption{SOL_SOCKET, SO_RCVBUF},
    SocketOption{SOL_SOCKET, SO_RCVBUFFORCE},
    SocketOption{SOL_SOCKET, SO_SNDBUF},
    SocketOption{SOL_SOCKET, SO_TIMESTAMPING},
    SocketOption{IPPROTO_IP, IP_RECVERR},
    SocketOption{IPPROTO_IP, IP_RECVERR_RFC4884},
    SocketOption{IPPROTO_IP, IP_RECVTTL},
    SocketOption{IPPROTO_IP, IP_RECVTOS},
    SocketOption{IPPROTO_IPV6, IPV6_RECVERR},
    SocketOption{IPPROTO_IPV6, IPV6_RECVERR_RFC4884},
    SocketOption{IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    SocketOption{IPPROTO_IPV6, IPV6_RECVTCLASS},
};

class Filter {
 public:
  explicit Filter(std::uint32_t otherwise) : context_{::seccomp_init(otherwise), ::seccomp_release} {
    if (!context_) throw std::system_error{ENOMEM, std::system_category(), "cannot make a seccomp filter"};
    // Any call of another architecture ends the process.
    require(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  }

  void rule(std::uint32_t action, int call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
    require(::seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(arguments.size()),
                                     arguments.begin()));
  }

  void rules(std::uint32_t action, std::span<const int> calls) {
    for (const int call : calls) rule(action, call);
  }

  void load() { require(::seccomp_load(context_.get())); }

 private:
  static void require(int result) {
    if (result < 0) throw std::system_error{-result, std::system_category(), "cannot make the seccomp filter"};
  }

  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
};

constexpr scmp_arg_cmp equals(unsigned argument, int value) noexcept {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = static_cast<scmp_datum_t>(value), .datum_b = 0};
}

void allow_sockets(Filter& filter) {
  for (const int extra : {0, SOCK_CLOEXEC + 0, SOCK_NONBLOCK + 0, SOCK_CLOEXEC | SOCK_NONBLOCK}) {
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(socket),
                {equals(0, AF_INET), equals(1, SOCK_DGRAM | extra), equals(2, IPPROTO_ICMP)});
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(socket),
                {equals(0, AF_INET6), equals(1, SOCK_DGRAM | extra), equals(2, IPPROTO_ICMPV6)});
  }
}

void allow_socket_options(Filter& filter) {
  for (const SocketOption& option : socket_options)
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), {equals(1, option.level), equals(2, option.name)});
}

/// The filter knows descriptors by number, so these must stay open as long as the process runs.
void allow_packet_filters(Filter& filter, std::span<const int> descriptors) {
  for (const int descriptor : descriptors)
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(setsockopt),
                {equals(0, descriptor), equals(1, SOL_SOCKET), equals(2, SO_ATTACH_FILTER)});
}

/// Allows memory that is not executable.
void allow_data(Filter& filter) {
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    filter.rule(SCMP_ACT_ALLOW, call, {{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0}});
}

/// Newer C libraries implement fstat() by newfstatat() with AT_EMPTY_PATH. A call with this flag could also name a
/// path; then it would get the status of the file, but not open it.
void allow_descriptor_status(Filter& filter) {
  filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(newfstatat),
              {{.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = AT_EMPTY_PATH, .datum_b = AT_EMPTY_PATH}});
}

/// When there are two filters, the stricter answer holds. The first filter ends the process at a call that is on no
/// list. The second allows less, and returns EPERM for all other calls. One filter alone could not allow a call with
/// some arguments, return an error for others, and end the process at unknown calls.
void load_filters(std::span<const int> calls, const std::function<void(Filter&)>& add_conditions) {
  Filter first{SCMP_ACT_KILL_PROCESS}, second{SCMP_ACT_ERRNO(EPERM)};
  for (Filter* filter : {&first, &second}) {
    filter->rules(SCMP_ACT_ALLOW, common_calls);
    filter->rules(SCMP_ACT_ALLOW, calls);
  }
  first.rules(SCMP_ACT_ALLOW, conditional_calls);
  first.rules(SCMP_ACT_ALLOW, refused_calls);
  allow_data(second);
  allow_descriptor_status(second);
  add_conditions(second);
  first.load();
  second.load();
}

}  // namespace

void apply_daemon_filter(std::span<const int> filtered) {
  load_filters(daemon_calls, [filtered](Filter& filter) {
    allow_sockets(filter);
    allow_socket_options(filter);
    allow_packet_filters(filter, filtered);
  });
}

void apply_guard_filter() {
  load_filters(guard_calls, [](const Filter&) {});
}

}  // namespace multiping::daemon
