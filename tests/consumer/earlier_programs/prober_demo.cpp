// A program with an event loop of its own: poll() waits for input and for probes at the same time. It reads host names
// or addresses, one on each line, pings each at once, and prints each result when it is known. It ends with its input.
// Exit status: 0 when every host answered, 1 when not, 2 when there was an error.
#include <multiping/multiping.hpp>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view usage =
    "usage: prober_demo < HOSTS\n"
    "Reads host names or addresses, one a line, and pings each as soon as it is read, until the input ends.\n"
    "Exit status: 0 when every host answered, 1 when not, 2 when there was an error.\n";

class Pinger {
 public:
  /// Waits for input and probes until the input has ended and every result is printed. Returns true when all hosts
  /// answered.
  bool run() {
    std::array<pollfd, 2> watched{{{STDIN_FILENO, POLLIN, 0}, {prober_.native_handle(), POLLIN, 0}}};
    while (reading_ || prober_.in_flight() > 0) {
      watched[0].fd = reading_ ? STDIN_FILENO : -1;
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR)
        throw std::system_error{errno, std::system_category(), "poll"};
      if (watched[0].revents != 0) read_input();
      if (watched[1].revents != 0) tell();
    }
    return all_answered_;
  }

 private:
  void read_input() {
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    reading_ = count > 0;
    if (reading_) input_.append(bytes.data(), static_cast<std::size_t>(count));
    if (!reading_ && !input_.empty()) input_ += '\n';  // the last line may have no line end
    for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
      const std::string host = input_.substr(0, end);
      input_.erase(0, end + 1);
      if (!host.empty()) ping(host);
    }
  }

  /// Submits a probe. The lookup of a name blocks; a program that cannot wait resolves names in another thread. An
  /// address needs no lookup.
  void ping(const std::string& host) {
    const auto resolution = multiping::resolve({host}, {.timeout = 2s}).front();
    if (resolution.addresses.empty()) {
      std::cout << multiping::Result{.host = host, .outcome = multiping::Outcome::unresolved, .error = resolution.error}
                << std::endl;
      all_answered_ = false;
      return;
    }
    hosts_[prober_.submit(resolution.addresses.front(), {}, 1s, 2)] = host;
  }

  void tell() {
    for (auto& [token, result] : prober_.poll(0s)) {
      result.host = hosts_.extract(token).mapped();
      all_answered_ = all_answered_ && result.answered();
      std::cout << result << std::endl;
    }
  }

  multiping::Prober prober_;
  std::map<multiping::Prober::Token, std::string> hosts_;
  std::string input_;
  bool reading_ = true, all_answered_ = true;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 1) {
    const bool help = argv[1] == std::string_view{"--help"};
    (help ? std::cout : std::cerr) << usage;
    return help ? 0 : 2;
  }
  return Pinger{}.run() ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
