// The other end of the port benchmark: takes TCP connections and echoes UDP datagrams on one port of every local
// address, until its standard input ends. Usage: ports_server PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

sockaddr_in everywhere(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  return address;
}

int open_on(int type, std::uint16_t port) {
  const int fd = ::socket(AF_INET, type | SOCK_NONBLOCK, 0);
  const int on = 1;
  const int room = 16 << 20;
  const sockaddr_in address = everywhere(port);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  ::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::perror("bind"), std::exit(1);
  if (type == SOCK_STREAM && ::listen(fd, 65535) != 0) std::perror("listen"), std::exit(1);
  return fd;
}

/// Each answer leaves from the address that the datagram was sent to: the control message gives it, and then sets it.
void echo(int fd) {
  std::array<std::uint8_t, 2048> bytes{};
  std::array<std::uint8_t, 256> control{};
  sockaddr_in from{};
  for (;;) {
    iovec vector{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd, &header, MSG_DONTWAIT);
    if (got < 0) return;
    vector.iov_len = static_cast<std::size_t>(got);
    header.msg_flags = 0;
    if (cmsghdr* info = CMSG_FIRSTHDR(&header); info != nullptr && info->cmsg_type == IP_PKTINFO)
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(info))->ipi_ifindex = 0;
    ::sendmsg(fd, &header, 0);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 7001);
  pollfd watched[] = {{open_on(SOCK_STREAM, port), POLLIN, 0}, {open_on(SOCK_DGRAM, port), POLLIN, 0}, {0, POLLIN, 0}};
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (::poll(watched, 3, -1) > 0) {
    for (int taken = ::accept(watched[0].fd, nullptr, nullptr); taken >= 0;
         taken = ::accept(watched[0].fd, nullptr, nullptr))
      ::close(taken);
    echo(watched[1].fd);
    if (watched[2].revents != 0 && ::read(0, &byte, 1) <= 0) return 0;
  }
}
