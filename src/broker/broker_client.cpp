// Each request runs as an Exchange: connect, send, wait for the reply, check the socket.
// See broker_client.hpp.
#include "broker/broker_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "multiping/error.hpp"
#include "os/clock.hpp"
#include "os/permissions.hpp"
#include "os/socket_basics.hpp"

namespace multiping::broker {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 1s;
constexpr Duration shortest_pause = 10ms;
constexpr std::size_t most_descriptors = most_sockets_at_once + std::size_t{1};  // one more, to notice too many

/// Why this socket is not a ping socket as `request` asks for; empty when it is one.
std::string_view fault_of(int socket, const BrokerRequest& request) noexcept {
  const bool v4 = request.family == Family::ipv4;
  const bool ping_socket =
      os::option(socket, SOL_SOCKET, SO_DOMAIN) == (v4 ? AF_INET : AF_INET6) &&
      os::option(socket, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM &&
      os::option(socket, SOL_SOCKET, SO_PROTOCOL) == (v4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6});
  if (!ping_socket) return "is no ping socket of the family asked for";
  os::SocketAddress bound{};
  socklen_t length = sizeof bound;
  if (::getsockname(socket, &bound.any, &length) != 0 || os::port_of(bound) == 0) return "has no identifier";
  // A process of any user could bind the same identifier and receive the answers.
  if (os::option(socket, SOL_SOCKET, SO_REUSEADDR) != 0) return "shares its identifier";
  if (request.source && os::from_socket_address(bound) != request.source) return "has another source address";
  return {};
}

/// The bytes and descriptors of one packet.
struct Packet {
  std::vector<std::uint8_t> bytes{};
  std::vector<os::FileDescriptor> descriptors{};
  bool cut = false;          ///< The packet had more bytes than any reply has.
  bool undelivered = false;  ///< The packet had descriptors that this process has not received.
};

std::vector<os::FileDescriptor> descriptors_of(msghdr& message) {
  std::vector<os::FileDescriptor> descriptors;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
      descriptors.emplace_back(descriptor);
    }
  }
  return descriptors;
}

