// A broker that sends any bytes and descriptors a test wants. It serves one connection after the other by a script.
// Header only.
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/broker_frames.hpp"
#include "os/file_descriptor.hpp"
#include "os/ping_socket_source.hpp"
#include "support/hex.hpp"

namespace multiping::test {
inline namespace fake_broker {

struct FakeAnswer {
  Bytes bytes{};
  std::vector<os::FileDescriptor> descriptors{};
  bool silent = false;  ///< Sends nothing and keeps the connection open.
};
/// Called for each connection, with the bytes that the client sent.
using Script = std::function<FakeAnswer(const Bytes& request)>;

inline Bytes bytes_of(const broker::BrokerReply& reply) {
  const auto bytes = encode(reply);
  return {bytes.begin(), bytes.end()};
}

inline FakeAnswer say(const broker::BrokerReply& reply) {
  FakeAnswer answer;
  answer.bytes = bytes_of(reply);
  return answer;
}

/// The answer of multipingd to a valid request: a ping socket with a receive buffer of at least `receive_buffer` bytes.
inline FakeAnswer grant(const Bytes& bytes, std::size_t receive_buffer = 0) {
  const auto request = broker::parse_broker_request(bytes);
  if (!request) return say({.status = broker::BrokerStatus::bad_request});
  auto opened = os::open_ping_socket(request->family, request->source, receive_buffer);
  if (opened.error)
    return say({.status = broker::BrokerStatus::failed, .error = static_cast<std::uint32_t>(opened.error.value())});
  FakeAnswer answer = say({.count = 1});
  answer.descriptors.push_back(std::move(opened.socket));
  return answer;
}

inline void send_answer(int connection, const FakeAnswer& answer) {
  std::vector<int> numbers;
  for (const auto& descriptor : answer.descriptors) numbers.push_back(descriptor.value());
  std::vector<char> control(CMSG_SPACE(numbers.size() * sizeof(int)));
  Bytes bytes = answer.bytes;
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!numbers.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(numbers.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), numbers.data(), numbers.size() * sizeof(int));
  }
  static_cast<void>(::sendmsg(connection, &message, MSG_NOSIGNAL));
}

/// Listens from its constructor on, so that no client can be too early. Every user can connect.
class FakeBroker {
 public:
  explicit FakeBroker(std::string path, int backlog = 128) : path_{std::move(path)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    BOOST_REQUIRE(path_.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path_.data(), path_.size());
    BOOST_REQUIRE(::bind(listener_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(::chmod(path_.c_str(), 0666) == 0);
    BOOST_REQUIRE(::listen(listener_.value(), backlog) == 0);
  }
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;
  ~FakeBroker() { ::unlink(path_.c_str()); }

  /// Serves until stop(), or until this process is killed.
  void serve(const Script& script) {
    std::vector<os::FileDescriptor> silent;
    for (;;) {
      os::FileDescriptor connection{::accept4(listener_.value(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!connection) return;
      Bytes request(256);
      const ssize_t got = ::recv(connection.value(), request.data(), request.size(), 0);
      request.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
      ++requests_;
      const FakeAnswer answer = script(request);
      if (answer.silent) {
        silent.push_back(std::move(connection));
      } else {
        send_answer(connection.value(), answer);
      }
    }
  }
  void stop() noexcept { ::shutdown(listener_.value(), SHUT_RDWR); }

  /// Closes the listener in this process: from now on only processes that were forked before listen.
  void leave_to_children() noexcept { listener_ = {}; }

  [[nodiscard]] int listener() const noexcept { return listener_.value(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int requests() const noexcept { return requests_; }

 private:
  std::string path_;
  os::FileDescriptor listener_{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  std::atomic<int> requests_ = 0;
};

/// A new path that no other process uses.
inline std::string broker_path() {
  static int number = 0;
  const std::string name = "multiping-" + std::to_string(::getpid()) + "-" + std::to_string(++number) + ".sock";
  return std::filesystem::temp_directory_path() / name;
}

/// A broker in a thread of the test.
class BrokerThread {
 public:
  explicit BrokerThread(Script script)
      : broker_{broker_path()}, thread_{[this, script = std::move(script)] { broker_.serve(script); }} {}
  BrokerThread(const BrokerThread&) = delete;
  BrokerThread& operator=(const BrokerThread&) = delete;
  ~BrokerThread() {
    broker_.stop();
    thread_.join();
  }
  [[nodiscard]] const std::string& path() const noexcept { return broker_.path(); }
  [[nodiscard]] int requests() const noexcept { return broker_.requests(); }

 private:
  FakeBroker broker_;
  std::thread thread_;
};

}  // namespace fake_broker
}  // namespace multiping::test
