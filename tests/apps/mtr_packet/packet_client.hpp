// A client of the line protocol of mtr-packet(8): runs a helper, writes commands to it and reads its replies.
// Every wait is bounded.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "netns/namespace.hpp"
#include "os/file_descriptor.hpp"

namespace multiping::test {
inline namespace packet_client {

/// Who runs the helper.
enum class User { root, nobody };

class PacketClient {
 public:
  /// Starts the helper, by its path and arguments. It is killed with this object if it still runs.
  explicit PacketClient(std::vector<std::string> command, User user = User::root);

  /// Writes all of the text, and reads what comes meanwhile. False when the helper does not take it in time.
  bool write(std::string_view text);
  /// Writes all of the text and reads nothing. False when the helper takes nothing more for a second.
  bool write_without_reading(std::string_view text);
  void end_input() { input_ = {}; }
  /// The helper cannot write any more.
  void stop_reading() { output_ = {}; }
  /// Reads until all output together has so many lines; false when they do not come in time.
  bool read_lines(std::size_t lines);
  /// Reads until the output ends; false when it does not in time.
  bool read_to_end();
  /// Takes no more than `bytes` of what has come.
  void read_some(std::size_t bytes);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t lines() const noexcept;

  [[nodiscard]] pid_t pid() const noexcept { return child_->pid(); }
  /// Waits for the end; true for exit status 0.
  [[nodiscard]] bool ends_well() { return child_->join(std::chrono::seconds{30}); }

 private:
  template <class Done>
  bool read_until(Done done);

  os::FileDescriptor input_, output_;
  std::unique_ptr<Child> child_;
  std::string text_;
  bool at_end_ = false;
};

/// What the helper answers to these commands until it ends, which it must do well.
[[nodiscard]] std::string answers(const std::vector<std::string>& helper, std::string_view commands,
                                  User user = User::root);
/// The same, by token: the rest of each line, with T in place of round-trip times.
[[nodiscard]] std::map<std::string, std::string> answers_by_token(const std::vector<std::string>& helper,
                                                                  std::string_view commands, User user = User::root);
/// The text with T in place of round-trip times.
[[nodiscard]] std::string without_times(const std::string& text);

/// The helper under test.
[[nodiscard]] std::vector<std::string> our_helper();

}  // namespace packet_client
}  // namespace multiping::test
