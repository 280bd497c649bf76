// Measures name lookups by a name server of its own, which answers late or not at all: how long a list takes, and how
// many threads and descriptors an outage of the name server takes. Usage: names [COUNT [DELAY_MS]] (10000, 50).
// Needs root: it runs in a network and a mount namespace of its own that have only the loopback interface. Prints two
// lines of name=value pairs.
#include <multiping/multiping.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "figures.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::uint8_t>;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void write_file(const char* path, const char* text) { std::ofstream{path} << text; }

/// Does not change the machine: the mounts and the interface of these namespaces end with this program.
void enter_namespace() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) fail("cannot make a namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail("cannot make mounts private");
  if (::mount("none", "/etc", "tmpfs", 0, nullptr) != 0) fail("cannot mount /etc");
  write_file("/etc/nsswitch.conf", "hosts: files dns\n");
  write_file("/etc/resolv.conf", "nameserver 127.0.0.1\n");
  write_file("/etc/hosts", "127.0.0.1 localhost\n");
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (::ioctl(socket, SIOCSIFFLAGS, &loopback) != 0) fail("cannot bring the loopback up");
  ::close(socket);
}

/// Turns a query with one question into its answer: 127.0.0.1 for an IPv4 address, otherwise no record.
void make_answer(Bytes& message) {
  const auto end = std::find(message.begin() + 12, message.end(), std::uint8_t{0});
  if (message.end() - end < 5) return;
  const bool ipv4 = end[2] == 1;
  message.erase(end + 5, message.end());
  message[2] |= 0x80;
  message[3] = 0x80;
  std::fill(message.begin() + 6, message.begin() + 12, std::uint8_t{0});
  if (!ipv4) return;
  message[7] = 1;
  const Bytes record{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
  message.insert(message.end(), record.begin(), record.end());
}

struct Pending {
  Clock::time_point due;
  Bytes message;
  sockaddr_in client;
};

class NameServer {
 public:
  NameServer(Clock::duration delay, bool silent) : delay_{delay}, silent_{silent} {
    const int room = 8 << 20;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("cannot bind");
    child_ = ::fork();
    if (child_ == 0) serve();
    ::close(socket_);
  }
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;
  ~NameServer() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

 private:
  [[noreturn]] void serve() {
    while (::getppid() != 1) {
      pollfd ready{socket_, POLLIN, 0};
      if (::poll(&ready, 1, next_wait()) > 0) take();
      for (; !pending_.empty() && pending_.front().due <= Clock::now(); pending_.pop_front()) answer(pending_.front());
    }
    ::_exit(0);
  }

  [[nodiscard]] int next_wait() const {
    if (pending_.empty()) return 1000;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(pending_.front().due - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
  }

  void take() {
    Pending query{Clock::now() + delay_, Bytes(512), {}};
    socklen_t length = sizeof query.client;
    auto* const client = reinterpret_cast<sockaddr*>(&query.client);
    const auto size = ::recvfrom(socket_, query.message.data(), query.message.size(), MSG_DONTWAIT, client, &length);
    if (size < 17 || silent_) return;
    query.message.resize(static_cast<std::size_t>(size));
    pending_.push_back(std::move(query));
  }

  void answer(Pending& query) const {
    make_answer(query.message);
    ::sendto(socket_, query.message.data(), query.message.size(), 0, reinterpret_cast<const sockaddr*>(&query.client),
             sizeof query.client);
  }

  Clock::duration delay_;
  bool silent_;
  int socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ::pid_t child_ = -1;
  std::deque<Pending> pending_{};
};

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("host" + std::to_string(i) + ".bench.test");
  return names;
}

std::size_t entries(const char* path) {
  const std::filesystem::directory_iterator begin{path};
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator{}));
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void measure_list(std::size_t count, std::chrono::milliseconds delay) {
  const NameServer server{delay, false};
  const auto list = names(count);
  const auto start = Clock::now();
  const auto resolutions = multiping::resolve(list);
  const double took = seconds_since(start);
  const auto resolved = std::ranges::count_if(resolutions, [](const auto& each) { return !each.error; });
  std::printf("names=%zu delay_ms=%lld resolved=%td seconds=%.2f memory_kib=%ld\n", count,
              static_cast<long long>(delay.count()), resolved, took, bench::peak_memory());
}

/// Makes thirty calls of 64 names each, which give up after 100 ms.
void measure_outage() {
  const NameServer server{0ms, true};
  const auto list = names(64);
  std::size_t threads = 0, descriptors = 0;
  const auto start = Clock::now();
  for (int call = 0; call < 30; ++call) {
    static_cast<void>(multiping::resolve(list, {.timeout = 100ms}));
    threads = std::max(threads, entries("/proc/self/task"));
    descriptors = std::max(descriptors, entries("/proc/self/fd"));
  }
  const double took = seconds_since(start);
  const auto ended = Clock::now();
  while (entries("/proc/self/task") > 1 && seconds_since(ended) < 60) ::usleep(1000);
  std::printf("outage_calls=30 seconds=%.2f most_threads=%zu most_descriptors=%zu all_ended_after=%.2f\n", took,
              threads, descriptors, seconds_since(ended));
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<std::size_t>(argc > 1 ? std::atol(argv[1]) : 10'000);
  const std::chrono::milliseconds delay{argc > 2 ? std::atol(argv[2]) : 50};
  enter_namespace();
  measure_list(count, delay);
  std::fflush(stdout);
  measure_outage();
}
