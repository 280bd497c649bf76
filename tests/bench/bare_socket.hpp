// Sends one echo request by a bare ICMP socket with the options, filter and receive stamps of the library's sockets:
// the least that a ping() of one host costs. It throws nothing: a call that fails makes the result false.
#pragma once

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace bench {

class BareSocket {
 public:
  BareSocket(bool raw, bool v4) : raw_{raw}, v4_{v4} {
    fd_ = ::socket(v4 ? AF_INET : AF_INET6, (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
                   v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
    if (::getrandom(&id_, sizeof id_, 0) != sizeof id_) id_ = 1;
    raw ? filter() : bind_to_id();
    report();
  }
  BareSocket(const BareSocket&) = delete;
  BareSocket& operator=(const BareSocket&) = delete;
  ~BareSocket() { ::close(fd_); }

  /// Sends a request to the loopback address and waits for its answer with poll(2).
  bool ask() {
    std::array<std::uint8_t, message_size> message{};
    write_request(message);
    sockaddr_in6 to{};
    const socklen_t length = address(to);
    if (::sendto(fd_, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to), length) < 0)
      return false;
    for (int tries = 0; tries < 100; ++tries) {
      pollfd watched{.fd = fd_, .events = POLLIN, .revents = 0};
      if (::poll(&watched, 1, 1000) != 1) return false;
      if (receive()) return true;
    }
    return false;
  }

 private:
  static constexpr std::size_t message_size = 64;

  void set(int level, int name, int value) { ::setsockopt(fd_, level, name, &value, sizeof value); }

  void report() {
    const int level = v4_ ? int{IPPROTO_IP} : int{IPPROTO_IPV6};
    set(level, v4_ ? IP_RECVERR : IPV6_RECVERR, 1);
    set(level, v4_ ? 26 : 31, 1);  // IP_RECVERR_RFC4884, IPV6_RECVERR_RFC4884
    set(SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
    if (raw_ && v4_) return;
    set(level, v4_ ? IP_RECVTTL : IPV6_RECVHOPLIMIT, 1);
    set(level, v4_ ? IP_RECVTOS : IPV6_RECVTCLASS, 1);
  }

  void bind_to_id() {
    set(SOL_SOCKET, SO_REUSEADDR, 0);
    sockaddr_in6 name{};
    socklen_t length = v4_ ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    name.sin6_family = v4_ ? AF_INET : AF_INET6;
    name.sin6_port = htons(id_);
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&name), length);
  }

  /// Lets in only echo replies with our identifier and ICMP errors that quote it.
  void filter() {
    const auto op = [](int code, std::uint32_t k) { return sock_filter{static_cast<std::uint16_t>(code), 0, 0, k}; };
    const auto jump = [](std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
      return sock_filter{static_cast<std::uint16_t>(BPF_JMP | BPF_JEQ | BPF_K), yes, no, k};
    };
    const std::uint8_t quote = v4_ ? 8 : 48;
    sock_filter code[] = {
        v4_ ? op(BPF_LDX | BPF_B | BPF_MSH, 0) : op(BPF_LDX | BPF_W | BPF_IMM, 0),
        op(BPF_LD | BPF_B | BPF_IND, 0),
        jump(v4_ ? 0U : 129U, 5, 0),
        jump(v4_ ? 3U : 1U, 6, 0),
        jump(v4_ ? 11U : 2U, 5, 0),
        jump(v4_ ? 12U : 3U, 4, 0),
        jump(4U, v4_ ? 0 : 3, 0),
        op(BPF_RET | BPF_K, 0),
        op(BPF_LD | BPF_H | BPF_IND, 4),
        jump(id_, 8, 7),
        op(BPF_LD | BPF_B | BPF_IND, quote),
        op(BPF_ALU | BPF_AND | BPF_K, v4_ ? 0xfU : 0U),
        op(BPF_ALU | BPF_LSH | BPF_K, 2),
        op(BPF_ALU | BPF_ADD | BPF_X, 0),
        op(BPF_MISC | BPF_TAX, 0),
        op(BPF_LD | BPF_H | BPF_IND, static_cast<std::uint32_t>(quote) + 4),
        jump(id_, 1, 0),
        op(BPF_RET | BPF_K, 0),
        op(BPF_RET | BPF_K, 0x40000),
    };
    const sock_fprog program{.len = sizeof code / sizeof *code, .filter = code};
    ::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
    set(SOL_SOCKET, SO_LOCK_FILTER, 1);
  }

  socklen_t address(sockaddr_in6& to) const {
    if (v4_) {
      auto* const v4 = reinterpret_cast<sockaddr_in*>(&to);
      v4->sin_family = AF_INET;
      v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return sizeof(sockaddr_in);
    }
    to.sin6_family = AF_INET6;
    to.sin6_addr = in6addr_loopback;
    return sizeof to;
  }

  void write_request(std::array<std::uint8_t, message_size>& message) {
    ++sequence_;
    message[0] = v4_ ? 8 : 128;
    message[4] = static_cast<std::uint8_t>(id_ >> 8);
    message[5] = static_cast<std::uint8_t>(id_ & 0xff);
    message[6] = static_cast<std::uint8_t>(sequence_ >> 8);
    message[7] = static_cast<std::uint8_t>(sequence_ & 0xff);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < message.size(); i += 2)
      sum += static_cast<std::uint32_t>(message[i] << 8 | message[i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    message[2] = static_cast<std::uint8_t>(~sum >> 8 & 0xff);
    message[3] = static_cast<std::uint8_t>(~sum & 0xff);
  }

  bool receive() {
    std::array<std::uint8_t, 1536> packet;
    std::array<std::uint8_t, 256> control;
    sockaddr_in6 from{};
    iovec place{.iov_base = packet.data(), .iov_len = packet.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd_, &message, 0);
    const std::size_t start = raw_ && v4_ ? 20 : 0;
    return got >= static_cast<ssize_t>(start + 8) && packet[start] == (v4_ ? 0 : 129) &&
           (packet[start + 6] << 8 | packet[start + 7]) == sequence_;
  }

  bool raw_, v4_;
  int fd_ = -1;
  std::uint16_t id_ = 0, sequence_ = 0;
};

}  // namespace bench
