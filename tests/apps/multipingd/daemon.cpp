// Starts the daemon by fork() and execv(), so that it can be given a descriptor.
// See daemon.hpp.
#include "apps/multipingd/daemon.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "broker/broker_frames.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::test {
inline namespace daemon_process {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string new_log_path() {
  static std::atomic<int> count = 0;
  return "/tmp/multipingd-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".log";
}

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

/// Leak detection examines the process from another one, which the daemon forbids.
constexpr const char* calm = "detect_leaks=0";
void calm_sanitizers() { ::setenv("ASAN_OPTIONS", calm, 1); }  // NOLINT(concurrency-mt-unsafe)

[[noreturn]] void become(const Arguments& arguments, const std::string& log_path, int activated) {
  std::vector<char*> words;
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (activated == 3) ::fcntl(3, F_SETFD, 0);
  if (activated > 3) ::dup2(activated, 3);
  calm_sanitizers();
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

pid_t start_process(const Arguments& arguments, const std::string& log_path, int activated = -1) {
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error{"cannot fork"};
  if (pid == 0) become(arguments, log_path, activated);
  return pid;
}

/// Copies the program to /run, where every user may execute it. Another user could not in a checkout under /root. The
/// test has a /run of its own.
std::string program_for_all() {
  namespace fs = std::filesystem;
  const fs::path copy = "/run/multipingd-for-all";
  if (fs::copy_file(MULTIPINGD, copy, fs::copy_options::skip_existing))
    fs::permissions(copy, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec |
                              fs::perms::group_read | fs::perms::others_read);
  return copy;
}

Arguments command_of(const Daemon::Settings& settings, const std::string& path) {
  Arguments words = settings.run_by;
  words.insert(words.end(), {settings.run_by.empty() ? MULTIPINGD : program_for_all(), "--socket", path});
  if (settings.account) words.insert(words.end(), {"--user", daemon_user, "--group", daemon_group});
  words.insert(words.end(), settings.options.begin(), settings.options.end());
  if (settings.activated >= 0) words.emplace_back("--activated");
  return words;
}

}  // namespace

void wait_until(const std::function<bool()>& done, std::string_view what) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error{"waited in vain until " + std::string{what}};
    std::this_thread::sleep_for(5ms);
  }
}

std::string daemon_command() { return std::string{"ASAN_OPTIONS="} + calm + " " + program_for_all(); }

Ended run_daemon(const Arguments& arguments) {
  const std::string log_path = new_log_path();
  Arguments words{MULTIPINGD};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t pid = start_process(words, log_path);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  Ended ended{.status = exit_status(status), .text = text_of(log_path)};
  ::unlink(log_path.c_str());
  return ended;
}

bool is_given_at(const std::string& path) {
  const os::FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
  const auto request = encode(broker::BrokerRequest{.family = Family::ipv4});
  if (::send(socket.value(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return false;
  std::array<std::uint8_t, 64> answer{};
  const ssize_t size = ::recv(socket.value(), answer.data(), answer.size(), 0);
  const auto reply = broker::parse_broker_reply({answer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
  return reply && reply->status == broker::BrokerStatus::granted;
}

Daemon::Daemon(const Settings& settings)
    : path_{settings.path.empty() ? "/run/multiping/multiping.sock" : settings.path}, log_path_{new_log_path()} {
  pid_ = start_process(command_of(settings, path_), log_path_, settings.activated);
  wait_until([this] { return has_ended() || log().find("serving at") != std::string::npos; }, "multipingd serves");
  if (pid_ > 0) return;
  const std::string text = log();
  ::unlink(log_path_.c_str());
  throw std::runtime_error{"multipingd ended with " + std::to_string(status_) + ": " + text};
}

Daemon::~Daemon() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    try {
      wait_until([this] { return has_ended(); }, "multipingd ends");
    } catch (const std::exception& error) {
      BOOST_ERROR(error.what());
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  ::unlink(log_path_.c_str());
}

bool Daemon::has_ended() {
  if (pid_ <= 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  status_ = exit_status(status);
  return true;
}

std::string Daemon::log() const { return text_of(log_path_); }

void Daemon::wait_for_log(std::string_view text) const {
  wait_until([&] { return log().find(text) != std::string::npos; }, "the log has: " + std::string{text});
}

void Daemon::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int Daemon::join() {
  wait_until([this] { return has_ended(); }, "multipingd ends");
  return status_;
}

}  // namespace daemon_process
}  // namespace multiping::test
