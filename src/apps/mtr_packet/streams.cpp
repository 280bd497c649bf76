// Standard output keeps its mode, since other processes may use the same pipe: a write that poll(2) has announced, of
// at most PIPE_BUF bytes, does not block, pipe(7).
#include "apps/mtr_packet/streams.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

namespace multiping::mtr_packet {
namespace {

/// While more output than this waits, no commands are read.
constexpr std::size_t much_output = 65'536;
constexpr std::size_t streams = 2;  ///< Standard input and output come before the descriptors of the session.

[[noreturn]] void fail(const char* doing) { throw std::system_error{errno, std::generic_category(), doing}; }

bool is_passing(int error) noexcept { return error == EINTR || error == EAGAIN; }

class Loop {
 public:
  explicit Loop(Session& session) : session_{session} {
    waiting_ = {{.fd = STDIN_FILENO, .events = 0, .revents = 0}, {.fd = STDOUT_FILENO, .events = 0, .revents = 0}};
    for (const int descriptor : session.descriptors())
      waiting_.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }

  void run() {
    while (!is_done()) {
      wait();
      if (input().revents != 0) read_commands();
      collect();
      write_replies();
    }
  }

 private:
  [[nodiscard]] pollfd& input() noexcept { return waiting_[0]; }
  [[nodiscard]] pollfd& output() noexcept { return waiting_[1]; }

  [[nodiscard]] bool is_done() const noexcept {
    return reader_gone_ || (input_ended_ && session_.in_flight() == 0 && session_.output().empty());
  }

  void wait() {
    const bool reads = !input_ended_ && session_.output().size() < much_output;
    input().fd = reads ? STDIN_FILENO : -1;
    input().events = POLLIN;
    output().events = session_.output().empty() ? short{0} : short{POLLOUT};
    if (::poll(waiting_.data(), waiting_.size(), -1) < 0 && !is_passing(errno)) fail("cannot wait");
    if ((output().revents & POLLERR) != 0) reader_gone_ = true;
  }

  /// On a short way the answer is there as soon as the probe is sent.
  void collect() {
    for (std::size_t lane = 0; lane + streams < waiting_.size(); ++lane)
      if (waiting_[lane + streams].revents != 0 || session_.in_flight(lane) > 0) session_.collect(lane);
  }

  void read_commands() {
    const ssize_t size = ::read(STDIN_FILENO, bytes_.data(), bytes_.size());
    if (size < 0 && is_passing(errno)) return;
    if (size < 0) fail("cannot read the standard input");
    if (size == 0) input_ended_ = true;
    session_.take({bytes_.data(), static_cast<std::size_t>(size)});
  }

  void write_replies() {
    while (!reader_gone_ && !session_.output().empty() && has_room()) {
      const ssize_t size = write_some(session_.output().substr(0, PIPE_BUF));
      if (size >= 0)
        session_.wrote(static_cast<std::size_t>(size));
      else if (errno == EPIPE || errno == ECONNRESET)
        reader_gone_ = true;
      else if (!is_passing(errno))
        fail("cannot write to the standard output");
      else
        return;
    }
  }

  /// Whether the output takes bytes now.
  [[nodiscard]] static bool has_room() {
    pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    return ::poll(&output, 1, 0) == 1;
  }

  /// The room of a socket is known only when it is tried.
  [[nodiscard]] ssize_t write_some(std::string_view text) {
    if (is_socket_) {
      const ssize_t sent = ::send(STDOUT_FILENO, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent >= 0 || errno != ENOTSOCK) return sent;
      is_socket_ = false;
    }
    return ::write(STDOUT_FILENO, text.data(), text.size());
  }

  Session& session_;
  std::vector<pollfd> waiting_;
  std::array<char, 16'384> bytes_{};
  bool input_ended_ = false, reader_gone_ = false, is_socket_ = true;
};

}  // namespace

void serve_streams(Session& session) { Loop{session}.run(); }

}  // namespace multiping::mtr_packet
