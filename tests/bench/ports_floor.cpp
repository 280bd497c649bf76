// The bare loop for ports: N connections with epoll, or N datagrams with sendmmsg and recvmmsg, without any library.
// Half of the probes go to the open port, half to the next port, which is closed. Usage: ports_floor tcp|udp N
// OPEN_PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "figures.hpp"

namespace {

constexpr std::size_t batch = 64;

struct Tally {
  unsigned open = 0, closed = 0;
};

/// Address n/2, counted from 127.1.0.1 up; an odd n has the closed port.
sockaddr_in probe_address(unsigned n, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port + n % 2));
  address.sin_addr.s_addr = htonl(0x7f010001U + n / 2);
  return address;
}

/// How many connections can be under way at once: nearly as many as there are descriptors.
unsigned window() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<unsigned>(limit.rlim_cur) - 16;
}

Tally connect_all(unsigned count, std::uint16_t port) {
  const int watch = ::epoll_create1(0);
  const unsigned most = window();
  std::array<epoll_event, batch> events{};
  Tally tally;
  unsigned started = 0, under_way = 0;
  while (tally.open + tally.closed < count) {
    for (unsigned burst = 0; burst < batch && under_way < most && started < count; ++burst) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      const linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      const sockaddr_in to = probe_address(started++, port);
      ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
      epoll_event event{};
      event.events = EPOLLOUT;
      event.data.fd = fd;
      ::epoll_ctl(watch, EPOLL_CTL_ADD, fd, &event);
      ++under_way;
    }
    const int ready = ::epoll_wait(watch, events.data(), static_cast<int>(events.size()), started < count ? 0 : 1000);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      int error = 0;
      socklen_t length = sizeof error;
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
      ++(error == 0 ? tally.open : tally.closed);
      ::close(fd);
      --under_way;
    }
  }
  return tally;
}

struct Datagrams {
  std::array<std::array<std::uint8_t, 56>, batch> out{};
  std::array<std::array<std::uint8_t, 512>, batch> in{};
  std::array<sockaddr_in, batch> names{}, from{};
  std::array<iovec, batch> out_vectors{}, in_vectors{};
  std::array<mmsghdr, batch> sending{}, receiving{};
};

Tally send_all(unsigned count, std::uint16_t port) {
  static Datagrams d;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int room = 4 << 20;
  ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  for (std::size_t i = 0; i < batch; ++i) {
    d.out_vectors[i] = {d.out[i].data(), d.out[i].size()};
    d.in_vectors[i] = {d.in[i].data(), d.in[i].size()};
    d.sending[i].msg_hdr.msg_iov = &d.out_vectors[i];
    d.receiving[i].msg_hdr.msg_iov = &d.in_vectors[i];
    d.sending[i].msg_hdr.msg_iovlen = d.receiving[i].msg_hdr.msg_iovlen = 1;
  }
  Tally tally;
  const auto take = [&](int flags) {
    int got = 0;
    unsigned all = 0;
    do {
      for (std::size_t i = 0; i < batch; ++i) {
        d.receiving[i].msg_hdr.msg_name = &d.from[i];
        d.receiving[i].msg_hdr.msg_namelen = sizeof d.from[i];
      }
      got = ::recvmmsg(fd, d.receiving.data(), batch, flags | MSG_DONTWAIT, nullptr);
      all += got > 0 ? static_cast<unsigned>(got) : 0U;
    } while (got == static_cast<int>(batch));
    return all;
  };
  const double end = bench::microseconds(CLOCK_MONOTONIC) + 5e6;
  for (unsigned next = 0; tally.open + tally.closed < count && bench::microseconds(CLOCK_MONOTONIC) < end;) {
    const std::size_t some = count - next < batch ? count - next : batch;
    for (std::size_t i = 0; i < some; ++i) {
      d.names[i] = probe_address(next + static_cast<unsigned>(i), port);
      d.sending[i].msg_hdr.msg_name = &d.names[i];
      d.sending[i].msg_hdr.msg_namelen = sizeof d.names[i];
    }
    // An error in the queue makes one call fail, but is not about the datagrams of that call.
    const int sent = some == 0 ? 0 : ::sendmmsg(fd, d.sending.data(), static_cast<unsigned>(some), 0);
    next += sent > 0 ? static_cast<unsigned>(sent) : 0U;
    tally.closed += take(MSG_ERRQUEUE);
    tally.open += take(0);
  }
  return tally;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto count = static_cast<unsigned>(std::atoi(argv[2]));
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[3]));
  bench::Laps laps;
  const Tally tally = std::string_view{argv[1]} == "tcp" ? connect_all(count, port) : send_all(count, port);
  const auto spent = laps.lap();
  std::printf("open=%u closed=%u wall=%.1f cpu=%.1f memory_kib=%ld\n", tally.open, tally.closed, spent.wall, spent.cpu,
              bench::peak_memory());
}
