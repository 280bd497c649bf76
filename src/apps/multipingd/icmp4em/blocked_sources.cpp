// The filter of a UDP socket sees a datagram from its UDP header on; the IP header is at SKF_NET_OFF.
// See blocked_sources.hpp.
#include "apps/multipingd/icmp4em/blocked_sources.hpp"

#include <linux/filter.h>
#include <sys/socket.h>

#include <algorithm>
#include <vector>

#include "packet/reader.hpp"

namespace multiping::daemon {
namespace {

constexpr std::uint32_t whole_datagram = 0x40000;
constexpr std::uint32_t ip_header = static_cast<std::uint32_t>(SKF_NET_OFF);
constexpr std::uint32_t source_v4 = ip_header + 12, source_v6 = ip_header + 8;

// BPF_STMT and BPF_JUMP as functions: those macros do not fit C++ conversions.
constexpr sock_filter op(int code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }

/// Goes on when the register is `k`, else skips `skip` instructions.
constexpr sock_filter unless(std::uint32_t k, std::size_t skip) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), 0, static_cast<std::uint8_t>(skip), k};
}

/// Appends code that refuses a datagram of this source; for any other it runs on after this code.
void append(std::vector<sock_filter>& code, const DatagramSource& source) {
  const auto octets = source.address.bytes();
  const bool v4 = source.address.family() == Family::ipv4;
  const std::size_t words = octets.size() / sizeof(std::uint32_t);
  std::size_t left = 2 * words + 1 + 3;  // instructions after the first comparison
  code.push_back(op(BPF_LD | BPF_H | BPF_ABS, 0));
  code.push_back(unless(source.port, left));
  code.push_back(op(BPF_LD | BPF_B | BPF_ABS, ip_header));
  code.push_back(op(BPF_ALU | BPF_RSH | BPF_K, 4));
  code.push_back(unless(v4 ? 4 : 6, left -= 3));
  packet::Reader in{octets};
  for (std::uint32_t offset = 0; in.remaining() > 0; offset += sizeof(std::uint32_t)) {
    code.push_back(op(BPF_LD | BPF_W | BPF_ABS, (v4 ? source_v4 : source_v6) + offset));
    code.push_back(unless(in.u32(), left -= 2));
  }
  code.push_back(op(BPF_RET | BPF_K, 0));
}

}  // namespace

bool refuse_sources(int udp_socket, std::span<const DatagramSource> sources) {
  std::vector<sock_filter> code;
  for (const DatagramSource& source : sources.first(std::min(sources.size(), most_sources_refused)))
    append(code, source);
  code.push_back(op(BPF_RET | BPF_K, whole_datagram));
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  return ::setsockopt(udp_socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

}  // namespace multiping::daemon
