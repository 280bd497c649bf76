// The floor: the time that the kernel itself needs for N echo requests and their replies, without any library.
// It uses one socket, calls sendmmsg and recvmmsg with 64 messages in turn, and counts answers without keeping them.
// Usage: floor raw|ping 4|6 N   (127.0.0.1 onwards, or fd77::1 onwards). Prints: answered wall_us cpu_us memory_kib
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "figures.hpp"

namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t message_size = 64;

union Name {
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t name_of(bool v4, std::uint32_t index, Name& name) {
  const std::uint32_t host = htonl(index + 1);
  name = {};
  if (v4) {
    name.v4.sin_family = AF_INET;
    name.v4.sin_addr.s_addr = htonl(0x7f000001U + index);
    return sizeof name.v4;
  }
  name.v6.sin6_family = AF_INET6;
  name.v6.sin6_addr.s6_addr[0] = 0xfd;
  name.v6.sin6_addr.s6_addr[1] = 0x77;
  std::memcpy(&name.v6.sin6_addr.s6_addr[12], &host, sizeof host);
  return sizeof name.v6;
}

/// Filters a raw socket, which gets the host's own requests and all replies: both would fill the buffer.
void only_replies(int fd, bool v4, std::uint16_t id) {
  const auto start = v4 ? 20U : 0U;
  sock_filter code[] = {
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, start},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, v4 ? 0U : 129U},
      {BPF_LD | BPF_H | BPF_ABS, 0, 0, start + 4},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, id},
      {BPF_RET | BPF_K, 0, 0, 0x40000},
      {BPF_RET | BPF_K, 0, 0, 0},
  };
  const sock_fprog program{6, code};
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void put_checksum(std::uint8_t* message) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < message_size; i += 2) sum += static_cast<std::uint32_t>(message[i] << 8 | message[i + 1]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  message[2] = static_cast<std::uint8_t>(~sum >> 8 & 0xff);
  message[3] = static_cast<std::uint8_t>(~sum & 0xff);
}

struct Buffers {
  std::array<std::array<std::uint8_t, message_size>, batch> out{};
  std::array<std::array<std::uint8_t, 256>, batch> in{};
  std::array<Name, batch> names{};
  std::array<iovec, batch> out_vectors{}, in_vectors{};
  std::array<mmsghdr, batch> sending{}, receiving{};
};

std::uint64_t run(int fd, bool raw, bool v4, std::uint16_t id, std::uint32_t targets) {
  static Buffers b;
  for (std::size_t i = 0; i < batch; ++i) {
    b.out_vectors[i] = {b.out[i].data(), message_size};
    b.in_vectors[i] = {b.in[i].data(), b.in[i].size()};
    b.receiving[i].msg_hdr.msg_iov = &b.in_vectors[i];
    b.receiving[i].msg_hdr.msg_iovlen = 1;
  }
  std::uint64_t answered = 0;
  const auto drain = [&](int flags) {
    int got = 0;
    do {
      got = ::recvmmsg(fd, b.receiving.data(), batch, flags, nullptr);
      answered += got > 0 ? static_cast<std::uint64_t>(got) : 0U;
    } while (got == static_cast<int>(batch));
  };
  for (std::uint32_t next = 0; next < targets;) {
    const std::size_t count = targets - next < batch ? targets - next : batch;
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t* message = b.out[i].data();
      message[0] = v4 ? 8 : 128;
      message[2] = message[3] = 0;
      message[4] = static_cast<std::uint8_t>(id >> 8);
      message[5] = static_cast<std::uint8_t>(id & 0xff);
      message[6] = static_cast<std::uint8_t>((next + i) >> 8 & 0xff);
      message[7] = static_cast<std::uint8_t>((next + i) & 0xff);
      if (raw && v4) put_checksum(message);
      msghdr& header = b.sending[i].msg_hdr;
      header.msg_name = &b.names[i];
      header.msg_namelen = name_of(v4, static_cast<std::uint32_t>(next + i), b.names[i]);
      header.msg_iov = &b.out_vectors[i];
      header.msg_iovlen = 1;
    }
    const int sent = ::sendmmsg(fd, b.sending.data(), static_cast<unsigned>(count), 0);
    if (sent <= 0) break;
    next += static_cast<std::uint32_t>(sent);
    drain(MSG_DONTWAIT);
  }
  return answered;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const bool raw = std::string_view{argv[1]} == "raw";
  const bool v4 = std::string_view{argv[2]} == "4";
  const auto targets = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));
  const int protocol = v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
  const int fd = ::socket(v4 ? AF_INET : AF_INET6, raw ? SOCK_RAW : SOCK_DGRAM, protocol);
  if (fd < 0) return std::perror("socket"), 1;
  const auto id = static_cast<std::uint16_t>(::getpid());
  if (raw) only_replies(fd, v4, id);
  bench::Laps laps;
  const std::uint64_t answered = run(fd, raw, v4, id, targets);
  const auto spent = laps.lap();
  std::printf("%llu %.1f %.1f %ld\n", static_cast<unsigned long long>(answered), spent.wall, spent.cpu,
              bench::peak_memory());
}
