// Restricts the system calls of the daemon and its guard to short lists, by libseccomp. seccomp(2).
// A call that is on no list ends the process.
#pragma once

#include <span>

namespace multiping::daemon {

/// The filter of the daemon. socket() may open ICMP and ICMPv6 datagram sockets. setsockopt() may set the options that
/// ping sockets and connections need, and packet filters on the descriptors in `filtered`. Other arguments, and calls
/// that open files or change the user, fail with EPERM. Any other call, for example execve(), ends the process.
///
/// The filter cannot be removed. It needs no_new_privs. Throws std::system_error.
void apply_daemon_filter(std::span<const int> filtered = {});

/// The filter of the guard, which may wait, answer other daemons, write the setting, and end. Throws std::system_error.
void apply_guard_filter();

}  // namespace multiping::daemon
