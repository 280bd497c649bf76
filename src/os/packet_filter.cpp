// A load beyond the packet's end refuses the packet. IPv4 sockets see the IP header, IPv6 ones do not.
// See packet_filter.hpp.
#include "os/packet_filter.hpp"

#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <initializer_list>
#include <span>

namespace multiping::os {
namespace {

constexpr std::uint32_t everything = 0x40000;
constexpr int most_stale_packets = 100'000;
/// ICMP_FILTER of raw(7). Its header, <linux/icmp.h>, conflicts with <net/if.h> when files are compiled together.
constexpr int icmp_filter_option = 1;

// BPF_STMT and BPF_JUMP as functions: those macros do not fit C++ conversions.
constexpr sock_filter op(int code, std::uint32_t k) { return {static_cast<std::uint16_t>(code), 0, 0, k}; }
constexpr sock_filter jump_if(std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), yes, no, k};
}

bool attach(int socket, std::span<sock_filter> code) noexcept {
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  const int locked = 1;
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0 &&
         ::setsockopt(socket, SOL_SOCKET, SO_LOCK_FILTER, &locked, sizeof locked) == 0;
}

bool attach_icmp_v4(int socket, std::uint16_t id) noexcept {
  sock_filter code[] = {
      op(BPF_LDX | BPF_B | BPF_MSH, 0),     //  0: X = length of the IP header
      op(BPF_LD | BPF_B | BPF_IND, 0),      //  1: ICMP type
      jump_if(0, 4, 0),                     //  2: echo reply: to 7
      jump_if(3, 5, 0),                     //  3: destination unreachable: to 9
      jump_if(11, 4, 0),                    //  4: time exceeded: to 9
      jump_if(12, 3, 0),                    //  5: parameter problem: to 9
      op(BPF_RET | BPF_K, 0),               //  6
      op(BPF_LD | BPF_H | BPF_IND, 4),      //  7: identifier
      jump_if(id, 10, 9),                   //  8: to 19 or 18
      op(BPF_LD | BPF_B | BPF_IND, 8 + 9),  //  9: protocol of the quoted packet
      jump_if(IPPROTO_ICMP, 0, 7),          // 10: to 18
      op(BPF_LD | BPF_B | BPF_IND, 8),      // 11: its version and header length
      op(BPF_ALU | BPF_AND | BPF_K, 0xf),   // 12
      op(BPF_ALU | BPF_LSH | BPF_K, 2),     // 13
      op(BPF_ALU | BPF_ADD | BPF_X, 0),     // 14
      op(BPF_MISC | BPF_TAX, 0),            // 15: X = both header lengths
      op(BPF_LD | BPF_H | BPF_IND, 8 + 4),  // 16: quoted identifier
      jump_if(id, 1, 0),                    // 17: to 19 or 18
      op(BPF_RET | BPF_K, 0),               // 18
      op(BPF_RET | BPF_K, everything),      // 19
  };
  return attach(socket, code);
}

bool attach_icmp_v6(int socket, std::uint16_t id) noexcept {
  sock_filter code[] = {
      op(BPF_LD | BPF_B | BPF_ABS, 0),      //  0: ICMPv6 type
      jump_if(129, 5, 0),                   //  1: echo reply: to 7
      jump_if(1, 6, 0),                     //  2: destination unreachable: to 9
      jump_if(2, 5, 0),                     //  3: packet too big: to 9
      jump_if(3, 4, 0),                     //  4: time exceeded: to 9
      jump_if(4, 3, 0),                     //  5: parameter problem: to 9
      op(BPF_RET | BPF_K, 0),               //  6
      op(BPF_LD | BPF_H | BPF_ABS, 4),      //  7: identifier
      jump_if(id, 9, 8),                    //  8: to 18 or 17
      op(BPF_LD | BPF_B | BPF_ABS, 8 + 6),  //  9: next header of the quoted packet
      jump_if(IPPROTO_ICMPV6, 4, 0),        // 10: to 15
      jump_if(IPPROTO_HOPOPTS, 6, 0),       // 11: extension headers are walked in user space: to 18
      jump_if(IPPROTO_ROUTING, 5, 0),       // 12
      jump_if(IPPROTO_FRAGMENT, 4, 0),      // 13
      jump_if(IPPROTO_DSTOPTS, 3, 2),       // 14: to 18 or 17
      op(BPF_LD | BPF_H | BPF_ABS, 52),     // 15: quoted identifier
      jump_if(id, 1, 0),                    // 16: to 18 or 17
      op(BPF_RET | BPF_K, 0),               // 17
      op(BPF_RET | BPF_K, everything),      // 18
  };
  return attach(socket, code);
}

