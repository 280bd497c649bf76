// Runs the built multipingd in the test's namespaces, waits until it serves, and ends it.
// Its log goes to a file that log() reads.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace multiping::test {
inline namespace daemon_process {

/// The unprivileged account of daemons in tests, as numbers: the account need not exist.
inline constexpr const char* daemon_user = "4321";
inline constexpr const char* daemon_group = "4322";

using Arguments = std::vector<std::string>;

/// Polls until done() is true, or fails the test after 20 s.
void wait_until(const std::function<bool()>& done, std::string_view what);

struct Ended {
  int status = -1;     ///< Exit status; 128 plus the signal that ended it.
  std::string text{};  ///< The text of stdout and stderr.
};
/// The beginning of a shell command that runs multipingd, which works for any user.
[[nodiscard]] std::string daemon_command();
/// Runs multipingd with exactly these arguments, until it ends.
[[nodiscard]] Ended run_daemon(const Arguments& arguments);

/// Whether the daemon at this path gives an IPv4 ping socket now. The socket is closed again.
[[nodiscard]] bool is_given_at(const std::string& path);

class Daemon {
 public:
  struct Settings {
    Arguments options{};  ///< Options besides --socket, --user and --group.
    std::string path{};   ///< Empty: /run/multiping/multiping.sock.
    bool account = true;  ///< Whether --user and --group are given.
    int activated = -1;   ///< A socket that becomes descriptor 3; -1: none.
    Arguments run_by{};   ///< A program that starts the daemon, like setpriv with its options. Needs in_namespace().
  };

  /// Returns when the daemon serves. Throws std::runtime_error with its log when it ends instead.
  explicit Daemon(const Settings& settings);
  explicit Daemon(const Arguments& options = {}) : Daemon{Settings{.options = options}} {}
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  /// Ends the daemon by SIGTERM, and by SIGKILL if that is not enough.
  ~Daemon();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string log() const;
  /// Polls until the log has `text`.
  void wait_for_log(std::string_view text) const;
  void signal(int number) const;
  /// Waits until the daemon has ended. Returns its exit status, or 128 plus the signal.
  int join();

 private:
  void start(const Settings& settings);
  [[nodiscard]] bool has_ended();

  pid_t pid_ = -1;
  int status_ = -1;
  std::string path_{}, log_path_{};
};

}  // namespace daemon_process
}  // namespace multiping::test
