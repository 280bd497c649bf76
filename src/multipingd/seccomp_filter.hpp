// What system calls the daemon may make once it serves: a short list, by libseccomp. seccomp(2).
// Whatever is not on it ends the process, but for calls that tell an error instead.
#pragma once

#include <span>

namespace multiping::daemon {

/// The daemon's. socket() makes ICMP and ICMPv6 datagram sockets, setsockopt() sets what they are made ready with, and
/// which datagrams reach the descriptors in `filtered`; other arguments, and calls that open files or change the user,
/// fail with EPERM. Anything else, execve() for one, ends the process. For good; needs no_new_privs. Throws
/// std::system_error.
void apply_daemon_filter(std::span<const int> filtered = {});

/// The guard's: it reads, writes, and ends.
void apply_guard_filter();

}  // namespace multiping::daemon
