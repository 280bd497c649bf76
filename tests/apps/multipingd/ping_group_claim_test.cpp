// Tests several daemons in one network namespace: none takes net.ipv4.ping_group_range away from another. The last one
// puts the range from before the first one back, in whatever order and way they end.
#include "apps/multipingd/ping_group_claim.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/multipingd/daemon.hpp"
#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_range_claim_test, *boost::unit_test::precondition(multiping::test::needs_root))

namespace {

using namespace multiping;
using namespace multiping::test;
using namespace std::chrono_literals;

constexpr const char* range_path = "/proc/sys/net/ipv4/ping_group_range";
const std::string first_path = "/run/multiping/first.sock", second_path = "/run/multiping/second.sock";

/// Settings without ready sockets: each socket is opened when a client asks, so it depends on the range at that time.
Daemon::Settings settings(const std::string& path, const std::string& group = daemon_group, Arguments run_by = {}) {
  return {.options = {"--ready", "0", "--user", daemon_user, "--group", group},
          .path = path,
          .account = false,
          .run_by = std::move(run_by)};
}

std::string error_of_start(const Daemon::Settings& asked) {
  try {
    const Daemon daemon{asked};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void check_refused(const std::string& error) {
  BOOST_TEST(contains(error, "another multipingd serves in this network namespace"), error);
  BOOST_TEST(contains(error, "group 5322 is not inside"), error);
}

void wait_for_range(const std::string& text) {
  wait_until([&] { return read_file(range_path) == text; }, "the range is " + text);
}

/// A socket that binds or connects to the name that the daemons use.
class Stranger {
 public:
  Stranger() : socket_{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)} {
    constexpr std::string_view name{"\0multiping/ping_group_range", 27};
    address_.sun_family = AF_UNIX;
    name.copy(address_.sun_path, name.size());
    size_ = offsetof(sockaddr_un, sun_path) + name.size();
  }
  [[nodiscard]] bool take_name() const {
    return ::bind(socket_.value(), any(), size_) == 0 && ::listen(socket_.value(), 8) == 0;
  }
  [[nodiscard]] bool connect() const { return ::connect(socket_.value(), any(), size_) == 0; }
  /// Whether the message that comes is empty: only zeros, and without descriptors.
  [[nodiscard]] bool is_told_nothing() const {
    std::array<char, 64> bytes{};
    iovec data{bytes.data(), bytes.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.value(), &message, 0);
    return message.msg_controllen == 0 &&
           std::all_of(bytes.begin(), bytes.begin() + std::max<ssize_t>(size, 0), [](char each) { return each == 0; });
  }

 private:
  [[nodiscard]] const sockaddr* any() const { return reinterpret_cast<const sockaddr*>(&address_); }
  os::FileDescriptor socket_;
  sockaddr_un address_{};
  socklen_t size_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(daemon_of_another_group_is_refused_and_takes_nothing_away) {
  in_namespace([] {
    write_file(range_path, "100 200");
    Daemon first{settings(first_path)};
    check_refused(error_of_start(settings(second_path, "5322")));
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
    BOOST_TEST(is_given_at(first_path));
    first.signal(SIGTERM);
    BOOST_TEST(first.join() == 0);
    BOOST_TEST(read_file(range_path) == "100\t200\n");
    const Daemon second{settings(second_path, "5322")};  // no other daemon needs the range now
    BOOST_TEST(is_given_at(second_path));
  });
}

BOOST_AUTO_TEST_CASE(check_of_another_group_is_refused_too) {
  in_namespace([] {
    const Daemon first{settings(first_path)};
    const Ended check = run_daemon({"--check", "--socket", second_path, "--user", daemon_user, "--group", "5322"});
    BOOST_TEST(check.status == 1);
    check_refused(check.text);
    BOOST_TEST(read_file(range_path) == "4322\t4322\n");
  });
}

/// The first daemon has not changed the range, but needs it.
BOOST_AUTO_TEST_CASE(range_of_the_administrator_is_not_taken_from_who_serves_by_it) {
  in_namespace([] {
    write_file(range_path, "4000 5000");
    {
      const Daemon first{settings(first_path)};
      check_refused(error_of_start(settings(second_path, "5322")));
      BOOST_TEST(read_file(range_path) == "4000\t5000\n");
      BOOST_TEST(is_given_at(first_path));
    }
    const Daemon second{settings(second_path, "5322")};
    BOOST_TEST(read_file(range_path) == "5322\t5322\n");
  });
}

BOOST_AUTO_TEST_CASE(range_with_both_groups_serves_both) {
  in_namespace([] {
    write_file(range_path, "4000 6000");
    const Daemon first{settings(first_path)}, second{settings(second_path, "5322")};
    BOOST_TEST((is_given_at(first_path) && is_given_at(second_path)));
    BOOST_TEST(read_file(range_path) == "4000\t6000\n");
  });
}

BOOST_AUTO_TEST_CASE(daemons_of_one_group_end_in_any_order_and_way) {
  for (const int how_the_one : {SIGTERM, SIGKILL}) {
    for (const int how_the_other : {SIGTERM, SIGKILL}) {
      for (const bool first_begins : {true, false}) {
        BOOST_TEST_CONTEXT("signals " << how_the_one << " " << how_the_other << ", the first first: " << first_begins)
        in_namespace([&] {
          write_file(range_path, "100 200");
          Daemon first{settings(first_path)}, second{settings(second_path)};
          Daemon& one = first_begins ? first : second;
          Daemon& other = first_begins ? second : first;
          one.signal(how_the_one);
          one.join();
          BOOST_TEST(is_given_at(other.path()));
          BOOST_TEST(read_file(range_path) == "4322\t4322\n");
          other.signal(how_the_other);
          other.join();
          wait_for_range("100\t200\n");
        });
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(daemons_that_are_killed_at_once_leave_the_range_as_it_was) {
  in_namespace([] {
    write_file(range_path, "100 200");
    for (int i = 0; i < 5; ++i) {
      std::vector<std::unique_ptr<Daemon>> daemons;
      for (int n = 0; n < 3; ++n)
        daemons.push_back(std::make_unique<Daemon>(settings("/run/multiping/" + std::to_string(n))));
      for (const auto& each : daemons) each->signal(SIGKILL);
      for (const auto& each : daemons) each->join();
      wait_for_range("100\t200\n");
    }
  });
}

/// The first daemon has ended, and the others still know how it changed the range.
BOOST_AUTO_TEST_CASE(claim_goes_on_with_those_who_stay) {
  in_namespace([] {
    write_file(range_path, "100 200");
    auto first = std::make_unique<Daemon>(settings(first_path));
    auto second = std::make_unique<Daemon>(settings(second_path));
    first.reset();
    check_refused(error_of_start(settings(first_path, "5322")));
    auto third = std::make_unique<Daemon>(settings("/run/multiping/third.sock"));
    second.reset();
    BOOST_TEST(is_given_at("/run/multiping/third.sock"));
    check_refused(error_of_start(settings(first_path, "5322")));
    third.reset();
    BOOST_TEST(read_file(range_path) == "100\t200\n");
  });
}

BOOST_AUTO_TEST_CASE(daemons_start_at_the_same_time) {
  in_namespace([] {
    write_file(range_path, "100 200");
    std::vector<std::unique_ptr<Child>> children;
    for (int n = 0; n < 4; ++n)
      children.push_back(std::make_unique<Child>([n] {
        const std::string path = "/run/multiping/" + std::to_string(n);
        Daemon daemon{settings(path)};
        BOOST_TEST(is_given_at(path));
        daemon.signal(n % 2 == 0 ? SIGTERM : SIGKILL);
        daemon.join();
      }));
    for (const auto& each : children) BOOST_TEST(each->join());
    wait_for_range("100\t200\n");
  });
}

/// As in containers that share the host's network.
BOOST_AUTO_TEST_CASE(daemons_of_other_mount_and_pid_namespaces_know_of_each_other) {
  in_namespace([] {
    const Daemon first{settings(first_path)};
    check_refused(error_of_start(settings(second_path, "5322", {"unshare", "--mount", "--pid", "--fork"})));
    BOOST_TEST(is_given_at(first_path));
    run("unshare --mount --pid --fork env " + daemon_command() + " --check --user 4321 --group 4322 > /run/report");
    const std::string report = read_file("/run/report");
    BOOST_TEST(contains(report, "1 0, set to 4322 4322 while it serves"), report);
    BOOST_TEST(is_given_at(first_path));
  });
}

BOOST_AUTO_TEST_CASE(name_in_the_hands_of_a_stranger_stops_nobody) {
  in_namespace([] {
    write_file(range_path, "100 200");
    Child stranger{[] {
      become_nobody();
      const Stranger here;
      BOOST_REQUIRE(here.take_name());
      ::raise(SIGSTOP);
    }};
    BOOST_REQUIRE(stranger.wait_stopped());
    {
      const Daemon daemon{settings(first_path)};
      BOOST_TEST(contains(daemon.log(), "uid 65534"), daemon.log());
      BOOST_TEST(contains(daemon.log(), "holds the name"), daemon.log());
      BOOST_TEST(is_given_at(first_path));
    }
    BOOST_TEST(read_file(range_path) == "100\t200\n");
  });
}

BOOST_AUTO_TEST_CASE(strangers_are_told_nothing_and_keep_nothing_back) {
  for (const char* range : {"100\t200\n", "4000\t5000\n"}) {  // the guard answers; the daemon itself answers
    in_namespace([range] {
      write_file(range_path, range);
      auto daemon = std::make_unique<Daemon>(settings(first_path));
      Child stranger{[] {
        become_nobody();
        std::vector<Stranger> many(20);
        for (const Stranger& each : many) {
          BOOST_REQUIRE(each.connect());
          BOOST_TEST(each.is_told_nothing());
        }
        ::raise(SIGSTOP);  // keeps all connections open
      }};
      BOOST_REQUIRE(stranger.wait_stopped());
      BOOST_TEST(is_given_at(first_path));
      daemon.reset();
      BOOST_TEST(read_file(range_path) == range);
    });
  }
}

BOOST_AUTO_TEST_CASE(claim_is_told_to_the_account_and_to_no_other) {
  in_namespace([] {
    constexpr daemon::Account account{.user = 4321, .group = 4322};
    auto first = daemon::PingGroupClaim::take(account, 1s);
    BOOST_REQUIRE(first.claim.has_value());
    BOOST_TEST(!first.claim->change().has_value());
    const daemon::RangeChange change{.before = {.first = 1, .last = 2}, .after = {.first = 3, .last = 3}};
    first.claim->announce(change);
    Child same{[&] {
      const auto second = daemon::PingGroupClaim::take(account, 10s);
      BOOST_REQUIRE(second.claim.has_value());
      BOOST_TEST((second.claim->change() == change));
    }};
    pollfd asked{first.claim->descriptor(), POLLIN, 0};
    BOOST_REQUIRE(::poll(&asked, 1, 10'000) == 1);
    first.claim->answer(account);
    BOOST_TEST(same.join());
    BOOST_TEST(first.claim->leave());  // this is the last one, since the other has ended
  });
}

BOOST_AUTO_TEST_SUITE_END()
