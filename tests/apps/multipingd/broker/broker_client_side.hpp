// A broker in a process of its own, and a client that exchanges raw bytes with it.
// Header only.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/multipingd/broker/broker_server.hpp"
#include "broker/broker_frames.hpp"
#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket_source.hpp"

namespace multiping::test {
inline namespace broker_client_side {

inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Listens on `path`; every user can connect.
inline os::FileDescriptor listen_on(const std::string& path, int backlog = 64) {
  os::FileDescriptor listener{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const sockaddr_un address = unix_address(path);
  BOOST_REQUIRE(::bind(listener.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  run("chmod 0666 " + path);
  BOOST_REQUIRE(::listen(listener.value(), backlog) == 0);
  return listener;
}

/// One connection. Every wait on it ends after ten seconds.
class Client {
 public:
  explicit Client(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)} {
    BOOST_REQUIRE(socket_);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_.value(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.value(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const sockaddr_un address = unix_address(path);
    BOOST_REQUIRE(::connect(socket_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }

  [[nodiscard]] int descriptor() const { return socket_.value(); }

  bool send(std::span<const std::uint8_t> bytes, int flags = 0) const {
    return ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool send(const broker::BrokerRequest& request) const { return send(encode(request)); }

  /// The next reply; the sockets that came with it are in `sockets`. None at the end of the connection.
  std::optional<broker::BrokerReply> receive() {
    sockets.clear();
    std::array<std::uint8_t, 64> bytes{};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(32 * sizeof(int))> control{};
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.value(), &message, MSG_CMSG_CLOEXEC);
    if (size <= 0) return std::nullopt;
    take_sockets(message);
    const auto reply = broker::parse_broker_reply(std::span{bytes}.first(static_cast<std::size_t>(size)));
    BOOST_REQUIRE(reply.has_value());
    return reply;
  }

  std::optional<broker::BrokerReply> ask(const broker::BrokerRequest& request) {
    return send(request) ? receive() : std::nullopt;
  }

  std::vector<os::FileDescriptor> sockets{};

 private:
  void take_sockets(msghdr& message) {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
        sockets.emplace_back(descriptor);
      }
    }
  }

  os::FileDescriptor socket_;
};

/// Makes a child process one of this user and these groups.
inline void as_user(uid_t uid, gid_t gid, const std::vector<gid_t>& groups = {}) {
  BOOST_REQUIRE(::setgroups(groups.size(), groups.data()) == 0);
  BOOST_REQUIRE(::setresgid(gid, gid, gid) == 0);
  BOOST_REQUIRE(::setresuid(uid, uid, uid) == 0);
}

inline void check_status(const std::optional<broker::BrokerReply>& reply, broker::BrokerStatus status) {
  BOOST_REQUIRE(reply.has_value());
  BOOST_TEST(static_cast<int>(reply->status) == static_cast<int>(status));
}

inline broker::BrokerRequest request_for(int count, Family family = Family::ipv4) {
  return {.family = family, .count = static_cast<std::uint8_t>(count)};
}

inline os::PingSocket open_requested(const broker::BrokerRequest& request) {
  return os::open_ping_socket(request.family, request.source, request.receive_buffer);
}

/// A broker in a child process, in the test's namespaces. Its log goes to the file `path`.log.
class Broker {
 public:
  struct Options {
    daemon::BrokerPolicy policy{};
    daemon::PingSocketMaker maker = open_requested;
    std::function<void()> prepare = [] {};  ///< Called in the broker's process before it serves.
  };

  explicit Broker(Options options, std::string socket_path = "/run/broker")
      : path{std::move(socket_path)}, listener_{listen_on(path)}, child_{[&] { serve(options); }} {
    listener_ = {};  // when the broker ends, clients must notice it
  }
  Broker() : Broker(Options{}) {}

  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  [[nodiscard]] std::string log() const { return read_file(path + ".log"); }
  void signal(int number) const { child_.signal(number); }

  /// Checks that the broker still answers, so no sanitizer has ended it.
  void check_alive() const {
    Client client{path};
    check_status(client.ask(request_for(1)), broker::BrokerStatus::granted);
    BOOST_TEST(client.sockets.size() == 1U);
  }
  [[nodiscard]] long resident_kilobytes() const { return figure("status", "VmRSS:"); }
  [[nodiscard]] std::size_t open_descriptors() const {
    std::size_t count = 0;
    const std::filesystem::path folder = "/proc/" + std::to_string(pid()) + "/fd";
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder}) ++count;
    return count;
  }
  /// Waits until at most `most` descriptors are open: the broker notices the end of a client a moment later. False when
  /// more stay open.
  [[nodiscard]] bool descriptors_fall_to(std::size_t most) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (open_descriptors() > most && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    return open_descriptors() <= most;
  }
  /// The user and system time that the broker has used so far.
  [[nodiscard]] std::chrono::milliseconds processor_time() const {
    std::istringstream words{read_file("/proc/" + std::to_string(pid()) + "/stat")};
    std::string word;
    long user = 0, system = 0;
    for (int i = 0; i < 13; ++i) words >> word;
    words >> user >> system;
    return std::chrono::milliseconds{(user + system) * 1000 / ::sysconf(_SC_CLK_TCK)};
  }

  std::string path;

 private:
  void serve(Options& options) {
    const os::FileDescriptor log_file{::open((path + ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    options.prepare();
    os::EventLoop loop;
    Log log{log_file.value()};
    daemon::BrokerServer server{
        loop, log, {.listener = std::move(listener_), .policy = options.policy, .maker = options.maker}};
    loop.run();
  }

  [[nodiscard]] long figure(const std::string& file, const std::string& name) const {
    std::istringstream words{read_file("/proc/" + std::to_string(pid()) + "/" + file)};
    for (std::string word; words >> word;) {
      if (word != name) continue;
      long value = 0;
      words >> value;
      return value;
    }
    return 0;
  }

  os::FileDescriptor listener_;
  Child child_;
};

}  // namespace broker_client_side
}  // namespace multiping::test
