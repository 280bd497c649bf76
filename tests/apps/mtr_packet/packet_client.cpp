// The helper has a pipe at each end. Its standard error is that of the test.
// See packet_client.hpp.
#include "apps/mtr_packet/packet_client.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <regex>
#include <sstream>

#include "os/socket_basics.hpp"

namespace multiping::test {
inline namespace packet_client {
namespace {

constexpr int patience_ms = 30'000;
constexpr uid_t nobody_id = 65534;

struct Pipe {
  os::FileDescriptor reading, writing;
};

Pipe open_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) os::fail("cannot open a pipe");
  return {os::FileDescriptor{ends[0]}, os::FileDescriptor{ends[1]}};
}

/// Also where only the effective user is another one, see through_broker.hpp.
void become_nobody_for_good() {
  if (::getuid() == 0 && ::seteuid(0) != 0) os::fail("cannot become root");
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody_id, nobody_id, nobody_id) != 0)
    os::fail("cannot leave groups");
  if (::setresuid(nobody_id, nobody_id, nobody_id) != 0) os::fail("cannot leave root");
}

[[noreturn]] void become_helper(const std::vector<std::string>& command, const Pipe& in, const Pipe& out, User user) {
  ::dup2(in.reading.value(), STDIN_FILENO);
  ::dup2(out.writing.value(), STDOUT_FILENO);
  // The leak check inspects a process from another one, which a process without privileges cannot.
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // NOLINT(concurrency-mt-unsafe)
  if (user == User::nobody) become_nobody_for_good();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

PacketClient::PacketClient(std::vector<std::string> command, User user) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in = open_pipe(), out = open_pipe();
  child_ = std::make_unique<Child>([&] { become_helper(command, in, out, user); });
  input_ = std::move(in.writing);
  output_ = std::move(out.reading);
  ::fcntl(input_.value(), F_SETFL, O_NONBLOCK);
  ::fcntl(output_.value(), F_SETFL, O_NONBLOCK);
}

void PacketClient::read_some(std::size_t bytes) {
  std::array<char, 65'536> room{};
  const ssize_t size = ::read(output_.value(), room.data(), std::min(bytes, room.size()));
  if (size > 0) text_.append(room.data(), static_cast<std::size_t>(size));
  if (size == 0) at_end_ = true;
}

bool PacketClient::write(std::string_view text) {
  while (!text.empty()) {
    pollfd both[] = {{input_.value(), POLLOUT, 0}, {output_.value(), POLLIN, 0}};
    if (::poll(both, 2, patience_ms) <= 0) return false;
    if ((both[1].revents & POLLIN) != 0) read_some(text.max_size());
    if (both[0].revents == 0) continue;
    const ssize_t size = ::write(input_.value(), text.data(), text.size());
    if (size < 0 && errno != EAGAIN) return false;
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// A pipe that has room takes a short text whole, pipe(7).
bool PacketClient::write_without_reading(std::string_view text) {
  pollfd input{input_.value(), POLLOUT, 0};
  return ::poll(&input, 1, 1000) > 0 && ::write(input_.value(), text.data(), text.size()) > 0;
}

template <class Done>
bool PacketClient::read_until(Done done) {
  while (!done()) {
    pollfd output{output_.value(), POLLIN, 0};
    if (at_end_ || ::poll(&output, 1, patience_ms) <= 0) return false;
    read_some(text_.max_size());
  }
  return true;
}

bool PacketClient::read_lines(std::size_t lines_wanted) {
  return read_until([&] { return lines() >= lines_wanted; });
}

bool PacketClient::read_to_end() {
  return read_until([&] { return at_end_; });
}

std::size_t PacketClient::lines() const noexcept {
  return static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '\n'));
}

std::string answers(const std::vector<std::string>& helper, std::string_view commands, User user) {
  PacketClient client{helper, user};
  BOOST_TEST(client.write(commands), helper[0] << " does not read");
  client.end_input();
  BOOST_TEST(client.read_to_end(), helper[0] << " does not end");
  BOOST_TEST(client.ends_well(), helper[0] << " does not end well");
  return client.text();
}

std::string without_times(const std::string& text) {
  static const std::regex time{"round-trip-time [0-9]+"};
  return std::regex_replace(text, time, "round-trip-time T");
}

std::map<std::string, std::string> answers_by_token(const std::vector<std::string>& helper, std::string_view commands,
                                                    User user) {
  std::istringstream lines{without_times(answers(helper, commands, user))};
  std::map<std::string, std::string> found;
  for (std::string token, rest; lines >> token && std::getline(lines >> std::ws, rest);) {
    std::string& all = found[token];
    all += (all.empty() ? "" : "\n") + rest;
  }
  return found;
}

std::vector<std::string> our_helper() { return {MULTIPING_PACKET}; }

}  // namespace packet_client
}  // namespace multiping::test
