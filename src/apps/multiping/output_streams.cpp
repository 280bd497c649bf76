// write(2) with its errors, and files that take their place by rename(2).
// See output_streams.hpp.
#include "apps/multiping/output_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace multiping::command {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} << 10U;

/// What a new file may be read by: as open(2) with 0666 would make it.
mode_t new_file_mode() noexcept {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

/// The permissions of the file at `path`, whose owner and group `descriptor` gets. Without these, who could read the
/// old file by its permissions might not be able to read the new one.
mode_t mode_in_place_of(const std::string& path, int descriptor) noexcept {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) return new_file_mode();
  return ::fchown(descriptor, old.st_uid, old.st_gid) == 0 ? old.st_mode & 0777 : new_file_mode();
}

/// Where symbolic links lead; a path that does not exist is its own.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> found{::realpath(path.c_str(), nullptr), &std::free};
  return found ? std::string{found.get()} : path;
}

/// The number in "/dev/fd/7"; none for the path of a file.
std::optional<int> descriptor_named(const std::string& path) noexcept {
  if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    int number = -1;
    const char* const end = path.data() + path.size();
    if (path.starts_with(folder) && std::from_chars(path.data() + folder.size(), end, number).ptr == end) return number;
  }
  return std::nullopt;
}

/// Waits until a descriptor that somebody has made non-blocking takes text.
void wait_for_room(int descriptor) noexcept {
  pollfd waited{descriptor, POLLOUT, 0};
  ::poll(&waited, 1, -1);
}

}  // namespace

Output::Output(int descriptor, std::string name)
    : descriptor_{descriptor}, name_{std::move(name)}, terminal_{::isatty(descriptor) == 1} {}

Output::Output(const std::string& path) : name_{path}, owned_{true} {
  struct stat found {};
  if (const auto number = descriptor_named(path)) {
    descriptor_ = ::fcntl(*number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  } else if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    path_ = real_path(path);
    // An error is told now. The file itself is made with the first text, so that a signal leaves none before it.
    open_beside();
    ::unlink(std::exchange(temporary_, {}).c_str());
    ::close(std::exchange(descriptor_, -1));
    return;
  }
  if (descriptor_ < 0) fail();
}

void Output::fail() {
  failed_ = true;
  buffer_.clear();
  throw WriteFailed{errno, std::generic_category(), "cannot write to " + name_};
}

void Output::open_beside() {
  std::string path = path_ + ".XXXXXX";
  descriptor_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail();
  temporary_ = std::move(path);
}

Output::~Output() {
  try {
    flush();
  } catch (...) {  // a destructor has nobody to tell
    buffer_.clear();
  }
  if (owned_ && descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void Output::write(std::string_view text) {
  if (failed_) return;
  buffer_ += text;
  if (buffer_.size() >= buffer_size) flush();
}

void Output::flush() {
  if (buffer_.empty()) return;
  // What could not be written is not tried again: the error is told once.
  const std::string text = std::exchange(buffer_, {});
  write_all(text);
}

void Output::write_all(std::string_view text) {
  if (before_write_) before_write_();
  if (descriptor_ < 0) open_beside();
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno == EAGAIN) {
      wait_for_room(descriptor_);
    } else if (errno != EINTR) {
      fail();
    }
  }
}

void Output::take_place() {
  if (::fchmod(descriptor_, mode_in_place_of(path_, descriptor_)) != 0 || ::fsync(descriptor_) != 0 ||
      std::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail();
  temporary_.clear();
  ::close(std::exchange(descriptor_, -1));
  in_place_ = true;
}

void Output::commit() {
  flush();
  if (path_.empty() || failed_ || (in_place_ && descriptor_ < 0)) return;
  if (descriptor_ < 0) open_beside();
  take_place();
}

}  // namespace multiping::command
