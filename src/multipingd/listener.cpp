// The socket at which the daemon is asked.
// See listener.hpp.
#include "multipingd/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "linux/socket.hpp"

namespace multiping::daemon {
namespace {

constexpr int backlog = 64;  // a longer one makes users wait behind the flood of another

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

bool is_socket(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

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
  // Whatever else it says, somebody is there: a full queue, another kind of socket, or one that is not for us.
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

Listener::Listener(const ListenerPlace& place)
    : place_{place}, directory_{place.path.substr(0, place.path.rfind('/'))}, new_name_{place.path + ".new"} {
  make_directory();
  try {
    listen();
  } catch (...) {
    if (made_directory_) ::rmdir(directory_.c_str());
    throw;
  }
}

Listener::~Listener() {
  if (published_) return;
  ::unlink(new_name_.c_str());
  if (made_directory_) ::rmdir(directory_.c_str());
}

void Listener::make_directory() {
  if (directory_.empty()) return;
  made_directory_ = ::mkdir(directory_.c_str(), 0700) == 0;
  if (!made_directory_ && errno != EEXIST) os::fail("cannot make the directory " + directory_);
  // Past the umask, whatever that is.
  if (made_directory_ && ::chmod(directory_.c_str(), 0755) != 0) os::fail("cannot open the directory " + directory_);
}

void Listener::listen() {
  socket_ = unix_socket();
  if (is_socket(new_name_)) ::unlink(new_name_.c_str());  // of a start that did not come to its end
  const sockaddr_un address = address_of(new_name_);
  const mode_t before = ::umask(0777);
  const int bound = ::bind(socket_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) os::fail("cannot make the socket " + new_name_);
  const bool placed = !place_.group || ::chown(new_name_.c_str(), static_cast<uid_t>(-1), *place_.group) == 0;
  if (placed && ::chmod(new_name_.c_str(), place_.mode) == 0 && ::listen(socket_.value(), backlog) == 0) return;
  const std::error_code error = os::last_error();
  ::unlink(new_name_.c_str());
  throw std::system_error{error, "cannot set mode and group of the socket " + place_.path};
}

void Listener::publish() {
  check_place(place_.path);
  if (std::rename(new_name_.c_str(), place_.path.c_str()) != 0) os::fail("cannot make the socket " + place_.path);
  published_ = true;
}

os::FileDescriptor adopt_listener(int descriptor) {
  const std::string name = "--activated: descriptor " + std::to_string(descriptor);
  const int domain = os::option(descriptor, SOL_SOCKET, SO_DOMAIN);
  if (domain == AF_UNSPEC) throw std::runtime_error{name + " is no socket; it must be the one of multipingd.socket"};
  if (domain != AF_UNIX || os::option(descriptor, SOL_SOCKET, SO_TYPE) != SOCK_SEQPACKET)
    throw std::runtime_error{name + " is a socket of another kind; it must be ListenSequentialPacket= of a path"};
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
