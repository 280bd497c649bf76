// How many messages go into one system call, sendmmsg(2) or recvmmsg(2).
// Header only.
#pragma once

#include <cstddef>

namespace multiping::net {

/// The most probes that one call sends. With this number each sending time is known to about 100 microseconds, and the
/// cost of the call itself does not count.
inline constexpr std::size_t most_sent_at_once = 64;

/// The most packets that one call reads.
inline constexpr std::size_t most_read_at_once = 64;
/// The same for an object of at most so many targets, which then needs less memory.
inline constexpr std::size_t few_read_at_once = 8;

}  // namespace multiping::net