/// X = the offset of the message in what a raw socket gives: after the IP header for IPv4, 0 for IPv6.
constexpr sock_filter to_message(Family family) {
  return family == Family::ipv4 ? op(BPF_LDX | BPF_B | BPF_MSH, 0) : op(BPF_LDX | BPF_W | BPF_IMM, 0);
}

bool attach_tcp(int socket, const Accepted& accepted) noexcept {
  constexpr std::uint32_t ack_or_reset = 0x14;
  sock_filter code[] = {
      to_message(accepted.family),                                                   // 0
      op(BPF_LD | BPF_H | BPF_IND, 2),                                               // 1: destination port
      jump_if(accepted.id, 0, 2),                                                    // 2: another: to 5
      op(BPF_LD | BPF_B | BPF_IND, 13),                                              // 3: flags
      {static_cast<std::uint16_t>(BPF_JMP | BPF_JSET | BPF_K), 1, 0, ack_or_reset},  // 4: to 6 or 5
      op(BPF_RET | BPF_K, 0),                                                        // 5
      op(BPF_RET | BPF_K, everything),                                               // 6
  };
  return attach(socket, code);
}

bool attach_sctp(int socket, const Accepted& accepted) noexcept {
  constexpr std::uint32_t init_ack = 2, abort = 6, first_chosen_port = 0x8000;
  const int compare = accepted.id != 0 ? BPF_JEQ : BPF_JGE;
  const std::uint32_t port = accepted.id != 0 ? accepted.id : first_chosen_port;
  sock_filter code[] = {
      to_message(accepted.family),                                          // 0
      op(BPF_LD | BPF_H | BPF_IND, 2),                                      // 1: destination port
      {static_cast<std::uint16_t>(BPF_JMP | compare | BPF_K), 0, 3, port},  // 2: another: to 6
      op(BPF_LD | BPF_B | BPF_IND, 12),                                     // 3: type of the first chunk
      jump_if(init_ack, 2, 0),                                              // 4: to 7
      jump_if(abort, 1, 0),                                                 // 5: to 7 or 6
      op(BPF_RET | BPF_K, 0),                                               // 6
      op(BPF_RET | BPF_K, everything),                                      // 7
  };
  return attach(socket, code);
}

/// ICMP_FILTER, raw(7).
void refuse_types_v4(int socket, std::uint32_t refused) noexcept {
  ::setsockopt(socket, SOL_RAW, icmp_filter_option, &refused, sizeof refused);
}

/// ICMP6_FILTER, RFC 3542 section 3.2.
void pass_types_v6(int socket, std::initializer_list<unsigned> types) noexcept {
  icmp6_filter passed{};
  ICMP6_FILTER_SETBLOCKALL(&passed);
  for (const unsigned type : types) ICMP6_FILTER_SETPASS(type, &passed);
  ::setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, &passed, sizeof passed);
}

bool attach_for(int socket, const Accepted& accepted) noexcept {
  if (accepted.protocol == Protocol::tcp) return attach_tcp(socket, accepted);
  if (accepted.protocol == Protocol::sctp) return attach_sctp(socket, accepted);
  return accepted.family == Family::ipv4 ? attach_icmp_v4(socket, accepted.id) : attach_icmp_v6(socket, accepted.id);
}

}  // namespace

/// Passes the same types as the filters above.
void pass_answers(int socket, Family family) noexcept {
  if (family == Family::ipv4) return refuse_types_v4(socket, ~(1U << 0U | 1U << 3U | 1U << 11U | 1U << 12U));
  pass_types_v6(socket, {1U, 2U, 3U, 4U, 129U});
}

void pass_nothing(int socket, Family family) noexcept {
  family == Family::ipv4 ? refuse_types_v4(socket, ~0U) : pass_types_v6(socket, {});
}

void attach_packet_filter(int socket, const Accepted& accepted) noexcept {
  static_cast<void>(attach_for(socket, accepted));
  // The kernel checks the type before it copies the packet for this socket, and the filter after that. So this host's
  // own requests, which come in on loopback, cost nothing.
  if (accepted.protocol == Protocol::icmp) pass_answers(socket, accepted.family);
  char byte = 0;
  for (int i = 0; i < most_stale_packets && ::recv(socket, &byte, sizeof byte, MSG_DONTWAIT) >= 0; ++i) {
  }
}

}  // namespace multiping::os
