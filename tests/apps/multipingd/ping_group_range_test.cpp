// Tests that net.ipv4.ping_group_range is read, written, and put back by the guard, however the daemon ends.
#include "apps/multipingd/ping_group_range.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "apps/multipingd/daemon.hpp"
#include "apps/multipingd/ping_group_restorer.hpp"
#include "apps/multipingd/sandbox/sandbox_self_test.hpp"
#include "apps/privileges/privileges.hpp"
#include "netns/namespace.hpp"

BOOST_AUTO_TEST_SUITE(multipingd_group_range_test)

namespace {

using namespace multiping;
using namespace multiping::test;
using daemon::PingGroupRange;

constexpr daemon::Account account{.user = 4321, .group = 4322};
constexpr daemon::RangeChange change{.before = {.first = 100, .last = 200}, .after = {.first = 4322, .last = 4322}};

PingGroupRange range_now() { return daemon::PingGroupRangeFile{}.read().value(); }

/// Sets `change.before`, and then in a child `change.after`, as a daemon does. The child calls `meanwhile`, and kills
/// itself after that unless it has ended.
void guarded(const std::function<void(const daemon::PingGroupRestorer&)>& meanwhile) {
  const daemon::PingGroupRangeFile file;
  BOOST_REQUIRE(file.write(change.before));
  Child child{[&] {
    const daemon::PingGroupRestorer guard{file, {.change = change, .account = account}};
    BOOST_REQUIRE(file.write(change.after));
    meanwhile(guard);
    ::raise(SIGKILL);
  }};
  BOOST_TEST(!child.join());
}

std::string status_of(pid_t pid) { return read_file("/proc/" + std::to_string(pid) + "/status"); }

}  // namespace

BOOST_AUTO_TEST_CASE(text_of_the_kernel_is_parsed) {
  BOOST_TEST((daemon::parse_group_range("1\t0\n") == PingGroupRange{}));
  BOOST_TEST((daemon::parse_group_range("0 2147483647") == PingGroupRange{.first = 0, .last = 2147483647}));
  for (const char* text : {"", "1", "1 ", "a 1", "1 -1", "1 2 3", "1x 2", "1 2x", "1 99999999999"})
    BOOST_TEST(!daemon::parse_group_range(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(empty_ranges_include_nobody) {
  BOOST_TEST((PingGroupRange{}.empty() && !PingGroupRange{}.includes(0) && !PingGroupRange{}.includes(1)));
  const PingGroupRange some{.first = 5, .last = 7};
  BOOST_TEST((!some.empty() && some.includes(5) && some.includes(7) && !some.includes(4) && !some.includes(8)));
}

BOOST_AUTO_TEST_CASE(setting_is_written_and_read, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRangeFile file;
    BOOST_TEST((file.read() == PingGroupRange{}));
    BOOST_TEST(file.write({.first = 7, .last = 9}));
    BOOST_TEST(read_file("/proc/sys/net/ipv4/ping_group_range") == "7\t9\n");
    BOOST_TEST((file.read() == PingGroupRange{.first = 7, .last = 9}));
  });
}

BOOST_AUTO_TEST_CASE(who_has_lost_root_cannot_write_what_it_opened, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRangeFile file;
    become_nobody();
    BOOST_TEST(!file.write({.first = 7, .last = 9}));
  });
}

BOOST_AUTO_TEST_CASE(killed_process_has_its_range_put_back, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    guarded([](const daemon::PingGroupRestorer&) { BOOST_TEST((range_now() == change.after)); });
    wait_until([] { return range_now() == change.before; }, "the guard puts the range back");
  });
}

BOOST_AUTO_TEST_CASE(signals_do_not_end_the_guard, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    guarded([](const daemon::PingGroupRestorer& guard) {
      for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT}) BOOST_TEST(::kill(guard.pid(), number) == 0);
    });
    wait_until([] { return range_now() == change.before; }, "the guard puts the range back");
  });
}

BOOST_AUTO_TEST_CASE(what_another_has_set_meanwhile_stays, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRangeFile file;
    BOOST_REQUIRE(file.write(change.before));
    daemon::PingGroupRestorer guard{file, {.change = change, .account = account}};
    BOOST_REQUIRE(file.write({.first = 0, .last = 9}));
    guard.end();
    BOOST_TEST((range_now() == PingGroupRange{.first = 0, .last = 9}));
  });
}

BOOST_AUTO_TEST_CASE(end_waits_for_the_range, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRangeFile file;
    BOOST_REQUIRE(file.write(change.before));
    daemon::PingGroupRestorer guard{file, {.change = change, .account = account}};
    BOOST_REQUIRE(file.write(change.after));
    guard.end();
    BOOST_TEST((range_now() == change.before));
  });
}

BOOST_AUTO_TEST_CASE(guard_keeps_one_capability_and_nothing_else, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRestorer guard{daemon::PingGroupRangeFile{}, {.change = change, .account = account}};
    const std::string status = status_of(guard.pid());
    const auto field = [&](const char* name) { return daemon::status_field(status, name); };
    for (const char* set : {"CapPrm", "CapEff"}) BOOST_TEST(field(set) == "0000000000001000", set);  // CAP_NET_ADMIN
    for (const char* set : {"CapInh", "CapBnd", "CapAmb"}) BOOST_TEST(field(set) == "0000000000000000", set);
    BOOST_TEST(field("Uid") == "4321\t4321\t4321\t4321");
    BOOST_TEST(field("Gid") == "4322\t4322\t4322\t4322");
    BOOST_TEST(field("Groups") == "");
    BOOST_TEST(field("NoNewPrivs") == "1");
    BOOST_TEST(field("Seccomp") == "2");
    // The guard has the three standard descriptors, its socket and the file of the setting.
    const auto open = std::filesystem::directory_iterator{"/proc/" + std::to_string(guard.pid()) + "/fd"};
    BOOST_TEST(std::distance(begin(open), end(open)) == 5);
  });
}

BOOST_AUTO_TEST_CASE(guard_serves_root_without_capabilities_too, *boost::unit_test::precondition(needs_root)) {
  in_namespace([] {
    const daemon::PingGroupRangeFile file;
    BOOST_REQUIRE(file.write(change.before));
    // The guard of a process that lacks CAP_NET_ADMIN stays user 0, which owns the setting.
    apps::drop_privileges(account, {.net_admin = false, .user = true});
    daemon::PingGroupRestorer guard{file, {.change = change, .account = account}};
    BOOST_REQUIRE(file.write(change.after));
    guard.end();
    BOOST_TEST((file.read() == change.before));
  });
}

BOOST_AUTO_TEST_SUITE_END()
