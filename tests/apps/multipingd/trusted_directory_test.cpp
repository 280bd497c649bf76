// Tests where the daemon makes its socket: only in a directory in which no other user can replace it. A process that
// swaps names meanwhile must not make the daemon change a file of root.
#include "apps/multipingd/trusted_directory.hpp"

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "apps/multipingd/listening_socket.hpp"
#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_trusted_directory_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using namespace multiping;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace fs = std::filesystem;

constexpr daemon::Account account{.user = 4321, .group = 4322};
constexpr uid_t stranger = 5555;
constexpr gid_t strangers = 5556;

/// A directory of root that is removed at the end of the test.
class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/multipingd-place-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    BOOST_REQUIRE(::chmod(name.c_str(), 0755) == 0);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { fs::remove_all(path_); }

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string make(const std::string& name, mode_t mode, uid_t user = 0, gid_t group = 0) const {
    std::string path = *this / name;
    BOOST_REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    BOOST_REQUIRE(::chown(path.c_str(), user, group) == 0);
    BOOST_REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }

 private:
  fs::path path_;
};

std::string error_of(const std::string& path) {
  try {
    const auto opened = daemon::open_trusted_directory(path, account);
    BOOST_TEST(opened.directory.value() >= 0);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

std::string refusal(const std::string& path, const std::string& who) {
  return "does not make a socket at a place that others can change: " + path + " " + who;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  BOOST_REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

/// Sets an access control list: owner rwx, group r-x, others r-x, and `user` rwx, linux/posix_acl_xattr.h. False when
/// the file system has no access control lists.
bool give_access_list(const std::string& path, uid_t user) {
  struct Entry {
    std::uint16_t tag, permissions;
    std::uint32_t id;
  };
  struct List {
    std::uint32_t version = htole32(2);
    Entry entries[5];
  };
  const List list{.entries = {{htole16(0x01), htole16(7), 0xffffffff},
                              {htole16(0x02), htole16(7), htole32(user)},
                              {htole16(0x04), htole16(5), 0xffffffff},
                              {htole16(0x10), htole16(7), 0xffffffff},
                              {htole16(0x20), htole16(5), 0xffffffff}}};
  if (::setxattr(path.c_str(), "system.posix_acl_access", &list, sizeof list, 0) == 0) return true;
  BOOST_REQUIRE(errno == EOPNOTSUPP);
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(directories_of_root_and_of_the_account_are_taken) {
  const Scratch scratch;
  BOOST_TEST(error_of(scratch.make("root", 0755)) == "none");
  BOOST_TEST(error_of(scratch.make("daemon", 0755, account.user, account.group)) == "none");
  BOOST_TEST(error_of(scratch.make("private", 0700, account.user, strangers)) == "none");
  BOOST_TEST(error_of(scratch.make("readable", 0755, 0, strangers)) == "none");
}

BOOST_AUTO_TEST_CASE(directory_of_another_user_is_refused) {
  const Scratch scratch;
  const std::string path = scratch.make("d", 0755, stranger);
  BOOST_TEST(error_of(path) == refusal(path, "belongs to user 5555"));
  const std::string closed = scratch.make("closed", 0, stranger);  // its owner can open it again
  BOOST_TEST(error_of(closed) == refusal(closed, "belongs to user 5555"));
}

BOOST_AUTO_TEST_CASE(directory_that_everybody_may_write_is_refused) {
  const Scratch scratch;
  const std::string path = scratch.make("d", 0777);
  BOOST_TEST(error_of(path) == refusal(path, "can be written by everybody"));
}

/// No other user could remove the socket, but any user could make a file of its name first.
BOOST_AUTO_TEST_CASE(sticky_directory_is_refused) {
  const Scratch scratch;
  const std::string path = scratch.make("d", 01777);
  BOOST_TEST(error_of(path) == refusal(path, "can be written by everybody"));
  BOOST_TEST(error_of("/tmp") == refusal("/tmp", "can be written by everybody"));
}

BOOST_AUTO_TEST_CASE(directory_in_a_sticky_one_is_taken) {
  const Scratch scratch;
  (void)scratch.make("d", 01777);
  BOOST_TEST(error_of(scratch.make("d/own", 0755)) == "none");
  const std::string path = scratch.make("d/other", 0755, stranger);
  BOOST_TEST(error_of(path) == refusal(path, "belongs to user 5555"));
}

BOOST_AUTO_TEST_CASE(directory_of_a_foreign_group_is_refused) {
  const Scratch scratch;
  const std::string path = scratch.make("d", 0775, 0, strangers);
  BOOST_TEST(error_of(path) == refusal(path, "can be written by group 5556"));
  BOOST_TEST(error_of(scratch.make("daemon", 0775, account.user, account.group)) == "none");
  BOOST_TEST(error_of(scratch.make("root", 0775)) == "none");
}

BOOST_AUTO_TEST_CASE(directory_with_an_access_list_is_refused) {
  const Scratch scratch;
  const std::string path = scratch.make("d", 0755);
  if (!give_access_list(path, stranger)) {
    BOOST_TEST_MESSAGE("this file system has no access control lists");
    return;
  }
  BOOST_TEST(error_of(path) == refusal(path, "can be written by those in its access control list"));
}

BOOST_AUTO_TEST_CASE(directories_above_count_as_well) {
  const Scratch scratch;
  const std::string theirs = scratch.make("theirs", 0755, stranger), open = scratch.make("open", 0777),
                    groups = scratch.make("groups", 0770, 0, strangers);
  for (const std::string name : {"theirs/d", "open/d", "groups/d"}) (void)scratch.make(name, 0755);
  BOOST_TEST(error_of(theirs + "/d") == refusal(theirs, "belongs to user 5555"));
  BOOST_TEST(error_of(open + "/d") == refusal(open, "can be written by everybody"));
  BOOST_TEST(error_of(groups + "/d") == refusal(groups, "can be written by group 5556"));
  BOOST_TEST(error_of(scratch.make("d", 0755) + "/../open/./d") == refusal(open, "can be written by everybody"));
}

BOOST_AUTO_TEST_CASE(links_are_followed_where_they_are_of_those_who_are_trusted) {
  const Scratch scratch;
  const std::string sticky = scratch.make("sticky", 01777), aim = scratch.make("aim", 0755);
  fs::create_symlink("../aim", sticky + "/of-root");
  fs::create_symlink(aim, sticky + "/of-a-stranger");
  BOOST_REQUIRE(::lchown((sticky + "/of-a-stranger").c_str(), stranger, strangers) == 0);
  BOOST_TEST(error_of(sticky + "/of-root") == "none");
  BOOST_TEST(error_of(sticky + "/of-a-stranger") == refusal(sticky + "/of-a-stranger", "belongs to user 5555"));
  fs::create_symlink("round", scratch / "round");
  BOOST_TEST(error_of(scratch / "round").ends_with("leads through too many symbolic links"));
}

BOOST_AUTO_TEST_CASE(only_the_last_directory_is_made) {
  const Scratch scratch;
  const mode_t before = ::umask(0077);
  const auto opened = daemon::open_trusted_directory(scratch / "made", account);
  ::umask(0);
  const auto again = daemon::open_trusted_directory(scratch / "wide", account);
  ::umask(before);
  BOOST_TEST((opened.made && again.made));
  BOOST_TEST(mode_of(scratch / "made") == 0755U);
  BOOST_TEST(mode_of(scratch / "wide") == 0755U);
  BOOST_TEST(error_of(scratch / "a/b") ==
             "cannot open the directory " + (scratch / "a") + ": No such file or directory");
  test::write_file(scratch / "file", "");
  BOOST_TEST(error_of(scratch / "file") == (scratch / "file") + " is no directory");
}

/// The directory belongs to the daemon's user, which is allowed. An attacker that has become this user must not get
/// more rights by that.
BOOST_AUTO_TEST_CASE(who_swaps_names_changes_no_file_of_roots) {
  const Scratch scratch;
  const std::string place = scratch.make("d", 0755, account.user, account.group), victim = scratch / "victim";
  test::write_file(victim, "secret");
  BOOST_REQUIRE(::chmod(victim.c_str(), 0600) == 0);
  test::Child attacker{[&] {
    BOOST_REQUIRE(::setresgid(account.group, account.group, account.group) == 0);
    BOOST_REQUIRE(::setresuid(account.user, account.user, account.user) == 0);
    BOOST_REQUIRE(::chdir(place.c_str()) == 0);
    const auto swap = [&](const char* name) {
      if (::rename(name, "taken") != 0 || ::symlink(victim.c_str(), name) != 0) return;
      std::error_code gone;
      fs::remove_all("taken", gone);
    };
    const auto end = Clock::now() + 20s;
    for (int turn = 0; Clock::now() < end; ++turn) {
      swap("s.new");  // a name at which a daemon might first make its socket
      if (turn % 8 != 0) continue;
      std::error_code gone;
      for (fs::directory_iterator entry{".", gone}, none; !gone && entry != none; entry.increment(gone))
        if (!entry->is_symlink(gone)) swap(entry->path().filename().c_str());
      if (turn % 64 == 0)
        for (fs::directory_iterator entry{".", gone}, none; !gone && entry != none; entry.increment(gone))
          if (entry->path().filename() != "taken") ::unlink(entry->path().c_str());
    }
  }};
  int made = 0, tried = 0;
  for (const auto end = Clock::now() + 3s; Clock::now() < end && tried < 20'000; ++tried) {
    try {
      daemon::ListeningSocket listener{{.path = place + "/s", .mode = 0666, .group = strangers, .account = account}};
      listener.publish();
      ++made;
    } catch (const std::runtime_error&) {
      continue;  // the attacker took the socket away, and the listener noticed it
    }
  }
  struct stat status {};
  BOOST_REQUIRE(::stat(victim.c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0600U);
  BOOST_TEST((status.st_uid == 0U && status.st_gid == 0U));
  BOOST_TEST(test::read_file(victim) == "secret");
  BOOST_TEST(tried > 0);
  BOOST_TEST_MESSAGE(made << " of " << tried << " sockets were made");
}

BOOST_AUTO_TEST_SUITE_END()
