// Works by *at() calls with open directories, and checks mode and group of the socket before it listens.
// See listening_socket.hpp.
#include "apps/multipingd/listening_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <utility>

#include "os/socket_basics.hpp"

namespace multiping::daemon {
namespace {

constexpr int backlog = 64;  // with a longer one users wait longer while one user floods the queue

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error{path + " is too long for a socket"};
  path.copy(address.sun_path, path.size());
  return address;
}

os::FileDescriptor unix_socket() {
  os::FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) os::fail("cannot open a Unix socket");
  return socket;
}

/// Every process of the network namespace can connect to an abstract name, unix(7).
bool is_abstract(int socket) noexcept {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  const bool known = ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  return known && length > offsetof(sockaddr_un, sun_path) && address.sun_path[0] == '\0';
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string random_suffix() {
  std::array<unsigned char, 4> bytes{};
  os::fill_random(bytes.data(), bytes.size());
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3]);
  return text.data();
}

/// Makes `directory` the working directory as long as this object lives: bind(2) has no other way to a name in an open
/// directory.
class InDirectory {
 public:
  explicit InDirectory(const os::FileDescriptor& directory) : before_{::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)} {
    if (!before_ || ::fchdir(directory.value()) != 0) os::fail("cannot enter the directory of the socket");
  }
  InDirectory(const InDirectory&) = delete;
  InDirectory& operator=(const InDirectory&) = delete;
  ~InDirectory() {
    if (::fchdir(before_.value()) != 0) std::terminate();
  }

 private:
  os::FileDescriptor before_;
};

}  // namespace

Occupant occupant_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return Occupant::none;
    os::fail("cannot look at " + path);
  }
  if (!S_ISSOCK(status.st_mode)) return Occupant::other;
  const sockaddr_un address = address_of(path);
  const os::FileDescriptor caller = unix_socket();
  const auto* any = reinterpret_cast<const sockaddr*>(&address);
  // With any other result a process has the socket open, also when its queue is full, it is of another kind, or this
  // process may not connect.
  const bool refused = ::connect(caller.value(), any, sizeof address) != 0 && errno == ECONNREFUSED;
  return refused ? Occupant::stale_socket : Occupant::living_socket;
}

void check_place(const std::string& path) {
  switch (occupant_of(path)) {
    case Occupant::living_socket:
      throw std::runtime_error{"another multipingd listens at " + path};
    case Occupant::other:
      throw std::runtime_error{path + " is no socket, and is not replaced"};
    case Occupant::none:
    case Occupant::stale_socket:
      break;
  }
}

ListeningSocket::ListeningSocket(const ListenerPlace& place)
    : place_{place},
      name_{place.path.substr(place.path.rfind('/') + 1)},
      directory_{open_trusted_directory(directory_of(place.path), place.account)} {
  try {
    make_workshop();
    listen();
  } catch (...) {
    clean();
    throw;
  }
}

void ListeningSocket::clean() noexcept {
  if (workshop_ && !published_) ::unlinkat(workshop_.value(), name_.c_str(), 0);
  if (!workshop_name_.empty()) ::unlinkat(directory_.directory.value(), workshop_name_.c_str(), AT_REMOVEDIR);
  workshop_name_.clear();
  if (directory_.made && !published_) ::unlinkat(directory_.parent.value(), directory_.name.c_str(), AT_REMOVEDIR);
  directory_.made = false;
}

/// No other user can put a file into this directory, not even the owner of the directory around it.
void ListeningSocket::make_workshop() {
  const int around = directory_.directory.value();
  const std::string name = "." + name_ + "." + random_suffix();
  const mode_t before = ::umask(0077);
  const bool made = ::mkdirat(around, name.c_str(), 0700) == 0;
  ::umask(before);
  if (!made) os::fail("cannot make the socket " + place_.path);
  workshop_name_ = name;
  workshop_ = os::FileDescriptor{::openat(around, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status {};
  if (!workshop_ || ::fstat(workshop_.value(), &status) != 0) os::fail("cannot make the socket " + place_.path);
  if (status.st_uid == ::geteuid() && (status.st_mode & 0777U) == 0700U) return;
  throw std::runtime_error{"somebody else changes what is in the directory of " + place_.path};
}

/// The socket gets its mode when it is made, by the umask. It is not changed afterwards.
void ListeningSocket::bind() const {
  const InDirectory inside{workshop_};
  const sockaddr_un address = address_of(name_);
  const mode_t before = ::umask(~place_.mode & 0777U);
  const int bound = ::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) os::fail("cannot make the socket " + place_.path);
}

/// A default access control list or the set-group-ID bit of the directory could also change mode or group.
void ListeningSocket::require_as_asked() const {
  struct stat status {};
  if (::fstatat(workshop_.value(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    os::fail("cannot look at the socket " + place_.path);
  if ((status.st_mode & 07777U) == place_.mode && (!place_.group || status.st_gid == *place_.group)) return;
  throw std::runtime_error{"mode or group of the socket " + place_.path +
                           " are not as asked; its directory must have no default access control list"};
}

void ListeningSocket::listen() {
  socket_ = unix_socket();
  bind();
  if (place_.group &&
      ::fchownat(workshop_.value(), name_.c_str(), static_cast<uid_t>(-1), *place_.group, AT_SYMLINK_NOFOLLOW) != 0)
    os::fail("cannot set the group of the socket " + place_.path);
  require_as_asked();
  if (::listen(socket_.value(), backlog) != 0) os::fail("cannot listen at " + place_.path);
}

void ListeningSocket::publish() {
  check_place(place_.path);
  if (::renameat(workshop_.value(), name_.c_str(), directory_.directory.value(), name_.c_str()) != 0)
    os::fail("cannot make the socket " + place_.path);
  published_ = true;
  clean();
}

os::FileDescriptor adopt_listener(int descriptor) {
  const std::string name = "--activated: descriptor " + std::to_string(descriptor);
  const int domain = os::option(descriptor, SOL_SOCKET, SO_DOMAIN);
  if (domain == AF_UNSPEC) throw std::runtime_error{name + " is no socket; it must be the one of multipingd.socket"};
  if (domain != AF_UNIX || os::option(descriptor, SOL_SOCKET, SO_TYPE) != SOCK_SEQPACKET)
    throw std::runtime_error{name + " is a socket of another kind; it must be ListenSequentialPacket= of a path"};
  if (is_abstract(descriptor))
    throw std::runtime_error{name +
                             " has no path, and so no permissions; it must be ListenSequentialPacket= of a path"};
  if (os::option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) != 1)
    throw std::runtime_error{name + " does not listen; it must be of a socket unit with Accept=no"};
  os::FileDescriptor socket{descriptor};
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0)
    os::fail(name + " cannot be taken over");
  return socket;
}

}  // namespace multiping::daemon
