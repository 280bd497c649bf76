// How many messages go into one system call, sendmmsg(2) or recvmmsg(2).
// Header only.
#pragma once

#include <algorithm>
#include <cstddef>

namespace multiping::net {

/// The most probes that one call sends. With this number each sending time is known to about 100 microseconds, and the
/// cost of the call itself does not count.
inline constexpr std::size_t most_sent_at_once = 64;

/// The most packets that one call reads.
inline constexpr std::size_t most_read_at_once = 64;
/// The same for an object of at most so many targets, which then needs less memory.
inline constexpr std::size_t few_read_at_once = 8;
/// The same for an object of `targets` targets. The first use of memory for a packet takes longer than a call for it,
/// so a small batch is read in several calls.
[[nodiscard]] constexpr std::size_t read_at_once(std::size_t targets) noexcept {
  return std::clamp(targets / 8, few_read_at_once, most_read_at_once);
}

}  // namespace multiping::net
