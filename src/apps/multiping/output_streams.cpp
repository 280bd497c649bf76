// write(2) with its errors, and files that take their place by rename(2).
// See output_streams.hpp.
#include "apps/multiping/output_streams.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

namespace multiping::command {
namespace {

constexpr std::size_t buffer_size = std::size_t{64} << 10U;

[[noreturn]] void fail(const std::string& doing) { throw std::system_error{errno, std::generic_category(), doing}; }

/// What a new file may be read by: as open(2) with 0666 would make it.
mode_t new_file_mode() noexcept {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

/// Where symbolic links lead; a path that does not exist is its own.
std::string real_path(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> found{::realpath(path.c_str(), nullptr), &std::free};
  return found ? std::string{found.get()} : path;
}

}  // namespace

Output::Output(int descriptor, std::string name)
    : descriptor_{descriptor}, name_{std::move(name)}, terminal_{::isatty(descriptor) == 1} {}

Output::Output(const std::string& path) : name_{path}, owned_{true} {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail("cannot write to " + path);
    return;
  }
  open_beside(real_path(path));
}

void Output::open_beside(const std::string& path) {
  path_ = path;
  temporary_ = path + ".XXXXXX";
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (descriptor_ >= 0) return;
  temporary_.clear();
  fail("cannot write to " + name_);
}

Output::~Output() {
  try {
    flush();
  } catch (...) {  // a destructor has nobody to tell
    buffer_.clear();
  }
  if (!owned_) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void Output::write(std::string_view text) {
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
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR) {
      fail("cannot write to " + name_);
    }
  }
}

void Output::commit() {
  flush();
  if (path_.empty()) return;
  if (::fchmod(descriptor_, new_file_mode()) != 0 || ::fsync(descriptor_) != 0 ||
      std::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail("cannot write to " + name_);
  temporary_.clear();
}

void Output::commit_and_restart() {
  commit();
  if (path_.empty()) return;
  ::close(std::exchange(descriptor_, -1));
  open_beside(std::string{path_});
}

}  // namespace multiping::command
