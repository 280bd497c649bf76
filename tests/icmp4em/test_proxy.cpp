// A child process that waits for requests and replies by poll(2).
// See test_proxy.hpp.
#include "icmp4em/test_proxy.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <stdexcept>
#include <string>

#include "os/file_descriptor.hpp"
#include "os/socket_basics.hpp"
#include "packet/internet_checksum.hpp"

namespace multiping::test {
namespace {

constexpr int longest_start = 10'000;  // ms

std::uint16_t read16(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
void write16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// The client of a probe, and the numbers of its request.
struct Asker {
  sockaddr_in from{};
  Bytes number{};  ///< Identifier and sequence number, as received.
};

class Proxy {
 public:
  explicit Proxy(const ProxyBehaviour& behaviour) : behaviour_{behaviour} {
    clients_ = os::open_socket(Family::ipv4, SOCK_DGRAM, 0);
    const sockaddr_in here{.sin_family = AF_INET,
                           .sin_port = htons(test_proxy_port),
                           .sin_addr = {htonl(INADDR_LOOPBACK)},
                           .sin_zero = {}};
    if (::bind(clients_.value(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
      throw std::runtime_error("the test proxy cannot bind");
    pings_[0] = os::open_socket(Family::ipv4, SOCK_DGRAM, IPPROTO_ICMP);
    pings_[1] = os::open_socket(Family::ipv6, SOCK_DGRAM, IPPROTO_ICMPV6);
    if (!pings_[0] || !pings_[1]) throw std::runtime_error("the test proxy may not ping");
  }

  [[noreturn]] void serve() {
    std::array<pollfd, 3> watched{
        {{clients_.value(), POLLIN, 0}, {pings_[0].value(), POLLIN, 0}, {pings_[1].value(), POLLIN, 0}}};
    for (;;) {
      ::poll(watched.data(), watched.size(), -1);
      while (take_reply(0) || take_reply(1)) {
      }
      take_request();
    }
  }

 private:
  Bytes read(int socket, sockaddr_in* from) {
    std::array<std::uint8_t, 65'536> room;
    socklen_t length = sizeof *from;
    const ssize_t got = ::recvfrom(socket, room.data(), room.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(from),
                                   from == nullptr ? nullptr : &length);
    return got <= 0 ? Bytes{} : Bytes{room.begin(), room.begin() + got};
  }

  void take_request() {
    Asker asker;
    const Bytes frame = read(clients_.value(), &asker.from);
    if (frame.size() < 2 || behaviour_.silent) return;
    const std::size_t length = read16(frame, 0);
    if (frame.size() < 2 + length + 8) return;
    const auto text_end = frame.begin() + 2 + static_cast<std::ptrdiff_t>(length);
    const auto to = Address::parse(std::string{frame.begin() + 2, text_end});
    Bytes message{text_end, frame.end()};
    if (!to || message[0] != 8 || packet::internet_checksum(message) != 0) return;
    while (message.size() > 8 && (message.back() == 0 || message.back() == ' ')) message.pop_back();
    asker.number.assign(message.begin() + 4, message.begin() + 8);
    ask(*to, std::move(message), asker);
  }

  void ask(const Address& to, Bytes message, const Asker& asker) {
    const bool v4 = to.family() == Family::ipv4;
    message[0] = v4 ? 8 : 128;
    write16(message, 6, ++sequence_);
    pending_[sequence_] = asker;
    os::SocketAddress address{};
    const socklen_t length = os::to_socket_address(to, address);
    static_cast<void>(::sendto(pings_[v4 ? 0 : 1].value(), message.data(), message.size(), 0, &address.any, length));
  }

  bool take_reply(std::size_t family) {
    Bytes reply = read(pings_[family].value(), nullptr);
    if (reply.size() < 8) return false;
    const auto asker = pending_.find(read16(reply, 6));
    if (asker == pending_.end()) return true;
    reply[0] = 0;
    std::copy(asker->second.number.begin(), asker->second.number.end(), reply.begin() + 4);
    write16(reply, 2, 0);
    write16(reply, 2, packet::internet_checksum(reply));
    if (behaviour_.lie) behaviour_.lie(reply);
    ::sendto(clients_.value(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&asker->second.from),
             sizeof(sockaddr_in));
    pending_.erase(asker);
    return true;
  }

  ProxyBehaviour behaviour_;
  os::FileDescriptor clients_;
  std::array<os::FileDescriptor, 2> pings_;
  std::uint16_t sequence_ = 0;
  std::map<std::uint16_t, Asker> pending_;
};

}  // namespace

TestProxy::TestProxy(const ProxyBehaviour& behaviour) : ready_{::eventfd(0, EFD_CLOEXEC)} {
  child_.emplace([&] {
    Proxy proxy{behaviour};
    // The test may become the user nobody too, and must be able to kill the proxy.
    become_nobody();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::eventfd_write(ready_.value(), 1);
    proxy.serve();
  });
  pollfd ready{ready_.value(), POLLIN, 0};
  BOOST_REQUIRE(::poll(&ready, 1, longest_start) == 1);
}

void TestProxy::kill() {
  child_->signal(SIGKILL);
  static_cast<void>(child_->join());
}

}  // namespace multiping::test
