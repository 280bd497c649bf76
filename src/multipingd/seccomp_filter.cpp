// What system calls the daemon may make once it serves.
// See seccomp_filter.hpp.
#include "multipingd/seccomp_filter.hpp"

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

#include "linux/kernel_names.hpp"

namespace multiping::daemon {
namespace {

/// What both need to go on and to end. The last lines are the allocator's, and those of threads that the C library
/// thinks of; a sanitizer's are among them.
constexpr std::array common_calls{
    SCMP_SYS(read),          SCMP_SYS(write),          SCMP_SYS(writev),      SCMP_SYS(pread64),
    SCMP_SYS(close),         SCMP_SYS(exit),           SCMP_SYS(exit_group),  SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime), SCMP_SYS(getpid),         SCMP_SYS(gettid),      SCMP_SYS(sched_yield),
    SCMP_SYS(brk),           SCMP_SYS(munmap),         SCMP_SYS(mremap),      SCMP_SYS(madvise),
    SCMP_SYS(futex),         SCMP_SYS(getrandom),
};

constexpr std::array daemon_calls{
    // The loop and the log, by either name that the C library has for them.
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
    // What --check prints, and the end of the guard.
    SCMP_SYS(fstat),
    SCMP_SYS(wait4),
};

/// It says that it is ready, waits, tells other daemons what is set, and writes the setting.
constexpr std::array guard_calls{
    SCMP_SYS(sendto),  SCMP_SYS(pwrite64),   SCMP_SYS(poll),    SCMP_SYS(ppoll),
    SCMP_SYS(accept4), SCMP_SYS(getsockopt), SCMP_SYS(sendmsg),
};

/// Allowed with some arguments only; with others they fail.
constexpr std::array conditional_calls{SCMP_SYS(socket), SCMP_SYS(setsockopt), SCMP_SYS(mmap), SCMP_SYS(mprotect),
                                       SCMP_SYS(newfstatat)};

/// Harmless mistakes of a library, and what is tried to see whether it fails. By the first line a second filter comes
/// on top of a first, and none afterwards.
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

/// What a ping socket is made ready with, and a client's connection.
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
    // Calls of another architecture's table: all of them.
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

/// By number, so these descriptors must stay open as long as the process lives.
void allow_packet_filters(Filter& filter, std::span<const int> descriptors) {
  for (const int descriptor : descriptors)
    filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(setsockopt),
                {equals(0, descriptor), equals(1, SOL_SOCKET), equals(2, SO_ATTACH_FILTER)});
}

/// Memory, but nothing that could be run.
void allow_data(Filter& filter) {
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
    filter.rule(SCMP_ACT_ALLOW, call, {{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0}});
}

/// What fstat() is in newer C libraries. They could name a path beside the flag; it would be looked at, not opened.
void allow_descriptor_status(Filter& filter) {
  filter.rule(SCMP_ACT_ALLOW, SCMP_SYS(newfstatat),
              {{.arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = AT_EMPTY_PATH, .datum_b = AT_EMPTY_PATH}});
}

/// Of two filters the stricter answer holds. The first ends the process at what neither knows; the second, which allows
/// less, makes errors of the rest. One filter cannot say of one call both what it allows and how it refuses.
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
