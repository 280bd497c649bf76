// Follows symbolic links itself, so that it can check the owner of each link and of each directory on the way.
// See trusted_directory.hpp.
#include "apps/multipingd/trusted_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr int most_links = 40;  // the kernel follows as many

struct stat status_of(const os::FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.value(), &status) != 0) os::fail("cannot look at " + path);
  return status;
}

[[noreturn]] void refuse(const std::string& path, const std::string& who) {
  throw std::runtime_error{"does not make a socket at a place that others can change: " + path + " " + who};
}

/// With an access control list, the group bits of the mode are the mask: the most that any entry of the list may allow.
/// True also when it cannot be found out whether there is a list.
bool may_have_access_list(const os::FileDescriptor& directory) {
  const std::string path = "/proc/self/fd/" + std::to_string(directory.value());
  if (::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) >= 0) return true;
  return errno != ENODATA && errno != EOPNOTSUPP;
}

class Walk {
 public:
  explicit Walk(const Account& account)
      : account_{account}, here_{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)}, status_{status_of(here_, "/")} {
    require_owner("/", status_);
  }

  TrustedDirectory go(const std::string& path) {
    add_names(path);
    while (!names_.empty()) {
      const std::string name = std::exchange(names_.front(), {});
      names_.pop_front();
      step(name);
    }
    if (const std::string who = other_writers(); !who.empty()) refuse(place(), who);
    return {.directory = std::move(here_), .parent = std::move(parent_), .name = name_, .made = made_};
  }

 private:
  void add_names(std::string_view path) {
    std::deque<std::string> names;
    while (!path.empty()) {
      const auto slash = path.find('/');
      const std::string_view name = path.substr(0, slash);
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
      if (!name.empty() && name != ".") names.emplace_back(name);
    }
    names_.insert(names_.begin(), names.begin(), names.end());
  }

  [[nodiscard]] std::string place() const { return place_.empty() ? "/" : place_; }

  void require_owner(const std::string& path, const struct stat& status) const {
    if (status.st_uid != 0 && status.st_uid != account_.user)
      refuse(path, "belongs to user " + std::to_string(status.st_uid));
  }

  /// Says which untrusted users may write into this directory; empty when none may.
  [[nodiscard]] std::string other_writers() const {
    if ((status_.st_mode & S_IWOTH) != 0) return "can be written by everybody";
    if ((status_.st_mode & S_IWGRP) == 0) return {};
    if (status_.st_gid != 0 && status_.st_gid != account_.group)
      return "can be written by group " + std::to_string(status_.st_gid);
    return may_have_access_list(here_) ? "can be written by those in its access control list" : "";
  }

  void step(const std::string& name) {
    if (const std::string who = other_writers(); !who.empty() && (status_.st_mode & S_ISVTX) == 0) refuse(place(), who);
    const std::string path = place_ + "/" + name;
    os::FileDescriptor next = open_or_make(name, path);
    const struct stat status = status_of(next, path);
    require_owner(path, status);
    if (S_ISLNK(status.st_mode)) return follow(next, path);
    if (!S_ISDIR(status.st_mode)) throw std::runtime_error{path + " is no directory"};
    parent_ = std::exchange(here_, std::move(next));
    place_ = name == ".." ? place_.substr(0, place_.find_last_of('/')) : path;
    name_ = name;
    status_ = status;
  }

  [[nodiscard]] os::FileDescriptor open_or_make(const std::string& name, const std::string& path) {
    const auto open = [&] {
      return os::FileDescriptor{::openat(here_.value(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    };
    os::FileDescriptor found = open();
    if (!found && errno == ENOENT && names_.empty()) {
      const mode_t before = ::umask(0022);
      made_ = ::mkdirat(here_.value(), name.c_str(), 0755) == 0;
      ::umask(before);
      if (!made_ && errno != EEXIST) os::fail("cannot make the directory " + path);
      found = open();
    }
    if (!found) os::fail("cannot open the directory " + path);
    return found;
  }

  void follow(const os::FileDescriptor& link, const std::string& path) {
    if (++links_ > most_links) throw std::runtime_error{path + " leads through too many symbolic links"};
    std::string target(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(link.value(), "", target.data(), target.size());
    if (size <= 0) os::fail("cannot read the symbolic link " + path);
    target.resize(static_cast<std::size_t>(size));
    add_names(target);
    if (target.front() == '/') go_to_root();
  }

  void go_to_root() {
    here_ = os::FileDescriptor{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
    parent_ = {};
    status_ = status_of(here_, "/");
    place_.clear();
    name_.clear();
  }

  const Account& account_;
  os::FileDescriptor here_, parent_{};
  struct stat status_;
  std::string place_{}, name_{};
  std::deque<std::string> names_{};  ///< The names of the path that are still to be opened.
  int links_ = 0;
  bool made_ = false;
};

}  // namespace

TrustedDirectory open_trusted_directory(const std::string& path, const Account& account) {
  return Walk{account}.go(path);
}

}  // namespace multiping::daemon