/// Reads a packet without waiting. None, with errno set, on an error.
std::optional<Packet> take_packet(int socket) {
  Packet packet{.bytes = std::vector<std::uint8_t>(broker_reply_size)};
  alignas(cmsghdr) char control[CMSG_SPACE(most_descriptors * sizeof(int))];
  iovec part{.iov_base = packet.bytes.data(), .iov_len = packet.bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return std::nullopt;
  packet.bytes.resize(static_cast<std::size_t>(got));
  packet.descriptors = descriptors_of(message);
  packet.cut = (message.msg_flags & MSG_TRUNC) != 0;
  packet.undelivered = (message.msg_flags & MSG_CTRUNC) != 0;
  return packet;
}

/// One connection: a request, its reply, and the socket that came with it. The first failure is the answer.
class Exchange {
 public:
  Exchange(const std::string& path, const BrokerRequest& request, Instant until)
      : path_{path}, request_{request}, until_{until} {}

  BrokerAnswer run() && {
    if (open() && connect() && send()) take_reply();
    return std::move(answer_);
  }

 private:
  [[nodiscard]] Duration left() const noexcept { return std::max(until_ - os::monotonic_now(), Duration{}); }
  [[nodiscard]] std::string what() const {
    return "a ping socket for " + std::string{to_string(request_.family)} +
           (request_.source ? " at " + request_.source.to_string() : "");
  }

  bool fail(std::error_code error, std::string doing) {
    answer_.got.error = error;
    answer_.got.may_pass = true;
    answer_.got.doing = std::move(doing);
    return false;
  }
  bool fail_to_connect(int error) {
    if (error == EAGAIN) return fail_in_time();
    std::string doing = "cannot connect to the broker " + path_;
    if ((error == EACCES || error == ECONNREFUSED) && is_no_socket()) {
      error = ENOTSOCK;
      doing += ", which is no socket";
    }
    if (error == EACCES) doing += remedy();
    return fail({error, std::system_category()}, std::move(doing));
  }
  /// For another kind of file connect(2) gives the same errors as for a socket: EACCES when this user may not write it,
  /// else ECONNREFUSED, as without a listener.
  [[nodiscard]] bool is_no_socket() const {
    struct stat status {};
    return ::stat(path_.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode);
  }
  bool fail_in_time() { return fail({ETIMEDOUT, std::system_category()}, "the broker " + path_ + " does not answer"); }
  bool refuse(const std::string& what) { return fail(Errc::broker_protocol, "the broker " + path_ + " " + what); }
  [[nodiscard]] static std::string remedy() { return " (its administrator " + os::must_allow_us() + ")"; }

  bool open() {
    connection_ = os::FileDescriptor{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    return connection_ || fail(os::last_error(), "cannot open a socket to the broker " + path_);
  }

  bool connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) return fail_to_connect(ENAMETOOLONG);
    if (path_.empty()) return fail_to_connect(ENOENT);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    while (limit_connect() &&
           ::connect(connection_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      if (errno != EINTR) return fail_to_connect(errno);
    return left() > Duration{} || fail_in_time();
  }

  /// connect(2) waits while the broker's queue is full, and only SO_SNDTIMEO limits this. Zero would mean no limit.
  bool limit_connect() {
    const timespec time = os::to_timespec(left());
    const timeval limit{.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    if (limit.tv_sec == 0 && limit.tv_usec == 0) return false;
    return ::setsockopt(connection_.value(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
  }

  bool send() {
    const auto bytes = encode(request_);
    const ssize_t sent = ::send(connection_.value(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    // A broker that closed the connection may have sent a reply before.
    if (sent >= 0 || errno == EPIPE || errno == ECONNRESET) return true;
    return errno == EAGAIN ? fail_in_time() : fail(os::last_error(), "cannot ask the broker " + path_);
  }

  /// False when time is up, or on an error.
  bool await_packet() {
    pollfd readable{.fd = connection_.value(), .events = POLLIN, .revents = 0};
    for (Duration time = left(); time > Duration{}; time = left()) {
      const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(time).count();
      const int ready = ::poll(&readable, 1, static_cast<int>(rounded_up));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return fail(os::last_error(), "cannot wait for the broker " + path_);
    }
    return fail_in_time();
  }

  bool take_reply() {
    if (!await_packet()) return false;
    auto packet = take_packet(connection_.value());
    // If the broker closed the connection with our request unread, ECONNRESET comes first, and its reply after that.
    if (!packet && errno == ECONNRESET) packet = take_packet(connection_.value());
    if (!packet && errno != ECONNRESET) return fail(os::last_error(), "cannot hear the broker " + path_);
    if (!packet || (packet->bytes.empty() && packet->descriptors.empty()))
      return fail({ECONNRESET, std::system_category()}, "the broker " + path_ + " ended without an answer");
    const auto reply = packet->cut ? std::nullopt : parse_broker_reply(packet->bytes);
    if (!reply) return refuse("said what is no reply");
    return judge(*reply, std::move(*packet));
  }

  bool judge(const BrokerReply& reply, Packet packet) {
    if (reply.version != broker_version || reply.status == BrokerStatus::bad_version)
      return refuse("speaks version " + std::to_string(reply.version) + " of its protocol, and this library version " +
                    std::to_string(broker_version));
    if (reply.status == BrokerStatus::granted) return take_socket(reply, std::move(packet));
    if (!packet.descriptors.empty() || packet.undelivered) return refuse("handed over a socket that it did not grant");
    return explain(reply);
  }

  bool explain(const BrokerReply& reply) {
    switch (reply.status) {
      case BrokerStatus::denied:
        return fail(Errc::broker_denied, "cannot get " + what() + " from the broker " + path_ + remedy());
      case BrokerStatus::limited:
        if (reply.retry_after_milliseconds != 0)
          answer_.retry_after = std::chrono::milliseconds{reply.retry_after_milliseconds};
        return fail({EAGAIN, std::system_category()},
                    "cannot get " + what() + " from the broker " + path_ + ", which limits this user");
      case BrokerStatus::failed:
        if (reply.error == 0) break;
        fail({static_cast<int>(reply.error), std::system_category()}, "the broker " + path_ + " cannot open " + what());
        return answer_.got.may_pass = false;
      case BrokerStatus::granted:
      case BrokerStatus::bad_request:
      case BrokerStatus::bad_version:
        break;
    }
    return refuse(reply.status == BrokerStatus::bad_request ? "did not understand the request"
                                                            : "failed without an error");
  }

  bool take_socket(const BrokerReply& reply, Packet packet) {
    // The kernel delivers as many descriptors as this process has room for.
    if (packet.undelivered && packet.descriptors.size() < request_.count)
      return fail({EMFILE, std::system_category()}, "cannot take " + what() + " from the broker " + path_);
    if (reply.count != request_.count || packet.descriptors.size() != request_.count || packet.undelivered)
      return refuse("handed over " + std::to_string(packet.descriptors.size()) + " sockets instead of " +
                    std::to_string(request_.count));
    os::FileDescriptor& socket = packet.descriptors.front();
    const std::string_view fault = fault_of(socket.value(), request_);
    if (!fault.empty()) return refuse("handed over a socket that " + std::string{fault});
    answer_.got.id = os::bound_port(socket.value());
    answer_.got.socket = std::move(socket);
    return true;
  }

  const std::string& path_;
  const BrokerRequest& request_;
  Instant until_;
  os::FileDescriptor connection_{};
  BrokerAnswer answer_{};
};

}  // namespace

Instant BrokerClient::deadline() noexcept { return os::monotonic_now() + patience; }

BrokerAnswer BrokerClient::ask(Family family, const Address& source, std::size_t receive_buffer, Instant until) const {
  const auto buffer = static_cast<std::uint32_t>(std::min<std::size_t>(receive_buffer, 1U << 30U));
  const BrokerRequest request{.family = family, .receive_buffer = buffer, .source = source};
  for (;;) {
    BrokerAnswer answer = Exchange{path_, request, until}.run();
    const Duration pause = std::max(answer.retry_after.value_or(Duration{}), shortest_pause);
    if (!answer.retry_after || os::monotonic_now() + pause >= until) return answer;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace multiping::broker
