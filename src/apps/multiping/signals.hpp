// The signals of the program as events of a descriptor: signalfd(2). They keep their usual effect until watch() is
// called, since nothing is lost then: while lists are read and names are looked up. INT and TERM end the run, QUIT
// prints a snapshot, USR1 and USR2 change the rate, WINCH, TSTP and CONT are for screens.
#pragma once

#include <optional>

namespace multiping::command {

class Signals {
 public:
  Signals() = default;
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// Blocks the signals for the calling thread and those it starts, and ignores SIGPIPE; once. Throws
  /// std::system_error.
  void watch();
  /// Also takes SIGTSTP, SIGCONT and SIGWINCH, which otherwise keep their usual effect: for a full-screen view.
  void take_job_control();
  /// Readable when next() has a signal.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Returns the number of a signal that has come, or nothing.
  [[nodiscard]] std::optional<int> next() const noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace multiping::command
