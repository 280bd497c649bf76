// All socket options that this library uses and that older headers of Linux, glibc or musl do not name.
// Their numbers are part of the kernel's interface and never change; a kernel that lacks one refuses it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

// NOLINTBEGIN(readability-identifier-naming)  The names are the kernel's.

// The C libraries do not name these two. <linux/in6.h> does, but its earlier versions (such as 6.1.4) hide them when
// <netinet/in.h> is included too, and it conflicts with musl's <netinet/in.h>.
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif

#ifndef IPV6_AUTOFLOWLABEL  // Linux 3.17
#define IPV6_AUTOFLOWLABEL 70
#endif

#ifndef IP_RECVERR_RFC4884  // Linux 5.9
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IPV6_RECVERR_RFC4884  // Linux 5.9; not in musl
#define IPV6_RECVERR_RFC4884 31
#endif

// Socket level: the numbers of every architecture but parisc and sparc, whose own headers name them.
#ifndef SO_MEMINFO  // Linux 4.12
#define SO_MEMINFO 55
#endif
#ifndef SO_PEERGROUPS  // Linux 4.13
#define SO_PEERGROUPS 59
#endif
#ifndef SO_NETNS_COOKIE  // Linux 5.14; not in musl
#define SO_NETNS_COOKIE 71
#endif

// NOLINTEND(readability-identifier-naming)
