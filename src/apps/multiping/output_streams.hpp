// Where text goes: the standard output and the standard error stream, buffered, or a file that is written atomically.
// A closed pipe ends the program in silence; a full disk is an error that names the file.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace multiping::command {

/// Thrown when the reader of a pipe has gone: the program ends without a word, as SIGPIPE would end it.
class ClosedPipe {};

/// Thrown when text could not be written: "cannot write to FILE: ...". The stream takes no text from then on.
class WriteFailed : public std::system_error {
 public:
  using std::system_error::system_error;
};

/// One stream of text. Not copyable, for one thread.
class Output {
 public:
  /// Writes to an open descriptor; `name` is for messages.
  Output(int descriptor, std::string name);
  /// Writes to a new file beside `path`, which takes the place of `path` at commit(), with the permissions of the
  /// file that was there, where its owner and group can be kept, else with those of a new file. What is there and no
  /// regular file (a device, a pipe) is written to directly; a symbolic link stays and its file is replaced. "-",
  /// /dev/stdout, /dev/stderr and /dev/fd/N are descriptors of this process, which are written to directly, whatever
  /// they are. Throws WriteFailed.
  explicit Output(const std::string& path);
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  /// Throws nothing away that flush() can write; a file that was not committed is removed.
  ~Output();

  /// Appends text; it is written when 64 KiB have come together. Throws as flush() does.
  void write(std::string_view text);
  /// Writes what is buffered. Throws ClosedPipe and WriteFailed.
  void flush();
  /// Ends a file: written to the disk, and in its place. For a descriptor the same as flush(). What is written from
  /// then on is a new file, which takes its place at the next commit().
  void commit();

  /// True after WriteFailed: some text is lost.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// `call` is made each time before text reaches the descriptor: to erase a status line. nullptr: no longer.
  void before_write(std::function<void()> call) { before_write_ = std::move(call); }

 private:
  [[noreturn]] void fail();
  void open_beside();
  void take_place();
  void write_all(std::string_view text);

  int descriptor_ = -1;
  std::string name_;
  std::string path_{}, temporary_{};  ///< Of a file that takes its place at commit(); else empty.
  bool owned_ = false, failed_ = false, in_place_ = false;
  std::string buffer_{};
  bool terminal_ = false;
  std::function<void()> before_write_{};
};

/// Makes the calls in turn. What one stream does not take keeps no other from having its text; the first such error is
/// thrown at the end.
class EachStep {
 public:
  template <class Step>
  void step(Step made) {
    try {
      made();
    } catch (const WriteFailed&) {
      if (!unwritten_) unwritten_ = std::current_exception();
    }
  }
  [[nodiscard]] bool failed() const noexcept { return unwritten_ != nullptr; }
  void end() const {
    if (unwritten_) std::rethrow_exception(unwritten_);
  }

 private:
  std::exception_ptr unwritten_{};
};

/// The two streams of the program.
struct Outputs {
  Output& out;
  Output& err;
};

}  // namespace multiping::command
