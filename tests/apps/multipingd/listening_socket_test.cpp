// Tests the daemon's socket: it has its mode and group before a client can connect, it replaces no file of others, and
// it is taken over from systemd only when it is of the right kind.
#include "apps/multipingd/listening_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>

#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_listener_test)

namespace {

using namespace multiping;
using daemon::ListeningSocket;
using daemon::Occupant;

namespace fs = std::filesystem;

/// The user and group that run the tests.
const daemon::Account account{.user = ::geteuid(), .group = ::getegid()};

/// A directory that is removed at the end of the test.
class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/multipingd-listener-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

os::FileDescriptor bound(const std::string& path, int type) {
  os::FileDescriptor socket{::socket(AF_UNIX, type | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  BOOST_REQUIRE(::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

std::string error_of_publishing(const std::string& path) {
  try {
    ListeningSocket listener{{.path = path, .account = account}};
    listener.publish();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

std::string error_of_adopting(int descriptor) {
  try {
    (void)daemon::adopt_listener(descriptor).release();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(socket_is_made_with_its_directory_and_mode) {
  const Scratch scratch;
  const std::string path = scratch / "d/s";
  ListeningSocket listener{{.path = path, .mode = 0640, .account = account}};
  BOOST_TEST(!fs::exists(path));  // not published yet
  listener.publish();
  BOOST_TEST((status_of(path).st_mode & 07777U) == 0640U);
  BOOST_TEST((status_of(scratch / "d").st_mode & 07777U) == 0755U);
  BOOST_TEST(std::distance(fs::directory_iterator{scratch / "d"}, {}) == 1);
  BOOST_TEST((daemon::occupant_of(path) == Occupant::living_socket));
}

BOOST_AUTO_TEST_CASE(working_directory_and_mask_are_as_before) {
  const Scratch scratch;
  const fs::path before = fs::current_path();
  const mode_t mask = ::umask(0027);
  { const ListeningSocket listener{{.path = scratch / "s", .account = account}}; }
  BOOST_TEST(::umask(mask) == 0027U);
  BOOST_TEST(fs::current_path() == before);
}

BOOST_AUTO_TEST_CASE(long_path_that_clients_can_connect_to_is_served) {
  const Scratch scratch;
  const std::string path = scratch / std::string(107 - (scratch / "").size(), 'n');
  ListeningSocket listener{{.path = path, .account = account}};
  listener.publish();
  BOOST_TEST((daemon::occupant_of(path) == Occupant::living_socket));
}

BOOST_AUTO_TEST_CASE(group_is_set, *boost::unit_test::precondition(test::needs_root)) {
  const Scratch scratch;
  ListeningSocket listener{{.path = scratch / "s", .mode = 0660, .group = 4444, .account = account}};
  listener.publish();
  BOOST_TEST(status_of(scratch / "s").st_gid == 4444U);
  BOOST_TEST((status_of(scratch / "s").st_mode & 07777U) == 0660U);
}

BOOST_AUTO_TEST_CASE(what_is_not_published_leaves_nothing) {
  const Scratch scratch;
  { const ListeningSocket listener{{.path = scratch / "d/s", .account = account}}; }
  BOOST_TEST(!fs::exists(scratch / "d"));
}

BOOST_AUTO_TEST_CASE(missing_parents_are_an_error) {
  const Scratch scratch;
  BOOST_CHECK_THROW(ListeningSocket({.path = scratch / "a/b/s", .account = account}), std::system_error);
}

BOOST_AUTO_TEST_CASE(socket_of_a_dead_daemon_is_replaced) {
  const Scratch scratch;
  const std::string path = scratch / "s";
  { const auto dead = bound(path, SOCK_SEQPACKET); }
  BOOST_TEST((daemon::occupant_of(path) == Occupant::stale_socket));
  ListeningSocket listener{{.path = path, .account = account}};
  listener.publish();
  BOOST_TEST((daemon::occupant_of(path) == Occupant::living_socket));
}

BOOST_AUTO_TEST_CASE(living_socket_is_not_replaced) {
  const Scratch scratch;
  const std::string path = scratch / "s";
  ListeningSocket first{{.path = path, .account = account}};
  first.publish();
  BOOST_TEST(error_of_publishing(path) == "another multipingd listens at " + path);
  BOOST_TEST((daemon::occupant_of(path) == Occupant::living_socket));
  BOOST_TEST(std::distance(fs::directory_iterator{scratch / ""}, {}) == 1);
}

BOOST_AUTO_TEST_CASE(socket_of_another_kind_is_not_replaced) {
  const Scratch scratch;
  const auto stream = bound(scratch / "s", SOCK_STREAM);
  BOOST_REQUIRE(::listen(stream.value(), 1) == 0);
  BOOST_TEST(error_of_publishing(scratch / "s").starts_with("another multipingd listens at"));
}

BOOST_AUTO_TEST_CASE(files_and_links_are_not_replaced) {
  const Scratch scratch;
  test::write_file(scratch / "file", "text");
  fs::create_symlink("nowhere", scratch / "link");
  for (const std::string name : {"file", "link"}) {
    BOOST_TEST(error_of_publishing(scratch / name) == scratch / name + " is no socket, and is not replaced");
  }
  BOOST_TEST(test::read_file(scratch / "file") == "text");
  BOOST_TEST(fs::is_symlink(scratch / "link"));
}

BOOST_AUTO_TEST_CASE(listening_socket_is_taken_over) {
  const Scratch scratch;
  auto socket = bound(scratch / "s", SOCK_SEQPACKET);
  BOOST_REQUIRE(::listen(socket.value(), 1) == 0);
  const os::FileDescriptor taken = daemon::adopt_listener(socket.release());
  BOOST_TEST(::accept(taken.value(), nullptr, nullptr) < 0);
  BOOST_TEST(errno == EAGAIN);  // the socket does not block
}

BOOST_AUTO_TEST_CASE(other_descriptors_are_not_taken_over) {
  const Scratch scratch;
  BOOST_TEST(error_of_adopting(-1).find("is no socket") != std::string::npos);
  BOOST_TEST(error_of_adopting(0).find("is no socket") != std::string::npos);
  const auto stream = bound(scratch / "stream", SOCK_STREAM);
  BOOST_TEST(error_of_adopting(stream.value()).find("another kind") != std::string::npos);
  const auto silent = bound(scratch / "silent", SOCK_SEQPACKET);
  BOOST_TEST(error_of_adopting(silent.value()).find("does not listen") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(socket_without_a_path_is_not_taken_over) {
  const os::FileDescriptor socket{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // without a path the kernel chooses an abstract name
  BOOST_REQUIRE(::bind(socket.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family) == 0);
  BOOST_REQUIRE(::listen(socket.value(), 1) == 0);
  BOOST_TEST(error_of_adopting(socket.value()).find("has no path, and so no permissions") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
